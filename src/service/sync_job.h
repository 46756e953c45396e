/* service/sync_job: the inside of a reading: shared by its fetching half (sync_fetch) and its
 * applying half (sync_apply).
 *
 * Everything in a job lives in its arena. `parts` are the resources to be expanded, with what came
 * out of each. */
#ifndef TOCSIN_SERVICE_SYNC_JOB_H
#define TOCSIN_SERVICE_SYNC_JOB_H

#include "calendar/expand.h"
#include "calendar/pull.h"
#include "service/meetings.h"
#include "service/sync.h"

struct sync_part {
    struct str href;
    struct str etag;
    struct str body;
    bool is_new_body; /* To be stored. */
    enum err err;     /* The body is no calendar. */
    struct problem problem;
    struct expand_result result;
};

struct sync_job {
    struct work work; /* First: the executor sees only this. */
    struct arena *arena;
    const struct site *site;
    struct sync_wait *wait;
    struct id timer;            /* Unset where a request asked for it. */
    struct instant lease_until; /* Of the timer. */
    struct calendar calendar;   /* For holidays: what the reading needs of it. */
    struct id holidays;         /* Set where the feed of a holiday calendar is read. */
    struct str owner_email;
    struct str owner_zone;
    struct instant from;
    struct instant to;
    bool must_expand; /* The window has grown beyond what was expanded: known bodies are looked at
                         again. */
    struct calendar_resource *known;
    size_t known_count;
    struct pull *pull;
    struct pull_result result;
    struct sync_part *parts;
    size_t part_count;
    struct sync_result counts; /* For who waits: told once the commit is done with. */
    struct str reason;
};

/* Expands `part` for a calendar's owner. */
void sync_expand(struct sync_job *job, struct sync_part *part);
/* Writes the meetings of one part, and drops those that it does not have any more. */
NODISCARD enum err sync_apply_part(struct op *op, const struct sync_job *job,
                                   const struct sync_part *part, struct sync_result *counts);
/* A reading that took longer than its lease may have been overtaken by another one, also of another
 * node: then what it found is old. */
NODISCARD enum err sync_is_overtaken(struct op *op, const struct sync_job *job, bool *out);
struct meeting_facts sync_facts_of(const struct occurrence *occurrence, struct id user);

#endif
