#include "service/polls.h"

#include "channel/silent.h"
#include "domain/receipt.h"
#include "domain/retry.h"
#include "service/call_outcomes.h"
#include "service/engine.h"
#include "service/messages.h"
#include "service/operator.h"
#include "service/providers.h"
#include "store/messages.h"
#include "store/timers.h"

/* An end that nobody signed is asked for at once and then so long after it was told. At the last of
 * these its word is taken where the provider has not answered. */
static const struct duration proof_asked[] = {SECONDS_INIT(5), SECONDS_INIT(12), SECONDS_INIT(20),
                                              SECONDS_INIT(30)};
enum { PROOF_TAKEN = ARRAY_LENGTH(proof_asked) - 1, PROOF_LAST = PROOF_TAKEN - 1 };

/* What links are made of (site->public_url) is never empty, and says nothing about callbacks. */
static bool is_called_back(const struct op *op)
{
    return str_is_set(op->site->provider_settings.public_url);
}

/* Also of one that cannot be asked for yet: Plivo's callbacks bring the name that its calls are
 * asked for by, and where none comes at all, the operator is to hear of it. */
static bool will_be_asked(const struct op *op, const struct message *message)
{
    const struct provider *provider = site_provider(op->site, message->provider);
    return provider != NULL && provider->build_poll != silent_build_poll &&
           str_is_set(message->provider_id);
}

static bool can_be_asked(const struct op *op, const struct message *message)
{
    struct wire_request ignored = {0};
    return will_be_asked(op, message) &&
           site_provider(op->site, message->provider)
                   ->build_poll(&op->site->provider_settings, (enum channel)message->channel,
                                message->provider_id, op->arena, &ignored) == OK;
}

enum err poll_expect(struct op *op, const struct message *message)
{
    struct duration wait = {0};
    if (!will_be_asked(op, message)) {
        return OK;
    }
    bool is_more = poll_again(is_called_back(op), message->polls, &wait);
    (void)is_more; /* The first question is always allowed. */
    return timer_arm(op, (struct timer_request){timer_kind_POLL, message->id,
                                                instant_add(op->now, wait), PRIORITY_LOW});
}

enum err poll_at_once(struct op *op, const struct message *message, bool *is_asked)
{
    *is_asked = can_be_asked(op, message);
    if (!*is_asked) {
        return OK;
    }
    op_effect(op, (struct effect){.kind = EFFECT_FIND, .id = message->id});
    TRY(timers_cancel(op->db, timer_kind_POLL, message->id, op->now));
    return timer_arm(op,
                     (struct timer_request){timer_kind_POLL, message->id,
                                            instant_add(op->now, proof_asked[0]), PRIORITY_LOW});
}

enum err poll_goes_on(struct op *op, const struct message *message, struct instant since,
                      bool *is_denied)
{
    *is_denied = instant_since(op->now, since).us >= proof_asked[PROOF_LAST].us;
    if (!*is_denied) {
        return OK; /* What it answers may lag behind what it tells. */
    }
    TRY(timers_cancel(op->db, timer_kind_POLL, message->id, op->now));
    return poll_expect(op, message);
}

static enum err ask_for_proof(struct op *op, struct timer *timer, const struct message *message,
                              struct instant since)
{
    struct duration waited = instant_since(op->now, since);
    size_t next = 0;
    while (next <= PROOF_TAKEN && proof_asked[next].us <= waited.us) {
        next++;
    }
    if (next > PROOF_TAKEN) {
        return message_take_unproven(op, message);
    }
    op_effect(op, (struct effect){.kind = EFFECT_FIND, .id = message->id});
    timer_run_again(op, timer, instant_add(since, proof_asked[next]));
    return OK;
}

/* "poll:twilio:SMS" */
static struct operator_note note_about(struct op *op, const struct message *message)
{
    const char *channel = enum_name(&channel_names, message->channel);
    return (struct operator_note){
        .key = arena_printf(op->arena, "poll:%.*s:%s", STR_FMT(message->provider), channel),
    };
}

static enum err tell_silence(struct op *op, const struct message *message)
{
    struct operator_note note = note_about(op, message);
    const char *channel = enum_name(&channel_names, message->channel);
    note.title = arena_printf(op->arena, "%.*s does not say what became of %s messages",
                              STR_FMT(message->provider), channel);
    note.text = arena_printf(
        op->arena,
        "The provider %.*s took messages (%s) and has not said what became of them, although it "
        "was asked. Please check that its callbacks reach TOCSIN_PUBLIC_URL, and the provider's "
        "own status page. Further ones are counted in callbackOverdue of /health.",
        STR_FMT(message->provider), channel);
    note.words = text_key_OPERATOR_CALLBACKS_MISSING;
    note.provider = message->provider;
    return operator_tell(op, &note);
}

enum err poll_heard(struct op *op, const struct message *message)
{
    struct operator_note note = note_about(op, message);
    if (message->polls == 0) {
        return OK;
    }
    note.title = arena_printf(op->arena, "%.*s says again what became of its messages",
                              STR_FMT(message->provider));
    note.text = note.title;
    return operator_recovered(op, &note);
}

static bool is_waited_for(const struct message *message)
{
    bool is_open = message->state == message_state_SENT ||
                   (message->channel == channel_CALL && message->state == message_state_ANSWERED);
    return is_open && !instant_is_set(message->ended_at);
}

enum err poll_message(struct op *op, struct timer *timer)
{
    struct message message = {0};
    struct duration wait = {0};
    struct instant unproven = INSTANT_NONE;
    TRY(db_get(op->db, TABLE_messages, timer->subject_id, op->arena, &message));
    if (!is_waited_for(&message)) {
        return OK;
    }
    TRY(message_unproven_since(op, &message, &unproven));
    if (instant_is_set(unproven)) {
        return ask_for_proof(op, timer, &message, unproven);
    }
    if (!poll_again(is_called_back(op), message.polls, &wait)) {
        if (message.target == message_target_CALLEE) {
            TRY(call_message_silent(op, &message));
        }
        /* One that left the provider was spoken of; that no carrier confirms it is common. */
        return message.receipt_level <= receipt_level_ACCEPTED ? tell_silence(op, &message) : OK;
    }
    TRY(messages_count_poll(op->db, message.id, op->now));
    op_effect(op, (struct effect){.kind = EFFECT_FIND, .id = message.id});
    poll_again(is_called_back(op), message.polls + 1, &wait);
    timer_run_again(op, timer, instant_add(op->now, wait));
    return OK;
}
