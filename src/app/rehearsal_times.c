#include "app/rehearsal_internal.h"
#include "domain/recurrence.h"
#include "domain/zone.h"

static struct civil until_in_zone(const struct zone *zone, struct civil utc)
{
    return zone_to_civil(zone, (struct instant){civil_to_seconds(utc) * 1000000});
}

static enum err read_rule(struct op *op, struct str text, const char *field,
                          const struct zone *zone, struct recurrence_rule *out)
{
    struct problem why = {0};
    enum err err = recurrence_parse(text, out, &why);
    if (err != OK) {
        return op_fail(op, err, field, "is no RRULE: %s", why.message);
    }
    if (out->has_until && out->until_is_utc) {
        out->until = until_in_zone(zone, out->until);
        out->until_is_utc = false;
    }
    return OK;
}

/* As a calendar is expanded: on the wall clock of the person's zone, so that nine o'clock stays
 * nine o'clock when the clocks are changed. */
enum err rehearsal_times(const struct rehearsal *rehearsal, struct op *op,
                         struct rehearsed_times *out)
{
    const struct zone *zone = rehearsal_zone(rehearsal, rehearsal->person);
    struct recurrence_rule *rule = ARENA_NEW(op->arena, struct recurrence_rule);
    struct recurrence_iterator *iterator = ARENA_NEW(op->arena, struct recurrence_iterator);
    struct civil wall = {0};
    out->items = ARENA_NEW_ARRAY(op->arena, struct instant, REHEARSAL_TIMES_MAX);
    out->count = 0;
    if (!str_is_set(out->rule)) {
        out->items[out->count++] = out->first;
        return OK;
    }
    TRY(read_rule(op, out->rule, out->field, zone, rule));
    recurrence_begin(iterator, rule, zone_to_civil(zone, out->first));
    while (recurrence_next(iterator, &wall) == RECURRENCE_FOUND) {
        struct instant at = zone_to_instant(zone, wall, NULL);
        if (at.us > rehearsal->until.us) {
            return OK;
        }
        if (out->count == REHEARSAL_TIMES_MAX) {
            return op_fail(op, E_TOO_LARGE, out->field, "happens more than %d times",
                           REHEARSAL_TIMES_MAX);
        }
        out->items[out->count++] = at;
    }
    return OK;
}
