#include "net/http_server_internal.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 1024 };

/* The pool of a connection holds the header block, libmicrohttpd's table of it and the reply's
 * header. It is wiped twice a request, so that its size is a cost of each. */
enum { CONNECTION_POOL_BYTES = 20 * 1024 };

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

static enum err listen_on(struct http_server *server, struct problem *problem)
{
    struct str address = server->config.address;
    struct sockaddr_storage bound;
    socklen_t len = 0;
    if (!address_parse(address, server->config.port, &bound, &len)) {
        return problem_set(problem, E_NETWORK, NULL, "\"%.*s\" is not an IPv4 or IPv6 address",
                           STR_FMT(address));
    }
    int on = 1;
    int fd = socket(bound.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&bound, len) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        int reason = errno;
        if (fd >= 0) {
            close(fd);
        }
        return problem_set(problem, E_NETWORK, NULL, "cannot listen on %.*s port %d: %s",
                           STR_FMT(address), server->config.port, strerror(reason));
    }
    server->listen_fd = fd;
    server->port = bound_port(fd);
    return OK;
}

/* libmicrohttpd complains about clients, not about us, so that its lines are for debugging. */
static void PRINTF_LIKE(2, 0) daemon_log(void *context, const char *format, va_list args)
{
    const struct http_server *server = context;
    char line[256];
    vsnprintf(line, sizeof line, format, args);
    log_write(server->config.log, LOG_DEBUG, LOG_HTTP, STR_NONE, "%s", line);
}

/* The target stays raw: who routes it decodes each segment, so that an escaped slash is not a
 * slash. */
static size_t leave_escaped(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

/* MHD_OPTION_STRICT_FOR_CLIENT stays off: all that it adds in 0.9.75 is a check for spaces in the
 * target and for a Host, and its answer to the latter has two header blocks. request_check does
 * both, and answers as the API does. */
static struct MHD_Daemon *daemon_start(struct http_server *server)
{
    unsigned idle_seconds = (unsigned)((server->config.idle_timeout.us + 999999) / 1000000);
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        request_advanced, server, MHD_OPTION_EXTERNAL_LOGGER, daemon_log, server,
        MHD_OPTION_LISTEN_SOCKET, server->listen_fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)server->config.connections_max, MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server, MHD_OPTION_NOTIFY_COMPLETED,
        request_completed, server, MHD_OPTION_URI_LOG_CALLBACK, request_line_arrived, server,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, server, MHD_OPTION_END);
}

/* How long the loop may sleep: -1 for until it is woken. */
static int64_t sleep_limit_us(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG daemon_ms = 0;
    int64_t limit = -1;
    if (MHD_get_timeout(server->daemon, &daemon_ms) == MHD_YES) {
        limit = (int64_t)daemon_ms * 1000;
    }
    struct instant due = deadlines_next(server);
    if (instant_is_set(server->stop_by) &&
        (!instant_is_set(due) || instant_before(server->stop_by, due))) {
        due = server->stop_by;
    }
    if (instant_is_set(server->tick_at) &&
        (!instant_is_set(due) || instant_before(server->tick_at, due))) {
        due = server->tick_at;
    }
    if (instant_is_set(due)) {
        int64_t until = due.us > server->now.us ? due.us - server->now.us : 0;
        limit = limit < 0 || until < limit ? until : limit;
    }
    return limit;
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

static void wait_for_events(struct http_server *server)
{
    server->now = monotonic_now();
    int64_t limit_us = server->turn_again ? 0 : sleep_limit_us(server);
    server->turn_again = false;
    if (limit_us == 0 || !fall_asleep(server->box, instant_is_set(server->stop_by))) {
        return;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[2] = {{.fd = info->epoll_fd, .events = POLLIN},
                            {.fd = server->box->wake_fd, .events = POLLIN}};
    int limit_ms = limit_us < 0 ? -1 : (int)((limit_us + 999) / 1000);
    int ready = poll(fds, ARRAY_LENGTH(fds), limit_ms);
    if (ready > 0 && fds[1].revents != 0) {
        uint64_t count;
        ssize_t got = read(server->box->wake_fd, &count, sizeof count);
        assert(got == sizeof count || errno == EAGAIN || errno == EINTR);
    }
    server->now = monotonic_now();
}

static void stop_listening(struct http_server *server)
{
    if (server->listen_fd < 0) {
        return;
    }
    MHD_quiesce_daemon(server->daemon);
    close(server->listen_fd);
    server->listen_fd = -1;
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

static void *serve(void *context)
{
    struct http_server *server = context;
    server->now = monotonic_now();
    server->box->server_thread = pthread_self();
    for (;;) {
        obey(server);
        replies_take(server);
        tick_if_due(server);
        server->handled_this_turn = 0;
        MHD_run(server->daemon);
        if (server->handled_this_turn > 0 && server->config.turn_end != NULL) {
            server->config.turn_end(server->config.context);
        }
        deadlines_expire(server);
        if (is_finished(server)) {
            break;
        }
        wait_for_events(server);
    }
    exchanges_abandon(server);
    MHD_stop_daemon(server->daemon);
    return NULL;
}

static void server_free(struct http_server *server)
{
    while (server->spare != NULL) {
        struct http_exchange *next = server->spare->next;
        exchange_free(server->spare);
        server->spare = next;
    }
    if (server->listen_fd >= 0) {
        close(server->listen_fd);
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
    server->listen_fd = -1;
    server->addresses = addresses;
    server->address_mask = buckets - 1;
    server->receiving.wait = config->request_timeout;
    /* A quarter of the limit is how exactly the first byte of a request is known. */
    server->idle.wait = MICROSECONDS(config->request_timeout.us / 4);
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
    enum err err = listen_on(server, problem);
    if (err != OK) {
        goto out;
    }
    server->daemon = daemon_start(server);
    if (server->daemon == NULL) {
        err = problem_set(problem, E_NETWORK, NULL, "the HTTP server could not be started");
        goto out;
    }
    server->box = reply_box_new(server);
    int error = thread_start(server);
    if (error != 0) {
        err = problem_set(problem, E_NETWORK, NULL, "no thread for the HTTP server: %s",
                          strerror(error));
        MHD_stop_daemon(server->daemon);
        server->listen_fd = -1; /* The daemon has closed it. */
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
    return server->port;
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
