#include "sim/feeds.h"

#include <stdio.h>
#include <stdlib.h>

void feeds_free(struct feeds *feeds)
{
    free(feeds->items);
    arena_free(&feeds->arena);
    *feeds = (struct feeds){0};
}

static bool is_same_text(struct str a, struct str b)
{
    return str_is_set(a) == str_is_set(b) && str_equal(a, b);
}

static struct feed *find_same(const struct feeds *feeds, const struct feed *wanted)
{
    for (size_t i = 0; i < feeds->count; i++) {
        struct feed *feed = feeds->items[i];
        if (str_equal(feed->url, wanted->url) && is_same_text(feed->method, wanted->method) &&
            is_same_text(feed->contains, wanted->contains)) {
            return feed;
        }
    }
    return NULL;
}

static struct feed *add_feed(struct feeds *feeds)
{
    if (feeds->arena == NULL) {
        feeds->arena = arena_new();
    }
    if (feeds->count == feeds->cap) {
        feeds->cap = feeds->cap == 0 ? 16 : feeds->cap * 2;
        struct feed **items = realloc(feeds->items, feeds->cap * sizeof(struct feed *));
        if (items == NULL) {
            abort();
        }
        feeds->items = items;
    }
    feeds->items[feeds->count] = ARENA_NEW(feeds->arena, struct feed);
    return feeds->items[feeds->count++];
}

void feeds_put(struct feeds *feeds, const struct feed *wanted)
{
    struct feed *feed = find_same(feeds, wanted);
    if (feed == NULL) {
        feed = add_feed(feeds);
    }
    int64_t fetches = feed->fetches;
    int64_t unchanged = feed->unchanged;
    *feed = *wanted;
    feed->url = arena_str(feeds->arena, wanted->url);
    feed->method = arena_str(feeds->arena, wanted->method);
    feed->contains = arena_str(feeds->arena, wanted->contains);
    feed->etag = arena_str(feeds->arena, wanted->etag);
    feed->last_modified = arena_str(feeds->arena, wanted->last_modified);
    feed->content_type = arena_str(feeds->arena, wanted->content_type);
    feed->body = arena_str(feeds->arena, wanted->body);
    feed->fetches = fetches;
    feed->unchanged = unchanged;
}

int64_t feeds_fetches(const struct feeds *feeds, struct str url)
{
    int64_t sum = 0;
    for (size_t i = 0; i < feeds->count; i++) {
        sum += str_equal(feeds->items[i]->url, url) ? feeds->items[i]->fetches : 0;
    }
    return sum;
}

int64_t feeds_unchanged(const struct feeds *feeds, struct str url)
{
    int64_t sum = 0;
    for (size_t i = 0; i < feeds->count; i++) {
        sum += str_equal(feeds->items[i]->url, url) ? feeds->items[i]->unchanged : 0;
    }
    return sum;
}

/* The feed that fits a request; the one that names the most of it wins. */
static struct feed *find_for(const struct feeds *feeds, const struct wire_http *http)
{
    struct feed *best = NULL;
    int best_fit = -1;
    for (size_t i = 0; i < feeds->count; i++) {
        struct feed *feed = feeds->items[i];
        bool fits = str_equal(feed->url, http->url) &&
                    (!str_is_set(feed->method) || str_equal(feed->method, http->method)) &&
                    (!str_is_set(feed->contains) || str_contains(http->body, feed->contains));
        int fit = str_is_set(feed->method) + str_is_set(feed->contains);
        if (fits && fit > best_fit) {
            best = feed;
            best_fit = fit;
        }
    }
    return best;
}

static struct str header_of(const struct wire_http *http, struct str name)
{
    for (size_t i = 0; i < http->header_count; i++) {
        if (str_equal_nocase(http->headers[i].name, name)) {
            return http->headers[i].value;
        }
    }
    return STR_NONE;
}

static bool is_as_before(const struct feed *feed, const struct wire_http *http)
{
    struct str etag = header_of(http, STR("If-None-Match"));
    if (str_is_set(feed->etag)) {
        return str_is_set(etag) && str_equal(etag, feed->etag);
    }
    struct str since = header_of(http, STR("If-Modified-Since"));
    return str_is_set(feed->last_modified) && str_equal(since, feed->last_modified);
}

static void answer_http(struct feed *feed, const struct wire_http *http, struct wire_answer *out)
{
    *out = (struct wire_answer){
        .outcome = WIRE_ANSWERED,
        .status = feed->status,
        .body = feed->body,
        .etag = feed->etag,
        .last_modified = feed->last_modified,
        .content_type = feed->content_type,
        .final_url = http->url,
        .retry_after_seconds = feed->retry_after_seconds,
    };
    if (feed->status == 200 && is_as_before(feed, http)) {
        feed->unchanged++;
        out->status = 304;
        out->body = STR_NONE;
    }
}

void feeds_answer(struct feeds *feeds, const struct wire_request *request, struct wire_answer *out,
                  struct duration *after)
{
    struct feed *feed = find_for(feeds, &request->http);
    *after = (struct duration){0};
    if (feed == NULL) {
        *out =
            (struct wire_answer){.outcome = WIRE_NOT_SENT, .reason = STR("could not resolve host")};
        return;
    }
    feed->fetches++;
    switch (feed->mode) {
    case FEED_ANSWERS:
        answer_http(feed, &request->http, out);
        break;
    case FEED_HANGS:
        *out = (struct wire_answer){
            .outcome = WIRE_UNKNOWN, .timed_out = true, .reason = STR("no answer in time")};
        *after = request->timeout;
        break;
    case FEED_REFUSES:
        *out = (struct wire_answer){.outcome = WIRE_NOT_SENT, .reason = STR("connection refused")};
        break;
    case FEED_REDIRECTS:
        *out = (struct wire_answer){.outcome = WIRE_REDIRECTS, .reason = STR("too many redirects")};
        break;
    case FEED_IS_PRIVATE:
        *out = (struct wire_answer){.outcome = WIRE_REFUSED_URL, .reason = STR("private address")};
        break;
    case FEED_IS_TOO_LARGE:
        *out = (struct wire_answer){.outcome = WIRE_TOO_LARGE, .reason = STR("too large")};
        break;
    }
}
