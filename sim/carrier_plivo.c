#include "sim/carrier_internal.h"

#include <jansson.h>
#include <stdlib.h>

/* Calls and SMS as Plivo's API has them: protocols.md 2. A request_uuid is not the call's id, and
 * of calls only what is over stands in the lists. */

enum { ZONE_MINUTES = 330, LIST_MAX = 20 };

static const char *const call_words[ITEM_STATE_COUNT] = {
    [ITEM_QUEUED] = "queued",       [ITEM_INITIATED] = "initiated", [ITEM_RINGING] = "ringing",
    [ITEM_TALKING] = "in-progress", [ITEM_SENT] = "queued",         [ITEM_DELIVERED] = "completed",
    [ITEM_UNDELIVERED] = "failed",  [ITEM_FAILED] = "failed",       [ITEM_COMPLETED] = "completed",
    [ITEM_BUSY] = "busy",           [ITEM_NO_ANSWER] = "no-answer", [ITEM_CANCELED] = "cancel"};

static const char *const text_words[ITEM_STATE_COUNT] = {[ITEM_QUEUED] = "queued",
                                                         [ITEM_INITIATED] = "queued",
                                                         [ITEM_RINGING] = "queued",
                                                         [ITEM_TALKING] = "queued",
                                                         [ITEM_SENT] = "sent",
                                                         [ITEM_DELIVERED] = "delivered",
                                                         [ITEM_UNDELIVERED] = "undelivered",
                                                         [ITEM_FAILED] = "failed",
                                                         [ITEM_COMPLETED] = "delivered",
                                                         [ITEM_BUSY] = "failed",
                                                         [ITEM_NO_ANSWER] = "failed",
                                                         [ITEM_CANCELED] = "failed"};

static const char *word_of(const struct item *item)
{
    return item->channel == channel_CALL ? call_words[item->state] : text_words[item->state];
}

static const char *cause_of(const struct item *item)
{
    switch (item->state) {
    case ITEM_BUSY:
        return item->handset.action == HANDSET_REJECT ? "3020" : "3010";
    case ITEM_NO_ANSWER:
        return "3000";
    case ITEM_CANCELED:
        return "1000";
    case ITEM_FAILED:
    case ITEM_UNDELIVERED:
        return item->code.len > 0 ? item->code.ptr : "2000";
    case ITEM_QUEUED:
    case ITEM_INITIATED:
    case ITEM_RINGING:
    case ITEM_TALKING:
    case ITEM_SENT:
    case ITEM_DELIVERED:
    case ITEM_COMPLETED:
    case ITEM_STATE_COUNT:
        break;
    }
    return "4000";
}

static struct str new_uuid(struct carrier *carrier)
{
    return arena_printf(carrier->arena, "00000000-0000-4000-8000-%012llx",
                        (unsigned long long)++carrier->serial);
}

static struct str bare(struct str number)
{
    return str_starts(number, STR("+")) ? str_slice(number, 1, number.len) : number;
}

/* --- Answers --- */

static void answer(struct ask *ask, int status, json_t *object)
{
    json_object_set_new(object, "api_id", json_string("5a9fcb5e-0000-11e6-a86a-22000acb806a"));
    char *text = json_dumps(object, JSON_COMPACT);
    ask->status = status;
    ask->body = arena_str(ask->arena, str_from(text));
    free(text);
    json_decref(object);
}

static void refuse(struct ask *ask, int status, const char *code)
{
    const char *reason = code != NULL    ? code
                         : status == 401 ? "authentication failed"
                         : status == 404 ? "not found"
                         : status == 429 ? "rate limit exceeded"
                                         : "internal server error";
    answer(ask, status, json_pack("{s:s}", "error", reason));
}

static json_t *text_of(struct str text)
{
    return json_stringn(text.len > 0 ? text.ptr : "", text.len);
}

/* Lists have times of the account's zone, with its offset. */
static json_t *local_time_of(struct arena *arena, struct instant at)
{
    struct str text = plain_time_text(arena, at, ZONE_MINUTES);
    return text_of(instant_is_set(at) ? arena_printf(arena, "%.*s+05:30", STR_FMT(text)) : text);
}

static json_t *object_of(struct ask *ask, const struct item *item)
{
    bool is_call = item->channel == channel_CALL;
    json_t *object = json_object();
    json_object_set_new(object, is_call ? "call_uuid" : "message_uuid", text_of(item->id));
    json_object_set_new(object, "to_number", text_of(bare(item->to)));
    json_object_set_new(object, "from_number", text_of(bare(item->from)));
    json_object_set_new(object, "total_amount", json_string("0.00500"));
    if (is_call) {
        json_object_set_new(object, "call_direction", json_string("outbound"));
        json_object_set_new(object, "call_state", json_string(call_words[item->state]));
        json_object_set_new(object, "call_status", json_string(call_words[item->state]));
        json_object_set_new(object, "request_uuid", text_of(item->request_id));
        int64_t cause = 0;
        bool has_cause = item_is_over(item) && str_to_int(str_from(cause_of(item)), &cause) == OK;
        json_object_set_new(object, "hangup_cause_code",
                            has_cause ? json_integer(cause) : json_null());
        json_object_set_new(object, "initiation_time", local_time_of(ask->arena, item->created_at));
        json_object_set_new(object, "end_time", local_time_of(ask->arena, item->ended_at));
        return object;
    }
    json_object_set_new(object, "message_direction", json_string("outbound"));
    json_object_set_new(object, "message_state", json_string(text_words[item->state]));
    json_object_set_new(
        object, "error_code",
        text_of(item_is_over(item) && item->state != ITEM_DELIVERED ? item->code : STR("000")));
    json_object_set_new(object, "message_time", local_time_of(ask->arena, item->created_at));
    return object;
}

/* --- Requests --- */

/* What stands behind "/v1/Account/MA…/"; absent for another path. */
static struct str rest_of_path(const struct ask *ask)
{
    struct str root = STR("/v1/Account/");
    struct str account = ask->carrier->brands[CARRIER_PLIVO].account.account;
    struct str rest = str_slice(ask->path, root.len, ask->path.len);
    bool is_ours = str_starts(ask->path, root) && str_starts(rest, account) &&
                   rest.len > account.len && rest.ptr[account.len] == '/';
    return is_ours ? str_slice(rest, account.len + 1, rest.len) : STR_NONE;
}

static enum operation classify(const struct ask *ask)
{
    struct str path = rest_of_path(ask);
    bool is_list = str_equal_text(path, "Call/") || str_equal_text(path, "Message/");
    if (str_equal_text(ask->http->method, "DELETE")) {
        return OP_CANCEL;
    }
    if (str_equal_text(ask->http->method, "POST")) {
        return OP_CREATE;
    }
    return is_list ? OP_FIND : OP_POLL;
}

static struct str member(struct ask *ask, json_t *object, const char *name)
{
    return arena_str(ask->carrier->arena,
                     str_from(json_string_value(json_object_get(object, name))));
}

/* The number with its '+'; what names several recipients is none. */
static struct str number_of(struct ask *ask, json_t *object, const char *name)
{
    struct str text = bare(member(ask, object, name));
    bool is_good = text.len >= 7 && text.len <= 15;
    for (size_t i = 0; i < text.len; i++) {
        is_good = is_good && text.ptr[i] >= '0' && text.ptr[i] <= '9';
    }
    return is_good ? arena_printf(ask->carrier->arena, "+%.*s", STR_FMT(text)) : STR_NONE;
}

static void take_url(struct ask *ask, struct item *item, enum item_url which, json_t *object,
                     const char *const names[static 2])
{
    item->urls[which] = member(ask, object, names[0]);
    item->uses_get[which] = str_equal_text(member(ask, object, names[1]), "GET");
    if (str_is_set(item->urls[which]) && !str_is_set(item->attempt)) {
        struct fields query = {.arena = ask->carrier->arena};
        fields_read(&query, url_query(item->urls[which]));
        item->attempt = fields_get(&query, "attempt");
    }
}

static void check_names(struct ask *ask, json_t *object, const char *known)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value)
    {
        if (!str_contains(str_from(known), arena_printf(ask->arena, " %s ", name))) {
            carrier_note_wrong(ask, "unknown parameter", str_from(name));
        }
    }
}

static void create_call(struct ask *ask, json_t *object)
{
    static const char *const urls[ITEM_URL_COUNT][2] = {
        [URL_STATUS] = {"hangup_url", "hangup_method"},
        [URL_RING] = {"ring_url", "ring_method"},
        [URL_VOICE] = {"answer_url", "answer_method"},
        [URL_MACHINE] = {"machine_detection_url", "machine_detection_method"}};
    struct item *item = item_new(ask, channel_CALL);
    check_names(ask, object,
                " from to answer_url answer_method ring_url ring_method hangup_url hangup_method "
                "fallback_url fallback_method ring_timeout hangup_on_ring time_limit "
                "machine_detection machine_detection_time machine_detection_url "
                "machine_detection_method caller_name ");
    for (int i = 0; i < ITEM_URL_COUNT; i++) {
        take_url(ask, item, (enum item_url)i, object, urls[i]);
    }
    item->to = number_of(ask, object, "to");
    item->from = number_of(ask, object, "from");
    item->asks_machine = json_object_get(object, "machine_detection") != NULL;
    json_t *ring = json_object_get(object, "ring_timeout");
    item->ring_seconds = json_is_integer(ring) ? json_integer_value(ring) : 120;
    if (!str_is_set(item->to) || !str_is_set(item->from) || !str_is_set(item->urls[URL_VOICE])) {
        refuse(ask, 400, "to, from and answer_url are mandatory");
        return;
    }
    item->id = new_uuid(ask->carrier);
    item->request_id = new_uuid(ask->carrier);
    if (item_accept(ask, item)) {
        json_t *result = json_object();
        json_object_set_new(result, "message", json_string("call fired"));
        json_object_set_new(result, "request_uuid", text_of(item->request_id));
        answer(ask, 201, result);
    }
}

static void create_text(struct ask *ask, json_t *object)
{
    static const char *const url[2] = {"url", "method"};
    struct item *item = item_new(ask, channel_SMS);
    check_names(ask, object,
                " src dst text type url method powerpack_uuid message_expiry dlt_entity_id "
                "dlt_template_id dlt_template_category log ");
    take_url(ask, item, URL_STATUS, object, url);
    item->to = number_of(ask, object, "dst");
    item->from = number_of(ask, object, "src");
    item->text = member(ask, object, "text");
    bool has_source = json_object_get(object, "src") != NULL;
    bool has_pool = json_object_get(object, "powerpack_uuid") != NULL;
    if (!str_is_set(item->to) || has_source == has_pool || item->text.len == 0) {
        refuse(ask, 400, "dst, text and one of src and powerpack_uuid are mandatory");
        return;
    }
    item->id = new_uuid(ask->carrier);
    if (item_accept(ask, item)) {
        json_t *ids = json_array();
        json_t *result = json_object();
        json_array_append_new(ids, text_of(item->id));
        json_object_set_new(result, "message", json_string("message(s) queued"));
        json_object_set_new(result, "message_uuid", ids);
        answer(ask, 202, result);
    }
}

static void create(struct ask *ask)
{
    json_t *object = json_loadb(ask->http->body.ptr, ask->http->body.len, 0, NULL);
    if (!json_is_object(object)) {
        refuse(ask, 400, "the body is no JSON");
    } else if (str_equal_text(rest_of_path(ask), "Call/")) {
        create_call(ask, object);
    } else if (str_equal_text(rest_of_path(ask), "Message/")) {
        create_text(ask, object);
    } else {
        refuse(ask, 404, NULL);
    }
    json_decref(object);
}

static void list(struct ask *ask)
{
    bool are_calls = str_starts(rest_of_path(ask), STR("Call/"));
    struct str to = fields_get(&ask->query, "to_number");
    json_int_t total = 0;
    json_t *objects = json_array();
    for (struct item *each = ask->carrier->items; each != NULL; each = each->next) {
        bool fits = each->brand == CARRIER_PLIVO && !each->is_inbound &&
                    (each->channel == channel_CALL) == are_calls &&
                    (!are_calls || item_is_over(each)) &&
                    (!str_is_set(to) || str_equal(to, bare(each->to)));
        if (fits && total++ < LIST_MAX) {
            json_array_append_new(objects, object_of(ask, each));
        }
    }
    json_t *page = json_object();
    json_object_set_new(page, "meta",
                        json_pack("{s:i,s:i,s:n,s:n,s:I}", "limit", LIST_MAX, "offset", 0, "next",
                                  "previous", "total_count", total));
    json_object_set_new(page, "objects", objects);
    answer(ask, 200, page);
}

/* The id that ends the path. */
static struct item *named_item(struct ask *ask)
{
    struct str path = rest_of_path(ask);
    size_t slash = str_find_byte(path, '/', 0);
    struct str id = str_slice(path, slash + 1, path.len);
    bool is_whole = str_ends(id, STR("/"));
    struct item *item = is_whole ? item_find(ask->carrier, str_slice(id, 0, id.len - 1)) : NULL;
    bool is_request = str_starts(path, STR("Request/"));
    bool fits = item != NULL && item->brand == CARRIER_PLIVO &&
                (is_request == (str_is_set(item->request_id) &&
                                str_equal(item->request_id, str_slice(id, 0, id.len - 1))));
    return fits ? item : NULL;
}

static void handle(struct ask *ask)
{
    struct item *item = NULL;
    switch (ask->operation) {
    case OP_CREATE:
        create(ask);
        return;
    case OP_FIND:
        list(ask);
        return;
    case OP_POLL: {
        item = named_item(ask);
        bool is_live = str_equal_text(fields_get(&ask->query, "status"), "live");
        bool is_call = item != NULL && item->channel == channel_CALL;
        if (item != NULL && (!is_call || is_live != item_is_over(item))) {
            answer(ask, 200, object_of(ask, item));
            return;
        }
        break;
    }
    case OP_CANCEL:
        item = named_item(ask);
        if (item != NULL && item_cancel(ask->carrier, ask->now, item)) {
            ask->status = 204;
            ask->body = STR("");
            return;
        }
        break;
    case OP_INBOX:
    case OP_OTHER:
    case OP_ANY:
        break;
    }
    refuse(ask, 404, NULL);
}

/* --- Callbacks --- */

static void add_call_facts(const struct item *item, struct fields *out)
{
    fields_add(out, "CallUUID", item->id);
    fields_add(out, "ALegUUID", item->id);
    fields_add(out, "RequestUUID", item->request_id);
    fields_add(out, "ALegRequestUUID", item->request_id);
    fields_add(out, "From", bare(item->from));
    fields_add(out, "To", bare(item->to));
    fields_add(out, "CallStatus", str_from(word_of(item)));
    fields_add(out, "Direction", STR("outbound"));
}

static struct str tell_call(const struct item *item, struct fields *out)
{
    bool is_over = item_is_over(item);
    if (!is_over && item->state != ITEM_RINGING) {
        return STR_NONE;
    }
    add_call_facts(item, out);
    fields_add(out, "Event", is_over ? STR("Hangup") : STR("Ring"));
    if (is_over) {
        bool was_up = instant_is_set(item->picked_up_at);
        fields_add(out, "HangupCauseCode", str_from(cause_of(item)));
        fields_add(out, "HangupCauseName", STR("of the fake carrier"));
        fields_add(out, "HangupSource", STR("Callee"));
        fields_add_int(out, "Duration",
                       was_up ? duration_seconds(instant_since(item->ended_at, item->picked_up_at))
                              : 0);
        fields_add(out, "TotalCost", was_up ? STR("0.01000") : STR("0.00000"));
        fields_add(out, "EndTime", plain_time_text(out->arena, item->ended_at, 0));
    }
    return item->urls[is_over ? URL_STATUS : URL_RING];
}

static struct str tell_state(const struct carrier *carrier, const struct item *item,
                             struct fields *out)
{
    (void)carrier;
    if (item->channel == channel_CALL) {
        return tell_call(item, out);
    }
    fields_add(out, "MessageUUID", item->id);
    fields_add(out, "From", bare(item->from));
    fields_add(out, "To", bare(item->to));
    fields_add(out, "Status", str_from(word_of(item)));
    fields_add(out, "Type", STR("sms"));
    fields_add(out, "Units", STR("1"));
    fields_add(out, "TotalAmount", STR("0.00500"));
    fields_add_int(out, "Sequence", item->sequence + 1);
    if (item->state == ITEM_UNDELIVERED || item->state == ITEM_FAILED) {
        fields_add(out, "ErrorCode", item->code);
    }
    return item->urls[URL_STATUS];
}

static void tell_page(const struct carrier *carrier, const struct item *item, struct str keys,
                      struct fields *out)
{
    (void)carrier;
    add_call_facts(item, out);
    if (str_is_set(keys)) {
        fields_add(out, "Digits", keys);
    } else {
        fields_add(out, "Event", STR("StartApp"));
    }
}

static void tell_machine(const struct carrier *carrier, const struct item *item, struct fields *out)
{
    (void)carrier;
    add_call_facts(item, out);
    fields_add(out, "Event", STR("MachineDetection"));
    fields_add(out, "Machine",
               item->handset.action == HANDSET_VOICEMAIL ? STR("true") : STR("false"));
}

static void tell_text(const struct carrier *carrier, const struct item *text, struct fields *out)
{
    (void)carrier;
    fields_add(out, "MessageUUID", text->id);
    fields_add(out, "From", bare(text->to));
    fields_add(out, "To", bare(text->from));
    fields_add(out, "Text", text->text);
    fields_add(out, "Type", STR("sms"));
    fields_add(out, "Units", STR("1"));
}

/* Texts that people wrote are signed with the main account's token only. */
static void sign(struct carrier *carrier, struct hook *hook, const struct fields *fields,
                 struct str token)
{
    struct carrier_hook *call = &hook->call;
    struct plivo_sum sum = {token, call->url, STR_NONE, fields};
    sum.nonce = arena_printf(carrier->arena, "%020llu", (unsigned long long)++carrier->serial);
    struct str signature = sign_plivo(carrier->arena, &sum);
    if (!hook->item->is_inbound) {
        call->headers[call->header_count++] =
            (struct http_header){STR("x-plivo-signature-v3"), signature};
    }
    call->headers[call->header_count++] =
        (struct http_header){STR("x-plivo-signature-ma-v3"), signature};
    call->headers[call->header_count++] =
        (struct http_header){STR("x-plivo-signature-v3-nonce"), sum.nonce};
}

static enum err read_page(struct carrier *carrier, const struct item *item,
                          const struct carrier_heard *heard, struct page *out, struct str *wrong)
{
    (void)item;
    TRY(page_check_type(carrier->arena, heard->content_type, "xml", wrong));
    return page_read_plivo(carrier->arena, heard->body, out, wrong);
}

const struct brand brand_plivo = {
    .name = "plivo",
    .base_url = "https://api.plivo.com",
    .classify = classify,
    .handle = handle,
    .refuse = refuse,
    .tell_state = tell_state,
    .tell_page = tell_page,
    .tell_machine = tell_machine,
    .tell_text = tell_text,
    .sign = sign,
    .read_page = read_page,
    .word = word_of,
    .invalid_code = "50",
    .invalid_call_code = "2000",
    .landline_code = "70",
    .blocked_code = "200",
    .refuses_late = true,
};
