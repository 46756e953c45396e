#include "service/dispatch_asks.h"

#include "service/engine.h"
#include "service/link.h"
#include "service/person.h"
#include "service/spend.h"
#include "service/wording.h"

/* A technician may be called as often as they are asked: K2 caps calls about a person's own
 * meetings. */
static struct reach_limits limits_of(const struct op *op)
{
    struct reach_limits limits = person_limits(op);
    limits.calls_left = 1;
    return limits;
}

static struct message_plan plan_of(const struct op *op, const struct dispatch_ask *ask,
                                   enum channel channel)
{
    return (struct message_plan){
        .subject_type = subject_type_DISPATCH,
        .subject = ask->dispatch->id,
        .user = ask->user->id,
        .target = message_target_PERSON,
        .channel = channel,
        .recipient = recipient_of(ask->user, message_target_PERSON, channel),
        .due_at = op->now,
        .priority = PRIORITY_HIGH,
    };
}

enum err dispatch_word(struct op *op, const struct dispatch_ask *ask, enum channel channel,
                       struct message_plan *out)
{
    struct wording wording = {
        .key =
            ask->dispatch->turn_attempts > 1 ? text_key_DISPATCH_FOLLOW_UP : text_key_DISPATCH_ASK,
        .user = ask->user,
        .title = ask->dispatch->issue_summary,
        .phone = ask->dispatch->caller_phone,
        .link = link_for_dispatch(op, ask->technician),
    };
    *out = plan_of(op, ask, channel);
    /* What has not left by then is asked anew, in other words. */
    out->valid_until = ask->dispatch->next_at;
    return word_message(op, &wording, out);
}

static enum err skip(struct op *op, const struct dispatch_ask *ask,
                     const struct reach_choice *choice)
{
    if (choice->channel == channel_CALL) {
        TRY(log_refused_call(op, ID_NONE, ask->user->id, choice));
    }
    return dispatch_tell(op, ask->dispatch,
                         &(struct dispatch_fact){.kind = dispatch_event_kind_SKIPPED,
                                                 .method = dispatch_method_of(choice->channel),
                                                 .technician = ask->technician,
                                                 .result = str_from(choice->reason)});
}

static struct str reason_with(const struct op *op, struct str why, const char *reason)
{
    if (reason == NULL) {
        return str_is_set(why) ? why : STR("asked");
    }
    return str_is_set(why) ? arena_printf(op->arena, "%s; %.*s", reason, STR_FMT(why))
                           : str_from(reason);
}

static enum err send(struct op *op, const struct dispatch_ask *ask, struct message_plan *plan,
                     const char *reason)
{
    struct message message = {.state = message_state_QUEUED};
    struct dispatch_fact fact = {
        .id = op_new_id(op),
        .kind = dispatch_event_kind_ATTEMPT,
        .method = dispatch_method_of(plan->channel),
        .technician = ask->technician,
        .message = &message,
        .result = reason_with(op, ask->why, reason),
    };
    plan->step = fact.id;
    TRY(message_queue(op, plan, &message.id));
    return dispatch_tell(op, ask->dispatch, &fact);
}

/* By one way; `used` are the bits 1u << channel of those of this attempt. A call that falls back to
 * a text that goes out anyway is left out. */
static enum err ask_by(struct op *op, const struct dispatch_ask *ask, enum wanted wanted,
                       unsigned *used)
{
    struct reach reach = {0};
    struct reach_limits limits = limits_of(op);
    struct message_plan plan = {0};
    const char *too_dear = NULL;
    TRY(person_reach(op, ask->user, &reach));
    struct reach_choice choice = reach_choose(wanted, &reach, &limits);
    if (choice.outcome == REACH_SEND && (*used >> choice.channel & 1u) == 0) {
        TRY(dispatch_word(op, ask, choice.channel, &plan));
        TRY(spend_allows(op, &plan, &too_dear));
    }
    if (too_dear != NULL) {
        TRY(person_unpaid(op, ask->user, message_target_PERSON, too_dear, &choice));
        TRY(dispatch_word(op, ask, choice.channel, &plan));
    }
    if (choice.outcome != REACH_SEND || (*used >> choice.channel & 1u) != 0) {
        choice.channel = channel_of_wanted(wanted);
        return skip(op, ask, &choice);
    }
    *used |= 1u << choice.channel;
    return send(op, ask, &plan, choice.reason);
}

static bool is_removed(const struct user *user)
{
    return !id_is_set(user->id) || instant_is_set(user->deleted_at);
}

enum err dispatch_ask(struct op *op, const struct dispatch_ask *ask, bool *asked)
{
    unsigned used = 0;
    *asked = false;
    if (is_removed(ask->user)) {
        return dispatch_tell(op, ask->dispatch,
                             &(struct dispatch_fact){.kind = dispatch_event_kind_SKIPPED,
                                                     .method = dispatch_method_ENGINE,
                                                     .technician = ask->technician,
                                                     .result = STR("person_removed")});
    }
    TRY(ask_by(op, ask, WANTED_MESSAGE, &used));
    if (urgency_calls((enum urgency)ask->dispatch->level)) {
        TRY(ask_by(op, ask, WANTED_CALL, &used));
    }
    if (used == 0 && str_is_set(ask->user->email)) {
        TRY(ask_by(op, ask, WANTED_EMAIL, &used)); /* Texts are switched off (A4). */
    }
    *asked = used != 0;
    return OK;
}

enum err dispatch_reachable(struct op *op, const struct dispatch_ask *ask, const char **why_not)
{
    struct reach reach = {0};
    struct reach_limits limits = limits_of(op);
    *why_not = "person_removed";
    if (is_removed(ask->user)) {
        return OK;
    }
    TRY(person_reach(op, ask->user, &reach));
    struct reach_choice text = reach_choose(WANTED_MESSAGE, &reach, &limits);
    struct reach_choice call = reach_choose(WANTED_CALL, &reach, &limits);
    struct reach_choice mail = reach_choose(WANTED_EMAIL, &reach, &limits);
    bool by_call = urgency_calls((enum urgency)ask->dispatch->level) && call.outcome == REACH_SEND;
    bool by_any = text.outcome == REACH_SEND || mail.outcome == REACH_SEND || by_call;
    *why_not = by_any ? NULL : text.reason;
    return OK;
}

enum err dispatch_notify(struct op *op, const struct dispatch *dispatch, struct id user_id,
                         enum text_key key)
{
    struct user user = {0};
    struct reach reach = {0};
    struct reach_limits limits = limits_of(op);
    struct id ignored = ID_NONE;
    const char *too_dear = NULL;
    TRY(db_get(op->db, TABLE_users, user_id, op->arena, &user));
    TRY(person_reach(op, &user, &reach));
    struct reach_choice choice = reach_choose(WANTED_MESSAGE, &reach, &limits);
    if (is_removed(&user) || choice.outcome != REACH_SEND) {
        return OK;
    }
    struct dispatch_ask ask = {.dispatch = dispatch, .user = &user};
    struct wording wording = {.key = key, .user = &user, .title = dispatch->issue_summary};
    struct message_plan plan = plan_of(op, &ask, choice.channel);
    TRY(word_message(op, &wording, &plan));
    TRY(spend_allows(op, &plan, &too_dear));
    return too_dear == NULL ? message_queue(op, &plan, &ignored) : OK;
}
