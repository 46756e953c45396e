/* The HTTP server defends itself: big and ambiguous. */
#include "base/buf.h"
#include "lib/echo_server.h"
#include "lib/socket_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct echo_server echo;
    struct arena *arena;
};

static int set_up_with(void **state, const struct http_server_config *config)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    echo_start(&fixture->echo, config);
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, &(struct http_server_config){.body_bytes_max = 1000,
                                                           .bulk_body_bytes_max = 5000,
                                                           .connections_per_address_max = 50});
}

static int set_up_crowded(void **state)
{
    return set_up_with(
        state, &(struct http_server_config){.body_bytes_max = 1000000, .bodies_bytes_max = 300000});
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

static void body_limit_by_length(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *path;
        int len;
        int status;
    } cases[] = {{"/echo", 1000, 200}, {"/echo", 1001, 413}, {"/echo", 3000000, 413},
                 {"/bulk", 1001, 200}, {"/bulk", 5000, 200}, {"/bulk", 5001, 413}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int fd = peer_connect(fixture->echo.port);
        peer_send(fd, arena_printf(fixture->arena,
                                   "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n",
                                   cases[i].path, cases[i].len));
        peer_send(fd, peer_zeros(fixture->arena, (size_t)cases[i].len));
        struct peer_answer answer = peer_read(fd, fixture->arena, false);
        assert_int_equal(answer.status, cases[i].status);
        if (answer.status == 413) {
            assert_true(peer_is_json(answer));
            assert_true(peer_is_at_end(fd));
        }
        close(fd);
    }
}

static void body_refused_before_it_is_sent(void **state)
{
    struct fixture *fixture = *state;
    static const char *const requests[] = {
        "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
        int fd = peer_connect(fixture->echo.port);
        peer_send(fd, str_from(requests[i]));
        struct peer_answer answer = peer_read(fd, fixture->arena, false);
        assert_int_equal(answer.status, 413);
        assert_true(peer_is_json(answer));
        assert_true(peer_is_at_end(fd));
        close(fd);
    }
}

static void body_limit_of_chunks(void **state)
{
    struct fixture *fixture = *state;
    static const int counts[] = {2, 3};
    static const int statuses[] = {200, 413};
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        int fd = peer_connect(fixture->echo.port);
        peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
        for (int chunk = 0; chunk < counts[i]; chunk++) {
            peer_send(fd, arena_printf(fixture->arena, "1f4\r\n%.*s\r\n",
                                       STR_FMT(peer_zeros(fixture->arena, 500))));
        }
        peer_send(fd, STR("0\r\n\r\n"));
        assert_int_equal(peer_read(fd, fixture->arena, false).status, statuses[i]);
        close(fd);
    }
}

/* An endless body is cut off, and the reason is on the wire before the end. */
static int send_body(struct fixture *fixture, const char *path, int len)
{
    int fd = peer_connect(fixture->echo.port);
    peer_send(fd,
              arena_printf(fixture->arena,
                           "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", path, len));
    peer_send(fd, peer_zeros(fixture->arena, (size_t)len));
    return fd;
}

/* Nobody fills the memory with bodies; small ones are taken all the same. */
static void body_limit_of_all_together(void **state)
{
    struct fixture *fixture = *state;
    static const int lens[] = {100000, 60000, 100000};
    static const int statuses[] = {503, 200, 200};
    int held = send_body(fixture, "/hold", 280000);
    echo_wait_held(&fixture->echo, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(lens); i++) {
        if (i == 2) {
            echo_release(&fixture->echo);
            assert_int_equal(peer_read(held, fixture->arena, false).status, 200);
        }
        int fd = send_body(fixture, "/echo", lens[i]);
        struct peer_answer answer = peer_read(fd, fixture->arena, false);
        assert_int_equal(answer.status, statuses[i]);
        assert_true(answer.status == 200 || (peer_is_json(answer) && peer_is_at_end(fd)));
        close(fd);
    }
    close(held);
}

static void endless_chunks(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    struct str mebibyte = peer_zeros(fixture->arena, 1024 * 1024);
    peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    int sent = 0;
    while (sent < 200 && peer_try_send(fd, STR("100000\r\n")) && peer_try_send(fd, mebibyte) &&
           peer_try_send(fd, STR("\r\n"))) {
        sent++;
    }
    assert_in_range(sent, 31, 60);
    close(fd);
}

static void header_limit(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        size_t len;
        int status;
    } cases[] = {{7000, 200}, {8100, 200}, {8200, 431}, {15000, 431}, {60000, 431}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int fd = peer_connect(fixture->echo.port);
        struct str request =
            arena_printf(fixture->arena, "GET /echo HTTP/1.1\r\nHost: h\r\nX: %.*s\r\n\r\n",
                         STR_FMT(peer_zeros(fixture->arena, cases[i].len)));
        (void)peer_try_send(fd, request);
        struct peer_answer answer = peer_read(fd, fixture->arena, false);
        assert_int_equal(answer.status, cases[i].status);
        assert_int_equal(peer_is_json(answer), answer.status == 431);
        close(fd);
    }
}

struct bad_request {
    const char *text;
    int status;
};

static const struct bad_request bad_requests[] = {
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: "
     "3\r\n\r\n0\r\n\r\n",
     400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", 400},
    /* Lines that end with LF alone are the end of one for some and not for others. */
    {"GET /echo HTTP/1.1\nHost: h\n\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: h\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: h\r\n\n", 400},
    {"GET /echo HTTP/1.1\nHost: h\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: h\r\nX: a\nContent-Length: 3\r\n\r\n", 400},
    {"\nGET /echo HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    /* RFC 9112 3.2: the Host must be one. */
    {"GET /echo HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: user@a\r\n\r\n", 400},
    {"GET http:///echo HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET http://user@h/echo HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET http://?q HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n",
     400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc", 400},
    {"GET /echo HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"GET /echo HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: h\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: h\r\nX\x01Y: a\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: h\r\nX: a\x02"
     "b\r\n\r\n",
     400},
    {"GET /echo HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
    {"GET echo HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /e\x7f HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /echo#f HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"G(T /echo HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\n\r\n", 400},
    {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0x10\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413},
    {"GET /echo HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400},
    {"GET /echo HTTP/2.0\r\nHost: h\r\n\r\n", 505},
    {"GET /echo HTTP/one\r\nHost: h\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
    {"nonsense\r\n\r\n", 400},
    {"GET /echo\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n", 400},
    {"GET /echo HTTP/1.1\r\n Host: h\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", 400},
    {"POST /echo HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1000000000000000\r\n",
     400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a\nb\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r;a\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3 5\r\nabc\r\n0\r\n\r\n",
     400},
};

/* Each is answered once, and its connection ends: nothing behind it is taken for a request.
 */
static void bad_requests_end_the_connection(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad_requests); i++) {
        const struct bad_request *bad = &bad_requests[i];
        int fd = peer_connect(fixture->echo.port);
        peer_send(fd, str_from(bad->text));
        (void)peer_try_send(fd, STR("GET /echo HTTP/1.1\r\nHost: smuggled\r\n\r\n"));
        struct peer_answer answer = peer_read(fd, fixture->arena, false);
        if (answer.status != bad->status || !peer_is_json(answer) || !peer_is_at_end(fd)) {
            print_error("%s -> %d %.*s\n", bad->text, answer.status, STR_FMT(answer.body));
            fail();
        }
        close(fd);
    }
}

/* "close" ends the connection wherever it stands (RFC 9112 9.3). */
static void close_beats_keep_alive(void **state)
{
    struct fixture *fixture = *state;
    static const char *const lines[] = {
        "Connection: close",
        "connection:CLOSE",
        "Connection: close, keep-alive",
        "Connection: keep-alive, close",
        "Connection: x,\tclose ,y",
        "Connection: close\r\nConnection: keep-alive",
        "Connection: keep-alive\r\nConnection: close",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        for (int minor = 0; minor < 2; minor++) {
            int fd = peer_connect(fixture->echo.port);
            peer_send(fd,
                      arena_printf(fixture->arena, "GET /echo HTTP/1.%d\r\nHost: h\r\n%s\r\n\r\n",
                                   minor, lines[i]));
            struct peer_answer answer = peer_read(fd, fixture->arena, false);
            assert_int_equal(answer.status, 200);
            assert_true(str_equal_text(peer_header(answer.head, "Connection"), "close"));
            assert_true(peer_is_at_end(fd));
            close(fd);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(body_limit_by_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(body_refused_before_it_is_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(body_limit_of_chunks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(body_limit_of_all_together, set_up_crowded, tear_down),
        cmocka_unit_test_setup_teardown(endless_chunks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(header_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_requests_end_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(close_beats_keep_alive, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
