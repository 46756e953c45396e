#include "calendar/expand.h"

#include "base/buf.h"
#include "calendar/ics_text.h"
#include "calendar/series.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    OCCURRENCES_MAX = 100000,
    RULE_STEPS_MAX = 5000000,
    EXHAUSTED_RULES_MAX = 20,
    TITLE_BYTES_MAX = 1000
};

/* What all instances of one event share. */
struct event_face {
    struct str title;
    struct str join_url;
    bool is_declined;
};

/* A RECURRENCE-ID with what it means. */
struct override {
    const struct ics_event *event;
    struct instant original;
    struct civil original_wall;
    bool is_date;
};

struct occurrence_list {
    struct occurrence *items;
    size_t count;
    size_t room;
};

static int compare_versions(const struct ics_event *a, const struct ics_event *b)
{
    if (a->sequence != b->sequence) {
        return a->sequence < b->sequence ? -1 : 1;
    }
    if (a->modified_at.us != b->modified_at.us) {
        return a->modified_at.us < b->modified_at.us ? -1 : 1;
    }
    return a->order < b->order ? -1 : a->order > b->order ? 1 : 0;
}

/* By UID, masters before overrides, older versions before newer ones. */
static int compare_events(const void *left, const void *right)
{
    const struct ics_event *a = *(const struct ics_event *const *)left;
    const struct ics_event *b = *(const struct ics_event *const *)right;
    int by_uid = str_compare(a->uid, b->uid);
    if (by_uid != 0) {
        return by_uid;
    }
    if (a->has_recurrence_id != b->has_recurrence_id) {
        return a->has_recurrence_id ? 1 : -1;
    }
    return compare_versions(a, b);
}

static int compare_overrides(const void *left, const void *right)
{
    const struct override *a = left;
    const struct override *b = right;
    if (a->original.us != b->original.us) {
        return a->original.us < b->original.us ? -1 : 1;
    }
    return compare_versions(a->event, b->event);
}

static int compare_occurrences(const void *left, const void *right)
{
    const struct occurrence *a = left;
    const struct occurrence *b = right;
    if (a->starts_at.us != b->starts_at.us) {
        return a->starts_at.us < b->starts_at.us ? -1 : 1;
    }
    return str_compare(a->external_id, b->external_id);
}

/* Somebody with several addresses may be there twice: one answer that is not a refusal is enough.
 */
static bool owner_declined(const struct ics_event *event, struct str owner_email)
{
    bool is_declined = false;
    for (size_t i = 0; i < event->attendee_count && owner_email.len > 0; i++) {
        if (str_equal_nocase(event->attendees[i].address, str_trim(owner_email))) {
            if (!event->attendees[i].is_declined) {
                return false;
            }
            is_declined = true;
        }
    }
    return is_declined;
}

static struct event_face face_of(struct expansion *expansion, const struct ics_event *event)
{
    return (struct event_face){
        .title = ics_text_display(expansion->arena, event->summary, TITLE_BYTES_MAX),
        .join_url = join_link_find(expansion->arena, &event->links),
        .is_declined = owner_declined(event, expansion->request->owner_email),
    };
}

static struct str instance_id(struct arena *arena, struct str uid, struct instant original,
                              const struct civil *date)
{
    if (date != NULL) {
        return arena_printf(arena, "%.*s/%04d%02d%02d", STR_FMT(uid), date->year, date->month,
                            date->day);
    }
    struct zone utc = zone_utc();
    struct civil c = zone_to_civil(&utc, original);
    return arena_printf(arena, "%.*s/%04d%02d%02dT%02d%02d%02dZ", STR_FMT(uid), c.year, c.month,
                        c.day, c.hour, c.minute, c.second);
}

static void emit(struct expansion *expansion, struct occurrence_list *list,
                 const struct occurrence *occurrence)
{
    if (list->count == OCCURRENCES_MAX) {
        warning_add(&expansion->warnings, occurrence->uid,
                    "more than %d meetings in the window: it is left out", OCCURRENCES_MAX);
        return;
    }
    if (list->count == list->room) {
        list->room = list->room == 0 ? 64 : list->room * 2;
        struct occurrence *grown = ARENA_NEW_ARRAY(expansion->arena, struct occurrence, list->room);
        for (size_t i = 0; i < list->count; i++) {
            grown[i] = list->items[i];
        }
        list->items = grown;
    }
    list->items[list->count++] = *occurrence;
}

static struct occurrence make_occurrence(const struct ics_event *event,
                                         const struct event_face *face, const struct moment *start,
                                         const struct instance *instance)
{
    return (struct occurrence){
        .uid = event->uid,
        .title = face->title,
        .starts_at = instance->starts_at,
        .ends_at = instance->ends_at,
        .timezone = start->zone_name,
        .join_url = face->join_url,
        .sequence = event->sequence,
        .modified_at = event->modified_at,
        .is_all_day = start->is_date,
        .is_transparent = event->is_transparent,
        .is_cancelled = event->is_cancelled,
        .is_declined = face->is_declined,
    };
}

static bool is_overridden(const struct override *overrides, size_t count, struct instant start)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (overrides[middle].original.us < start.us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && overrides[low].original.us == start.us;
}

static void emit_series(struct expansion *expansion, struct occurrence_list *list,
                        const struct series *series, const struct override *overrides,
                        size_t override_count)
{
    if (series->count == 0) {
        return;
    }
    const struct ics_event *event = series->event;
    struct event_face face = face_of(expansion, event);
    for (size_t i = 0; i < series->count; i++) {
        const struct instance *instance = &series->items[i];
        if (is_overridden(overrides, override_count, instance->starts_at)) {
            continue;
        }
        struct occurrence occurrence = make_occurrence(event, &face, &series->start, instance);
        const struct civil *date = series->start.is_date ? &instance->wall : NULL;
        occurrence.external_id = series->is_recurring ? instance_id(expansion->arena, event->uid,
                                                                    instance->starts_at, date)
                                                      : event->uid;
        emit(expansion, list, &occurrence);
    }
}

static void emit_override(struct expansion *expansion, struct occurrence_list *list,
                          const struct override *override)
{
    const struct ics_event *event = override->event;
    struct moment start;
    struct instance instance;
    const struct expand_request *request = expansion->request;
    if (!series_single(expansion, event, &start, &instance) ||
        !instance_overlaps(&instance, request->from, request->to)) {
        return;
    }
    struct event_face face = face_of(expansion, event);
    struct occurrence occurrence = make_occurrence(event, &face, &start, &instance);
    occurrence.external_id = instance_id(expansion->arena, event->uid, override->original,
                                         override->is_date ? &override->original_wall : NULL);
    emit(expansion, list, &occurrence);
}

/* Which instance a RECURRENCE-ID names. `series` is NULL for an invitation to one instance alone. A
 * date that names an instance of a timed series means the one at the series' own hour; a time in a
 * series of days means its day. */
static bool resolve_override(struct expansion *expansion, const struct series *series,
                             const struct ics_event *event, struct override *out)
{
    struct ics_time id = event->recurrence_id;
    struct moment moment;
    if (series != NULL && series->start.is_date) {
        moment = moment_at_wall(&series->start, civil_midnight(id.wall));
    } else if (series != NULL && id.is_date) {
        struct civil clock = series->start.wall;
        struct civil wall =
            civil_from_date(civil_date(id.wall), clock.hour, clock.minute, clock.second);
        moment = moment_at_wall(&series->start, wall);
    } else {
        struct moment own_start;
        bool has_own = series == NULL && event->has_start &&
                       moment_resolve(expansion, event, &event->start, NULL, &own_start);
        if (series == NULL && !has_own) {
            return false;
        }
        const struct moment *like = series != NULL ? &series->start : &own_start;
        if (!moment_resolve(expansion, event, &id, like, &moment)) {
            return false;
        }
    }
    *out = (struct override){.event = event,
                             .original = moment.at,
                             .original_wall = moment.wall,
                             .is_date = moment.is_date};
    return true;
}

static size_t collect_overrides(struct expansion *expansion, const struct series *series,
                                const struct ics_event *const *events, size_t count,
                                struct override *out)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (events[i]->is_this_and_future) {
            warning_add(&expansion->warnings, events[i]->uid,
                        "RANGE=THISANDFUTURE is not known: only that one instance is changed");
        }
        found += resolve_override(expansion, series, events[i], &out[found]) ? 1 : 0;
    }
    if (found > 1) {
        qsort(out, found, sizeof out[0], compare_overrides);
    }
    size_t kept = 0;
    for (size_t i = 0; i < found; i++) {
        bool is_repeat = kept > 0 && out[kept - 1].original.us == out[i].original.us;
        kept -= is_repeat ? 1 : 0; /* The newer one is the later one. */
        out[kept++] = out[i];
    }
    return kept;
}

/* All versions of one UID: masters first, the newest of them last, then the overrides. */
static void expand_group(struct expansion *expansion, const struct ics_event *const *events,
                         size_t count, struct occurrence_list *list)
{
    assert(count > 0);
    size_t masters = 0;
    while (masters < count && !events[masters]->has_recurrence_id) {
        masters++;
    }
    if (masters > 1) {
        warning_add(&expansion->warnings, events[0]->uid,
                    "it is there %zu times: the newest version counts", masters);
    }
    struct series series;
    bool has_series = masters > 0 && series_expand(expansion, events[masters - 1], &series);
    struct override *overrides =
        ARENA_NEW_ARRAY(expansion->arena, struct override, count - masters);
    size_t override_count = collect_overrides(expansion, has_series ? &series : NULL,
                                              events + masters, count - masters, overrides);
    if (has_series) {
        emit_series(expansion, list, &series, overrides, override_count);
    }
    for (size_t i = 0; i < override_count; i++) {
        emit_override(expansion, list, &overrides[i]);
    }
}

static void expand_events(struct expansion *expansion, const struct ics_calendar *calendar,
                          struct occurrence_list *list)
{
    const struct ics_event **sorted =
        ARENA_NEW_ARRAY(expansion->arena, const struct ics_event *, calendar->event_count);
    for (size_t i = 0; i < calendar->event_count; i++) {
        sorted[i] = &calendar->events[i];
    }
    if (calendar->event_count > 1) {
        qsort(sorted, calendar->event_count, sizeof sorted[0], compare_events);
    }
    for (size_t first = 0; first < calendar->event_count;) {
        size_t end = first + 1;
        while (end < calendar->event_count && str_equal(sorted[end]->uid, sorted[first]->uid)) {
            end++;
        }
        expand_group(expansion, sorted + first, end - first, list);
        first = end;
    }
}

enum err calendar_expand(struct arena *arena, const struct expand_request *request,
                         struct expand_result *out, struct problem *problem)
{
    assert(request->zones != NULL && request->from.us < request->to.us);
    *out = (struct expand_result){0};
    struct expansion expansion = {
        .arena = arena,
        .request = request,
        .warnings = {.arena = arena},
        .budget = {.rule_steps = RULE_STEPS_MAX, .exhausted_rules = EXHAUSTED_RULES_MAX},
    };
    struct ics_calendar calendar;
    TRY(ics_parse(arena, request->text, &expansion.warnings, &calendar, problem));
    expansion.resolver =
        tzid_resolver_new(arena, request->zones, &calendar, instant_add(request->to, DAYS(366)));
    struct occurrence_list list = {0};
    expand_events(&expansion, &calendar, &list);
    if (list.count > 1) {
        qsort(list.items, list.count, sizeof list.items[0], compare_occurrences);
    }
    *out = (struct expand_result){
        .occurrences = list.items,
        .occurrence_count = list.count,
        .warnings = expansion.warnings.items,
        .warning_count = expansion.warnings.count,
        .event_count = calendar.event_count,
    };
    return OK;
}
