#include "service/inbox.h"

#include "service/engine.h"
#include "service/providers.h"
#include "store/inbound.h"

static const struct duration asked_every = SECONDS_INIT(20);
static const struct duration waited_for = SECONDS_INIT(24 * 3600);
/* The one timer is about no row: it has a subject that no row has, by which it is found. */
static const struct id every_inbox = {1};

static bool is_asked(const struct op *op, const struct provider *provider)
{
    struct wire_request ignored;
    const struct provider_settings *settings = &op->site->provider_settings;
    bool can_call_us = str_is_set(settings->public_url) && settings->public_url.len > 0;
    return !can_call_us &&
           provider->build_inbox(settings, op->now, op->arena, &ignored) != E_NOT_FOUND;
}

/* Whether people have its number to write to. */
static bool carries_texts(const struct op *op, const struct provider *provider)
{
    const enum channel channels[] = {channel_SMS, channel_WHATSAPP};
    for (size_t i = 0; i < ARRAY_LENGTH(channels); i++) {
        struct provider_list list = provider_list_for(op->site, channels[i], STR(""));
        for (size_t k = 0; k < list.count; k++) {
            if (list.items[k] == provider) {
                return true;
            }
        }
    }
    return false;
}

static bool is_any_asked(const struct op *op)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    for (size_t i = 0; i < count; i++) {
        if (carries_texts(op, providers[i]) && is_asked(op, providers[i])) {
            return true;
        }
    }
    return false;
}

enum err inbox_expect(struct op *op, const struct message *message)
{
    struct timer timer = {0};
    const struct provider *provider = site_provider(op->site, message->provider);
    bool is_text = message->channel == channel_SMS || message->channel == channel_WHATSAPP;
    bool is_expected = message->channel == channel_CALL ? is_any_asked(op)
                       : is_text && provider != NULL    ? is_asked(op, provider)
                                                        : false;
    if (!is_expected || message->target == message_target_CALLEE) {
        return OK;
    }
    enum err err = timers_of_subject(op->db, op->arena, timer_kind_INBOX, every_inbox, &timer);
    if (err != E_NOT_FOUND) {
        return err;
    }
    return timer_arm(op, (struct timer_request){timer_kind_INBOX, every_inbox,
                                                instant_add(op->now, asked_every), PRIORITY_HIGH});
}

enum err read_inboxes(struct op *op, struct timer *timer)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    bool waits = false;
    for (size_t i = 0; i < count; i++) {
        bool has_waiting = false;
        if (!is_asked(op, providers[i])) {
            continue;
        }
        struct awaited awaited = {.provider = str_from(providers[i]->name),
                                  .since = instant_sub(op->now, waited_for),
                                  .with_calls = carries_texts(op, providers[i])};
        TRY(messages_await_answer(op->db, &awaited, &has_waiting));
        if (has_waiting) {
            op_effect(op, (struct effect){.kind = EFFECT_FIND, .inbox = providers[i]});
            waits = true;
        }
    }
    if (waits) {
        timer_run_again(op, timer, instant_add(op->now, asked_every));
    }
    return OK;
}
