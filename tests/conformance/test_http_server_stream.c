/* Replies whose body comes bit by bit: in pieces, after a sleep longer than any time-out, woken
 * from another thread, ended by either side, by a cut, by the end of the server. */
#include "lib/socket_peer.h"
#include "net/http_server.h"

#include "base/buf.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { STREAMS = 8, IDLE_SECONDS = 1, FLOOD_BYTES = 64 << 20 };

/* What one stream has to say. The text is changed on the server's thread only, in `tick`. */
struct tale {
    struct fixture *fixture;
    struct http_stream *stream;
    struct buf text;
    size_t said;
    size_t flood; /* So many bytes come first. */
    bool must_end;
};

struct fixture {
    struct http_server *server;
    uint16_t port;
    struct arena *arena;
    struct tale tales[STREAMS];
    size_t begun;
    _Atomic int lines_wanted;  /* So many more are added to each tale at the next tick. */
    _Atomic bool flood_wanted; /* More than fits between two sockets. */
    _Atomic bool end_wanted;
    _Atomic bool cut_wanted;
    _Atomic int ticks;
    _Atomic int closed;
    int line;
};

static int64_t read_tale(void *context, char *out, size_t max)
{
    struct tale *tale = context;
    size_t left = tale->text.len - tale->said;
    size_t len = left < max ? left : max;
    if (tale->flood > 0) {
        len = tale->flood < max ? tale->flood : max;
        memset(out, 'x', len);
        tale->flood -= len;
        return (int64_t)len;
    }
    if (len == 0) {
        return tale->must_end ? HTTP_STREAM_END : HTTP_STREAM_NOTHING;
    }
    memcpy(out, tale->text.ptr + tale->said, len);
    tale->said += len;
    return (int64_t)len;
}

static void close_tale(void *context)
{
    struct tale *tale = context;
    tale->stream = NULL;
    atomic_fetch_add(&tale->fixture->closed, 1);
}

static struct duration tick(void *context, struct instant now)
{
    struct fixture *fixture = context;
    int lines = atomic_exchange(&fixture->lines_wanted, 0);
    (void)now;
    atomic_fetch_add(&fixture->ticks, 1);
    for (int i = 0; i < lines; i++) {
        fixture->line++;
        for (size_t j = 0; j < fixture->begun; j++) {
            buf_printf(&fixture->tales[j].text, "line %d\n", fixture->line);
        }
    }
    bool is_flood = atomic_exchange(&fixture->flood_wanted, false);
    for (size_t j = 0; j < fixture->begun; j++) {
        struct tale *tale = &fixture->tales[j];
        if (tale->stream == NULL) {
            continue;
        }
        tale->flood += is_flood ? FLOOD_BYTES : 0;
        tale->must_end = tale->must_end || atomic_load(&fixture->end_wanted);
        if (atomic_load(&fixture->cut_wanted)) {
            http_stream_cut(tale->stream);
        } else if (tale->must_end || tale->flood > 0 || tale->said < tale->text.len) {
            http_stream_wake(tale->stream);
        }
    }
    return MICROSECONDS(-1);
}

static void handle(void *context, struct http_exchange *exchange,
                   const struct http_request *request)
{
    static const struct http_header extra = {STR_INIT("X-Extra"), STR_INIT("yes")};
    struct fixture *fixture = context;
    struct http_response head = {.status = 200,
                                 .content_type = STR("text/event-stream"),
                                 .no_store = true,
                                 .headers = &extra,
                                 .header_count = 1,
                                 .body = STR("plain")};
    if (!str_equal_text(request->path, "/stream")) {
        http_exchange_reply(exchange, &head);
        return;
    }
    assert_true(fixture->begun < STREAMS);
    struct tale *tale = &fixture->tales[fixture->begun++];
    struct http_stream_source source = {tale, read_tale, close_tale};
    tale->fixture = fixture;
    buf_printf(&tale->text, "after=%.*s\n",
               STR_FMT(str_is_set(request->last_event_id) ? request->last_event_id : STR("")));
    tale->stream = http_exchange_stream(exchange, &head, &source);
}

static void refuse(void *context, enum err err, const char *message, struct arena *arena,
                   struct http_response *out)
{
    (void)context;
    (void)message;
    (void)arena;
    *out = (struct http_response){.content_type = STR("text/plain"), .body = STR("no")};
    out->status = err_http_status(err);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct problem problem = {0};
    assert_non_null(fixture);
    fixture->arena = arena_new();
    struct http_server_config config = {
        .address = STR("127.0.0.1"),
        .body_bytes_max = 1024,
        .bulk_body_bytes_max = 1024,
        .connections_max = 100,
        .request_timeout = SECONDS(5),
        .idle_timeout = SECONDS(IDLE_SECONDS),
        .context = fixture,
        .handle = handle,
        .refuse = refuse,
        .tick = tick,
    };
    assert_int_equal(http_server_start(&config, &fixture->server, &problem), OK);
    fixture->port = http_server_port(fixture->server);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    http_server_stop(&fixture->server, SECONDS(2));
    assert_int_equal(atomic_load(&fixture->closed), (int)fixture->begun);
    for (size_t i = 0; i < STREAMS; i++) {
        buf_free(&fixture->tales[i].text);
    }
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static void sleep_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

/* Reads until the text that came ends with `end`; the bytes as they came. */
static struct str read_until(struct fixture *fixture, int fd, const char *end)
{
    struct buf got = {.arena = fixture->arena};
    char byte;
    while (!str_ends(buf_str(&got), str_from(end))) {
        assert_true(peer_readable(fd, PEER_PATIENCE_MS));
        ssize_t len = recv(fd, &byte, 1, 0);
        assert_int_equal(len, 1);
        buf_add_byte(&got, byte);
    }
    return buf_str(&got);
}

static int begin(struct fixture *fixture)
{
    int fd = peer_connect(fixture->port);
    peer_send(fd, STR("GET /stream HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 17\r\n\r\n"));
    struct str head = read_until(fixture, fd, "after=17\n\r\n");
    assert_true(str_starts(head, STR("HTTP/1.1 200 ")));
    assert_true(str_contains(head, STR("\r\nContent-Type: text/event-stream\r\n")));
    assert_true(str_contains(head, STR("\r\nTransfer-Encoding: chunked\r\n")));
    assert_true(str_contains(head, STR("\r\nCache-Control: no-store\r\n")));
    assert_true(str_contains(head, STR("\r\nX-Extra: yes\r\n")));
    return fd;
}

static void say(struct fixture *fixture, int lines)
{
    atomic_fetch_add(&fixture->lines_wanted, lines);
    http_server_wake(fixture->server);
}

static void flood(struct fixture *fixture)
{
    atomic_store(&fixture->flood_wanted, true);
    http_server_wake(fixture->server);
}

static void comes_bit_by_bit(void **state)
{
    struct fixture *fixture = *state;
    int fd = begin(fixture);
    for (int i = 1; i <= 3; i++) {
        assert_false(peer_readable(fd, 20));
        say(fixture, 1);
        read_until(
            fixture, fd,
            arena_cstr(fixture->arena, arena_printf(fixture->arena, "\r\nline %d\n\r\n", i)));
    }
    /* Much at once, in chunks of any size. */
    say(fixture, 20000);
    read_until(fixture, fd, "20003\n\r\n");
    atomic_store(&fixture->end_wanted, true);
    http_server_wake(fixture->server);
    read_until(fixture, fd, "0\r\n\r\n");
    /* The connection goes on. */
    peer_send(fd, STR("GET /plain HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(str_equal_text(peer_read(fd, fixture->arena, false).body, "plain"));
    close(fd);
}

/* A silent stream outlives the time-out of idle connections, and a waiting request is no reason to
 * tick. */
static void sleeps_without_a_time_out(void **state)
{
    struct fixture *fixture = *state;
    int fd = begin(fixture);
    sleep_ms(50);
    int ticks = atomic_load(&fixture->ticks);
    sleep_ms(IDLE_SECONDS * 1000 * 5 / 2);
    assert_int_equal(atomic_load(&fixture->ticks), ticks);
    say(fixture, 1);
    read_until(fixture, fd, "line 1\n\r\n");
    close(fd);
}

static void ends_without_chunks_for_http_1_0(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->port);
    peer_send(fd, STR("GET /stream HTTP/1.0\r\nHost: h\r\n\r\n"));
    struct str head = read_until(fixture, fd, "after=\n");
    assert_false(str_contains(head, STR("chunked")));
    say(fixture, 2);
    read_until(fixture, fd, "line 1\nline 2\n");
    atomic_store(&fixture->end_wanted, true);
    http_server_wake(fixture->server);
    assert_true(peer_is_at_end(fd));
    close(fd);
}

static void wait_closed(struct fixture *fixture, int count)
{
    for (int i = 0; i < 500 && atomic_load(&fixture->closed) < count; i++) {
        sleep_ms(10);
    }
    assert_int_equal(atomic_load(&fixture->closed), count);
}

/* Who left is noticed by what cannot be sent. */
static void the_reader_leaves(void **state)
{
    struct fixture *fixture = *state;
    int left = begin(fixture);
    int stays = begin(fixture);
    peer_reset(left);
    for (int i = 0; i < 100 && atomic_load(&fixture->closed) == 0; i++) {
        say(fixture, 1);
        sleep_ms(10);
    }
    wait_closed(fixture, 1);
    say(fixture, 1);
    read_until(fixture, stays, "line 1\n");
    close(stays);
}

/* A reader that takes nothing of what there is runs into the time-out. */
static void the_reader_is_slow(void **state)
{
    struct fixture *fixture = *state;
    int fd = begin(fixture);
    flood(fixture);
    wait_closed(fixture, 1);
    close(fd);
}

static void is_cut(void **state)
{
    struct fixture *fixture = *state;
    int asleep = begin(fixture);
    int busy = begin(fixture);
    flood(fixture);
    sleep_ms(100);
    atomic_store(&fixture->cut_wanted, true);
    http_server_wake(fixture->server);
    wait_closed(fixture, 2);
    close(asleep);
    close(busy);
}

/* The end of the server waits for none of them, and gives an orderly end to those that sleep. */
static void the_server_ends(void **state)
{
    struct fixture *fixture = *state;
    int fds[3];
    struct timespec began;
    struct timespec ended;
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
        fds[i] = begin(fixture);
    }
    sleep_ms(50);
    clock_gettime(CLOCK_MONOTONIC, &began);
    http_server_quiesce(fixture->server);
    http_server_stop(&fixture->server, SECONDS(5));
    clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_true(ended.tv_sec - began.tv_sec <= 2);
    assert_int_equal(atomic_load(&fixture->closed), 3);
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
        read_until(fixture, fds[i], "0\r\n\r\n");
        close(fds[i]);
    }
}

static void the_server_ends_while_a_reader_is_slow(void **state)
{
    struct fixture *fixture = *state;
    struct timespec began;
    struct timespec ended;
    int fd = begin(fixture);
    flood(fixture);
    sleep_ms(200);
    clock_gettime(CLOCK_MONOTONIC, &began);
    http_server_quiesce(fixture->server);
    http_server_stop(&fixture->server, SECONDS(5));
    clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_true(ended.tv_sec - began.tv_sec <= 2);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_bit_by_bit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sleeps_without_a_time_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_without_chunks_for_http_1_0, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_reader_leaves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_reader_is_slow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_server_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_server_ends_while_a_reader_is_slow, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
