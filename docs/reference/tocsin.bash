# Made by `tocsin docs docs/reference` from the source's tables. For bash: source this file.
_tocsin() {
    local words
    COMPREPLY=()
    case "${COMP_WORDS[COMP_CWORD - 1]}" in
        --config|--file|--policy) return ;;
        --clock) words="real virtual" ;;
        --channel) words="email sms whatsapp call" ;;
        --scope) words="admin operator responder reader" ;;
        --*) words="" ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="serve migrate check-config send-test simulate webhooks verify keys redis audit archive export import backup restore docs version help"
    elif [ -z "${words+set}" ]; then
        case "${COMP_WORDS[1]}" in
            serve) words="--help --listen --clock --at --config" ;;
            migrate) words="--help --config" ;;
            check-config) words="--help --config" ;;
            send-test) words="--help --channel --to --wait --config" ;;
            simulate) words="--help --policy --file --start --until --answer --texts" ;;
            webhooks) words="--help --config" ;;
            verify) words="--help --from --to --json" ;;
            keys) words="--help create --scope --expires list --json revoke rotate --status" ;;
            redis) words="--help verify --wait rebuild due --count --config" ;;
            audit) words="--help verify --config" ;;
            archive) words="--help list --json show --user verify --config" ;;
            export) words="--help --config" ;;
            import) words="--help --config" ;;
            backup) words="--help --config" ;;
            restore) words="--help --replace" ;;
            docs) words="--help --check" ;;
            version) words="--help" ;;
            help) words="--help" ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _tocsin tocsin
