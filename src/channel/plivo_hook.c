#include "channel/plivo.h"

/* A callback's fields, and the attempt from the URL that we gave. */
struct callback {
    struct form fields;
    struct str attempt;
    struct arena *arena;
};

static enum err missing(struct problem *problem, const char *name)
{
    return problem_set(problem, E_INVALID, name, "Plivo's call has no usable %s.", name);
}

static enum err open_call(const struct hook_call *call, struct arena *arena, struct callback *out,
                          struct problem *problem)
{
    struct form query = {0};
    *out = (struct callback){.arena = arena};
    if (form_parse(arena, call->query, &query) != OK ||
        form_parse(arena, call->is_get ? call->query : call->body, &out->fields) != OK) {
        return problem_set(problem, E_INVALID, "body", "There are too many fields.");
    }
    out->attempt = form_text(&query, "attempt");
    return OK;
}

static struct str id_of(const struct callback *callback, const char *name)
{
    struct str id = form_text(&callback->fields, name);
    return telephony_id_is_plain(id) ? id : STR_NONE;
}

static void take_cost(const struct callback *callback, const char *name, struct provider_news *out)
{
    out->cost_micros = telephony_micros(form_text(&callback->fields, name));
    out->currency = out->cost_micros >= 0 ? STR("USD") : STR_NONE;
}

static enum err read_text_status(const struct callback *callback, struct provider_news *out,
                                 struct problem *problem)
{
    out->provider_id = id_of(callback, "MessageUUID");
    out->from = telephony_number(form_text(&callback->fields, "To"), callback->arena);
    out->sequence = telephony_count(form_text(&callback->fields, "Sequence"));
    take_cost(callback, "TotalAmount", out);
    struct str status = form_text(&callback->fields, "Status");
    plivo_read_text_state(status, form_text(&callback->fields, "ErrorCode"), out, callback->arena);
    return status.len > 0 ? OK : missing(problem, "Status");
}

/* The verdict on who picked up, which comes while the call goes on. */
static void take_machine(bool is_machine, struct provider_news *out)
{
    out->kind = NEWS_STATE;
    out->is_machine = is_machine;
    out->state = message_state_ANSWERED;
    out->level = is_machine ? receipt_level_REACHED : receipt_level_HUMAN;
    out->provider_state = is_machine ? STR("machine") : STR("human");
}

static enum err read_call_status(const struct callback *callback, struct provider_news *out,
                                 struct problem *problem)
{
    struct str status = form_text(&callback->fields, "CallStatus");
    struct str code = form_text(&callback->fields, "HangupCauseCode");
    struct str machine = form_text(&callback->fields, "Machine");
    bool is_machine = false;
    plivo_read_call_state(status, code, out, callback->arena);
    bool is_over = out->is_end || str_equal_text(form_text(&callback->fields, "Event"), "Hangup");
    if (!is_over && str_to_bool(machine, &is_machine) == OK) {
        take_machine(is_machine, out);
        return OK;
    }
    take_cost(callback, "TotalCost", out);
    out->duration_seconds = telephony_count(form_text(&callback->fields, "Duration"));
    return status.len > 0 || out->kind != NEWS_NONE ? OK : missing(problem, "CallStatus");
}

static void read_pickup(const struct callback *callback, struct provider_news *out)
{
    bool is_machine = false;
    struct str machine = form_text(&callback->fields, "Machine");
    out->kind = NEWS_PICKUP;
    out->state = message_state_ANSWERED;
    out->level = receipt_level_REACHED;
    out->provider_state =
        telephony_word(form_text(&callback->fields, "CallStatus"), callback->arena);
    out->is_machine = str_to_bool(machine, &is_machine) == OK && is_machine;
}

static void read_key(const struct callback *callback, struct provider_news *out)
{
    struct str digits = form_text(&callback->fields, "Digits");
    char key = digits.len > 0 ? digits.ptr[0] : 0;
    out->kind = NEWS_KEY;
    out->state = message_state_ANSWERED;
    out->level = receipt_level_REACHED;
    out->key = (key >= '0' && key <= '9') || key == '*' || key == '#' ? key : 0;
}

static enum err read_inbound(const struct callback *callback, struct provider_news *out,
                             struct problem *problem)
{
    out->kind = NEWS_TEXT;
    out->channel = channel_SMS;
    out->attempt = STR_NONE;
    out->provider_id = id_of(callback, "MessageUUID");
    out->from = telephony_number(form_text(&callback->fields, "From"), callback->arena);
    out->to = telephony_number(form_text(&callback->fields, "To"), callback->arena);
    out->text = form_text(&callback->fields, "Text");
    if (!str_is_set(out->from)) {
        return missing(problem, "From");
    }
    return str_is_set(out->text) ? OK : missing(problem, "Text");
}

enum err plivo_read_hook(const struct provider_settings *settings, const struct hook_call *call,
                         struct arena *arena, struct provider_news *out, struct problem *problem)
{
    (void)settings;
    struct callback callback;
    *out = (struct provider_news){.sequence = -1, .cost_micros = -1, .duration_seconds = -1};
    TRY(open_call(call, arena, &callback, problem));
    if (call->hook == HOOK_SMS) {
        return read_inbound(&callback, out, problem);
    }
    if (callback.attempt.len == 0) {
        return missing(problem, "attempt");
    }
    out->attempt = callback.attempt;
    if (call->hook == HOOK_SMS_STATUS) {
        return read_text_status(&callback, out, problem);
    }
    out->channel = channel_CALL;
    out->provider_id = id_of(&callback, "CallUUID");
    out->from = telephony_number(form_text(&callback.fields, "To"), arena);
    switch (call->hook) {
    case HOOK_CALL_STATUS:
        return read_call_status(&callback, out, problem);
    case HOOK_VOICE:
        read_pickup(&callback, out);
        return OK;
    case HOOK_GATHER:
        read_key(&callback, out);
        return OK;
    case HOOK_SMS_STATUS:
    case HOOK_SMS:
    case HOOK_COUNT:
        break;
    }
    return problem_set(problem, E_INVALID, NULL, "Plivo has no such call.");
}
