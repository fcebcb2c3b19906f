# shellcheck shell=bash
# install_packages FILE [tests]: installs the Debian packages of FILE that are missing.
# A line is NAME or NAME|OTHER (the first that this Debian has), then "tests" when the demo does without it.

_candidate() {
    local name
    for name in ${1//|/ }; do
        if apt-cache show --no-all-versions "$name" >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    return 1
}

_installed() {
    local name
    for name in ${1//|/ }; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ]; then
            return 0
        fi
    done
    return 1
}

install_packages() {
    local file=$1 want=${2:-} entry kind name missing=() names=()
    while read -r entry kind; do
        if [[ -z $entry || $entry == '#'* ]] || [[ $kind == tests && $want != tests ]]; then
            continue
        fi
        _installed "$entry" || missing+=("$entry")
    done <"$file"
    if [ ${#missing[@]} -eq 0 ]; then
        return 0
    fi
    if [ "$(id -u)" -ne 0 ]; then
        echo "These packages are missing and only root can install them: ${missing[*]}" >&2
        return 1
    fi

    export DEBIAN_FRONTEND=noninteractive
    if ! _candidate "${missing[0]}" >/dev/null; then
        apt-get -q update >&2
    fi
    for entry in "${missing[@]}"; do
        if ! name=$(_candidate "$entry"); then
            echo "This Debian has no package $entry." >&2
            return 1
        fi
        names+=("$name")
    done
    # Lists that are too old name versions that the mirror no longer has: fetch them and try once more.
    apt-get -q -y --no-install-recommends install "${names[@]}" >&2 || {
        apt-get -q update >&2
        apt-get -q -y --no-install-recommends install "${names[@]}" >&2
    }
}
