#include "domain/reachability.h"

#include <assert.h>

void reach_tally_add(struct reach_tally *tally, enum receipt_level level, bool asks)
{
    bool is_confirmed = level == receipt_level_CONFIRMED;
    tally->attempts++;
    tally->asked += asks || is_confirmed ? 1 : 0;
    tally->reached += level >= receipt_level_REACHED ? 1 : 0;
    tally->confirmed += is_confirmed ? 1 : 0;
}

int reach_score(const struct reach_tally *tally)
{
    assert(tally->reached <= tally->attempts && tally->confirmed <= tally->asked);
    if (tally->attempts == 0) {
        return 0;
    }
    return (int)(100 * (tally->reached + tally->confirmed) / (tally->attempts + tally->asked));
}

/* By ever smaller gaps: the domain has no library to sort with. */
static void sort(int64_t *numbers, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            int64_t moved = numbers[i];
            size_t at = i;
            for (; at >= gap && numbers[at - gap] > moved; at -= gap) {
                numbers[at] = numbers[at - gap];
            }
            numbers[at] = moved;
        }
    }
}

int64_t reach_median(int64_t *seconds, size_t count)
{
    if (count == 0) {
        return 0;
    }
    sort(seconds, count);
    return seconds[(count - 1) / 2];
}
