#include "service/messages.h"

#include "domain/receipt.h"
#include "service/engine.h"
#include "service/outcomes.h"
#include "service/person.h"
#include "store/incidents.h"

#include <assert.h>

enum { CALL_RETRIES = 1 };

static const struct duration find_again = SECONDS_INIT(10);
static const struct duration find_give_up = SECONDS_INIT(60);

static const struct provider *provider_of(const struct op *op, enum channel channel)
{
    return op->site->providers[channel];
}

static enum err insert_message(struct op *op, struct message *message)
{
    bool is_inside = message->channel == channel_IN_APP;
    if (is_inside) {
        message->state = message_state_DELIVERED;
        message->receipt_level = receipt_level_REACHED;
        message->sent_at = message->delivered_at = op->now;
    } else {
        op_effect(op, (struct effect){.kind = EFFECT_SEND,
                                      .id = message->id,
                                      .priority = (int)message->priority});
    }
    return db_insert(op->db, TABLE_messages, op->arena, message);
}

enum err message_queue(struct op *op, const struct message_plan *plan, struct id *out)
{
    const struct provider *provider = provider_of(op, plan->channel);
    struct message message = {
        .id = op_new_id(op),
        .subject_type = plan->subject_type,
        .subject_id = plan->subject,
        .step_id = plan->step,
        .meeting_id = plan->meeting,
        .user_id = plan->user,
        .target = plan->target,
        .channel = plan->channel,
        .provider = plan->channel == channel_IN_APP ? STR("in-app") : str_from(provider->name),
        .recipient = plan->recipient,
        .subject_line = plan->subject_line,
        .text = plan->text,
        .html = plan->html,
        .invite = plan->invite,
        .state = message_state_QUEUED,
        .attempt = 1,
        .priority = plan->priority,
        .created_at = op->now,
        .due_at = plan->due_at,
        .valid_until = plan->valid_until,
    };
    message.wire_id = message.id;
    if (plan->channel == channel_CALL && id_is_set(plan->meeting)) {
        struct call_place place = {plan->meeting, plan->user, plan->target, message.id};
        TRY(call_slots_take(op->db, &place));
    }
    *out = message.id;
    return insert_message(op, &message);
}

static enum err subject_stale(struct op *op, const struct message *message, const char **reason)
{
    if (instant_is_set(message->valid_until) && !instant_before(op->now, message->valid_until)) {
        *reason = message->channel == channel_CALL ? "outside_critical_window" : "interval_passed";
        return OK;
    }
    if (message->subject_type == subject_type_MEETING) {
        return outcome_meeting_stale(op, message, reason);
    }
    if (message->subject_type == subject_type_INCIDENT &&
        message->target != message_target_OPERATOR) {
        return outcome_incident_stale(op, message, reason);
    }
    return OK;
}

/* A call that was tried again, or waited, may have come into its person's quiet hours (P3). */
static enum err call_is_quiet(struct op *op, const struct message *message, const char **reason)
{
    struct user user = {0};
    if (message->channel != channel_CALL || message->target != message_target_PERSON ||
        !id_is_set(message->user_id)) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_users, message->user_id, op->arena, &user));
    *reason = person_reach(op, &user).is_quiet ? "quiet_hours" : NULL;
    return OK;
}

enum err message_stale(struct op *op, const struct message *message, const char **reason)
{
    *reason = NULL;
    TRY(subject_stale(op, message, reason));
    return *reason == NULL ? call_is_quiet(op, message, reason) : OK;
}

static enum err log_call(struct op *op, const struct message *message, const char *status,
                         struct str error)
{
    struct call_log row = {
        .id = op_new_id(op),
        .message_id = message->id,
        .meeting_id = message->meeting_id,
        .user_id = message->user_id,
        .status = str_from(status),
        .provider = message->provider,
        .sid = message->provider_id,
        .error = error,
        .category = message->category,
        .created_at = op->now,
    };
    return message->channel == channel_CALL ? db_insert(op->db, TABLE_call_logs, op->arena, &row)
                                            : OK;
}

enum err log_refused_call(struct op *op, struct id meeting, struct id user,
                          const struct reach_choice *choice)
{
    bool is_limit = choice->outcome == REACH_RATE_LIMITED;
    struct call_log row = {
        .id = op_new_id(op),
        .meeting_id = meeting,
        .user_id = user,
        .status = is_limit ? STR("rate_limited") : STR("skipped"),
        .provider = str_from(provider_of(op, channel_CALL)->name),
        .error = str_from(choice->reason),
        .category = is_limit ? failure_category_rate_limited : 0,
        .created_at = op->now,
    };
    return db_insert(op->db, TABLE_call_logs, op->arena, &row);
}

enum err message_drop(struct op *op, const struct message *message, const char *reason)
{
    enum err err = messages_cancel(op->db, message->id, op->now, str_from(reason));
    if (err == E_CONFLICT) {
        return OK;
    }
    TRY(err);
    if (message->state == message_state_QUEUED) {
        TRY(call_slots_give_back(op->db, message->id));
        TRY(log_call(op, message, "skipped", str_from(reason)));
    }
    op_log(op, LOG_INFO, message->channel == channel_CALL ? LOG_CALL : LOG_WORKER, "%s dropped: %s",
           enum_name(&channel_names, message->channel), reason);
    return outcome_dropped(op, message, reason);
}

static enum err stop_one(struct op *op, const struct message *message, const char *reason)
{
    bool was_handed_over = message->state != message_state_QUEUED;
    bool is_ringing = message->channel == channel_CALL && !instant_is_set(message->delivered_at);
    if (message->state == message_state_QUEUED || message->state == message_state_SENDING ||
        (message->state == message_state_SENT && is_ringing)) {
        TRY(message_drop(op, message, reason));
    }
    if (was_handed_over && is_ringing && str_is_set(message->provider_id)) {
        op_effect(op, (struct effect){.kind = EFFECT_CANCEL, .id = message->id});
    }
    return OK;
}

enum err messages_stop_subject(struct op *op, struct id subject, const char *reason)
{
    struct list open = {0};
    TRY(messages_open_of_subject(op->db, op->arena, subject, &open));
    const struct message *messages = open.items;
    for (size_t i = 0; i < open.count; i++) {
        TRY(stop_one(op, &messages[i], reason));
    }
    return OK;
}

static enum err fail_message(struct op *op, struct message *message, const struct verdict *verdict)
{
    message->ended_at = op->now;
    message->error = str_is_set(verdict->error) ? verdict->error : STR("refused");
    message->category =
        verdict->category == failure_category_NONE ? failure_category_unknown : verdict->category;
    return messages_failed(op->db, message);
}

static enum err give_up(struct op *op, struct message *message, const struct verdict *verdict)
{
    atomic_fetch_add(&op->site->stats->consecutive_failures, 1);
    TRY(fail_message(op, message, verdict));
    TRY(log_call(op, message, "failed", message->error));
    /* A call that certainly never rang does not count as one of the person's two (K2). */
    bool never_rang = verdict->kind != VERDICT_UNKNOWN && !message->is_repeat;
    if (message->channel == channel_CALL && never_rang && id_is_set(message->step_id)) {
        TRY(call_slots_give_back_step(op->db, message->step_id));
    }
    op_log(op, LOG_WARN, message->channel == channel_CALL ? LOG_CALL : LOG_WORKER,
           "%s failed: category=%s %.*s", enum_name(&channel_names, message->channel),
           enum_name(&failure_category_names, message->category), STR_FMT(message->error));
    return outcome_failed(op, message, message->error);
}

static enum err accepted(struct op *op, struct message *message, const struct verdict *verdict)
{
    atomic_store(&op->site->stats->consecutive_failures, 0);
    message->provider_id = verdict->provider_id;
    TRY(messages_sent(op->db, message->id, op->now, verdict->provider_id));
    if (message->channel == channel_CALL) {
        bool is_mock = str_equal(message->provider, STR("mock"));
        op_log(op, LOG_INFO, is_mock ? LOG_CALL_MOCK : LOG_CALL, "%s SID=%.*s",
               is_mock ? "Mock call" : "Call", STR_FMT(message->provider_id));
    }
    TRY(log_call(op, message, "initiated", STR_NONE));
    return outcome_accepted(op, message);
}

static bool may_retry(const struct op *op, const struct message *message,
                      const struct verdict *verdict)
{
    bool is_network = verdict->kind == VERDICT_NOT_SENT;
    if (message->channel == channel_CALL) {
        return is_network && message->attempt <= CALL_RETRIES;
    }
    return (is_network || verdict->is_temporary) && message->attempt <= op->site->retry_attempts;
}

static enum err retry_later(struct op *op, struct message *message, const struct verdict *verdict)
{
    struct duration wait = backoff(op->site->retry_first, (int)message->attempt);
    if (wait.us < SECONDS(verdict->retry_after_seconds).us) {
        wait = SECONDS(verdict->retry_after_seconds);
    }
    TRY(fail_message(op, message, verdict));
    TRY(log_call(op, message, "failed", message->error));
    return timer_arm(op,
                     (struct timer_request){timer_kind_MESSAGE_RETRY, message->id,
                                            instant_add(op->now, wait), (int)message->priority});
}

/* The answer to a send whose message is not waiting for it any more. A person's answer may have
 * cancelled it while the provider was taking it: then a call is stopped there. Or the provider's
 * own news came first, and all that is new is what it calls the message. */
static enum err settle_late(struct op *op, struct message *message, const struct verdict *verdict)
{
    bool is_cancelled = message->state == message_state_CANCELLED;
    bool is_news = !str_is_set(message->provider_id);
    if (verdict->kind != VERDICT_ACCEPTED) {
        return is_cancelled ? log_call(op, message, "failed", verdict->error) : OK;
    }
    message->provider_id = verdict->provider_id;
    TRY(messages_set_provider_id(op->db, message->id, verdict->provider_id));
    if (is_cancelled && message->channel == channel_CALL) {
        op_effect(op, (struct effect){.kind = EFFECT_CANCEL, .id = message->id});
    }
    return is_cancelled && is_news ? log_call(op, message, "initiated", message->error) : OK;
}

enum err message_settle_send(struct op *op, struct message *message, const struct verdict *verdict)
{
    if (message->state != message_state_SENDING) {
        return settle_late(op, message, verdict);
    }
    switch (verdict->kind) {
    case VERDICT_ACCEPTED:
        op_decided(op);
        return accepted(op, message, verdict);
    case VERDICT_REFUSED:
    case VERDICT_NOT_SENT:
        return may_retry(op, message, verdict) ? retry_later(op, message, verdict)
                                               : give_up(op, message, verdict);
    case VERDICT_UNKNOWN:
        op_log(op, LOG_WARN, LOG_WORKER, "%s: nobody knows whether it was taken; asking",
               enum_name(&channel_names, message->channel));
        op_effect(op, (struct effect){.kind = EFFECT_FIND, .id = message->id});
        return OK;
    }
    assert(!"every verdict is listed");
    return E_INTERNAL;
}

enum err message_settle_find(struct op *op, struct message *message, const struct verdict *verdict)
{
    if (message->state != message_state_SENDING) {
        return settle_late(op, message, verdict);
    }
    switch (verdict->kind) {
    case VERDICT_ACCEPTED:
        return accepted(op, message, verdict);
    case VERDICT_NOT_SENT:
        return message_repeat(op, message);
    case VERDICT_REFUSED:
    case VERDICT_UNKNOWN:
        if (instant_since(op->now, message->claimed_at).us > find_give_up.us) {
            return message_repeat(op, message);
        }
        return timer_arm(op,
                         (struct timer_request){timer_kind_RECONCILE, message->id,
                                                instant_add(op->now, find_again), PRIORITY_HIGH});
    }
    assert(!"every verdict is listed");
    return E_INTERNAL;
}

static enum err next_attempt(struct op *op, const struct message *before, bool is_repeat,
                             struct id wire_id)
{
    struct message message = *before;
    message.id = op_new_id(op);
    message.wire_id = id_is_set(wire_id) ? wire_id : message.id;
    message.attempt = before->attempt + 1;
    message.is_repeat = is_repeat;
    message.state = message_state_QUEUED;
    message.receipt_level = 0;
    message.provider_id = message.error = STR_NONE;
    message.category = 0;
    message.created_at = op->now;
    message.claimed_at = message.sent_at = message.delivered_at = message.ended_at = INSTANT_NONE;
    TRY(insert_message(op, &message));
    return outcome_next_attempt(op, &message);
}

enum err message_repeat(struct op *op, struct message *message)
{
    struct verdict lost = {.kind = VERDICT_UNKNOWN,
                           .error = STR("its fate is unknown"),
                           .category = failure_category_timeout};
    const char *reason = NULL;
    TRY(message_stale(op, message, &reason));
    if (reason != NULL) {
        TRY(log_call(op, message, "failed", lost.error));
        return message_drop(op, message, reason);
    }
    if (message->is_repeat) {
        return give_up(op, message, &lost);
    }
    TRY(fail_message(op, message, &lost));
    TRY(log_call(op, message, "failed", message->error));
    op_log(op, LOG_WARN, LOG_WORKER, "%s is repeated once: its fate is unknown",
           enum_name(&channel_names, message->channel));
    /* Mail servers drop a second copy with the same Message-ID; a provider that can be asked gets
     * an id of its own. */
    return next_attempt(op, message, true,
                        message->channel == channel_EMAIL ? message->wire_id : ID_NONE);
}

enum err retry_message(struct op *op, struct timer *timer)
{
    struct message message = {0};
    const char *reason = NULL;
    TRY(db_get(op->db, TABLE_messages, timer->subject_id, op->arena, &message));
    TRY(message_stale(op, &message, &reason));
    if (reason != NULL) {
        return outcome_dropped(op, &message, reason);
    }
    return next_attempt(op, &message, false, ID_NONE);
}

enum err reconcile_message(struct op *op, struct timer *timer)
{
    op_effect(op, (struct effect){.kind = EFFECT_FIND, .id = timer->subject_id});
    return OK;
}

enum err message_take_news(struct op *op, const struct message_news *news)
{
    struct message message = {0};
    enum err err = db_get(op->db, TABLE_messages, news->attempt, op->arena, &message);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    struct receipt known = {message.state, message.receipt_level};
    struct receipt told = {news->state, news->level};
    struct receipt now = known;
    bool is_ending = news->is_end && !instant_is_set(message.ended_at);
    if (!receipt_apply(known, told, &now) && !is_ending) {
        return OK;
    }
    message.state = now.state;
    message.receipt_level = now.level;
    if (now.state == message_state_DELIVERED || now.state == message_state_ANSWERED) {
        message.delivered_at = op->now;
    }
    if (news->is_end) {
        message.ended_at = op->now;
    }
    bool is_failure = now.state == message_state_UNDELIVERED ||
                      now.state == message_state_NO_ANSWER || now.state == message_state_BUSY;
    message.error = news->is_machine ? STR("voicemail")
                    : is_failure     ? str_from(enum_name(&message_state_names, now.state))
                                     : STR_NONE;
    message.category = now.state == message_state_BUSY        ? failure_category_busy
                       : now.state == message_state_NO_ANSWER ? failure_category_no_answer
                       : is_failure                           ? failure_category_unreachable
                                                              : 0;
    if (known.state == message_state_SENDING) {
        /* The news overtook the provider's own answer: it was taken, or there would be no news. */
        message.provider_id = news->provider_id;
        TRY(messages_sent(op->db, message.id, op->now, message.provider_id));
        TRY(log_call(op, &message, "initiated", STR_NONE));
        TRY(outcome_accepted(op, &message));
    }
    return messages_receipt(op->db, &message);
}
