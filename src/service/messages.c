#include "service/messages.h"

#include "service/call_outcomes.h"
#include "service/call_voice.h"
#include "service/dispatch_outcomes.h"
#include "service/message_internal.h"
#include "service/notifications.h"
#include "service/outcomes.h"
#include "service/person.h"
#include "service/providers.h"
#include "service/suppressions.h"
#include "store/delivery.h"

enum err message_note(struct op *op, const struct message *message, enum message_source source,
                      struct str detail)
{
    bool is_beginning =
        message->state == message_state_QUEUED || message->state == message_state_SENDING;
    bool is_in_row = is_beginning && source == message_source_ENGINE && !str_is_set(detail);
    struct message_event event = {
        .id = is_in_row ? ID_NONE : op_new_id(op),
        .message_id = message->id,
        .at = op->now,
        .state = message->state,
        .receipt_level = message->receipt_level,
        .source = (int)source,
        .provider_state = message->provider_state,
        .code = message->code,
        .detail = detail,
    };
    op->writer->message_changes++;
    /* Of what stands in the message's own row nothing is written: message_story tells it. */
    TRY(is_in_row ? OK : db_insert(op->db, TABLE_message_events, op->arena, &event));
    return message->subject_type == subject_type_DISPATCH ? dispatch_receipt(op, message, detail)
                                                          : OK;
}

static void begin_story(const struct message *message, enum message_state state, struct instant at,
                        struct message_event *out)
{
    *out = (struct message_event){
        .message_id = message->id, .at = at, .state = (int)state, .source = message_source_ENGINE};
}

/* Stores of before that wrote down the begin of each message, too. */
static bool tells_beginning(const struct list *known)
{
    const struct message_event *events = known->items;
    return known->count > 0 && events[0].state == message_state_QUEUED;
}

enum err message_story(struct op *op, const struct message *message, struct list *out)
{
    struct list known = {0};
    size_t count = 0;
    TRY(message_events_of(op->db, op->arena, message->id, &known));
    *out = known;
    if (message->channel == channel_IN_APP || tells_beginning(&known)) {
        return OK;
    }
    struct message_event *all = ARENA_NEW_ARRAY(op->arena, struct message_event, known.count + 2);
    begin_story(message, message_state_QUEUED, message->created_at, &all[count++]);
    if (instant_is_set(message->claimed_at)) {
        begin_story(message, message_state_SENDING, message->claimed_at, &all[count++]);
    }
    for (size_t i = 0; i < known.count; i++) {
        all[count++] = ((const struct message_event *)known.items)[i];
    }
    *out = (struct list){all, count};
    return OK;
}

enum err message_insert(struct op *op, struct message *message)
{
    bool is_inside = message->channel == channel_IN_APP;
    if (is_inside) {
        message->state = message_state_DELIVERED;
        message->receipt_level = receipt_level_LEFT; /* REACHED once it was seen. */
        message->sent_at = message->delivered_at = op->now;
    } else {
        op_effect(op, (struct effect){.kind = EFFECT_SEND,
                                      .id = message->id,
                                      .priority = (int)message->priority});
    }
    TRY(messages_add(op->db, op->arena, message));
    return message_note(op, message, message_source_ENGINE, STR_NONE);
}

static bool is_counted(const struct message *message)
{
    return message->channel == channel_CALL && id_is_set(message->meeting_id);
}

static enum err take_place(struct op *op, const struct message *message)
{
    struct call_place place = {message->meeting_id, message->user_id,
                               (enum message_target)message->target, message->id};
    return is_counted(message) ? call_slots_take(op->db, &place) : OK;
}

enum err message_has_place(struct op *op, const struct message *message, bool *out)
{
    int64_t left = 1;
    TRY(is_counted(message) ? call_slots_free(op->db, message->meeting_id, message->user_id,
                                              (enum message_target)message->target, &left)
                            : OK);
    *out = left > 0;
    return OK;
}

enum err message_queue(struct op *op, const struct message_plan *plan, struct id *out)
{
    const struct provider *provider = NULL;
    if (plan->channel != channel_IN_APP) {
        TRY(provider_first(op, plan->channel, plan->recipient, &provider));
    }
    struct message message = {
        .id = op_new_id(op),
        .subject_type = plan->subject_type,
        .subject_id = plan->subject,
        .step_id = plan->step,
        .meeting_id = plan->meeting,
        .user_id = plan->user,
        .target = plan->target,
        .channel = plan->channel,
        .provider = plan->channel == channel_IN_APP ? STR("in-app")
                    : provider == NULL              ? STR("none")
                                                    : str_from(provider->name),
        .recipient = plan->recipient,
        .subject_line = plan->subject_line,
        .text = plan->text,
        .html = plan->html,
        .from_number = plan->from_number,
        .invite = plan->invite,
        .language = plan->language,
        .template_id = plan->template_id,
        .template_variables = plan->template_variables,
        .segments = plan->segments,
        .state = message_state_QUEUED,
        .attempt = plan->attempt == 0 ? 1 : plan->attempt,
        .priority = plan->priority,
        .created_at = op->now,
        .due_at = plan->due_at,
        .valid_until = plan->valid_until,
    };
    message.wire_id = message.id;
    TRY(take_place(op, &message));
    *out = message.id;
    TRY(message_insert(op, &message));
    return plan->channel == channel_IN_APP ? notification_add(op, message.id, plan) : OK;
}

enum err message_words(struct op *op, struct message *message)
{
    return message->target == message_target_CALLEE ? call_words(op, message)
                                                    : messages_body(op->db, op->arena, message);
}

enum err message_subject_stale(struct op *op, const struct message *message, const char **reason)
{
    if (instant_is_set(message->valid_until) && !instant_before(op->now, message->valid_until)) {
        bool has_window = message->channel == channel_CALL && id_is_set(message->meeting_id);
        *reason = has_window ? "outside_critical_window" : "interval_passed";
        return OK;
    }
    if (message->target == message_target_OPERATOR) {
        return OK;
    }
    if (message->subject_type == subject_type_MEETING) {
        return outcome_meeting_stale(op, message, reason);
    }
    if (message->subject_type == subject_type_DISPATCH) {
        return dispatch_stale(op, message, reason);
    }
    if (message->subject_type == subject_type_SCHEDULED_CALL) {
        return call_message_stale(op, message, reason);
    }
    return message->subject_type == subject_type_INCIDENT
               ? outcome_incident_stale(op, message, reason)
               : OK;
}

/* A call that was tried again, or waited, may have come into its person's quiet hours (P3). */
static enum err call_is_quiet(struct op *op, const struct message *message, const char **reason)
{
    struct user user = {0};
    struct step step = {0};
    if (message->channel != channel_CALL || message->target != message_target_PERSON ||
        !id_is_set(message->user_id)) {
        return OK;
    }
    if (message->subject_type == subject_type_INCIDENT && id_is_set(message->step_id)) {
        TRY(db_get(op->db, TABLE_steps, message->step_id, op->arena, &step));
    }
    if (step.overrides_quiet_hours) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_users, message->user_id, op->arena, &user));
    *reason = person_is_quiet(op, &user) ? "quiet_hours" : NULL;
    return OK;
}

/* A STOP may have come while it waited (P4). */
static enum err is_suppressed(struct op *op, const struct message *message, const char **reason)
{
    bool any = false;
    enum failure_category category = failure_category_NONE;
    if (message->target == message_target_OPERATOR || message->target == message_target_CALLEE) {
        return OK; /* A callee's are among what service/callable knows. */
    }
    TRY(suppressions_any(op->db, &any));
    if (any) {
        TRY(suppression_of(op, (enum channel)message->channel, message->recipient, &category));
    }
    *reason = reach_suppressed_reason(category);
    return OK;
}

enum err message_barred(struct op *op, const struct message *message, const char **reason)
{
    *reason = NULL;
    TRY(call_is_quiet(op, message, reason));
    return *reason == NULL ? is_suppressed(op, message, reason) : OK;
}

enum err message_stale(struct op *op, const struct message *message, const char **reason)
{
    *reason = NULL;
    TRY(message_subject_stale(op, message, reason));
    return *reason == NULL ? message_barred(op, message, reason) : OK;
}

enum err message_log_call(struct op *op, const struct message *message, const char *status,
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
    const struct provider *provider = op->site->providers[channel_CALL];
    struct call_log row = {
        .id = op_new_id(op),
        .meeting_id = meeting,
        .user_id = user,
        .status = is_limit ? STR("rate_limited") : STR("skipped"),
        .provider = str_from(provider == NULL ? "none" : provider->name),
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
        TRY(message_never_rang(op, message));
        TRY(message_log_call(op, message, "skipped", str_from(reason)));
    }
    struct message dropped = *message;
    dropped.state = message_state_CANCELLED;
    TRY(message_note(op, &dropped, message_source_ENGINE, str_from(reason)));
    op_log(op, LOG_INFO, message->channel == channel_CALL ? LOG_CALL : LOG_WORKER, "%s dropped: %s",
           enum_name(&channel_names, message->channel), reason);
    return message_give_up(op, message, reason);
}

enum err message_last_code(struct op *op, const struct message *message, struct str *out)
{
    struct list attempts = {0};
    *out = STR_NONE;
    if (message->attempt < 2 || !id_is_set(message->step_id)) {
        return OK;
    }
    TRY(messages_of_step(op->db, op->arena, message, &attempts));
    const struct message *items = attempts.items;
    for (size_t i = 0; i < attempts.count; i++) {
        bool is_before = items[i].attempt == message->attempt - 1 &&
                         items[i].channel == message->channel &&
                         str_equal(items[i].provider, message->provider);
        *out = is_before && !instant_is_set(items[i].sent_at) ? items[i].code : *out;
    }
    return OK;
}

bool message_is_test(const struct message *message)
{
    return str_starts(message->provider_id, STR("TEST-"));
}

enum err message_claimed(struct op *op, struct message *message)
{
    TRY(messages_claim(op->db, message->id, op->now, message->provider));
    message->state = message_state_SENDING;
    message->claimed_at = op->now;
    return message_note(op, message, message_source_ENGINE, STR_NONE);
}

/* Receivers of mail drop a second copy with the same Message-ID, and those of a webhook a second
 * post with the same id, which may have been acted on though its answer was a 5xx. A provider that
 * can be asked gets an id of its own for each attempt. */
static bool keeps_wire_id(const struct message *before, bool is_repeat)
{
    return before->channel == channel_WEBHOOK || (before->channel == channel_EMAIL && is_repeat);
}

enum err message_next_attempt(struct op *op, const struct message *before, bool is_repeat,
                              struct str provider)
{
    struct message message = *before;
    TRY(messages_body(op->db, op->arena, &message));
    message.id = op_new_id(op);
    message.wire_id = keeps_wire_id(before, is_repeat) ? before->wire_id : message.id;
    message.attempt = before->attempt + 1;
    message.is_repeat = is_repeat;
    message.provider = provider;
    message.state = message_state_QUEUED;
    message.receipt_level = 0;
    message.provider_id = message.error = message.code = message.provider_state = STR_NONE;
    message.currency = STR_NONE;
    message.cost_micros = message.polls = message.duration_seconds = 0;
    message.category = message.failure_class = 0;
    message.created_at = op->now;
    message.claimed_at = message.sent_at = message.delivered_at = message.ended_at = INSTANT_NONE;
    message.asked_at = message.stopped_at = INSTANT_NONE;
    /* What may have rung keeps its place; what certainly has not leaves it to the next attempt. */
    TRY(is_repeat && !before->is_repeat ? take_place(op, &message) : OK);
    TRY(message_insert(op, &message));
    return outcome_next_attempt(op, &message);
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

enum err messages_stop_person(struct op *op, struct id subject, struct id user, const char *reason)
{
    struct list open = {0};
    TRY(messages_open_of_subject(op->db, op->arena, subject, &open));
    const struct message *messages = open.items;
    for (size_t i = 0; i < open.count; i++) {
        if (!id_is_set(user) || id_equal(messages[i].user_id, user)) {
            TRY(stop_one(op, &messages[i], reason));
        }
    }
    return OK;
}

enum err messages_stop_subject(struct op *op, struct id subject, const char *reason)
{
    return messages_stop_person(op, subject, ID_NONE, reason);
}
