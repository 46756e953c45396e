#include "lib/socket_peer.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int try_connect(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int peer_connect(uint16_t port)
{
    int fd = try_connect(port);
    assert(fd >= 0);
    return fd;
}

bool peer_can_connect(uint16_t port)
{
    int fd = try_connect(port);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

bool peer_try_send(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes = str_slice(bytes, (size_t)sent, bytes.len);
    }
    return true;
}

void peer_send(int fd, struct str bytes)
{
    bool sent = peer_try_send(fd, bytes);
    assert(sent);
}

bool peer_readable(int fd, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, timeout_ms) == 1;
}

/* 0 at the end of the connection, however it ended. */
static size_t read_some(int fd, char *bytes, size_t len)
{
    bool ready = peer_readable(fd, PEER_PATIENCE_MS);
    assert(ready && "the other side is silent");
    ssize_t got = recv(fd, bytes, len, 0);
    return got > 0 ? (size_t)got : 0;
}

struct str peer_read_head(int fd, struct arena *arena)
{
    struct buf head = {.arena = arena};
    char byte;
    while (!str_ends(buf_str(&head), STR("\r\n\r\n")) && read_some(fd, &byte, 1) == 1) {
        buf_add_byte(&head, byte);
    }
    return buf_str(&head);
}

struct str peer_header(struct str head, const char *name)
{
    struct str line;
    while (str_split(&head, '\n', &line)) {
        size_t colon = str_find_byte(line, ':', 0);
        if (colon < line.len && str_equal_nocase(str_slice(line, 0, colon), str_from(name))) {
            return str_trim(str_slice(line, colon + 1, line.len));
        }
    }
    return STR_NONE;
}

struct peer_answer peer_read(int fd, struct arena *arena, bool bodyless)
{
    struct peer_answer answer = {.head = peer_read_head(fd, arena)};
    int64_t status = 0;
    int64_t len = 0;
    if (str_starts(answer.head, STR("HTTP/1.1 "))) {
        enum err err = str_to_int(str_slice(answer.head, 9, 12), &status);
        assert(err == OK);
    }
    answer.status = (int)status;
    struct str length = peer_header(answer.head, "Content-Length");
    if (bodyless || !str_is_set(length) || str_to_int(length, &len) != OK) {
        return answer;
    }
    char *body = arena_alloc(arena, (size_t)len + 1);
    size_t have = 0;
    size_t got = 1;
    while (have < (size_t)len && got > 0) {
        got = read_some(fd, body + have, (size_t)len - have);
        have += got;
    }
    answer.body = (struct str){body, have};
    return answer;
}

bool peer_is_json(struct peer_answer answer)
{
    return str_equal_text(peer_header(answer.head, "Content-Type"), "application/json") &&
           str_starts(answer.body, STR("{\"error\":\""));
}

struct str peer_zeros(struct arena *arena, size_t len)
{
    char *bytes = arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = '0';
    }
    return (struct str){bytes, len};
}

bool peer_is_at_end(int fd)
{
    char byte;
    return read_some(fd, &byte, 1) == 0;
}

int peer_listen(uint16_t *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ready = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                 listen(fd, 64) == 0 && getsockname(fd, (struct sockaddr *)&address, &len) == 0;
    assert(ready);
    *port = ntohs(address.sin_port);
    return fd;
}

int peer_accept(int listener)
{
    bool ready = peer_readable(listener, PEER_PATIENCE_MS);
    assert(ready && "nobody connects");
    int fd = accept(listener, NULL, NULL);
    assert(fd >= 0);
    return fd;
}

void peer_reset(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    int set = setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    assert(set == 0);
    close(fd);
}
