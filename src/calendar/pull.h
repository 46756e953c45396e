/* calendar/pull: one synchronisation of one remote calendar as a function of answers: request out,
 * answer in, until done.
 *
 * Pure: net/ performs what pull_next asks for. Kinds: an ICS feed by URL (conditional GET), a
 * CalDAV collection (sync-token where the server has it, plain PROPFIND of ETags otherwise;
 * protocols.md 5.5, 5.6). What is remembered between pulls is in struct pull_memory, which the
 * caller stores as it is and gives back unchanged; ETags are opaque and sent back verbatim. A
 * failure never says that the calendar is empty: the last good copy stays. Errors are told in
 * `reason`, for people, and `disable` is set for 410, and for 404 that the caller has seen for days
 * (it counts). Ownership: arena of the caller, which lives until the end of the pull; `known` is
 * borrowed until then, an answer only for the call. CalDAV: the URL may be a calendar, a principal,
 * a home or a server's root. Where that leads to several calendars the pull fails and names their
 * addresses: which one is meant is not guessed. */
#ifndef TOCSIN_CALENDAR_PULL_H
#define TOCSIN_CALENDAR_PULL_H

#include "base/arena.h"
#include "model/http.h"

enum pull_kind { PULL_ICS, PULL_CALDAV };

struct pull_memory {
    struct str etag;
    struct str last_modified;
    struct str sync_token; /* CalDAV */
    struct str ctag;
    struct str collection_url; /* CalDAV: found by discovery; absent until then. */
    uint64_t fingerprint;      /* calendar_fingerprint of the last good ICS body; 0 for none. */
};

/* A resource of the calendar: the feed itself (href "") or one CalDAV object. */
struct pull_resource {
    struct str href;
    struct str etag;
    struct str body;
};

struct pull_source {
    enum pull_kind kind;
    struct str url;
    struct str username; /* Absent for none. */
    struct str password;
    struct pull_memory memory;
    /* What is stored already (CalDAV), bodies not needed: compared with the server's ETags in the
     * plain way. */
    const struct pull_resource *known;
    size_t known_count;
};

enum pull_state { PULL_ASKING, PULL_UNCHANGED, PULL_CHANGED, PULL_FAILED };

struct pull; /* In the arena it was begun with. */

struct pull_result {
    enum pull_state state;
    struct pull_memory memory;     /* To be stored, for UNCHANGED and CHANGED. */
    struct pull_resource *changed; /* New or changed, with bodies. */
    size_t changed_count;
    struct str *removed; /* hrefs that are gone. */
    size_t removed_count;
    size_t left_out;             /* New or changed, with an href that is too long to be kept. */
    struct str reason;           /* FAILED: one sentence for people, without secrets. */
    int64_t retry_after_seconds; /* FAILED: 0 where the server named none. */
    bool disable;                /* FAILED: 410, gone for good. */
    bool is_missing;             /* FAILED: 404. */
    bool is_denied;              /* FAILED: 401 or 403. */
};

/* Begins a pull and writes the first request. E_INVALID where the URL cannot be used at all. */
NODISCARD enum err pull_begin(struct arena *arena, const struct pull_source *source,
                              struct pull **out, struct wire_request *first,
                              struct problem *problem);
/* Takes the answer to the last request. Returns PULL_ASKING with the next request in `next`, or an
 * end with `result`. */
enum pull_state pull_answer(struct pull *pull, const struct wire_answer *answer,
                            struct wire_request *next, struct pull_result *result);

#endif
