/* bench/limits: what the machine gives without Tocsin.
 *
 *   tocsin-bench-limits disk DIRECTORY SECONDS   prints one line of JSON: 4 KiB writes with
 *                                                fdatasync, appended and into existing blocks, and
 *                                                the lateness of an absolute timerfd
 *   tocsin-bench-limits echo                     answers every request with 200 by bare epoll until
 *                                                it is stopped; prints its port first */
#include "answering.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, FILE_PAGES = 1024, WAKES = 200, WAKE_EVERY_NS = 5000000 };

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int fail(const char *what)
{
    perror(what);
    return EXIT_FAILURE;
}

/* How many pages a second can be made durable one by one; negative where the disk refuses. */
static double sync_rate(int file, bool is_append, int64_t seconds)
{
    static const char page[PAGE_BYTES] = {1};
    int64_t start = now_ns(CLOCK_MONOTONIC);
    int64_t end = start + seconds * 1000000000;
    int64_t count = 0;
    while (now_ns(CLOCK_MONOTONIC) < end) {
        off_t at = (off_t)(is_append ? count : count % FILE_PAGES) * PAGE_BYTES;
        if (pwrite(file, page, sizeof page, at) != PAGE_BYTES || fdatasync(file) != 0) {
            return -1;
        }
        count++;
    }
    return (double)count * 1e9 / (double)(now_ns(CLOCK_MONOTONIC) - start);
}

static bool fill(int file)
{
    static const char page[PAGE_BYTES] = {0};
    for (int i = 0; i < FILE_PAGES; i++) {
        if (write(file, page, sizeof page) != PAGE_BYTES) {
            return false;
        }
    }
    return fsync(file) == 0;
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static bool wake_lateness(double *p50_ms, double *p99_ms)
{
    int64_t late[WAKES];
    int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
    for (int i = 0; i < WAKES; i++) {
        int64_t at = now_ns(CLOCK_REALTIME) + WAKE_EVERY_NS;
        struct itimerspec when = {.it_value = {at / 1000000000, at % 1000000000}};
        uint64_t count = 0;
        if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) != 0 ||
            read(timer, &count, sizeof count) != sizeof count) {
            return false;
        }
        late[i] = now_ns(CLOCK_REALTIME) - at;
    }
    close(timer);
    qsort(late, WAKES, sizeof *late, by_size);
    *p50_ms = (double)late[WAKES / 2] / 1e6;
    *p99_ms = (double)late[WAKES - 1 - WAKES / 100] / 1e6;
    return true;
}

static int measure_disk(const char *directory, int64_t seconds)
{
    char path[1024];
    double p50 = 0;
    double p99 = 0;
    snprintf(path, sizeof path, "%s/limits.tmp", directory);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
        return fail(path);
    }
    double appended = sync_rate(file, true, seconds);
    bool is_filled = ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0 && fill(file);
    double overwritten = is_filled ? sync_rate(file, false, seconds) : -1;
    close(file);
    unlink(path);
    if (appended < 0 || overwritten < 0 || !wake_lateness(&p50, &p99)) {
        return fail("limits");
    }
    printf("{\"appendsPerSecond\":%.0f,\"overwritesPerSecond\":%.0f,\"wakeP50Ms\":%.3f,"
           "\"wakeP99Ms\":%.3f}\n",
           appended, overwritten, p50, p99);
    return EXIT_SUCCESS;
}

static size_t echo(void *context, struct str request, char out[static ANSWER_BYTES_MAX])
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 "Content-Length: 16\r\n\r\n{\"success\":true}";
    (void)context;
    (void)request;
    memcpy(out, answer, sizeof answer - 1);
    return sizeof answer - 1;
}

int main(int count, char **arguments)
{
    int64_t seconds = 0;
    if (count == 2 && strcmp(arguments[1], "echo") == 0) {
        return answer_all(&(struct answering){.answer = echo}) ? EXIT_SUCCESS : fail("echo");
    }
    if (count == 4 && strcmp(arguments[1], "disk") == 0 &&
        str_to_int(str_from(arguments[3]), &seconds) == OK && seconds > 0) {
        return measure_disk(arguments[2], seconds);
    }
    fputs("usage: tocsin-bench-limits disk DIRECTORY SECONDS | echo\n", stderr);
    return EXIT_FAILURE;
}
