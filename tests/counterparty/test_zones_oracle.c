/* Prints what Tocsin makes of every zone, for zones_oracle.py to compare with another
 * implementation.
 *
 * argv[1], where given, is the zoneinfo directory. Lines: "Z name" opens a zone; "U second offset
 * abbreviation" is UTC to local; "L wall first last fit" is local to UTC, all in seconds since
 * 1970. The points come from a fixed seed. */
#include "base/rng.h"
#include "store/zoneinfo.h"

#include <inttypes.h>
#include <stdio.h>

enum { RANDOM_POINTS = 120 };

/* 1900-01-01 and 2100-01-01, in UTC. */
static const int64_t FIRST_SECOND = -2208988800;
static const int64_t LAST_SECOND = 4102444800;

static struct instant instant_of(int64_t second)
{
    return (struct instant){second * 1000000};
}

static void print_utc(const struct zone *zone, int64_t second)
{
    struct zone_local local = zone_local_at(zone, instant_of(second));
    struct civil civil = zone_to_civil(zone, instant_of(second));
    if (civil_to_seconds(civil) != second + local.offset_seconds ||
        zone_offset_at(zone, instant_of(second)) != local.offset_seconds) {
        printf("X zone_to_civil and zone_local_at disagree at %" PRId64 "\n", second);
    }
    printf("U %" PRId64 " %d %s\n", second, (int)local.offset_seconds, local.abbreviation);
}

static void print_wall(const struct zone *zone, int64_t wall)
{
    static const char fits[] = {[ZONE_UNIQUE] = 'u', [ZONE_GAP] = 'g', [ZONE_FOLD] = 'f'};
    struct civil civil = civil_from_seconds(wall);
    enum zone_fit fit = ZONE_UNIQUE;
    int64_t first = zone_to_instant(zone, civil, &fit).us / 1000000;
    int64_t last = zone_to_instant_last(zone, civil).us / 1000000;
    printf("L %" PRId64 " %" PRId64 " %" PRId64 " %c\n", wall, first, last, fits[fit]);
}

/* The edges of the gap or the fold, and somewhere inside. */
static void print_transition(const struct zone *zone, int64_t second, struct rng *rng)
{
    int64_t before = second + zone_offset_at(zone, instant_of(second - 1));
    int64_t after = second + zone_offset_at(zone, instant_of(second));
    int64_t low = before < after ? before : after;
    int64_t high = before < after ? after : before;
    for (int64_t delta = -1; delta <= 1; delta++) {
        print_utc(zone, second + delta);
        print_wall(zone, low + delta);
        print_wall(zone, high + delta);
    }
    print_wall(zone, rng_between(rng, low, high));
    print_wall(zone, rng_between(rng, low, high));
}

static void print_zone(const struct zone *zone, struct rng *rng)
{
    for (int i = 0; i < RANDOM_POINTS; i++) {
        print_utc(zone, rng_between(rng, FIRST_SECOND, LAST_SECOND));
        print_wall(zone, rng_between(rng, FIRST_SECOND, LAST_SECOND));
    }
    struct instant at = instant_of(FIRST_SECOND);
    while (zone_next_transition(zone, at, &at) && at.us < instant_of(LAST_SECOND).us) {
        print_transition(zone, at.us / 1000000, rng);
    }
}

int main(int argc, char **argv)
{
    struct problem problem;
    struct zoneinfo *zones = NULL;
    const struct str *names = NULL;
    struct rng rng = rng_from_seed(20111230);
    if (zoneinfo_open(argc > 1 ? argv[1] : NULL, &zones, &problem) != OK) {
        fprintf(stderr, "%s\n", problem.message);
        return 1;
    }
    size_t count = zoneinfo_names(zones, &names);
    for (size_t i = 0; i < count; i++) {
        const struct zone *zone = zoneinfo_find(zones, names[i]);
        printf("Z %.*s\n", STR_FMT(names[i]));
        if (zone == NULL) {
            printf("X the zone does not load\n");
            continue;
        }
        print_zone(zone, &rng);
    }
    zoneinfo_free(&zones);
    return 0;
}
