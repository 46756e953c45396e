#include "net/http_server_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

/* What goes into one record of TLS (RFC 8446 5.1). */
enum { RECORD_BYTES_MAX = 16 * 1024 };

/* The answer of a socket to what TLS says. Where it wants to write in order to read, or the other
 * way round, an event comes all the same, since both are always asked for. */
static ssize_t answer_of(struct ssl_st *tls, int result)
{
    switch (SSL_get_error(tls, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        ERR_clear_error();
        errno = ECONNRESET;
        return -1;
    }
}

bool connection_shake_hands(struct http_connection *connection)
{
    ERR_clear_error();
    int result = SSL_do_handshake(connection->tls);
    if (result == 1) {
        connection->phase = CONNECTION_HEAD;
        connection_fell_idle(connection);
        return true;
    }
    if (answer_of(connection->tls, result) == 0 || errno != EAGAIN) {
        connection_close(connection);
    }
    return false;
}

ssize_t connection_receive(struct http_connection *connection, char *out, size_t room)
{
    if (connection->tls == NULL) {
        return recv(connection->fd, out, room, MSG_DONTWAIT);
    }
    ERR_clear_error();
    int got = SSL_read(connection->tls, out, (int)room);
    return got > 0 ? got : answer_of(connection->tls, got);
}

/* Pieces go into one record. What was not taken is offered again with the same bytes at its start,
 * as SSL_write wants it. */
static ssize_t send_record(struct http_connection *connection, const struct iovec *pieces,
                           size_t count)
{
    char record[RECORD_BYTES_MAX];
    size_t len = 0;
    for (size_t i = 0; i < count && len < sizeof record; i++) {
        size_t room = sizeof record - len;
        size_t part = pieces[i].iov_len < room ? pieces[i].iov_len : room;
        memcpy(record + len, pieces[i].iov_base, part);
        len += part;
    }
    ERR_clear_error();
    int put = SSL_write(connection->tls, record, (int)len);
    ssize_t answer = put > 0 ? put : answer_of(connection->tls, put);
    if (answer == 0) { /* The peer takes nothing any more. */
        errno = ECONNRESET;
        return -1;
    }
    return answer;
}

ssize_t connection_send(struct http_connection *connection, struct iovec *pieces, size_t count)
{
    if (connection->tls != NULL) {
        return send_record(connection, pieces, count);
    }
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    return sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void connection_say(struct http_connection *connection, struct str text)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)text.ptr, .iov_len = text.len};
    if (connection->phase != CONNECTION_SHAKING) {
        (void)connection_send(connection, &piece, 1);
    }
}

void connection_end_sending(struct http_connection *connection)
{
    if (connection->tls != NULL && connection->phase != CONNECTION_SHAKING) {
        ERR_clear_error();
        (void)SSL_shutdown(connection->tls);
        ERR_clear_error();
    }
    shutdown(connection->fd, SHUT_WR);
}

void connection_drop_tls(struct http_connection *connection)
{
    SSL_free(connection->tls);
    connection->tls = NULL;
}
