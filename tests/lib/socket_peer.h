/* tests/lib/socket_peer: the other end of a connection, byte by byte, for what no well-behaved
 * client or server would do.
 *
 * Loopback only. Every wait ends after PEER_PATIENCE_MS at the latest and fails the test by an
 * assert. */
#ifndef TOCSIN_TESTS_LIB_SOCKET_PEER_H
#define TOCSIN_TESTS_LIB_SOCKET_PEER_H

#include "base/arena.h"

enum { PEER_PATIENCE_MS = 5000 };

struct peer_answer {
    int status; /* 0 where the connection ended without an answer. */
    struct str head;
    struct str body;
};

int peer_connect(uint16_t port);
/* False where the port refuses. */
bool peer_can_connect(uint16_t port);
void peer_send(int fd, struct str bytes);
/* Sends what the other side takes; false once the connection is broken. */
bool peer_try_send(int fd, struct str bytes);
/* One HTTP answer by its Content-Length; `bodyless` for the answer to HEAD. Reads not a byte more.
 */
struct peer_answer peer_read(int fd, struct arena *arena, bool bodyless);
/* The value of a header in `head`, STR_NONE where it is absent. */
struct str peer_header(struct str head, const char *name);
/* Whether it is an error of the server's own, as echo_server writes it. */
bool peer_is_json(struct peer_answer answer);
/* A text of `len` digits 0. */
struct str peer_zeros(struct arena *arena, size_t len);
/* True once the other side has ended the connection with nothing more to read. */
bool peer_is_at_end(int fd);
/* True where something can be read within the time. */
bool peer_readable(int fd, int timeout_ms);

/* Listens on a free port. */
int peer_listen(uint16_t *port);
int peer_accept(int listener);
/* Reads up to and including the blank line after a header block; what came with it stays unread. */
struct str peer_read_head(int fd, struct arena *arena);
/* Closes so that the other side sees a reset. */
void peer_reset(int fd);

#endif
