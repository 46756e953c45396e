#include "sim/carrier_twilio.h"

#include <jansson.h>
#include <stdlib.h>

/* Calls, SMS and WhatsApp as Twilio's API of 2010-04-01 has them: protocols.md 1. */

enum {
    TEXT_CHARACTERS_MAX = 1600,
    DOCUMENT_BYTES_MAX = 4000,
    PAGE_SIZE_DEFAULT = 50,
    PAGE_SIZE_MAX = 1000
};

#define ROOT "/2010-04-01/Accounts/"

static const char *const call_words[ITEM_STATE_COUNT] = {
    [ITEM_QUEUED] = "queued",       [ITEM_INITIATED] = "initiated", [ITEM_RINGING] = "ringing",
    [ITEM_TALKING] = "in-progress", [ITEM_SENT] = "queued",         [ITEM_DELIVERED] = "completed",
    [ITEM_UNDELIVERED] = "failed",  [ITEM_FAILED] = "failed",       [ITEM_COMPLETED] = "completed",
    [ITEM_BUSY] = "busy",           [ITEM_NO_ANSWER] = "no-answer", [ITEM_CANCELED] = "canceled"};

static const char *const text_words[ITEM_STATE_COUNT] = {[ITEM_QUEUED] = "queued",
                                                         [ITEM_INITIATED] = "sending",
                                                         [ITEM_RINGING] = "sending",
                                                         [ITEM_TALKING] = "sending",
                                                         [ITEM_SENT] = "sent",
                                                         [ITEM_DELIVERED] = "delivered",
                                                         [ITEM_UNDELIVERED] = "undelivered",
                                                         [ITEM_FAILED] = "failed",
                                                         [ITEM_COMPLETED] = "delivered",
                                                         [ITEM_BUSY] = "failed",
                                                         [ITEM_NO_ANSWER] = "failed",
                                                         [ITEM_CANCELED] = "canceled"};

const char *twilio_word(const struct item *item)
{
    if (item->is_inbound) {
        return "received";
    }
    return item->channel == channel_CALL ? call_words[item->state] : text_words[item->state];
}

/* "initiated" exists in callbacks only. */
static const char *rest_word_of(const struct item *item)
{
    bool is_dialled = item->channel == channel_CALL && item->state == ITEM_INITIATED;
    return is_dialled ? "queued" : twilio_word(item);
}

struct str twilio_address(struct arena *arena, const struct item *item, struct str number)
{
    bool has_prefix = item->channel == channel_WHATSAPP && number.len > 0;
    return has_prefix ? arena_printf(arena, "whatsapp:%.*s", STR_FMT(number)) : number;
}

static struct str new_sid(struct carrier *carrier, const char *prefix)
{
    return arena_printf(carrier->arena, "%s%032llx", prefix,
                        (unsigned long long)(++carrier->serial + 0xca000000));
}

/* --- Answers --- */

static void refuse(struct ask *ask, int status, const char *code)
{
    const char *number = code != NULL    ? code
                         : status == 401 ? "20003"
                         : status == 404 ? "20404"
                         : status == 429 ? "20429"
                         : status >= 500 ? "20500"
                                         : "20001";
    ask->status = status;
    ask->body = arena_printf(ask->arena,
                             "{\"code\":%s,\"message\":\"The fake carrier refuses this\",\"more_"
                             "info\":\"https://www.twilio.com/docs/errors/%s\",\"status\":%d}",
                             number, number, status);
}

static json_t *text_or_null(struct str text)
{
    return text.len > 0 ? json_stringn(text.ptr, text.len) : json_null();
}

static json_t *time_or_null(struct arena *arena, struct instant at)
{
    return instant_is_set(at) ? text_or_null(rfc2822_text(arena, at)) : json_null();
}

static void add_call(struct ask *ask, const struct item *item, json_t *object)
{
    bool is_over = item_is_over(item);
    int64_t seconds = instant_is_set(item->picked_up_at)
                          ? duration_seconds(instant_since(item->ended_at, item->picked_up_at))
                          : 0;
    json_object_set_new(object, "start_time", time_or_null(ask->arena, item->picked_up_at));
    json_object_set_new(object, "end_time", time_or_null(ask->arena, item->ended_at));
    json_object_set_new(object, "duration",
                        is_over ? text_or_null(arena_printf(ask->arena, "%lld", (long long)seconds))
                                : json_null());
    json_object_set_new(object, "queue_time", json_string("0"));
    json_object_set_new(object, "parent_call_sid", json_null());
    json_object_set_new(object, "answered_by",
                        !item->asks_machine || !instant_is_set(item->picked_up_at) ? json_null()
                        : item->handset.action == HANDSET_VOICEMAIL ? json_string("machine_start")
                                                                    : json_string("human"));
}

static void add_text(struct ask *ask, const struct item *item, json_t *object)
{
    bool has_failed = item->state == ITEM_UNDELIVERED || item->state == ITEM_FAILED;
    int64_t code = 0;
    bool has_code = has_failed && str_to_int(item->code, &code) == OK;
    json_object_set_new(object, "body", text_or_null(item->text));
    json_object_set_new(object, "num_segments", json_string("1"));
    json_object_set_new(object, "num_media", json_string("0"));
    json_object_set_new(object, "messaging_service_sid", json_null());
    json_object_set_new(object, "error_code", has_code ? json_integer(code) : json_null());
    json_object_set_new(object, "error_message", json_null());
    json_object_set_new(object, "date_sent",
                        item->state >= ITEM_SENT ? time_or_null(ask->arena, item->created_at)
                                                 : json_null());
}

static json_t *object_of(struct ask *ask, const struct item *item)
{
    bool is_call = item->channel == channel_CALL;
    struct str account = ask->carrier->brands[item->brand].account.account;
    struct str to = item->is_inbound ? item->from : item->to;
    struct str from = item->is_inbound ? item->to : item->from;
    struct str uri = arena_printf(ask->arena, ROOT "%.*s/%s/%.*s.json", STR_FMT(account),
                                  is_call ? "Calls" : "Messages", STR_FMT(item->id));
    json_t *object = json_object();
    json_object_set_new(object, "sid", text_or_null(item->id));
    json_object_set_new(object, "account_sid", text_or_null(account));
    json_object_set_new(object, "status", json_string(rest_word_of(item)));
    json_object_set_new(object, "to", text_or_null(twilio_address(ask->arena, item, to)));
    json_object_set_new(object, "from", text_or_null(twilio_address(ask->arena, item, from)));
    json_object_set_new(object, "direction",
                        json_string(item->is_inbound ? "inbound" : "outbound-api"));
    json_object_set_new(object, "api_version", json_string("2010-04-01"));
    json_object_set_new(object, "date_created", time_or_null(ask->arena, item->created_at));
    json_object_set_new(object, "date_updated", time_or_null(ask->arena, ask->now));
    json_object_set_new(object, "price",
                        item_is_over(item) && !item->is_inbound ? json_string("-0.00750")
                                                                : json_null());
    json_object_set_new(object, "price_unit", json_string("USD"));
    json_object_set_new(object, "uri", text_or_null(uri));
    if (is_call) {
        add_call(ask, item, object);
    } else {
        add_text(ask, item, object);
    }
    return object;
}

static void answer(struct ask *ask, int status, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    ask->status = status;
    ask->body = arena_str(ask->arena, str_from(text));
    free(text);
    json_decref(object);
}

/* --- Requests --- */

/* What stands behind "/2010-04-01/Accounts/AC…/"; absent for another path. */
static struct str rest_of_path(const struct ask *ask)
{
    struct str root = STR(ROOT);
    struct str account = ask->carrier->brands[CARRIER_TWILIO].account.account;
    struct str rest = str_slice(ask->path, root.len, ask->path.len);
    bool is_ours = str_starts(ask->path, root) && str_starts(rest, account) &&
                   rest.len > account.len && rest.ptr[account.len] == '/';
    return is_ours ? str_slice(rest, account.len + 1, rest.len) : STR_NONE;
}

static enum operation classify(const struct ask *ask)
{
    struct str path = rest_of_path(ask);
    bool is_post = str_equal_text(ask->http->method, "POST");
    bool is_list = str_equal_text(path, "Calls.json") || str_equal_text(path, "Messages.json");
    if (is_list && !is_post) {
        bool is_inbox = str_is_set(fields_get(&ask->query, "DateSent>"));
        return is_inbox ? OP_INBOX : OP_FIND;
    }
    return is_list ? OP_CREATE : is_post ? OP_CANCEL : OP_POLL;
}

/* An unknown parameter is only warned of there (20001), and a lost callback is the price. */
static void check_names(struct ask *ask, const char *known)
{
    for (size_t i = 0; i < ask->fields.count; i++) {
        struct str name = ask->fields.items[i].name;
        if (!str_contains(str_from(known), arena_printf(ask->arena, " %.*s ", STR_FMT(name)))) {
            carrier_note_wrong(ask, "unknown parameter", name);
        }
    }
}

static struct str number_of(struct carrier *carrier, struct str address)
{
    struct str prefix = STR("whatsapp:");
    struct str number =
        str_starts(address, prefix) ? str_slice(address, prefix.len, address.len) : address;
    return arena_str(carrier->arena, number);
}

static bool is_number(struct str number)
{
    bool is_good = number.len >= 8 && number.len <= 16 && number.ptr[0] == '+';
    for (size_t i = 1; is_good && i < number.len; i++) {
        is_good = number.ptr[i] >= '0' && number.ptr[i] <= '9';
    }
    return is_good;
}

static void take_url(struct ask *ask, struct item *item, enum item_url which, const char *name)
{
    struct str url = fields_get(&ask->fields, name);
    struct str method = fields_get(&ask->fields, arena_printf(ask->arena, "%sMethod", name).ptr);
    item->urls[which] = arena_str(ask->carrier->arena, url);
    item->uses_get[which] = str_is_set(method) && str_equal_text(method, "GET");
    if (str_is_set(url) && !str_is_set(item->attempt)) {
        struct fields query = {.arena = ask->carrier->arena};
        fields_read(&query, url_query(url));
        item->attempt = fields_get(&query, "attempt");
    }
}

static void take_events(struct ask *ask, struct item *item)
{
    static const struct {
        const char *event;
        unsigned states;
    } events[] = {{"initiated", 1u << ITEM_INITIATED},
                  {"ringing", 1u << ITEM_RINGING},
                  {"answered", 1u << ITEM_TALKING},
                  {"completed", ~0u << ITEM_DELIVERED}};
    for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
        if (fields_has(&ask->fields, "StatusCallbackEvent", str_from(events[i].event))) {
            item->told_states |= events[i].states;
        }
    }
    if (item->told_states == 0) {
        item->told_states = ~0u << ITEM_DELIVERED;
    }
}

static void create_call(struct ask *ask)
{
    struct fields *fields = &ask->fields;
    struct item *item = item_new(ask, channel_CALL);
    check_names(ask, " To From Url Method FallbackUrl FallbackMethod StatusCallback "
                     "StatusCallbackMethod StatusCallbackEvent Timeout TimeLimit Twiml "
                     "MachineDetection AsyncAmd AsyncAmdStatusCallback "
                     "AsyncAmdStatusCallbackMethod MachineDetectionTimeout CallReason ");
    item->to = number_of(ask->carrier, fields_get(fields, "To"));
    item->from = number_of(ask->carrier, fields_get(fields, "From"));
    item->inline_page = arena_str(ask->carrier->arena, fields_get(fields, "Twiml"));
    item->fallback_url = arena_str(ask->carrier->arena, fields_get(fields, "FallbackUrl"));
    item->asks_machine = str_is_set(fields_get(fields, "MachineDetection"));
    if (str_is_set(fields_get(fields, "Url"))) {
        item->inline_page = STR_NONE; /* Both given: Twiml is ignored. */
    }
    take_url(ask, item, URL_STATUS, "StatusCallback");
    take_url(ask, item, URL_MACHINE, "AsyncAmdStatusCallback");
    take_url(ask, item, URL_VOICE, "Url");
    item->uses_get[URL_VOICE] = str_is_set(fields_get(fields, "Method")) &&
                                str_equal_text(fields_get(fields, "Method"), "GET");
    take_events(ask, item);
    struct str timeout = fields_get(fields, "Timeout");
    if (str_is_set(timeout) && str_to_int(timeout, &item->ring_seconds) != OK) {
        refuse(ask, 400, "21220");
        return;
    }
    bool has_page = str_is_set(item->inline_page) || str_is_set(item->urls[URL_VOICE]);
    if (!has_page || !is_number(item->to) || !is_number(item->from) ||
        item->inline_page.len > DOCUMENT_BYTES_MAX * 4) {
        refuse(ask, 400, !has_page ? "21205" : is_number(item->to) ? "21212" : "21211");
        return;
    }
    item->id = new_sid(ask->carrier, "CA");
    if (item_accept(ask, item)) {
        answer(ask, 201, object_of(ask, item));
    }
}

static void create_text(struct ask *ask)
{
    struct fields *fields = &ask->fields;
    struct str to = fields_get(fields, "To");
    bool is_whatsapp = str_starts(to, STR("whatsapp:"));
    struct item *item = item_new(ask, is_whatsapp ? channel_WHATSAPP : channel_SMS);
    check_names(ask, " To From MessagingServiceSid Body ContentSid ContentVariables StatusCallback "
                     "ValidityPeriod SmartEncoded RiskCheck ");
    item->to = number_of(ask->carrier, to);
    item->from = number_of(ask->carrier, fields_get(fields, "From"));
    item->is_template = str_is_set(fields_get(fields, "ContentSid"));
    item->text = arena_str(ask->carrier->arena,
                           fields_get(fields, item->is_template ? "ContentVariables" : "Body"));
    take_url(ask, item, URL_STATUS, "StatusCallback");
    item->told_states = ~0u << ITEM_SENT;
    bool has_sender = item->from.len > 0 || str_is_set(fields_get(fields, "MessagingServiceSid"));
    if (!is_number(item->to) || !has_sender || item->text.len == 0 ||
        item->text.len > TEXT_CHARACTERS_MAX * 4) {
        refuse(ask, 400,
               !is_number(item->to)  ? "21211"
               : !has_sender         ? "21603"
               : item->text.len == 0 ? "21602"
                                     : "21617");
        return;
    }
    item->id = new_sid(ask->carrier, "SM");
    if (item_accept(ask, item)) {
        answer(ask, 201, object_of(ask, item));
    }
}

static bool is_listed(struct ask *ask, const struct item *item, bool are_calls)
{
    struct str to = fields_get(&ask->query, "To");
    struct str from = fields_get(&ask->query, "From");
    struct str item_to = item->is_inbound ? item->from : item->to;
    struct str item_from = item->is_inbound ? item->to : item->from;
    return item->brand == CARRIER_TWILIO && (item->channel == channel_CALL) == are_calls &&
           (!str_is_set(to) || str_equal(to, twilio_address(ask->arena, item, item_to))) &&
           (!str_is_set(from) || str_equal(from, twilio_address(ask->arena, item, item_from)));
}

/* One page of a list. */
struct list_page {
    int64_t size;
    int64_t number; /* From 0. */
    struct instant since;
};

static bool read_list_page(struct ask *ask, struct list_page *out)
{
    struct str size = fields_get(&ask->query, "PageSize");
    struct str number = fields_get(&ask->query, "Page");
    struct str since = fields_get(&ask->query, "DateSent>");
    int64_t most = ask->carrier->brands[CARRIER_TWILIO].page_max;
    *out = (struct list_page){.size = PAGE_SIZE_DEFAULT};
    bool is_good = (!str_is_set(size) || str_to_int(size, &out->size) == OK) &&
                   (!str_is_set(number) || str_to_int(number, &out->number) == OK) &&
                   (!str_is_set(since) || instant_parse(since, &out->since) == OK) &&
                   out->size >= 1 && out->size <= PAGE_SIZE_MAX && out->number >= 0;
    out->size = most > 0 && most < out->size ? most : out->size;
    return is_good;
}

/* The same question, for the page behind. */
static json_t *next_page(struct ask *ask, const struct list_page *page)
{
    struct str query = url_query(ask->http->url);
    struct str rest = str_slice(query, 0, str_find(query, STR("&Page=")));
    struct str path = str_slice(ask->path, 0, str_find_byte(ask->path, '?', 0));
    struct str uri =
        arena_printf(ask->arena, "%.*s?%.*s&Page=%lld&PageToken=PASM%032llx", STR_FMT(path),
                     STR_FMT(rest), (long long)page->number + 1, (long long)page->number + 1);
    return json_stringn(uri.ptr, uri.len);
}

static void list(struct ask *ask, bool are_calls)
{
    struct list_page page;
    if (!read_list_page(ask, &page)) {
        refuse(ask, 400, "20001");
        return;
    }
    json_t *items = json_array();
    int64_t first = page.number * page.size;
    int64_t count = 0;
    for (struct item *each = ask->carrier->items; each != NULL; each = each->next) {
        if (!is_listed(ask, each, are_calls) || each->created_at.us < page.since.us) {
            continue;
        }
        if (count >= first && count < first + page.size) {
            json_array_append_new(items, object_of(ask, each));
        }
        count++;
    }
    json_t *object = json_object();
    json_object_set_new(object, are_calls ? "calls" : "messages", items);
    json_object_set_new(object, "page", json_integer(page.number));
    json_object_set_new(object, "page_size", json_integer(page.size));
    json_object_set_new(object, "start", json_integer(first));
    json_object_set_new(object, "end", json_integer(first));
    json_object_set_new(object, "next_page_uri",
                        count > first + page.size ? next_page(ask, &page) : json_null());
    json_object_set_new(object, "previous_page_uri", json_null());
    json_object_set_new(object, "first_page_uri", json_string("/first"));
    json_object_set_new(object, "uri", json_string("/first"));
    answer(ask, 200, object);
}

static void update(struct ask *ask, struct item *item)
{
    struct str wanted = fields_get(&ask->fields, "Status");
    bool is_cancel = str_equal_text(wanted, "canceled");
    bool can = item->channel == channel_CALL &&
               (str_equal_text(wanted, "completed") || (is_cancel && item->state < ITEM_TALKING));
    if (!is_cancel && !str_equal_text(wanted, "completed")) {
        carrier_note_wrong(ask, "an update with Status", wanted);
    }
    if (!can || !item_cancel(ask->carrier, ask->now, item)) {
        refuse(ask, 400, "21220");
        return;
    }
    answer(ask, 200, object_of(ask, item));
}

static void handle(struct ask *ask)
{
    struct str path = rest_of_path(ask);
    bool are_calls = str_starts(path, STR("Calls"));
    size_t slash = str_find_byte(path, '/', 0);
    size_t dot = str_find(path, STR(".json"));
    struct str id = slash < dot ? str_slice(path, slash + 1, dot) : STR_NONE;
    struct item *item = str_is_set(id) ? item_find(ask->carrier, id) : NULL;
    switch (ask->operation) {
    case OP_CREATE:
        if (are_calls) {
            create_call(ask);
        } else {
            create_text(ask);
        }
        return;
    case OP_FIND:
    case OP_INBOX:
        list(ask, are_calls);
        return;
    case OP_POLL:
        if (item != NULL) {
            answer(ask, 200, object_of(ask, item));
            return;
        }
        break;
    case OP_CANCEL:
        if (item != NULL) {
            update(ask, item);
            return;
        }
        break;
    case OP_OTHER:
    case OP_ANY:
        break;
    }
    refuse(ask, 404, NULL);
}

static enum err read_page(struct carrier *carrier, const struct item *item,
                          const struct carrier_heard *heard, struct page *out, struct str *wrong)
{
    (void)item;
    TRY(page_check_type(carrier->arena, heard->content_type, "xml", wrong));
    return page_read_twiml(carrier->arena, heard->body, out, wrong);
}

const struct brand brand_twilio = {
    .name = "twilio",
    .base_url = "https://api.twilio.com",
    .classify = classify,
    .handle = handle,
    .refuse = refuse,
    .tell_state = twilio_tell_state,
    .tell_page = twilio_tell_page,
    .tell_machine = twilio_tell_machine,
    .tell_text = twilio_tell_text,
    .sign = twilio_sign,
    .read_page = read_page,
    .word = twilio_word,
    .invalid_code = "21211",
    .landline_code = "21614",
    .blocked_code = "21610",
};
