#include "channel/exotel.h"
#include "channel/silent.h"
#include "channel/sms_text.h"

#include "model/formats.h"

enum {
    RING_SECONDS_MAX = 60, /* What India's regulator allows. */
    CALL_SECONDS_MAX = 600,
    TEXT_CHARS_MAX = 2000,
    EXOPHONE_DIGITS_MIN = 8,
    EXOPHONE_DIGITS_MAX = 15
};

static enum err missing(struct problem *problem, const char *name)
{
    return problem_set(problem, E_INVALID, name, "%s is needed to reach people through Exotel.",
                       name);
}

/* An ExoPhone, as it is dialled in India or with its country code. */
static bool is_exophone(struct str number)
{
    struct str digits = str_starts(number, STR("+")) ? str_slice(number, 1, number.len) : number;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9') {
            return false;
        }
    }
    return digits.len >= EXOPHONE_DIGITS_MIN && digits.len <= EXOPHONE_DIGITS_MAX;
}

static enum err check_senders(const struct provider_settings *settings, struct problem *problem)
{
    struct str caller = settings->exotel.caller_id;
    struct str sender = settings->exotel.sms_from;
    if (caller.len == 0 && sender.len == 0) {
        return missing(problem, "EXOTEL_CALLER_ID");
    }
    if (caller.len > 0 && !is_exophone(caller)) {
        return problem_set(problem, E_INVALID, "EXOTEL_CALLER_ID",
                           "It must be the ExoPhone's digits, such as 08030752522.");
    }
    if (sender.len > 0 && !is_exophone(sender) && !telephony_sender_is_plain(sender)) {
        return problem_set(problem, E_INVALID, "EXOTEL_SMS_FROM",
                           "It must be an ExoPhone's digits, or a header of 3 to 11 letters and "
                           "digits.");
    }
    return OK;
}

static enum err exotel_check(const struct provider_settings *settings, struct problem *problem)
{
    if (settings->exotel.account_sid.len == 0) {
        return missing(problem, "EXOTEL_ACCOUNT_SID");
    }
    if (!telephony_id_is_plain(settings->exotel.account_sid)) {
        return problem_set(problem, E_INVALID, "EXOTEL_ACCOUNT_SID",
                           "It must be of letters and digits.");
    }
    if (settings->exotel.api_key.len == 0) {
        return missing(problem, "EXOTEL_API_KEY");
    }
    if (settings->exotel.api_token.len == 0) {
        return missing(problem, "EXOTEL_API_TOKEN");
    }
    return check_senders(settings, problem);
}

static enum err check_calls(const struct provider_settings *settings, struct problem *problem)
{
    if (settings->exotel.caller_id.len == 0) {
        return missing(problem, "EXOTEL_CALLER_ID");
    }
    if (!telephony_id_is_plain(settings->exotel.app_id)) {
        return problem_set(problem, E_INVALID, "EXOTEL_APP_ID",
                           settings->exotel.app_id.len == 0
                               ? "Calls need EXOTEL_APP_ID: the number of the flow that they are "
                                 "put into."
                               : "It must be the number of the flow that calls are put into.");
    }
    if (settings->public_url.len == 0) {
        return problem_set(problem, E_INVALID, "TOCSIN_PUBLIC_URL",
                           "Exotel's flow asks this server what a call says: calls through it "
                           "need TOCSIN_PUBLIC_URL.");
    }
    return OK;
}

static enum err check_texts(const struct provider_settings *settings, struct problem *problem)
{
    return settings->exotel.sms_from.len > 0 || settings->exotel.caller_id.len > 0
               ? OK
               : missing(problem, "EXOTEL_SMS_FROM");
}

static enum err exotel_check_channel(const struct provider_settings *settings, enum channel channel,
                                     struct problem *problem)
{
    return channel == channel_CALL ? check_calls(settings, problem)
                                   : check_texts(settings, problem);
}

static struct str url_of(const struct provider_settings *settings, enum hook hook,
                         struct str attempt, struct arena *arena)
{
    struct hook_place place = {.provider = EXOTEL, .hook = hook, .attempt = attempt};
    return hook_url(settings, &place, arena);
}

struct str exotel_inbound_url(const struct provider_settings *settings, struct arena *arena)
{
    return url_of(settings, HOOK_SMS, STR(EXOTEL_INBOUND), arena);
}

struct str exotel_custom_field(const struct provider_settings *settings, struct str attempt,
                               struct arena *arena)
{
    struct str url = url_of(settings, HOOK_CALL_STATUS, attempt, arena);
    struct str token = STR_NONE;
    form_get(arena, str_slice(url, str_find_byte(url, '?', 0) + 1, url.len), "token", &token);
    return arena_printf(arena, "%.*s|%.*s", STR_FMT(attempt), STR_FMT(token));
}

static struct telephony_account account_of(const struct provider_settings *settings,
                                           struct arena *arena)
{
    struct str base = telephony_base(settings->exotel.base_url, "https://api.exotel.com");
    return (struct telephony_account){.root = arena_printf(arena, "%.*s/v1/Accounts/%.*s/",
                                                           STR_FMT(base),
                                                           STR_FMT(settings->exotel.account_sid)),
                                      .username = settings->exotel.api_key,
                                      .password = settings->exotel.api_token,
                                      .timeout = settings->timeout};
}

static struct wire_request get_of(const struct provider_settings *settings, struct str path,
                                  struct arena *arena)
{
    struct telephony_account account = account_of(settings, arena);
    return telephony_request(&account, "GET", path, arena);
}

static struct wire_request post_to(const struct provider_settings *settings, struct str path,
                                   struct buf *body, struct arena *arena)
{
    struct telephony_account account = account_of(settings, arena);
    return telephony_post(&account, path, "application/x-www-form-urlencoded", buf_str(body),
                          arena);
}

static enum err build_call(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out, struct problem *problem)
{
    TRY(check_calls(settings, problem));
    struct str flow =
        arena_printf(arena, "http://my.exotel.com/%.*s/exoml/start_voice/%.*s",
                     STR_FMT(settings->exotel.account_sid), STR_FMT(settings->exotel.app_id));
    struct buf body = {.arena = arena};
    form_add(&body, "From", job->to); /* Who is dialled first: the person. */
    form_add(&body, "CallerId", str_is_set(job->from) ? job->from : settings->exotel.caller_id);
    form_add(&body, "Url", flow);
    form_add(&body, "CallType", STR("trans"));
    form_add_int(&body, "TimeLimit", CALL_SECONDS_MAX);
    form_add_int(&body, "TimeOut", telephony_ring_seconds(settings, RING_SECONDS_MAX));
    form_add(&body, "CustomField", exotel_custom_field(settings, job->attempt, arena));
    form_add(&body, "StatusCallback", url_of(settings, HOOK_CALL_STATUS, job->attempt, arena));
    form_add(&body, "StatusCallbackEvents[0]", STR("terminal"));
    form_add(&body, "StatusCallbackEvents[1]", STR("answered"));
    form_add(&body, "StatusCallbackContentType", STR("application/json"));
    *out = post_to(settings, STR("Calls/connect.json"), &body, arena);
    return OK;
}

static size_t count_characters(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    }
    return count;
}

static enum err build_text(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out, struct problem *problem)
{
    TRY(check_texts(settings, problem));
    if (job->text.len == 0 || count_characters(job->text) > TEXT_CHARS_MAX) {
        return problem_set(problem, E_INVALID, "text",
                           "Exotel carries texts of 1 to %d characters.", TEXT_CHARS_MAX);
    }
    struct str own =
        settings->exotel.sms_from.len > 0 ? settings->exotel.sms_from : settings->exotel.caller_id;
    bool is_plain = sms_measure(job->text).is_gsm7;
    struct buf body = {.arena = arena};
    form_add(&body, "From", str_is_set(job->from) ? job->from : own);
    form_add(&body, "To", job->to);
    form_add(&body, "Body", job->text);
    form_add(&body, "EncodingType", is_plain ? STR("plain") : STR("unicode"));
    form_add(&body, "StatusCallback", url_of(settings, HOOK_SMS_STATUS, job->attempt, arena));
    if (settings->exotel.dlt_entity_id.len > 0) {
        form_add(&body, "DltEntityId", settings->exotel.dlt_entity_id);
    }
    if (settings->exotel.dlt_template_id.len > 0) {
        form_add(&body, "DltTemplateId", settings->exotel.dlt_template_id);
    }
    *out = post_to(settings, STR("Sms/send.json"), &body, arena);
    return OK;
}

static enum err exotel_build_send(const struct provider_settings *settings,
                                  const struct send_job *job, struct arena *arena,
                                  struct wire_request *out, struct problem *problem)
{
    if (job->channel != channel_SMS && job->channel != channel_CALL) {
        return problem_set(problem, E_INVALID, "channel", "Exotel carries SMS and CALL only.");
    }
    if (!format_e164.is_valid(job->to)) {
        return problem_set(problem, E_INVALID, "to", "It must be %s.", format_e164.advice);
    }
    return job->channel == channel_CALL ? build_call(settings, job, arena, out, problem)
                                        : build_text(settings, job, arena, out, problem);
}

/* The newest. The filter by time takes times of their clock, which only the answer tells. */
static enum err exotel_build_find(const struct provider_settings *settings,
                                  const struct send_job *job, struct arena *arena,
                                  struct wire_request *out)
{
    if (job->channel != channel_CALL || !format_e164.is_valid(job->to)) {
        return E_NOT_FOUND;
    }
    struct buf path = {.arena = arena};
    form_add(&path, "From", job->to);
    form_add_int(&path, "PageSize", EXOTEL_LIST_MAX);
    struct str whole = arena_printf(arena, "Calls.json?%.*s", STR_FMT(buf_str(&path)));
    *out = get_of(settings, whole, arena);
    return OK;
}

static enum err exotel_build_poll(const struct provider_settings *settings, enum channel channel,
                                  struct str provider_id, struct arena *arena,
                                  struct wire_request *out)
{
    bool is_call = channel == channel_CALL;
    if ((!is_call && channel != channel_SMS) || !telephony_id_is_plain(provider_id)) {
        return E_NOT_FOUND;
    }
    struct str path = arena_printf(arena, "%s/%.*s.json", is_call ? "Calls" : "SMS/Messages",
                                   STR_FMT(provider_id));
    *out = get_of(settings, path, arena);
    return OK;
}

const struct provider provider_exotel = {
    .name = EXOTEL,
    .channels = 1u << channel_SMS | 1u << channel_CALL,
    .check = exotel_check,
    .check_channel = exotel_check_channel,
    .build_send = exotel_build_send,
    .read_send = exotel_read_send,
    .build_find = exotel_build_find,
    .read_find = exotel_read_find,
    .build_cancel = silent_build_cancel,
    .build_poll = exotel_build_poll,
    .read_poll = exotel_read_poll,
    .build_inbox = silent_build_inbox,
    .build_inbox_more = silent_build_inbox_more,
    .read_inbox = silent_read_inbox,
    .check_hook = exotel_check_hook,
    .read_hook = exotel_read_hook,
    .spoken = silent_spoken,
    .write_voice = exotel_write_voice,
    .write_answer = exotel_write_answer,
};
