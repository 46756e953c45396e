/* calendar/caldav_internal: what caldav.c (finding the collection) and caldav_sync.c (what has
 * changed in it) share. */
#ifndef TOCSIN_CALENDAR_CALDAV_INTERNAL_H
#define TOCSIN_CALENDAR_CALDAV_INTERNAL_H

#include "calendar/caldav_listing.h"
#include "calendar/pull_internal.h"

enum { MULTIGET_MAX = 50 };

/* PROBE: what is at this address? HOME: which calendars are here? SYNC, LIST: what has changed?
 * FETCH: its content. */
enum caldav_step { PROBE, HOME, SYNC, LIST, FETCH };

struct caldav {
    enum caldav_step step;
    struct wire_request last; /* The request that is being answered. */
    int request_count;
    int redirect_count;
    int hop_count; /* Redirects, principals and homes on the way to the collection. */
    bool tried_well_known;
    bool tried_source; /* The source's own URL, after the remembered collection was gone. */
    struct str collection;
    struct str ctag;
    struct str token;     /* Asked with; empty for everything. */
    struct str new_token; /* Answered. */
    bool is_full;
    bool is_incomplete; /* Something that was listed could not be fetched: the next pull compares
                           everything. */
    struct listing listing;
    struct listing_difference difference;
    size_t fetch_at;
    size_t fetch_batch; /* Of the request under way. */
    size_t batch_max;
    struct pull_resource *changed; /* Room for all of the difference. */
    size_t changed_count;
    size_t answer_bytes; /* Of all answers so far. */
};

/* Writes the next request, for the step that is set. */
enum pull_state caldav_ask(struct pull *pull, struct str url, struct str depth, struct str body,
                           struct wire_request *next);

/* Asks for everything since `token`, "" for all, or for a plain list with ETags. */
enum pull_state caldav_ask_sync(struct pull *pull, struct str token, struct wire_request *next);
enum pull_state caldav_ask_list(struct pull *pull, struct wire_request *next);

enum pull_state caldav_sync_answered(struct pull *pull, const struct dav_multistatus *answer,
                                     struct wire_request *next, struct pull_result *result);
enum pull_state caldav_sync_failed(struct pull *pull, const struct wire_answer *answer,
                                   struct wire_request *next, struct pull_result *result);
enum pull_state caldav_list_answered(struct pull *pull, const struct dav_multistatus *answer,
                                     struct wire_request *next, struct pull_result *result);
enum pull_state caldav_fetch_answered(struct pull *pull, const struct dav_multistatus *answer,
                                      struct wire_request *next, struct pull_result *result);
/* The answer to a fetch was too large, or no XML. */
enum pull_state caldav_fetch_smaller(struct pull *pull, struct wire_request *next,
                                     struct pull_result *result);

#endif
