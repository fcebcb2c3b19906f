# bash completion for renewctl                                    -*- shell-script -*-

_renewctl_files() {
    # Names of DIR/*.conf without the suffix.
    local dir file
    for dir in "$@"; do
        for file in "$dir"/*.conf; do
            [[ -e $file ]] || continue
            file=${file##*/}
            printf '%s\n' "${file%.conf}"
        done
    done
}

_renewctl() {
    local cur prev words cword verb= i
    local verbs='add remove status show dns-persist why plan renew rehearse revoke csr import stand-in inspect watch account services check version'
    local actions='list show check create find update agree rollover deactivate bind repair'
    local challenges='http-01 tls-alpn-01 dns-01 dns-account-01 dns-persist-01'
    local common='--json --config --state --runtime --data --help --version'
    local config=/etc/renewd data=/usr/lib/renewd

    _init_completion 2>/dev/null || {
        words=("${COMP_WORDS[@]}")
        cword=$COMP_CWORD
        cur=${words[cword]}
        prev=${words[cword - 1]}
    }

    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
            --config) config=${words[i + 1]} ;;
            --data) data=${words[i + 1]} ;;
        esac
        if [[ -z $verb && " $verbs " == *" ${words[i]} "* ]]; then
            verb=${words[i]}
        fi
    done

    case $prev in
        --config | --state | --runtime | --data)
            COMPREPLY=($(compgen -d -- "$cur"))
            return
            ;;
        --service)
            COMPREPLY=($(compgen -W "auto $(_renewctl_files "$config/services" "$data/services")" -- "$cur"))
            return
            ;;
        --ca)
            COMPREPLY=($(compgen -W "$(_renewctl_files "$config/ca" "$data/ca")" -- "$cur"))
            return
            ;;
        --key-type)
            COMPREPLY=($(compgen -W 'ecdsa-p256 ecdsa-p384 rsa-2048 rsa-3072 rsa-4096 ed25519' -- "$cur"))
            return
            ;;
        --challenge)
            COMPREPLY=($(compgen -W "$challenges" -- "$cur"))
            return
            ;;
        --dns)
            COMPREPLY=($(compgen -W "$(_renewctl_files "$config/dns" "$data/dns")" -- "$cur"))
            return
            ;;
        --reason)
            COMPREPLY=($(compgen -W 'unspecified keyCompromise superseded cessationOfOperation' -- "$cur"))
            return
            ;;
        --starttls)
            COMPREPLY=($(compgen -W 'smtp lmtp imap pop3 sieve ftp ldap xmpp xmpp-server postgres mysql nntp irc' -- "$cur"))
            return
            ;;
        --level)
            COMPREPLY=($(compgen -W 'disabled basic recommended strict' -- "$cur"))
            return
            ;;
        --key-file | --cert | --key | --chain | --password-file | --output | --root-store | --pins)
            COMPREPLY=($(compgen -f -- "$cur"))
            return
            ;;
        --email | --kid | --subject | --country | --province | --locality | --organization | --unit | --common-name | --name | --pin)
            return
            ;;
    esac

    if [[ $cur == -* ]]; then
        case $verb in
            add) common+=' --yes --web-server-snippet --service --email --agree-tos --staging --ca --key-type --challenge --dns --no-start --wait' ;;
            remove) common+=' --restore' ;;
            renew) common+=' --wait --force --now' ;;
            revoke) common+=' --reason --with-key --no-replace' ;;
            csr) common+=' --key-type --subject --country --province --locality --organization --unit --common-name --email --new-key --output' ;;
            import) common+=' --cert --key --chain --password-file --dry-run --force --wait' ;;
            inspect) common+=' --starttls --name --root-store --level --pins --pin' ;;
            stand-in) common+=' --name' ;;
            account) common+=' --kid --key-file --new-key --yes' ;;
        esac
        COMPREPLY=($(compgen -W "$common" -- "$cur"))
        return
    fi

    case $verb in
        '') COMPREPLY=($(compgen -W "$verbs" -- "$cur")) ;;
        remove | show | why | renew | rehearse | revoke | csr | import | stand-in | dns-persist)
            COMPREPLY=($(compgen -W "$(_renewctl_files "$config/certificates")" -- "$cur"))
            ;;
        inspect) COMPREPLY=($(compgen -f -W "$(_renewctl_files "$config/certificates")" -- "$cur")) ;;
        services)
            case $prev in
                services) COMPREPLY=($(compgen -W 'list show' -- "$cur")) ;;
                show) COMPREPLY=($(compgen -W "$(_renewctl_files "$config/services" "$data/services")" -- "$cur")) ;;
            esac
            ;;
        account)
            if [[ " $actions " == *" $prev "* ]]; then
                actions=$(_renewctl_files "$config/ca" "$data/ca")
            fi
            COMPREPLY=($(compgen -W "$actions" -- "$cur"))
            ;;
    esac
} && complete -F _renewctl renewctl
