#include "domain/reach.h"

#include <assert.h>
#include <stddef.h>

static struct reach_choice send_by(enum channel channel, const char *reason)
{
    return (struct reach_choice){REACH_SEND, channel, reason};
}

static struct reach_choice skip(enum channel channel, const char *reason)
{
    return (struct reach_choice){REACH_SKIP, channel, reason};
}

static enum channel message_channel(const struct reach *reach)
{
    bool can_whatsapp = reach->has_whatsapp || reach->has_phone;
    if (reach->prefers_whatsapp && can_whatsapp) {
        return channel_WHATSAPP;
    }
    if (reach->has_phone) {
        return channel_SMS;
    }
    return reach->has_whatsapp ? channel_WHATSAPP : channel_NONE;
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
        return reach->has_phone && limits->sms_on ? channel_SMS : channel_NONE;
    }
    return reach->has_whatsapp && limits->whatsapp_on ? channel_WHATSAPP : channel_NONE;
}

/* The best that is left when the wanted channel cannot be used, for `reason`. */
static struct reach_choice fall_back(enum channel wanted, const char *reason,
                                     const struct reach *reach, const struct reach_limits *limits)
{
    enum channel message = message_channel_on(reach, limits);
    bool may_write = wanted != channel_SMS && wanted != channel_WHATSAPP;
    if (may_write && message != channel_NONE) {
        return send_by(message, reason);
    }
    if (wanted != channel_EMAIL && reach->has_email && limits->email_on) {
        return send_by(channel_EMAIL, reason);
    }
    return skip(wanted, "no_contact");
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
    if (channel == channel_NONE) {
        return fall_back(channel_SMS, "no_phone", reach, limits);
    }
    return message_is_on(channel, limits) ? send_by(channel, NULL)
                                          : skip(channel, "channel_disabled");
}

static struct reach_choice choose_email(const struct reach *reach,
                                        const struct reach_limits *limits)
{
    if (!limits->email_on) {
        return skip(channel_EMAIL, "channel_disabled");
    }
    return reach->has_email ? send_by(channel_EMAIL, NULL)
                            : fall_back(channel_EMAIL, "no_email", reach, limits);
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
    case WANTED_CALL:
        return choose_call(reach, limits);
    }
    assert(!"every wish is listed");
    return skip(channel_NONE, "no_contact");
}
