/* Says when a call may go out, for business_hours_oracle.py, which works it out in other ways.
 *
 * Usage: business_hours_oracle <CASES
 *   zone NAME                            a new case: no windows, no holidays, no legal hours
 *   window OPEN CLOSE DAYS               minutes of the day, bits of weekdays (0 = Sunday)
 *   holiday YEAR MONTH DAY FROM UNTIL
 *   legal OPEN CLOSE                     every day, in the zones named after it
 *   legalzone NAME
 *   go SECOND                            prints the second at which it may go, or "never"
 *   names                                prints all zones, then "end"
 * Times are seconds of UTC. Where the answer is not open, or comes out otherwise when asked again,
 * a line begins with "X". */
#include "domain/call_hours.h"

#include "lib/oracle_words.h"

#include <inttypes.h>
#include <stdio.h>

static const int64_t SECOND_US = 1000000;

struct world {
    struct zoneinfo *zones;
    const struct zone *zone;
    struct business_window windows[BUSINESS_WINDOWS_MAX];
    struct business_holiday holidays[BUSINESS_HOLIDAYS_MAX];
    struct business_hours hours;
    struct business_window legal;
    const struct zone *legal_zones[LEGAL_ZONES_MAX];
    struct legal_guard guard;
};

static void read_zone(struct world *world)
{
    world->zone = next_zone(world->zones);
    world->hours = (struct business_hours){.windows = world->windows, .holidays = world->holidays};
    world->guard = (struct legal_guard){.zones = world->legal_zones};
}

static struct business_window next_window(void)
{
    struct business_window window = {.days = EVERY_DAY};
    window.open = (int16_t)next_number();
    window.close = (int16_t)next_number();
    return window;
}

static void read_window(struct world *world)
{
    struct business_window window = next_window();
    window.days = (uint8_t)next_number();
    world->windows[world->hours.window_count++] = window;
}

static void read_holiday(struct world *world)
{
    struct business_holiday *holiday = &world->holidays[world->hours.holiday_count++];
    holiday->date = next_date();
    holiday->from = (int16_t)next_number();
    holiday->until = (int16_t)next_number();
}

static void read_legal(struct world *world)
{
    world->legal = next_window();
    world->guard.window = &world->legal;
}

static void read_legal_zone(struct world *world)
{
    world->legal_zones[world->guard.zone_count++] = next_zone(world->zones);
}

static void go(struct world *world)
{
    struct instant from = {next_number() * SECOND_US};
    struct call_hours hours = {.business = world->hours.window_count > 0 ? &world->hours : NULL,
                               .business_zone = world->zone,
                               .legal = &world->guard};
    struct call_opening opening;
    struct call_opening again;
    if (hours.business != NULL && !business_hours_are_valid(hours.business)) {
        printf("X not valid\n");
    }
    if (call_hours_next(&hours, from, &opening) != OK) {
        printf("never\n");
        return;
    }
    bool has_moved = opening.at.us != from.us;
    if (!call_hours_open(&hours, opening.at) || has_moved != (opening.move_count > 0) ||
        has_moved == call_hours_open(&hours, from)) {
        printf("X not open\n");
    }
    if (call_hours_next(&hours, opening.at, &again) != OK || again.at.us != opening.at.us) {
        printf("X moved again\n");
    }
    printf("%" PRId64 "\n", opening.at.us / SECOND_US);
}

static void print_names(struct world *world)
{
    const struct str *names = NULL;
    size_t count = zoneinfo_names(world->zones, &names);
    for (size_t i = 0; i < count; i++) {
        printf("%.*s\n", STR_FMT(names[i]));
    }
    printf("end\n");
}

int main(void)
{
    static const struct oracle_verb verbs[] = {
        {"zone", read_zone},   {"window", read_window},        {"holiday", read_holiday},
        {"legal", read_legal}, {"legalzone", read_legal_zone}, {"go", go},
        {"names", print_names}};
    struct world world = {.zones = oracle_zones()};
    oracle_answer(&world, verbs, ARRAY_LENGTH(verbs));
    zoneinfo_free(&world.zones);
    return 0;
}
