/* Any bytes: zone_parse either refuses them or makes a zone whose conversions hold together. */
#include "domain/zone.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void convert(const struct zone *zone, struct instant at)
{
    struct zone_local local = zone_local_at(zone, at);
    assert(local.offset_seconds == zone_offset_at(zone, at));
    enum zone_fit fit = ZONE_UNIQUE;
    struct civil wall = civil_from_seconds(at.us / 1000000);
    struct instant first = zone_to_instant(zone, wall, &fit);
    struct instant last = zone_to_instant_last(zone, wall);
    assert(fit == ZONE_FOLD ? first.us < last.us : first.us == last.us);
    assert(civil_equal(zone_to_civil(zone, first), wall) == (fit != ZONE_GAP));
    assert(civil_equal(zone_to_civil(zone, last), wall) == (fit != ZONE_GAP));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    /* From the year 1 to 9999, with a step that meets every season. */
    static const int64_t first = -62135596800;
    static const int64_t last = 253402300799;
    static const int64_t step = 6543210987;
    struct zone zone;
    if (zone_parse(bytes, len, &zone) != OK) {
        return 0;
    }
    for (int64_t second = first; second <= last; second += step) {
        convert(&zone, (struct instant){second * 1000000});
    }
    struct instant at = {0};
    for (int i = 0; i < 20 && zone_next_transition(&zone, at, &at); i++) {
        convert(&zone, at);
        convert(&zone, (struct instant){at.us - 1});
    }
    (void)zone_to_civil(&zone, (struct instant){INT64_MIN});
    (void)zone_to_civil(&zone, (struct instant){INT64_MAX});
    return 0;
}
