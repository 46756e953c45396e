#include "service/engine.h"
#include "service/holidays.h"
#include "service/sync_job.h"
#include "store/callees.h"

#include <stdlib.h>

enum { DAYS_OF_ONE_EVENT_MAX = 62, FAILURES_COUNTED = 10 };

static const struct duration lease = SECONDS_INIT(120);
static const struct duration every = SECONDS_INIT(6 * 3600);
static const struct duration failure_wait_max = SECONDS_INIT(3600);
static const struct duration missing_patience = SECONDS_INIT(3 * 86400);
static const struct duration window_back = SECONDS_INIT(2 * 86400);
static const struct duration window_ahead = SECONDS_INIT(731 * 86400);
/* A feed that never changes is read again after this, because the window has moved. */
static const struct duration fresh = SECONDS_INIT(30 * 86400);

static bool is_read(const struct holiday_calendar *calendar)
{
    return !instant_is_set(calendar->archived_at) && str_is_set(calendar->url) &&
           calendar->status != calendar_status_DISABLED;
}

enum err holidays_due(struct op *op, struct timer *timer)
{
    struct holiday_calendar calendar = {0};
    enum err err = db_get(op->db, TABLE_holiday_calendars, timer->subject_id, op->arena, &calendar);
    if (err == E_NOT_FOUND || (err == OK && !is_read(&calendar))) {
        return OK;
    }
    TRY(err);
    timer_hold(op, timer, instant_add(op->now, lease));
    op_effect(op, (struct effect){.kind = EFFECT_SYNC,
                                  .id = calendar.id,
                                  .other = timer->id,
                                  .at = timer->lease_until});
    return OK;
}

enum err holidays_prepare(struct op *op, const struct effect *effect, struct sync_job *job)
{
    struct holiday_calendar calendar = {0};
    TRY(db_get(op->db, TABLE_holiday_calendars, effect->id, job->arena, &calendar));
    bool is_fresh = instant_before(op->now, instant_add(calendar.expanded_at, fresh));
    job->site = op->site;
    job->wait = effect->wait;
    job->timer = effect->other;
    job->lease_until = effect->at;
    job->holidays = calendar.id;
    job->owner_zone = STR("UTC");
    job->from = instant_sub(op->now, window_back);
    job->to = instant_add(op->now, window_ahead);
    job->calendar = (struct calendar){.id = calendar.id,
                                      .kind = calendar_kind_ics,
                                      .url = calendar.url,
                                      .etag = is_fresh ? calendar.etag : STR_NONE,
                                      .last_modified = is_fresh ? calendar.last_modified : STR_NONE,
                                      .fingerprint = is_fresh ? calendar.fingerprint : 0};
    return OK;
}

static void add_event(struct op *op, const struct occurrence *event, struct holiday_days *out)
{
    const struct zone *zone = op_zone(op, event->timezone);
    int64_t first = date_to_days(civil_date(zone_to_civil(zone, event->starts_at)));
    int64_t end = date_to_days(civil_date(zone_to_civil(zone, event->ends_at)));
    bool is_counted = event->is_all_day && !event->is_cancelled;
    for (int64_t day = first; is_counted && (day < end || day == first); day++) {
        if (out->count < BUSINESS_HOLIDAYS_MAX && day - first < DAYS_OF_ONE_EVENT_MAX) {
            out->days[out->count++] = day;
        }
    }
}

/* Events come sorted by their start, so that what does not fit is the furthest away. */
static struct str days_of(struct op *op, const struct expand_result *result)
{
    struct holiday_days days = {ARENA_NEW_ARRAY(op->arena, int64_t, BUSINESS_HOLIDAYS_MAX), 0};
    for (size_t i = 0; i < result->occurrence_count; i++) {
        add_event(op, &result->occurrences[i], &days);
    }
    return holidays_days_text(op->arena, &days);
}

static void note_success(struct op *op, const struct sync_job *job, struct holiday_calendar *out)
{
    const struct pull_memory *memory = &job->result.memory;
    out->etag = memory->etag;
    out->last_modified = memory->last_modified;
    out->fingerprint = (int64_t)memory->fingerprint;
    out->status = calendar_status_OK;
    out->last_error = STR_NONE;
    out->failures = 0;
    out->missing_since = INSTANT_NONE;
    out->last_synced_at = op->now;
    if (job->part_count == 1) {
        struct str days = days_of(op, &job->parts[0].result);
        out->updated_at = str_equal(days, out->days) ? out->updated_at : op->now;
        out->days = days;
        out->expanded_at = op->now;
    }
}

/* The last good days stay. */
static void note_failure(struct op *op, const struct sync_job *job, struct holiday_calendar *out)
{
    bool is_broken = job->part_count == 1 && job->parts[0].err != OK;
    out->failures++;
    out->status = calendar_status_FAILING;
    out->last_error = is_broken ? str_from(job->parts[0].problem.message) : job->result.reason;
    if (!job->result.is_missing) {
        out->missing_since = INSTANT_NONE;
    } else if (!instant_is_set(out->missing_since)) {
        out->missing_since = op->now;
    }
    bool is_long_gone = instant_is_set(out->missing_since) &&
                        instant_since(op->now, out->missing_since).us > missing_patience.us;
    if (job->result.disable || is_long_gone) {
        out->status = calendar_status_DISABLED;
    }
}

static enum err tell_change(struct op *op, const struct holiday_calendar *before,
                            const struct holiday_calendar *after)
{
    bool has_new_status = before->status != after->status;
    if (!has_new_status && str_equal(before->days, after->days)) {
        return OK;
    }
    op_log(op, after->status == calendar_status_OK ? LOG_INFO : LOG_WARN, LOG_SCHEDULER,
           "holiday calendar %.*s at %.*s is %s%s%.*s", STR_FMT(after->name), STR_FMT(after->host),
           enum_name(&calendar_status_names, after->status),
           str_is_set(after->last_error) ? ": " : "", STR_FMT(after->last_error));
    return op_audit(
        op, (struct audit_entry){.action = has_new_status ? "CALENDAR_STATUS" : "HOLIDAYS_CHANGED",
                                 .subject_type = subject_type_CALENDAR,
                                 .subject = after->id,
                                 .before = op_record_text(op, &holiday_calendar_record, before),
                                 .after = op_record_text(op, &holiday_calendar_record, after),
                                 .reason = after->last_error});
}

static struct instant next_reading(const struct op *op, const struct sync_job *job,
                                   const struct holiday_calendar *calendar)
{
    if (calendar->failures == 0) {
        return instant_add(op->now, every);
    }
    int64_t failures =
        calendar->failures < FAILURES_COUNTED ? calendar->failures : FAILURES_COUNTED;
    struct duration wait = backoff(op->site->calendar_interval, (int)failures);
    struct duration asked = SECONDS(job->result.retry_after_seconds);
    wait = wait.us > failure_wait_max.us ? failure_wait_max : wait;
    return instant_add(op->now, wait.us < asked.us ? asked : wait);
}

static enum err read_again(struct op *op, const struct sync_job *job,
                           const struct holiday_calendar *calendar)
{
    struct timer timer = {.id = job->timer, .due_at = next_reading(op, job, calendar)};
    enum err err = is_read(calendar) ? timers_again(op->db, &timer)
                                     : timers_complete(op->db, job->timer, op->now);
    if (err == OK && is_read(calendar)) {
        op_effect(op, (struct effect){.kind = EFFECT_TIMER,
                                      .id = timer.id,
                                      .at = timer.due_at,
                                      .priority = PRIORITY_LOW,
                                      .tag = timer_kind_CALENDAR_SYNC});
    }
    return err == E_CONFLICT ? OK : err; /* It was removed or given another URL meanwhile. */
}

enum err holidays_apply(struct work *work, struct op *op)
{
    struct sync_job *job = (struct sync_job *)work;
    struct holiday_calendar calendar = {0};
    bool is_overtaken = false;
    TRY(sync_is_overtaken(op, job, &is_overtaken));
    if (is_overtaken) {
        return OK;
    }
    enum err err = db_get(op->db, TABLE_holiday_calendars, job->holidays, op->arena, &calendar);
    if (err == E_NOT_FOUND || (err == OK && !str_equal(calendar.url, job->calendar.url))) {
        return OK;
    }
    TRY(err);
    struct holiday_calendar before = calendar;
    bool is_broken = job->part_count == 1 && job->parts[0].err != OK;
    bool is_ours = job->result.state == PULL_FAILED && atomic_load(&op->site->stats->is_stopping);
    if (!is_read(&calendar) || is_ours) {
        /* Removed meanwhile; or it was us who hung up, and nothing is known about the feed. */
        return read_again(op, job, &calendar);
    }
    if (job->result.state == PULL_FAILED || is_broken) {
        atomic_fetch_add(&op->site->stats->metrics.syncs_failed, 1);
        note_failure(op, job, &calendar);
    } else {
        atomic_fetch_add(&op->site->stats->metrics.syncs_ok, 1);
        note_success(op, job, &calendar);
    }
    TRY(db_update(op->db, TABLE_holiday_calendars, op->arena, &calendar));
    TRY(tell_change(op, &before, &calendar));
    return read_again(op, job, &calendar);
}
