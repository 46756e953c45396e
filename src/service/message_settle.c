#include "service/message_internal.h"

#include "service/call_outcomes.h"
#include "service/engine.h"
#include "service/inbox.h"
#include "service/outcomes.h"
#include "service/polls.h"
#include "service/providers.h"

#include "channel/silent.h"

#include <assert.h>

static const struct duration find_again = SECONDS_INIT(10);
static const struct duration find_give_up = SECONDS_INIT(60);
/* "Not there" is believed from this long after the claim on: the provider may still be at work on
 * the request that looked lost, and its list may lag behind. */
static const struct duration call_settles = SECONDS_INIT(10);
static const struct duration text_settles = SECONDS_INIT(5);
/* Providers tell to the second when they made something. */
static const struct duration found_within = SECONDS_INIT(1);

static enum err fail_message(struct op *op, struct message *message, const struct verdict *verdict)
{
    message->state = message_state_FAILED;
    message->ended_at = op->now;
    message->error = str_is_set(verdict->error) ? verdict->error : STR("refused");
    message->category =
        verdict->category == failure_category_NONE ? failure_category_unknown : verdict->category;
    message->code = verdict->code;
    message->failure_class =
        (int)retry_class(verdict->class, (enum failure_category)message->category);
    TRY(messages_failed(op->db, message));
    TRY(message_note(op, message,
                     verdict->kind == VERDICT_REFUSED ? message_source_CREATE
                                                      : message_source_ENGINE,
                     message->error));
    return message_log_call(op, message, "failed", message->error);
}

static enum err fail_and_follow(struct op *op, struct message *message,
                                const struct verdict *verdict)
{
    struct message_failure failure = {
        .stage = verdict->kind == VERDICT_NOT_SENT ? RETRY_NOT_SENT : RETRY_REFUSED,
        .is_temporary = verdict->is_temporary,
        .is_mendable = verdict->is_mendable,
        .is_told = verdict->class != failure_class_NONE,
        .is_unknown = verdict->kind == VERDICT_UNKNOWN,
        .asked_for = SECONDS(verdict->retry_after_seconds),
    };
    TRY(fail_message(op, message, verdict));
    op_log(op, LOG_WARN, message->channel == channel_CALL ? LOG_CALL : LOG_WORKER,
           "%s failed: category=%s %.*s", enum_name(&channel_names, message->channel),
           enum_name(&failure_category_names, message->category), STR_FMT(message->error));
    return message_follow(op, message, &failure);
}

/* Nobody there knows of it, so that nothing more will be heard: it is over, and counts for nothing
 * that waits for news. */
static enum err end_test(struct op *op, struct message *message)
{
    message->ended_at = op->now;
    TRY(messages_receipt(op->db, message));
    return message->target == message_target_CALLEE ? call_message_heard(op, message) : OK;
}

enum err message_accept(struct op *op, struct message *message, enum message_source source,
                        struct str provider_id)
{
    atomic_store(&op->site->stats->consecutive_failures, 0);
    message->provider_id = provider_id;
    TRY(messages_sent(op->db, message->id, op->now, provider_id));
    message->state = message_state_SENT;
    message->receipt_level = receipt_level_ACCEPTED;
    message->sent_at = op->now;
    message->error = STR_NONE;
    message->category = 0;
    TRY(message_note(op, message, source,
                     message_is_test(message) ? STR("test mode: built and checked, not sent")
                                              : STR_NONE));
    if (message->channel == channel_CALL) {
        bool is_mock = str_equal(message->provider, STR("mock"));
        op_log(op, LOG_INFO, is_mock ? LOG_CALL_MOCK : LOG_CALL, "%s SID=%.*s",
               is_mock ? "Mock call" : "Call", STR_FMT(provider_id_shown(provider_id)));
    }
    TRY(message_log_call(op, message, "initiated", STR_NONE));
    TRY(outcome_accepted(op, message));
    if (message_is_test(message)) {
        return end_test(op, message);
    }
    TRY(poll_expect(op, message));
    TRY(inbox_expect(op, message));
    return message_take_early_news(op, message);
}

enum err message_ask_again(struct op *op, const struct message *message, struct instant at)
{
    return timer_arm(op,
                     (struct timer_request){timer_kind_RECONCILE, message->id, at, PRIORITY_HIGH});
}

/* A call that was cancelled while its provider was taking it, and that the provider has no name
 * for: it may be about to ring, so that the provider is asked for it, to stop it. */
static enum err settle_cancelled(struct op *op, struct message *message,
                                 const struct verdict *verdict)
{
    bool may_ring = verdict->kind == VERDICT_UNKNOWN && message->channel == channel_CALL &&
                    !str_is_set(message->provider_id);
    if (may_ring && instant_since(op->now, message->claimed_at).us <= find_give_up.us) {
        return message_ask_again(op, message, instant_add(op->now, call_stop_again));
    }
    if (verdict->kind != VERDICT_UNKNOWN) {
        TRY(message_never_rang(op, message));
    }
    return message_log_call(op, message, "failed", verdict->error);
}

/* The answer to a send whose message is not waiting for it any more. A person's answer may have
 * cancelled it while the provider was taking it: then a call is stopped there. Or the provider's
 * own news came first, and all that is new is what it calls the message; a name that the news gave
 * is the newer one. */
static enum err settle_late(struct op *op, struct message *message, const struct verdict *verdict)
{
    bool is_cancelled = message->state == message_state_CANCELLED;
    bool is_news = !str_is_set(message->provider_id);
    if (verdict->kind != VERDICT_ACCEPTED) {
        return is_cancelled ? settle_cancelled(op, message, verdict) : OK;
    }
    if (is_news) {
        message->provider_id = verdict->provider_id;
        TRY(messages_set_provider_id(op->db, message->id, verdict->provider_id));
        TRY(is_cancelled || instant_is_set(message->ended_at) ? OK : poll_expect(op, message));
    }
    if (is_cancelled && message->channel == channel_CALL) {
        op_effect(op, (struct effect){.kind = EFFECT_CANCEL, .id = message->id});
    }
    return is_cancelled && is_news ? message_log_call(op, message, "initiated", message->error)
                                   : OK;
}

/* What the provider said instead of an answer stays with the message: it is the reason if nothing
 * better is heard. */
static enum err begin_to_ask(struct op *op, struct message *message, const struct verdict *verdict)
{
    message->error = verdict->error;
    message->category = (int)verdict->category;
    message->code = verdict->code;
    TRY(messages_unclear(op->db, message));
    TRY(message_note(op, message, message_source_CREATE, message->error));
    op_log(op, LOG_WARN, LOG_WORKER, "%s: nobody knows whether it was taken; asking",
           enum_name(&channel_names, message->channel));
    op_effect(op, (struct effect){.kind = EFFECT_FIND, .id = message->id});
    return OK;
}

enum err message_settle_send(struct op *op, struct message *message, const struct verdict *verdict)
{
    if (message->state != message_state_SENDING) {
        return settle_late(op, message, verdict);
    }
    switch (verdict->kind) {
    case VERDICT_ACCEPTED:
        op_decided(op);
        return message_accept(op, message, message_source_CREATE, verdict->provider_id);
    case VERDICT_REFUSED:
    case VERDICT_NOT_SENT:
        return fail_and_follow(op, message, verdict);
    case VERDICT_UNKNOWN:
        return begin_to_ask(op, message, verdict);
    }
    assert(!"every verdict is listed");
    return E_INTERNAL;
}

/* How long its provider is asked for it: half of the time that it has, so that it can be repeated.
 */
static struct duration patience_of(const struct message *message)
{
    struct duration patience = find_give_up;
    if (instant_is_set(message->valid_until)) {
        int64_t half = instant_since(message->valid_until, message->claimed_at).us / 2;
        patience.us = half < patience.us ? half : patience.us;
    }
    return patience;
}

/* The fate stays unknown: once more, by the next provider where there is one, then never again. */
static enum err repeat_once(struct op *op, struct message *message)
{
    bool is_said = message->category != 0;
    struct verdict lost = {.kind = VERDICT_UNKNOWN,
                           .error = STR("its fate is unknown"),
                           .code = message->code,
                           .category = is_said ? (enum failure_category)message->category
                                               : failure_category_timeout};
    if (str_is_set(message->error)) {
        lost.error = arena_printf(op->arena, "its fate is unknown: %.*s", STR_FMT(message->error));
    }
    const char *reason = NULL;
    TRY(message_stale(op, message, &reason));
    if (reason != NULL) {
        TRY(message_log_call(op, message, "failed", lost.error));
        return message_drop(op, message, reason);
    }
    bool has_place = false;
    TRY(message_has_place(op, message, &has_place));
    if (message->is_repeat || !has_place) {
        return fail_and_follow(op, message, &lost);
    }
    const struct provider *next = NULL;
    TRY(fail_message(op, message, &lost));
    TRY(provider_next(op, message, &next));
    struct str provider = next == NULL ? message->provider : str_from(next->name);
    op_log(op, LOG_WARN, LOG_WORKER, "%s is repeated once by %.*s: its fate is unknown",
           enum_name(&channel_names, message->channel), STR_FMT(provider));
    return message_next_attempt(op, message, true, provider);
}

static bool may_call_us(const struct op *op, const struct message *message)
{
    const struct provider *provider = site_provider(op->site, message->provider);
    return str_is_set(op->site->provider_settings.public_url) && provider != NULL &&
           provider->check_hook != silent_check_hook;
}

/* Whether a later message to the same phone, of which nobody knows either, left before this was
 * made: then it is rather that one's. */
static enum err fits_better(struct op *op, const struct message *message,
                            const struct verdict *verdict, size_t at, bool *out)
{
    *out = false;
    if (verdict->found_at == NULL || !instant_is_set(verdict->found_at[at])) {
        return OK;
    }
    struct instant after = instant_add(message->claimed_at, found_within);
    struct instant until = instant_add(verdict->found_at[at], found_within);
    return messages_unnamed_beside(op->db, message, after, until, out);
}

/* Among the attempts that look like this one at its provider, the first that belongs to no other
 * message of ours. Absent where all do, or fit another better: then this one is not there, as far
 * as anybody can tell. */
static enum err find_own(struct op *op, const struct message *message,
                         const struct verdict *verdict, struct str *out)
{
    *out = STR_NONE;
    for (size_t i = 0; i <= verdict->other_count; i++) {
        struct str candidate = i == 0 ? verdict->provider_id : verdict->others[i - 1];
        bool is_others = false;
        TRY(messages_provider_id_taken(op->db, message, candidate, &is_others));
        TRY(is_others ? OK : fits_better(op, message, verdict, i, &is_others));
        if (!is_others) {
            *out = candidate;
            return OK;
        }
    }
    return OK;
}

/* What was found may be another message's to the same phone, of which nobody knows either. Its
 * provider's news tell whose it is, in a moment; what is wrongly taken for this one would never be
 * sent, or be stopped in the other's place. */
static enum err is_doubtful(struct op *op, const struct message *message, bool *out)
{
    struct instant patience = instant_add(message->claimed_at, patience_of(message));
    *out = false;
    return may_call_us(op, message) && instant_before(op->now, patience)
               ? messages_unnamed_beside(op->db, message, instant_sub(op->now, find_give_up),
                                         op->now, out)
               : OK;
}

static struct instant settled_at(const struct message *message)
{
    return instant_add(message->claimed_at,
                       message->channel == channel_CALL ? call_settles : text_settles);
}

/* What was taken up by a clock that was ahead is no older than now, and waits no longer than what
 * is taken up now. */
static enum err believe_claim(struct op *op, struct message *message)
{
    if (message->state != message_state_SENDING || !instant_before(op->now, message->claimed_at)) {
        return OK;
    }
    message->claimed_at = op->now;
    return messages_claim_again(op->db, message->id, op->now);
}

/* A call of which its provider lists nothing at all has not rung, and leaves its place to the next
 * (K2); what it lists, and another message has, may be this one's after all. */
enum err message_settle_find(struct op *op, struct message *message, const struct verdict *verdict)
{
    struct str own = STR_NONE;
    struct verdict found = *verdict;
    bool is_in_doubt = false;
    TRY(believe_claim(op, message));
    if (verdict->kind == VERDICT_ACCEPTED) {
        TRY(find_own(op, message, verdict, &own));
        TRY(str_is_set(own) ? is_doubtful(op, message, &is_in_doubt) : OK);
        found.provider_id = own;
        found.kind = is_in_doubt       ? VERDICT_UNKNOWN
                     : str_is_set(own) ? VERDICT_ACCEPTED
                                       : VERDICT_NOT_SENT;
    }
    bool may_come = found.kind == VERDICT_NOT_SENT && instant_before(op->now, settled_at(message));
    bool is_absent = verdict->kind == VERDICT_NOT_SENT && !may_come;
    if (message->state != message_state_SENDING) {
        found.kind = found.kind == VERDICT_NOT_SENT && !is_absent ? VERDICT_UNKNOWN : found.kind;
        return settle_late(op, message, &found);
    }
    switch (found.kind) {
    case VERDICT_ACCEPTED:
        return message_accept(op, message, message_source_POLL, own);
    case VERDICT_NOT_SENT:
        TRY(is_absent ? message_never_rang(op, message) : OK);
        return may_come ? message_ask_again(op, message, settled_at(message))
                        : repeat_once(op, message);
    case VERDICT_REFUSED:
    case VERDICT_UNKNOWN:
        if (instant_since(op->now, message->claimed_at).us >= patience_of(message).us) {
            return repeat_once(op, message);
        }
        return message_ask_again(op, message, instant_add(op->now, find_again));
    }
    assert(!"every verdict is listed");
    return E_INTERNAL;
}

enum err message_repeat(struct op *op, struct message *message)
{
    TRY(believe_claim(op, message));
    struct instant patience = instant_add(message->claimed_at, find_give_up);
    if (message->state != message_state_SENDING) {
        return message->state == message_state_CANCELLED
                   ? message_log_call(op, message, "failed", STR("its fate is unknown"))
                   : OK;
    }
    if (may_call_us(op, message) && instant_before(op->now, patience)) {
        return message_ask_again(op, message, patience);
    }
    return repeat_once(op, message);
}

enum err reconcile_message(struct op *op, struct timer *timer)
{
    struct message message = {0};
    TRY(db_get(op->db, TABLE_messages, timer->subject_id, op->arena, &message));
    bool is_stop = message.state == message_state_CANCELLED && str_is_set(message.provider_id);
    op_effect(op, (struct effect){.kind = is_stop ? EFFECT_CANCEL : EFFECT_FIND,
                                  .id = timer->subject_id});
    return OK;
}
