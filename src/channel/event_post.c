#include "channel/sink_dialect.h"
#include "channel/webhook.h"
#include "model/json.h"
#include "model/json_tree.h"

#include <assert.h>

/* A signed post of one event: {id, type, at, subjectType, subjectId, userId, callId, data}. The id
 * stays the same when a post is repeated, and is the Idempotency-Key too. */

enum { ANSWER_BYTES_MAX = 64 * 1024, TIMEOUT_SECONDS = 10 };

static void add_member(struct buf *out, const char *name, struct str value)
{
    if (str_is_set(value)) {
        buf_add_text(out, out->len > 1 ? "," : "");
        json_add_text(out, str_from(name));
        buf_add_byte(out, ':');
        json_add_text(out, value);
    }
}

/* The data are an object of ours; whatever else stands there goes as text. */
static void add_data(struct buf *out, struct str data, struct arena *arena)
{
    const struct json_node *root = NULL;
    bool is_object = str_is_set(data) && json_tree_read(arena, data, &root) == OK &&
                     root->kind == JSON_KIND_OBJECT;
    if (!is_object) {
        add_member(out, "data", data);
        return;
    }
    buf_add_text(out, ",\"data\":");
    buf_add(out, data);
}

static struct str write_body(const struct sink_address *address, const struct event *event,
                             struct arena *arena)
{
    struct event_words words = sink_event_words(address, event, arena);
    struct buf body = {.arena = arena};
    buf_add_byte(&body, '{');
    add_member(&body, "id", words.id);
    add_member(&body, "type", words.type);
    add_member(&body, "at", words.at);
    add_member(&body, "subjectType", words.subject_type);
    add_member(&body, "subjectId", words.subject_id);
    add_member(&body, "userId", words.user_id);
    add_member(&body, "callId", event->call_id);
    add_data(&body, event->data, arena);
    buf_add_byte(&body, '}');
    return buf_str(&body);
}

static void add_header(struct wire_http *http, struct str name, struct str value)
{
    http->headers[http->header_count++] = (struct http_header){name, value};
}

static void build(const struct sink_address *address, const struct sink_events *events,
                  struct arena *arena, struct wire_request *out)
{
    assert(events->count == 1);
    const struct event *event = &events->items[0];
    *out = (struct wire_request){.kind = WIRE_HTTP, .timeout = SECONDS(TIMEOUT_SECONDS)};
    out->http.method = STR("POST");
    out->http.url = arena_str(arena, address->url);
    out->http.body = write_body(address, event, arena);
    out->http.body_bytes_max = ANSWER_BYTES_MAX;
    out->http.user_given_url = !address->is_trusted;
    add_header(&out->http, STR("Content-Type"), STR("application/json"));
    add_header(&out->http, STR("Idempotency-Key"), sink_event_words(address, event, arena).id);
    if (str_is_set(address->secret)) {
        add_header(&out->http, STR("X-Tocsin-Signature"),
                   webhook_signature(arena, address->secret, events->now, out->http.body));
    }
}

static enum sink_outcome outcome_of(int status)
{
    switch (status) {
    case 410:
        return SINK_GONE;
    case 408:
    case 425:
    case 429:
        return SINK_LATER;
    default:
        return status >= 500 ? SINK_LATER : SINK_REFUSED;
    }
}

static void read(const struct sink_address *address, const struct sink_events *events,
                 const struct wire_answer *answer, struct arena *arena, struct sink_verdict *out)
{
    (void)address;
    (void)events;
    /* What of the answer's body could not be read does not matter: its status is known. */
    bool is_long = answer->outcome == WIRE_TOO_LARGE && answer->status != 0;
    if (!is_long && sink_unanswered(answer, arena, out)) {
        return;
    }
    if (answer->status >= 200 && answer->status < 300) {
        *out = (struct sink_verdict){.outcome = SINK_TAKEN, .confirmed = 1};
        return;
    }
    *out = (struct sink_verdict){
        .outcome = outcome_of(answer->status),
        .error = arena_printf(arena, "The webhook's server answered %d.", answer->status),
        .retry_after_seconds = answer->retry_after_seconds};
}

const struct sink_dialect sink_dialect_webhook = {
    .events_max = 1,
    .build = build,
    .read = read,
};
