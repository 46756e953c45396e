#include "calendar/caldav_listing.h"

#include "calendar/url.h"

#include <stdlib.h>

static int compare_known(const void *left, const void *right)
{
    const struct known_key *a = left;
    const struct known_key *b = right;
    return str_compare(a->key, b->key);
}

static int compare_listed(const void *left, const void *right)
{
    const struct listed *a = left;
    const struct listed *b = right;
    int by_key = str_compare(a->key, b->key);
    if (by_key != 0) {
        return by_key;
    }
    return a->order < b->order ? -1 : a->order > b->order ? 1 : 0;
}

/* With and without a slash at its end a collection is the same. */
static struct str without_slash(struct str key)
{
    return str_ends(key, STR("/")) ? str_slice(key, 0, key.len - 1) : key;
}

struct listing listing_new(struct arena *arena, struct str collection,
                           const struct pull_resource *known, size_t known_count)
{
    struct listing listing = {
        .arena = arena,
        .collection = collection,
        .collection_key = without_slash(url_href_key(arena, collection, collection)),
        .known = ARENA_NEW_ARRAY(arena, struct known_key, known_count),
        .known_count = known_count,
    };
    for (size_t i = 0; i < known_count; i++) {
        listing.known[i] = (struct known_key){.key = url_href_key(arena, collection, known[i].href),
                                              .resource = &known[i]};
    }
    if (known_count > 1) {
        qsort(listing.known, known_count, sizeof listing.known[0], compare_known);
    }
    return listing;
}

void listing_clear(struct listing *listing)
{
    listing->line_count = 0;
    listing->too_long = 0;
}

const struct pull_resource *listing_find_known(const struct listing *listing, struct str key)
{
    struct known_key wanted = {.key = key};
    if (listing->known_count == 0) {
        return NULL;
    }
    const struct known_key *found = bsearch(&wanted, listing->known, listing->known_count,
                                            sizeof listing->known[0], compare_known);
    return found == NULL ? NULL : found->resource;
}

static void add_line(struct listing *listing, struct listed line)
{
    if (listing->line_count == listing->line_room) {
        listing->line_room = listing->line_room == 0 ? 64 : listing->line_room * 2;
        struct listed *grown = ARENA_NEW_ARRAY(listing->arena, struct listed, listing->line_room);
        for (size_t i = 0; i < listing->line_count; i++) {
            grown[i] = listing->lines[i];
        }
        listing->lines = grown;
    }
    line.order = listing->line_count;
    listing->lines[listing->line_count++] = line;
}

bool listing_add(struct listing *listing, const struct dav_multistatus *answer)
{
    bool is_truncated = false;
    for (size_t i = 0; i < answer->count; i++) {
        const struct dav_response *response = &answer->responses[i];
        struct str key = url_href_key(listing->arena, listing->collection, response->href);
        if (str_equal(without_slash(key), listing->collection_key)) {
            is_truncated |= response->status == 507;
            continue;
        }
        bool is_gone = response->status == 404 || response->status == 410;
        bool is_resource = !response->is_collection && !str_ends(key, STR("/"));
        if (is_resource && response->href.len > HREF_MAX) {
            listing->too_long++;
        } else if (is_gone || is_resource) {
            add_line(listing, (struct listed){.key = key,
                                              .href = response->href,
                                              .etag = response->etag,
                                              .is_gone = is_gone});
        }
    }
    return is_truncated;
}

static size_t settle(struct listing *listing)
{
    size_t kept = 0;
    if (listing->line_count > 1) {
        qsort(listing->lines, listing->line_count, sizeof listing->lines[0], compare_listed);
    }
    for (size_t i = 0; i < listing->line_count; i++) {
        bool is_repeat = kept > 0 && str_equal(listing->lines[kept - 1].key, listing->lines[i].key);
        kept -= is_repeat ? 1 : 0;
        listing->lines[kept++] = listing->lines[i];
    }
    listing->line_count = kept;
    return kept;
}

static bool is_listed(const struct listing *listing, struct str key)
{
    size_t low = 0;
    size_t high = listing->line_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(listing->lines[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < listing->line_count && str_equal(listing->lines[low].key, key);
}

struct listing_difference listing_compare(struct listing *listing, bool is_full)
{
    size_t count = settle(listing);
    struct listing_difference out = {
        .fetch = ARENA_NEW_ARRAY(listing->arena, struct listed, count),
        .removed = ARENA_NEW_ARRAY(listing->arena, struct str, count + listing->known_count),
    };
    for (size_t i = 0; i < count; i++) {
        const struct listed *line = &listing->lines[i];
        const struct pull_resource *known = listing_find_known(listing, line->key);
        bool is_same = known != NULL && line->etag.len > 0 && str_equal(line->etag, known->etag);
        if (line->is_gone && known != NULL) {
            out.removed[out.removed_count++] = known->href;
        } else if (!line->is_gone && !is_same) {
            out.fetch[out.fetch_count++] = *line;
        }
    }
    for (size_t i = 0; is_full && i < listing->known_count; i++) {
        if (!is_listed(listing, listing->known[i].key)) {
            out.removed[out.removed_count++] = listing->known[i].resource->href;
        }
    }
    return out;
}
