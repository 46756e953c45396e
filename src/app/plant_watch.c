#include "app/plant_watch.h"

#include "calendar/url.h"
#include "service/oidc.h"

static struct str set_or_none(struct str text)
{
    return text.len == 0 ? STR_NONE : text;
}

static enum err take_channel(struct str text, enum channel *out, struct problem *problem)
{
    static const enum channel allowed[] = {channel_EMAIL, channel_SMS, channel_WHATSAPP,
                                           channel_CALL};
    for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++) {
        if (str_equal_nocase(text, str_from(enum_name(&channel_names, (int)allowed[i])))) {
            *out = allowed[i];
            return OK;
        }
    }
    return problem_set(problem, E_INVALID, "TOCSIN_CANARY_CHANNEL",
                       "TOCSIN_CANARY_CHANNEL must be email, sms, whatsapp or call");
}

static enum err take_sign_in(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    plant->site.oidc = (struct oidc_settings){.issuer = config->oidc_issuer,
                                              .client_id = config->oidc_client_id,
                                              .client_secret = config->oidc_client_secret,
                                              .scopes = config->oidc_scopes,
                                              .role_claim = config->oidc_role_claim,
                                              .roles = config->oidc_roles};
    return oidc_check_settings(&plant->site.oidc, problem);
}

enum err plant_watch(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    TRY(take_sign_in(plant, problem));
    struct watch_settings *out = &plant->site.watch;
    struct url url = {0};
    *out = (struct watch_settings){
        .ping_url = set_or_none(config->ping_url),
        .ping_every = SECONDS(config->ping_interval),
        .canary_user = set_or_none(config->canary_user),
        .canary_every = HOURS(config->canary_hours),
    };
    if (str_is_set(out->ping_url) && !url_split(out->ping_url, &url)) {
        return problem_set(problem, E_INVALID, "TOCSIN_PING_URL",
                           "TOCSIN_PING_URL must be an http or https URL");
    }
    if (config->ping_interval < 10 || config->ping_interval > 86400) {
        return problem_set(problem, E_INVALID, "TOCSIN_PING_INTERVAL_SECONDS",
                           "TOCSIN_PING_INTERVAL_SECONDS must be between 10 and 86400");
    }
    if (config->canary_hours < 1 || config->canary_hours > 744) {
        return problem_set(problem, E_INVALID, "TOCSIN_CANARY_INTERVAL_HOURS",
                           "TOCSIN_CANARY_INTERVAL_HOURS must be between 1 and 744");
    }
    return take_channel(config->canary_channel, &out->canary_channel, problem);
}
