#include "domain/call_retry.h"

#include "domain/retry.h"

#include <assert.h>

enum { WAIT_MAX_SECONDS = 86400, BOUNDARIES_TRIED = 28 };

static const struct {
    int retries;
    int first_seconds;
    bool doubles;
    bool is_at_another_time;
} rows[call_outcome_COUNT] = {
#define CALL_RETRY(outcome, retries, first_seconds, doubles, is_at_another_time) \
    [call_outcome_##outcome] = {retries, first_seconds, doubles, is_at_another_time},
#include "domain/call_retry.def"
#undef CALL_RETRY
};

/* The hours at which the parts of a day begin; the night runs past midnight to the morning. */
enum part { PART_MORNING, PART_AFTERNOON, PART_EVENING, PART_NIGHT, PART_COUNT };

static const int8_t part_hours[PART_COUNT] = {6, 12, 17, 22};

void call_retry_default(struct call_retry_table *out)
{
    assert(out != NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        out->rules[i] = (struct call_retry_rule){
            .retries = rows[i].retries,
            .first = SECONDS(rows[i].first_seconds),
            .doubles = rows[i].doubles,
            .is_at_another_time = rows[i].is_at_another_time,
        };
    }
}

/* The same number, account or text would fail again. */
static bool is_final(const struct call_retry_facts *facts)
{
    if (facts->outcome != call_outcome_failed) {
        return false;
    }
    enum failure_class class = retry_class(facts->class, facts->category);
    switch (class) {
    case failure_class_RECIPIENT:
    case failure_class_OPTED_OUT:
    case failure_class_OURS:
        return true;
    case failure_class_NONE:
    case failure_class_AGAIN:
    case failure_class_ELSEWHERE:
    case failure_class_COUNT:
        break;
    }
    return false;
}

static struct duration wait_of(const struct call_retry_rule *rule,
                               const struct call_retry_facts *facts)
{
    struct duration longest = SECONDS(WAIT_MAX_SECONDS);
    struct duration wait = rule->first;
    assert(wait.us >= 0);
    for (int i = 1; rule->doubles && i < facts->attempt && wait.us < longest.us; i++) {
        wait.us *= 2;
    }
    wait.us = wait.us < longest.us ? wait.us : longest.us;
    return wait.us < facts->asked_for.us ? facts->asked_for : wait;
}

static enum part part_of(int hour)
{
    enum part part = PART_NIGHT;
    for (int i = 0; i < PART_COUNT; i++) {
        if (hour >= part_hours[i]) {
            part = (enum part)i;
        }
    }
    return part;
}

/* When the part of the day after that of `wall` begins. */
static struct civil next_boundary(struct civil wall)
{
    struct date date = civil_date(wall);
    for (int i = 0; i < PART_COUNT; i++) {
        if (wall.hour < part_hours[i]) {
            return civil_from_date(date, part_hours[i], 0, 0);
        }
    }
    return civil_add_days(civil_from_date(date, part_hours[PART_MORNING], 0, 0), 1);
}

struct search {
    const struct call_hours *hours;
    const struct zone *zone;
    struct civil tried;
};

/* The first time that the hours allow, not before `from`, in another part of the day; where they
 * know but the one, on another day. */
static enum err find_other_time(const struct search *search, struct instant from,
                                struct instant *out)
{
    struct call_opening opening;
    struct instant first = INSTANT_NONE;
    struct instant other_day = INSTANT_NONE;
    enum part tried = part_of(search->tried.hour);
    for (int i = 0; i < BOUNDARIES_TRIED; i++) {
        TRY(call_hours_next(search->hours, from, &opening));
        struct civil wall = zone_to_civil(search->zone, opening.at);
        first = i == 0 ? opening.at : first;
        enum part part = part_of(wall.hour);
        if (part != tried && part != PART_NIGHT) {
            *out = opening.at;
            return OK;
        }
        bool is_other_day =
            date_to_days(civil_date(wall)) > date_to_days(civil_date(search->tried));
        if (is_other_day && part == tried && !instant_is_set(other_day)) {
            other_day = opening.at;
        }
        from = instant_max(zone_to_instant(search->zone, next_boundary(wall), NULL),
                           instant_add(opening.at, SECONDS(1)));
    }
    *out = instant_is_set(other_day) ? other_day : first;
    return OK;
}

enum call_retry_step call_retry_decide(const struct call_retry_table *table,
                                       const struct call_retry_facts *facts,
                                       const struct call_hours *hours, const struct zone *zone,
                                       struct instant *at)
{
    assert(facts->outcome > call_outcome_NONE && facts->outcome < call_outcome_COUNT);
    assert(facts->attempt >= 1 && zone != NULL && at != NULL);
    const struct call_retry_rule *rule = &table->rules[facts->outcome];
    if (facts->outcome == call_outcome_answered) {
        return CALL_RETRY_NEEDLESS;
    }
    if (is_final(facts)) {
        return CALL_RETRY_FINAL;
    }
    if (facts->attempt > rule->retries) {
        return CALL_RETRY_SPENT;
    }
    struct instant from = instant_add(facts->now, wait_of(rule, facts));
    struct call_opening opening = {.at = from};
    struct search search = {.hours = hours, .zone = zone};
    search.tried = zone_to_civil(zone, facts->tried_at);
    enum err err = rule->is_at_another_time ? find_other_time(&search, from, &opening.at)
                                            : call_hours_next(hours, from, &opening);
    if (err != OK) {
        return CALL_RETRY_NO_HOURS;
    }
    *at = opening.at;
    return CALL_RETRY_AGAIN;
}
