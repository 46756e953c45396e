#include "service/status.h"

#include "channel/render.h"
#include "service/checkins.h"
#include "service/link.h"
#include "service/messages.h"
#include "service/page_words.h"
#include "store/calendars.h"
#include "store/dispatches.h"
#include "store/messages.h"
#include "store/timers.h"

enum { OVERDUE_SECONDS_MAX = 10, FAILURES_MAX = 3, UNDELIVERED_MAX = 10 };

static const struct duration receipt_patience = SECONDS_INIT(300);

static enum err count(struct op *op, struct health *out)
{
    struct instant hour_ago = instant_sub(op->now, HOURS(1));
    TRY(timers_retrying(op->db, &out->active_retries));
    TRY(dispatches_open_count(op->db, &out->pending_dispatches));
    TRY(messages_way_count(op->db, &out->messages_on_their_way));
    TRY(messages_failed_since(op->db, hour_ago, &out->undelivered_last_hour));
    TRY(messages_unreceipted(op->db, hour_ago, instant_sub(op->now, receipt_patience),
                             &out->callback_overdue));
    TRY(db_number(op->db, S_breakers_open, &out->open_breakers, NO_PARAMS));
    return db_number(op->db, S_calendars_failing, &out->failing_calendars, NO_PARAMS);
}

static void judge(struct op *op, struct health *out)
{
    const struct stats *stats = op->site->stats;
    out->status = STR("degraded");
    if (atomic_load(&stats->store_is_broken)) {
        out->status = STR("failing");
        out->reason = STR("the store does not take changes (is the disk full?)");
    } else if (out->oldest_due_seconds > OVERDUE_SECONDS_MAX) {
        out->reason = arena_printf(op->arena, "the oldest due timer is %lld s late",
                                   (long long)out->oldest_due_seconds);
    } else if (out->consecutive_failures >= FAILURES_MAX) {
        out->reason = arena_printf(op->arena, "%lld sends in a row failed",
                                   (long long)out->consecutive_failures);
    } else if (out->open_breakers > 0) {
        out->reason = STR("a provider fails, and nothing is given to it for a while; see "
                          "/api/v1/providers");
    } else if (out->undelivered_last_hour >= UNDELIVERED_MAX) {
        out->reason = STR("many messages of the last hour were not delivered");
    } else if (out->callback_overdue > 0) {
        out->reason = STR("providers owe receipts for more than five minutes");
    } else if (atomic_load(&stats->timers_quarantined) > 0) {
        out->reason = STR("timers gave up and are quarantined");
    } else {
        out->status = STR("ok");
    }
}

enum err show_health(struct op *op, const void *input, void *output)
{
    (void)input;
    struct health *out = output;
    const struct stats *stats = op->site->stats;
    int64_t oldest_ms = atomic_load(&stats->oldest_due_ms);
    int64_t late_ms = oldest_ms == 0 ? 0 : instant_ms(op->now) - oldest_ms;
    *out = (struct health){
        .timestamp = op->now,
        .service = STR("tocsin"),
        .version = op->site->version,
        .tzdata = zoneinfo_version(op->site->zones),
        .oldest_due_seconds = late_ms < 0 ? 0 : late_ms / 1000,
        .consecutive_failures = atomic_load(&stats->consecutive_failures),
        .pending_timers = atomic_load(&stats->pending_timers),
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
