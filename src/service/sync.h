/* service/sync: reading calendars: what is asked for, what an answer means, what it does to
 * meetings (requirements M1-M6).
 *
 * A job holds everything one reading needs, so that fetching, parsing and expanding happen on
 * another thread than the executor's and a slow or huge calendar delays nobody: sync_prepare and
 * the work that comes out at the end belong to the executor, sync_step to whoever performs the
 * requests. A calendar that cannot be read keeps its last good copy, backs off and is shown as
 * failing; one that is as before writes nothing about meetings.
 * Ownership: a job is one arena; it is freed in the end of its work, or by sync_abandon. */
#ifndef TOCSIN_SERVICE_SYNC_H
#define TOCSIN_SERVICE_SYNC_H

#include "service/work.h"

struct sync_job;

/* A request that waits for several readings. */
struct sync_wait {
    int pending;
    struct sync_result result;
    char error[256];
    void *context;
    void (*done)(struct sync_wait *wait); /* Set by whoever answers; frees the wait. */
};

/* Once `done` is set. Readings that could not even begin may have ended before: then it is called
 * at once. */
void sync_wait_begin(struct sync_wait *wait);

/* Collects the facts of a reading. E_NOT_FOUND where the calendar is gone. */
NODISCARD enum err sync_prepare(struct op *op, const struct effect *effect, struct sync_job **out);
/* True with the first request; false where nothing has to be fetched and the job is ready for its
 * work. */
bool sync_start(struct sync_job *job, struct wire_request *first);
/* Takes an answer. True with the next request; false when the job is ready. Any thread, one at a
 * time. */
bool sync_step(struct sync_job *job, const struct wire_answer *answer, struct wire_request *next);
/* The work that applies a job that is ready. */
struct work *sync_finish(struct sync_job *job);
void sync_abandon(struct sync_job **job);
/* A reading that could not even begin; `wait` may be NULL. */
void sync_give_up(struct sync_wait *wait, enum err why);

/* The host that a calendar's URL names, without a password that may stand before it. */
struct str calendar_host(struct str url);
/* The instant of the next tick: every interval on the interval. */
struct instant next_tick(const struct op *op);
/* Takes the text of an upload, whose row was just written. */
NODISCARD enum err sync_upload(struct op *op, struct calendar *calendar, const struct user *user);
/* Parse and expand the text that came with a request: it may take a second, so it happens before
 * the executor sees the request. *out stays unset where there is no text. */
NODISCARD enum err prepare_sync(struct op *op, const void *input, const void **out);
NODISCARD enum err prepare_upload(struct op *op, const void *input, const void **out);
/* False where a job has nothing to fetch: then sync_start does all the work, and takes as long as
 * it takes. */
bool sync_needs_network(const struct sync_job *job);
/* POST /calendar/sync */
NODISCARD enum err sync_calendars(struct op *op, const void *input, void *output);

#endif
