#include "service/courier_internal.h"
#include "service/unsubscribe.h"
#include "store/messages.h"

/* What has no end of its own dies at its provider all the same before it is of no use any more: a
 * handset that is switched on hours later gets no old pages (V9). Here it waits as long as its
 * subject does. */
static const struct duration text_valid = SECONDS_INIT(1800);

/* Clocks are set right by less without anybody noticing. */
static const struct duration clock_slack = SECONDS_INIT(30);
/* What left by a clock that has been set back since may have left so long ago. */
static const struct duration lost_claim_max = SECONDS_INIT(3600);

static struct instant claimed_at(const struct op *op, const struct message *message)
{
    return instant_is_set(message->claimed_at) ? message->claimed_at : op->now;
}

/* The row's own time tells it still when message_settle has believed its claim to be new. */
static struct instant made_since(const struct op *op, const struct message *message)
{
    struct instant claimed = claimed_at(op, message);
    bool is_lost = instant_before(op->now, instant_max(claimed, message->created_at));
    return is_lost ? instant_sub(op->now, lost_claim_max) : instant_sub(claimed, clock_slack);
}

static struct instant valid_until(const struct op *op, const struct message *message)
{
    bool is_text = message->channel == channel_SMS || message->channel == channel_WHATSAPP;
    return instant_is_set(message->valid_until) || !is_text ? message->valid_until
                                                            : instant_add(op->now, text_valid);
}

/* What speaks in a scheduled call; NULL for other messages. */
static const struct agent *agent_of(const struct op *op, const struct message *message)
{
    bool is_of_agent = message->target == message_target_CALLEE && op->call != NULL;
    return is_of_agent ? agent_cache_find(&op->writer->agents, op->call->agent_id) : NULL;
}

void courier_describe(const struct op *op, const struct message *message, struct flight *flight)
{
    struct arena *arena = flight->arena;
    char id[ID_TEXT_MAX];
    const struct agent *agent = agent_of(op, message);
    flight->message = message->id;
    flight->begun_at = op->now;
    flight->job = (struct send_job){
        .channel = (enum channel)message->channel,
        .attempt = arena_str(arena, id_format(op->site->id_key, message->wire_id, id)),
        .to = arena_str(arena, message->recipient),
        .subject = arena_str(arena, message->subject_line),
        .text = arena_str(arena, message->text),
        .html = arena_str(arena, message->html),
        .invite = arena_str(arena, message->invite),
        .thread = id_is_set(message->subject_id)
                      ? arena_str(arena, id_format(op->site->id_key, message->subject_id, id))
                      : STR_NONE,
        .language = arena_str(arena, message->language),
        .from = arena_str(arena, message->from_number),
        .template_id = arena_str(arena, message->template_id),
        .template_variables = arena_str(arena, message->template_variables),
        .unsubscribe_url = unsubscribe_url(op, message, arena),
        .machine = agent == NULL ? machine_action_NONE : (enum machine_action)agent->on_machine,
        .is_said_once = message->target == message_target_CALLEE,
        .voice = agent == NULL ? STR_NONE : arena_str(arena, agent->voice),
        .now = op->now,
        .claimed_at = claimed_at(op, message),
        .made_since = made_since(op, message),
        .valid_until = valid_until(op, message),
    };
}
