/* The HTTP server has patience, but not for ever, and room, but not for one alone: who is slow, who
 * says nothing, and too many. The waits here are the time limits under test. */
#include "base/buf.h"
#include "lib/echo_server.h"
#include "lib/socket_peer.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct echo_server echo;
    struct arena *arena;
};

enum { BIG_BYTES = 32 * 1024 * 1024 };

/* /big answers more than the system takes off our hands. */
static bool route_big(const struct http_request *request, struct arena *arena,
                      struct http_response *out)
{
    bool is_big = str_equal_text(request->path, "/big");
    if (is_big) {
        char *bytes = arena_alloc(arena, BIG_BYTES);
        *out = (struct http_response){
            .status = 200, .content_type = STR("text/plain"), .body = {bytes, BIG_BYTES}};
    }
    return is_big;
}

static int set_up_with(void **state, const struct http_server_config *config)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    fixture->echo.route = route_big;
    echo_start(&fixture->echo, config);
    *state = fixture;
    return 0;
}

static int set_up_hasty(void **state)
{
    return set_up_with(state, &(struct http_server_config){.request_timeout = MILLISECONDS(300),
                                                           .idle_timeout = SECONDS(1)});
}

static int set_up_narrow(void **state)
{
    return set_up_with(state, &(struct http_server_config){.connections_per_address_max = 3});
}

static int set_up_full(void **state)
{
    return set_up_with(state, &(struct http_server_config){.connections_max = 2});
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    echo_release(&fixture->echo);
    echo_stop(&fixture->echo, SECONDS(2));
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static void begun_request_has_a_deadline(void **state)
{
    struct fixture *fixture = *state;
    static const char *const beginnings[] = {
        "G",
        "GET /echo HTTP/1.1\r\n",
        "GET /echo HTTP/1.1\r\nHost: h\r\nX: ",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc",
        "POST /hold HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
    };
    int fds[ARRAY_LENGTH(beginnings)];
    for (size_t i = 0; i < ARRAY_LENGTH(beginnings); i++) {
        fds[i] = peer_connect(fixture->echo.port);
        peer_send(fds[i], str_from(beginnings[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(beginnings); i++) {
        struct peer_answer answer = peer_read(fds[i], fixture->arena, false);
        assert_int_equal(answer.status, 408);
        assert_true(peer_is_json(answer));
        assert_true(peer_is_at_end(fds[i]));
        close(fds[i]);
    }
}

/* A byte now and then resets no deadline, neither on a new connection nor on one that was used. */
static void trickle_is_cut_off(void **state)
{
    struct fixture *fixture = *state;
    for (int used = 0; used < 2; used++) {
        int fd = peer_connect(fixture->echo.port);
        if (used) {
            peer_send(fd, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
            assert_int_equal(peer_read(fd, fixture->arena, false).status, 200);
        }
        int bytes = 0;
        peer_send(fd, STR("GET /"));
        while (bytes < 40 && !peer_readable(fd, 25) && peer_try_send(fd, STR("x"))) {
            bytes++;
        }
        assert_in_range(bytes, 1, 39);
        assert_int_equal(peer_read(fd, fixture->arena, false).status, 408);
        close(fd);
    }
}

/* Sends a body of `total` bytes, so many every 50 ms; true where all of it was taken. */
static bool send_slowly(int fd, struct str body, size_t step)
{
    for (size_t at = 0; at < body.len; at += step) {
        bool is_sent = peer_try_send(fd, str_slice(body, at, at + step));
        if (!is_sent || (at + step < body.len && peer_readable(fd, 50))) {
            return false;
        }
    }
    return true;
}

/* A large body has longer than a small one, as long as it goes on: 300 ms are for 10 kB here. */
static void body_has_a_least_rate(void **state)
{
    struct fixture *fixture = *state;
    static const size_t steps[] = {8000, 500};
    static const int statuses[] = {200, 408};
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        int fd = peer_connect(fixture->echo.port);
        peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 160000\r\n\r\n"));
        bool is_taken = send_slowly(fd, peer_zeros(fixture->arena, 160000), steps[i]);
        assert_int_equal(is_taken, statuses[i] == 200);
        assert_int_equal(peer_read(fd, fixture->arena, false).status, statuses[i]);
        close(fd);
    }
}

static void idle_connections(void **state)
{
    struct fixture *fixture = *state;
    int fresh = peer_connect(fixture->echo.port);
    int used = peer_connect(fixture->echo.port);
    int waiting = peer_connect(fixture->echo.port);
    peer_send(waiting, STR("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    echo_wait_held(&fixture->echo, 1);
    peer_send(used, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(peer_read(used, fixture->arena, false).status, 200);

    /* Longer than a request may take is no time for a connection at rest. */
    assert_false(peer_readable(used, 600));
    peer_send(used, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(peer_read(used, fixture->arena, false).status, 200);

    assert_true(peer_is_at_end(fresh));
    assert_true(peer_is_at_end(used));
    /* Who waits for us is not idle. */
    echo_release(&fixture->echo);
    assert_int_equal(peer_read(waiting, fixture->arena, false).status, 200);
    close(fresh);
    close(used);
    close(waiting);
}

/* Who takes nothing of an answer gets no more time by saying something meanwhile. */
static void silent_reader_that_writes(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    int bytes = 0;
    peer_send(fd, STR("GET /big HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(peer_readable(fd, PEER_PATIENCE_MS));
    while (bytes < 40 && peer_try_send(fd, STR("x"))) {
        bytes++;
        poll(NULL, 0, 100);
    }
    assert_in_range(bytes, 1, 39);
    close(fd);
}

/* Reads up to `most` bytes as they come, `step` of them every 100 ms. */
static size_t read_slowly(int fd, size_t most, size_t step)
{
    char bytes[65536];
    size_t got = 0;
    ssize_t len = 1;
    while (got < most && len > 0 && peer_readable(fd, PEER_PATIENCE_MS)) {
        len = recv(fd, bytes, step, 0);
        got += len > 0 ? (size_t)len : 0;
        poll(NULL, 0, 100);
    }
    return got;
}

/* Somebody far away takes longer than the time-out for what the system holds; but not for ever. */
static void slow_reader_gets_all(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    peer_send(fd, STR("GET /big HTTP/1.1\r\nHost: h\r\n\r\n"));
    size_t got = read_slowly(fd, 30 * 65536, 65536); /* For 3 s. */
    char bytes[65536];
    for (ssize_t len = 1; len > 0; got += len > 0 ? (size_t)len : 0) {
        len = peer_readable(fd, 500) ? recv(fd, bytes, sizeof bytes, 0) : 0;
    }
    assert_true(got > BIG_BYTES);
    close(fd);
}

static void reader_of_few_bytes_is_cut_off(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    peer_send(fd, STR("GET /big HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(read_slowly(fd, 30 * 50, 50) == 1500); /* What came in before can be read. */
    char bytes[65536];
    size_t got = 1500;
    for (ssize_t len = 1; len > 0; got += len > 0 ? (size_t)len : 0) {
        len = peer_readable(fd, 500) ? recv(fd, bytes, sizeof bytes, 0) : 0;
    }
    assert_true(got < BIG_BYTES);
    close(fd);
}

/* Whoever is told goodbye and does not go holds a descriptor for a moment; not many of them. */
static void lingering_connections_per_address(void **state)
{
    struct fixture *fixture = *state;
    int fds[8];
    size_t open = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
        fds[i] = peer_connect(fixture->echo.port);
        peer_send(fds[i], STR("GET /echo HTTP/1.0\r\n\r\n"));
        assert_int_equal(peer_read(fds[i], fixture->arena, false).status, 200);
        assert_true(peer_is_at_end(fds[i]));
    }
    /* One that is closed answers with a reset, which the second write hears of. */
    for (int round = 0; round < 2; round++) {
        open = 0;
        for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
            open += peer_try_send(fds[i], STR("x"));
        }
        poll(NULL, 0, 50);
    }
    assert_int_equal(open, 3);
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
        close(fds[i]);
    }
}

static void connections_per_address(void **state)
{
    struct fixture *fixture = *state;
    int fds[3];
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
        fds[i] = peer_connect(fixture->echo.port);
        peer_send(fds[i], STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_int_equal(peer_read(fds[i], fixture->arena, false).status, 200);
    }
    for (int attempt = 0; attempt < 5; attempt++) {
        int refused = peer_connect(fixture->echo.port);
        struct peer_answer answer = peer_read(refused, fixture->arena, false);
        assert_int_equal(answer.status, 503);
        assert_true(peer_is_json(answer));
        assert_true(peer_is_at_end(refused));
        close(refused);
    }
    /* HTTP/1.0 ends its connection, so that its place is free again once the end is seen. */
    peer_send(fds[0], STR("GET /echo HTTP/1.0\r\n\r\n"));
    assert_int_equal(peer_read(fds[0], fixture->arena, false).status, 200);
    assert_true(peer_is_at_end(fds[0]));
    close(fds[0]);
    int again = peer_connect(fixture->echo.port);
    peer_send(again, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(peer_read(again, fixture->arena, false).status, 200);
    close(again);
    close(fds[1]);
    close(fds[2]);
}

/* In all: who comes too late waits in the system's queue until there is room. */
static void connections_in_all(void **state)
{
    struct fixture *fixture = *state;
    int first = peer_connect(fixture->echo.port);
    int second = peer_connect(fixture->echo.port);
    peer_send(first, STR("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    peer_send(second, STR("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    echo_wait_held(&fixture->echo, 2);
    int third = peer_connect(fixture->echo.port);
    peer_send(third, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_false(peer_readable(third, 50));
    echo_release(&fixture->echo);
    assert_int_equal(peer_read(first, fixture->arena, false).status, 200);
    close(first);
    assert_int_equal(peer_read(third, fixture->arena, false).status, 200);
    close(second);
    close(third);
}

/* Who says nothing keeps nobody out: the one that did so for longest goes. */
static void idle_connections_make_room(void **state)
{
    struct fixture *fixture = *state;
    int fds[3];
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
        fds[i] = peer_connect(fixture->echo.port);
        peer_send(fds[i], STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_int_equal(peer_read(fds[i], fixture->arena, false).status, 200);
    }
    assert_true(peer_is_at_end(fds[0]));
    assert_false(peer_readable(fds[1], 50));
    assert_false(peer_readable(fds[2], 0));
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(begun_request_has_a_deadline, set_up_hasty, tear_down),
        cmocka_unit_test_setup_teardown(trickle_is_cut_off, set_up_hasty, tear_down),
        cmocka_unit_test_setup_teardown(body_has_a_least_rate, set_up_hasty, tear_down),
        cmocka_unit_test_setup_teardown(idle_connections, set_up_hasty, tear_down),
        cmocka_unit_test_setup_teardown(silent_reader_that_writes, set_up_hasty, tear_down),
        cmocka_unit_test_setup_teardown(slow_reader_gets_all, set_up_hasty, tear_down),
        cmocka_unit_test_setup_teardown(reader_of_few_bytes_is_cut_off, set_up_hasty, tear_down),
        cmocka_unit_test_setup_teardown(lingering_connections_per_address, set_up_narrow,
                                        tear_down),
        cmocka_unit_test_setup_teardown(connections_per_address, set_up_narrow, tear_down),
        cmocka_unit_test_setup_teardown(idle_connections_make_room, set_up_full, tear_down),
        cmocka_unit_test_setup_teardown(connections_in_all, set_up_full, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
