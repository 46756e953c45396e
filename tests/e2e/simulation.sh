#!/usr/bin/env bash
# Short random lives under random faults, each of which must keep every invariant (sim/invariants.def); and the same seed
# must give the same trace, or a failing seed would be no bug report.
#
# TOCSIN_SIM_SEEDS sets how many (script/test --quick: a hundred). One that fails here is run again with: tocsin-sim --seed N --until 3h --verbose
. "$(dirname "$0")/../lib/tap.sh"
sim=$TOCSIN_BUILD/tocsin-sim
seeds=${TOCSIN_SIM_SEEDS:-1000}
need "$sim"

# In two halves, one a core.
half=$((seeds / 2))
live() {
    "$sim" --seed $((half + 1)) --seeds $((seeds - half)) --until 3h --quiet >&2 &
    "$sim" --seed 1 --seeds "$half" --until 3h --quiet && wait $!
}
ok "$seeds seeds keep every invariant" live
first=$("$sim" --seed 7 --seeds 3 --until 8h)
second=$("$sim" --seed 7 --seeds 3 --until 8h)
is "$second" "$first" "the same seed gives the same trace"
finish
