#include "channel/form.h"
#include "channel/twilio.h"
#include "model/formats.h"

enum {
    ANSWER_BYTES_MAX = 256 * 1024,
    LIST_BYTES_MAX = 8 * 1024 * 1024,
    RING_SECONDS = 25, /* Shorter than what most mobiles take to forward to voicemail. */
    RING_SECONDS_MIN = 5,
    RING_SECONDS_MAX = 600,
    VALIDITY_SECONDS_MIN = 5,
    VALIDITY_SECONDS_MAX = 36000
};

/* A lost receipt costs a poll, so Twilio may try three times, whatever went wrong. */
#define RETRIES "#rc=3&rp=all"

struct str twilio_url(const struct provider_settings *settings, const char *collection,
                      struct str sid, struct arena *arena)
{
    struct buf url = {.arena = arena};
    struct str base = settings->twilio.base_url;
    buf_add(&url, base.len > 0 ? base : STR("https://api.twilio.com"));
    if (str_ends(buf_str(&url), STR("/"))) {
        url.len--;
    }
    buf_add_text(&url, "/2010-04-01/Accounts/");
    form_encode(&url, settings->twilio.account_sid);
    buf_add_byte(&url, '/');
    buf_add_text(&url, collection);
    if (str_is_set(sid)) {
        buf_add_byte(&url, '/');
        form_encode(&url, sid);
    }
    buf_add_text(&url, ".json");
    return buf_str(&url);
}

/* An API key is named in place of the account, which stays in the path. */
static void ask(const struct provider_settings *settings, struct str url, struct wire_request *out)
{
    bool has_key = settings->twilio.api_key_sid.len > 0;
    *out = (struct wire_request){.kind = WIRE_HTTP, .timeout = settings->timeout};
    out->http.url = url;
    out->http.username = has_key ? settings->twilio.api_key_sid : settings->twilio.account_sid;
    out->http.password = has_key ? settings->twilio.api_key_secret : settings->twilio.auth_token;
    out->http.headers[out->http.header_count++] =
        (struct http_header){STR("Accept"), STR("application/json")};
}

void twilio_post(const struct provider_settings *settings, struct str url, struct str body,
                 struct wire_request *out)
{
    ask(settings, url, out);
    out->http.method = STR("POST");
    out->http.body = body;
    out->http.body_bytes_max = ANSWER_BYTES_MAX;
    out->http.headers[out->http.header_count++] =
        (struct http_header){STR("Content-Type"), STR("application/x-www-form-urlencoded")};
}

void twilio_get(const struct provider_settings *settings, struct str url, struct wire_request *out)
{
    ask(settings, url, out);
    out->http.method = STR("GET");
    out->http.body_bytes_max = LIST_BYTES_MAX;
}

bool twilio_is_about_urls(struct str code)
{
    return str_equal_text(code, "11100") || str_equal_text(code, "21205") ||
           str_equal_text(code, "21609");
}

bool twilio_is_mute(const struct send_job *job)
{
    return twilio_is_about_urls(job->last_code);
}

bool twilio_is_inline(const struct provider_settings *settings, const struct send_job *job)
{
    return !str_is_set(settings->public_url) || twilio_is_mute(job);
}

static struct str callback(const struct provider_settings *settings, enum hook hook,
                           const struct send_job *job, const char *fragment, struct arena *arena)
{
    struct hook_place place = {.provider = "twilio",
                               .hook = hook,
                               .attempt = job->attempt,
                               .fragment = str_from(fragment)};
    return hook_url(settings, &place, arena);
}

static size_t utf16_units(struct str text)
{
    size_t units = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        units += (c & 0xC0) != 0x80; /* The first byte of each character, */
        units += c >= 0xF0;          /* of which those beyond the first plane count twice. */
    }
    return units;
}

static enum err check_text(const struct send_job *job, struct problem *problem)
{
    if (job->text.len == 0 || !str_is_utf8(job->text)) {
        return problem_set(problem, E_INVALID, "text", "There is no text that could be sent.");
    }
    if (utf16_units(job->text) > TWILIO_TEXT_UNITS_MAX) {
        return problem_set(problem, E_INVALID, "text", "Twilio takes at most %d characters.",
                           TWILIO_TEXT_UNITS_MAX);
    }
    return OK;
}

static enum err check_job(const struct send_job *job, struct problem *problem)
{
    if (job->channel != channel_SMS && job->channel != channel_WHATSAPP &&
        job->channel != channel_CALL) {
        return problem_set(problem, E_INVALID, "channel", "Twilio carries SMS, WHATSAPP and CALL.");
    }
    if (!format_e164.is_valid(job->to)) {
        return problem_set(problem, E_INVALID, "to", "It must be %s.", format_e164.advice);
    }
    if (job->attempt.len == 0) {
        return problem_set(problem, E_INVALID, "attempt", "A send needs its attempt id.");
    }
    return OK;
}

static enum err no_sender(struct problem *problem)
{
    return problem_set(problem, E_INVALID, "from", "There is no number to send from.");
}

static struct str whatsapp(struct str number, struct arena *arena)
{
    return arena_printf(arena, "whatsapp:%.*s", STR_FMT(number));
}

/* Who picked up is found out before a word is said; where nobody can call us, the state that we ask
 * for has it. */
static void add_machine_detection(const struct provider_settings *settings,
                                  const struct send_job *job, struct buf *body)
{
    bool waits_for_beep = job->machine == machine_action_LEAVE_MESSAGE;
    if (settings->detects_machines && job->machine != machine_action_NONE) {
        form_add(body, "MachineDetection",
                 waits_for_beep ? STR("DetectMessageEnd") : STR("Enable"));
    }
}

static void add_call_callbacks(const struct provider_settings *settings, const struct send_job *job,
                               struct buf *body)
{
    static const char *const events[] = {"initiated", "ringing", "answered", "completed"};
    struct str voice = callback(settings, HOOK_VOICE, job, NULL, body->arena);
    struct str status = callback(settings, HOOK_CALL_STATUS, job, RETRIES, body->arena);
    form_add(body, "Url", voice);
    form_add(body, "Method", STR("POST"));
    form_add(body, "FallbackUrl", voice); /* Once more, before the callee is told of an error. */
    form_add(body, "FallbackMethod", STR("POST"));
    form_add(body, "StatusCallback", status);
    form_add(body, "StatusCallbackMethod", STR("POST"));
    for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
        form_add(body, "StatusCallbackEvent", str_from(events[i]));
    }
    if (settings->detects_machines && job->machine == machine_action_NONE) {
        /* Asynchronous, or the human would hear seconds of silence. */
        form_add(body, "MachineDetection", STR("Enable"));
        form_add(body, "AsyncAmd", STR("true"));
        form_add(body, "AsyncAmdStatusCallback", status);
        form_add(body, "AsyncAmdStatusCallbackMethod", STR("POST"));
    }
}

static int ring_seconds(const struct provider_settings *settings)
{
    int seconds = settings->ring_seconds > 0 ? settings->ring_seconds : RING_SECONDS;
    seconds = seconds < RING_SECONDS_MIN ? RING_SECONDS_MIN : seconds;
    return seconds > RING_SECONDS_MAX ? RING_SECONDS_MAX : seconds;
}

static enum err build_call(const struct provider_settings *settings, const struct send_job *job,
                           struct buf *body, struct problem *problem)
{
    struct str from = job->from.len > 0 ? job->from : settings->twilio.from_number;
    if (from.len == 0) {
        return no_sender(problem);
    }
    form_add(body, "To", job->to);
    form_add(body, "From", from);
    form_add_int(body, "Timeout", ring_seconds(settings));
    add_machine_detection(settings, job, body);
    if (!twilio_is_inline(settings, job)) {
        add_call_callbacks(settings, job, body);
        return OK;
    }
    if (job->text.len == 0 || !str_is_utf8(job->text)) {
        return problem_set(problem, E_INVALID, "text", "There is nothing to say.");
    }
    form_add(body, "Twiml", twilio_inline_document(job, body->arena));
    return OK;
}

static enum err build_sms(const struct provider_settings *settings, const struct send_job *job,
                          struct buf *body, struct problem *problem)
{
    TRY(check_text(job, problem));
    form_add(body, "To", job->to);
    if (job->from.len > 0) {
        form_add(body, "From", job->from);
    } else if (settings->twilio.messaging_service_sid.len > 0) {
        form_add(body, "MessagingServiceSid", settings->twilio.messaging_service_sid);
    } else if (settings->twilio.from_number.len > 0) {
        form_add(body, "From", settings->twilio.from_number);
    } else {
        return no_sender(problem);
    }
    form_add(body, "Body", job->text);
    if (instant_is_set(job->valid_until)) {
        int64_t seconds = duration_seconds(instant_since(job->valid_until, job->now));
        seconds = seconds < VALIDITY_SECONDS_MIN ? VALIDITY_SECONDS_MIN : seconds;
        seconds = seconds > VALIDITY_SECONDS_MAX ? VALIDITY_SECONDS_MAX : seconds;
        form_add_int(body, "ValidityPeriod", seconds);
    }
    return OK;
}

static enum err build_whatsapp(const struct provider_settings *settings, const struct send_job *job,
                               struct buf *body, struct problem *problem)
{
    struct str from = job->from.len > 0 ? job->from : settings->twilio.whatsapp_from;
    form_add(body, "To", whatsapp(job->to, body->arena));
    if (from.len > 0) {
        form_add(body, "From", whatsapp(from, body->arena));
    } else if (settings->twilio.messaging_service_sid.len > 0) {
        form_add(body, "MessagingServiceSid", settings->twilio.messaging_service_sid);
    } else {
        return no_sender(problem);
    }
    if (job->template_id.len > 0) {
        form_add(body, "ContentSid", job->template_id);
        form_add(body, "ContentVariables",
                 job->template_variables.len > 0 ? job->template_variables : STR_NONE);
        return OK;
    }
    TRY(check_text(job, problem));
    form_add(body, "Body", job->text);
    return OK;
}

enum err twilio_build_send(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out, struct problem *problem)
{
    TRY(check_job(job, problem));
    struct buf body = {.arena = arena};
    bool is_call = job->channel == channel_CALL;
    if (is_call) {
        TRY(build_call(settings, job, &body, problem));
    } else {
        TRY(job->channel == channel_SMS ? build_sms(settings, job, &body, problem)
                                        : build_whatsapp(settings, job, &body, problem));
        struct str status = callback(settings, HOOK_SMS_STATUS, job, RETRIES, arena);
        form_add(&body, "StatusCallback", twilio_is_mute(job) ? STR_NONE : status);
    }
    struct str url = twilio_url(settings, is_call ? "Calls" : "Messages", STR_NONE, arena);
    twilio_post(settings, url, buf_str(&body), out);
    return OK;
}
