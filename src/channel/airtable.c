#include "channel/form.h"
#include "channel/sink_dialect.h"
#include "channel/verdict.h"
#include "model/json.h"
#include "model/json_tree.h"

#include <assert.h>

/* Airtable as an event log (protocols 7.3): PATCH with performUpsert on EventId, at most ten
 * records a request and five requests a second for a base, of which we use four. The answer shows
 * the records as they are now: what it does not name is told again. */

enum { CELL_CHARACTERS_MAX = 100000, ANSWER_BYTES_MAX = 16 * 1024 * 1024, TIMEOUT_SECONDS = 30 };

/* Columns that are filled from the event's data where it has such members: what every dispatch
 * event says (requirement D3). */
static const struct {
    const char *column;
    const char *member;
} data_columns[] = {
    {"Method", "method"}, {"SentAt", "sentAt"},         {"DeliveryStatus", "deliveryStatus"},
    {"Result", "result"}, {"MessageSid", "messageSid"}, {"AttemptNumber", "attemptNumber"},
};

/* The first CELL_CHARACTERS_MAX characters. */
static struct str cut_cell(struct str text)
{
    size_t characters = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool begins = ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
        if (begins && ++characters > CELL_CHARACTERS_MAX) {
            return str_slice(text, 0, i);
        }
    }
    return text;
}

static void add_name(struct buf *out, const char *column)
{
    if (out->ptr[out->len - 1] != '{') {
        buf_add_byte(out, ',');
    }
    json_add_text(out, str_from(column));
    buf_add_byte(out, ':');
}

static void add_cell(struct buf *out, const char *column, struct str text)
{
    if (str_is_set(text)) {
        add_name(out, column);
        json_add_text(out, cut_cell(text));
    }
}

static void add_data_cells(struct buf *out, const struct event *event, struct arena *arena)
{
    const struct json_node *data = NULL;
    if (!str_is_set(event->data) || json_tree_read(arena, event->data, &data) != OK) {
        return;
    }
    for (size_t i = 0; i < sizeof data_columns / sizeof data_columns[0]; i++) {
        const struct json_node *value = json_tree_member(data, data_columns[i].member);
        if (value != NULL && value->kind == JSON_KIND_NUMBER) {
            add_name(out, data_columns[i].column);
            buf_add(out, value->text);
        } else if (value != NULL && value->kind == JSON_KIND_TEXT) {
            add_cell(out, data_columns[i].column, value->text);
        }
    }
}

static void add_record(struct buf *out, const struct sink_address *address,
                       const struct event *event, struct arena *arena)
{
    struct event_words words = sink_event_words(address, event, arena);
    buf_add_text(out, "{\"fields\":{");
    add_cell(out, "EventId", words.id);
    add_cell(out, "Type", words.type);
    add_cell(out, "At", words.at);
    add_cell(out, "SubjectType", words.subject_type);
    add_cell(out, "SubjectId", words.subject_id);
    add_cell(out, "UserId", words.user_id);
    add_cell(out, "CallId", event->call_id);
    add_data_cells(out, event, arena);
    add_cell(out, "Data", event->data);
    buf_add_text(out, "}}");
}

static struct str write_body(const struct sink_address *address, const struct sink_events *events,
                             struct arena *arena)
{
    struct buf body = {.arena = arena};
    buf_add_text(&body, "{\"performUpsert\":{\"fieldsToMergeOn\":[\"EventId\"]},\"typecast\":true,"
                        "\"records\":[");
    for (size_t i = 0; i < events->count; i++) {
        buf_add_text(&body, i > 0 ? "," : "");
        add_record(&body, address, &events->items[i], arena);
    }
    buf_add_text(&body, "]}");
    return buf_str(&body);
}

static void build(const struct sink_address *address, const struct sink_events *events,
                  struct arena *arena, struct wire_request *out)
{
    assert(events->count >= 1 && events->count <= SINK_EVENTS_MAX);
    struct buf url = {.arena = arena};
    struct str server = address->airtable_url;
    while (str_ends(server, STR("/"))) {
        server.len--;
    }
    buf_add(&url, server);
    buf_add_text(&url, "/v0/");
    form_encode(&url, address->base);
    buf_add_byte(&url, '/');
    form_encode(&url, address->base_table);
    *out = (struct wire_request){.kind = WIRE_HTTP, .timeout = SECONDS(TIMEOUT_SECONDS)};
    out->http.method = STR("PATCH");
    out->http.url = buf_str(&url);
    out->http.body = write_body(address, events, arena);
    out->http.body_bytes_max = ANSWER_BYTES_MAX;
    out->http.headers[0] = (struct http_header){STR("Content-Type"), STR("application/json")};
    out->http.headers[1] = (struct http_header){
        STR("Authorization"), arena_printf(arena, "Bearer %.*s", STR_FMT(address->token))};
    out->http.header_count = 2;
}

static bool names(const struct json_node *records, struct str id)
{
    for (size_t i = 0; records != NULL && i < records->count; i++) {
        const struct json_node *fields = json_tree_member(&records->items[i], "fields");
        if (str_equal_nocase(json_tree_text(fields, "EventId"), id)) {
            return true;
        }
    }
    return false;
}

static void read_back(const struct sink_address *address, const struct sink_events *events,
                      const struct json_node *body, struct arena *arena, struct sink_verdict *out)
{
    const struct json_node *records = json_tree_member(body, "records");
    size_t count = 0;
    while (count < events->count &&
           names(records, sink_event_words(address, &events->items[count], arena).id)) {
        count++;
    }
    *out = (struct sink_verdict){.outcome = SINK_TAKEN, .confirmed = (int)count};
    if (count < events->count) {
        out->error = STR("Airtable said yes, but its answer does not show every record.");
    }
}

/* `error` is an object with type and message, or a text; some answers hold a list of `errors`. */
static struct str error_of(const struct json_node *body, int status, struct arena *arena)
{
    const struct json_node *error = json_tree_member(body, "error");
    struct str type = json_tree_text(body, "error");
    struct str message = STR_NONE;
    if (error == NULL) {
        error = json_tree_item(json_tree_member(body, "errors"), 0);
        type = json_tree_text(error, "error");
    }
    if (!str_is_set(type)) {
        type = json_tree_text(error, "type");
    }
    message = json_tree_text(error, "message");
    struct buf out = {.arena = arena};
    buf_printf(&out, "Airtable answered %d", status);
    if (str_is_set(type)) {
        struct str quoted = verdict_quote(type, arena);
        buf_printf(&out, " %.*s", STR_FMT(quoted));
    }
    if (str_is_set(message)) {
        struct str quoted = verdict_quote(message, arena);
        buf_printf(&out, ": %.*s", STR_FMT(quoted));
    }
    return buf_str(&out);
}

static enum sink_outcome outcome_of(int status)
{
    switch (status) {
    case 429:
        return SINK_LIMITED;
    case 400: /* Not JSON to its taste, 413 too much of it, 422 an unknown column or a bad value. */
    case 413:
    case 422:
        return SINK_BAD;
    case 408:
        return SINK_LATER;
    default:
        return status >= 500 ? SINK_LATER : SINK_CLOSED;
    }
}

static void read(const struct sink_address *address, const struct sink_events *events,
                 const struct wire_answer *answer, struct arena *arena, struct sink_verdict *out)
{
    const struct json_node *body = NULL;
    if (sink_unanswered(answer, arena, out)) {
        return;
    }
    if (json_tree_read(arena, answer->body, &body) != OK) {
        body = NULL;
    }
    if (answer->status >= 200 && answer->status < 300) {
        read_back(address, events, body, arena, out);
        return;
    }
    *out = (struct sink_verdict){.outcome = outcome_of(answer->status),
                                 .error = error_of(body, answer->status, arena),
                                 .retry_after_seconds = answer->retry_after_seconds};
}

const struct sink_dialect sink_dialect_airtable = {
    .events_max = SINK_EVENTS_MAX,
    .pace_ms = 250,
    .build = build,
    .read = read,
};
