#include "sim/carrier_internal.h"

#include <jansson.h>
#include <stdlib.h>

/* Calls and SMS as Exotel's API of version 1 has them: protocols.md 3. A call goes into a flow of
 * the dashboard, which is played here as: a greeting that is fetched, one key that is handed over,
 * and back to the greeting where that is answered with 302. Nothing is signed, times are Indian,
 * and what people write goes to an address with a token that only the dashboard knows. */

enum { INDIA_MINUTES = 330, QUESTION_SECONDS = 6, LIST_MAX = 20 };

static const char *word_of(const struct item *item)
{
    static const char *const calls[ITEM_STATE_COUNT] = {
        [ITEM_QUEUED] = "queued",       [ITEM_INITIATED] = "queued",
        [ITEM_RINGING] = "ringing",     [ITEM_TALKING] = "in-progress",
        [ITEM_SENT] = "queued",         [ITEM_DELIVERED] = "completed",
        [ITEM_UNDELIVERED] = "failed",  [ITEM_FAILED] = "failed",
        [ITEM_COMPLETED] = "completed", [ITEM_BUSY] = "busy",
        [ITEM_NO_ANSWER] = "no-answer", [ITEM_CANCELED] = "canceled"};
    bool is_failed = item->state == ITEM_UNDELIVERED || item->state == ITEM_FAILED;
    if (item->channel == channel_CALL) {
        return calls[item->state];
    }
    return item->state == ITEM_DELIVERED ? "delivered"
           : is_failed ? (str_equal_text(item->code, "23005") ? "failed-dnd" : "failed")
           : item->state == ITEM_SENT ? "submitted"
                                      : "queued";
}

static void answer(struct ask *ask, int status, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    ask->status = status;
    ask->body = arena_str(ask->arena, str_from(text));
    free(text);
    json_decref(object);
}

static void refuse(struct ask *ask, int status, const char *code)
{
    answer(ask, status,
           json_pack("{s:{s:i,s:s}}", "RestException", "Status", status, "Message",
                     code != NULL ? code : "The fake carrier refuses this"));
}

static json_t *text_of(struct str text)
{
    return text.len > 0 ? json_stringn(text.ptr, text.len) : json_null();
}

static json_t *object_of(struct ask *ask, const struct item *item)
{
    bool is_call = item->channel == channel_CALL;
    json_t *object = json_object();
    json_object_set_new(object, "Sid", text_of(item->id));
    json_object_set_new(object, "Status", json_string(word_of(item)));
    json_object_set_new(object, "DateCreated",
                        text_of(plain_time_text(ask->arena, item->created_at, INDIA_MINUTES)));
    json_object_set_new(object, is_call ? "From" : "To", text_of(item->to));
    json_object_set_new(object, is_call ? "To" : "From", text_of(item->from));
    if (is_call) {
        json_object_set_new(object, "Direction", json_string("outbound-api"));
        json_object_set_new(object, "PhoneNumberSid", text_of(item->from));
    } else {
        json_object_set_new(object, "DetailedStatusCode", text_of(item->code));
    }
    return object;
}

static json_t *wrap(const struct item *item, json_t *object)
{
    json_t *whole = json_object();
    json_object_set_new(whole, item->channel == channel_CALL ? "Call" : "SMSMessage", object);
    return whole;
}

/* What stands behind "/v1/Accounts/…/"; absent for another path. */
static struct str rest_of_path(const struct ask *ask)
{
    struct str root = STR("/v1/Accounts/");
    struct str account = ask->carrier->brands[CARRIER_EXOTEL].account.account;
    struct str rest = str_slice(ask->path, root.len, ask->path.len);
    bool is_ours = str_starts(ask->path, root) && str_starts(rest, account) &&
                   rest.len > account.len && rest.ptr[account.len] == '/';
    return is_ours ? str_slice(rest, account.len + 1, rest.len) : STR_NONE;
}

static enum operation classify(const struct ask *ask)
{
    return str_equal_text(ask->http->method, "POST")         ? OP_CREATE
           : str_equal_text(rest_of_path(ask), "Calls.json") ? OP_FIND
                                                             : OP_POLL;
}

static void take_common(struct ask *ask, struct item *item, const char *to, const char *from)
{
    struct arena *arena = ask->carrier->arena;
    struct str type = fields_get(&ask->fields, "StatusCallbackContentType");
    struct fields query = {.arena = arena};
    item->to = arena_str(arena, fields_get(&ask->fields, to));
    item->from = arena_str(arena, fields_get(&ask->fields, from));
    item->urls[URL_STATUS] = arena_str(arena, fields_get(&ask->fields, "StatusCallback"));
    item->wants_json = str_is_set(type) && str_equal_text(type, "application/json");
    fields_read(&query, url_query(item->urls[URL_STATUS]));
    item->attempt = fields_get(&query, "attempt");
    item->id = arena_printf(arena, "%032llx", (unsigned long long)(++ask->carrier->serial + 0xe0));
}

static void create_call(struct ask *ask)
{
    struct item *item = item_new(ask, channel_CALL);
    struct str ring = fields_get(&ask->fields, "TimeOut");
    take_common(ask, item, "From", "CallerId");
    item->field = arena_str(ask->carrier->arena, fields_get(&ask->fields, "CustomField"));
    item->urls[URL_VOICE] = hook_place_of(ask->carrier, CARRIER_EXOTEL, "voice");
    item->uses_get[URL_VOICE] = true;
    item->told_states = ~0u << ITEM_DELIVERED;
    if (fields_has(&ask->fields, "StatusCallbackEvents[1]", STR("answered"))) {
        item->told_states |= 1u << ITEM_TALKING;
    }
    bool is_flow = str_contains(fields_get(&ask->fields, "Url"), STR("/exoml/start_voice/"));
    if (item->to.len == 0 || item->from.len == 0 || !is_flow ||
        (str_is_set(ring) && str_to_int(ring, &item->ring_seconds) != OK)) {
        refuse(ask, 400, "Mandatory parameter missing");
    } else if (item_accept(ask, item)) {
        answer(ask, 200, wrap(item, object_of(ask, item)));
    }
}

static void create_text(struct ask *ask)
{
    struct item *item = item_new(ask, channel_SMS);
    take_common(ask, item, "To", "From");
    item->text = arena_str(ask->carrier->arena, fields_get(&ask->fields, "Body"));
    item->told_states = ~0u << ITEM_SENT;
    if (item->to.len == 0 || item->from.len == 0 || item->text.len == 0) {
        refuse(ask, 400, "Mandatory parameter missing");
    } else if (item_accept(ask, item)) {
        answer(ask, 200, wrap(item, object_of(ask, item)));
    }
}

static void list(struct ask *ask)
{
    struct str from = fields_get(&ask->query, "From");
    json_t *calls = json_array();
    for (struct item *each = ask->carrier->items; each != NULL; each = each->next) {
        bool fits = each->brand == CARRIER_EXOTEL && each->channel == channel_CALL &&
                    item_is_over(each) && (!str_is_set(from) || str_equal(from, each->to));
        if (fits && json_array_size(calls) < LIST_MAX) {
            json_array_append_new(calls, object_of(ask, each));
        }
    }
    answer(ask, 200, json_pack("{s:o}", "Calls", calls));
}

static void show(struct ask *ask)
{
    struct str path = rest_of_path(ask);
    struct str prefix = str_starts(path, STR("Calls/")) ? STR("Calls/") : STR("SMS/Messages/");
    size_t end = str_find(path, STR(".json"));
    struct str id = str_slice(path, prefix.len, end);
    struct item *item = str_starts(path, prefix) ? item_find(ask->carrier, id) : NULL;
    if (item == NULL) {
        refuse(ask, 404, NULL);
        return;
    }
    answer(ask, 200, wrap(item, object_of(ask, item)));
}

static void handle(struct ask *ask)
{
    struct str path = rest_of_path(ask);
    if (ask->operation == OP_FIND) {
        list(ask);
    } else if (ask->operation == OP_POLL) {
        show(ask);
    } else if (str_equal_text(path, "Calls/connect.json")) {
        create_call(ask);
    } else if (str_equal_text(path, "Sms/send.json")) {
        create_text(ask);
    } else {
        refuse(ask, 404, NULL);
    }
}

/* --- Callbacks --- */

static struct str tell_state(const struct carrier *carrier, const struct item *item,
                             struct fields *out)
{
    bool is_over = item_is_over(item);
    bool is_lie = carrier->brands[CARRIER_EXOTEL].callbacks.are_lies &&
                  (is_over || item->state == ITEM_TALKING);
    if ((item->told_states >> item->state & 1) == 0) {
        return STR_NONE;
    }
    bool is_call = item->channel == channel_CALL;
    fields_add(out, is_call ? "CallSid" : "SmsSid", item->id);
    fields_add(out, "Status", is_lie ? STR("failed") : str_from(word_of(item)));
    if (is_call) {
        fields_add(out, "EventType", is_over || is_lie ? STR("terminal") : STR("answered"));
        fields_add(out, "CustomField", item->field);
        fields_add(out, "ConversationDuration", STR("10"));
    } else {
        fields_add(out, "To", item->to);
        fields_add(out, "DetailedStatusCode", item->code);
    }
    return item->urls[URL_STATUS];
}

static void tell_page(const struct carrier *carrier, const struct item *item, struct str keys,
                      struct fields *out)
{
    (void)carrier;
    fields_add(out, "CallSid", item->id);
    fields_add(out, "CallFrom", item->to);
    fields_add(out, "CallTo", item->from);
    fields_add(out, "Direction", STR("outbound-dial"));
    fields_add(out, "CustomField", item->field);
    if (str_is_set(keys)) {
        fields_add(out, "digits", arena_printf(out->arena, "\"%.*s\"", STR_FMT(keys)));
    }
}

static void tell_nothing(const struct carrier *carrier, const struct item *item, struct fields *out)
{
    (void)carrier;
    (void)item;
    (void)out;
}

/* Nothing is signed; but bodies are JSON or multipart. */
static void dress(struct carrier *carrier, struct hook *hook, const struct fields *fields,
                  struct str token)
{
    static const char boundary[] = "----tocsin-carrier";
    (void)token;
    if (fields == NULL) {
        return;
    }
    if (!hook->item->wants_json) {
        hook->call.body = fields_write_multipart(fields, str_from(boundary));
        hook->call.content_type =
            arena_printf(carrier->arena, "multipart/form-data; boundary=%s", boundary);
        return;
    }
    json_t *object = json_object();
    for (size_t i = 0; i < fields->count; i++) {
        json_object_set_new(object, fields->items[i].name.ptr,
                            json_stringn(fields->items[i].value.ptr, fields->items[i].value.len));
    }
    char *text = json_dumps(object, JSON_COMPACT);
    hook->call.body = arena_str(carrier->arena, str_from(text));
    hook->call.content_type = STR("application/json");
    free(text);
    json_decref(object);
}

/* A greeting, and the question behind it; or the branch that follows a key. */
static enum err read_page(struct carrier *carrier, const struct item *item,
                          const struct carrier_heard *heard, struct page *out, struct str *wrong)
{
    bool is_greeting = item->verb == 0;
    struct str gather = hook_place_of(carrier, CARRIER_EXOTEL, "gather");
    *out = (struct page){.count = 1};
    if (!is_greeting) {
        out->verbs[0] =
            (struct page_verb){.kind = heard->status == 302 ? PAGE_REDIRECT : PAGE_HANG_UP,
                               .url = item->urls[URL_VOICE],
                               .method = STR("GET")};
        return OK;
    }
    TRY(page_check_type(carrier->arena, heard->content_type, "text/plain", wrong));
    if (heard->body.len == 0) {
        *wrong = STR("a greeting without a word");
        return E_INVALID;
    }
    out->count = 2;
    out->verbs[0] = (struct page_verb){.kind = PAGE_GATHER,
                                       .seconds = QUESTION_SECONDS,
                                       .digits = 1,
                                       .prompts = 1,
                                       .url = gather,
                                       .method = STR("GET")};
    out->verbs[1] =
        (struct page_verb){.kind = PAGE_SAY, .text = arena_str(carrier->arena, heard->body)};
    return OK;
}

const struct brand brand_exotel = {
    .name = "exotel",
    .base_url = "https://api.exotel.com",
    .classify = classify,
    .handle = handle,
    .refuse = refuse,
    .tell_state = tell_state,
    .tell_page = tell_page,
    .tell_machine = tell_nothing,
    .tell_text = tell_nothing,
    .sign = dress,
    .read_page = read_page,
    .word = word_of,
    .invalid_code = "23010",
    .landline_code = "23010",
    .blocked_code = "23005",
    .branches_by_status = true,
    .refuses_late = true,
};
