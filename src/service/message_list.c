#include "service/messages.h"
#include "store/delivery.h"

enum err list_messages(struct op *op, const void *input, void *output)
{
    const struct message_list_input *wanted = input;
    struct message_list *out = output;
    struct message_page page = {
        .user = wanted->user_id,
        .subject = wanted->subject_id,
        .channel = wanted->channel,
        .limit = page_limit(wanted->limit) + 1,
    };
    if (op->actor.scope == key_scope_USER && !id_is_set(page.user)) {
        page.user = op->actor.user;
    }
    TRY(op_may_read(op, page.user));
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(messages_page(op->db, op->arena, &page, &out->messages, &out->total));
    const struct message *messages = out->messages.items;
    if (page_trim(&out->messages, page.limit - 1)) {
        out->cursor = op_cursor_text(op, messages[out->messages.count - 1].id);
    }
    return OK;
}

enum err get_message(struct op *op, const void *input, void *output)
{
    (void)input;
    struct message *message = output;
    TRY(op_not_found(op, db_get(op->db, TABLE_messages, op->path_id, op->arena, message),
                     "message"));
    TRY(op_may_read(op, message->user_id));
    return message_events_of(op->db, op->arena, message->id, &message->transitions);
}
