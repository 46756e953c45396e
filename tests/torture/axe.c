/* tests/torture/axe: what a cruel machine does to a process that knows nothing of it (LD_PRELOAD).
 *
 * It steps CLOCK_REALTIME without touching that of the machine, slows down fdatasync as a real disk
 * does, fills the disk where no small one can be mounted, and remembers what was written to the
 * database since it was last made durable, so that script/torture can take that away after kill -9:
 * what a power cut does, and a kill alone does not. The binary under test is the one that is
 * shipped. Calls go to the kernel directly. State stands in a file that script/torture maps too, at
 * a fixed address here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define STATE ((struct state *)(uintptr_t)0x7a0000000000)

enum { FILE_COUNT = 2, STATE_BYTES = 4096, PATH_BYTES = 512, CHUNK_BYTES = 1 << 16 };

/* What was written to one file of the database since it was last durable: records in a file of its
 * own, each with what stood there before. script/torture reads and undoes them. */
struct undo {
    int64_t valid_from; /* Records before this are durable. */
    int64_t length;
    int32_t file;
    int32_t reserved;
};

struct record {
    int64_t offset;
    int64_t old_bytes; /* What follows: less than was written where the file grew. */
    int64_t old_size;
    int64_t new_bytes;
};

/* The first four members are script/torture's to change; see tests/torture/axe.py. */
struct state {
    int32_t generation; /* Grows with each step of the clock. */
    int32_t is_full;
    int64_t offset_us;
    int64_t sync_us; /* How long the disk takes to make something durable. */
    struct undo undo[FILE_COUNT];
    int32_t timer;
    int32_t is_ready;
    int64_t timer_at_us; /* By the stepped clock; 0 for none. */
    pthread_mutex_t lock;
};

static const char *const suffixes[FILE_COUNT] = {".db", ".db-wal"};

int clock_gettime(clockid_t clock, struct timespec *out);
int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset);
int ftruncate64(int fd, off64_t size);
int fdatasync(int fd);
int fsync(int fd);

/* Other libraries may ask for the time before `begin` has run. */
static bool is_on(void)
{
    unsigned char is_there = 0;
    return syscall(SYS_mincore, STATE, STATE_BYTES, &is_there) == 0 && STATE->is_ready == 1;
}

/* --- The clock --- */

static int64_t offset_now(void)
{
    return __atomic_load_n(&STATE->offset_us, __ATOMIC_SEQ_CST);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    long done = syscall(SYS_clock_gettime, clock, out);
    if (done == 0 && clock == CLOCK_REALTIME && is_on()) {
        int64_t us = (int64_t)out->tv_sec * 1000000 + out->tv_nsec / 1000 + offset_now();
        out->tv_nsec = us % 1000000 * 1000 + out->tv_nsec % 1000;
        out->tv_sec = us / 1000000;
    }
    return (int)done;
}

/* Where the clock is stepped, such a timer fires at once: TFD_TIMER_CANCEL_ON_SET. */
int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    struct itimerspec at = *new;
    bool is_watched = is_on() && (flags & TFD_TIMER_ABSTIME) != 0;
    if (is_watched) {
        pthread_mutex_lock(&STATE->lock);
        int64_t us = (int64_t)at.it_value.tv_sec * 1000000 + at.it_value.tv_nsec / 1000;
        STATE->timer = fd;
        STATE->timer_at_us = us;
        if (us != 0) {
            us -= offset_now();
            us = us > 0 ? us : 1;
            at.it_value.tv_sec = us / 1000000;
            at.it_value.tv_nsec = us % 1000000 * 1000;
        }
    }
    long done = syscall(SYS_timerfd_settime, fd, flags, &at, old);
    if (is_watched) {
        pthread_mutex_unlock(&STATE->lock);
    }
    return (int)done;
}

static void wake_timer(void)
{
    struct itimerspec at_once = {.it_value.tv_nsec = 1};
    pthread_mutex_lock(&STATE->lock);
    if (STATE->timer_at_us != 0) {
        syscall(SYS_timerfd_settime, STATE->timer, 0, &at_once, NULL);
    }
    pthread_mutex_unlock(&STATE->lock);
}

static void *watch_steps(void *context)
{
    int32_t seen = __atomic_load_n(&STATE->generation, __ATOMIC_SEQ_CST);
    (void)context;
    while (true) {
        syscall(SYS_futex, &STATE->generation, FUTEX_WAIT, seen, NULL, NULL, 0);
        int32_t now = __atomic_load_n(&STATE->generation, __ATOMIC_SEQ_CST);
        if (now != seen) {
            seen = now;
            wake_timer();
        }
    }
    return NULL;
}

/* --- The disk --- */

static struct undo *undo_of(int fd)
{
    char link[64];
    char path[PATH_BYTES];
    if (!is_on() || STATE->undo[0].file < 0) {
        return NULL;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof path - 1);
    for (int i = 0; i < FILE_COUNT && got > 0; i++) {
        size_t length = strlen(suffixes[i]);
        if ((size_t)got >= length && memcmp(path + got - length, suffixes[i], length) == 0) {
            return &STATE->undo[i];
        }
    }
    return NULL;
}

static int64_t size_of(int fd)
{
    struct stat facts;
    return fstat(fd, &facts) == 0 ? facts.st_size : 0;
}

static void remember(struct undo *undo, int fd, size_t count, off64_t offset)
{
    static const int64_t head = (int64_t)sizeof(struct record);
    char bytes[sizeof(struct record) + CHUNK_BYTES];
    struct record record = {.offset = offset, .old_size = size_of(fd), .new_bytes = (int64_t)count};
    size_t most = count < CHUNK_BYTES ? count : CHUNK_BYTES;
    ssize_t old = syscall(SYS_pread64, fd, bytes + head, most, offset);
    record.old_bytes = old > 0 ? old : 0;
    memcpy(bytes, &record, sizeof record);
    ssize_t kept = syscall(SYS_pwrite64, undo->file, bytes, head + record.old_bytes, undo->length);
    if (kept != head + record.old_bytes) {
        abort(); /* script/torture has no room for its own record. */
    }
    undo->length += kept;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    struct undo *undo = undo_of(fd);
    if (undo == NULL) {
        return syscall(SYS_pwrite64, fd, bytes, count, offset);
    }
    if (STATE->is_full == 1 && offset + (int64_t)count > size_of(fd)) {
        errno = ENOSPC;
        return -1;
    }
    size_t most = count < CHUNK_BYTES ? count : CHUNK_BYTES;
    pthread_mutex_lock(&STATE->lock);
    remember(undo, fd, most, offset);
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, most, offset);
    pthread_mutex_unlock(&STATE->lock);
    return done; /* A short write is what may happen anyhow; SQLite goes on behind it. */
}

/* What was written before `mark` is durable; what came meanwhile is not. */
static void forget(struct undo *undo, int64_t mark)
{
    pthread_mutex_lock(&STATE->lock);
    undo->valid_from = mark;
    if (undo->length == mark) {
        syscall(SYS_ftruncate, undo->file, 0);
        undo->length = 0;
        undo->valid_from = 0;
    }
    pthread_mutex_unlock(&STATE->lock);
}

static int make_durable(int fd, long call)
{
    struct undo *undo = undo_of(fd);
    int64_t mark = undo == NULL ? 0 : __atomic_load_n(&undo->length, __ATOMIC_SEQ_CST);
    struct timespec slow = {0, undo == NULL ? 0 : STATE->sync_us * 1000};
    if (slow.tv_nsec > 0) {
        syscall(SYS_nanosleep, &slow, NULL);
    }
    long done = syscall(call, fd);
    if (undo != NULL && done == 0) {
        forget(undo, mark);
    }
    return (int)done;
}

int fdatasync(int fd)
{
    return make_durable(fd, SYS_fdatasync);
}

int fsync(int fd)
{
    return make_durable(fd, SYS_fsync);
}

/* A file system may make a new size durable at once; this one does. */
int ftruncate64(int fd, off64_t size)
{
    long done = syscall(SYS_ftruncate, fd, size);
    if (done == 0 && undo_of(fd) != NULL) {
        return fdatasync(fd);
    }
    return (int)done;
}

/* --- The start --- */

static bool map_state(const char *path)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    void *at = mmap((void *)STATE, STATE_BYTES, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
    close(file);
    return at == (void *)STATE;
}

static void open_undo(const char *path)
{
    char name[PATH_BYTES];
    bool keeps = getenv("AXE_KEEPS_UNDO") != NULL;
    for (int i = 0; i < FILE_COUNT; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        STATE->undo[i] = (struct undo){.file = -1};
        if (keeps) {
            STATE->undo[i].file = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        }
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("AXE_STATE");
    sigset_t all;
    sigset_t before;
    pthread_t watcher;
    if (path == NULL) {
        return;
    }
    if (!map_state(path)) {
        abort();
    }
    open_undo(path);
    pthread_mutex_init(&STATE->lock, NULL);
    STATE->timer_at_us = 0;
    STATE->is_ready = 1;
    sigfillset(&all); /* Signals are the program's own. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&watcher, NULL, watch_steps, NULL) == 0) {
        pthread_detach(watcher);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
