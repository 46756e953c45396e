#include "service/sync.h"

#include "base/memory.h"
#include "service/meetings.h"
#include "service/people.h"
#include "service/sync_job.h"
#include "store/calendars.h"
#include "store/people.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const struct duration default_length = SECONDS_INIT(3600);

static enum err parse_status(struct op *op, struct str text, const char *field,
                             enum meeting_status *out)
{
    int value = 0;
    *out = meeting_status_SCHEDULED;
    if (!str_is_set(text) || str_equal_nocase(text, STR("CONFIRMED"))) {
        return OK;
    }
    if (str_equal_nocase(text, STR("CANCELED"))) {
        *out = meeting_status_CANCELLED;
        return OK;
    }
    char upper[16];
    snprintf(upper, sizeof upper, "%.*s", STR_FMT(text));
    for (char *p = upper; *p != '\0'; p++) {
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    }
    if (text.len >= sizeof upper ||
        enum_parse(&meeting_status_names, str_from(upper), &value) != OK) {
        return op_fail(op, E_INVALID, field,
                       "must be SCHEDULED, CONFIRMED, TENTATIVE, CANCELLED or DECLINED");
    }
    *out = (enum meeting_status)value;
    return OK;
}

static enum err event_facts(struct op *op, const struct user *user, const struct sync_event *event,
                            size_t index, struct meeting_facts *out)
{
    char field[64];
    *out = (struct meeting_facts){
        .user = user->id,
        .external_id = event->external_id,
        .title = event->title,
        .starts_at = event->starts_at,
        .ends_at = instant_is_set(event->ends_at) ? event->ends_at
                                                  : instant_add(event->starts_at, default_length),
        .timezone = str_is_set(event->timezone)  ? event->timezone
                    : str_is_set(user->timezone) ? user->timezone
                                                 : op->site->default_timezone,
        .join_url = event->join_url,
    };
    snprintf(field, sizeof field, "events[%zu].timezone", index);
    TRY(check_timezone(op, field, event->timezone));
    snprintf(field, sizeof field, "events[%zu].status", index);
    TRY(parse_status(op, event->status, field, &out->status));
    snprintf(field, sizeof field, "events[%zu].endsAt", index);
    if (instant_before(out->ends_at, out->starts_at)) {
        return op_fail(op, E_INVALID, field, "must not be before startsAt");
    }
    bool is_over = !instant_before(op->now, out->ends_at);
    struct meeting known = {0};
    if (is_over && meetings_by_external(op->db, op->arena, user->id, event->external_id, &known) ==
                       E_NOT_FOUND) {
        snprintf(field, sizeof field, "events[%zu].startsAt", index);
        return op_fail(op, E_SCHEDULED_TIME, field,
                       "the meeting is over already; give one that is still to come");
    }
    return OK;
}

static enum err take_events(struct op *op, const struct user *user, const struct sync_input *given,
                            struct sync_result *out)
{
    const struct list *events = &given->events;
    const struct sync_event *items = events->items;
    struct meeting_facts *facts =
        ARENA_NEW_ARRAY(op->arena, struct meeting_facts, events->count + 1);
    for (size_t i = 0; i < events->count; i++) {
        TRY(event_facts(op, user, &items[i], i, &facts[i]));
    }
    if (!str_is_set(given->ics)) { /* A text that follows may still be refused. */
        op_decided(op);
    }
    for (size_t i = 0; i < events->count; i++) {
        TRY(take_meeting(op, &facts[i], out));
    }
    return OK;
}

/* A text that came with a request, expanded. */
struct expanded_text {
    struct sync_job job;
    struct sync_part part;
};

static enum err expand_text(struct op *op, const struct user *user, struct str text,
                            const struct expanded_text **out)
{
    struct expanded_text *expanded = ARENA_NEW(op->arena, struct expanded_text);
    expanded->job = (struct sync_job){
        .arena = op->arena,
        .site = op->site,
        .owner_email = user->email,
        .owner_zone = str_is_set(user->timezone) ? user->timezone : op->site->default_timezone,
        .from = instant_sub(op->now, DAYS(1)),
        .to = instant_add(op->now, DAYS(15)),
    };
    expanded->part = (struct sync_part){.href = STR(""), .body = text, .is_new_body = true};
    sync_expand(&expanded->job, &expanded->part);
    if (expanded->part.err != OK) {
        return op_fail(op, expanded->part.err, "ics", "%s", expanded->part.problem.message);
    }
    *out = expanded;
    return OK;
}

static enum err prepare_text(struct op *op, struct id user_id, struct str text, const void **out)
{
    struct user user = {0};
    const struct expanded_text *expanded = NULL;
    if (!str_is_set(text)) {
        return OK;
    }
    TRY(op_may_change(op, user_id));
    TRY(op_not_found(op, users_get(op->db, op->arena, user_id, &user), "user"));
    TRY(expand_text(op, &user, text, &expanded));
    *out = expanded;
    return OK;
}

enum err prepare_sync(struct op *op, const void *input, const void **out)
{
    const struct sync_input *given = input;
    return prepare_text(op, given->user_id, given->ics, out);
}

enum err prepare_upload(struct op *op, const void *input, const void **out)
{
    const struct calendar *given = input;
    return prepare_text(op, op->path_id, given->ics, out);
}

static enum err take_text(struct op *op, const struct user *user, struct str text,
                          struct sync_result *out)
{
    const struct expanded_text *expanded = op->prepared;
    if (expanded == NULL) {
        TRY(expand_text(op, user, text, &expanded));
    }
    assert(expanded != NULL);
    for (size_t i = 0; i < expanded->part.result.occurrence_count; i++) {
        struct meeting_facts facts = sync_facts_of(&expanded->part.result.occurrences[i], user->id);
        TRY(take_meeting(op, &facts, out));
    }
    return OK;
}

enum err sync_upload(struct op *op, struct calendar *calendar, const struct user *user)
{
    const struct expanded_text *expanded = op->prepared;
    struct sync_result counts = {0};
    if (expanded == NULL) {
        TRY(expand_text(op, user, calendar->ics, &expanded));
    }
    assert(expanded != NULL);
    struct sync_job job = expanded->job;
    const struct expand_result *result = &expanded->part.result;
    job.calendar = *calendar;
    TRY(sync_apply_part(op, &job, &expanded->part, &counts));
    calendar->status = calendar_status_OK;
    calendar->last_synced_at = op->now;
    calendar->expanded_until = job.to;
    calendar->warning_count = (int64_t)result->warning_count;
    calendar->first_warning = result->warning_count == 0 ? STR_NONE : result->warnings[0].message;
    return db_update(op->db, TABLE_calendars, op->arena, calendar);
}

/* Every calendar of the person is read now; the answer comes when the last one is. */
static enum err pull_all(struct op *op, const struct user *user, struct sync_result *out)
{
    struct list calendars = {0};
    TRY(calendars_of_user(op->db, op->arena, user->id, &calendars));
    out->success = true;
    if (calendars.count == 0) {
        return OK;
    }
    struct sync_wait *wait = memory_new(sizeof *wait);
    wait->pending = (int)calendars.count;
    op->wait = wait;
    for (size_t i = 0; i < calendars.count; i++) {
        struct id id = ((const struct calendar *)calendars.items)[i].id;
        op_effect(op, (struct effect){.kind = EFFECT_SYNC, .id = id, .wait = wait});
    }
    return OK;
}

/* Only a calendar's text asks for more of a person than the zone. */
static enum err read_person(struct op *op, const struct sync_input *given, struct user *out)
{
    if (str_is_set(given->ics)) {
        return users_get(op->db, op->arena, given->user_id, out);
    }
    out->id = given->user_id;
    return users_zone(op->db, op->arena, given->user_id, &out->timezone);
}

enum err sync_calendars(struct op *op, const void *input, void *output)
{
    const struct sync_input *given = input;
    struct sync_result *out = output;
    struct user user = {0};
    TRY(op_may_change(op, given->user_id));
    TRY(op_not_found(op, read_person(op, given, &user), "user"));
    bool has_events = presence_has(op->given, record_field_index(&sync_input_record, "events"));
    bool has_text = str_is_set(given->ics);
    if (!has_events && !has_text) {
        return pull_all(op, &user, out);
    }
    if (has_events) {
        TRY(take_events(op, &user, given, out));
    }
    if (has_text) {
        TRY(take_text(op, &user, given->ics, out));
    }
    out->success = true;
    return OK;
}
