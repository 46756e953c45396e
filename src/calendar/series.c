#include "calendar/series.h"

#include "base/buf.h"
#include "domain/recurrence.h"

#include <assert.h>
#include <stdlib.h>

enum { SECONDS_PER_DAY = 86400, WINDOW_SLACK_SECONDS = 2 * 86400, LENGTH_DAYS_MAX = 36525 };

/* What EXDATE and EXRULE take away, sorted before use. */
struct exclusions {
    int64_t *instants; /* µs */
    size_t instant_count;
    int64_t *days; /* Of the wall clock. */
    size_t day_count;
};

/* Where the instances that a rule names go. */
struct rule_walk {
    struct expansion *expansion;
    struct series *series;
    struct exclusions *exclusions; /* NULL: they are instances, not exclusions. */
    size_t room;
};

bool instance_overlaps(const struct instance *instance, struct instant from, struct instant to)
{
    bool is_empty = instance->ends_at.us == instance->starts_at.us;
    return instance->starts_at.us < to.us &&
           (instance->ends_at.us > from.us || (is_empty && instance->starts_at.us >= from.us));
}

static struct event_length day_length(const struct ics_event *event, const struct moment *start)
{
    int64_t days = 1;
    if (event->has_end) {
        struct civil end = event->end.wall;
        days = date_to_days(civil_date(end)) - date_to_days(civil_date(start->wall));
        days += civil_equal(end, civil_midnight(end)) ? 0 : 1;
    } else if (event->has_duration) {
        days = event->duration.days +
               (event->duration.seconds + SECONDS_PER_DAY - 1) / SECONDS_PER_DAY;
    }
    days = days < 1 ? 1 : days;
    return (struct event_length){.days = days > LENGTH_DAYS_MAX ? LENGTH_DAYS_MAX : days};
}

static struct event_length event_length(struct expansion *expansion, const struct ics_event *event,
                                        const struct moment *start)
{
    struct event_length length = {0};
    if (start->is_date) {
        return day_length(event, start);
    }
    if (event->has_end) {
        struct moment end;
        bool is_known = moment_resolve(expansion, event, &event->end, start, &end);
        assert(is_known);
        length.exact = instant_since(end.at, start->at);
    } else if (event->has_duration) {
        length.days = event->duration.days;
        length.exact = SECONDS(event->duration.seconds);
    }
    if (length.exact.us < 0) {
        warning_add(&expansion->warnings, event->uid,
                    "it ends before it starts: read as no length");
        length.exact.us = 0;
    }
    return length;
}

static struct instant end_of(const struct zone *zone, struct instant starts_at, struct civil wall,
                             struct event_length length)
{
    struct instant end = starts_at;
    if (length.days > 0) {
        end = zone_to_instant(zone, civil_add_days(wall, length.days), NULL);
    }
    return instant_add(end, length.exact);
}

static struct instance make_instance(const struct series *series, const struct moment *start)
{
    return (struct instance){
        .starts_at = start->at,
        .ends_at = end_of(series->start.zone, start->at, start->wall, series->length),
        .wall = start->wall,
    };
}

static bool keep_instance(struct expansion *expansion, struct series *series,
                          struct instance instance)
{
    bool is_start_again = series->count > 0 && !instance.has_own_end &&
                          series->items[0].starts_at.us == instance.starts_at.us;
    if (is_start_again ||
        !instance_overlaps(&instance, expansion->request->from, expansion->request->to)) {
        return true;
    }
    if (series->count == INSTANCES_MAX) {
        warning_add(&expansion->warnings, series->event->uid,
                    "more than %d instances: the others are left out", INSTANCES_MAX);
        return false;
    }
    if (series->count == 0 || (series->count >= 16 && (series->count & (series->count - 1)) == 0)) {
        size_t room = series->count == 0 ? 16 : series->count * 2;
        struct instance *grown = ARENA_NEW_ARRAY(expansion->arena, struct instance, room);
        for (size_t i = 0; i < series->count; i++) {
            grown[i] = series->items[i];
        }
        series->items = grown;
    }
    series->items[series->count++] = instance;
    return true;
}

/* UNTIL as wall-clock time of DTSTART's zone, which the rule is walked in. For whole days only its
 * date counts, as written. */
static void localise_until(struct recurrence_rule *rule, const struct moment *start)
{
    if (!rule->has_until) {
        return;
    }
    if (rule->until.year >= 9999) {
        rule->has_until = false; /* Means "for ever", and has no room for an offset. */
    } else if (start->is_date) {
        rule->until = civil_midnight(rule->until);
    } else if (rule->until_is_utc) {
        struct zone utc = zone_utc();
        rule->until = zone_to_civil(start->zone, zone_to_instant(&utc, rule->until, NULL));
    }
    rule->until_is_utc = false;
}

/* The wall clock from which on an instance can reach into the window. */
static struct civil window_floor(const struct expansion *expansion, const struct series *series)
{
    int64_t from = civil_to_seconds(zone_to_civil(series->start.zone, expansion->request->from));
    int64_t length = series->length.days * SECONDS_PER_DAY + duration_seconds(series->length.exact);
    int64_t start = civil_to_seconds(series->start.wall);
    int64_t floor = from - length - WINDOW_SLACK_SECONDS;
    return civil_from_seconds(floor > start ? floor : start);
}

static bool take_rule_instance(struct rule_walk *walk, struct civil wall)
{
    struct series *series = walk->series;
    struct civil civil = series->start.is_date ? civil_midnight(wall) : wall;
    struct moment moment = moment_at_wall(&series->start, civil);
    if (walk->exclusions == NULL) {
        return keep_instance(walk->expansion, series, make_instance(series, &moment));
    }
    if (walk->exclusions->instant_count == walk->room) {
        return false;
    }
    walk->exclusions->instants[walk->exclusions->instant_count++] = moment.at.us;
    return true;
}

static bool may_step(struct expansion *expansion, const struct ics_event *event)
{
    struct expansion_budget *budget = &expansion->budget;
    if (--budget->rule_steps > 0 && budget->exhausted_rules > 0) {
        return true;
    }
    warning_add(&expansion->warnings, event->uid,
                "the calendar's rules cost too much: instances are left out");
    return false;
}

/* A COUNT has to be counted from DTSTART, and is charged before that. */
static void charge_count(struct expansion_budget *budget, const struct recurrence_rule *rule)
{
    bool is_over = rule->count > RECURRENCE_SEEK_WORK_MAX;
    budget->rule_steps -= is_over ? RECURRENCE_SEEK_WORK_MAX : rule->count;
}

/* "BYDAY=MO, TU" is common enough to be read as it is meant. */
static struct str without_blanks(struct arena *arena, struct str rule)
{
    struct buf out = {.arena = arena};
    for (size_t i = 0; i < rule.len; i++) {
        if (rule.ptr[i] != ' ' && rule.ptr[i] != '\t') {
            buf_add_byte(&out, rule.ptr[i]);
        }
    }
    return buf_str(&out);
}

static void walk_rule(struct rule_walk *walk, struct str written)
{
    struct expansion *expansion = walk->expansion;
    const struct series *series = walk->series;
    struct str text = without_blanks(expansion->arena, written);
    struct recurrence_rule rule;
    struct problem problem = {0};
    if (recurrence_parse(text, &rule, &problem) != OK) {
        warning_add(&expansion->warnings, series->event->uid, "the rule \"%.*s\" is left out: %s",
                    STR_FMT(str_cut_utf8(text, 100)), problem.message);
        return;
    }
    charge_count(&expansion->budget, &rule);
    if (!may_step(expansion, series->event)) {
        return;
    }
    localise_until(&rule, &series->start);
    struct recurrence_iterator iterator;
    recurrence_begin(&iterator, &rule, series->start.wall);
    recurrence_seek(&iterator, window_floor(expansion, series));
    int64_t end = civil_to_seconds(zone_to_civil(series->start.zone, expansion->request->to)) +
                  WINDOW_SLACK_SECONDS;
    while (may_step(expansion, series->event)) {
        struct civil wall;
        enum recurrence_step step = recurrence_next(&iterator, &wall);
        expansion->budget.exhausted_rules -= step == RECURRENCE_EXHAUSTED ? 1 : 0;
        if (step != RECURRENCE_FOUND || civil_to_seconds(wall) > end ||
            !take_rule_instance(walk, wall)) {
            break;
        }
    }
}

static void add_rdate(struct expansion *expansion, struct series *series,
                      const struct ics_rdate *rdate)
{
    const struct ics_event *event = series->event;
    struct moment start;
    struct ics_time time = rdate->start;
    if (series->start.is_date) {
        start = moment_at_wall(&series->start, civil_midnight(time.wall));
    } else if (time.is_date) {
        struct civil clock = series->start.wall;
        struct civil wall =
            civil_from_date(civil_date(time.wall), clock.hour, clock.minute, clock.second);
        start = moment_at_wall(&series->start, wall);
    } else if (moment_resolve(expansion, event, &time, &series->start, &start)) {
        start.zone = series->start.zone;
        start.wall = zone_to_civil(start.zone, start.at);
    } else {
        return;
    }
    struct instance instance = make_instance(series, &start);
    struct moment end;
    if (rdate->has_end && moment_resolve(expansion, event, &rdate->end, &start, &end)) {
        instance.has_own_end = true;
        instance.ends_at = instant_max(end.at, start.at);
    } else if (rdate->has_duration) {
        struct event_length length = {.days = rdate->duration.days,
                                      .exact = SECONDS(rdate->duration.seconds)};
        instance.has_own_end = true;
        instance.ends_at = end_of(start.zone, start.at, start.wall, length);
    }
    (void)keep_instance(expansion, series, instance);
}

static int compare_int64(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return a < b ? -1 : a > b ? 1 : 0;
}

/* EXDATE as a date takes away every instance of that local day, whatever its hour: calendars in the
 * wild write it so. */
static void add_exdate(struct expansion *expansion, const struct series *series,
                       const struct ics_time *exdate, struct exclusions *out)
{
    struct moment moment;
    if (series->start.is_date || exdate->is_date) {
        out->days[out->day_count++] = date_to_days(civil_date(exdate->wall));
    } else if (moment_resolve(expansion, series->event, exdate, &series->start, &moment)) {
        out->instants[out->instant_count++] = moment.at.us;
    }
}

static struct exclusions find_exclusions(struct expansion *expansion, struct series *series)
{
    const struct ics_event *event = series->event;
    size_t room = event->exdate_count + (event->exclusion_rule_count > 0 ? INSTANCES_MAX : 0);
    struct exclusions out = {
        .instants = ARENA_NEW_ARRAY(expansion->arena, int64_t, room),
        .days = ARENA_NEW_ARRAY(expansion->arena, int64_t, event->exdate_count),
    };
    for (size_t i = 0; i < event->exdate_count; i++) {
        add_exdate(expansion, series, &event->exdates[i], &out);
    }
    struct rule_walk walk = {expansion, series, &out, room};
    for (size_t i = 0; i < event->exclusion_rule_count; i++) {
        walk_rule(&walk, event->exclusion_rules[i]);
    }
    qsort(out.instants, out.instant_count, sizeof out.instants[0], compare_int64);
    qsort(out.days, out.day_count, sizeof out.days[0], compare_int64);
    return out;
}

static bool is_excluded(const struct exclusions *exclusions, const struct instance *instance)
{
    int64_t at = instance->starts_at.us;
    int64_t day = date_to_days(civil_date(instance->wall));
    return bsearch(&at, exclusions->instants, exclusions->instant_count, sizeof at,
                   compare_int64) != NULL ||
           bsearch(&day, exclusions->days, exclusions->day_count, sizeof day, compare_int64) !=
               NULL;
}

static int compare_instances(const void *left, const void *right)
{
    const struct instance *a = left;
    const struct instance *b = right;
    if (a->starts_at.us != b->starts_at.us) {
        return a->starts_at.us < b->starts_at.us ? -1 : 1;
    }
    return (int)b->has_own_end - (int)a->has_own_end;
}

/* Sorted, each start once; where a rule and a period of RDATE name the same start, the period's end
 * is the more exact. */
static void settle(struct expansion *expansion, struct series *series)
{
    struct exclusions exclusions = find_exclusions(expansion, series);
    if (series->count > 1) {
        qsort(series->items, series->count, sizeof series->items[0], compare_instances);
    }
    size_t kept = 0;
    for (size_t i = 0; i < series->count; i++) {
        const struct instance *instance = &series->items[i];
        bool is_repeat = kept > 0 && series->items[kept - 1].starts_at.us == instance->starts_at.us;
        if (!is_repeat && !is_excluded(&exclusions, instance)) {
            series->items[kept++] = *instance;
        }
    }
    series->count = kept;
}

static bool start_of(struct expansion *expansion, const struct ics_event *event, struct moment *out)
{
    if (!event->has_start) {
        warning_add(&expansion->warnings, event->uid, "no DTSTART: the event is left out");
        return false;
    }
    return moment_resolve(expansion, event, &event->start, NULL, out);
}

bool series_expand(struct expansion *expansion, const struct ics_event *event, struct series *out)
{
    *out = (struct series){.event = event};
    if (!start_of(expansion, event, &out->start)) {
        return false;
    }
    out->length = event_length(expansion, event, &out->start);
    out->is_recurring = event->rule_count > 0 || event->rdate_count > 0;
    (void)keep_instance(expansion, out, make_instance(out, &out->start));
    struct rule_walk walk = {.expansion = expansion, .series = out};
    for (size_t i = 0; i < event->rule_count; i++) {
        walk_rule(&walk, event->rules[i]);
    }
    for (size_t i = 0; i < event->rdate_count; i++) {
        add_rdate(expansion, out, &event->rdates[i]);
    }
    settle(expansion, out);
    return true;
}

bool series_single(struct expansion *expansion, const struct ics_event *event, struct moment *start,
                   struct instance *out)
{
    if (!start_of(expansion, event, start)) {
        return false;
    }
    struct series series = {.event = event, .start = *start};
    series.length = event_length(expansion, event, start);
    *out = make_instance(&series, start);
    return true;
}
