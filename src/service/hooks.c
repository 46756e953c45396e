#include "service/hooks.h"

#include "service/answers.h"
#include "service/checkins.h"
#include "service/messages.h"
#include "service/replies.h"
#include "service/voice.h"

/* The call that news is about: by our id, which stood in the URL, or by theirs. */
static enum err find_call(struct op *op, const struct provider *provider,
                          const struct provider_news *news, struct message *out, bool *is_known)
{
    struct id attempt = ID_NONE;
    struct str name = str_from(provider->name);
    enum err err = E_NOT_FOUND;
    if (str_is_set(news->attempt) && id_parse(op->site->id_key, news->attempt, &attempt) == OK) {
        err = db_get(op->db, TABLE_messages, attempt, op->arena, out);
    } else if (str_is_set(news->provider_id)) {
        err = messages_by_provider_id(op->db, op->arena, name, news->provider_id, out);
    }
    *is_known = err == OK && out->channel == channel_CALL && str_equal(out->provider, name);
    return err == E_NOT_FOUND ? OK : err;
}

static enum err picked_up(struct op *op, const struct provider *provider,
                          const struct provider_news *news, struct hook_reply *out)
{
    struct message message = {0};
    bool is_known = false;
    out->has_page = true;
    TRY(find_call(op, provider, news, &message, &is_known));
    if (!is_known) {
        return voice_for_nobody(op, &out->page);
    }
    struct provider_news told = *news;
    told.kind = NEWS_STATE;
    told.attempt = op_id_text(op, message.id);
    told.channel = channel_CALL;
    told.state = message_state_ANSWERED;
    told.level = receipt_level_REACHED;
    TRY(message_take_news(op, provider, &told, message_source_CALLBACK));
    return news->is_machine ? voice_for_machine(op, &message, &out->page)
                            : voice_picked_up(op, &message, &out->page);
}

static bool is_on_a_phone(char key)
{
    return (key >= '0' && key <= '9') || key == '*' || key == '#';
}

static enum err key_pressed(struct op *op, const struct provider *provider,
                            const struct provider_news *news, struct hook_reply *out)
{
    struct message message = {0};
    bool is_known = false;
    out->has_page = true;
    TRY(find_call(op, provider, news, &message, &is_known));
    if (!is_known) {
        return voice_for_nobody(op, &out->page);
    }
    char key = is_on_a_phone(news->key) ? news->key : '\0';
    op->actor.name = STR("call");
    TRY(take_key(op, message.id, key));
    return voice_after_key(op, &message, key, &out->page);
}

enum err take_news(struct op *op, const struct provider *provider, const struct provider_news *news,
                   enum message_source source, struct hook_reply *out)
{
    *out = (struct hook_reply){.text = STR_NONE};
    switch (news->kind) {
    case NEWS_NONE:
        return OK;
    case NEWS_STATE:
        return message_take_news(op, provider, news, source);
    case NEWS_PICKUP:
        return picked_up(op, provider, news, out);
    case NEWS_KEY:
        return key_pressed(op, provider, news, out);
    case NEWS_TEXT:
        op->actor.name = STR("sms");
        return take_text(op, provider, news, source, &out->text);
    }
    return E_INVALID;
}

static bool list_has(const struct provider_list *list, const struct provider *provider)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == provider) {
            return true;
        }
    }
    return false;
}

bool site_has_provider(const struct site *site, const struct provider *provider)
{
    for (int channel = 0; channel < channel_COUNT; channel++) {
        if (site->providers[channel] == provider ||
            list_has(&site->delivery.lists[channel], provider)) {
            return true;
        }
    }
    for (size_t i = 0; i < site->delivery.route_count; i++) {
        if (list_has(&site->delivery.routes[i].list, provider)) {
            return true;
        }
    }
    return false;
}

const struct provider *hook_provider(const struct site *site, struct str name)
{
    const struct provider *provider = provider_find(name);
    return provider != NULL && site_has_provider(site, provider) ? provider : NULL;
}
