#include "channel/twilio.h"

#include "model/formats.h"

static enum err missing(struct problem *problem, const char *name)
{
    return problem_set(problem, E_INVALID, name, "%s is needed to send by Twilio.", name);
}

/* Two letters and 32 hexadecimal digits. */
static bool is_sid(struct str text, const char *prefix)
{
    enum { SID_BYTES = 34 };
    if (text.len != SID_BYTES || !str_starts(text, str_from(prefix))) {
        return false;
    }
    for (size_t i = 2; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
            return false;
        }
    }
    return true;
}

static enum err check_sid(struct str value, const char *prefix, const char *name,
                          struct problem *problem)
{
    if (value.len > 0 && !is_sid(value, prefix)) {
        return problem_set(problem, E_INVALID, name,
                           "It must be %s and 32 hexadecimal digits behind it.", prefix);
    }
    return OK;
}

static enum err check_number(struct str value, const char *name, struct problem *problem)
{
    if (value.len > 0 && !format_e164.is_valid(value)) {
        return problem_set(problem, E_INVALID, name, "It must be %s.", format_e164.advice);
    }
    return OK;
}

/* The auth token is needed even beside an API key where Twilio can call us: it alone signs. */
static enum err check_login(const struct provider_settings *settings, struct problem *problem)
{
    bool has_key = settings->twilio.api_key_sid.len > 0;
    if (has_key && settings->twilio.api_key_secret.len == 0) {
        return missing(problem, "TWILIO_API_KEY_SECRET");
    }
    if ((!has_key || str_is_set(settings->public_url)) && settings->twilio.auth_token.len == 0) {
        return missing(problem, "TWILIO_AUTH_TOKEN");
    }
    return OK;
}

static enum err twilio_check(const struct provider_settings *settings, struct problem *problem)
{
    if (settings->twilio.account_sid.len == 0) {
        return missing(problem, "TWILIO_ACCOUNT_SID");
    }
    TRY(check_sid(settings->twilio.account_sid, "AC", "TWILIO_ACCOUNT_SID", problem));
    TRY(check_login(settings, problem));
    TRY(check_sid(settings->twilio.api_key_sid, "SK", "TWILIO_API_KEY_SID", problem));
    TRY(check_sid(settings->twilio.messaging_service_sid, "MG", "TWILIO_MESSAGING_SERVICE_SID",
                  problem));
    TRY(check_number(settings->twilio.from_number, "TWILIO_FROM_NUMBER", problem));
    TRY(check_number(settings->twilio.whatsapp_from, "TWILIO_WHATSAPP_FROM", problem));
    if (settings->twilio.from_number.len == 0 && settings->twilio.messaging_service_sid.len == 0 &&
        settings->twilio.whatsapp_from.len == 0) {
        return missing(problem, "TWILIO_FROM_NUMBER");
    }
    if (str_contains(url_authority(settings->public_url), STR("_"))) {
        return problem_set(problem, E_INVALID, "TOCSIN_PUBLIC_URL",
                           "Twilio calls no host whose name has an underscore.");
    }
    return OK;
}

/* A service chooses among its numbers for texts; which of them has WhatsApp, only Twilio knows. */
static enum err twilio_check_channel(const struct provider_settings *settings, enum channel channel,
                                     struct problem *problem)
{
    if (channel == channel_WHATSAPP) {
        return settings->twilio.whatsapp_from.len > 0 ? OK
                                                      : missing(problem, "TWILIO_WHATSAPP_FROM");
    }
    bool has_service = channel == channel_SMS && settings->twilio.messaging_service_sid.len > 0;
    return has_service || settings->twilio.from_number.len > 0
               ? OK
               : missing(problem, "TWILIO_FROM_NUMBER");
}

const struct provider provider_twilio = {
    .name = "twilio",
    .channels = 1u << channel_SMS | 1u << channel_WHATSAPP | 1u << channel_CALL,
    .check = twilio_check,
    .check_channel = twilio_check_channel,
    .build_send = twilio_build_send,
    .read_send = twilio_read_send,
    .build_find = twilio_build_find,
    .read_find = twilio_read_find,
    .build_cancel = twilio_build_cancel,
    .build_poll = twilio_build_poll,
    .read_poll = twilio_read_poll,
    .build_inbox = twilio_build_inbox,
    .build_inbox_more = twilio_build_inbox_more,
    .read_inbox = twilio_read_inbox,
    .check_hook = twilio_check_hook,
    .read_hook = twilio_read_hook,
    .spoken = twilio_spoken,
    .write_voice = twilio_write_voice,
    .write_answer = twilio_write_answer,
};
