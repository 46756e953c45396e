#include "service/wording.h"

#include "channel/invite.h"
#include "channel/sms_text.h"
#include "channel/whatsapp_templates.h"
#include "model/json.h"
#include "service/link.h"
#include "service/short_codes.h"
#include "service/unsubscribe.h"

static enum err add_invite(struct op *op, const struct wording *wording, struct message_plan *plan)
{
    const struct meeting *meeting = wording->meeting;
    /* Calendars keep the version that counts more. Who pushes meetings, and some feeds, do not
     * count the changes; how often it moved does. */
    int64_t moves = meeting->generation - 1;
    struct invite_facts facts = {
        .uid = meeting->external_id,
        .sequence = meeting->sequence > moves ? meeting->sequence : moves,
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

static struct render_facts facts_of(const struct op *op, const struct wording *wording)
{
    const struct user *user = wording->user;
    struct render_facts facts = {
        .name = user->name,
        .person = str_is_set(wording->person) ? wording->person : user->name,
        .title = wording->meeting == NULL ? wording->title : wording->meeting->title,
        .timezone = str_is_set(user->timezone) ? user->timezone : op->site->default_timezone,
        .zone = op_zone(op, user->timezone),
        .link = wording->link,
        .phone = wording->phone,
        .now = op->now,
        .since = wording->since,
        .at = wording->at,
        .by = wording->by,
        .provider = wording->provider,
        .error = wording->error,
        .code = wording->code,
        .count = wording->count,
        .is_drill = wording->is_drill,
    };
    if (wording->meeting != NULL) {
        facts.at = wording->meeting->starts_at;
        facts.join_url = wording->meeting->join_url;
        if (!str_is_set(facts.link)) {
            facts.link = link_for_meeting(op, wording->meeting);
        }
    }
    return facts;
}

/* The text of the rules file for the occasion and the reader's language; all absent for none. */
static struct render_override override_of(const struct op *op, const struct wording *wording)
{
    const struct rules *rules = &op->site->rules;
    struct str language = render_language(wording->user->locale);
    for (size_t i = 0; i < rules->text_count; i++) {
        const struct text_rule *text = &rules->texts[i];
        if (str_equal_text(text->key, text_key_name(wording->key)) &&
            str_equal(text->language, language)) {
            return (struct render_override){.subject = text->subject,
                                            .text = text->text,
                                            .sms = text->sms,
                                            .html = text->html,
                                            .speech = text->speech};
        }
    }
    return (struct render_override){0};
}

static void render_wording(struct op *op, const struct wording *wording, enum channel channel,
                           const struct render_facts *facts, struct rendered *out)
{
    struct render_override override = override_of(op, wording);
    struct render_request request = {.key = wording->key,
                                     .channel = channel,
                                     .language = wording->user->locale,
                                     .override = &override};
    render(&request, facts, op->arena, out);
}

/* {"1": name, "2": title, "3": time, "4": link}: a template refuses empty ones, so a dash stands
 * for what is absent. */
static struct str template_variables(struct op *op, const struct render_request *request,
                                     const struct render_facts *facts)
{
    static const enum placeholder order[] = {PLACEHOLDER_NAME, PLACEHOLDER_TITLE, PLACEHOLDER_TIME,
                                             PLACEHOLDER_LINK};
    struct buf out = {.arena = op->arena};
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        struct str value = render_value(request, facts, order[i], op->arena);
        buf_printf(&out, "%s\"%zu\":", i == 0 ? "{" : ",", i + 1);
        json_add_text(&out, str_is_set(value) ? value : STR("-"));
    }
    buf_add_text(&out, "}");
    return buf_str(&out);
}

static void choose_template(struct op *op, const struct wording *wording,
                            const struct render_facts *facts, struct message_plan *plan)
{
    struct render_request request = {
        .key = wording->key, .channel = channel_WHATSAPP, .language = wording->user->locale};
    plan->template_id = whatsapp_template_find(op->site->provider_settings.whatsapp_templates,
                                               wording->key, request.language);
    if (str_is_set(plan->template_id)) {
        plan->template_variables = template_variables(op, &request, facts);
    }
}

enum err word_speech(struct op *op, const struct wording *wording, struct str *out)
{
    struct render_facts facts = facts_of(op, wording);
    struct rendered rendered = {0};
    render_wording(op, wording, channel_CALL, &facts, &rendered);
    *out = rendered.speech;
    return OK;
}

enum err word_reply(struct op *op, const struct wording *wording, enum channel channel,
                    struct str *out)
{
    struct render_facts facts = facts_of(op, wording);
    struct rendered rendered = {0};
    render_wording(op, wording, channel, &facts, &rendered);
    *out = rendered.text;
    return OK;
}

/* A text can be answered by its subject's code where the person has several open (V4). */
static enum err add_code(struct op *op, const struct wording *wording,
                         const struct message_plan *plan, struct render_facts *facts)
{
    bool is_text = plan->channel == channel_SMS || plan->channel == channel_WHATSAPP;
    bool is_asked = is_text && plan->target == message_target_PERSON && id_is_set(plan->user) &&
                    id_is_set(plan->subject);
    /* Whom a ladder about somebody else's meeting reaches is asked about the incident. */
    bool is_meeting = id_is_set(plan->meeting) && wording->meeting != NULL;
    struct id subject = is_meeting ? plan->meeting : plan->subject;
    if (!is_asked || str_is_set(facts->code)) {
        return OK;
    }
    return short_code_of(op, plan->user, subject, &facts->code);
}

/* Whoever said that they can't make it is not told that nothing was heard of them, nor that a
 * meeting has begun: it may not have. */
static enum text_key key_now(const struct wording *wording)
{
    bool is_noted =
        wording->meeting != NULL && wording->meeting->checkin_status == checkin_status_MISSED;
    bool is_to_person =
        wording->key >= text_key_MISSED_EMAIL && wording->key <= text_key_MISSED_REPEAT_CALL;
    if (is_noted && is_to_person) {
        return text_key_MISSED_NOTED;
    }
    return is_noted && wording->key == text_key_MISSED_EMERGENCY_CONTACT
               ? text_key_MISSED_NOTED_CONTACT
               : wording->key;
}

enum err word_message(struct op *op, const struct wording *given, struct message_plan *plan)
{
    struct wording current = *given;
    const struct wording *wording = &current;
    current.key = key_now(given);
    bool is_contact = plan->target == message_target_EMERGENCY_CONTACT;
    struct render_facts facts = facts_of(op, wording);
    if (is_contact) {
        facts.name = wording->user->emergency_name;
        facts.link = wording->link;
    }
    TRY(add_code(op, wording, plan, &facts));
    struct message reader = {.channel = plan->channel,
                             .target = plan->target,
                             .user_id = plan->user,
                             .recipient = plan->recipient};
    facts.unsubscribe = unsubscribe_url(op, &reader, op->arena);
    struct rendered rendered = {0};
    render_wording(op, wording, plan->channel, &facts, &rendered);
    plan->subject_line = rendered.subject;
    plan->text = plan->channel == channel_CALL ? rendered.speech : rendered.text;
    plan->html = rendered.html;
    plan->language = render_language(wording->user->locale);
    if (plan->channel == channel_SMS) {
        plan->segments = (int64_t)sms_segments(plan->text);
    }
    if (plan->channel == channel_WHATSAPP) {
        choose_template(op, wording, &facts, plan);
    }
    bool has_invite = plan->channel == channel_EMAIL && plan->subject_type == subject_type_MEETING;
    return has_invite && !is_contact ? add_invite(op, wording, plan) : OK;
}
