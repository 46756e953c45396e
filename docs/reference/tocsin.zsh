#compdef tocsin
# Made by `tocsin docs docs/reference` from the source's tables. For zsh: put it into a folder of $fpath as _tocsin.
_tocsin() {
    local -a commands
    commands=(
        'serve:Run the server.'
        'migrate:Bring the database to this binary'\''s schema.'
        'check-config:Check the settings and show them, secrets left out.'
        'send-test:Send one message through the configured provider and say what became of it.'
        'simulate:Rehearse a policy in virtual time\: who gets what and when, and what happens if nobody answers.'
        'webhooks:Show the URLs that are entered at the providers, one of them secret.'
        'verify:Account for everything that was due in a period, a day back by default\: on time, late, skipped, lost.'
        'keys:Make, list, revoke and rotate API keys, and put a new data key in place of the old one\: through the server where one runs, else in the store.'
        'redis:Compare the due index in Redis with the database, put it right, or show what it says is due next.'
        'audit:Walk the audit trail and see whether it is whole.'
        'archive:List the archive files, print their rows as JSON lines, or see whether they are what the database knows of them.'
        'export:Write the whole store as lines of text, beside a server or not\: for another engine, with a count and a hash a table.'
        'import:Fill an empty store with what export wrote, under the same data key\: all of it or nothing, read back.'
        'backup:Copy the database while the server runs\: one instant of it, read back and checked.'
        'restore:Put a backup in the place of the database while no server runs; --replace puts aside what is there.'
        'docs:Write the generated documents, or see whether they are current.'
        'version:Show the version.'
        'help:Show this.'
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case ${words[CURRENT-1]} in
        --config|--file|--policy) _files; return ;;
        --clock) compadd real virtual; return ;;
        --channel) compadd email sms whatsapp call; return ;;
        --scope) compadd admin operator responder reader; return ;;
    esac
    case ${words[2]} in
        serve) compadd -- --help --listen --clock --at --config ;;
        migrate) compadd -- --help --config ;;
        check-config) compadd -- --help --config ;;
        send-test) compadd -- --help --channel --to --wait --config ;;
        simulate) compadd -- --help --policy --file --start --until --answer --texts ;;
        webhooks) compadd -- --help --config ;;
        verify) compadd -- --help --from --to --json ;;
        keys) compadd -- --help create --scope --expires list --json revoke rotate --status ;;
        redis) compadd -- --help verify --wait rebuild due --count --config ;;
        audit) compadd -- --help verify --config ;;
        archive) compadd -- --help list --json show --user verify --config ;;
        export) compadd -- --help --config ;;
        import) compadd -- --help --config ;;
        backup) compadd -- --help --config ;;
        restore) compadd -- --help --replace ;;
        docs) compadd -- --help --check ;;
        version) compadd -- --help ;;
        help) compadd -- --help ;;
    esac
    _files
}
_tocsin "$@"
