#include "app/plant_providers.h"

#include "app/plant_accounts.h"
#include "domain/pace.h"
#include "service/degraded.h"
#include "store/seal_keys.h"

#include <unistd.h>

enum { CHANNELS_LENGTH = 4 };

/* The words of settings for the channels. */
static const struct {
    const char *word;
    const char *setting;
    enum channel channel;
} channels[CHANNELS_LENGTH] = {
    {"email", "EMAIL_PROVIDER", channel_EMAIL},
    {"sms", "SMS_PROVIDER", channel_SMS},
    {"whatsapp", "WHATSAPP_PROVIDER", channel_WHATSAPP},
    {"call", "CALL_PROVIDER", channel_CALL},
};

static bool carries(const struct provider *provider, enum channel channel)
{
    return provider != NULL && (provider->channels >> channel & 1) != 0;
}

/* "mock, twilio, plivo, exotel" */
static struct str carriers_of(enum channel channel, struct arena *arena)
{
    const struct provider *const *all = NULL;
    size_t count = providers_all(&all);
    struct buf names = {.arena = arena};
    for (size_t i = 0; i < count; i++) {
        if (carries(all[i], channel)) {
            buf_printf(&names, "%s%s", names.len == 0 ? "" : ", ", all[i]->name);
        }
    }
    return buf_str(&names);
}

static enum err refuse_provider(struct str name, const char *setting, enum channel channel,
                                struct problem *problem)
{
    struct arena *arena = arena_new();
    enum err err =
        problem_set(problem, E_INVALID, setting, "%s: \"%.*s\" is none of its providers: %.*s",
                    setting, STR_FMT(str_cut_utf8(name, 40)), STR_FMT(carriers_of(channel, arena)));
    arena_free(&arena);
    return err;
}

static enum err parse_list(struct str text, const char *setting, enum channel channel,
                           struct provider_list *out, struct problem *problem)
{
    struct str name = STR_NONE;
    *out = (struct provider_list){0};
    while (str_split(&text, ',', &name)) {
        name = str_trim(name);
        const struct provider *provider = provider_find(name);
        if (!carries(provider, channel)) {
            return refuse_provider(name, setting, channel, problem);
        }
        for (size_t i = 0; i < out->count; i++) {
            if (out->items[i] == provider) {
                return problem_set(problem, E_INVALID, setting, "%s names %s twice", setting,
                                   provider->name);
            }
        }
        if (out->count == PROVIDERS_PER_CHANNEL) {
            return problem_set(problem, E_INVALID, setting, "%s has more than %d providers",
                               setting, PROVIDERS_PER_CHANNEL);
        }
        out->items[out->count++] = provider;
    }
    return out->count > 0 ? OK : problem_set(problem, E_INVALID, setting, "%s is empty", setting);
}

/* WhatsApp goes the way of SMS where that way has it; else it is off. */
static void default_whatsapp(struct site *site)
{
    const struct provider_list *sms = &site->delivery.lists[channel_SMS];
    struct provider_list *list = &site->delivery.lists[channel_WHATSAPP];
    for (size_t i = 0; i < sms->count; i++) {
        const struct provider *provider = sms->items[i];
        if (carries(provider, channel_WHATSAPP) &&
            account_has_sender(site, provider, channel_WHATSAPP)) {
            *list = (struct provider_list){{provider}, 1};
            return;
        }
    }
    site->features.whatsapp = false;
}

static enum err take_lists(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    struct site *site = &plant->site;
    struct str email = config->email_provider;
    if (email.len == 0) {
        email = config->smtp_host.len > 0 ? STR("smtp") : STR("mock");
    }
    struct str texts[CHANNELS_LENGTH] = {email, config->sms_provider, config->whatsapp_provider,
                                         config->call_provider};
    for (int i = 0; i < CHANNELS_LENGTH; i++) {
        enum channel channel = channels[i].channel;
        if (channel == channel_WHATSAPP && texts[i].len == 0) {
            default_whatsapp(site);
            continue;
        }
        TRY(parse_list(texts[i], channels[i].setting, channel, &site->delivery.lists[channel],
                       problem));
    }
    site->delivery.lists[channel_WEBHOOK] = (struct provider_list){{&provider_webhook}, 1};
    for (enum channel channel = channel_EMAIL; channel < channel_COUNT; channel++) {
        site->providers[channel] = site->delivery.lists[channel].items[0];
    }
    return OK;
}

/* "call:+91=exotel" */
static enum err parse_route(struct str text, struct provider_route *out, struct problem *problem)
{
    const char *setting = "PROVIDER_ROUTES";
    struct str rest = text;
    struct str word = STR_NONE;
    struct str prefix = STR_NONE;
    int which = 0;
    if (!str_split(&rest, ':', &word) || !str_split(&rest, '=', &prefix) || !str_is_set(rest)) {
        return problem_set(problem, E_INVALID, setting,
                           "PROVIDER_ROUTES: \"%.*s\" is not channel:+prefix=providers",
                           STR_FMT(str_cut_utf8(text, 60)));
    }
    while (which < CHANNELS_LENGTH &&
           !str_equal_nocase(str_trim(word), str_from(channels[which].word))) {
        which++;
    }
    if (which == CHANNELS_LENGTH || channels[which].channel == channel_EMAIL ||
        number_prefix_parse(str_trim(prefix), &out->prefix) != OK) {
        return problem_set(problem, E_INVALID, setting,
                           "PROVIDER_ROUTES: \"%.*s\" needs sms, whatsapp or call, and a prefix "
                           "such as +91",
                           STR_FMT(str_cut_utf8(text, 60)));
    }
    out->channel = channels[which].channel;
    return parse_list(rest, setting, out->channel, &out->list, problem);
}

static enum err take_routes(struct plant *plant, struct problem *problem)
{
    struct delivery_rules *rules = &plant->site.delivery;
    struct str rest = plant->config.provider_routes;
    struct str text = STR_NONE;
    while (str_split(&rest, ';', &text)) {
        text = str_trim(text);
        if (text.len == 0) {
            continue;
        }
        if (rules->route_count == ROUTES_MAX) {
            return problem_set(problem, E_INVALID, "PROVIDER_ROUTES",
                               "PROVIDER_ROUTES has more than %d routes", ROUTES_MAX);
        }
        struct provider_route *route = &rules->routes[rules->route_count++];
        TRY(parse_route(text, route, problem));
        for (size_t i = 0; i + 1 < rules->route_count; i++) {
            const struct provider_route *other = &rules->routes[i];
            if (other->channel == route->channel &&
                str_equal(str_from(other->prefix.text), str_from(route->prefix.text))) {
                return problem_set(problem, E_INVALID, "PROVIDER_ROUTES",
                                   "PROVIDER_ROUTES has %s twice", route->prefix.text);
            }
        }
    }
    return OK;
}

static enum err bad_pace(const char *setting, struct str text, struct problem *problem)
{
    return problem_set(problem, E_INVALID, setting,
                       "%s: \"%.*s\" must be a number such as 1 or 0.5, or provider=number, with "
                       "at most three decimals",
                       setting, STR_FMT(str_cut_utf8(text, 40)));
}

static void add_pace(struct delivery_rules *rules, const struct provider *provider,
                     enum channel channel, int64_t rate)
{
    for (size_t i = 0; i < rules->pace_count; i++) {
        if (rules->paces[i].provider == provider && rules->paces[i].channel == channel) {
            rules->paces[i].rate_milli = rate;
            return;
        }
    }
    if (rules->pace_count < PACES_MAX) {
        rules->paces[rules->pace_count++] = (struct provider_pace){provider, channel, rate};
    }
}

/* "twilio=1,plivo=2", or "5" for all. */
static enum err take_pace(struct plant *plant, const char *setting, struct str text,
                          enum channel channel, struct problem *problem)
{
    const struct provider *const *all = NULL;
    size_t count = providers_all(&all);
    struct str part = STR_NONE;
    int64_t rate = 0;
    if (pace_rate_parse(str_trim(text), &rate) == OK) {
        for (size_t i = 0; i < count; i++) {
            add_pace(&plant->site.delivery, all[i], channel, rate);
        }
        return OK;
    }
    while (str_split(&text, ',', &part)) {
        struct str rest = str_trim(part);
        struct str name = STR_NONE;
        if (!str_split(&rest, '=', &name) || provider_find(str_trim(name)) == NULL ||
            pace_rate_parse(str_trim(rest), &rate) != OK) {
            return bad_pace(setting, part, problem);
        }
        add_pace(&plant->site.delivery, provider_find(str_trim(name)), channel, rate);
    }
    return OK;
}

static enum err take_paces(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    TRY(take_pace(plant, "CALLS_PER_SECOND", config->calls_per_second, channel_CALL, problem));
    TRY(take_pace(plant, "SMS_SEGMENTS_PER_SECOND", config->segments_per_second, channel_SMS,
                  problem));
    TRY(take_pace(plant, "WHATSAPP_PER_SECOND", config->whatsapp_per_second, channel_WHATSAPP,
                  problem));
    return take_pace(plant, "EMAILS_PER_SECOND", config->emails_per_second, channel_EMAIL, problem);
}

static enum err take_blocked(struct plant *plant, struct problem *problem)
{
    struct spend_rules *spend = &plant->site.delivery.spend;
    struct str rest = plant->config.blocked_prefixes;
    struct str part = STR_NONE;
    if (str_equal_nocase(str_trim(rest), STR("none"))) {
        return OK;
    }
    while (str_split(&rest, ',', &part)) {
        if (spend->blocked_count == BLOCKED_MAX ||
            number_prefix_parse(str_trim(part), &spend->blocked[spend->blocked_count]) != OK) {
            return problem_set(problem, E_INVALID, "BLOCKED_PREFIXES",
                               "BLOCKED_PREFIXES: \"%.*s\" is no prefix such as +1900, or there "
                               "are more than %d",
                               STR_FMT(str_cut_utf8(part, 40)), BLOCKED_MAX);
        }
        spend->blocked_count++;
    }
    return OK;
}

static enum err take_spend(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    struct spend_rules *spend = &plant->site.delivery.spend;
    struct str rest = config->spend_prefixes;
    struct str part = STR_NONE;
    spend->max_per_day = config->spend_day;
    spend->max_per_person_per_day = config->spend_person;
    spend->max_per_incident = config->spend_incident;
    while (str_split(&rest, ',', &part)) {
        struct str value = str_trim(part);
        struct str prefix = STR_NONE;
        struct prefix_cap *cap = &spend->caps[spend->cap_count];
        if (value.len == 0 && rest.len == 0) {
            break;
        }
        if (spend->cap_count == PREFIX_CAPS_MAX || !str_split(&value, '=', &prefix) ||
            number_prefix_parse(str_trim(prefix), &cap->prefix) != OK ||
            str_to_int(str_trim(value), &cap->max_per_day) != OK || cap->max_per_day < 0) {
            return problem_set(problem, E_INVALID, "SPEND_PREFIX_CAPS",
                               "SPEND_PREFIX_CAPS: \"%.*s\" is not +prefix=number, or there are "
                               "more than %d",
                               STR_FMT(str_cut_utf8(part, 40)), PREFIX_CAPS_MAX);
        }
        spend->cap_count++;
    }
    return take_blocked(plant, problem);
}

/* What is wrong with it would only be seen when a mail is sent. */
static enum err check_ca_file(const struct plant *plant, struct problem *problem)
{
    struct str path = plant->site.provider_settings.smtp_ca_file;
    bool is_readable = path.len == 0 || access(arena_cstr(plant->config.arena, path), R_OK) == 0;
    return is_readable
               ? OK
               : problem_set(problem, E_INVALID, "SMTP_CA_FILE",
                             "SMTP_CA_FILE names a file that cannot be read: %.*s", STR_FMT(path));
}

/* Each provider that anything may go by is asked whether it has what it needs. */
static enum err check_providers(struct plant *plant, struct problem *problem)
{
    struct site *site = &plant->site;
    const struct provider *const *all = NULL;
    size_t count = providers_all(&all);
    for (size_t i = 0; i < count; i++) {
        unsigned used = provider_channels(site, all[i]);
        if (used == 0) {
            continue;
        }
        TRY(all[i]->check(&site->provider_settings, problem));
        TRY(all[i] == &provider_smtp ? check_ca_file(plant, problem) : OK);
        TRY(account_check_channels(site, all[i], used, problem));
        site->has_mock = site->has_mock || all[i] == &provider_mock;
    }
    return OK;
}

enum err plant_providers(struct plant *plant, struct problem *problem)
{
    struct delivery_rules *rules = &plant->site.delivery;
    *rules = (struct delivery_rules){.is_test = plant->config.test_mode,
                                     .is_call_test = plant->config.call_test_mode,
                                     .mock_has_breaker = plant->config.mock_has_breaker};
    TRY(plant_accounts(plant, problem));
    TRY(take_lists(plant, problem));
    TRY(take_routes(plant, problem));
    TRY(take_paces(plant, problem));
    TRY(take_spend(plant, problem));
    return check_providers(plant, problem);
}

void plant_hook_key(struct plant *plant)
{
    uint8_t key[SHA256_BYTES];
    seal_hook_key(plant->seal, key);
    plant->site.provider_settings.hook_key = hex_text(plant->config.arena, key, sizeof key);
}

/* The mock never fails, so that what falls to it is lost and nothing goes on behind it. */
static bool mock_is_among(const struct provider_list *list)
{
    for (size_t i = 0; i < list->count && list->count > 1; i++) {
        if (list->items[i] == &provider_mock) {
            return true;
        }
    }
    return false;
}

static bool mock_is_among_real(const struct site *site)
{
    for (size_t i = 0; i < CHANNELS_LENGTH; i++) {
        if (mock_is_among(&site->delivery.lists[channels[i].channel])) {
            return true;
        }
    }
    for (size_t i = 0; i < site->delivery.route_count; i++) {
        if (mock_is_among(&site->delivery.routes[i].list)) {
            return true;
        }
    }
    return false;
}

void plant_degraded(const struct plant *plant,
                    void (*say)(void *context, const char *who, const char *what), void *context)
{
    const struct provider *const *all = NULL;
    size_t count = providers_all(&all);
    for (size_t i = 0; i < count; i++) {
        const char *texts[DEGRADED_MAX];
        unsigned used = provider_channels(&plant->site, all[i]);
        bool is_silent = used == 0 || all[i] == &provider_mock ||
                         (all[i] == &provider_webhook && plant->site.operator_webhook.len == 0);
        size_t said = is_silent ? 0 : provider_degraded(&plant->site, all[i], used, texts);
        for (size_t j = 0; j < said; j++) {
            say(context, all[i]->name, texts[j]);
        }
    }
    if (mock_is_among_real(&plant->site)) {
        say(context, "mock", "it stands in a list with others: what falls to it reaches nobody");
    }
    if (str_compare(plant->config.business_end, plant->config.business_start) < 0) {
        say(context, "DEFAULT_BUSINESS_HOURS_END",
            "before DEFAULT_BUSINESS_HOURS_START: scheduled calls go out at night, from the one to "
            "the other on the next day");
    }
    if (plant->config.redis_url.len > 0 && !plant->has_redis) {
        say(context, "REDIS_URL", "of no use with SQLite, where one process has all timers");
    }
    if (plant->config.feature_whatsapp && !plant->site.features.whatsapp) {
        say(context, "WhatsApp",
            "off, since WHATSAPP_PROVIDER is not set and no provider of SMS_PROVIDER has a sender "
            "for it (TWILIO_WHATSAPP_FROM)");
    }
}

static void log_one(void *context, const char *who, const char *what)
{
    log_write(context, LOG_WARN, LOG_WORKER, STR_NONE, "%s: %s", who, what);
}

void plant_log_degraded(const struct plant *plant)
{
    struct log log = plant->log;
    plant_degraded(plant, log_one, &log);
}
