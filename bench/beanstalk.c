#include "bench/beanstalk.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, PRIORITY = 5, SECONDS_TO_RUN = 60 };

static const char filling[] =
    "\"phoneNumber\":\"+14155550100\",\"agentId\":\"00000000-0000-4000-8000-000000000000\","
    "\"timezone\":\"Europe/Berlin\",\"metadata\":{\"name\":\"Ana\",\"place\":\"Hauptstrasse 12\","
    "\"about\":\"your appointment on Tuesday\"},\"priority\":\"medium\",\"businessHours\":"
    "{\"start\":\"09:00\",\"end\":\"17:00\"}";

static void end(const char *what, struct str detail)
{
    fprintf(stderr, "bench: beanstalkd: %s %.*s\n", what, STR_FMT(detail));
    exit(EXIT_FAILURE);
}

void beanstalk_open(struct beanstalk *beanstalk, int port, int connections)
{
    int on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    beanstalk->count = connections;
    beanstalk->ready = -1;
    beanstalk->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < connections; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct epoll_event event = {.events = EPOLLIN, .data = {.fd = i}};
        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
            epoll_ctl(beanstalk->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            end("cannot connect", STR_NONE);
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        beanstalk->connections[i] = (struct beanstalk_connection){.fd = fd};
    }
}

void beanstalk_close(struct beanstalk *beanstalk)
{
    for (int i = 0; i < beanstalk->count; i++) {
        close(beanstalk->connections[i].fd);
        buf_free(&beanstalk->connections[i].out);
        buf_free(&beanstalk->connections[i].in);
    }
    close(beanstalk->epoll);
}

void beanstalk_put(struct beanstalk *beanstalk, int at, int64_t delay_seconds, int64_t due_us)
{
    char body[512];
    int len = snprintf(body, sizeof body, "{\"due\":%lld,%s}", (long long)due_us, filling);
    buf_printf(&beanstalk->connections[at].out, "put %d %lld %d %d\r\n%s\r\n", PRIORITY,
               (long long)delay_seconds, SECONDS_TO_RUN, len, body);
}

void beanstalk_reserve(struct beanstalk *beanstalk, int at)
{
    buf_add_text(&beanstalk->connections[at].out, "reserve\r\n");
}

void beanstalk_delete(struct beanstalk *beanstalk, int at, int64_t id)
{
    buf_printf(&beanstalk->connections[at].out, "delete %lld\r\n", (long long)id);
}

void beanstalk_send(struct beanstalk *beanstalk, int at)
{
    struct beanstalk_connection *connection = &beanstalk->connections[at];
    size_t written = 0;
    while (written < connection->out.len) {
        ssize_t count = send(connection->fd, connection->out.ptr + written,
                             connection->out.len - written, MSG_NOSIGNAL);
        if (count < 0) {
            end("cannot send", STR_NONE);
        }
        written += (size_t)count;
    }
    buf_clear(&connection->out);
}

static int64_t number_after(struct str text, const char *mark)
{
    size_t at = str_find(text, str_from(mark));
    return at == text.len ? 0 : strtoll(text.ptr + at + strlen(mark), NULL, 10);
}

/* How many bytes the answer at the begin of `text` has; 0 while it is not whole. */
static size_t read_answer(struct str text, struct beanstalk_answer *out)
{
    size_t line_end = str_find(text, STR("\r\n"));
    if (line_end == text.len) {
        return 0;
    }
    struct str line = str_slice(text, 0, line_end);
    size_t body_bytes = 0;
    if (str_starts(line, STR("INSERTED "))) {
        *out = (struct beanstalk_answer){.kind = BEANSTALK_INSERTED};
    } else if (str_starts(line, STR("DELETED"))) {
        *out = (struct beanstalk_answer){.kind = BEANSTALK_DELETED};
    } else if (str_starts(line, STR("RESERVED "))) {
        char *rest = NULL;
        out->kind = BEANSTALK_RESERVED;
        out->id = strtoll(line.ptr + strlen("RESERVED "), &rest, 10);
        body_bytes = (size_t)strtoll(rest, NULL, 10) + 2;
    } else {
        end("says", line);
    }
    size_t whole = line_end + 2 + body_bytes;
    if (text.len < whole) {
        return 0;
    }
    out->due_us = number_after(str_slice(text, line_end + 2, whole), "\"due\":");
    return whole;
}

static bool take_answer(struct beanstalk_connection *connection, struct beanstalk_answer *out)
{
    struct str rest = {connection->in.ptr + connection->taken,
                       connection->in.len - connection->taken};
    size_t taken = rest.len == 0 ? 0 : read_answer(rest, out);
    connection->taken += taken;
    if (taken == 0 && connection->taken > 0) {
        memmove(connection->in.ptr, rest.ptr, rest.len);
        connection->in.len = rest.len;
        connection->taken = 0;
    }
    return taken > 0;
}

static void read_some(struct beanstalk_connection *connection)
{
    buf_reserve(&connection->in, READ_BYTES);
    ssize_t count = recv(connection->fd, connection->in.ptr + connection->in.len, READ_BYTES, 0);
    if (count <= 0) {
        end("hung up", STR_NONE);
    }
    connection->in.len += (size_t)count;
}

int beanstalk_next(struct beanstalk *beanstalk, struct beanstalk_answer *out)
{
    for (;;) {
        int at = beanstalk->ready;
        if (at >= 0 && take_answer(&beanstalk->connections[at], out)) {
            return at;
        }
        struct epoll_event event;
        if (epoll_wait(beanstalk->epoll, &event, 1, -1) == 1) {
            beanstalk->ready = event.data.fd;
            read_some(&beanstalk->connections[event.data.fd]);
        }
    }
}

void beanstalk_settle(struct beanstalk *beanstalk, int at, int64_t answers)
{
    struct beanstalk_answer answer = {0};
    beanstalk_send(beanstalk, at);
    for (int64_t i = 0; i < answers; i++) {
        beanstalk_next(beanstalk, &answer);
    }
}
