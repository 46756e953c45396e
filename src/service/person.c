#include "service/person.h"

#include "channel/invite.h"
#include "domain/quiet_hours.h"
#include "service/link.h"

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

static bool is_quiet_now(const struct op *op, const struct user *user)
{
    if (!str_is_set(user->quiet_start) || !str_is_set(user->quiet_end)) {
        return false;
    }
    struct quiet_hours hours = {minutes_of(user->quiet_start), minutes_of(user->quiet_end)};
    return quiet_hours_cover_instant(hours, op_zone(op, user->timezone), op->now);
}

struct reach person_reach(const struct op *op, const struct user *user)
{
    return (struct reach){
        .has_email = str_is_set(user->email),
        .has_phone = str_is_set(user->phone),
        .has_whatsapp = str_is_set(user->whatsapp),
        .prefers_whatsapp = user->preferred_channel == channel_WHATSAPP,
        .takes_calls = user->call_opt_in,
        .is_quiet = is_quiet_now(op, user),
    };
}

struct reach emergency_reach(const struct user *user)
{
    return (struct reach){
        .has_email = str_is_set(user->emergency_email),
        .has_phone = str_is_set(user->emergency_phone),
        .takes_calls = true,
    };
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

static enum err add_invite(struct op *op, const struct wording *wording, struct message_plan *plan)
{
    const struct meeting *meeting = wording->meeting;
    struct invite_facts facts = {
        .uid = meeting->external_id,
        .sequence = meeting->sequence,
        .stamp = op->now,
        .start = meeting->starts_at,
        .end = meeting->ends_at,
        .summary = meeting->title,
        .url = meeting->join_url,
        .organizer = op->site->provider_settings.email_from,
        .attendee = plan->recipient,
        .attendee_name = wording->user->name,
    };
    struct problem ignored = {0};
    if (invite_write(&facts, op->arena, &plan->invite, &ignored) != OK) {
        /* A meeting that no invite can describe is still worth a reminder. */
        op_log(op, LOG_WARN, LOG_RULE_ENGINE, "no invite could be attached: %s", ignored.message);
        plan->invite = STR_NONE;
    }
    return OK;
}

enum err word_message(struct op *op, const struct wording *wording, struct message_plan *plan)
{
    const struct user *user = wording->user;
    bool is_contact = plan->target == message_target_EMERGENCY_CONTACT;
    struct render_facts facts = {
        .name = is_contact ? user->emergency_name : user->name,
        .person = user->name,
        .title = wording->meeting == NULL ? wording->title : wording->meeting->title,
        .timezone = str_is_set(user->timezone) ? user->timezone : op->site->default_timezone,
        .zone = op_zone(op, user->timezone),
        .now = op->now,
    };
    if (wording->meeting != NULL) {
        facts.at = wording->meeting->starts_at;
        facts.join_url = wording->meeting->join_url;
        facts.link = is_contact ? STR_NONE : link_for_meeting(op, wording->meeting);
    }
    struct render_request request = {
        .key = wording->key, .channel = plan->channel, .language = user->locale};
    struct rendered rendered = {0};
    render(&request, &facts, op->arena, &rendered);
    plan->subject_line = rendered.subject;
    plan->text = plan->channel == channel_CALL ? rendered.speech : rendered.text;
    plan->html = rendered.html;
    bool has_invite = plan->channel == channel_EMAIL && plan->subject_type == subject_type_MEETING;
    return has_invite && !is_contact ? add_invite(op, wording, plan) : OK;
}
