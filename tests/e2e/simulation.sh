#!/usr/bin/env bash
# Random lives under random faults, each of which must keep every invariant (sim/invariants.def); every tenth is lived twice
# and must come to the same trace, or a failing seed would be no bug report. Some more in the build with sanitizers.
#
# TOCSIN_SIM_SEEDS sets how many (script/test --quick: a hundred), TOCSIN_SIM_UNTIL how long each is. One that fails is made
# short with: tocsin-sim --seed N --until 6h --shrink
. "$(dirname "$0")/../lib/tap.sh"
sim=$TOCSIN_BUILD/tocsin-sim
checked=$TOCSIN_BUILD-test/tocsin-sim
seeds=${TOCSIN_SIM_SEEDS:-500}
until=${TOCSIN_SIM_UNTIL:-6h}
need "$sim"

live() {
    "$1" --seed "$2" --seeds "$3" --until "$4" --jobs 2 --quiet >&2
}
ok "$seeds seeds keep every invariant" live "$sim" 1 "$seeds" "$until"
if [ -x "$checked" ]; then
    ok "50 more do under ASan and UBSan" live "$checked" 20001 50 2h
else
    tap_point ok "50 more do under ASan and UBSan # SKIP there is no $checked"
fi

# A bug that is planted: a life that cannot hold shrinks to a story that fails as a scenario, too (script/mutants plants others).
first=$("$sim" --seed 7 --until 6h)
second=$("$sim" --seed 7 --until 6h --jobs 2)
is "$second" "$first" "the same seed gives the same line"
story=$(mktemp)
"$sim" --seed 7 --until 2h --quiet --scenario "$story" >&2
ok "a life is a scenario that holds as well" "$TOCSIN_BUILD/tocsin-scenario" "$story"
rm -f "$story"
finish
