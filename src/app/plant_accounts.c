#include "app/plant_accounts.h"

#include "calendar/url.h"
#include "model/formats.h"

enum { RING_MIN = 5, RING_MAX = 120 };

static struct str set_or_none(struct str text)
{
    return text.len == 0 ? STR_NONE : text;
}

static enum err parse_security(struct str text, enum smtp_security *out, struct problem *problem)
{
    static const struct {
        const char *word;
        enum smtp_security security;
    } words[] = {{"starttls", SMTP_STARTTLS},
                 {"tls", SMTP_TLS},
                 {"true", SMTP_TLS},
                 {"none", SMTP_PLAIN},
                 {"false", SMTP_PLAIN}};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (str_equal_nocase(text, str_from(words[i].word))) {
            *out = words[i].security;
            return OK;
        }
    }
    return problem_set(problem, E_INVALID, "SMTP_SECURE",
                       "SMTP_SECURE must be starttls, tls or none");
}

static enum err take_number(const char *setting, struct str text, struct str *out,
                            struct problem *problem)
{
    *out = set_or_none(text);
    if (text.len > 0 && !format_e164.is_valid(text)) {
        return problem_set(problem, E_INVALID, setting, "%s must be %s", setting,
                           format_e164.advice);
    }
    return OK;
}

static enum err take_url(const char *setting, struct str text, struct str *out,
                         struct problem *problem)
{
    size_t scheme = str_find(text, STR("://"));
    bool is_url = (str_starts(text, STR("http://")) || str_starts(text, STR("https://"))) &&
                  scheme + 3 < text.len && text.ptr[scheme + 3] != '/';
    for (size_t i = 0; i < text.len; i++) {
        is_url = is_url && text.ptr[i] > ' ' && text.ptr[i] < 0x7F;
    }
    if (text.len > 0 && !is_url) {
        return problem_set(problem, E_INVALID, setting,
                           "%s must start with http:// or https://, without spaces", setting);
    }
    while (text.len > 0 && text.ptr[text.len - 1] == '/') {
        text.len--;
    }
    *out = set_or_none(text);
    return OK;
}

static enum err take_twilio(const struct config *config, struct provider_settings *out,
                            struct problem *problem)
{
    struct str from = config->twilio_from_number;
    struct str alias = config->twilio_phone_number;
    if (from.len > 0 && alias.len > 0 && !str_equal(from, alias)) {
        return problem_set(problem, E_INVALID, "TWILIO_PHONE_NUMBER",
                           "TWILIO_FROM_NUMBER and TWILIO_PHONE_NUMBER are one setting, but name "
                           "two numbers");
    }
    if ((config->twilio_api_key_sid.len > 0) != (config->twilio_api_key_secret.len > 0)) {
        return problem_set(problem, E_INVALID, "TWILIO_API_KEY_SECRET",
                           "TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET go together");
    }
    out->twilio.account_sid = set_or_none(config->twilio_account_sid);
    out->twilio.auth_token = set_or_none(config->twilio_auth_token);
    out->twilio.auth_token_secondary = set_or_none(config->twilio_auth_token_2);
    out->twilio.api_key_sid = set_or_none(config->twilio_api_key_sid);
    out->twilio.api_key_secret = set_or_none(config->twilio_api_key_secret);
    out->twilio.messaging_service_sid = set_or_none(config->twilio_messaging_service);
    TRY(take_url("TWILIO_API_BASE_URL", config->twilio_base_url, &out->twilio.base_url, problem));
    TRY(take_number("TWILIO_WHATSAPP_FROM", config->twilio_whatsapp_from,
                    &out->twilio.whatsapp_from, problem));
    return from.len > 0
               ? take_number("TWILIO_FROM_NUMBER", from, &out->twilio.from_number, problem)
               : take_number("TWILIO_PHONE_NUMBER", alias, &out->twilio.from_number, problem);
}

static enum err take_plivo(const struct config *config, struct provider_settings *out,
                           struct problem *problem)
{
    out->plivo.auth_id = set_or_none(config->plivo_auth_id);
    out->plivo.auth_token = set_or_none(config->plivo_auth_token);
    out->plivo.powerpack_uuid = set_or_none(config->plivo_powerpack);
    out->plivo.dlt_entity_id = set_or_none(config->plivo_dlt_entity);
    out->plivo.dlt_template_id = set_or_none(config->plivo_dlt_template);
    out->plivo.from_number = set_or_none(config->plivo_from_number);
    return take_url("PLIVO_API_BASE_URL", config->plivo_base_url, &out->plivo.base_url, problem);
}

/* An ExoPhone may be written as it is dialled in India, and a sender of SMS be a name. */
static enum err take_exotel(const struct config *config, struct provider_settings *out,
                            struct problem *problem)
{
    out->exotel.account_sid = set_or_none(config->exotel_account_sid);
    out->exotel.api_key = set_or_none(config->exotel_api_key);
    out->exotel.api_token = set_or_none(config->exotel_api_token);
    out->exotel.caller_id = set_or_none(config->exotel_caller_id);
    out->exotel.sms_from = set_or_none(config->exotel_sms_from);
    out->exotel.app_id = set_or_none(config->exotel_app_id);
    out->exotel.dlt_entity_id = set_or_none(config->exotel_dlt_entity);
    out->exotel.dlt_template_id = set_or_none(config->exotel_dlt_template);
    return take_url("EXOTEL_API_BASE_URL", config->exotel_base_url, &out->exotel.base_url, problem);
}

static enum err take_operator(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    struct site *site = &plant->site;
    struct str url = STR_NONE;
    if (config->operator_email.len > 0 && !format_email.is_valid(config->operator_email)) {
        return problem_set(problem, E_INVALID, "OPERATOR_EMAIL", "OPERATOR_EMAIL must be %s",
                           format_email.advice);
    }
    TRY(take_number("OPERATOR_PHONE", config->operator_phone, &site->operator_phone, problem));
    /* Checked only: a path may well end with a slash. */
    TRY(take_url("OPERATOR_WEBHOOK_URL", config->operator_webhook, &url, problem));
    site->operator_webhook = set_or_none(config->operator_webhook);
    return OK;
}

/* The event sinks that come from the environment. */
static enum err take_sinks(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    struct sink_settings *out = &plant->site.sinks;
    struct url url = {0};
    *out = (struct sink_settings){
        .airtable_key = set_or_none(config->airtable_key),
        .airtable_base = set_or_none(config->airtable_base),
        .airtable_table = set_or_none(config->airtable_table),
        .webhook_url = set_or_none(config->event_webhook_url),
        .webhook_secret = set_or_none(config->event_webhook_secret),
    };
    TRY(take_url("AIRTABLE_API_BASE_URL", config->airtable_base_url, &out->airtable_url, problem));
    if (str_is_set(out->airtable_key) &&
        (!str_is_set(out->airtable_base) || !str_is_set(out->airtable_table))) {
        const char *missing =
            str_is_set(out->airtable_base) ? "AIRTABLE_TABLE" : "AIRTABLE_BASE_ID";
        return problem_set(problem, E_INVALID, missing, "AIRTABLE_API_KEY needs %s", missing);
    }
    if (str_is_set(out->webhook_url) && !url_split(out->webhook_url, &url)) {
        return problem_set(problem, E_INVALID, "EVENT_WEBHOOK_URL",
                           "EVENT_WEBHOOK_URL must be an http or https URL");
    }
    out->webhook_host = url.host;
    return OK;
}

enum err plant_accounts(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    struct provider_settings *out = &plant->site.provider_settings;
    *out = (struct provider_settings){
        .email_from = config->email_from,
        .email_bounce_domain = config->email_bounce_domain,
        .whatsapp_templates = config->whatsapp_templates,
        .smtp_host = set_or_none(config->smtp_host),
        .smtp_port = (int)config->smtp_port,
        .smtp_user = set_or_none(config->smtp_user),
        .smtp_password = set_or_none(config->smtp_password),
        .smtp_ca_file = set_or_none(config->smtp_ca_file),
        .ehlo_name = config->smtp_ehlo_name,
        .timeout = SECONDS(45),
        .public_url = set_or_none(plant->site.public_url),
        .webhook_secret = set_or_none(config->operator_webhook_secret),
        .ring_seconds = (int)config->call_ring_seconds,
        .detects_machines = config->call_machine_detection,
    };
    if (config->call_ring_seconds < RING_MIN || config->call_ring_seconds > RING_MAX) {
        return problem_set(problem, E_INVALID, "CALL_RING_SECONDS",
                           "CALL_RING_SECONDS must be between %d and %d", RING_MIN, RING_MAX);
    }
    TRY(parse_security(config->smtp_secure, &out->smtp_security, problem));
    TRY(take_twilio(config, out, problem));
    TRY(take_plivo(config, out, problem));
    TRY(take_exotel(config, out, problem));
    TRY(take_sinks(plant, problem));
    return take_operator(plant, problem);
}

bool account_has_sender(const struct site *site, const struct provider *provider,
                        enum channel channel)
{
    return provider->check_channel(&site->provider_settings, channel, NULL) == OK;
}

enum err account_check_channels(const struct site *site, const struct provider *provider,
                                unsigned channels, struct problem *problem)
{
    for (enum channel channel = channel_EMAIL; channel < channel_COUNT; channel++) {
        if ((channels >> channel & 1) != 0) {
            TRY(provider->check_channel(&site->provider_settings, channel, problem));
        }
    }
    return OK;
}
