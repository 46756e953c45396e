# tests/lib/tap.sh: the test helpers of shell scripts; source it first.
#
#   . "$(dirname "$0")/../lib/tap.sh"
#   need curl                          # or the whole script is skipped, with the reason
#   is "$status" 200 "the answer is 200"
#   ok "the file is there" test -f "$work/file"
#   finish                             # the plan; a script that ends before it has failed
#
# $work is a folder of the script's own that goes at the end; what was begun with `start` is ended by its id.
set -euo pipefail

TOCSIN_ROOT=${TOCSIN_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
TOCSIN_BUILD=${TOCSIN_BUILD:-$TOCSIN_ROOT/build}
TOCSIN_SHARED=${TOCSIN_SHARED:-$TOCSIN_ROOT/../shared}
tocsin=$TOCSIN_BUILD/tocsin
work=$(mktemp -d)
tap_count=0
tap_failed=0
started=()

tap_end() {
    local code=$? pid
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
    exit "$code"
}
trap tap_end EXIT

tap_point() { # verdict text
    tap_count=$((tap_count + 1))
    [ "$1" = ok ] || tap_failed=$((tap_failed + 1))
    echo "$1 $tap_count - $2"
}

# ok TEXT COMMAND…: does the command succeed?
ok() {
    local text=$1
    shift
    if "$@" >"$work/.output" 2>&1; then
        tap_point ok "$text"
    else
        tap_point "not ok" "$text"
        sed 's/^/# /' "$work/.output"
    fi
}

# is GOT WANTED TEXT
is() {
    if [ "$1" = "$2" ]; then
        tap_point ok "$3"
    else
        tap_point "not ok" "$3"
        printf '# got:    %s\n# wanted: %s\n' "$1" "$2"
    fi
}

# like GOT REGEX TEXT
like() {
    if [[ $1 =~ $2 ]]; then
        tap_point ok "$3"
    else
        tap_point "not ok" "$3"
        printf '# got: %s\n# wanted a match of: %s\n' "$1" "$2"
    fi
}

# skip_all REASON: the whole script, before its first check.
skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

# need COMMAND…: programs without which the script is skipped.
need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || [ -x "$program" ] || skip_all "$program is missing"
    done
}

# start LOG COMMAND…: runs it in the background; $! stays its id, and the end of the script ends it.
start() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null &
    started+=("$!")
}

# wait_line LOG REGEX [SECONDS]: waits for a line of a growing file and prints it; fails when the time is over.
wait_line() {
    grep -m 1 -E -- "$2" < <(timeout "${3:-20}" tail -n +1 -F "$1" 2>/dev/null)
}

finish() {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ] || exit 1
    exit 0
}
