#!/usr/bin/env bash
# Some of the planted bugs of tests/mutation/mutants.toml, chosen by the hash of the commit, so that over the commits all come
# up: each must be found by a scenario or a seed. TOCSIN_MUTANTS sets how many (3; script/test --quick: 1). All: script/mutants
root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$root/script/mutants" --tap --some "${TOCSIN_MUTANTS:-3}"
