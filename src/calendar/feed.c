#include "calendar/pull_internal.h"

#include "calendar/expand.h"
#include "calendar/ics_text.h"

#include <assert.h>

struct wire_request feed_request(const struct pull *pull)
{
    const struct pull_memory *memory = &pull->source.memory;
    struct wire_request request = {
        .kind = WIRE_HTTP,
        .timeout = SECONDS(PULL_TIMEOUT_SECONDS),
        .http =
            {
                .method = STR("GET"),
                .url = pull->url,
                .username = pull->source.username,
                .password = pull->source.password,
                .redirects_max = PULL_REDIRECTS_MAX,
                .body_bytes_max = ICS_BYTES_MAX,
                .user_given_url = true,
            },
    };
    pull_add_header(&request, STR("Accept"), STR("text/calendar, */*;q=0.5"));
    if (memory->etag.len > 0) {
        pull_add_header(&request, STR("If-None-Match"), memory->etag);
    }
    if (memory->last_modified.len > 0) {
        pull_add_header(&request, STR("If-Modified-Since"), memory->last_modified);
    }
    return request;
}

static enum pull_state unchanged(const struct pull_memory *memory, struct pull_result *result)
{
    *result = (struct pull_result){.state = PULL_UNCHANGED, .memory = *memory};
    return PULL_UNCHANGED;
}

static bool is_web_page(const struct wire_answer *answer)
{
    struct str start = str_trim(answer->body);
    return str_starts_nocase(answer->content_type, STR("text/html")) ||
           str_starts_nocase(start, STR("<!DOCTYPE")) || str_starts_nocase(start, STR("<html"));
}

static enum pull_state take_body(struct pull *pull, const struct wire_answer *answer,
                                 struct pull_result *result)
{
    struct pull_memory memory = {
        .etag = pull_header_value(pull, answer->etag),
        .last_modified = pull_header_value(pull, answer->last_modified),
        .fingerprint = calendar_fingerprint(answer->body),
    };
    if (memory.fingerprint == pull->source.memory.fingerprint) {
        return unchanged(&memory, result);
    }
    struct pull_resource *feed = ARENA_NEW(pull->arena, struct pull_resource);
    *feed = (struct pull_resource){
        .href = STR(""),
        .etag = memory.etag,
        .body = arena_str(pull->arena, answer->body),
    };
    *result = (struct pull_result){
        .state = PULL_CHANGED, .memory = memory, .changed = feed, .changed_count = 1};
    return PULL_CHANGED;
}

enum pull_state feed_answer(struct pull *pull, const struct wire_answer *answer,
                            struct pull_result *result)
{
    const struct pull_memory *memory = &pull->source.memory;
    bool is_conditional = memory->etag.len > 0 || memory->last_modified.len > 0;
    if (answer->outcome != WIRE_ANSWERED) {
        return pull_failed(pull, answer, result);
    }
    if (answer->status == 304 && is_conditional) {
        return unchanged(memory, result);
    }
    bool is_body = answer->status == 200 || answer->status == 203;
    if (!is_body && answer->status != 204) {
        return pull_failed(pull, answer, result);
    }
    if (str_trim(answer->body).len == 0) {
        return pull_refused(result, STR("The server answered without a calendar: nothing at all."));
    }
    if (!ics_text_is_calendar(answer->body)) {
        return pull_refused(result,
                            is_web_page(answer)
                                ? STR("The address shows a web page, perhaps to sign in, and no "
                                      "calendar.")
                                : STR("What the address gives is not a calendar (iCalendar)."));
    }
    if (!ics_text_is_complete(answer->body)) {
        return pull_refused(result, STR("The calendar is cut off before its end."));
    }
    return take_body(pull, answer, result);
}
