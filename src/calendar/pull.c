#include "calendar/pull_internal.h"

#include "calendar/url.h"

#include <assert.h>

enum { HEADER_VALUE_BYTES_MAX = 1000 };

struct str pull_header_value(const struct pull *pull, struct str value)
{
    if (value.len == 0 || value.len > HEADER_VALUE_BYTES_MAX) {
        return STR_NONE;
    }
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c < 0x20 || c == 0x7F) {
            return STR_NONE;
        }
    }
    return arena_str(pull->arena, value);
}

void pull_add_header(struct wire_request *request, struct str name, struct str value)
{
    assert(request->http.header_count < WIRE_HEADERS_MAX);
    request->http.headers[request->http.header_count++] =
        (struct http_header){.name = name, .value = value};
}

enum pull_state pull_refused(struct pull_result *result, struct str reason)
{
    *result = (struct pull_result){.state = PULL_FAILED, .reason = reason};
    return PULL_FAILED;
}

static struct str outcome_reason(const struct pull *pull, const struct wire_answer *answer)
{
    struct arena *arena = pull->arena;
    switch (answer->outcome) {
    case WIRE_NOT_SENT:
        return arena_printf(arena, "The server could not be reached: %.*s.",
                            STR_FMT(str_cut_utf8(answer->reason, 150)));
    case WIRE_UNKNOWN:
        return answer->timed_out ? STR("The server did not answer in time.")
                                 : STR("The connection broke before the answer was complete.");
    case WIRE_REFUSED_URL:
        return STR("The address is not one that may be fetched: it is private or local, or not "
                   "http or https. An operator can allow private addresses with "
                   "TOCSIN_ALLOW_PRIVATE_FETCH.");
    case WIRE_TOO_LARGE:
        return STR("The answer is larger than a calendar may be.");
    case WIRE_REDIRECTS:
        return STR("The server redirects too often, probably in a circle.");
    case WIRE_ANSWERED:
        break;
    }
    return STR_NONE;
}

static struct str status_reason(const struct pull *pull, const struct wire_answer *answer)
{
    switch (answer->status) {
    case 401:
        return STR("The server wants a user name and password, or does not accept the ones given.");
    case 403:
        return STR("The server denies access; a secret address may have been reset.");
    case 404:
        return STR("There is no calendar at this address (404).");
    case 410:
        return STR("The calendar is gone for good (410).");
    case 429:
        return STR("The server asks us to come back later: too many requests (429).");
    case 503:
        return STR("The server is not available at present (503).");
    default:
        return arena_printf(pull->arena, "The server answered with status %d.", answer->status);
    }
}

enum pull_state pull_failed(const struct pull *pull, const struct wire_answer *answer,
                            struct pull_result *result)
{
    if (answer->outcome != WIRE_ANSWERED) {
        return pull_refused(result, outcome_reason(pull, answer));
    }
    enum pull_state state = pull_refused(result, status_reason(pull, answer));
    result->retry_after_seconds = answer->retry_after_seconds > 0 ? answer->retry_after_seconds : 0;
    result->disable = answer->status == 410;
    result->is_missing = answer->status == 404;
    result->is_denied = answer->status == 401 || answer->status == 403;
    return state;
}

static struct pull_source copy_source(struct arena *arena, const struct pull_source *source)
{
    struct pull_source copy = *source;
    struct pull_memory *memory = &copy.memory;
    copy.username = arena_str(arena, source->username);
    copy.password = arena_str(arena, source->password);
    memory->etag = arena_str(arena, memory->etag);
    memory->last_modified = arena_str(arena, memory->last_modified);
    memory->sync_token = arena_str(arena, memory->sync_token);
    memory->ctag = arena_str(arena, memory->ctag);
    memory->collection_url = arena_str(arena, memory->collection_url);
    return copy;
}

/* Calendars are often handed out as webcal://, which only says "subscribe to it". */
static struct str fetchable(struct arena *arena, struct str url)
{
    static const struct str schemes[] = {STR_INIT("webcal://"), STR_INIT("webcals://")};
    url = str_trim(url);
    for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
        if (str_starts_nocase(url, schemes[i])) {
            struct str rest = str_slice(url, schemes[i].len, url.len);
            return arena_printf(arena, "https://%.*s", STR_FMT(rest));
        }
    }
    return arena_str(arena, url);
}

static enum err check_url(struct str url, struct problem *problem)
{
    struct url parts;
    if (url_split(url, &parts)) {
        return OK;
    }
    if (str_find_byte(parts.authority, '@', 0) < parts.authority.len) {
        return problem_set(problem, E_INVALID, "url",
                           "Give the user name and password in their own fields, not in the URL.");
    }
    return problem_set(problem, E_INVALID, "url",
                       "This is not an http, https or webcal address of a calendar.");
}

enum err pull_begin(struct arena *arena, const struct pull_source *source, struct pull **out,
                    struct wire_request *first, struct problem *problem)
{
    assert(source->known_count == 0 || source->known != NULL);
    struct str url = fetchable(arena, source->url);
    TRY(check_url(url, problem));
    struct pull *pull = ARENA_NEW(arena, struct pull);
    *pull = (struct pull){.arena = arena, .source = copy_source(arena, source), .url = url};
    if (source->kind == PULL_ICS) {
        *first = feed_request(pull);
    } else {
        caldav_begin(pull, first);
    }
    *out = pull;
    return OK;
}

enum pull_state pull_answer(struct pull *pull, const struct wire_answer *answer,
                            struct wire_request *next, struct pull_result *result)
{
    *result = (struct pull_result){0};
    enum pull_state state = pull->source.kind == PULL_ICS
                                ? feed_answer(pull, answer, result)
                                : caldav_answer(pull, answer, next, result);
    assert(state == PULL_ASKING || result->state == state);
    return state;
}
