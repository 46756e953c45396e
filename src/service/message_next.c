#include "service/message_internal.h"

#include "channel/failures.h"
#include "service/alerts.h"
#include "service/call_outcomes.h"
#include "service/dispatch_outcomes.h"
#include "service/engine.h"
#include "service/ladder.h"
#include "service/outcomes.h"
#include "service/providers.h"
#include "service/suppressions.h"

static bool is_about_recipient(enum failure_class class)
{
    return class == failure_class_RECIPIENT || class == failure_class_OPTED_OUT;
}

/* Only on a provider's word: a request that we could not even build says nothing about the address.
 * The mock has no classes. */
static enum err blame_address(struct op *op, const struct message *message, bool is_told)
{
    enum failure_class class = (enum failure_class)message->failure_class;
    bool is_sure = is_told || provider_is_played(op->site, message->provider);
    if (!is_sure || !is_about_recipient(class) || message->target == message_target_OPERATOR) {
        return OK;
    }
    return suppress(op, &(struct suppress_request){
                            .channel = (enum channel)message->channel,
                            .address = message->recipient,
                            .user = message->user_id,
                            .category = class == failure_class_OPTED_OUT
                                            ? failure_category_opted_out
                                            : failure_category_invalid_number,
                            .provider = message->provider,
                            .code = message->code,
                        });
}

/* The step's attempts so far: by which channels, and how many of this way ended like this one. */
struct history {
    unsigned tried;
    int tries;
    int64_t attempts;
};

static enum err read_history(struct op *op, const struct message *message,
                             const struct message_failure *failure, struct history *out)
{
    struct list attempts = {0};
    *out = (struct history){.tries = (int)message->attempt, .attempts = message->attempt};
    if (!id_is_set(message->step_id)) {
        return OK;
    }
    TRY(messages_of_step(op->db, op->arena, message, &attempts));
    const struct message *items = attempts.items;
    out->tries = 0;
    for (size_t i = 0; i < attempts.count; i++) {
        bool is_same_way =
            items[i].channel == message->channel && str_equal(items[i].provider, message->provider);
        bool had_left = instant_is_set(items[i].sent_at);
        out->tried |= 1u << items[i].channel;
        out->tries += is_same_way && had_left == (failure->stage == RETRY_ENDED) ? 1 : 0;
        out->attempts = items[i].attempt;
    }
    out->tries = out->tries < 1 ? 1 : out->tries;
    return OK;
}

/* The same way again, where its table allows that and the step is not over by then. */
static enum err try_again(struct op *op, const struct message *message,
                          const struct message_failure *failure, int tries, bool *went)
{
    struct duration wait = {0};
    struct retry_facts facts = {
        .stage = failure->stage,
        .class = (enum failure_class)message->failure_class,
        .category = (enum failure_category)message->category,
        /* K4's single retry is of calls that a person waits for; of the others there is no hurry
         * and no cap, so that the queue's retries hold (Q1). */
        .is_call = message->channel == channel_CALL && message->target != message_target_CALLEE,
        .is_temporary = failure->is_temporary,
        .is_mendable = failure->is_mendable,
        .tries = tries,
        .configured = op->site->retry_attempts,
        .configured_first = op->site->retry_first,
        .asked_for = failure->asked_for,
    };
    struct duration least = SECONDS(failure_wait_seconds(message->provider, message->code));
    facts.asked_for = facts.asked_for.us < least.us ? least : facts.asked_for;
    *went = false;
    bool is_callees =
        message->target == message_target_CALLEE &&
        (failure->stage == RETRY_ENDED || message->category == failure_category_rate_limited);
    if (is_callees) {
        return OK; /* The call's own table says when (service/call_outcomes). */
    }
    if (!retry_again(&op->site->rules.retries, &facts, &wait)) {
        return OK;
    }
    struct instant at = instant_add(op->now, wait);
    if (instant_is_set(message->valid_until) && !instant_before(at, message->valid_until)) {
        return OK;
    }
    *went = true;
    return timer_arm(op, (struct timer_request){timer_kind_MESSAGE_RETRY, message->id, at,
                                                (int)message->priority});
}

static enum err try_elsewhere(struct op *op, const struct message *message, bool *went)
{
    const struct provider *next = NULL;
    const char *reason = NULL;
    enum failure_class class = (enum failure_class)message->failure_class;
    *went = false;
    if (!retry_is_providers(class, (enum failure_category)message->category)) {
        return OK;
    }
    TRY(provider_next(op, message, &next));
    if (next == NULL) {
        return OK;
    }
    TRY(message_stale(op, message, &reason));
    if (reason != NULL) {
        return OK;
    }
    *went = true;
    op_log(op, LOG_WARN, LOG_WORKER, "%s goes on by provider %s: %s",
           enum_name(&channel_names, message->channel), next->name,
           enum_name(&failure_category_names, message->category));
    return message_next_attempt(op, message, message->is_repeat, str_from(next->name));
}

/* "sms_undelivered:unreachable" */
static const char *reason_of(const struct op *op, const struct message *message)
{
    const char *channel = enum_name(&channel_names, message->channel);
    const char *state = message->state == message_state_UNDELIVERED ? "undelivered" : "failed";
    char name[16] = {0};
    for (size_t i = 0; i < sizeof name - 1 && channel[i] != '\0'; i++) {
        name[i] =
            (char)(channel[i] >= 'A' && channel[i] <= 'Z' ? channel[i] - 'A' + 'a' : channel[i]);
    }
    return arena_printf(op->arena, "%s_%s:%s", name, state,
                        enum_name(&failure_category_names, message->category))
        .ptr;
}

static enum err try_next_channel(struct op *op, const struct message *message, const char *reason,
                                 const struct history *history, bool *went)
{
    const char *stale = NULL;
    struct onward onward = {
        .reason = reason, .tried = history->tried, .attempt = history->attempts + 1};
    *went = false;
    if (!id_is_set(message->step_id) || message->target == message_target_OPERATOR ||
        message->target == message_target_CALLEE) {
        return OK;
    }
    TRY(message_subject_stale(op, message, &stale));
    if (stale != NULL) {
        return OK;
    }
    if (message->subject_type == subject_type_DISPATCH) {
        return dispatch_goes_on(op, message, &onward, went);
    }
    return message->subject_type == subject_type_MEETING ? alert_goes_on(op, message, &onward, went)
                                                         : step_goes_on(op, message, &onward, went);
}

/* Nothing is left for this step: it has failed, or, where it counted as done, says why it did not
 * arrive. A ladder does not wait for its next step's time then. */
static enum err end_step(struct op *op, const struct message *message)
{
    struct str reason = str_from(reason_of(op, message));
    TRY(outcome_failed(op, message, str_is_set(message->error) ? message->error : reason));
    if (!id_is_set(message->step_id) || message->target == message_target_OPERATOR) {
        return OK;
    }
    TRY(outcome_undelivered(op, message, reason));
    return message->subject_type == subject_type_INCIDENT
               ? ladder_hurry_after(op, message->step_id, reason)
               : OK;
}

enum err message_follow(struct op *op, struct message *message,
                        const struct message_failure *failure)
{
    struct history history = {0};
    bool went = false;
    bool may_have_rung = failure->is_unknown || failure->stage == RETRY_ENDED;
    TRY(blame_address(op, message, failure->is_told));
    TRY(read_history(op, message, failure, &history));
    if (!failure->is_unknown) {
        TRY(try_again(op, message, failure, history.tries, &went));
        if (went) {
            return OK;
        }
        TRY(try_elsewhere(op, message, &went));
        if (went) {
            return OK;
        }
    }
    if (failure->stage != RETRY_ENDED) {
        atomic_fetch_add(&op->site->stats->consecutive_failures, 1);
    }
    if (message->target == message_target_CALLEE) {
        return call_message_failed(op, message, failure->asked_for);
    }
    if (!may_have_rung) {
        TRY(message_never_rang(op, message));
    }
    TRY(try_next_channel(op, message, reason_of(op, message), &history, &went));
    return went ? OK : end_step(op, message);
}

enum err message_never_rang(struct op *op, const struct message *message)
{
    if (message->channel != channel_CALL || message->target == message_target_CALLEE) {
        return OK;
    }
    /* A repeat has a place of its own: the attempt before it may have rung. */
    return id_is_set(message->step_id)
               ? call_slots_give_back_step(op->db, message->step_id, message->is_repeat)
               : call_slots_give_back(op->db, message->id);
}

enum err message_give_up(struct op *op, const struct message *message, const char *reason)
{
    const char *barred = NULL;
    struct history history = {0};
    struct message_failure never = {.stage = RETRY_NOT_SENT};
    bool went = false;
    TRY(message_barred(op, message, &barred));
    if (barred != NULL && str_equal_text(str_from(barred), reason)) {
        TRY(read_history(op, message, &never, &history));
        TRY(try_next_channel(op, message, barred, &history, &went));
    }
    return went ? OK : outcome_dropped(op, message, reason);
}

/* A provider that is not given anything at the moment is not waited for where another one can. */
static enum err provider_for_retry(struct op *op, const struct message *message, struct str *out)
{
    const struct provider *provider = site_provider(op->site, message->provider);
    bool may = true;
    *out = message->provider;
    if (provider != NULL) {
        TRY(provider_lets_through(op, provider, &may));
    }
    if (may) {
        return OK;
    }
    const struct provider *next = NULL;
    TRY(provider_next(op, message, &next));
    *out = next == NULL ? message->provider : str_from(next->name);
    return OK;
}

enum err retry_message(struct op *op, struct timer *timer)
{
    struct message message = {0};
    const char *reason = NULL;
    struct str provider = STR_NONE;
    TRY(db_get(op->db, TABLE_messages, timer->subject_id, op->arena, &message));
    TRY(message_stale(op, &message, &reason));
    if (reason != NULL) {
        TRY(message_never_rang(op, &message));
        return message_give_up(op, &message, reason);
    }
    TRY(provider_for_retry(op, &message, &provider));
    return message_next_attempt(op, &message, message.is_repeat, provider);
}
