#include "domain/call_hours.h"

#include <assert.h>

bool call_hours_open(const struct call_hours *hours, struct instant at)
{
    assert(hours != NULL);
    if (hours->business != NULL &&
        !business_hours_open(hours->business, hours->business_zone, at)) {
        return false;
    }
    return hours->legal == NULL || legal_guard_allows(hours->legal, at);
}

static void add_move(struct call_opening *out, struct call_move move)
{
    assert(out->move_count <= CALL_MOVES_MAX);
    if (out->move_count < CALL_MOVES_MAX) {
        out->moves[out->move_count++] = move;
    }
}

static enum err move_to_business(const struct call_hours *hours, struct call_opening *out)
{
    struct business_opening opening;
    if (hours->business == NULL) {
        return OK;
    }
    assert(hours->business_zone != NULL);
    TRY(business_hours_next(hours->business, hours->business_zone, out->at, &opening));
    if (opening.reason != move_reason_NONE) {
        add_move(out, (struct call_move){.reason = opening.reason,
                                         .zone = hours->business_zone,
                                         .asked = opening.asked,
                                         .runs = opening.runs,
                                         .has_missing = opening.has_missing,
                                         .missing = opening.missing,
                                         .has_holiday = opening.has_holiday,
                                         .holiday = opening.holiday});
    }
    out->at = opening.at;
    return OK;
}

static enum err move_to_legal(const struct call_hours *hours, struct call_opening *out)
{
    const struct zone *zone = NULL;
    struct instant at = out->at;
    if (hours->legal == NULL) {
        return OK;
    }
    TRY(legal_guard_next(hours->legal, out->at, &at, &zone));
    if (zone != NULL) {
        add_move(out, (struct call_move){.reason = move_reason_LEGAL_HOURS,
                                         .zone = zone,
                                         .asked = zone_to_civil(zone, out->at),
                                         .runs = zone_to_civil(zone, at)});
    }
    out->at = at;
    return OK;
}

/* Each pass goes to where one guard opens, so the first instant that both allow is never passed. */
enum err call_hours_next(const struct call_hours *hours, struct instant from,
                         struct call_opening *out)
{
    assert(hours != NULL && out != NULL);
    struct instant limit = instant_add(from, DAYS(BUSINESS_DAYS_SEARCHED));
    *out = (struct call_opening){.at = from};
    for (;;) {
        struct instant before = out->at;
        TRY(move_to_business(hours, out));
        TRY(move_to_legal(hours, out));
        if (before.us == out->at.us) {
            return OK;
        }
        if (instant_before(limit, out->at) || instant_before(INSTANT_YEARS_END, out->at)) {
            return E_INVALID;
        }
    }
}
