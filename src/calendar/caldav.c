#include "calendar/caldav_internal.h"

#include "calendar/ics_text.h"
#include "calendar/url.h"

#include <assert.h>

enum {
    REQUESTS_MAX = 3000,
    HOPS_MAX = 6,
    REDIRECTS_REPEATED_MAX = 2,
    ANSWER_BYTES_MAX = 16 * 1024 * 1024,
    ANSWERS_BYTES_MAX = 128 * 1024 * 1024
};

static bool keeps_tls(const struct pull *pull, struct str url)
{
    struct url source;
    struct url target;
    bool is_url = url_split(pull->url, &source) && url_split(url, &target);
    return is_url && (target.is_https || !source.is_https);
}

/* The next request. A server may send us on to another host of its own (iCloud does), but never
 * from https to http, where the password could be read on the way. */
enum pull_state caldav_ask(struct pull *pull, struct str url, struct str depth, struct str body,
                           struct wire_request *next)
{
    struct caldav *caldav = pull->caldav;
    bool is_report = caldav->step == SYNC || caldav->step == FETCH;
    struct wire_request request = {
        .kind = WIRE_HTTP,
        .timeout = SECONDS(PULL_TIMEOUT_SECONDS),
        .http =
            {
                .method = is_report ? STR("REPORT") : STR("PROPFIND"),
                .url = url,
                .body = body,
                .username = pull->source.username,
                .password = pull->source.password,
                .redirects_max = is_report ? 0 : PULL_REDIRECTS_MAX,
                .body_bytes_max = ANSWER_BYTES_MAX,
                .user_given_url = true,
            },
    };
    pull_add_header(&request, STR("Content-Type"), STR("application/xml; charset=utf-8"));
    pull_add_header(&request, STR("Depth"), depth);
    caldav->last = request;
    caldav->request_count++;
    *next = request;
    return PULL_ASKING;
}

static enum pull_state probe(struct pull *pull, struct str url, struct wire_request *next)
{
    pull->caldav->step = PROBE;
    return caldav_ask(pull, url, STR("0"), dav_body_probe(), next);
}

void caldav_begin(struct pull *pull, struct wire_request *first)
{
    pull->caldav = ARENA_NEW(pull->arena, struct caldav);
    struct str remembered = pull->source.memory.collection_url;
    bool is_usable = remembered.len > 0 && keeps_tls(pull, remembered);
    pull->caldav->batch_max = MULTIGET_MAX;
    pull->caldav->tried_source = !is_usable || str_equal(remembered, pull->url);
    (void)probe(pull, is_usable ? remembered : pull->url, first);
}

/* On to another address on the way to the collection. */
static enum pull_state hop(struct pull *pull, enum caldav_step step, struct str href,
                           struct wire_request *next, struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    struct str url = url_resolve(pull->arena, caldav->last.http.url, href);
    if (!keeps_tls(pull, url)) {
        return pull_refused(result, STR("The server points to an address without TLS, or to none "
                                        "that can be used: it is not followed."));
    }
    if (++caldav->hop_count > HOPS_MAX) {
        return pull_refused(result, STR("The server sends us from one address to the next."));
    }
    caldav->step = step;
    return caldav_ask(pull, url, step == HOME ? STR("1") : STR("0"), dav_body_probe(), next);
}

/* The collection is found. Its token or ctag may say at once that nothing has changed. */
static enum pull_state adopt(struct pull *pull, struct str url, const struct dav_response *facts,
                             struct wire_request *next, struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    const struct pull_memory *memory = &pull->source.memory;
    struct str sync_token = pull_header_value(pull, facts->sync_token);
    caldav->collection = url;
    caldav->ctag = pull_header_value(pull, facts->ctag);
    bool is_same_place = str_equal(memory->collection_url, url);
    bool is_same_token = memory->sync_token.len > 0 && str_equal(memory->sync_token, sync_token);
    bool is_same_ctag = memory->ctag.len > 0 && str_equal(memory->ctag, caldav->ctag);
    if (is_same_place && (is_same_token || is_same_ctag)) {
        *result = (struct pull_result){.state = PULL_UNCHANGED, .memory = *memory};
        return PULL_UNCHANGED;
    }
    caldav->listing = listing_new(pull->arena, url, pull->source.known, pull->source.known_count);
    if (!facts->can_sync && sync_token.len == 0) {
        return caldav_ask_list(pull, next);
    }
    bool has_token = is_same_place && memory->sync_token.len > 0;
    caldav->is_full = !has_token;
    return caldav_ask_sync(pull, has_token ? memory->sync_token : STR(""), next);
}

static bool is_root(struct str url)
{
    struct url parts;
    bool is_url = url_split(url, &parts);
    assert(is_url);
    return parts.path.len <= 1;
}

static enum pull_state try_well_known(struct pull *pull, struct wire_request *next,
                                      struct pull_result *result)
{
    pull->caldav->tried_well_known = true;
    return hop(pull, PROBE, STR("/.well-known/caldav"), next, result);
}

static enum pull_state probe_failed(struct pull *pull, const struct wire_answer *answer,
                                    struct wire_request *next, struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    bool is_gone = answer->status == 404 || answer->status == 410;
    if (is_gone && !caldav->tried_source) {
        caldav->tried_source = true;
        return probe(pull, pull->url, next);
    }
    bool is_final = answer->status == 401 || answer->status == 403 || answer->status == 429 ||
                    answer->status >= 500;
    if (!is_final && !caldav->tried_well_known && is_root(caldav->last.http.url)) {
        return try_well_known(pull, next, result);
    }
    if (answer->status >= 200 && answer->status < 300) {
        return pull_refused(result, STR("The server does not speak CalDAV at this address."));
    }
    return pull_failed(pull, answer, result);
}

static enum pull_state probe_answered(struct pull *pull, const struct dav_multistatus *answer,
                                      struct wire_request *next, struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    struct dav_response facts = answer->count > 0 ? answer->responses[0] : (struct dav_response){0};
    struct str here = caldav->last.http.url;
    if (facts.is_calendar) {
        return adopt(pull, here, &facts, next, result);
    }
    if (facts.home_href.len > 0) {
        return hop(pull, HOME, facts.home_href, next, result);
    }
    if (facts.principal_href.len > 0 &&
        !str_equal(url_href_key(pull->arena, here, facts.principal_href),
                   url_href_key(pull->arena, here, here))) {
        return hop(pull, PROBE, facts.principal_href, next, result);
    }
    if (!caldav->tried_well_known) {
        return try_well_known(pull, next, result);
    }
    return pull_refused(result, STR("No calendar was found from this address."));
}

/* Which one of several is meant is not ours to guess: the wrong one would be silence. */
static enum pull_state refuse_choice(const struct pull *pull, const struct dav_multistatus *answer,
                                     struct pull_result *result)
{
    struct str list = STR("");
    for (size_t i = 0; i < answer->count && list.len < 600; i++) {
        const struct dav_response *one = &answer->responses[i];
        if (one->is_calendar && one->holds_events) {
            struct str url = url_resolve(pull->arena, pull->caldav->last.http.url, one->href);
            list = arena_printf(pull->arena, "%.*s%s%.*s", STR_FMT(list), list.len > 0 ? ", " : "",
                                STR_FMT(url));
        }
    }
    return pull_refused(result, arena_printf(pull->arena,
                                             "There are several calendars; add each that you want "
                                             "by its own address: %.*s",
                                             STR_FMT(ics_text_display(pull->arena, list, 800))));
}

static enum pull_state home_answered(struct pull *pull, const struct dav_multistatus *answer,
                                     struct wire_request *next, struct pull_result *result)
{
    const struct dav_response *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < answer->count; i++) {
        const struct dav_response *one = &answer->responses[i];
        if (one->is_calendar && one->holds_events) {
            found = one;
            count++;
        }
    }
    if (count == 0) {
        return pull_refused(result, STR("There is no calendar for events in this account."));
    }
    if (count > 1) {
        return refuse_choice(pull, answer, result);
    }
    struct str url = url_resolve(pull->arena, pull->caldav->last.http.url, found->href);
    if (!keeps_tls(pull, url)) {
        return pull_refused(result, STR("The server names the calendar by an address that cannot "
                                        "be used."));
    }
    return adopt(pull, url, found, next, result);
}

static enum pull_state not_multistatus(struct pull *pull, const struct wire_answer *answer,
                                       struct wire_request *next, struct pull_result *result)
{
    switch (pull->caldav->step) {
    case PROBE:
        return probe_failed(pull, answer, next, result);
    case SYNC:
        return caldav_sync_failed(pull, answer, next, result);
    case HOME:
    case LIST:
    case FETCH:
        break;
    }
    return pull_failed(pull, answer, result);
}

static enum pull_state multistatus(struct pull *pull, const struct dav_multistatus *answer,
                                   struct wire_request *next, struct pull_result *result)
{
    switch (pull->caldav->step) {
    case PROBE:
        return probe_answered(pull, answer, next, result);
    case HOME:
        return home_answered(pull, answer, next, result);
    case SYNC:
        return caldav_sync_answered(pull, answer, next, result);
    case LIST:
        return caldav_list_answered(pull, answer, next, result);
    case FETCH:
        break;
    }
    return caldav_fetch_answered(pull, answer, next, result);
}

/* After a redirect the body of the request may have been lost on the way, and the password too: it
 * is asked again there. A final URL that only spells the asked one in another way must not go on
 * like that for ever. */
static bool must_repeat(struct caldav *caldav, const struct wire_answer *answer)
{
    struct url url;
    bool is_discovery = caldav->step == PROBE || caldav->step == HOME;
    return is_discovery && url_split(answer->final_url, &url) &&
           !str_equal(answer->final_url, caldav->last.http.url) &&
           caldav->redirect_count++ < REDIRECTS_REPEATED_MAX;
}

enum pull_state caldav_answer(struct pull *pull, const struct wire_answer *answer,
                              struct wire_request *next, struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    if (caldav->step == FETCH && answer->outcome == WIRE_TOO_LARGE) {
        return caldav_fetch_smaller(pull, next, result);
    }
    if (answer->outcome != WIRE_ANSWERED) {
        return pull_failed(pull, answer, result);
    }
    caldav->answer_bytes += answer->body.len;
    if (caldav->request_count >= REQUESTS_MAX || caldav->answer_bytes > ANSWERS_BYTES_MAX) {
        return pull_refused(result, STR("The server says more than one calendar may need."));
    }
    if (must_repeat(caldav, answer)) {
        return hop(pull, caldav->step, answer->final_url, next, result);
    }
    if (answer->status != 207) {
        return not_multistatus(pull, answer, next, result);
    }
    struct dav_multistatus parsed;
    struct problem problem = {0};
    enum err err = dav_parse(pull->arena, answer->body, &parsed, &problem);
    if (err != OK && caldav->step == FETCH) {
        return caldav_fetch_smaller(pull, next, result);
    }
    if (err != OK) {
        return pull_refused(result, arena_str(pull->arena, str_from(problem.message)));
    }
    return multistatus(pull, &parsed, next, result);
}
