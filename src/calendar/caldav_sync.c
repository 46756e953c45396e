#include "calendar/caldav_internal.h"

#include "calendar/ics_text.h"
#include "calendar/url.h"

#include <assert.h>

static enum pull_state finish(struct pull *pull, struct pull_result *result)
{
    const struct caldav *caldav = pull->caldav;
    const struct listing_difference *difference = &caldav->difference;
    bool is_changed =
        caldav->changed_count + difference->removed_count + caldav->listing.too_long > 0;
    *result = (struct pull_result){
        .state = is_changed ? PULL_CHANGED : PULL_UNCHANGED,
        .memory = {.collection_url = caldav->collection},
        .changed = caldav->changed,
        .changed_count = caldav->changed_count,
        .removed = difference->removed,
        .removed_count = difference->removed_count,
        .left_out = caldav->listing.too_long,
    };
    if (!caldav->is_incomplete) {
        result->memory.sync_token = caldav->new_token;
        result->memory.ctag = caldav->ctag;
    }
    return result->state;
}

enum pull_state caldav_ask_sync(struct pull *pull, struct str token, struct wire_request *next)
{
    struct caldav *caldav = pull->caldav;
    caldav->step = SYNC;
    caldav->token = token;
    return caldav_ask(pull, caldav->collection, STR("0"), dav_body_sync(pull->arena, token), next);
}

enum pull_state caldav_ask_list(struct pull *pull, struct wire_request *next)
{
    struct caldav *caldav = pull->caldav;
    caldav->step = LIST;
    caldav->is_full = true;
    caldav->new_token = STR_NONE;
    listing_clear(&caldav->listing);
    return caldav_ask(pull, caldav->collection, STR("1"), dav_body_list(), next);
}

static enum pull_state ask_fetch(struct pull *pull, struct wire_request *next)
{
    struct caldav *caldav = pull->caldav;
    size_t left = caldav->difference.fetch_count - caldav->fetch_at;
    assert(left > 0);
    caldav->step = FETCH;
    caldav->fetch_batch = left < caldav->batch_max ? left : caldav->batch_max;
    struct str hrefs[MULTIGET_MAX];
    for (size_t i = 0; i < caldav->fetch_batch; i++) {
        hrefs[i] = caldav->difference.fetch[caldav->fetch_at + i].href;
    }
    struct str body = dav_body_multiget(pull->arena, hrefs, caldav->fetch_batch);
    return caldav_ask(pull, caldav->collection, STR("1"), body, next);
}

static enum pull_state listing_complete(struct pull *pull, struct wire_request *next,
                                        struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    caldav->difference = listing_compare(&caldav->listing, caldav->is_full);
    size_t count = caldav->difference.fetch_count;
    caldav->changed = ARENA_NEW_ARRAY(pull->arena, struct pull_resource, count);
    return count > 0 ? ask_fetch(pull, next) : finish(pull, result);
}

/* A token that the server no longer takes: 403, 409, 410, 500 … are all seen. Everything is listed
 * then; where even that fails, the server has no sync-collection that works. */
enum pull_state caldav_sync_failed(struct pull *pull, const struct wire_answer *answer,
                                   struct wire_request *next, struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    bool is_final = answer->status == 401 || answer->status == 429 || answer->status == 503;
    if (is_final) {
        return pull_failed(pull, answer, result);
    }
    if (caldav->is_full) {
        return caldav_ask_list(pull, next);
    }
    caldav->is_full = true;
    listing_clear(&caldav->listing);
    return caldav_ask_sync(pull, STR(""), next);
}

enum pull_state caldav_sync_answered(struct pull *pull, const struct dav_multistatus *answer,
                                     struct wire_request *next, struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    bool is_truncated = listing_add(&caldav->listing, answer);
    caldav->new_token = pull_header_value(pull, answer->sync_token);
    bool is_stuck = is_truncated && str_equal(caldav->new_token, caldav->token);
    if (!str_is_set(caldav->new_token) || is_stuck) {
        return caldav_ask_list(pull, next);
    }
    if (is_truncated) {
        return caldav_ask_sync(pull, caldav->new_token, next);
    }
    return listing_complete(pull, next, result);
}

static void take_resource(struct pull *pull, const struct dav_response *response,
                          const struct listed *line)
{
    struct caldav *caldav = pull->caldav;
    const struct pull_resource *known = listing_find_known(&caldav->listing, line->key);
    if (!ics_text_is_calendar(response->calendar_data)) {
        return; /* An address card or a picture that lies in the collection. */
    }
    caldav->changed[caldav->changed_count++] = (struct pull_resource){
        .href = known != NULL ? known->href : line->href,
        .etag = response->etag.len > 0 ? response->etag : line->etag,
        .body = response->calendar_data,
    };
}

/* Deleted between the list and now. */
static void take_removal(struct pull *pull, const struct listed *line)
{
    struct caldav *caldav = pull->caldav;
    const struct pull_resource *known = listing_find_known(&caldav->listing, line->key);
    if (known != NULL) {
        caldav->difference.removed[caldav->difference.removed_count++] = known->href;
    }
}

static const struct dav_response *find_response(const struct dav_multistatus *answer,
                                                const struct str *keys, const struct listed *line)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (str_equal(keys[i], line->key)) {
            return &answer->responses[i];
        }
    }
    return NULL;
}

static struct str *keys_of(const struct pull *pull, const struct dav_multistatus *answer)
{
    struct str *keys = ARENA_NEW_ARRAY(pull->arena, struct str, answer->count);
    for (size_t i = 0; i < answer->count; i++) {
        keys[i] = url_href_key(pull->arena, pull->caldav->collection, answer->responses[i].href);
    }
    return keys;
}

static enum pull_state fetch_next(struct pull *pull, struct wire_request *next,
                                  struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    caldav->fetch_at += caldav->fetch_batch;
    bool is_more = caldav->fetch_at < caldav->difference.fetch_count;
    return is_more ? ask_fetch(pull, next) : finish(pull, result);
}

enum pull_state caldav_fetch_answered(struct pull *pull, const struct dav_multistatus *answer,
                                      struct wire_request *next, struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    const struct str *keys = keys_of(pull, answer);
    for (size_t i = 0; i < caldav->fetch_batch; i++) {
        const struct listed *line = &caldav->difference.fetch[caldav->fetch_at + i];
        const struct dav_response *response = find_response(answer, keys, line);
        if (response != NULL && str_is_set(response->calendar_data)) {
            take_resource(pull, response, line);
        } else if (response != NULL && (response->status == 404 || response->status == 410)) {
            take_removal(pull, line);
        } else {
            caldav->is_incomplete = true;
        }
    }
    size_t twice = caldav->batch_max * 2;
    caldav->batch_max = twice < MULTIGET_MAX ? twice : MULTIGET_MAX;
    return fetch_next(pull, next, result);
}

/* One resource may be too large, or hold bytes that no XML may: the batch is halved until only that
 * one is left out. */
enum pull_state caldav_fetch_smaller(struct pull *pull, struct wire_request *next,
                                     struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    if (caldav->fetch_batch > 1) {
        caldav->batch_max = caldav->fetch_batch / 2;
        return ask_fetch(pull, next);
    }
    caldav->is_incomplete = true;
    return fetch_next(pull, next, result);
}

enum pull_state caldav_list_answered(struct pull *pull, const struct dav_multistatus *answer,
                                     struct wire_request *next, struct pull_result *result)
{
    struct caldav *caldav = pull->caldav;
    if (listing_add(&caldav->listing, answer)) {
        caldav->is_full = false; /* Cut short: what it does not name may well be there. */
        caldav->is_incomplete = true;
    }
    return listing_complete(pull, next, result);
}
