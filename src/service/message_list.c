#include "service/link.h"
#include "service/message_internal.h"
#include "service/messages.h"
#include "service/providers.h"
#include "store/delivery.h"
#include "store/timers.h"

enum err message_shown_words(struct op *op, struct message *message)
{
    const struct provider *provider = provider_find(message->provider);
    TRY(message_words(op, message));
    message->text = link_shown_text(op, message->text);
    if (message->channel != channel_CALL || provider == NULL) {
        return OK;
    }
    struct send_job job = {.channel = channel_CALL,
                           .text = message->text,
                           .language = message->language,
                           .is_said_once = message->target == message_target_CALLEE};
    TRY(message_last_code(op, message, &job.last_code));
    message->text = provider->spoken(&op->site->provider_settings, &job, op->arena);
    return OK;
}

static enum err with_bodies(struct op *op, struct list *list)
{
    struct message *whole = ARENA_NEW_ARRAY(op->arena, struct message, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        whole[i] = ((const struct message *)list->items)[i];
        TRY(message_shown_words(op, &whole[i]));
    }
    list->items = whole;
    return OK;
}

enum err list_messages(struct op *op, const void *input, void *output)
{
    const struct message_list_input *wanted = input;
    struct message_list *out = output;
    struct message_page page = {
        .user = wanted->user_id,
        .subject = wanted->subject_id,
        .channel = wanted->channel,
        .is_newest_first = wanted->newest,
        .limit = page_limit(wanted->limit) + 1,
    };
    if (op->actor.scope == key_scope_USER && !id_is_set(page.user)) {
        page.user = op->actor.user;
    }
    TRY(op_may_read(op, page.user));
    TRY(op_cursor(op, wanted->cursor, &page.after));
    if (str_is_set(wanted->text)) {
        return message_search(op, wanted, &page, out);
    }
    TRY(messages_page(op->db, op->arena, &page, &out->messages, &out->total));
    const struct message *messages = out->messages.items;
    if (page_trim(op, &out->messages, page.limit - 1)) {
        out->cursor = op_cursor_text(op, messages[out->messages.count - 1].id);
    }
    return with_bodies(op, &out->messages);
}

/* By priority and age, at the pace that is set: lanes share fairly among people, so that it may be
 * somewhat earlier or later. */
static enum err place_in_queue(struct op *op, struct message *message)
{
    const struct provider *provider = provider_find(message->provider);
    if (message->state != message_state_QUEUED || provider == NULL) {
        return OK;
    }
    int64_t ahead = 0;
    int64_t segments = 0;
    TRY(messages_ahead(op->db, message, &ahead, &segments));
    int64_t rate = provider_rate(op->site, provider, (enum channel)message->channel);
    int64_t units = message->channel == channel_SMS ? segments : ahead;
    struct queue_place *place = ARENA_NEW(op->arena, struct queue_place);
    *place = (struct queue_place){.position = ahead + 1, .expected_at = op->now};
    if (rate > 0) {
        place->expected_at = instant_add(op->now, MILLISECONDS((units + 1) * 1000000 / rate));
    }
    message->queue = place;
    return OK;
}

static enum err when_again(struct op *op, struct message *message)
{
    struct timer timer = {0};
    enum err err =
        timers_of_subject(op->db, op->arena, timer_kind_MESSAGE_RETRY, message->id, &timer);
    message->retry_at = timer.due_at;
    return err == E_NOT_FOUND ? OK : err;
}

/* Others than machines are not told twice: what failed for them has gone on by itself. */
static enum err may_replay(struct op *op, const struct message *message)
{
    struct timer timer = {0};
    bool has_failed =
        message->state == message_state_FAILED || message->state == message_state_UNDELIVERED;
    if (message->channel != channel_WEBHOOK) {
        return op_fail(op, E_OPERATION, NULL,
                       "only a webhook is replayed: to people a message goes on by itself, as its "
                       "policy says");
    }
    enum err err =
        timers_of_subject(op->db, op->arena, timer_kind_MESSAGE_RETRY, message->id, &timer);
    if (err != E_NOT_FOUND) {
        TRY(err);
        return op_fail(op, E_OPERATION, NULL, "it is tried again by itself already");
    }
    return has_failed ? OK
                      : op_fail(op, E_OPERATION, NULL, "only a webhook that failed is replayed");
}

enum err replay_message(struct op *op, const void *input, void *output)
{
    struct message *message = output;
    (void)input;
    TRY(op_not_found(op, db_get(op->db, TABLE_messages, op->path_id, op->arena, message),
                     "message"));
    TRY(op_may_change(op, ID_NONE)); /* Posts go to whoever runs Tocsin, whomever they are about. */
    TRY(may_replay(op, message));
    TRY(op_audit(op, (struct audit_entry){.action = "MESSAGE_REPLAYED",
                                          .subject_type = (enum subject_type)message->subject_type,
                                          .subject = message->subject_id,
                                          .user = message->user_id,
                                          .before = message->error,
                                          .after = op_id_text(op, message->id)}));
    enum err err = message_next_attempt(op, message, message->is_repeat, message->provider);
    TRY(err == E_DUPLICATE ? op_fail(op, E_OPERATION, NULL, "it was tried again already") : err);
    return message_shown_words(op, message);
}

enum err get_message(struct op *op, const void *input, void *output)
{
    (void)input;
    struct message *message = output;
    TRY(op_not_found(op, db_get(op->db, TABLE_messages, op->path_id, op->arena, message),
                     "message"));
    TRY(op_may_read(op, message->user_id));
    TRY(message_shown_words(op, message));
    TRY(place_in_queue(op, message));
    TRY(when_again(op, message));
    return message_story(op, message, &message->transitions);
}
