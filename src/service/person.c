#include "service/person.h"

#include "service/suppressions.h"
#include "store/delivery.h"

/* "22:00" as minutes since midnight; the model has checked the form. */
static int minutes_of(struct str hhmm)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    if (str_to_int(str_slice(hhmm, 0, 2), &hours) != OK ||
        str_to_int(str_slice(hhmm, 3, 5), &minutes) != OK) {
        return 0;
    }
    return (int)(hours * 60 + minutes);
}

bool person_quiet_hours(const struct user *user, struct quiet_hours *out)
{
    if (!str_is_set(user->quiet_start) || !str_is_set(user->quiet_end)) {
        return false;
    }
    *out = (struct quiet_hours){minutes_of(user->quiet_start), minutes_of(user->quiet_end)};
    return true;
}

static bool is_quiet_now(const struct op *op, const struct user *user)
{
    struct quiet_hours hours;
    return person_quiet_hours(user, &hours) &&
           quiet_hours_cover_instant(hours, op_zone(op, user->timezone), op->now);
}

bool person_is_quiet(const struct op *op, const struct user *user)
{
    return is_quiet_now(op, user);
}

/* No address is suppressed at all, as a rule: then that is the only question. */
static enum err note_suppressed(struct op *op, const struct user *user, enum message_target target,
                                struct reach *reach)
{
    static const enum channel channels[] = {channel_EMAIL, channel_SMS, channel_WHATSAPP,
                                            channel_CALL};
    bool any = false;
    TRY(suppressions_any(op->db, &any));
    for (size_t i = 0; any && i < ARRAY_LENGTH(channels); i++) {
        enum channel channel = channels[i];
        TRY(suppression_of(op, channel, recipient_of(user, target, channel),
                           &reach->suppressed[channel]));
    }
    return OK;
}

enum err person_reach(struct op *op, const struct user *user, struct reach *out)
{
    *out = (struct reach){
        .has_email = str_is_set(user->email),
        .has_phone = str_is_set(user->phone),
        .has_whatsapp = str_is_set(user->whatsapp),
        .prefers_whatsapp = user->preferred_channel == channel_WHATSAPP,
        .takes_calls = user->call_opt_in,
        .is_quiet = is_quiet_now(op, user),
    };
    return note_suppressed(op, user, message_target_PERSON, out);
}

enum err emergency_reach(struct op *op, const struct user *user, struct reach *out)
{
    *out = (struct reach){
        .has_email = str_is_set(user->emergency_email),
        .has_phone = str_is_set(user->emergency_phone),
        .takes_calls = true,
    };
    return note_suppressed(op, user, message_target_EMERGENCY_CONTACT, out);
}

bool has_emergency_contact(const struct user *user)
{
    return str_is_set(user->emergency_phone) || str_is_set(user->emergency_email);
}

struct reach_limits person_limits(const struct op *op)
{
    return (struct reach_limits){
        .email_on = op->site->features.email,
        .sms_on = op->site->features.sms,
        .whatsapp_on = op->site->features.whatsapp,
        .call_on = op->site->features.call,
        .in_call_window = true,
    };
}

struct str recipient_of(const struct user *user, enum message_target target, enum channel channel)
{
    bool is_contact = target == message_target_EMERGENCY_CONTACT;
    struct str phone = is_contact ? user->emergency_phone : user->phone;
    if (channel == channel_EMAIL) {
        return is_contact ? user->emergency_email : user->email;
    }
    if (channel == channel_WHATSAPP && !is_contact && str_is_set(user->whatsapp)) {
        return user->whatsapp;
    }
    return channel == channel_IN_APP ? STR("in-app") : phone;
}

enum err person_unpaid(struct op *op, const struct user *user, enum message_target target,
                       const char *reason, struct reach_choice *out)
{
    struct reach reach = {0};
    struct reach_limits limits = person_limits(op);
    TRY(target == message_target_EMERGENCY_CONTACT ? emergency_reach(op, user, &reach)
                                                   : person_reach(op, user, &reach));
    bool can = reach.has_email && limits.email_on;
    *out = (struct reach_choice){can ? REACH_SEND : REACH_SKIP, channel_EMAIL, reason};
    return OK;
}
