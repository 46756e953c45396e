#include "net/http_server_internal.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* How many are taken at a time, and how long nobody is taken when the system has no descriptors. */
enum { ACCEPT_MAX = 64 };

static const struct duration accept_pause = {100000};

struct address_key {
    unsigned char bytes[16];
};

struct address_count {
    struct address_count *next;
    struct address_key key;
    int connections; /* But for those that linger. */
    int lingering;
};

/* A subscriber of IPv6 has a /64 at the least, so that is what one address means there. */
static struct address_key address_key_of(const struct sockaddr *address)
{
    struct address_key key = {{0}};
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        key.bytes[10] = 0xff;
        key.bytes[11] = 0xff;
        memcpy(key.bytes + 12, &in.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        bool mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
        memcpy(key.bytes, &in6.sin6_addr, mapped ? 16 : 8);
    }
    return key;
}

static void peer_write(struct http_connection *connection, const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, connection->peer, sizeof connection->peer);
        return;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof in6);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
        inet_ntop(AF_INET, in6.sin6_addr.s6_addr + 12, connection->peer, sizeof connection->peer);
    } else {
        inet_ntop(AF_INET6, &in6.sin6_addr, connection->peer, sizeof connection->peer);
    }
}

static struct address_count **address_bucket(struct http_server *server,
                                             const struct address_key *key)
{
    uint64_t hash =
        hash_bytes(server->hash_key, (struct str){(const char *)key->bytes, sizeof key->bytes});
    return &server->addresses[hash & server->address_mask];
}

static struct address_count *address_enter(struct http_server *server, struct address_key key)
{
    struct address_count **bucket = address_bucket(server, &key);
    struct address_count *count = *bucket;
    while (count != NULL && memcmp(&count->key, &key, sizeof key) != 0) {
        count = count->next;
    }
    if (count == NULL) {
        count = memory_new(sizeof *count);
        count->key = key;
        count->next = *bucket;
        *bucket = count;
    }
    count->connections++;
    return count;
}

static void address_leave(struct http_server *server, struct address_count *count, bool lingers)
{
    int *number = lingers ? &count->lingering : &count->connections;
    assert(*number > 0);
    --*number;
    if (count->connections + count->lingering > 0) {
        return;
    }
    struct address_count **link = address_bucket(server, &count->key);
    while (*link != count) {
        link = &(*link)->next;
    }
    *link = count->next;
    free(count);
}

void connection_list_enter(struct http_connection *connection, struct deadline_list *list)
{
    assert(connection->list == NULL);
    connection->list = list;
    connection->due = instant_add(connection->server->now, list->wait);
    connection->next = NULL;
    connection->previous = list->last;
    if (list->last == NULL) {
        list->first = connection;
    } else {
        list->last->next = connection;
    }
    list->last = connection;
}

void connection_list_leave(struct http_connection *connection)
{
    struct deadline_list *list = connection->list;
    if (list == NULL) {
        return;
    }
    if (connection->previous == NULL) {
        list->first = connection->next;
    } else {
        connection->previous->next = connection->next;
    }
    if (connection->next == NULL) {
        list->last = connection->previous;
    } else {
        connection->next->previous = connection->previous;
    }
    connection->list = NULL;
}

/* Of what moved, what is not in our system any more: the peer's has it. */
static uint64_t moved_to_peer(const struct http_connection *connection)
{
    int waiting = 0;
    bool is_known = ioctl(connection->fd, SIOCOUTQ, &waiting) == 0;
    uint64_t rest = is_known && waiting > 0 ? (uint64_t)waiting : 0;
    return rest < connection->moved ? connection->moved - rest : 0;
}

static void time_begin(struct http_connection *connection, struct deadline_list *list,
                       uint64_t moved)
{
    connection_list_leave(connection);
    connection_list_enter(connection, list);
    connection->moved_before = moved;
}

/* The time of a connection is over: where enough went by in it, it begins anew. */
static bool time_goes_on(struct http_connection *connection, int64_t rate, uint64_t moved)
{
    struct deadline_list *list = connection->list;
    int64_t least = rate * list->wait.us / SECONDS(1).us;
    bool is_swift = moved >= connection->moved_before + (uint64_t)least;
    if (is_swift) {
        time_begin(connection, list, moved);
    }
    return is_swift;
}

void connection_await_peer(struct http_connection *connection)
{
    struct deadline_list *sending = &connection->server->sending;
    if (connection->list != sending) {
        time_begin(connection, sending, moved_to_peer(connection));
    }
}

void connection_began_request(struct http_connection *connection)
{
    if (connection->has_begun) {
        return;
    }
    connection->has_begun = true;
    connection->server->active++;
    time_begin(connection, &connection->server->receiving, connection->moved);
    listening_update(connection->server);
}

static void request_ended(struct http_connection *connection)
{
    if (connection->has_begun) {
        connection->has_begun = false;
        connection->server->active--;
    }
}

void connection_fell_idle(struct http_connection *connection)
{
    request_ended(connection);
    connection_list_leave(connection);
    connection_list_enter(connection, &connection->server->idle);
    listening_update(connection->server);
}

/* Its place among those of its address is free from now on. */
static void address_forget(struct http_connection *connection)
{
    if (connection->address != NULL) {
        address_leave(connection->server, connection->address,
                      connection->phase == CONNECTION_LINGERING);
        connection->address = NULL;
    }
}

/* A client that begins anew as soon as it was answered is not refused for the end of its connection
 * before, which may reach us later: those that linger are counted apart. False where the address
 * has as many already. */
static bool address_linger(const struct http_connection *connection)
{
    int most = connection->server->config.connections_per_address_max;
    struct address_count *count = connection->address;
    count->connections--;
    count->lingering++;
    return most == 0 || count->lingering <= most;
}

void connection_linger(struct http_connection *connection)
{
    request_ended(connection);
    connection_end_sending(connection);
    connection->phase = CONNECTION_LINGERING;
    if (!address_linger(connection)) {
        connection_close(connection);
        return;
    }
    connection_list_leave(connection);
    connection_list_enter(connection, &connection->server->lingering);
}

/* Who holds the connection's exchange keeps it; the others go with it. */
void connection_close(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    assert(connection->phase != CONNECTION_WAITING || connection->exchange == NULL);
    request_ended(connection);
    address_forget(connection);
    connection_list_leave(connection);
    if (connection->exchange != NULL) {
        exchange_recycle(server, connection->exchange);
        connection->exchange = NULL;
    }
    if (connection->all_previous == NULL) {
        server->connections = connection->all_next;
    } else {
        connection->all_previous->all_next = connection->all_next;
    }
    if (connection->all_next != NULL) {
        connection->all_next->all_previous = connection->all_previous;
    }
    connection_drop_tls(connection);
    close(connection->fd);
    connection->phase = CONNECTION_CLOSED;
    server->connection_count--;
    if (!connection->is_queued) {
        connection->queue_next = server->closed;
        server->closed = connection;
    }
    listening_update(server);
}

void connections_free_closed(struct http_server *server)
{
    while (server->closed != NULL) {
        struct http_connection *next = server->closed->queue_next;
        free(server->closed->in);
        free(server->closed);
        server->closed = next;
    }
}

static void connection_opened(struct http_server *server, const struct http_listener *listener,
                              int fd, const struct sockaddr *address)
{
    struct http_connection *connection = memory_new(sizeof *connection);
    connection->server = server;
    connection->fd = fd;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (listener == &server->listeners[LISTENER_TLS]) {
        /* TLS reads and writes the socket itself, and cannot be told not to wait. */
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        connection->tls = http_tls_accept(server->config.tls, fd);
        connection->phase = CONNECTION_SHAKING;
    }
    connection->in = memory_grow(NULL, CONNECTION_IN_BYTES, 1);
    connection->all_next = server->connections;
    if (server->connections != NULL) {
        server->connections->all_previous = connection;
    }
    server->connections = connection;
    server->connection_count++;
    peer_write(connection, address);
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->address = address_enter(server, address_key_of(address));
    connection_list_enter(connection, connection->tls == NULL ? &server->idle : &server->shaking);
    bool is_proxy = server->config.trusted != NULL &&
                    proxies_have(server->config.trusted, str_from(connection->peer));
    int most = is_proxy ? 0 : server->config.connections_per_address_max;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = connection};
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        connection_close(connection);
        return;
    }
    if (most > 0 && connection->address->connections > most) {
        log_write(server->config.log, LOG_INFO, LOG_HTTP, STR_NONE,
                  "connection refused: %s has %d already", connection->peer, most);
        connection_refuse(
            connection,
            &(struct request_fault){E_UNAVAILABLE, 503, "Too many connections from this address."});
        shutdown(fd, SHUT_RDWR);
        connection_close(connection);
    }
}

static void listener_update(struct http_server *server, struct http_listener *listener,
                            bool has_room)
{
    bool is_wanted = has_room && !instant_is_set(server->accept_at);
    if (is_wanted == listener->is_looked_at || listener->fd < 0) {
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = listener};
    int change = is_wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
    (void)epoll_ctl(server->epoll_fd, change, listener->fd, &event);
    listener->is_looked_at = is_wanted;
}

void listening_update(struct http_server *server)
{
    bool has_room =
        server->connection_count < server->config.connections_max || server->idle.first != NULL;
    for (size_t i = 0; i < LISTENERS; i++) {
        listener_update(server, &server->listeners[i], has_room);
    }
}

/* Out of descriptors, the system would tell of the same newcomer again and again: whoever has been
 * at rest for longest makes room, or nobody is taken for a while. */
static void accept_later(struct http_server *server)
{
    bool is_nobody =
        errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED || errno == EINTR;
    if ((errno == EMFILE || errno == ENFILE) && server->idle.first != NULL) {
        connection_close(server->idle.first);
    } else if (!is_nobody) {
        log_write(server->config.log, LOG_WARN, LOG_HTTP, STR_NONE,
                  "no connection can be taken: %s", strerror(errno));
        server->accept_at = instant_add(server->now, accept_pause);
        listening_update(server);
    }
}

static void listener_accept(struct http_server *server, const struct http_listener *listener)
{
    for (int i = 0; i < ACCEPT_MAX && listener->is_looked_at; i++) {
        struct sockaddr_storage address;
        socklen_t len = sizeof address;
        int fd = accept(listener->fd, (struct sockaddr *)&address, &len);
        if (fd < 0) {
            accept_later(server);
            return;
        }
        /* Whoever has been at rest for longest makes room, so that nobody keeps others out by
         * saying nothing. */
        if (server->connection_count >= server->config.connections_max) {
            connection_close(server->idle.first);
        }
        connection_opened(server, listener, fd, (const struct sockaddr *)&address);
        listening_update(server);
    }
}

void connections_accept(struct http_server *server)
{
    for (size_t i = 0; i < LISTENERS; i++) {
        listener_accept(server, &server->listeners[i]);
    }
}

static bool is_due(const struct http_server *server, const struct deadline_list *list)
{
    return list->first != NULL && !instant_before(server->now, list->first->due);
}

static void receiving_expire(struct http_server *server)
{
    static const struct request_fault slow = {E_TIMEOUT, 408,
                                              "The request did not arrive in time."};
    while (is_due(server, &server->receiving)) {
        struct http_connection *connection = server->receiving.first;
        if (connection->phase == CONNECTION_BODY &&
            time_goes_on(connection, RECEIVE_RATE_MIN, connection->moved)) {
            continue;
        }
        log_write(server->config.log, LOG_INFO, LOG_HTTP, STR_NONE, "request from %s is too slow",
                  connection->peer);
        connection_refuse(connection, &slow);
        if (connection->exchange != NULL) {
            exchange_recycle(server, connection->exchange);
            connection->exchange = NULL;
        }
        connection_linger(connection);
        connection_run_soon(connection);
    }
}

static void sending_expire(struct http_server *server)
{
    while (is_due(server, &server->sending)) {
        struct http_connection *connection = server->sending.first;
        if (time_goes_on(connection, SEND_RATE_MIN, moved_to_peer(connection))) {
            continue;
        }
        log_write(server->config.log, LOG_INFO, LOG_HTTP, STR_NONE, "%s takes its reply too slowly",
                  connection->peer);
        connection_close(connection);
    }
}

void deadlines_expire(struct http_server *server)
{
    struct deadline_list *const ends[] = {&server->shaking, &server->idle, &server->lingering};
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        while (is_due(server, ends[i])) {
            connection_close(ends[i]->first);
        }
    }
    receiving_expire(server);
    sending_expire(server);
    if (instant_is_set(server->accept_at) && !instant_before(server->now, server->accept_at)) {
        server->accept_at = INSTANT_NONE;
        listening_update(server);
    }
}

struct instant deadlines_next(const struct http_server *server)
{
    const struct deadline_list *const lists[] = {
        &server->shaking, &server->idle, &server->receiving, &server->sending, &server->lingering};
    struct instant next = server->accept_at;
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        const struct http_connection *first = lists[i]->first;
        if (first != NULL && (!instant_is_set(next) || instant_before(first->due, next))) {
            next = first->due;
        }
    }
    return next;
}
