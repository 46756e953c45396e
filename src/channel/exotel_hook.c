#include "channel/exotel.h"
#include "channel/multipart.h"

#include "model/json_tree.h"

enum { TEXT_BYTES_MAX = 4000 };

/* Who calls: the attempt and its token, from the URL that we gave or from the flow's CustomField.
 */
struct caller {
    struct str attempt;
    struct str token;
};

static struct caller caller_of(const struct hook_call *call, struct arena *arena)
{
    struct form query = {0};
    struct caller caller = {STR_NONE, STR_NONE};
    if (form_parse(arena, call->query, &query) != OK) {
        return caller;
    }
    caller.attempt = form_text(&query, "attempt");
    caller.token = form_text(&query, "token");
    struct str field = form_text(&query, "CustomField");
    bool is_flow = call->hook == HOOK_VOICE || call->hook == HOOK_GATHER;
    if (is_flow && !str_is_set(caller.token) && str_is_set(field)) {
        size_t bar = str_find_byte(field, '|', 0);
        caller.attempt = str_slice(field, 0, bar);
        caller.token = str_slice(field, bar + 1, field.len);
    }
    return caller;
}

enum err exotel_check_hook(const struct provider_settings *settings, const struct hook_call *call,
                           struct arena *arena)
{
    struct caller caller = caller_of(call, arena);
    bool is_inbound = str_equal_text(caller.attempt, EXOTEL_INBOUND);
    if (call->hook == HOOK_SMS) {
        /* Nobody has sent what a person writes, so its token stands for the address alone. */
        bool fits = (is_inbound || !str_is_set(caller.attempt)) &&
                    hook_token_fits(settings, STR(EXOTEL_INBOUND), caller.token);
        return fits ? OK : E_FORBIDDEN;
    }
    return !is_inbound && hook_token_fits(settings, caller.attempt, caller.token) ? OK
                                                                                  : E_FORBIDDEN;
}

static bool is_value(const struct json_node *node)
{
    return node->kind == JSON_KIND_TEXT || node->kind == JSON_KIND_NUMBER;
}

/* The members of a JSON body as fields; what is nested (Legs) is left out. */
static enum err read_json(struct str body, struct arena *arena, struct form *out)
{
    const struct json_node *root = NULL;
    TRY(json_tree_read(arena, body, &root));
    if (root->kind != JSON_KIND_OBJECT) {
        return E_INVALID;
    }
    struct form_pair *pairs = ARENA_NEW_ARRAY(arena, struct form_pair, root->count);
    size_t count = 0;
    for (size_t i = 0; i < root->count; i++) {
        if (is_value(&root->items[i])) {
            pairs[count++] = (struct form_pair){root->items[i].name, root->items[i].text};
        }
    }
    *out = (struct form){.pairs = pairs, .count = count};
    return OK;
}

static enum err read_fields(const struct hook_call *call, struct arena *arena, struct form *out)
{
    if (call->is_get || call->body.len == 0) {
        return form_parse(arena, call->query, out);
    }
    if (multipart_is_type(call->content_type)) {
        return multipart_parse(arena, call->content_type, call->body, out);
    }
    return str_starts_nocase(str_trim(call->content_type), STR("application/json"))
               ? read_json(call->body, arena, out)
               : form_parse(arena, call->body, out);
}

static enum err missing(struct problem *problem, const char *name)
{
    return problem_set(problem, E_INVALID, name, "Exotel's call has no usable %s.", name);
}

static struct str id_of(const struct form *fields, const char *name)
{
    struct str id = form_text(fields, name);
    return telephony_id_is_plain(id) ? id : STR_NONE;
}

static enum err read_call_status(const struct form *fields, struct arena *arena,
                                 struct provider_news *out, struct problem *problem)
{
    struct str status = form_text(fields, "Status");
    bool is_answered = str_equal_nocase(form_text(fields, "EventType"), STR("answered"));
    /* While a call goes on its status may still be that of before. */
    exotel_read_call_state(is_answered ? STR("in-progress") : status, out, arena);
    struct str seconds = form_text(fields, "ConversationDuration");
    seconds = seconds.len > 0 ? seconds : form_text(fields, "Duration");
    out->duration_seconds = out->is_end ? telephony_count(seconds) : -1;
    return is_answered || status.len > 0 ? OK : missing(problem, "Status");
}

static enum err read_text_status(const struct form *fields, struct arena *arena,
                                 struct provider_news *out, struct problem *problem)
{
    struct exotel_text_state state = {.status = form_text(fields, "Status"),
                                      .detail = form_text(fields, "DetailedStatus"),
                                      .code = form_text(fields, "DetailedStatusCode")};
    exotel_read_text_state(&state, out, arena);
    return state.status.len > 0 ? OK : missing(problem, "Status");
}

static void read_pickup(struct provider_news *out)
{
    out->kind = NEWS_PICKUP;
    out->channel = channel_CALL;
    out->state = message_state_ANSWERED;
    out->level = receipt_level_REACHED;
    out->provider_state = STR("in-progress");
}

/* Exotel writes the digits in double quotes. */
static void read_key(const struct form *fields, struct provider_news *out)
{
    struct str digits = form_text(fields, "digits");
    char key = 0;
    for (size_t i = 0; i < digits.len && key == 0; i++) {
        char c = digits.ptr[i];
        key = (c >= '0' && c <= '9') || c == '*' || c == '#' ? c : 0;
    }
    read_pickup(out);
    out->kind = NEWS_KEY;
    out->key = key;
}

static enum err read_inbound(const struct form *fields, struct arena *arena,
                             struct provider_news *out, struct problem *problem)
{
    out->kind = NEWS_TEXT;
    out->channel = channel_SMS;
    out->provider_id = id_of(fields, "SmsSid");
    out->from = exotel_number(form_text(fields, "From"), arena);
    out->to = exotel_number(form_text(fields, "To"), arena);
    out->text = form_text(fields, "Body");
    if (!str_is_set(out->from)) {
        return missing(problem, "From");
    }
    return str_is_set(out->text) ? OK : missing(problem, "Body");
}

enum err exotel_read_hook(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena, struct provider_news *out, struct problem *problem)
{
    (void)settings;
    struct form fields = {0};
    *out = (struct provider_news){
        .is_unproven = true, .sequence = -1, .cost_micros = -1, .duration_seconds = -1};
    if (read_fields(call, arena, &fields) != OK) {
        return problem_set(problem, E_INVALID, "body", "Exotel's call cannot be read.");
    }
    if (call->hook == HOOK_SMS) {
        return read_inbound(&fields, arena, out, problem);
    }
    out->attempt = caller_of(call, arena).attempt;
    if (out->attempt.len == 0) {
        return missing(problem, "attempt");
    }
    out->provider_id = id_of(&fields, call->hook == HOOK_SMS_STATUS ? "SmsSid" : "CallSid");
    switch (call->hook) {
    case HOOK_CALL_STATUS:
        return read_call_status(&fields, arena, out, problem);
    case HOOK_SMS_STATUS:
        return read_text_status(&fields, arena, out, problem);
    case HOOK_VOICE:
        read_pickup(out);
        return OK;
    case HOOK_GATHER:
        read_key(&fields, out);
        return OK;
    case HOOK_SMS:
    case HOOK_COUNT:
        break;
    }
    return problem_set(problem, E_INVALID, NULL, "Exotel has no such call.");
}

/* What can be spoken or written: UTF-8 without control characters but line ends. */
static void add_plain(struct buf *out, struct str text)
{
    text = str_cut_utf8(text, TEXT_BYTES_MAX);
    buf_add_text(out, out->len > 0 && text.len > 0 ? " " : "");
    for (size_t at = 0; at < text.len;) {
        size_t len = str_utf8_sequence(text, at);
        unsigned char c = (unsigned char)text.ptr[at];
        bool is_control = (c < 0x20 && c != '\n') || c == 0x7F;
        buf_add(out, is_control ? STR(" ") : str_slice(text, at, at + len));
        at += len > 0 ? len : 1;
    }
}

/* The flow reads the body where it asked for a greeting, and only the status where it handed over a
 * key: 302 leads back to the question. */
void exotel_write_voice(const struct provider_settings *settings, const struct voice_page *page,
                        struct arena *arena, struct http_response *out)
{
    (void)settings;
    struct buf text = {.arena = arena};
    add_plain(&text, page->speech);
    if (!page->asks) {
        add_plain(&text, page->goodbye);
    }
    bool asks_again = page->hook == HOOK_GATHER && page->asks;
    *out = (struct http_response){.status = asks_again ? 302 : 200,
                                  .content_type = STR("text/plain; charset=utf-8"),
                                  .body = text.len > 0 ? buf_str(&text) : STR(" "),
                                  .no_store = true};
}

/* For an incoming text, Exotel's SMS applet sends what we answer back to whoever wrote, so that
 * nothing is answered where nothing is to be written. */
void exotel_write_answer(enum hook hook, struct str reply, struct arena *arena,
                         struct http_response *out)
{
    struct buf text = {.arena = arena};
    add_plain(&text, hook == HOOK_SMS ? reply : STR("OK"));
    *out = (struct http_response){.status = 204};
    if (text.len > 0) {
        *out = (struct http_response){.status = 200,
                                      .content_type = STR("text/plain; charset=utf-8"),
                                      .body = buf_str(&text)};
    }
}
