# Made by `tocsin docs docs/reference` from the source's tables. For bash: source this file.
_tocsin() {
    local words
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="serve migrate check-config send-test simulate webhooks verify keys audit export import docs version help"
    else
        case "${COMP_WORDS[1]}" in
        serve) words="--help --listen --clock --at --config" ;;
        migrate) words="--help --config" ;;
        check-config) words="--help --config" ;;
        send-test) words="--help --channel --to --wait --config" ;;
        simulate) words="--help --policy --file --start --until --answer --texts --json --config" ;;
        webhooks) words="--help --config" ;;
        verify) words="--help --from --to --json --config" ;;
        keys) words="--help --scope --expires --json --config" ;;
        audit) words="--help --config" ;;
        export) words="--help --config" ;;
        import) words="--help --config" ;;
        docs) words="--help --check" ;;
        version) words="--help" ;;
        help) words="--help" ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _tocsin tocsin
