/* fuzz_feed: any bytes as the answers to the reading of a feed, one behind the other. The first
 * byte of each chooses status and headers, a line "%%" ends it. A pull comes to an end; what is
 * kept is the body that came and what the next request may say; a failure has a reason, and a
 * redirect or a lie is never a calendar. */
#include "calendar/ics_text.h"
#include "calendar/pull.h"

#include <assert.h>

enum { ROUNDS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool is_one_line(struct str text)
{
    return str_find_byte(text, '\n', 0) == text.len && str_find_byte(text, '\r', 0) == text.len;
}

static struct wire_answer answer_of(struct str text, const struct wire_request *request)
{
    static const int statuses[] = {200, 203, 204, 206, 301, 304, 400, 401,
                                   403, 404, 410, 429, 500, 503, 0,   200};
    unsigned choice = text.len > 0 ? (unsigned char)text.ptr[0] : 0;
    struct str body = str_slice(text, 1, text.len);
    struct str line = str_slice(body, 0, str_find_byte(body, '\n', 0));
    return (struct wire_answer){.outcome = WIRE_ANSWERED,
                                .status = statuses[choice % 16],
                                .body = body,
                                .etag = (choice & 16) != 0 ? line : STR_NONE,
                                .last_modified = (choice & 32) != 0 ? body : STR_NONE,
                                .content_type = (choice & 64) != 0 ? STR("text/html") : STR_NONE,
                                .final_url = request->http.url,
                                .retry_after_seconds = choice};
}

static void check_end(enum pull_state state, const struct pull_result *result,
                      const struct wire_answer *answer)
{
    assert(state == result->state);
    assert(state != PULL_FAILED || (result->reason.len > 0 && is_one_line(result->reason)));
    if (state == PULL_CHANGED) {
        assert(result->changed_count == 1 && str_equal(result->changed[0].body, answer->body));
        assert(answer->status / 100 == 2 && ics_text_is_calendar(answer->body));
    }
    if (state == PULL_UNCHANGED) {
        assert(answer->status == 304 || answer->status / 100 == 2);
    }
}

static enum pull_state pull_once(struct arena *arena, struct str url, struct str *rest,
                                 struct pull_memory *memory)
{
    struct pull_source source = {.kind = PULL_ICS, .url = url, .memory = *memory};
    struct pull *pull = NULL;
    struct wire_request request;
    struct problem problem = {0};
    struct pull_result result = {.state = PULL_FAILED};
    if (pull_begin(arena, &source, &pull, &request, &problem) != OK) {
        assert(problem.message[0] != '\0');
        return PULL_FAILED;
    }
    for (int round = 0; round < ROUNDS_MAX; round++) {
        size_t end = str_find(*rest, STR("\n%%\n"));
        struct str text = str_slice(*rest, 0, end);
        *rest = end < rest->len ? str_slice(*rest, end + 4, rest->len) : STR("");
        for (size_t i = 0; i < request.http.header_count; i++) {
            assert(is_one_line(request.http.headers[i].value));
        }
        struct wire_answer answer = answer_of(text, &request);
        enum pull_state state = pull_answer(pull, &answer, &request, &result);
        if (state != PULL_ASKING) {
            check_end(state, &result, &answer);
            *memory = result.memory;
            return state;
        }
    }
    assert(!"a pull comes to an end");
    return PULL_FAILED;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct str rest = arena_str(arena, (struct str){(const char *)bytes, size});
    struct pull_memory memory = {.fingerprint = 0};
    struct str url = STR("https://feeds.example.org/a.ics");
    for (int i = 0; i < 3 && rest.len > 0; i++) {
        enum pull_state state = pull_once(arena, url, &rest, &memory);
        memory = state == PULL_FAILED ? (struct pull_memory){.fingerprint = 0} : memory;
    }
    struct str named = {(const char *)bytes, size};
    struct str nothing = STR("");
    (void)pull_once(arena, named, &nothing, &memory);
    arena_free(&arena);
    return 0;
}
