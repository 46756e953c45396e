#include "service/operator.h"

#include "service/engine.h"
#include "service/notifications.h"
#include "service/providers.h"
#include "service/wording.h"
#include "store/providers.h"

/* What was never seen to end may be told again. */
static const struct duration forget_after = SECONDS_INIT(7 * 86400);

static struct message_plan plan_of(struct op *op, const struct operator_note *note,
                                   enum channel channel, struct str recipient)
{
    bool has_subject = note->subject_type != 0 && id_is_set(note->subject);
    return (struct message_plan){
        .subject_type = has_subject ? note->subject_type : subject_type_SYSTEM,
        .subject = has_subject ? note->subject : ID_NONE,
        .user = note->user,
        .target = message_target_OPERATOR,
        .channel = channel,
        .recipient = recipient,
        .subject_line = arena_printf(op->arena, "Tocsin: %.*s", STR_FMT(note->title)),
        .text = channel == channel_SMS
                    ? arena_printf(op->arena, "Tocsin: %.*s.", STR_FMT(note->title))
                    : note->text,
        .due_at = op->now,
        .priority = PRIORITY_MEDIUM,
    };
}

/* The text of the occasion, or that of the rules file, where the note has one. */
static enum err word_note(struct op *op, const struct operator_note *note,
                          struct message_plan *plan)
{
    struct user nobody = {.name = STR("operator")};
    struct wording wording = {
        .key = note->words,
        .user = &nobody,
        .provider = note->provider,
        .error = note->error,
        .count = note->count,
        .since = note->since,
        .title = note->about,
        .person = note->person,
    };
    if (!str_is_set(note->about)) {
        wording.link =
            arena_printf(op->arena, "%.*s/api/v1/providers", STR_FMT(op->site->public_url));
    }
    bool has_words = note->words != text_key_NONE && plan->channel != channel_WEBHOOK;
    return has_words ? word_message(op, &wording, plan) : OK;
}

static enum err tell_by(struct op *op, const struct operator_note *note, enum channel channel,
                        struct str recipient)
{
    struct message_plan plan = plan_of(op, note, channel, recipient);
    struct id ignored = ID_NONE;
    TRY(word_note(op, note, &plan));
    return message_queue(op, &plan, &ignored);
}

/* Whether something that is promised now would leave soon. */
static enum err channel_works(struct op *op, enum channel channel, struct str recipient, bool *out)
{
    const struct provider *provider = NULL;
    *out = false;
    if (!str_is_set(recipient)) {
        return OK;
    }
    TRY(provider_first(op, channel, recipient, &provider));
    return provider == NULL ? OK : provider_lets_through(op, provider, out);
}

static enum err tell_all(struct op *op, const struct operator_note *note)
{
    const struct site *site = op->site;
    bool has_email = false;
    bool has_text = false;
    op_log(op, LOG_WARN, LOG_WORKER, "for the operator: %.*s. %.*s", STR_FMT(note->title),
           STR_FMT(note->text));
    TRY(notification_add_note(op, note));
    TRY(channel_works(op, channel_EMAIL, site->operator_email, &has_email));
    TRY(channel_works(op, channel_SMS, site->operator_phone, &has_text));
    if (has_email || (str_is_set(site->operator_email) && !has_text)) {
        TRY(tell_by(op, note, channel_EMAIL, site->operator_email));
    } else if (has_text) {
        TRY(tell_by(op, note, channel_SMS, site->operator_phone));
    }
    return str_is_set(site->operator_webhook)
               ? tell_by(op, note, channel_WEBHOOK, site->operator_webhook)
               : OK;
}

enum err operator_tell(struct op *op, const struct operator_note *note)
{
    bool is_new = false;
    TRY(operator_notes_add(op->db, note->key, op->now, instant_sub(op->now, forget_after),
                           &is_new));
    return is_new ? tell_all(op, note) : OK;
}

enum err operator_recovered(struct op *op, const struct operator_note *note)
{
    bool was_told = false;
    TRY(operator_notes_remove(op->db, note->key, &was_told));
    return was_told ? tell_all(op, note) : OK;
}
