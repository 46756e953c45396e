#include "service/status.h"

#include "channel/render.h"
#include "service/checkins.h"
#include "service/link.h"
#include "service/messages.h"
#include "service/page_words.h"
#include "service/queue.h"
#include "service/retention.h"
#include "store/dispatches.h"
#include "store/messages.h"
#include "store/sinks.h"
#include "store/timers.h"

static const struct duration receipt_patience = SECONDS_INIT(300);

static enum err count_retention(struct op *op, struct health *out)
{
    struct retention_view view = {0};
    TRY(retention_state(op, &view));
    if (instant_is_set(view.failing_since)) {
        out->retention_failing_seconds =
            1 + duration_seconds(instant_since(op->now, view.failing_since));
    }
    return OK;
}

static enum err count(struct op *op, struct health *out)
{
    TRY(count_retention(op, out));
    struct instant hour_ago = instant_sub(op->now, HOURS(1));
    TRY(timers_retrying(op->db, &out->active_retries));
    TRY(dispatches_open_count(op->db, &out->pending_dispatches));
    TRY(messages_way_count(op->db, &out->messages_on_their_way));
    TRY(messages_failed_since(op->db, hour_ago, &out->undelivered_last_hour));
    TRY(messages_unreceipted(op->db, hour_ago, instant_sub(op->now, receipt_patience),
                             &out->callback_overdue));
    TRY(dispatches_exhausted_since(op->db, hour_ago, &out->exhausted_dispatches));
    TRY(sinks_in_state(op->db, sink_state_FAILING, &out->failing_sinks));
    TRY(sinks_in_state(op->db, sink_state_PAUSED, &out->paused_sinks));
    TRY(db_number(op->db, S_breakers_open, &out->open_breakers, NO_PARAMS));
    return db_number(op->db, S_calendars_failing, &out->failing_calendars, NO_PARAMS);
}

/* A metric and from where on it is bad, in words: the number stands between. */
struct measure {
    int64_t value;
    int64_t limit;
    const char *before;
    const char *after;
};

int64_t redis_away_seconds(const struct op *op)
{
    int64_t since_ms = atomic_load(&op->site->stats->redis_away_since_ms);
    return since_ms == 0 ? 0 : (instant_ms(op->now) - since_ms) / 1000;
}

/* What is degraded, the worst first; STR_NONE where nothing is. */
static struct str why_degraded(struct op *op, const struct health *health)
{
    const struct health_limits *limits = &op->site->health;
    const struct measure measures[] = {
        {health->oldest_due_seconds, limits->overdue_seconds, "the oldest due timer is ",
         " s late"},
        {health->consecutive_failures, limits->failures, "", " sends in a row failed"},
        {health->open_breakers, limits->breakers,
         "providers that fail, and are given nothing: ", "; see /api/v1/providers"},
        {health->undelivered_last_hour, limits->undelivered, "",
         " messages of the last hour were not delivered"},
        {health->callback_overdue, limits->callbacks,
         "providers owe receipts for more than five minutes: ", ""},
        {health->exhausted_dispatches, limits->exhausted,
         "dispatches of the last hour for which nobody was found: ", ""},
        {health->pending_dispatches, limits->pending,
         "dispatches for which a technician is sought: ", ""},
        {health->failing_sinks, limits->sinks, "event sinks that fail: ", "; see /api/v1/sinks"},
        {health->failing_calendars, limits->calendars, "calendars that cannot be read: ", ""},
        {redis_away_seconds(op), limits->redis_seconds, "Redis cannot be used for ",
         " s, and all goes on without it"},
        {atomic_load(&op->site->stats->timers_quarantined), 1,
         "timers that gave up and are quarantined: ", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(measures); i++) {
        const struct measure *measure = &measures[i];
        if (measure->limit > 0 && measure->value >= measure->limit) {
            return arena_printf(op->arena, "%s%lld%s", measure->before, (long long)measure->value,
                                measure->after);
        }
    }
    if (health->retention_failing_seconds > 0) {
        return STR("archive files cannot be written, so that nothing goes that is past its "
                   "keeping; see /api/v1/archives");
    }
    return health->ping_failing_seconds > 0 ? STR("the ping to TOCSIN_PING_URL does not arrive")
                                            : STR_NONE;
}

static void judge(struct op *op, struct health *out)
{
    struct str paused = queue_paused_names(op);
    out->reason = why_degraded(op, out);
    if (!str_is_set(out->reason) && str_is_set(paused)) {
        out->reason = arena_printf(op->arena, "jobs are paused: %.*s", STR_FMT(paused));
    }
    out->status = str_is_set(out->reason) ? STR("degraded") : STR("ok");
    if (atomic_load(&op->site->stats->store_is_broken)) {
        out->status = STR("failing");
        out->reason =
            STR("the store does not take changes (is the disk full, or the database server away?)");
    }
}

enum err show_health(struct op *op, const void *input, void *output)
{
    (void)input;
    struct health *out = output;
    const struct stats *stats = op->site->stats;
    int64_t oldest_ms = atomic_load(&stats->oldest_due_ms);
    int64_t late_ms = oldest_ms == 0 ? 0 : instant_ms(op->now) - oldest_ms;
    int64_t silent_ms = atomic_load(&stats->ping_fails_since_ms);
    *out = (struct health){
        .timestamp = op->now,
        .service = STR("tocsin"),
        .version = op->site->version,
        .tzdata = zoneinfo_version(op->site->zones),
        .oldest_due_seconds = late_ms < 0 ? 0 : late_ms / 1000,
        .consecutive_failures = atomic_load(&stats->consecutive_failures),
        .pending_timers = atomic_load(&stats->pending_timers),
        /* One that has just failed counts, too. */
        .ping_failing_seconds = silent_ms == 0 ? 0 : 1 + (instant_ms(op->now) - silent_ms) / 1000,
    };
    enum err err = count(op, out);
    judge(op, out);
    if (err != OK) {
        out->status = STR("failing");
        out->reason = STR("the store cannot be read");
    }
    return OK;
}

enum err show_clock(struct op *op, const void *input, void *output)
{
    (void)input;
    *(struct clock_view *)output =
        (struct clock_view){.now = op->now, .is_virtual = op->site->is_virtual};
    return OK;
}

enum err script_mock_answer(struct op *op, const void *input, void *output)
{
    if (!op->site->has_mock) {
        return op_fail(op, E_NOT_FOUND, NULL, "no channel uses the mock provider");
    }
    TRY(op_may_change(op, ID_NONE));
    struct mock_answer_input script = *(const struct mock_answer_input *)input;
    if (!presence_has(op->given, record_field_index(&mock_answer_input_record, "after_seconds"))) {
        script.after_seconds = -1;
    }
    TRY(op->site->script_mock(op->site->script_context, &script, op->problem));
    ((struct mock_answer_view *)output)->scripted = true;
    return OK;
}

/* The language first: what is said of a link that has ended is said in it, too. */
static enum err fill_link(struct op *op, struct id meeting_id, struct link_view *out)
{
    struct meeting meeting = {0};
    struct user user = {0};
    TRY(op_not_found(op, db_get(op->db, TABLE_meetings, meeting_id, op->arena, &meeting),
                     "meeting"));
    TRY(op_not_found(op, db_get(op->db, TABLE_users, meeting.user_id, op->arena, &user), "person"));
    *out = (struct link_view){
        .language = render_language(user.locale),
        .name = user.name,
        .title = meeting.title,
        .starts_at = meeting.starts_at,
        .when = page_time(op, &user, meeting.starts_at),
        .join_url = meeting.join_url,
        .status = meeting.status,
        .answer = meeting.checkin_status,
    };
    return OK;
}

static enum err open_page(struct op *op, struct str token, struct link_view *out,
                          struct id *meeting)
{
    enum err err = link_open(op, token, meeting);
    if (err == OK || err == E_GONE) {
        TRY(fill_link(op, *meeting, out));
    }
    return err;
}

enum err show_link(struct op *op, const void *input, void *output)
{
    const struct link_input *given = input;
    return open_page(op, given->token, output, &(struct id){0});
}

/* Whoever opened the link has got the message that brought it: the newest, as a rule. */
static enum err confirm_link(struct op *op, const struct meeting *meeting)
{
    struct message message = {0};
    enum err err =
        messages_last_of_meeting(op->db, op->arena, meeting->id, meeting->user_id, &message);
    return err == OK ? message_confirm(op, &message, STR("link")) : err == E_NOT_FOUND ? OK : err;
}

enum err answer_link(struct op *op, const void *input, void *output)
{
    const struct link_input *given = input;
    struct checkin_result result = {0};
    struct meeting meeting = {0};
    struct id id = ID_NONE;
    TRY(open_page(op, given->token, output, &id));
    if (given->answer != checkin_status_JOINED && given->answer != checkin_status_MISSED) {
        return op_fail(op, E_INVALID, "answer", "must be JOINED or MISSED");
    }
    TRY(op_not_found(op, db_get(op->db, TABLE_meetings, id, op->arena, &meeting), "meeting"));
    struct checkin_request request = {.meeting = id,
                                      .user = meeting.user_id,
                                      .status = (enum checkin_status)given->answer,
                                      .source = checkin_source_LINK};
    TRY(confirm_link(op, &meeting));
    TRY(take_checkin(op, &request, &result));
    TRY(fill_link(op, id, output));
    ((struct link_view *)output)->is_done = true;
    return OK;
}
