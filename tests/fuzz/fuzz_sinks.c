/* fuzz_sinks: any bytes as what an event sink answers, and as the texts of the events that it is
 * told. The first byte chooses the status, the second the sink. Nothing counts as taken that was
 * not told, and whatever an event says, what is sent is one JSON document. */
#include "channel/sink_dialect.h"
#include "model/json_tree.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void try_sink(enum sink_kind kind, struct str text, int status, struct arena *arena)
{
    const struct sink_dialect *dialect = sink_dialect_of(kind);
    struct sink_address address = {.id_key = {1, 2},
                                   .airtable_url = STR("https://api.airtable.com"),
                                   .base = STR("app00000000000000"),
                                   .base_table = STR("Events"),
                                   .token = STR("pat-token"),
                                   .url = STR("https://hooks.example.org/e"),
                                   .secret = STR("a secret")};
    struct str said = str_is_utf8(text) ? text : STR("{\"a\":1}");
    struct event items[2] = {{.id = {4096}, .kind = 1, .data = said, .at = {1000000}},
                             {.id = {8192}, .kind = 2, .call_id = said, .at = {2000000}}};
    struct sink_events events = {items, dialect->events_max > 1 ? 2 : 1, {1000000}};
    struct wire_request request = {0};
    struct wire_answer answer = {.outcome = WIRE_ANSWERED, .status = status, .body = text};
    struct sink_verdict verdict = {0};
    const struct json_node *root = NULL;
    dialect->build(&address, &events, arena, &request);
    assert(request.http.header_count <= WIRE_HEADERS_MAX);
    assert(json_tree_read(arena, request.http.body, &root) == OK);
    dialect->read(&address, &events, &answer, arena, &verdict);
    assert(verdict.confirmed >= 0 && (size_t)verdict.confirmed <= events.count);
    assert(verdict.confirmed == 0 || status / 100 == 2);
    bool is_all = (size_t)verdict.confirmed == events.count;
    assert(is_all == (verdict.error.len == 0) && str_is_utf8(verdict.error));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const int statuses[] = {200, 201, 204, 301, 400, 401, 403, 404, 408, 410,
                                   413, 422, 425, 429, 500, 502, 503, 599, 100, 0};
    if (size < 2) {
        return 0;
    }
    struct arena *arena = arena_new();
    struct str text = {(const char *)bytes + 2, size - 2};
    enum sink_kind kind = (bytes[1] & 1) != 0 ? sink_kind_AIRTABLE : sink_kind_WEBHOOK;
    try_sink(kind, text, statuses[bytes[0] % ARRAY_LENGTH(statuses)], arena);
    arena_free(&arena);
    return 0;
}
