/* calendar/caldav_listing: what a server lists against what is stored: which resources to fetch,
 * and which are gone.
 *
 * hrefs are compared by url_href_key, since servers spell one resource in several ways; what is
 * stored keeps its spelling.
 * Pure. Ownership: the arena. */
#ifndef TOCSIN_CALENDAR_CALDAV_LISTING_H
#define TOCSIN_CALENDAR_CALDAV_LISTING_H

#include "calendar/caldav_xml.h"
#include "calendar/pull.h"

/* One line of the server's list. */
struct listed {
    struct str key;
    struct str href; /* As the server writes it. */
    struct str etag;
    bool is_gone;
    size_t order; /* The later of two lines for one resource counts. */
};

struct known_key {
    struct str key;
    const struct pull_resource *resource;
};

struct listing {
    struct arena *arena;
    struct str collection; /* URL */
    struct str collection_key;
    struct known_key *known; /* Sorted by key. */
    size_t known_count;
    struct listed *lines;
    size_t line_count;
    size_t line_room;
    size_t too_long; /* Lines that were left out, see HREF_MAX. */
};

/* Bytes. An engine indexes no longer ones; real ones have fewer than 300. */
enum { HREF_MAX = 1000 };

struct listing listing_new(struct arena *arena, struct str collection,
                           const struct pull_resource *known, size_t known_count);
void listing_clear(struct listing *listing);
/* Takes over the resources of an answer. True where a line for the collection itself says 507:
 * there is more to ask for. */
bool listing_add(struct listing *listing, const struct dav_multistatus *answer);

struct listing_difference {
    struct listed *fetch;
    size_t fetch_count;
    struct str *removed; /* hrefs as they are stored. */
    size_t removed_count;
};

/* `is_full`: the list names everything, so that what it does not name is gone. */
struct listing_difference listing_compare(struct listing *listing, bool is_full);
/* NULL where it is not stored. */
const struct pull_resource *listing_find_known(const struct listing *listing, struct str key);

#endif
