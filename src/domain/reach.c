#include "domain/reach.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static struct reach_choice send_by(enum channel channel, const char *reason)
{
    return (struct reach_choice){REACH_SEND, channel, reason};
}

static struct reach_choice skip(enum channel channel, const char *reason)
{
    return (struct reach_choice){REACH_SKIP, channel, reason};
}

const char *reach_suppressed_reason(enum failure_category category)
{
    switch (category) {
    case failure_category_NONE:
        return NULL;
    case failure_category_invalid_number:
        return "suppressed:invalid_number";
    case failure_category_opted_out:
        return "suppressed:opted_out";
    case failure_category_network:
    case failure_category_timeout:
    case failure_category_rate_limited:
    case failure_category_provider_error:
    case failure_category_auth:
    case failure_category_carrier_rejected:
    case failure_category_unreachable:
    case failure_category_no_answer:
    case failure_category_busy:
    case failure_category_rejected_content:
    case failure_category_unknown:
    case failure_category_COUNT:
        break;
    }
    return "suppressed";
}

static const char *suppressed_reason(const struct reach *reach, enum channel channel)
{
    return reach_suppressed_reason(reach->suppressed[channel]);
}

static bool is_open(const struct reach *reach, enum channel channel)
{
    return (reach->tried >> channel & 1u) == 0 && suppressed_reason(reach, channel) == NULL;
}

static bool can_whatsapp(const struct reach *reach)
{
    return (reach->has_whatsapp || (reach->has_phone && reach->prefers_whatsapp)) &&
           is_open(reach, channel_WHATSAPP);
}

static bool can_text(const struct reach *reach)
{
    return reach->has_phone && is_open(reach, channel_SMS);
}

static enum channel message_channel(const struct reach *reach)
{
    if (reach->prefers_whatsapp && can_whatsapp(reach)) {
        return channel_WHATSAPP;
    }
    if (can_text(reach)) {
        return channel_SMS;
    }
    return can_whatsapp(reach) ? channel_WHATSAPP : channel_NONE;
}

/* Why the message channel that the person would have is not the one that is used; NULL where it is.
 */
static const char *message_barred(const struct reach *reach)
{
    bool would_whatsapp = reach->prefers_whatsapp && (reach->has_whatsapp || reach->has_phone);
    if (would_whatsapp) {
        return suppressed_reason(reach, channel_WHATSAPP);
    }
    return reach->has_phone ? suppressed_reason(reach, channel_SMS)
                            : suppressed_reason(reach, channel_WHATSAPP);
}

static bool message_is_on(enum channel channel, const struct reach_limits *limits)
{
    return channel == channel_WHATSAPP ? limits->whatsapp_on : limits->sms_on;
}

/* The message channel that is left: the preferred one, or the other where that one is off. */
static enum channel message_channel_on(const struct reach *reach, const struct reach_limits *limits)
{
    enum channel preferred = message_channel(reach);
    if (preferred == channel_NONE || message_is_on(preferred, limits)) {
        return preferred;
    }
    if (preferred == channel_WHATSAPP) {
        return can_text(reach) && limits->sms_on ? channel_SMS : channel_NONE;
    }
    return can_whatsapp(reach) && limits->whatsapp_on ? channel_WHATSAPP : channel_NONE;
}

/* Who has sent STOP, or whose number is wrong, has a contact: it is named why it is not used. */
static const char *nothing_left(const char *reason)
{
    static const char suppressed[] = "suppressed";
    bool is_suppressed = strncmp(reason, suppressed, sizeof suppressed - 1) == 0;
    return is_suppressed ? reason : "no_contact";
}

/* The best that is left when the wanted channel cannot be used, for `reason`. */
static struct reach_choice fall_back(enum channel wanted, const char *reason,
                                     const struct reach *reach, const struct reach_limits *limits)
{
    enum channel message = message_channel_on(reach, limits);
    if (message != channel_NONE && message != wanted) {
        return send_by(message, reason);
    }
    bool can_mail = reach->has_email && is_open(reach, channel_EMAIL) && limits->email_on;
    if (wanted != channel_EMAIL && can_mail) {
        return send_by(channel_EMAIL, reason);
    }
    return skip(wanted, nothing_left(reason));
}

struct reach_choice reach_onward(enum channel failed, const char *reason, const struct reach *reach,
                                 const struct reach_limits *limits)
{
    assert(failed > channel_NONE && failed < channel_COUNT);
    struct reach rest = *reach;
    rest.tried |= 1u << failed;
    return fall_back(failed, reason, &rest, limits);
}

static struct reach_choice choose_call(const struct reach *reach, const struct reach_limits *limits)
{
    if (!limits->call_on) {
        return skip(channel_CALL, "channel_disabled");
    }
    if (!limits->in_call_window) {
        return skip(channel_CALL, "outside_critical_window");
    }
    if (!reach->has_phone) {
        return fall_back(channel_CALL, "no_phone", reach, limits);
    }
    if (!is_open(reach, channel_CALL)) {
        return fall_back(channel_CALL, suppressed_reason(reach, channel_CALL), reach, limits);
    }
    if (!reach->takes_calls) {
        return fall_back(channel_CALL, "call_opt_out", reach, limits);
    }
    if (reach->is_quiet) {
        return fall_back(channel_CALL, "quiet_hours", reach, limits);
    }
    if (limits->calls_left <= 0) {
        return (struct reach_choice){REACH_RATE_LIMITED, channel_CALL, "max_calls_exceeded"};
    }
    return send_by(channel_CALL, NULL);
}

static struct reach_choice choose_message(const struct reach *reach,
                                          const struct reach_limits *limits)
{
    enum channel channel = message_channel(reach);
    const char *barred = message_barred(reach);
    if (channel == channel_NONE) {
        return fall_back(channel_SMS, barred == NULL ? "no_phone" : barred, reach, limits);
    }
    return message_is_on(channel, limits) ? send_by(channel, barred)
                                          : skip(channel, "channel_disabled");
}

static struct reach_choice choose_sms(const struct reach *reach, const struct reach_limits *limits)
{
    if (!limits->sms_on) {
        return skip(channel_SMS, "channel_disabled");
    }
    if (!reach->has_phone) {
        return fall_back(channel_SMS, "no_phone", reach, limits);
    }
    return can_text(reach)
               ? send_by(channel_SMS, NULL)
               : fall_back(channel_SMS, suppressed_reason(reach, channel_SMS), reach, limits);
}

static struct reach_choice choose_whatsapp(const struct reach *reach,
                                           const struct reach_limits *limits)
{
    if (!limits->whatsapp_on) {
        return skip(channel_WHATSAPP, "channel_disabled");
    }
    if (can_whatsapp(reach)) {
        return send_by(channel_WHATSAPP, NULL);
    }
    const char *barred = suppressed_reason(reach, channel_WHATSAPP);
    return fall_back(channel_WHATSAPP, barred == NULL ? "no_whatsapp" : barred, reach, limits);
}

static struct reach_choice choose_email(const struct reach *reach,
                                        const struct reach_limits *limits)
{
    if (!limits->email_on) {
        return skip(channel_EMAIL, "channel_disabled");
    }
    if (!reach->has_email) {
        return fall_back(channel_EMAIL, "no_email", reach, limits);
    }
    return is_open(reach, channel_EMAIL)
               ? send_by(channel_EMAIL, NULL)
               : fall_back(channel_EMAIL, suppressed_reason(reach, channel_EMAIL), reach, limits);
}

struct reach_choice reach_choose(enum wanted wanted, const struct reach *reach,
                                 const struct reach_limits *limits)
{
    switch (wanted) {
    case WANTED_IN_APP:
        return send_by(channel_IN_APP, NULL);
    case WANTED_EMAIL:
        return choose_email(reach, limits);
    case WANTED_MESSAGE:
        return choose_message(reach, limits);
    case WANTED_SMS:
        return choose_sms(reach, limits);
    case WANTED_WHATSAPP:
        return choose_whatsapp(reach, limits);
    case WANTED_CALL:
        return choose_call(reach, limits);
    }
    assert(!"every wish is listed");
    return skip(channel_NONE, "no_contact");
}
