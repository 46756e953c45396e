#include "net/http_client_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256 };

static struct instant monotonic_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct instant){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

/* curl tells which events it waits for. Descriptors are reused by the system, so what epoll knows
 * counts, not what we think. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *per_socket)
{
    struct lane *lane = context;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    (void)per_socket;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(lane->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events =
        ((what & CURL_POLL_IN) ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0u);
    if (epoll_ctl(lane->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0) {
        return 0;
    }
    return epoll_ctl(lane->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -1;
}

static int watch_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct lane *lane = context;
    (void)multi;
    lane->timer_due =
        timeout_ms < 0 ? INSTANT_NONE : instant_add(monotonic_now(), MILLISECONDS(timeout_ms));
    return 0;
}

/* Under the lock. */
static bool has_room(const struct lane *lane)
{
    return !lane->inbox->one_by_one || lane->active_count == 0 || lane->inbox->stop_wanted;
}

/* Under the lock: all that waits, or the first. */
static struct transfer *inbox_cut(struct inbox *inbox)
{
    struct transfer *first = inbox->first;
    bool only_one = first != NULL && inbox->one_by_one && !inbox->stop_wanted;
    inbox->first = only_one ? first->next : NULL;
    if (only_one) {
        first->next = NULL;
    }
    if (inbox->first == NULL) {
        inbox->last = NULL;
    }
    return first;
}

/* Takes what was submitted and there is room for; true while the lane is to go on. */
static bool inbox_take(struct lane *lane)
{
    struct inbox *inbox = lane->inbox;
    pthread_mutex_lock(&inbox->lock);
    struct transfer *transfer = has_room(lane) ? inbox_cut(inbox) : NULL;
    lane->asleep = false;
    lane->busy = inbox->one_by_one && (transfer != NULL || lane->active_count > 0);
    bool stop = inbox->stop_wanted;
    pthread_mutex_unlock(&inbox->lock);
    while (transfer != NULL) {
        struct transfer *next = transfer->next;
        struct str key = STR_NONE;
        struct str reason = STR_NONE;
        transfer->next = NULL;
        transfer->lane = lane;
        if (stop) {
            transfer_refuse(transfer, WIRE_NOT_SENT, STR("the client was stopped"));
        } else if (transfer_check(transfer, &key, &reason)) {
            hosts_enqueue(lane, transfer, key);
        } else {
            transfer_refuse(transfer, WIRE_REFUSED_URL, reason);
        }
        transfer = next;
    }
    return !stop;
}

static void start_waiting(struct lane *lane)
{
    struct transfer *transfer = hosts_next(lane);
    while (transfer != NULL) {
        transfer->due = instant_add(lane->now, transfer->request.timeout);
        transfer_start(transfer);
        transfer = hosts_next(lane);
    }
}

static void finish_done(struct lane *lane)
{
    int left = 0;
    CURLMsg *message = curl_multi_info_read(lane->multi, &left);
    while (message != NULL) {
        if (message->msg == CURLMSG_DONE) {
            struct transfer *transfer = NULL;
            CURLcode code = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
            transfer_finish(transfer, code);
        }
        message = curl_multi_info_read(lane->multi, &left);
    }
}

static void note_idleness(struct lane *lane)
{
    if (lane->active_count > 0 || lane->socket_count == 0) {
        lane->idle_due = INSTANT_NONE;
    } else if (!instant_is_set(lane->idle_due)) {
        lane->idle_due = instant_add(lane->now, lane->config->mail_idle);
    }
}

/* From now on, rounded up. */
static int ms_until(const struct lane *lane, struct instant due)
{
    int64_t left = due.us - lane->now.us;
    return left <= 0 ? 0 : (int)((left + 999) / 1000);
}

static int sleep_limit_ms(struct lane *lane)
{
    int limit = -1;
    lane->now = monotonic_now();
    note_idleness(lane);
    if (instant_is_set(lane->timer_due)) {
        limit = ms_until(lane, lane->timer_due);
    }
    if (instant_is_set(lane->idle_due)) {
        int idle = ms_until(lane, lane->idle_due);
        limit = limit < 0 || idle < limit ? idle : limit;
    }
    pthread_mutex_lock(&lane->inbox->lock);
    if ((lane->inbox->first != NULL && has_room(lane)) || lane->inbox->stop_wanted) {
        limit = 0;
    }
    lane->asleep = limit != 0;
    pthread_mutex_unlock(&lane->inbox->lock);
    return limit;
}

static void drain_wake(struct lane *lane)
{
    uint64_t count;
    ssize_t got = read(lane->wake_fd, &count, sizeof count);
    assert(got == sizeof count || errno == EAGAIN || errno == EINTR);
}

static void event_dispatch(struct lane *lane, const struct epoll_event *event)
{
    int running = 0;
    int mask = ((event->events & EPOLLIN) ? CURL_CSELECT_IN : 0) |
               ((event->events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
               ((event->events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
    if (event->data.fd == lane->wake_fd) {
        drain_wake(lane);
        return;
    }
    (void)curl_multi_socket_action(lane->multi, event->data.fd, mask, &running);
}

static void wait_and_act(struct lane *lane)
{
    struct epoll_event events[EVENTS_MAX];
    int running = 0;
    int count = epoll_wait(lane->epoll_fd, events, EVENTS_MAX, sleep_limit_ms(lane));
    lane->now = monotonic_now();
    for (int i = 0; i < count; i++) {
        event_dispatch(lane, &events[i]);
    }
    if (instant_is_set(lane->timer_due) && !instant_before(lane->now, lane->timer_due)) {
        lane->timer_due = INSTANT_NONE;
        (void)curl_multi_socket_action(lane->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static void multi_configure(struct lane *lane)
{
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETDATA, lane);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERDATA, lane);
    curl_multi_setopt(lane->multi, CURLMOPT_MAXCONNECTS, (long)lane->config->in_flight_max);
    curl_multi_setopt(lane->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

/* At the end curl says QUIT to the mail servers and waits for each to answer, up to two minutes.
 * They are told the end by the sockets instead. */
static void sockets_shut(struct lane *lane)
{
    for (size_t i = 0; i < lane->socket_count; i++) {
        (void)shutdown(lane->sockets[i], SHUT_RDWR);
    }
}

/* curl looks at what it keeps only when it needs a connection: until then one that the mail server
 * has closed long ago would stay half open. */
static void hang_up_if_idle(struct lane *lane)
{
    bool is_due = instant_is_set(lane->idle_due) && !instant_before(lane->now, lane->idle_due);
    if (!is_due || lane->active_count > 0) {
        return;
    }
    sockets_shut(lane);
    curl_multi_cleanup(lane->multi);
    lane->timer_due = lane->idle_due = INSTANT_NONE;
    lane->multi = curl_multi_init();
    if (lane->multi == NULL) {
        memory_is_out();
    }
    multi_configure(lane);
}

/* Everybody is told how far it got. */
static void abandon_all(struct lane *lane)
{
    while (lane->active != NULL) {
        snprintf(lane->active->error, sizeof lane->active->error, "the client was stopped");
        transfer_finish(lane->active, CURLE_ABORTED_BY_CALLBACK);
    }
    for (struct transfer *next = hosts_next(lane); next != NULL; next = hosts_next(lane)) {
        transfer_refuse(next, WIRE_NOT_SENT, STR("the client was stopped"));
    }
}

static bool inbox_is_empty(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    bool is_empty = inbox->first == NULL;
    pthread_mutex_unlock(&inbox->lock);
    return is_empty;
}

static void *run(void *context)
{
    struct lane *lane = context;
    lane->now = monotonic_now();
    while (inbox_take(lane)) {
        start_waiting(lane);
        wait_and_act(lane);
        finish_done(lane);
        hang_up_if_idle(lane);
    }
    abandon_all(lane);
    /* A `done` of these may have submitted once more. */
    while (!inbox_is_empty(lane->inbox)) {
        (void)inbox_take(lane);
    }
    return NULL;
}

void lane_free(struct lane **lane)
{
    struct lane *old = *lane;
    if (old == NULL) {
        return;
    }
    while (old->spare_count > 0) {
        curl_easy_cleanup(old->spare[--old->spare_count]);
    }
    sockets_shut(old);
    if (old->multi != NULL) {
        curl_multi_cleanup(old->multi);
    }
    if (old->epoll_fd >= 0) {
        close(old->epoll_fd);
    }
    if (old->wake_fd >= 0) {
        close(old->wake_fd);
    }
    free(old->sockets);
    free(old);
    *lane = NULL;
}

static struct lane *lane_new(struct http_client *client, struct inbox *inbox)
{
    struct lane *lane = memory_new(sizeof *lane);
    lane->client = client;
    lane->config = &client->config;
    lane->inbox = inbox;
    lane->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    lane->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    lane->multi = curl_multi_init();
    ssize_t got = getrandom(&lane->hash_key, sizeof lane->hash_key, 0);
    assert(got == sizeof lane->hash_key);
    return lane;
}

/* Signals are the main thread's business; SIGPIPE with them. */
static int thread_start(struct lane *lane)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&lane->thread, NULL, run, lane);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

enum err lane_start(struct http_client *client, struct inbox *inbox, struct lane **out,
                    struct problem *problem)
{
    struct lane *lane = lane_new(client, inbox);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = lane->wake_fd};
    if (lane->multi == NULL || lane->epoll_fd < 0 || lane->wake_fd < 0 ||
        epoll_ctl(lane->epoll_fd, EPOLL_CTL_ADD, lane->wake_fd, &event) != 0) {
        lane_free(&lane);
        return problem_set(problem, E_INTERNAL, NULL, "the HTTP client has no descriptors: %s",
                           strerror(errno));
    }
    multi_configure(lane);
    int error = thread_start(lane);
    if (error != 0) {
        lane_free(&lane);
        return problem_set(problem, E_INTERNAL, NULL, "no thread for the HTTP client: %s",
                           strerror(error));
    }
    *out = lane;
    return OK;
}

/* Under the lock. */
static void wake(struct lane *lane)
{
    uint64_t one = 1;
    ssize_t put = write(lane->wake_fd, &one, sizeof one);
    assert(put == sizeof one || errno == EAGAIN);
    lane->asleep = false;
}

void lane_stop(struct lane *lane)
{
    pthread_mutex_lock(&lane->inbox->lock);
    lane->inbox->stop_wanted = true;
    wake(lane);
    pthread_mutex_unlock(&lane->inbox->lock);
    pthread_join(lane->thread, NULL);
}

bool lane_call(struct lane *lane)
{
    if (lane->busy) {
        return false;
    }
    lane->busy = lane->inbox->one_by_one;
    if (lane->asleep) {
        wake(lane);
    }
    return true;
}

void lane_ends_transfer(struct lane *lane)
{
    pthread_mutex_lock(&lane->inbox->lock);
    lane->busy = false;
    pthread_mutex_unlock(&lane->inbox->lock);
}
