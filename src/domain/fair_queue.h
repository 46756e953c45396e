/* domain/fair_queue: which of the calls that are due goes next (S10, Q1, V9).
 *
 * Pure. Calls wait in groups (one a campaign and agent). Within a group the earliest deadline goes
 * first: due + (priority - 1) * 30 s, so that what is low lets others pass for 270 s and is never
 * starved. Among groups each gets one call a round, the earliest deadline of a round first, so that
 * the backlog of one campaign never stands before another. A group goes only where each of its
 * buckets is ready; one that is paused keeps its calls. Entries are a cache of rows: whoever takes
 * one reads the row again.
 * Cost: push and take are O(log n). The memory is grown by the functions that the caller gives, 24
 * bytes an entry, and never asked for elsewhere; fair_queue_free gives all back. Not for threads.
 */
#ifndef TOCSIN_DOMAIN_FAIR_QUEUE_H
#define TOCSIN_DOMAIN_FAIR_QUEUE_H

#include "domain/pace.h"

enum { FAIR_BUCKETS_MAX = 3, FAIR_AGEING_MS = 30000, FAIR_GROUP_NONE = -1 };

struct fair_entry {
    int64_t due_ms;
    int64_t id;
    int32_t priority; /* 1, 5 or 10 */
    int32_t tag;      /* The owner's. */
};

struct fair_memory {
    void *(*grow)(void *old, size_t count, size_t size); /* Never NULL, as memory_grow. */
    void (*release)(void *memory);                       /* NULL is no error. */
};

struct fair_group;

/* Its members belong to fair_queue.c. Zeroed but for `memory` it is an empty queue. */
struct fair_queue {
    struct fair_memory memory;
    struct fair_group *groups;
    size_t group_count;
    size_t group_cap;
    size_t open_groups;
    int32_t *ready; /* A heap of groups by (round, deadline of their first). */
    size_t ready_count;
    int32_t *held; /* A heap of groups by when their buckets allow the next. */
    size_t held_count;
    int64_t round; /* Of the group that went last. */
    int32_t free_group;
    struct instant looked_at;
    size_t waiting; /* All entries, those of paused groups included. */
    size_t paused;
};

struct fair_queue fair_queue_new(struct fair_memory memory);
void fair_queue_free(struct fair_queue *queue);

/* A bucket of so many calls a minute, spread evenly; 0 is no limit. */
struct bucket fair_bucket(int64_t calls_per_minute);
/* Another pace for the same bucket: what the last call makes wait becomes shorter or longer with
 * it.
 */
void fair_bucket_change(struct bucket *bucket, int64_t calls_per_minute);
/* A call went at `at`, which is past: the bucket goes on from there, if that is later. */
void fair_bucket_begun(struct bucket *bucket, struct instant at);
/* A new group. Its buckets (NULLs are left out) are the caller's, may be shared by groups, and stay
 * where they are as long as the group. */
int32_t fair_group_open(struct fair_queue *queue, struct bucket *const *buckets, size_t count);
/* Closes it and forgets what waits in it; returns how many that were. Its number may be given
 * again. */
size_t fair_group_close(struct fair_queue *queue, int32_t group);
void fair_group_pause(struct fair_queue *queue, int32_t group, bool is_paused);
size_t fair_group_waiting(const struct fair_queue *queue, int32_t group);

void fair_queue_push(struct fair_queue *queue, int32_t group, struct fair_entry entry);
/* To be said after a bucket was changed other than by a take. */
void fair_queue_recheck(struct fair_queue *queue);

/* Takes the next one that is allowed at `now` out of the queue and out of the buckets of its group.
 * False where none is. `group` may be NULL. */
bool fair_queue_take(struct fair_queue *queue, struct instant now, struct fair_entry *out,
                     int32_t *group);
/* What a take of this group gave does not begin: its turn is given back, as after no take. What it
 * took out of the buckets is the caller's to give back, before this. */
void fair_queue_give_back(struct fair_queue *queue, int32_t group);
/* When the next one is allowed: `now` or later. False where nothing waits but what is paused. */
bool fair_queue_ready_at(struct fair_queue *queue, struct instant now, struct instant *out);

#endif
