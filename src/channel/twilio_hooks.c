#include "channel/form.h"
#include "channel/twilio.h"

enum { INBOUND_BYTES_MAX = 8192, WORD_BYTES_MAX = 40 };

/* One webhook's fields: of its body, or for GET of its query. */
struct reading {
    struct form form;
    struct arena *arena;
    struct provider_news *out;
    struct problem *problem;
};

static enum err refuse(const struct reading *reading, const char *field)
{
    return problem_set(reading->problem, E_INVALID, field,
                       "It is missing or cannot be understood.");
}

/* Ids and words, which are short and plain; STR_NONE for others. */
static struct str word_of(const struct reading *reading, const char *name)
{
    struct str value = form_text(&reading->form, name);
    return value.len > 0 && value.len <= TWILIO_ADDRESS_BYTES_MAX ? value : STR_NONE;
}

/* Numbers that are none (a client's name, "anonymous") are left absent. */
static void read_numbers(const struct reading *reading)
{
    (void)twilio_address_read(word_of(reading, "From"), &reading->out->from);
    (void)twilio_address_read(word_of(reading, "To"), &reading->out->to);
}

static enum err read_call_id(const struct reading *reading)
{
    reading->out->channel = channel_CALL;
    reading->out->provider_id = word_of(reading, "CallSid");
    read_numbers(reading);
    return str_is_set(reading->out->provider_id) ? OK : refuse(reading, "CallSid");
}

static void read_fault(const struct reading *reading, struct str code)
{
    struct twilio_fault fault;
    twilio_fault_read(code, form_text(&reading->form, "ErrorMessage"), reading->arena, &fault);
    if (str_is_set(fault.code)) {
        twilio_fault_apply(&fault, reading->out);
    }
}

/* A word that we do not know yet is no news, but no fault of the caller's either. */
static void read_unknown_state(const struct reading *reading, struct str word)
{
    reading->out->kind = NEWS_NONE;
    reading->out->provider_state = str_cut_utf8(word, WORD_BYTES_MAX);
}

static enum err read_message_status(const struct reading *reading)
{
    struct provider_news *out = reading->out;
    struct str status = word_of(reading, "MessageStatus");
    status = str_is_set(status) ? status : word_of(reading, "SmsStatus");
    out->provider_id = word_of(reading, "MessageSid");
    if (!str_is_set(out->provider_id)) {
        out->provider_id = word_of(reading, "SmsSid");
    }
    if (!str_is_set(out->provider_id)) {
        return refuse(reading, "MessageSid");
    }
    if (!str_is_set(status)) {
        return refuse(reading, "MessageStatus");
    }
    enum channel channel = twilio_address_read(word_of(reading, "To"), &out->to);
    (void)twilio_address_read(word_of(reading, "From"), &out->from);
    if (!twilio_state_read(channel, status, out)) {
        read_unknown_state(reading, status);
    } else if (out->class != failure_class_NONE) {
        read_fault(reading, word_of(reading, "ErrorCode"));
    }
    return OK;
}

/* What the network said of a call that failed, as far as it tells anything. */
static void read_call_failure(const struct reading *reading)
{
    struct str code = word_of(reading, "ErrorCode");
    struct str sip = word_of(reading, "SipResponseCode");
    if (str_is_set(code)) {
        read_fault(reading, code);
    } else if (str_is_set(sip)) {
        reading->out->code = arena_printf(reading->arena, "SIP %.*s", STR_FMT(sip));
    }
}

static void read_duration(const struct reading *reading)
{
    int64_t seconds = 0;
    /* CallDuration is in seconds; Duration would be in minutes. */
    bool has_it = str_to_int(word_of(reading, "CallDuration"), &seconds) == OK && seconds >= 0;
    reading->out->duration_seconds = reading->out->is_end && has_it ? seconds : -1;
}

/* Whether a human or a machine picked up comes by itself, without a state. */
static enum err read_answered_by(const struct reading *reading)
{
    struct provider_news *out = reading->out;
    struct str word = word_of(reading, "AnsweredBy");
    if (!str_is_set(word)) {
        return refuse(reading, "CallStatus");
    }
    out->kind = NEWS_STATE;
    out->state = message_state_ANSWERED;
    out->level = receipt_level_REACHED;
    out->provider_state = str_cut_utf8(word, WORD_BYTES_MAX);
    if (!twilio_answered_by_read(word, out)) {
        read_unknown_state(reading, word);
    }
    return OK;
}

/* What tells how a call goes on has these; the verdict about who picked up, which may name a state
 * too, has not. */
static bool is_progress(const struct reading *reading)
{
    return str_is_set(form_value(&reading->form, "CallbackSource")) ||
           str_is_set(form_value(&reading->form, "SequenceNumber"));
}

static enum err read_call_status(const struct reading *reading)
{
    struct provider_news *out = reading->out;
    TRY(read_call_id(reading));
    struct str status = word_of(reading, "CallStatus");
    bool is_verdict =
        !str_is_set(status) || (!is_progress(reading) &&
                                str_is_set(form_value(&reading->form, "MachineDetectionDuration")));
    if (is_verdict && str_is_set(word_of(reading, "AnsweredBy"))) {
        return read_answered_by(reading);
    }
    if (!str_is_set(status)) {
        return refuse(reading, "CallStatus");
    }
    if (!twilio_state_read(channel_CALL, status, out)) {
        read_unknown_state(reading, status);
        return OK;
    }
    if (str_to_int(word_of(reading, "SequenceNumber"), &out->sequence) != OK || out->sequence < 0) {
        out->sequence = -1;
    }
    if (out->state == message_state_ANSWERED) {
        (void)twilio_answered_by_read(word_of(reading, "AnsweredBy"), out);
    } else if (out->class != failure_class_NONE) {
        read_call_failure(reading);
    }
    read_duration(reading);
    return OK;
}

static enum err read_voice(const struct reading *reading)
{
    struct provider_news *out = reading->out;
    TRY(read_call_id(reading));
    out->kind = NEWS_PICKUP;
    out->state = message_state_ANSWERED;
    out->level = receipt_level_REACHED;
    out->provider_state = word_of(reading, "CallStatus");
    (void)twilio_answered_by_read(word_of(reading, "AnsweredBy"), out);
    return OK;
}

static enum err read_gather(const struct reading *reading)
{
    TRY(read_call_id(reading));
    struct str digits = word_of(reading, "Digits");
    char key = digits.len > 0 ? digits.ptr[0] : '\0';
    bool is_key = (key >= '0' && key <= '9') || key == '*' || key == '#';
    reading->out->kind = NEWS_KEY;
    reading->out->state = message_state_ANSWERED;
    reading->out->level = receipt_level_REACHED;
    reading->out->key = is_key ? key : '\0';
    return OK;
}

/* What the person meant: a button's own word where one was pressed. */
static struct str text_of(const struct reading *reading)
{
    static const char *const names[] = {"ButtonPayload", "ButtonText", "Body"};
    bool is_whatsapp = reading->out->channel == channel_WHATSAPP;
    for (size_t i = is_whatsapp ? 0 : 2; i < ARRAY_LENGTH(names); i++) {
        struct str text = twilio_clean(form_value(&reading->form, names[i]), reading->arena);
        if (str_trim(text).len > 0) {
            return str_cut_utf8(text, INBOUND_BYTES_MAX);
        }
    }
    return STR("");
}

static struct str opt_out_of(const struct reading *reading)
{
    static const char *const words[] = {"STOP", "START", "HELP"};
    struct str given = word_of(reading, "OptOutType");
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (str_equal_nocase(given, str_from(words[i]))) {
            return str_from(words[i]);
        }
    }
    return STR_NONE;
}

static enum err read_text(const struct reading *reading)
{
    struct provider_news *out = reading->out;
    struct str from = word_of(reading, "From");
    out->provider_id = word_of(reading, "MessageSid");
    if (!str_is_set(out->provider_id)) {
        return refuse(reading, "MessageSid");
    }
    if (!str_is_set(from)) {
        return refuse(reading, "From");
    }
    out->channel = twilio_address_read(from, &out->from);
    (void)twilio_address_read(word_of(reading, "To"), &out->to);
    if (!str_is_set(out->from)) {
        return OK; /* A short code or a sender's name: nobody of ours, and no number to answer. */
    }
    out->kind = NEWS_TEXT;
    out->text = text_of(reading);
    out->opt_out = opt_out_of(reading);
    return OK;
}

enum err twilio_read_hook(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena, struct provider_news *out, struct problem *problem)
{
    (void)settings;
    *out = (struct provider_news){
        .kind = NEWS_NONE, .sequence = -1, .cost_micros = -1, .duration_seconds = -1};
    struct reading reading = {.arena = arena, .out = out, .problem = problem};
    struct form query;
    if (form_parse(arena, call->query, &query) != OK ||
        form_parse(arena, call->is_get ? call->query : call->body, &reading.form) != OK) {
        return problem_set(problem, E_INVALID, "body", "It has more than %d fields.",
                           FORM_PAIRS_MAX);
    }
    struct str attempt = form_text(&query, "attempt");
    out->attempt = attempt.len > 0 && attempt.len <= TWILIO_ADDRESS_BYTES_MAX ? attempt : STR_NONE;
    switch (call->hook) {
    case HOOK_SMS_STATUS:
        return read_message_status(&reading);
    case HOOK_CALL_STATUS:
        return read_call_status(&reading);
    case HOOK_VOICE:
        return read_voice(&reading);
    case HOOK_GATHER:
        return read_gather(&reading);
    case HOOK_SMS:
        out->attempt = STR_NONE;
        return read_text(&reading);
    case HOOK_COUNT:
        break;
    }
    return problem_set(problem, E_INVALID, NULL, "Twilio has no such webhook.");
}
