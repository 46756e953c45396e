#include "channel/plivo.h"
#include "channel/silent.h"
#include "channel/sms_text.h"

#include "model/formats.h"
#include "model/json.h"

enum {
    RING_SECONDS_MAX = 120,
    CALL_SECONDS_MAX = 600,
    EXPIRY_SECONDS_MIN = 5,
    EXPIRY_SECONDS_MAX = 10799,
    TEXT_SEPTETS_MAX = 1600,
    TEXT_UNITS_MAX = 737
};

static enum err missing(struct problem *problem, const char *name)
{
    return problem_set(problem, E_INVALID, name, "%s is needed to reach people through Plivo.",
                       name);
}

static bool is_sender(struct str sender)
{
    return format_e164.is_valid(sender) || telephony_sender_is_plain(sender);
}

static enum err plivo_check(const struct provider_settings *settings, struct problem *problem)
{
    if (settings->plivo.auth_id.len == 0) {
        return missing(problem, "PLIVO_AUTH_ID");
    }
    if (!telephony_id_is_plain(settings->plivo.auth_id)) {
        return problem_set(problem, E_INVALID, "PLIVO_AUTH_ID",
                           "It must be an id such as MA and 18 more letters and digits.");
    }
    if (settings->plivo.auth_token.len == 0) {
        return missing(problem, "PLIVO_AUTH_TOKEN");
    }
    if (settings->plivo.from_number.len == 0 && settings->plivo.powerpack_uuid.len == 0) {
        return missing(problem, "PLIVO_FROM_NUMBER");
    }
    if (settings->plivo.from_number.len > 0 && !is_sender(settings->plivo.from_number)) {
        return problem_set(
            problem, E_INVALID, "PLIVO_FROM_NUMBER",
            "It must be a number such as +14155550101 or, for texts alone, a sender id "
            "of 3 to 11 letters and digits.");
    }
    if (settings->plivo.powerpack_uuid.len > 0 &&
        !telephony_id_is_plain(settings->plivo.powerpack_uuid)) {
        return problem_set(problem, E_INVALID, "PLIVO_POWERPACK_UUID", "It must be a UUID.");
    }
    return OK;
}

static enum err check_calls(const struct provider_settings *settings, struct problem *problem)
{
    if (settings->public_url.len == 0) {
        return problem_set(problem, E_INVALID, "TOCSIN_PUBLIC_URL",
                           "Plivo asks this server what a call says: calls through it need "
                           "TOCSIN_PUBLIC_URL.");
    }
    if (!format_e164.is_valid(settings->plivo.from_number)) {
        return problem_set(problem, E_INVALID, "PLIVO_FROM_NUMBER",
                           "Calls need a number to call from, such as +14155550101.");
    }
    return OK;
}

static enum err plivo_check_channel(const struct provider_settings *settings, enum channel channel,
                                    struct problem *problem)
{
    if (channel == channel_CALL) {
        return check_calls(settings, problem);
    }
    return settings->plivo.from_number.len > 0 || settings->plivo.powerpack_uuid.len > 0
               ? OK
               : missing(problem, "PLIVO_FROM_NUMBER");
}

struct str plivo_hook_url(const struct provider_settings *settings, enum hook hook,
                          struct str attempt, struct arena *arena)
{
    struct hook_place place = {.provider = PLIVO,
                               .hook = hook,
                               .attempt = attempt,
                               .fragment = STR("#rc=3&rp=4xx,5xx,ct,rt")};
    return hook_url(settings, &place, arena);
}

static void add_name(struct buf *body, const char *name)
{
    buf_add_byte(body, body->len == 0 ? '{' : ',');
    json_add_text(body, str_from(name));
    buf_add_byte(body, ':');
}

/* An absent or empty value adds nothing. */
static void add_text(struct buf *body, const char *name, struct str value)
{
    if (value.len > 0) {
        add_name(body, name);
        json_add_text(body, value);
    }
}

static void add_int(struct buf *body, const char *name, int64_t value)
{
    add_name(body, name);
    buf_add_int(body, value);
}

/* Numbers go without their '+', as Plivo's documents have it. */
static struct str bare(struct str number)
{
    return str_starts(number, STR("+")) ? str_slice(number, 1, number.len) : number;
}

static struct telephony_account account_of(const struct provider_settings *settings,
                                           struct arena *arena)
{
    struct str base = telephony_base(settings->plivo.base_url, "https://api.plivo.com");
    return (struct telephony_account){.root = arena_printf(arena, "%.*s/v1/Account/%.*s/",
                                                           STR_FMT(base),
                                                           STR_FMT(settings->plivo.auth_id)),
                                      .username = settings->plivo.auth_id,
                                      .password = settings->plivo.auth_token,
                                      .timeout = settings->timeout};
}

static struct wire_request request_to(const struct provider_settings *settings, const char *method,
                                      struct str path, struct arena *arena)
{
    struct telephony_account account = account_of(settings, arena);
    return telephony_request(&account, method, path, arena);
}

static struct wire_request post_to(const struct provider_settings *settings, struct str path,
                                   struct buf *body, struct arena *arena)
{
    struct telephony_account account = account_of(settings, arena);
    buf_add_byte(body, '}');
    return telephony_post(&account, path, "application/json", buf_str(body), arena);
}

static int64_t within(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

static enum err build_call(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out, struct problem *problem)
{
    TRY(check_calls(settings, problem));
    struct str status = plivo_hook_url(settings, HOOK_CALL_STATUS, job->attempt, arena);
    struct buf body = {.arena = arena};
    add_text(&body, "from", bare(str_is_set(job->from) ? job->from : settings->plivo.from_number));
    add_text(&body, "to", bare(job->to));
    add_text(&body, "answer_url", plivo_hook_url(settings, HOOK_VOICE, job->attempt, arena));
    add_text(&body, "answer_method", STR("POST"));
    add_text(&body, "ring_url", status);
    add_text(&body, "ring_method", STR("POST"));
    add_text(&body, "hangup_url", status);
    add_text(&body, "hangup_method", STR("POST"));
    add_int(&body, "ring_timeout", telephony_ring_seconds(settings, RING_SECONDS_MAX));
    add_int(&body, "time_limit", CALL_SECONDS_MAX);
    if (settings->detects_machines) {
        /* With a URL of its own the verdict comes later, and nobody waits in silence for it. */
        add_text(&body, "machine_detection", STR("true"));
    }
    if (settings->detects_machines && job->machine == machine_action_NONE) {
        add_text(&body, "machine_detection_url", status);
        add_text(&body, "machine_detection_method", STR("POST"));
    }
    *out = post_to(settings, STR("Call/"), &body, arena);
    return OK;
}

static bool text_fits(struct str text)
{
    struct sms_size size = sms_measure(text);
    return text.len > 0 && size.units <= (size_t)(size.is_gsm7 ? TEXT_SEPTETS_MAX : TEXT_UNITS_MAX);
}

static void add_sender(struct buf *body, const struct provider_settings *settings, struct str from)
{
    /* Plivo takes one of the two, never both. */
    if (str_is_set(from)) {
        add_text(body, "src", bare(from));
    } else if (settings->plivo.powerpack_uuid.len > 0) {
        add_text(body, "powerpack_uuid", settings->plivo.powerpack_uuid);
    } else {
        add_text(body, "src", bare(settings->plivo.from_number));
    }
}

static enum err build_text(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out, struct problem *problem)
{
    if (!text_fits(job->text)) {
        return problem_set(problem, E_INVALID, "text",
                           "Plivo carries texts of 1 to %d characters, or %d where one is outside "
                           "GSM-7.",
                           TEXT_SEPTETS_MAX, TEXT_UNITS_MAX);
    }
    struct buf body = {.arena = arena};
    add_sender(&body, settings, job->from);
    add_text(&body, "dst", bare(job->to));
    add_text(&body, "text", job->text);
    add_text(&body, "type", STR("sms"));
    if (settings->public_url.len > 0) {
        add_text(&body, "url", plivo_hook_url(settings, HOOK_SMS_STATUS, job->attempt, arena));
        add_text(&body, "method", STR("POST"));
    }
    if (instant_is_set(job->valid_until)) {
        int64_t left = duration_seconds(instant_since(job->valid_until, job->now));
        add_int(&body, "message_expiry", within(left, EXPIRY_SECONDS_MIN, EXPIRY_SECONDS_MAX));
    }
    add_text(&body, "dlt_entity_id", settings->plivo.dlt_entity_id);
    add_text(&body, "dlt_template_id", settings->plivo.dlt_template_id);
    *out = post_to(settings, STR("Message/"), &body, arena);
    return OK;
}

static enum err plivo_build_send(const struct provider_settings *settings,
                                 const struct send_job *job, struct arena *arena,
                                 struct wire_request *out, struct problem *problem)
{
    if (job->channel != channel_SMS && job->channel != channel_CALL) {
        return problem_set(problem, E_INVALID, "channel", "Plivo carries SMS and CALL only.");
    }
    /* Also a matter of safety: a '<' would make several recipients of one. */
    if (!format_e164.is_valid(job->to)) {
        return problem_set(problem, E_INVALID, "to", "It must be %s.", format_e164.advice);
    }
    if (str_is_set(job->from) && !is_sender(job->from)) {
        return problem_set(problem, E_INVALID, "from", "It must be a number or a sender id.");
    }
    return job->channel == channel_CALL ? build_call(settings, job, arena, out, problem)
                                        : build_text(settings, job, arena, out, problem);
}

/* The newest. Their filters by time take times of their clock, which only the answer tells. */
static enum err plivo_build_find(const struct provider_settings *settings,
                                 const struct send_job *job, struct arena *arena,
                                 struct wire_request *out)
{
    bool is_call = job->channel == channel_CALL;
    if ((!is_call && job->channel != channel_SMS) || !format_e164.is_valid(job->to)) {
        return E_NOT_FOUND;
    }
    struct buf path = {.arena = arena};
    buf_add_text(&path, is_call ? "Call/?call_direction=outbound&to_number="
                                : "Message/?message_direction=outbound");
    if (is_call) {
        form_encode(&path, bare(job->to));
    }
    buf_printf(&path, "&limit=%d", PLIVO_LIST_MAX);
    *out = request_to(settings, "GET", buf_str(&path), arena);
    return OK;
}

static enum err plivo_build_cancel(const struct provider_settings *settings, struct str provider_id,
                                   struct arena *arena, struct wire_request *out)
{
    struct str prefix = STR(PLIVO_REQUEST);
    bool is_request = str_starts(provider_id, prefix);
    struct str uuid =
        is_request ? str_slice(provider_id, prefix.len, provider_id.len) : provider_id;
    if (!telephony_id_is_plain(uuid)) {
        return E_NOT_FOUND;
    }
    struct str path =
        arena_printf(arena, "%s/%.*s/", is_request ? "Request" : "Call", STR_FMT(uuid));
    *out = request_to(settings, "DELETE", path, arena);
    return OK;
}

static enum err plivo_build_poll(const struct provider_settings *settings, enum channel channel,
                                 struct str provider_id, struct arena *arena,
                                 struct wire_request *out)
{
    bool is_call = channel == channel_CALL;
    /* The id of a request is none of a call: only a callback can tell what became of it. */
    if ((!is_call && channel != channel_SMS) || !telephony_id_is_plain(provider_id)) {
        return E_NOT_FOUND;
    }
    struct str path =
        arena_printf(arena, "%s/%.*s/", is_call ? "Call" : "Message", STR_FMT(provider_id));
    *out = request_to(settings, "GET", path, arena);
    return OK;
}

const struct provider provider_plivo = {
    .name = PLIVO,
    .channels = 1u << channel_SMS | 1u << channel_CALL,
    .check = plivo_check,
    .check_channel = plivo_check_channel,
    .build_send = plivo_build_send,
    .read_send = plivo_read_send,
    .build_find = plivo_build_find,
    .read_find = plivo_read_find,
    .build_cancel = plivo_build_cancel,
    .build_poll = plivo_build_poll,
    .read_poll = plivo_read_poll,
    .build_inbox = silent_build_inbox,
    .build_inbox_more = silent_build_inbox_more,
    .read_inbox = silent_read_inbox,
    .check_hook = plivo_check_hook,
    .read_hook = plivo_read_hook,
    .spoken = silent_spoken,
    .write_voice = plivo_write_voice,
    .write_answer = plivo_write_answer,
};
