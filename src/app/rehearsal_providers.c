#include "app/rehearsal_internal.h"

#include "channel/mock_plan.h"
#include "service/providers.h"

#include <assert.h>

/* Who is given messages in a rehearsal: actors with the names of the live server's providers, in
 * the same lists, routes and paces. All of them speak to the mock network. */

static void cast(struct rehearsal *rehearsal)
{
    const struct provider *const *all = NULL;
    size_t count = providers_all(&all);
    size_t cast = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i] == &provider_mock || all[i] == &provider_webhook) {
            continue;
        }
        assert(cast < REHEARSAL_STAND_INS_MAX);
        struct provider *actor = &rehearsal->stand_ins[cast++];
        *actor = provider_mock;
        actor->name = all[i]->name;
        actor->channels = all[i]->channels;
    }
    rehearsal->site.stand_ins = rehearsal->stand_ins;
    rehearsal->site.stand_in_count = cast;
}

static struct provider_list play_list(const struct site *site, const struct provider_list *live)
{
    struct provider_list list = {.count = live->count};
    for (size_t i = 0; i < live->count; i++) {
        list.items[i] = site_provider(site, str_from(live->items[i]->name));
    }
    return list;
}

static void play_routes(struct site *site, const struct delivery_rules *live)
{
    struct delivery_rules *rules = &site->delivery;
    for (size_t i = 0; i < live->route_count; i++) {
        rules->routes[i] = live->routes[i];
        rules->routes[i].list = play_list(site, &live->routes[i].list);
    }
    rules->route_count = live->route_count;
    for (size_t i = 0; i < live->pace_count; i++) {
        rules->paces[i] = live->paces[i];
        rules->paces[i].provider = site_provider(site, str_from(live->paces[i].provider->name));
    }
    rules->pace_count = live->pace_count;
}

void rehearsal_play_providers(struct rehearsal *rehearsal)
{
    const struct site *live = rehearsal->live;
    struct site *site = &rehearsal->site;
    cast(rehearsal);
    site->delivery = (struct delivery_rules){
        .spend = live->delivery.spend,
        .mock_has_breaker = live->delivery.mock_has_breaker || rehearsal->input->faults.count > 0};
    for (int i = 0; i < channel_COUNT; i++) {
        const struct provider *first = live->providers[i];
        bool is_carried = first != NULL && mock_channel_is_carried((enum channel)i);
        site->providers[i] = is_carried ? site_provider(site, str_from(first->name)) : NULL;
        if (is_carried) {
            site->delivery.lists[i] = play_list(site, &live->delivery.lists[i]);
        }
    }
    play_routes(site, &live->delivery);
}

static bool list_has(const struct provider_list *list, struct str name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_equal_text(name, list->items[i]->name)) {
            return true;
        }
    }
    return false;
}

bool rehearsal_goes_by(const struct rehearsal *rehearsal, enum channel channel, struct str name)
{
    const struct site *site = &rehearsal->site;
    const struct provider *first = site->providers[channel];
    bool is_theirs = list_has(&site->delivery.lists[channel], name) ||
                     (first != NULL && str_equal_text(name, first->name));
    for (size_t i = 0; i < site->delivery.route_count; i++) {
        const struct provider_route *route = &site->delivery.routes[i];
        is_theirs = is_theirs || (route->channel == channel && list_has(&route->list, name));
    }
    return is_theirs;
}
