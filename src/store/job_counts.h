/* store/job_counts: how many jobs of each kind are in each state (Q2): exact, and read at once.
 *
 * store/timers says what it changes; it is kept with the connection until the commit, which writes
 * it, one row a kind, in the same transaction. What is undone (db_undo, db_rollback) counts
 * nowhere. Of subjects that are their own timers the rows of `timers` are counted, which are few,
 * and what was done or cancelled since the store began. A reader sees what is committed. */
#ifndef TOCSIN_STORE_JOB_COUNTS_H
#define TOCSIN_STORE_JOB_COUNTS_H

#include "model/enums.h"

struct db;

enum job_counter {
    JOBS_PENDING,
    JOBS_ACTIVE,
    JOBS_COMPLETED,
    JOBS_FAILED,
    JOBS_CANCELLED,
    JOBS_STALLED, /* Times that a lease ended without an answer; it only grows. */
    JOB_COUNTERS
};

/* Numbers, or changes of them, by kind. */
struct job_counts {
    int64_t of[timer_kind_COUNT][JOB_COUNTERS];
    uint64_t kinds; /* A bit for each kind that has any. */
};

enum job_counter job_counter_of(enum timer_state state);
void job_counts_add(struct db *db, enum timer_kind kind, enum job_counter which, int64_t delta);
/* The connection's: before a commit. */
NODISCARD enum err job_counts_write(struct db *db);
/* With what this connection has not committed yet. */
NODISCARD enum err job_counts_read(struct db *db, struct job_counts *out);
/* How many numbers are not what the rows say; it goes through all of them. */
NODISCARD enum err job_counts_wrong(struct db *db, int64_t *out);

#endif
