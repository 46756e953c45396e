#include "service/sync_job.h"

#include "service/engine.h"
#include "service/holidays.h"
#include "store/calendars.h"
#include "store/people.h"

#include <stdio.h>
#include <stdlib.h>

static const struct duration failure_wait_max = SECONDS_INIT(3600);
static const struct duration missing_patience = SECONDS_INIT(3 * 86400);

struct meeting_facts sync_facts_of(const struct occurrence *occurrence, struct id user)
{
    enum meeting_status status = occurrence->is_cancelled  ? meeting_status_CANCELLED
                                 : occurrence->is_declined ? meeting_status_DECLINED
                                                           : meeting_status_SCHEDULED;
    return (struct meeting_facts){
        .user = user,
        .external_id = occurrence->external_id,
        .title = occurrence->title,
        .starts_at = occurrence->starts_at,
        .ends_at = occurrence->ends_at,
        .timezone = occurrence->timezone,
        .join_url = occurrence->join_url,
        .status = status,
        .sequence = occurrence->sequence,
        .modified_at = occurrence->modified_at,
        .is_all_day = occurrence->is_all_day,
        .is_transparent = occurrence->is_transparent,
    };
}

static int by_external_id(const void *a, const void *b)
{
    return str_compare((*(const struct occurrence *const *)a)->external_id,
                       (*(const struct occurrence *const *)b)->external_id);
}

/* Occurrences by their ids, for bsearch. */
static const struct occurrence **index_of(struct op *op, const struct expand_result *result)
{
    const struct occurrence **index = arena_alloc_array(op->arena, result->occurrence_count + 1,
                                                        sizeof(const struct occurrence *));
    for (size_t i = 0; i < result->occurrence_count; i++) {
        index[i] = &result->occurrences[i];
    }
    qsort(index, result->occurrence_count, sizeof *index, by_external_id);
    return index;
}

static enum err drop_missing(struct op *op, const struct sync_job *job, struct id resource,
                             const struct expand_result *result, struct sync_result *counts)
{
    struct list meetings = {0};
    struct calendar_part part = {job->calendar.id, resource, {op->now, job->to}};
    TRY(meetings_of_calendar(op->db, op->arena, &part, &meetings));
    const struct occurrence **index = index_of(op, result);
    for (size_t i = 0; i < meetings.count; i++) {
        struct meeting meeting = ((const struct meeting *)meetings.items)[i];
        struct occurrence wanted = {.external_id = meeting.external_id};
        const struct occurrence *key = &wanted;
        if (bsearch(&key, index, result->occurrence_count, sizeof *index, by_external_id) == NULL) {
            TRY(drop_meeting(op, job->calendar.id, &meeting, counts));
        }
    }
    return OK;
}

enum err sync_apply_part(struct op *op, const struct sync_job *job, const struct sync_part *part,
                         struct sync_result *counts)
{
    struct calendar_resource resource = {.calendar_id = job->calendar.id,
                                         .href = part->href,
                                         .etag = part->etag,
                                         .body = part->body};
    if (part->err != OK) {
        return OK;
    }
    if (part->is_new_body) {
        TRY(resources_put(op->db, op->arena, op_new_id(op), &resource));
    } else {
        for (size_t i = 0; i < job->known_count; i++) {
            if (str_equal(job->known[i].href, part->href)) {
                resource.id = job->known[i].id;
            }
        }
    }
    for (size_t i = 0; i < part->result.occurrence_count; i++) {
        struct meeting_facts facts =
            sync_facts_of(&part->result.occurrences[i], job->calendar.user_id);
        facts.calendar = job->calendar.id;
        facts.resource = resource.id;
        TRY(take_meeting(op, &facts, counts));
    }
    return drop_missing(op, job, resource.id, &part->result, counts);
}

static enum err remove_resource(struct op *op, const struct sync_job *job, struct str href,
                                struct sync_result *counts)
{
    static const struct expand_result nothing = {0};
    for (size_t i = 0; i < job->known_count; i++) {
        if (str_equal(job->known[i].href, href)) {
            TRY(drop_missing(op, job, job->known[i].id, &nothing, counts));
        }
    }
    return resources_remove(op->db, job->calendar.id, href);
}

static void remember(struct calendar *calendar, const struct pull_memory *memory)
{
    calendar->etag = memory->etag;
    calendar->last_modified = memory->last_modified;
    calendar->sync_token = memory->sync_token;
    calendar->ctag = memory->ctag;
    calendar->collection_url = memory->collection_url;
    calendar->fingerprint = (int64_t)memory->fingerprint;
}

static bool remembers(const struct calendar *calendar, const struct pull_memory *memory)
{
    return str_equal(calendar->etag, memory->etag) &&
           str_equal(calendar->last_modified, memory->last_modified) &&
           str_equal(calendar->sync_token, memory->sync_token) &&
           str_equal(calendar->ctag, memory->ctag) &&
           str_equal(calendar->collection_url, memory->collection_url) &&
           calendar->fingerprint == (int64_t)memory->fingerprint;
}

static void note_warnings(struct op *op, const struct sync_job *job, struct calendar *calendar)
{
    calendar->warning_count = (int64_t)job->result.left_out;
    calendar->first_warning =
        job->result.left_out > 0
            ? STR("an entry was left out: its address on the server is longer than 1,000 bytes")
            : STR_NONE;
    for (size_t i = 0; i < job->part_count; i++) {
        const struct sync_part *part = &job->parts[i];
        calendar->warning_count += (int64_t)part->result.warning_count + (part->err != OK);
        if (!str_is_set(calendar->first_warning) && part->err != OK) {
            calendar->first_warning = str_from(part->problem.message);
        } else if (!str_is_set(calendar->first_warning) && part->result.warning_count > 0) {
            calendar->first_warning = str_cut_utf8(part->result.warnings[0].message, 250);
        }
    }
    if (calendar->warning_count > 0) {
        op_log(op, LOG_WARN, LOG_SCHEDULER, "a calendar was read with %lld warnings",
               (long long)calendar->warning_count);
    }
}

static enum err audit_status(struct op *op, const struct calendar *before,
                             const struct calendar *after)
{
    if (before->status == after->status) {
        return OK;
    }
    op_log(op, after->status == calendar_status_OK ? LOG_INFO : LOG_WARN, LOG_SCHEDULER,
           "calendar at %.*s is %s%s%.*s", STR_FMT(after->host),
           enum_name(&calendar_status_names, after->status),
           str_is_set(after->last_error) ? ": " : "", STR_FMT(after->last_error));
    return op_audit(op, (struct audit_entry){
                            .action = "CALENDAR_STATUS",
                            .subject_type = subject_type_CALENDAR,
                            .subject = after->id,
                            .user = after->user_id,
                            .before = str_from(enum_name(&calendar_status_names, before->status)),
                            .after = str_from(enum_name(&calendar_status_names, after->status)),
                            .reason = after->last_error});
}

/* A body that is no calendar at all: the copy before it stays. */
static bool is_no_calendar(const struct sync_job *job)
{
    return job->calendar.kind != calendar_kind_caldav && job->part_count == 1 &&
           job->parts[0].err != OK;
}

static enum err note_failure(struct op *op, const struct sync_job *job, struct str reason,
                             struct calendar *calendar)
{
    struct calendar before = *calendar;
    calendar->failures++;
    calendar->last_error = reason;
    calendar->status = calendar_status_FAILING;
    if (!job->result.is_missing) {
        calendar->missing_since = INSTANT_NONE;
    } else if (!instant_is_set(calendar->missing_since)) {
        calendar->missing_since = op->now;
    }
    bool is_long_gone = instant_is_set(calendar->missing_since) &&
                        instant_since(op->now, calendar->missing_since).us > missing_patience.us;
    if (job->result.disable || is_long_gone) {
        calendar->status = calendar_status_DISABLED;
    }
    TRY(db_update(op->db, TABLE_calendars, op->arena, calendar));
    return audit_status(op, &before, calendar);
}

static enum err note_success(struct op *op, const struct sync_job *job, struct calendar *calendar)
{
    struct calendar before = *calendar;
    bool is_new = job->result.state == PULL_CHANGED || job->must_expand;
    /* The same content may come with a new ETag or token, and only the new one will be answered
     * with "not modified". */
    bool is_known =
        calendar->kind == calendar_kind_upload || remembers(calendar, &job->result.memory);
    if (!is_new && is_known && calendar->status == calendar_status_OK) {
        return calendars_touch(op->db, calendar->id, op->now);
    }
    if (is_new) {
        note_warnings(op, job, calendar);
        calendar->expanded_until = job->must_expand ? job->to : calendar->expanded_until;
    }
    if (calendar->kind != calendar_kind_upload) {
        remember(calendar, &job->result.memory);
    }
    calendar->status = calendar_status_OK;
    calendar->last_error = STR_NONE;
    calendar->failures = 0;
    calendar->missing_since = INSTANT_NONE;
    calendar->last_synced_at = op->now;
    TRY(db_update(op->db, TABLE_calendars, op->arena, calendar));
    return audit_status(op, &before, calendar);
}

static enum err apply_parts(struct op *op, const struct sync_job *job, struct sync_result *counts)
{
    for (size_t i = 0; i < job->part_count; i++) {
        TRY(sync_apply_part(op, job, &job->parts[i], counts));
    }
    for (size_t i = 0; i < job->result.removed_count; i++) {
        TRY(remove_resource(op, job, job->result.removed[i], counts));
    }
    return OK;
}

static enum err schedule_next(struct op *op, const struct sync_job *job,
                              const struct calendar *calendar, bool was_disabled)
{
    struct timer timer = {.id = job->timer, .due_at = next_tick(op)};
    if (!id_is_set(job->timer)) {
        /* Asked for by a request. A calendar that had been given up has no timer any more. */
        bool is_back = was_disabled && calendar->status != calendar_status_DISABLED;
        return is_back
                   ? timer_arm(op, (struct timer_request){timer_kind_CALENDAR_SYNC, calendar->id,
                                                          next_tick(op), PRIORITY_LOW})
                   : OK;
    }
    if (calendar->status == calendar_status_DISABLED) {
        enum err err = timers_complete(op->db, job->timer, op->now);
        return err == E_CONFLICT ? OK : err; /* A reading that stalled has ended it already. */
    }
    if (calendar->status == calendar_status_FAILING) {
        struct duration wait = backoff(op->site->calendar_interval,
                                       calendar->failures > 10 ? 10 : (int)calendar->failures);
        if (wait.us > failure_wait_max.us) {
            wait = failure_wait_max;
        }
        if (wait.us < SECONDS(job->result.retry_after_seconds).us) {
            wait = SECONDS(job->result.retry_after_seconds);
        }
        timer.due_at = instant_add(op->now, wait);
    }
    enum err err = timers_again(op->db, &timer);
    if (err == OK) {
        op_effect(op, (struct effect){.kind = EFFECT_TIMER,
                                      .id = timer.id,
                                      .at = timer.due_at,
                                      .priority = PRIORITY_LOW,
                                      .tag = timer_kind_CALENDAR_SYNC});
    }
    return err == E_CONFLICT ? OK : err; /* The calendar was removed meanwhile. */
}

static void tell_waiting(struct sync_wait *wait, const struct sync_result *counts, struct str error)
{
    if (wait == NULL) {
        return;
    }
    wait->result.created += counts->created;
    wait->result.updated += counts->updated;
    wait->result.skipped += counts->skipped;
    wait->result.cancelled += counts->cancelled;
    if (str_is_set(error)) {
        snprintf(wait->error, sizeof wait->error, "%.*s", STR_FMT(error));
    }
}

enum err sync_is_overtaken(struct op *op, const struct sync_job *job, bool *out)
{
    struct timer timer = {0};
    bool has_row = false;
    *out = false;
    if (!id_is_set(job->timer) || instant_before(op->now, job->lease_until)) {
        return OK;
    }
    struct timer_key key = {timer_kind_NONE, job->timer};
    enum err err = timers_get(op->db, op->arena, key, &timer, &has_row);
    bool is_held = err == OK && timer.state == timer_state_ACTIVE &&
                   instant_ms(timer.lease_until) == instant_ms(job->lease_until);
    *out = !is_held;
    if (*out) {
        op_log(op, LOG_WARN, LOG_SCHEDULER,
               "a reading of a calendar took longer than its lease; what it found is left out");
    }
    return err == E_NOT_FOUND ? OK : err;
}

static enum err apply(struct work *work, struct op *op)
{
    struct sync_job *job = (struct sync_job *)work;
    struct calendar calendar = {0};
    struct sync_result counts = {0};
    bool is_overtaken = false;
    TRY(sync_is_overtaken(op, job, &is_overtaken));
    if (is_overtaken) {
        return OK;
    }
    enum err err = calendars_get(op->db, op->arena, job->calendar.id, &calendar);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    if (job->result.state == PULL_FAILED && atomic_load(&op->site->stats->is_stopping)) {
        /* It was us who hung up: nothing is known about the calendar. */
        job->reason = STR("Tocsin is stopping; try again");
        return schedule_next(op, job, &calendar, false);
    }
    bool is_broken = is_no_calendar(job);
    bool was_disabled = calendar.status == calendar_status_DISABLED;
    struct str reason = is_broken ? str_from(job->parts[0].problem.message) : job->result.reason;
    if (!is_broken) {
        TRY(apply_parts(op, job, &counts));
    }
    if (job->result.state == PULL_FAILED || is_broken) {
        atomic_fetch_add(&op->site->stats->metrics.syncs_failed, 1);
        TRY(note_failure(op, job, reason, &calendar));
    } else {
        atomic_fetch_add(&op->site->stats->metrics.syncs_ok, 1);
        TRY(note_success(op, job, &calendar));
        reason = STR_NONE;
    }
    TRY(schedule_next(op, job, &calendar, was_disabled));
    job->counts = counts;
    job->reason = reason;
    if (counts.created + counts.updated + counts.cancelled > 0) {
        op_log(op, LOG_INFO, LOG_SCHEDULER, "calendar read: %lld new, %lld changed, %lld cancelled",
               (long long)counts.created, (long long)counts.updated, (long long)counts.cancelled);
    }
    return OK;
}

void sync_wait_begin(struct sync_wait *wait)
{
    if (wait->pending == 0) {
        wait->done(wait);
    }
}

static void let_wait_end(struct sync_wait *wait)
{
    if (wait != NULL && --wait->pending == 0 && wait->done != NULL) {
        wait->done(wait);
    }
}

void sync_give_up(struct sync_wait *wait, enum err why)
{
    if (wait != NULL) {
        snprintf(wait->error, sizeof wait->error, "a calendar could not be read: %s",
                 err_code(why));
    }
    let_wait_end(wait);
}

static void end(struct work *work, enum err err, const struct problem *problem)
{
    struct sync_job *job = (struct sync_job *)work;
    struct sync_wait *wait = job->wait;
    if (err != OK) {
        log_write(job->site->log, LOG_ERROR, LOG_SCHEDULER, STR_NONE,
                  "a calendar could not be applied: %s %s", err_code(err), problem->message);
        tell_waiting(wait, &(struct sync_result){0}, str_from(problem->message));
    } else {
        tell_waiting(wait, &job->counts, job->reason);
    }
    sync_abandon(&job);
    let_wait_end(wait);
}

struct work *sync_finish(struct sync_job *job)
{
    job->work = (struct work){
        .actor = {.name = STR("scheduler"), .scope = key_scope_ADMIN},
        .run = id_is_set(job->holidays) ? holidays_apply : apply,
        .done = end,
    };
    return &job->work;
}
