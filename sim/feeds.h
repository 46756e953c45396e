/* sim/feeds: calendar servers that answer as they are told.
 *
 * A feed is known by its URL and, for CalDAV, by the method and a piece of the request's body. An
 * ETag that comes back as If-None-Match is answered with 304, as is a Last-Modified. An address
 * that nobody scripted cannot be resolved. Owner: feeds_free. Threads: one. */
#ifndef TOCSIN_SIM_FEEDS_H
#define TOCSIN_SIM_FEEDS_H

#include "base/arena.h"
#include "model/http.h"

enum feed_mode {
    FEED_ANSWERS,
    FEED_HANGS,      /* Takes the request and never answers. */
    FEED_REFUSES,    /* Connection refused. */
    FEED_REDIRECTS,  /* In a circle. */
    FEED_IS_PRIVATE, /* The guard forbids its address. */
    FEED_IS_TOO_LARGE,
};

struct feed {
    struct str url;
    struct str method;   /* Absent for any. */
    struct str contains; /* What the request's body must have in it; absent for any. */
    enum feed_mode mode;
    int status;
    struct str etag;
    struct str last_modified;
    struct str content_type;
    struct str body;
    int64_t retry_after_seconds;
    int64_t fetches;   /* How often it was asked. */
    int64_t unchanged; /* How often it said 304. */
};

struct feeds {
    struct arena *arena;
    struct feed **items;
    size_t count;
    size_t cap;
};

void feeds_free(struct feeds *feeds);
/* Copies `feed`, which takes the place of one with the same url, method and contains, and keeps
 * that one's counts. */
void feeds_put(struct feeds *feeds, const struct feed *feed);
/* The counts of every feed with this URL. */
int64_t feeds_fetches(const struct feeds *feeds, struct str url);
int64_t feeds_unchanged(const struct feeds *feeds, struct str url);
/* Fills `out`, and `after` with how long the answer takes. Texts are borrowed from the feed and the
 * request. */
void feeds_answer(struct feeds *feeds, const struct wire_request *request, struct wire_answer *out,
                  struct duration *after);

#endif
