/* bench/beanstalk: keeps beanstalkd busy, as fast as it can be asked.
 *
 *   tocsin-bench-beanstalk PORT single SECONDS CONNECTIONS   one put at a time on each
 *   tocsin-bench-beanstalk PORT bulk SECONDS     64 puts at a time, of jobs due in some days
 *   tocsin-bench-beanstalk PORT fill COUNT       the same, so many
 *   tocsin-bench-beanstalk PORT work COUNT       puts COUNT jobs that are due, then reserves and
 *                                                deletes them on 16 connections
 *   tocsin-bench-beanstalk PORT late COUNT SPAN  COUNT jobs due over SPAN seconds (0: at one
 *                                                instant): how late each is when it is reserved
 *
 * Prints one line of JSON. beanstalkd's delay is whole seconds from the put, so a job is put a
 * whole number of seconds before it is due: over a span at the jobs' own pace, for one instant in
 * windows a second apart whose delays end together. */
#include "bench/beanstalk.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORKERS = 16, PIPELINE = 64, WINDOWS = 10, SPAN_DELAY = 3, SOME_DAYS = 5 * 86400 };

struct lateness {
    struct beanstalk beanstalk;
    int64_t count;
    double span;
    int64_t known;
    int64_t *late_us;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void wait_until(int64_t at_us)
{
    struct timespec at = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) {
    }
}

static int tell(int64_t rows, int64_t from_us)
{
    printf("{\"rows\":%" PRId64 ",\"seconds\":%.6f}\n", rows, (double)(now_us() - from_us) / 1e6);
    return EXIT_SUCCESS;
}

static int add(struct beanstalk *beanstalk, int64_t seconds, int64_t count)
{
    int64_t from = now_us();
    int64_t rows = 0;
    while (seconds > 0 ? now_us() - from < seconds * 1000000 : rows < count) {
        int64_t part = seconds > 0 || count - rows > PIPELINE ? PIPELINE : count - rows;
        for (int64_t i = 0; i < part; i++) {
            beanstalk_put(beanstalk, 0, SOME_DAYS + (rows + i) * 7919 % 864000, 0);
        }
        beanstalk_settle(beanstalk, 0, part);
        rows += part;
    }
    return tell(rows, from);
}

static int add_singly(struct beanstalk *beanstalk, int64_t seconds)
{
    int64_t from = now_us();
    int64_t rows = 0;
    struct beanstalk_answer answer = {0};
    for (int i = 0; i < beanstalk->count; i++) {
        beanstalk_put(beanstalk, i, SOME_DAYS, 0);
        beanstalk_send(beanstalk, i);
    }
    for (int64_t waiting = beanstalk->count; waiting > 0;) {
        int at = beanstalk_next(beanstalk, &answer);
        rows++;
        if (now_us() - from < seconds * 1000000) {
            beanstalk_put(beanstalk, at, SOME_DAYS, 0);
            beanstalk_send(beanstalk, at);
        } else {
            waiting--;
        }
    }
    return tell(rows, from);
}

static void reserve_on_all(struct beanstalk *beanstalk)
{
    for (int i = 0; i < beanstalk->count; i++) {
        beanstalk_reserve(beanstalk, i);
        beanstalk_send(beanstalk, i);
    }
}

static int work(struct beanstalk *beanstalk, int64_t count)
{
    struct beanstalk_answer answer = {0};
    for (int64_t i = 0; i < count; i++) {
        beanstalk_put(beanstalk, 0, 0, 0);
        if (i % PIPELINE == PIPELINE - 1 || i == count - 1) {
            beanstalk_settle(beanstalk, 0, i % PIPELINE + 1);
        }
    }
    int64_t from = now_us();
    reserve_on_all(beanstalk);
    for (int64_t deleted = 0; deleted < count;) {
        int at = beanstalk_next(beanstalk, &answer);
        if (answer.kind == BEANSTALK_RESERVED) {
            beanstalk_delete(beanstalk, at, answer.id);
            beanstalk_reserve(beanstalk, at);
            beanstalk_send(beanstalk, at);
        } else {
            deleted++;
        }
    }
    return tell(count, from);
}

static void *note_lateness(void *context)
{
    struct lateness *lateness = context;
    struct beanstalk_answer answer = {0};
    reserve_on_all(&lateness->beanstalk);
    while (lateness->known < lateness->count) {
        int at = beanstalk_next(&lateness->beanstalk, &answer);
        if (answer.kind == BEANSTALK_RESERVED) {
            int64_t late = now_us() - answer.due_us;
            lateness->late_us[lateness->known++] = late > 0 ? late : 0;
            beanstalk_delete(&lateness->beanstalk, at, answer.id);
            beanstalk_reserve(&lateness->beanstalk, at);
            beanstalk_send(&lateness->beanstalk, at);
        }
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void put_in_time(struct beanstalk *beanstalk, const struct lateness *lateness)
{
    int64_t began = now_us();
    for (int64_t i = 0; i < lateness->count; i++) {
        bool is_spread = lateness->span > 0;
        int64_t window = i * WINDOWS / lateness->count;
        int64_t delay = is_spread ? SPAN_DELAY : WINDOWS + SPAN_DELAY - window;
        double after =
            is_spread ? (double)i * lateness->span / (double)lateness->count : (double)window;
        wait_until(began + (int64_t)(after * 1e6));
        beanstalk_put(beanstalk, 0, delay, now_us() + delay * 1000000);
        beanstalk_settle(beanstalk, 0, 1);
    }
}

static int late(struct beanstalk *beanstalk, int port, struct lateness *lateness)
{
    pthread_t worker;
    lateness->late_us = calloc((size_t)lateness->count, sizeof *lateness->late_us);
    beanstalk_open(&lateness->beanstalk, port, WORKERS);
    if (lateness->late_us == NULL || pthread_create(&worker, NULL, note_lateness, lateness) != 0) {
        return EXIT_FAILURE;
    }
    put_in_time(beanstalk, lateness);
    pthread_join(worker, NULL);
    size_t count = (size_t)lateness->count;
    qsort(lateness->late_us, count, sizeof *lateness->late_us, by_size);
    printf("{\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"maxMs\":%.3f,\"rows\":%zu}\n",
           (double)lateness->late_us[count / 2] / 1e3,
           (double)lateness->late_us[count * 99 / 100] / 1e3,
           (double)lateness->late_us[count - 1] / 1e3, count);
    free(lateness->late_us);
    beanstalk_close(&lateness->beanstalk);
    return EXIT_SUCCESS;
}

static int run(int port, const char *command, int64_t first, int64_t second)
{
    struct beanstalk beanstalk = {0};
    int status = EXIT_FAILURE;
    bool is_single = strcmp(command, "single") == 0;
    bool is_work = strcmp(command, "work") == 0;
    beanstalk_open(&beanstalk, port, is_single ? (int)second : is_work ? WORKERS : 1);
    if (is_single) {
        status = add_singly(&beanstalk, first);
    } else if (is_work) {
        status = work(&beanstalk, first);
    } else if (strcmp(command, "bulk") == 0) {
        status = add(&beanstalk, first, 0);
    } else if (strcmp(command, "fill") == 0) {
        status = add(&beanstalk, 0, first);
    } else if (strcmp(command, "late") == 0) {
        struct lateness lateness = {.count = first, .span = (double)second};
        status = late(&beanstalk, port, &lateness);
    }
    beanstalk_close(&beanstalk);
    return status;
}

int main(int count, char **arguments)
{
    int64_t port = 0;
    int64_t first = 0;
    int64_t second = 0;
    bool is_right = count >= 4 && str_to_int(str_from(arguments[1]), &port) == OK &&
                    str_to_int(str_from(arguments[3]), &first) == OK && first > 0 &&
                    (count == 4 || (str_to_int(str_from(arguments[4]), &second) == OK &&
                                    second >= 0 && second <= BEANSTALK_CONNECTIONS_MAX));
    bool needs_second = is_right && strcmp(arguments[2], "single") == 0;
    if (!is_right || (needs_second && second == 0)) {
        fputs("usage: tocsin-bench-beanstalk PORT single|bulk|fill|work|late NUMBER [NUMBER]\n",
              stderr);
        return EXIT_FAILURE;
    }
    return run((int)port, arguments[2], first, second);
}
