#include "service/degraded.h"

static unsigned bit(enum channel channel)
{
    return 1u << channel;
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

unsigned provider_channels(const struct site *site, const struct provider *provider)
{
    unsigned channels = 0;
    for (enum channel channel = channel_EMAIL; channel < channel_COUNT; channel++) {
        const struct provider_list *list = &site->delivery.lists[channel];
        bool is_used = list_has(list, provider) || site->providers[channel] == provider;
        channels |= is_used ? bit(channel) : 0;
    }
    for (size_t i = 0; i < site->delivery.route_count; i++) {
        const struct provider_route *route = &site->delivery.routes[i];
        channels |= list_has(&route->list, provider) ? bit(route->channel) : 0;
    }
    return channels;
}

static bool has_inbox(const struct site *site, const struct provider *provider)
{
    struct arena *arena = arena_new();
    struct wire_request request = {0};
    struct instant since = {1};
    bool has = provider->build_inbox(&site->provider_settings, since, arena, &request) == OK;
    arena_free(&arena);
    return has;
}

static size_t without_callbacks(const struct site *site, const struct provider *provider,
                                unsigned channels, const char **out)
{
    size_t count = 0;
    out[count++] = "no public URL: what becomes of messages is asked for, not told";
    if ((channels & bit(channel_CALL)) != 0) {
        out[count++] = "no public URL: a call says what was true when it was placed, and hears no "
                       "keys; it is answered by link or text";
        out[count++] = "no public URL: in scheduled calls an agent's optOutKey does nothing, and a "
                       "machine hears what a person hears";
    }
    if ((channels & (bit(channel_SMS) | bit(channel_WHATSAPP))) != 0) {
        out[count++] = has_inbox(site, provider)
                           ? "no public URL: answers by text are fetched, not told"
                           : "no public URL: answers by text do not reach us";
    }
    return count;
}

size_t provider_degraded(const struct site *site, const struct provider *provider,
                         unsigned channels, const char *out[static DEGRADED_MAX])
{
    const struct delivery_rules *rules = &site->delivery;
    size_t count = 0;
    unsigned told = bit(channel_SMS) | bit(channel_WHATSAPP) | bit(channel_CALL);
    if (provider == &provider_mock) {
        out[count++] = "the mock sends nothing to anybody";
        return count;
    }
    if (rules->is_test || (rules->is_call_test && (channels & bit(channel_CALL)) != 0)) {
        out[count++] =
            rules->is_test ? "TEST_MODE: nothing is sent" : "CALL_TEST_MODE: no call is placed";
    }
    if (provider == &provider_exotel && (channels & bit(channel_CALL)) != 0) {
        out[count++] = "it does not tell machines from people: what an agent has for machines is "
                       "of no effect";
    }
    if ((channels & told) != 0 && !str_is_set(site->provider_settings.public_url)) {
        count += without_callbacks(site, provider, channels, out + count);
    }
    return count;
}
