#include "net/http_server_internal.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 1024 };

/* What the system holds of a reply beyond what is on its way: a peer that reads nothing would get
 * up to tcp_wmem, 4 MiB, of the machine's memory for each connection. Connections inherit it. */
enum { UNSENT_BYTES_MAX = 128 * 1024 };

/* How many events are taken at a time, and how long an ended connection may linger. */
enum { EVENTS_MAX = 128, LINGER_SECONDS = 2 };

static struct instant monotonic_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct instant){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

static bool address_parse(struct str text, uint16_t port, struct sockaddr_storage *out,
                          socklen_t *len)
{
    char address[INET6_ADDRSTRLEN];
    if (text.len >= sizeof address) {
        return false;
    }
    memset(out, 0, sizeof *out);
    snprintf(address, sizeof address, "%.*s", STR_FMT(text));
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
        memcpy(out, &in, sizeof in);
        *len = sizeof in;
        return true;
    }
    if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) {
        memcpy(out, &in6, sizeof in6);
        *len = sizeof in6;
        return true;
    }
    return false;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0) {
        return 0;
    }
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    memcpy(&in, &bound, sizeof in);
    memcpy(&in6, &bound, sizeof in6);
    return ntohs(bound.ss_family == AF_INET ? in.sin_port : in6.sin6_port);
}

static enum err listen_on(struct http_listener *listener, struct str address, uint16_t wanted,
                          struct problem *problem)
{
    struct sockaddr_storage bound;
    socklen_t len = 0;
    if (!address_parse(address, wanted, &bound, &len)) {
        return problem_set(problem, E_NETWORK, NULL, "\"%.*s\" is not an IPv4 or IPv6 address",
                           STR_FMT(address));
    }
    int on = 1;
    int unsent = UNSENT_BYTES_MAX;
    int fd = socket(bound.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent) != 0 ||
        bind(fd, (struct sockaddr *)&bound, len) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        int reason = errno;
        if (fd >= 0) {
            close(fd);
        }
        return problem_set(problem, E_NETWORK, NULL, "cannot listen on %.*s port %d: %s",
                           STR_FMT(address), wanted, strerror(reason));
    }
    listener->fd = fd;
    listener->port = bound_port(fd);
    return OK;
}

static enum err listen_on_all(struct http_server *server, struct problem *problem)
{
    const struct http_server_config *config = &server->config;
    TRY(listen_on(&server->listeners[LISTENER_PLAIN], config->address, config->port, problem));
    return config->tls == NULL ? OK
                               : listen_on(&server->listeners[LISTENER_TLS], config->tls_address,
                                           config->tls_port, problem);
}

/* Nobody reads the eventfd: each write to it is an event of its own. */
static enum err watch_start(struct http_server *server, struct problem *problem)
{
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    if (server->epoll_fd < 0 ||
        epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->box->wake_fd, &event) != 0) {
        return problem_set(problem, E_NETWORK, NULL, "the HTTP server could not be started: %s",
                           strerror(errno));
    }
    listening_update(server);
    return OK;
}

/* How long the loop may sleep: -1 for until it is woken. */
static int64_t sleep_limit_us(const struct http_server *server)
{
    struct instant due = deadlines_next(server);
    if (instant_is_set(server->stop_by) &&
        (!instant_is_set(due) || instant_before(server->stop_by, due))) {
        due = server->stop_by;
    }
    if (instant_is_set(server->tick_at) &&
        (!instant_is_set(due) || instant_before(server->tick_at, due))) {
        due = server->tick_at;
    }
    if (!instant_is_set(due)) {
        return -1;
    }
    return due.us > server->now.us ? due.us - server->now.us : 0;
}

/* Says that a push must wake us; false where something was pushed already. */
static bool fall_asleep(struct reply_box *box, bool stopping)
{
    pthread_mutex_lock(&box->lock);
    bool wanted = box->first != NULL || box->tick_wanted ||
                  (box->quiesce_wanted && !box->quiesced) || (box->stop_wanted && !stopping);
    box->asleep = !wanted;
    pthread_mutex_unlock(&box->lock);
    return !wanted;
}

static void event_take(struct http_server *server, const struct epoll_event *event)
{
    if (event->data.ptr == NULL) {
        return;
    }
    const struct http_listener *listeners = server->listeners;
    if (event->data.ptr == &listeners[LISTENER_PLAIN] ||
        event->data.ptr == &listeners[LISTENER_TLS]) {
        connections_accept(server);
        return;
    }
    struct http_connection *connection = event->data.ptr;
    if (connection->phase == CONNECTION_CLOSED) {
        return;
    }
    /* With TLS reading may have waited until it could write. */
    if (connection->tls != NULL ||
        (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        connection->is_readable = true;
    }
    if ((event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        connection->has_left = true;
    }
    connection_run(connection);
}

static void events_take(struct http_server *server)
{
    struct epoll_event events[EVENTS_MAX];
    server->now = monotonic_now();
    int64_t limit_us = server->turn_again ? 0 : sleep_limit_us(server);
    server->turn_again = false;
    if (limit_us != 0 && !fall_asleep(server->box, instant_is_set(server->stop_by))) {
        limit_us = 0;
    }
    int limit_ms = limit_us < 0 ? -1 : (int)((limit_us + 999) / 1000);
    int count = epoll_wait(server->epoll_fd, events, EVENTS_MAX, limit_ms);
    server->now = monotonic_now();
    for (int i = 0; i < count; i++) {
        event_take(server, &events[i]);
    }
}

static void stop_listening(struct http_server *server)
{
    if (server->closing) {
        return;
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        if (server->listeners[i].fd >= 0) {
            close(server->listeners[i].fd); /* Which takes it from the epoll set, too. */
        }
        server->listeners[i] = (struct http_listener){.fd = -1, .port = server->listeners[i].port};
    }
    server->closing = true;
    streams_end(server);
}

static void tick_if_due(struct http_server *server)
{
    bool is_due = instant_is_set(server->tick_at) && !instant_before(server->now, server->tick_at);
    if (server->config.tick == NULL || (!server->tick_wanted && !is_due)) {
        return;
    }
    server->tick_wanted = false;
    struct duration rest = server->config.tick(server->config.context, server->now);
    server->tick_at = rest.us < 0 ? INSTANT_NONE : instant_add(server->now, rest);
}

/* Does what other threads asked for. */
static void obey(struct http_server *server)
{
    struct reply_box *box = server->box;
    pthread_mutex_lock(&box->lock);
    bool stop = box->stop_wanted;
    if (stop || box->quiesce_wanted) {
        stop_listening(server);
        box->quiesced = true;
        pthread_cond_broadcast(&box->quiesced_changed);
    }
    pthread_mutex_unlock(&box->lock);
    if (stop && !instant_is_set(server->stop_by)) {
        server->stop_by = instant_add(server->now, server->grace);
    }
}

static bool is_finished(const struct http_server *server)
{
    return instant_is_set(server->stop_by) &&
           (server->active == 0 || !instant_before(server->now, server->stop_by));
}

static void hand_offs_end(struct http_server *server)
{
    if (server->handled_this_turn > 0 && server->config.turn_end != NULL) {
        server->config.turn_end(server->config.context);
    }
    server->handled_this_turn = 0;
}

static void *serve(void *context)
{
    struct http_server *server = context;
    server->now = monotonic_now();
    server->box->server_thread = pthread_self();
    while (!is_finished(server)) {
        events_take(server);
        hand_offs_end(server);
        obey(server);
        replies_take(server);
        tick_if_due(server);
        connections_run(server);
        hand_offs_end(server);
        deadlines_expire(server);
        connections_free_closed(server);
    }
    exchanges_abandon(server);
    while (server->connections != NULL) {
        connection_close(server->connections);
    }
    connections_run(server);
    connections_free_closed(server);
    return NULL;
}

static void server_free(struct http_server *server)
{
    while (server->spare != NULL) {
        struct http_exchange *next = server->spare->next;
        exchange_free(server->spare);
        server->spare = next;
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        if (server->listeners[i].fd >= 0) {
            close(server->listeners[i].fd);
        }
    }
    if (server->epoll_fd >= 0) {
        close(server->epoll_fd);
    }
    free(server->addresses);
    free(server);
}

/* Signals are the main thread's business; SIGPIPE with them. */
static int thread_start(struct http_server *server)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&server->thread, NULL, serve, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static struct http_server *server_new(const struct http_server_config *config)
{
    struct http_server *server = calloc(1, sizeof *server);
    size_t buckets = 64;
    while (buckets < (size_t)config->connections_max) {
        buckets *= 2;
    }
    struct address_count **addresses = calloc(buckets, sizeof *addresses);
    if (server == NULL || addresses == NULL) {
        memory_is_out();
    }
    server->config = *config;
    server->listeners[LISTENER_PLAIN].fd = server->listeners[LISTENER_TLS].fd = -1;
    server->epoll_fd = -1;
    server->addresses = addresses;
    server->address_mask = buckets - 1;
    server->shaking.wait = config->request_timeout;
    server->receiving.wait = config->request_timeout;
    server->idle.wait = config->idle_timeout;
    server->sending.wait = config->idle_timeout;
    server->lingering.wait = SECONDS(LINGER_SECONDS);
    ssize_t got = getrandom(&server->hash_key, sizeof server->hash_key, 0);
    assert(got == sizeof server->hash_key);
    return server;
}

enum err http_server_start(const struct http_server_config *config, struct http_server **out,
                           struct problem *problem)
{
    assert(config->handle != NULL && config->refuse != NULL && config->connections_max > 0);
    assert(config->request_timeout.us > 0 && config->idle_timeout.us > 0 &&
           config->body_bytes_max > 0);
    struct http_server *server = server_new(config);
    enum err err = listen_on_all(server, problem);
    if (err != OK) {
        goto out;
    }
    server->box = reply_box_new(server);
    err = watch_start(server, problem);
    if (err != OK) {
        reply_box_release(server->box);
        goto out;
    }
    int error = thread_start(server);
    if (error != 0) {
        err = problem_set(problem, E_NETWORK, NULL, "no thread for the HTTP server: %s",
                          strerror(error));
        reply_box_release(server->box);
    }
out:
    if (err != OK) {
        server_free(server);
        return err;
    }
    *out = server;
    return OK;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->listeners[LISTENER_PLAIN].port;
}

uint16_t http_server_tls_port(const struct http_server *server)
{
    return server->listeners[LISTENER_TLS].port;
}

static void wake(struct reply_box *box)
{
    uint64_t one = 1;
    ssize_t put = write(box->wake_fd, &one, sizeof one);
    assert(put == sizeof one || errno == EAGAIN);
    box->asleep = false;
}

void http_server_wake(struct http_server *server)
{
    struct reply_box *box = server->box;
    pthread_mutex_lock(&box->lock);
    box->tick_wanted = true;
    if (box->asleep) {
        wake(box);
    }
    pthread_mutex_unlock(&box->lock);
}

void http_server_quiesce(struct http_server *server)
{
    struct reply_box *box = server->box;
    assert(!pthread_equal(pthread_self(), server->thread));
    pthread_mutex_lock(&box->lock);
    box->quiesce_wanted = true;
    wake(box);
    while (!box->quiesced) {
        pthread_cond_wait(&box->quiesced_changed, &box->lock);
    }
    pthread_mutex_unlock(&box->lock);
}

void http_server_stop(struct http_server **server, struct duration grace)
{
    struct http_server *stopped = *server;
    if (stopped == NULL) {
        return;
    }
    struct reply_box *box = stopped->box;
    pthread_mutex_lock(&box->lock);
    stopped->grace = grace;
    box->stop_wanted = true;
    wake(box);
    pthread_mutex_unlock(&box->lock);
    pthread_join(stopped->thread, NULL);

    reply_box_release(box);
    server_free(stopped);
    *server = NULL;
}
