/* fuzz_caldav_xml: any bytes as a multistatus, and as each answer of a CalDAV pull. */
#include "calendar/caldav_xml.h"
#include "calendar/pull.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { ROUNDS_MAX = 12 };

/* The server answers everything with the same bytes, and with another status now and then. */
static void pull_with(struct arena *arena, struct str body)
{
    static const struct pull_resource known[] = {
        {.href = STR_INIT("/a/b.ics"), .etag = STR_INIT("\"1\"")}};
    struct pull_source source = {
        .kind = PULL_CALDAV,
        .url = STR("https://dav.example.org/a/"),
        .memory = {.sync_token = STR("t"), .collection_url = STR("https://dav.example.org/a/")},
        .known = known,
        .known_count = 1,
    };
    struct pull *pull = NULL;
    struct wire_request request;
    struct problem problem = {0};
    enum err err = pull_begin(arena, &source, &pull, &request, &problem);
    assert(err == OK);
    int odd = body.len > 0 ? body.ptr[body.len - 1] : 0;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct wire_answer answer = {.outcome = WIRE_ANSWERED,
                                     .status =
                                         (odd >> (round % 6) & 1) != 0 && round > 0 ? 403 : 207,
                                     .body = body,
                                     .final_url = request.http.url};
        struct pull_result result;
        if (pull_answer(pull, &answer, &request, &result) != PULL_ASKING) {
            assert(result.state != PULL_FAILED || result.reason.len > 0);
            return;
        }
        assert(str_starts_nocase(request.http.url, STR("https://")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    struct str body = {(const char *)bytes, length};
    struct dav_multistatus parsed;
    struct problem problem = {0};
    if (dav_parse(arena, body, &parsed, &problem) == OK) {
        for (size_t i = 0; i < parsed.count; i++) {
            assert(parsed.responses[i].href.len > 0);
        }
    }
    pull_with(arena, body);
    arena_free(&arena);
    return 0;
}
