#include "bench/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, READ_BYTES = 64 * 1024, SHOWN_REFUSALS = 3 };

struct connection {
    int fd;
    int64_t number; /* Of the request in flight; -1 for none. */
    int64_t sent_us;
    struct buf request;
    struct buf answer;
};

struct client {
    const struct client_config *config;
    struct connection *connections;
    int epoll;
    int64_t next;
    int64_t in_flight;
    int64_t first_us;
    int64_t last_us;
    uint32_t *latencies; /* Microseconds. */
    size_t latency_count;
    size_t latency_cap;
    struct client_result *result;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool fail(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    return false;
}

static bool open_connection(struct client *client, struct connection *connection)
{
    int on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(client->config->port)};
    connection->number = -1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, client->config->address, &to.sin_addr) != 1 || connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&to, sizeof to) != 0) {
        return fail("cannot connect");
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = connection}};
    return epoll_ctl(client->epoll, EPOLL_CTL_ADD, connection->fd, &event) == 0 || fail("epoll");
}

static bool may_ask(const struct client *client)
{
    const struct client_config *config = client->config;
    bool has_number = config->count == 0 || client->next < config->count;
    bool has_time = config->seconds.us == 0 || now_us() - client->first_us < config->seconds.us;
    return has_number && has_time;
}

/* Where requests have a pace: is it the next one's turn? */
static bool is_its_turn(const struct client *client)
{
    int64_t pace = client->config->per_second;
    return pace == 0 || now_us() - client->first_us >= client->next * 1000000 / pace;
}

/* The socket blocks: a request is small, and the server reads it. */
static bool ask(struct client *client, struct connection *connection)
{
    if (!may_ask(client) || !is_its_turn(client)) {
        return true;
    }
    connection->number = client->next++;
    buf_clear(&connection->request);
    client->config->write(client->config->context, connection->number, &connection->request);
    connection->sent_us = now_us();
    client->in_flight++;
    size_t written = 0;
    while (written < connection->request.len) {
        ssize_t count = send(connection->fd, connection->request.ptr + written,
                             connection->request.len - written, MSG_NOSIGNAL);
        if (count < 0) {
            return fail("cannot send");
        }
        written += (size_t)count;
    }
    return true;
}

static void note_latency(struct client *client, int64_t us)
{
    if (client->latency_count == client->latency_cap) {
        client->latency_cap = client->latency_cap == 0 ? 65536 : client->latency_cap * 2;
        client->latencies =
            realloc(client->latencies, client->latency_cap * sizeof *client->latencies);
        if (client->latencies == NULL) {
            abort();
        }
    }
    client->latencies[client->latency_count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* The whole answer's length, 0 while it is not there yet. */
static size_t whole_length(const struct buf *answer, struct str *body)
{
    struct str text = {answer->ptr, answer->len};
    size_t head = str_find(text, STR("\r\n\r\n"));
    int64_t length = 0;
    if (head == text.len) {
        return 0;
    }
    struct str lines = str_slice(text, 0, head);
    struct str line = STR_NONE;
    while (str_split(&lines, '\n', &line)) {
        struct str name = STR("content-length:");
        if (str_starts_nocase(line, name) &&
            str_to_int(str_trim(str_slice(line, name.len, line.len)), &length) != OK) {
            return 0;
        }
    }
    size_t end = head + 4 + (size_t)length;
    *body = str_slice(text, head + 4, end);
    return answer->len >= end ? end : 0;
}

static void take_answer(struct client *client, struct connection *connection, struct str body)
{
    const char *status = connection->answer.ptr + strlen("HTTP/1.1 ");
    client->last_us = now_us();
    note_latency(client, client->last_us - connection->sent_us);
    if (*status == '2') {
        client->result->answers++;
        if (client->config->answered != NULL) {
            client->config->answered(client->config->context, connection->number, body);
        }
    } else if (client->result->refused++ < SHOWN_REFUSALS) {
        fprintf(stderr, "bench: refused: %.3s %.*s\n", status, STR_FMT(body));
    }
    connection->number = -1;
    client->in_flight--;
    buf_clear(&connection->answer);
}

static bool read_some(struct client *client, struct connection *connection)
{
    buf_reserve(&connection->answer, READ_BYTES);
    ssize_t count = recv(connection->fd, connection->answer.ptr + connection->answer.len,
                         READ_BYTES, MSG_DONTWAIT);
    if (count <= 0) {
        return count < 0 && errno == EAGAIN ? true : fail("the server hung up");
    }
    connection->answer.len += (size_t)count;
    struct str body = STR_NONE;
    if (whole_length(&connection->answer, &body) == 0) {
        return true;
    }
    take_answer(client, connection, body);
    return ask(client, connection);
}

static bool ask_on_idle_ones(struct client *client)
{
    for (int i = 0; i < client->config->connections; i++) {
        if (client->connections[i].number < 0 && !ask(client, &client->connections[i])) {
            return false;
        }
    }
    return true;
}

static bool run(struct client *client)
{
    struct epoll_event events[EVENTS_MAX];
    bool has_pace = client->config->per_second > 0;
    client->first_us = now_us();
    if (!ask_on_idle_ones(client)) {
        return false;
    }
    while (client->in_flight > 0 || (has_pace && may_ask(client))) {
        int count = epoll_wait(client->epoll, events, EVENTS_MAX, has_pace ? 1 : -1);
        for (int i = 0; i < count; i++) {
            if (!read_some(client, events[i].data.ptr)) {
                return false;
            }
        }
        if (has_pace && !ask_on_idle_ones(client)) {
            return false;
        }
    }
    return true;
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void summarise(struct client *client)
{
    size_t count = client->latency_count;
    struct client_result *result = client->result;
    result->seconds = (double)(client->last_us - client->first_us) / 1e6;
    if (count == 0) {
        return;
    }
    qsort(client->latencies, count, sizeof *client->latencies, by_size);
    result->p50_ms = client->latencies[count / 2] / 1e3;
    result->p99_ms = client->latencies[count - 1 - count / 100] / 1e3;
    result->max_ms = client->latencies[count - 1] / 1e3;
}

bool client_run(const struct client_config *config, struct client_result *out)
{
    struct client client = {.config = config, .epoll = epoll_create1(EPOLL_CLOEXEC), .result = out};
    *out = (struct client_result){0};
    client.connections = calloc((size_t)config->connections, sizeof *client.connections);
    if (client.connections == NULL) {
        abort();
    }
    bool is_fine = true;
    for (int i = 0; is_fine && i < config->connections; i++) {
        is_fine = open_connection(&client, &client.connections[i]);
    }
    is_fine = is_fine && run(&client);
    summarise(&client);
    for (int i = 0; i < config->connections; i++) {
        if (client.connections[i].fd > 0) {
            close(client.connections[i].fd);
        }
        buf_free(&client.connections[i].request);
        buf_free(&client.connections[i].answer);
    }
    close(client.epoll);
    free(client.connections);
    free(client.latencies);
    return is_fine;
}
