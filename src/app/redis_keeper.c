#define _GNU_SOURCE /* pthread_timedjoin_np */
#include "app/redis_keeper.h"

#include "app/monotonic.h"
#include "app/redis_hints.h"
#include "base/memory.h"
#include "service/due_list.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 1000,
    RETRY_FIRST_MS = 250,
    RETRY_MOST_MS = 10000,
    MARK_EVERY_MS = 2000,
    MARK_SECONDS = 600,
    SWEEP_EVERY_MS = 30000,
    SWEEP_SHARE = 100, /* One hundredth of the time at most is spent on comparing. */
    STORE_RETRY_MS = 2000,
    STOP_SECONDS = 2,
    MARK_MAX = 48
};

struct redis_keeper {
    struct redis_keeper_config config;
    struct due_queue *queue;
    pthread_t thread;
    struct redis_hints *hints;
    _Atomic bool must_stop;
    /* The thread's own. */
    struct redis *link;
    struct redis *ear;
    char mark[MARK_MAX]; /* What this process is remembered by. */
    bool is_well;        /* Linked, and the index was in order since. */
    bool was_told_away;
    bool is_steady;    /* The last comparison was of the same shards, and nothing was lost since. */
    bool knows_shards; /* The executor has said which it holds; nothing is done before. */
    uint64_t held;
    int64_t retry_ms; /* Monotonic, as all of these. */
    int64_t wait_ms;
    int64_t mark_ms;
    int64_t sweep_ms;
};

static bool must_stop(struct redis_keeper *keeper)
{
    return atomic_load(&keeper->must_stop);
}

/* --- How it is --- */

static void back_off(struct redis_keeper *keeper)
{
    keeper->wait_ms = keeper->wait_ms == 0 ? RETRY_FIRST_MS : 2 * keeper->wait_ms;
    keeper->wait_ms = keeper->wait_ms > RETRY_MOST_MS ? RETRY_MOST_MS : keeper->wait_ms;
    keeper->retry_ms = keeper->sweep_ms = monotonic_ms() + keeper->wait_ms;
}

static void tell_away(struct redis_keeper *keeper, const char *code)
{
    struct stats *stats = keeper->config.stats;
    keeper->is_well = false;
    keeper->is_steady = false;
    if (must_stop(keeper)) {
        return;
    }
    atomic_store(&stats->redis_is_well, false);
    if (atomic_load(&stats->redis_away_since_ms) == 0) {
        struct instant now = keeper->config.now(keeper->config.context);
        atomic_store(&stats->redis_away_since_ms, instant_ms(now));
    }
    if (!keeper->was_told_away) {
        keeper->was_told_away = true;
        log_write(keeper->config.log, LOG_WARN, LOG_QUEUE, STR_NONE,
                  "Redis %.*s cannot be used (%s): all goes on without it",
                  STR_FMT(keeper->config.name), code);
    }
}

/* What it said is kept out of the log but for its code. */
static void take_failure(struct redis_keeper *keeper, enum err err, const struct problem *problem)
{
    tell_away(keeper, problem->message);
    if (err == E_NETWORK) {
        redis_close(&keeper->link);
        redis_close(&keeper->ear);
    }
    back_off(keeper);
}

static void tell_well(struct redis_keeper *keeper, const struct due_counts *counts)
{
    struct stats *stats = keeper->config.stats;
    int64_t mended = counts->missing + counts->wrong + counts->foreign;
    if (must_stop(keeper)) {
        return;
    }
    atomic_fetch_add(&stats->redis_repairs, mended);
    if (!keeper->is_well) {
        log_write(keeper->config.log, LOG_INFO, LOG_QUEUE, STR_NONE,
                  "the due index in Redis %.*s is in order: %lld timers, %lld entries put right",
                  STR_FMT(keeper->config.name), (long long)counts->waiting, (long long)mended);
    }
    keeper->is_well = true;
    keeper->was_told_away = false;
    keeper->wait_ms = 0;
    atomic_store(&stats->redis_is_well, true);
    atomic_store(&stats->redis_away_since_ms, 0);
}

/* --- Connections --- */

static enum err open_both(struct redis_keeper *keeper, struct problem *problem)
{
    char channel[DUE_KEY_MAX];
    struct redis_config config = {
        .address = keeper->config.address,
        .patience = MILLISECONDS(PATIENCE_MS),
        .monotonic_ms = monotonic_ms,
    };
    TRY(redis_open(&config, &keeper->link, problem));
    if (must_stop(keeper)) {
        return problem_set(problem, E_NETWORK, NULL, "STOPPING");
    }
    TRY(redis_open(&config, &keeper->ear, problem));
    return redis_listen(keeper->ear, due_channel(keeper->config.address->database, channel),
                        problem);
}

static void open_if_due(struct redis_keeper *keeper)
{
    struct problem problem = {0};
    if (keeper->link != NULL || !keeper->knows_shards || monotonic_ms() < keeper->retry_ms) {
        return;
    }
    enum err err = open_both(keeper, &problem);
    if (err != OK) {
        take_failure(keeper, err, &problem);
        redis_close(&keeper->link);
        redis_close(&keeper->ear);
        return;
    }
    keeper->sweep_ms = monotonic_ms();
}

/* --- Hints --- */

void redis_keeper_hints(struct redis_keeper *keeper, void *context,
                        void (*each)(void *context, const struct due_item *item))
{
    redis_hints_take(keeper->hints, context, each);
}

static void hear_message(void *context, struct str message)
{
    struct redis_keeper *keeper = context;
    redis_hints_hear(keeper->hints, keeper->held, message);
}

static void hear(struct redis_keeper *keeper)
{
    struct pollfd ear = {.events = POLLIN};
    if (keeper->ear == NULL) {
        return;
    }
    ear.fd = redis_fd(keeper->ear);
    if (poll(&ear, 1, 0) > 0 && redis_hear(keeper->ear, keeper, hear_message) != OK) {
        struct problem problem = {.message = "LOST"};
        take_failure(keeper, E_NETWORK, &problem);
    }
}

/* --- Writing and comparing --- */

static void leave_out(struct redis_keeper *keeper, int64_t count)
{
    if (!must_stop(keeper)) {
        atomic_fetch_add(&keeper->config.stats->redis_left_out, count);
    }
    keeper->is_steady = keeper->is_steady && count == 0;
}

static void write_notes(struct redis_keeper *keeper, const struct due_batch *batch)
{
    size_t done = 0;
    struct problem problem = {0};
    while (keeper->is_well && done < batch->count) {
        size_t left = batch->count - done;
        size_t count = left < DUE_NOTES_MAX ? left : DUE_NOTES_MAX;
        enum err err = redis_due_write(keeper->link, keeper->config.address->database,
                                       batch->notes + done, count, &problem);
        if (err != OK) {
            take_failure(keeper, err, &problem);
            break;
        }
        done += count;
    }
    leave_out(keeper, (int64_t)(batch->count - done) + batch->left_out);
    if (batch->left_out > 0) {
        keeper->sweep_ms = 0;
    }
}

/* A row that the index did not know may be one that its node has not heard of. */
static void hint_one(void *context, const struct due_item *item)
{
    struct redis_keeper *keeper = context;
    if (keeper->is_steady) {
        redis_hints_give(keeper->hints, item);
    }
}

static enum err compare_shards(struct redis_keeper *keeper, const struct due_list *list,
                               struct due_sweep *sweep, struct problem *problem)
{
    bool was_known = false;
    TRY(redis_mark(keeper->link, str_from(keeper->mark), MARK_SECONDS, &was_known, problem));
    keeper->is_steady = keeper->is_steady && was_known;
    for (int shard = 0; shard < DUE_SHARDS && !must_stop(keeper); shard++) {
        struct due_slice slice = due_list_of(list, shard);
        if ((keeper->held >> shard & 1) != 0) {
            TRY(redis_due_sweep(keeper->link, &slice, sweep, problem));
        }
    }
    return OK;
}

static void sweep(struct redis_keeper *keeper)
{
    struct problem problem = {0};
    struct due_list list = {0};
    struct due_sweep sweep = {.mends = true, .context = keeper, .differs = hint_one};
    int64_t began_ms = monotonic_ms();
    if (due_list_read(keeper->config.reader, keeper->held, &list) != OK) {
        due_list_free(&list);
        keeper->sweep_ms = began_ms + STORE_RETRY_MS;
        return;
    }
    enum err err = compare_shards(keeper, &list, &sweep, &problem);
    due_list_free(&list);
    if (err != OK) {
        take_failure(keeper, err, &problem);
        return;
    }
    int64_t now_ms = monotonic_ms();
    int64_t pause_ms = (now_ms - began_ms) * SWEEP_SHARE;
    keeper->sweep_ms = now_ms + (pause_ms > SWEEP_EVERY_MS ? pause_ms : SWEEP_EVERY_MS);
    keeper->mark_ms = now_ms + MARK_EVERY_MS;
    tell_well(keeper, &sweep.counts);
    keeper->is_steady = true;
}

/* Whoever emptied Redis has taken the mark, too. */
static void look_for_mark(struct redis_keeper *keeper)
{
    struct problem problem = {0};
    bool was_known = false;
    keeper->mark_ms = monotonic_ms() + MARK_EVERY_MS;
    enum err err =
        redis_mark(keeper->link, str_from(keeper->mark), MARK_SECONDS, &was_known, &problem);
    if (err != OK) {
        take_failure(keeper, err, &problem);
    } else if (!was_known) {
        keeper->is_steady = false;
        keeper->sweep_ms = 0;
    }
}

static void keep(struct redis_keeper *keeper)
{
    if (keeper->link != NULL && monotonic_ms() >= keeper->sweep_ms) {
        sweep(keeper);
    } else if (keeper->is_well && monotonic_ms() >= keeper->mark_ms) {
        look_for_mark(keeper);
    }
}

/* --- The thread --- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void wait_for_notes(struct redis_keeper *keeper)
{
    struct pollfd fds[] = {
        {.fd = due_queue_fd(keeper->queue), .events = POLLIN},
        {.fd = keeper->ear == NULL ? -1 : redis_fd(keeper->ear), .events = POLLIN}};
    int64_t next_ms = keeper->link == NULL ? keeper->retry_ms : keeper->sweep_ms;
    next_ms = keeper->is_well ? least(next_ms, keeper->mark_ms) : next_ms;
    next_ms = least(next_ms, redis_hints_next_ms(keeper->hints));
    int64_t wait_ms = next_ms - monotonic_ms();
    wait_ms = wait_ms < 0 ? 0 : wait_ms;
    (void)poll(fds, ARRAY_LENGTH(fds), keeper->knows_shards ? (int)wait_ms : -1);
}

static void take_batch(struct redis_keeper *keeper)
{
    struct due_batch batch = {0};
    due_queue_take(keeper->queue, &batch);
    if (batch.has_shards) {
        keeper->is_steady = false;
        keeper->held = batch.shards;
        keeper->knows_shards = true;
        keeper->sweep_ms = keeper->is_well ? 0 : keeper->sweep_ms;
    }
    redis_hints_note(keeper->hints, &batch);
    write_notes(keeper, &batch);
}

static void free_keeper(struct redis_keeper *keeper)
{
    redis_close(&keeper->link);
    redis_close(&keeper->ear);
    db_close(&keeper->config.reader);
    due_queue_free(&keeper->queue);
    redis_hints_free(&keeper->hints);
    free(keeper);
}

static void *run(void *context)
{
    struct redis_keeper *keeper = context;
    while (!must_stop(keeper)) {
        wait_for_notes(keeper);
        take_batch(keeper);
        open_if_due(keeper);
        hear(keeper);
        redis_hints_look(keeper->hints);
        keep(keeper);
    }
    take_batch(keeper);
    return NULL;
}

static void note(void *context, const struct due_note *note)
{
    struct redis_keeper *keeper = context;
    due_queue_add(keeper->queue, note);
}

static void hold(void *context, uint64_t shards)
{
    struct redis_keeper *keeper = context;
    due_queue_hold(keeper->queue, shards);
}

struct due_port redis_keeper_port(struct redis_keeper *keeper)
{
    return (struct due_port){keeper, note, hold};
}

enum err redis_keeper_start(const struct redis_keeper_config *config, struct redis_keeper **out,
                            struct problem *problem)
{
    struct redis_keeper *keeper = memory_new(sizeof *keeper);
    keeper->config = *config;
    struct redis_hints_config hints = {
        .reader = config->reader,
        .stats = config->stats,
        .must_stop = &keeper->must_stop,
        .monotonic_ms = monotonic_ms,
        .context = config->context,
        .wake = config->wake,
    };
    keeper->hints = redis_hints_new(&hints);
    struct instant now = config->now(config->context);
    snprintf(keeper->mark, sizeof keeper->mark, "tocsin:here:%llx%x", (unsigned long long)now.us,
             (unsigned)getpid());
    enum err err = due_queue_new(&keeper->queue, problem);
    if (err == OK && pthread_create(&keeper->thread, NULL, run, keeper) != 0) {
        err = problem_set(problem, E_UNAVAILABLE, NULL, "no thread can be had");
    }
    if (err != OK) {
        free_keeper(keeper);
        return err;
    }
    *out = keeper;
    return OK;
}

/* One that still waits for a resolver or a dead server is left behind: the process ends. */
void redis_keeper_stop(struct redis_keeper **stopping)
{
    struct redis_keeper *keeper = *stopping;
    struct timespec until;
    if (keeper == NULL) {
        return;
    }
    *stopping = NULL;
    atomic_store(&keeper->must_stop, true);
    due_queue_wake(keeper->queue);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_SECONDS;
    if (pthread_timedjoin_np(keeper->thread, NULL, &until) == 0) {
        free_keeper(keeper);
    } else {
        (void)pthread_detach(keeper->thread);
    }
}
