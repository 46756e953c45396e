#include "net/http_server_internal.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <assert.h>
#include <linux/tcp.h> /* glibc's own header does not know tcpi_bytes_received. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct address_key {
    unsigned char bytes[16];
};

struct address_count {
    struct address_count *next;
    struct address_key key;
    int connections;
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

static void address_leave(struct http_server *server, struct address_count *count)
{
    assert(count->connections > 0);
    if (--count->connections > 0) {
        return;
    }
    struct address_count **link = address_bucket(server, &count->key);
    while (*link != count) {
        link = &(*link)->next;
    }
    *link = count->next;
    free(count);
}

static void list_append(struct deadline_list *list, struct http_connection *connection)
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

static uint64_t bytes_received(const struct http_connection *connection)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0) {
        return 0;
    }
    return info.tcpi_bytes_received;
}

void connection_fell_idle(struct http_connection *connection)
{
    connection_list_leave(connection);
    connection->bytes_before = bytes_received(connection);
    list_append(&connection->server->idle, connection);
}

void connection_began_request(struct http_connection *connection)
{
    if (connection->list == &connection->server->receiving) {
        return;
    }
    connection_list_leave(connection);
    list_append(&connection->server->receiving, connection);
}

static void connection_opened(struct http_server *server, struct MHD_Connection *mhd,
                              void **socket_context)
{
    struct http_connection *connection = memory_new(sizeof *connection);
    const struct sockaddr *address =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    connection->server = server;
    connection->mhd = mhd;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *socket_context = connection;
    server->connection_count++;
    peer_write(connection, address);
    int on = 1;
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->address = address_enter(server, address_key_of(address));
    int most = server->config.connections_per_address_max;
    if (most > 0 && connection->address->connections > most) {
        connection->refused = true;
        log_write(server->config.log, LOG_INFO, LOG_HTTP, STR_NONE,
                  "connection refused: %s has %d already", connection->peer, most);
        socket_refuse(server, connection->fd,
                      &(struct request_fault){E_UNAVAILABLE, MHD_HTTP_SERVICE_UNAVAILABLE,
                                              "Too many connections from this address."});
    }
    list_append(&server->idle, connection);
}

void connection_changed(void *context, struct MHD_Connection *mhd, void **socket_context,
                        enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_opened(server, mhd, socket_context);
        return;
    }
    struct http_connection *connection = *socket_context;
    assert(connection->exchange == NULL);
    server->turn_again =
        server->turn_again || server->connection_count >= server->config.connections_max;
    server->connection_count--;
    connection_list_leave(connection);
    address_leave(server, connection->address);
    free(connection);
    *socket_context = NULL;
}

/* The socket is only shut down: libmicrohttpd notices and closes it. */
static void receiving_expire(struct http_server *server)
{
    static const struct request_fault slow = {E_TIMEOUT, MHD_HTTP_REQUEST_TIMEOUT,
                                              "The request did not arrive in time."};
    struct http_connection *connection = server->receiving.first;
    while (connection != NULL && !instant_before(server->now, connection->due)) {
        connection_list_leave(connection);
        log_write(server->config.log, LOG_INFO, LOG_HTTP, STR_NONE, "request from %s is too slow",
                  connection->peer);
        socket_refuse(server, connection->fd, &slow);
        connection = server->receiving.first;
    }
}

/* libmicrohttpd tells of a request when its first line is whole; a line that trickles in is noticed
 * here. */
static void idle_look(struct http_server *server)
{
    struct http_connection *connection = server->idle.first;
    while (connection != NULL && !instant_before(server->now, connection->due)) {
        connection_list_leave(connection);
        bool begun = bytes_received(connection) > connection->bytes_before;
        list_append(begun ? &server->receiving : &server->idle, connection);
        connection = server->idle.first;
    }
}

void deadlines_expire(struct http_server *server)
{
    idle_look(server);
    receiving_expire(server);
}

struct instant deadlines_next(const struct http_server *server)
{
    const struct http_connection *idle = server->idle.first;
    const struct http_connection *receiving = server->receiving.first;
    if (idle == NULL || receiving == NULL) {
        return idle != NULL ? idle->due : receiving != NULL ? receiving->due : INSTANT_NONE;
    }
    return instant_min(idle->due, receiving->due);
}
