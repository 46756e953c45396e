/* The HTTP server behaves: requests, replies at once and from other threads, keep-alive, pipelines,
 * and its end. */
#include "base/buf.h"
#include "lib/echo_server.h"
#include "lib/socket_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct echo_server echo;
    struct arena *arena;
};

static bool route(const struct http_request *request, struct arena *arena,
                  struct http_response *out)
{
    static const struct http_header extra[] = {
        {STR_INIT("ETag"), STR_INIT("\"abc\"")},
        {STR_INIT("X-Broken"), STR_INIT("a\r\nInjected: yes")},
    };
    (void)arena;
    if (str_equal_text(request->path, "/decorated")) {
        *out = (struct http_response){.status = 405,
                                      .content_type = STR("application/json"),
                                      .body = STR("{}"),
                                      .allow = STR("GET, HEAD"),
                                      .location = STR("/elsewhere"),
                                      .request_id = STR("req-1"),
                                      .retry_after_seconds = 7,
                                      .no_store = true,
                                      .headers = extra,
                                      .header_count = ARRAY_LENGTH(extra)};
        return true;
    }
    if (str_equal_text(request->path, "/nothing")) {
        *out = (struct http_response){.status = 204};
        return true;
    }
    if (str_equal_text(request->path, "/known")) {
        *out = (struct http_response){.status = 304, .body = STR("not sent")};
        return true;
    }
    return false;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    fixture->echo.route = route;
    echo_start(&fixture->echo, &(struct http_server_config){0});
    *state = fixture;
    return 0;
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

static struct peer_answer ask(struct fixture *fixture, int fd, struct str request)
{
    peer_send(fd, request);
    return peer_read(fd, fixture->arena, false);
}

static void request_reaches_handler(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    struct peer_answer answer =
        ask(fixture, fd,
            STR("POST /echo/a%2Fb?x=1&y=%20 HTTP/1.1\r\nHost: h\r\nauthorization: Bearer k\r\n"
                "Content-Type: application/json\r\nIdempotency-Key: i1\r\nIf-None-Match: \"e\"\r\n"
                "Accept: text/html\r\nAccept: ignored\r\nCookie: s=1; t=2\r\nContent-Length: "
                "5\r\n\r\nhello"));
    assert_int_equal(answer.status, 200);
    assert_true(str_equal_text(
        answer.body, "POST /echo/a%2Fb\nquery=x=1&y=%20\nauthorization=Bearer k\n"
                     "content-type=application/json\nidempotency-key=i1\nif-none-match=\"e\"\n"
                     "accept=text/html\ncookie=s=1; t=2\npeer=127.0.0.1\nbody=5:hello"));
    assert_true(str_equal_text(peer_header(answer.head, "Content-Type"), "text/plain"));

    /* The same connection goes on, and nothing of the request before is left over. */
    answer = ask(fixture, fd, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(str_equal_text(answer.body, "GET /echo\nquery=\npeer=127.0.0.1\nbody=0:"));
    close(fd);
}

static void extension_headers_are_kept(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    struct peer_answer answer =
        ask(fixture, fd,
            STR("GET /echo HTTP/1.1\r\nHost: h\r\nX-Twilio-Signature: AbC=\r\nXy: no\r\n"
                "x-plivo-SIGNATURE-V3: a,b\r\nX-Empty:\r\n\r\n"));
    assert_true(str_equal_text(answer.body, "GET /echo\nquery=\nx-twilio-signature=AbC=\n"
                                            "x-plivo-signature-v3=a,b\nx-empty=\n"
                                            "peer=127.0.0.1\nbody=0:"));
    struct buf request = {.arena = fixture->arena};
    buf_add_text(&request, "GET /echo HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 40; i++) {
        buf_printf(&request, "X-Many-%d: v\r\n", i);
    }
    buf_add_text(&request, "\r\n");
    answer = ask(fixture, fd, buf_str(&request));
    assert_true(str_contains(answer.body, STR("x-many-31=v\n")));
    assert_false(str_contains(answer.body, STR("x-many-32")));
    answer = ask(fixture, fd, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(str_equal_text(answer.body, "GET /echo\nquery=\npeer=127.0.0.1\nbody=0:"));
    close(fd);
}

static void methods_and_targets(void **state)
{
    struct fixture *fixture = *state;
    static const char *const cases[][2] = {
        {"PUT /echo", "PUT /echo\n"},
        {"PATCH /echo", "PATCH /echo\n"},
        {"DELETE /echo", "DELETE /echo\n"},
        {"OPTIONS *", "OPTIONS *\n"},
        {"PROPFIND /echo", "OTHER /echo\n"},
        {"get /echo", "OTHER /echo\n"},
        {"GET http://h/echo?q", "GET /echo\nquery=q\n"},
        {"GET HTTPS://h:1", "GET /\n"},
        {"GET http://[::1]:80?q", "GET /\nquery=q\n"},
        {"GET /%zz?%", "GET /%zz\nquery=%\n"},
    };
    int fd = peer_connect(fixture->echo.port);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct peer_answer answer =
            ask(fixture, fd,
                arena_printf(fixture->arena, "%s HTTP/1.1\r\nHost: h\r\n\r\n", cases[i][0]));
        assert_int_equal(answer.status, 200);
        assert_true(str_starts(answer.body, str_from(cases[i][1])));
    }
    close(fd);
}

static void response_headers(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    struct peer_answer answer = ask(fixture, fd, STR("GET /decorated HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(answer.status, 405);
    assert_true(str_equal_text(answer.body, "{}"));
    static const char *const expected[][2] = {
        {"Content-Type", "application/json"},
        {"Allow", "GET, HEAD"},
        {"Location", "/elsewhere"},
        {"X-Request-Id", "req-1"},
        {"Retry-After", "7"},
        {"Cache-Control", "no-store"},
        {"ETag", "\"abc\""},
        {"Content-Length", "2"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        assert_true(str_equal_text(peer_header(answer.head, expected[i][0]), expected[i][1]));
    }
    assert_false(str_is_set(peer_header(answer.head, "Injected")));
    assert_int_equal(ask(fixture, fd, STR("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")).status, 204);
    /* A length of 304 would be told to caches as that of what they have. */
    answer = ask(fixture, fd, STR("GET /known HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(answer.status, 304);
    assert_false(str_is_set(peer_header(answer.head, "Content-Length")));
    close(fd);
}

static void head_has_no_body(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    peer_send(fd,
              STR("HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\nHEAD /later HTTP/1.1\r\nHost: h\r\n\r\n"));
    struct peer_answer answer = peer_read(fd, fixture->arena, true);
    assert_int_equal(answer.status, 200);
    assert_true(str_equal_text(peer_header(answer.head, "Content-Length"), "40"));
    answer = peer_read(fd, fixture->arena, true);
    assert_int_equal(answer.status, 200);
    assert_true(str_equal_text(peer_header(answer.head, "Content-Length"), "10"));
    answer = ask(fixture, fd, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(str_starts(answer.body, STR("GET /echo\n")));
    close(fd);
}

static void pipelines_keep_their_order(void **state)
{
    struct fixture *fixture = *state;
    struct buf requests = {.arena = fixture->arena};
    enum { COUNT = 300 };
    for (int i = 0; i < COUNT; i++) {
        const char *path = i % 3 == 0 ? "/later" : "/echo";
        buf_printf(&requests, "POST %s?%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
                   path, i);
    }
    int fd = peer_connect(fixture->echo.port);
    peer_send(fd, buf_str(&requests));
    for (int i = 0; i < COUNT; i++) {
        struct peer_answer answer = peer_read(fd, fixture->arena, false);
        struct str expected = i % 3 == 0 ? STR("in a while")
                                         : arena_printf(fixture->arena,
                                                        "POST /echo\nquery=%d\n"
                                                        "peer=127.0.0.1\nbody=3:abc",
                                                        i);
        assert_int_equal(answer.status, 200);
        assert_true(str_equal(answer.body, expected));
    }
    close(fd);
}

static void bodies_in_pieces(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    peer_send(
        fd,
        STR("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
    peer_send(fd, STR("4;x=y\r\ndefg\r"));
    peer_send(fd, STR("\n0\r\nTrailer: t\r\n\r\n"));
    struct peer_answer answer = peer_read(fd, fixture->arena, false);
    assert_true(str_ends(answer.body, STR("body=7:abcdefg")));

    peer_send(
        fd,
        STR("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"));
    struct str interim = peer_read_head(fd, fixture->arena);
    assert_true(str_starts(interim, STR("HTTP/1.1 100 ")));
    answer = ask(fixture, fd, STR("wxyz"));
    assert_true(str_ends(answer.body, STR("body=4:wxyz")));
    close(fd);
}

/* Wherever the network cuts what is sent, the answers are the same. */
static void cuts_do_not_matter(void **state)
{
    struct fixture *fixture = *state;
    static const size_t pieces[] = {1, 2, 3, 7, 16, 61, 400};
    struct str text =
        STR("\r\nPOST /echo?a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nwxyz\r\n"
            "POST /echo?b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\nA ;x\r\n0123456789\r\n0\r\nT: t\r\n\r\n"
            "HEAD /echo?c HTTP/1.1\r\nhost:h\r\nX-A: \t b \r\n\r\n"
            "GET /later HTTP/1.1\r\nHost: h\r\nConnection: x, close\r\n\r\n");
    for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
        int fd = peer_connect(fixture->echo.port);
        for (size_t at = 0; at < text.len; at += pieces[i]) {
            peer_send(fd, str_slice(text, at, at + pieces[i]));
        }
        assert_true(str_equal_text(peer_read(fd, fixture->arena, false).body,
                                   "POST /echo\nquery=a\npeer=127.0.0.1\nbody=4:wxyz"));
        assert_true(str_equal_text(peer_read(fd, fixture->arena, false).body,
                                   "POST /echo\nquery=b\npeer=127.0.0.1\nbody=13:abc0123456789"));
        assert_int_equal(peer_read(fd, fixture->arena, true).status, 200);
        struct peer_answer last = peer_read(fd, fixture->arena, false);
        assert_true(str_equal_text(last.body, "in a while"));
        assert_true(str_equal_text(peer_header(last.head, "Connection"), "close"));
        assert_true(peer_is_at_end(fd));
        close(fd);
    }
}

static void half_closed_client_is_answered(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    peer_send(fd,
              STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\nGET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(peer_read(fd, fixture->arena, false).status, 200);
    assert_true(str_equal_text(peer_read(fd, fixture->arena, false).body, "in a while"));
    assert_true(peer_is_at_end(fd));
    close(fd);
}

static void replies_from_another_thread(void **state)
{
    struct fixture *fixture = *state;
    enum { CONNECTIONS = 100, ROUNDS = 10 };
    int fds[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = peer_connect(fixture->echo.port);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CONNECTIONS; i++) {
            peer_send(fds[i], STR("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            struct peer_answer answer = peer_read(fds[i], fixture->arena, false);
            assert_int_equal(answer.status, 200);
            assert_true(str_equal_text(answer.body, "in a while"));
        }
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        close(fds[i]);
    }
}

static void held_exchange_waits_without_a_thread(void **state)
{
    struct fixture *fixture = *state;
    int waiting = peer_connect(fixture->echo.port);
    int other = peer_connect(fixture->echo.port);
    peer_send(waiting, STR("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    echo_wait_held(&fixture->echo, 1);
    assert_int_equal(ask(fixture, other, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")).status, 200);
    assert_false(peer_readable(waiting, 0));
    echo_release(&fixture->echo);
    assert_int_equal(peer_read(waiting, fixture->arena, false).status, 200);
    close(waiting);
    close(other);
}

static void client_that_left(void **state)
{
    struct fixture *fixture = *state;
    int gone = peer_connect(fixture->echo.port);
    int reset = peer_connect(fixture->echo.port);
    peer_send(gone, STR("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    peer_send(reset, STR("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    echo_wait_held(&fixture->echo, 2);
    close(gone);
    peer_reset(reset);
    echo_release(&fixture->echo);
    int fd = peer_connect(fixture->echo.port);
    assert_int_equal(ask(fixture, fd, STR("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")).status, 200);
    close(fd);
}

static void http_1_0_ends_the_connection(void **state)
{
    struct fixture *fixture = *state;
    int fd = peer_connect(fixture->echo.port);
    assert_int_equal(ask(fixture, fd, STR("GET /echo HTTP/1.0\r\n\r\n")).status, 200);
    assert_true(peer_is_at_end(fd));
    close(fd);

    /* But where it asks for more. */
    fd = peer_connect(fixture->echo.port);
    struct str asking = STR("GET /echo HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    struct peer_answer answer = ask(fixture, fd, asking);
    assert_true(str_equal_text(peer_header(answer.head, "Connection"), "Keep-Alive"));
    assert_int_equal(ask(fixture, fd, asking).status, 200);
    close(fd);
}

static void quiesce_lets_requests_finish(void **state)
{
    struct fixture *fixture = *state;
    int waiting = peer_connect(fixture->echo.port);
    peer_send(waiting, STR("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    echo_wait_held(&fixture->echo, 1);
    http_server_quiesce(fixture->echo.server);
    http_server_quiesce(fixture->echo.server);
    assert_false(peer_can_connect(fixture->echo.port));
    echo_release(&fixture->echo);
    struct peer_answer answer = peer_read(waiting, fixture->arena, false);
    assert_int_equal(answer.status, 200);
    assert_true(str_equal_nocase(peer_header(answer.head, "Connection"), STR("close")));
    assert_true(peer_is_at_end(waiting));
    close(waiting);
}

struct release {
    struct echo_server *echo;
    int fd;
    struct arena *arena;
    struct peer_answer answer;
};

/* Waits for the listener to close, which is the sign that the stop has begun. */
static void *release_during_stop(void *context)
{
    struct release *release = context;
    while (peer_can_connect(release->echo->port)) {
    }
    echo_release(release->echo);
    release->answer = peer_read(release->fd, release->arena, false);
    return NULL;
}

static void stop_waits_for_what_is_under_way(void **state)
{
    struct fixture *fixture = *state;
    int idle = peer_connect(fixture->echo.port);
    int fd = peer_connect(fixture->echo.port);
    peer_send(fd, STR("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    echo_wait_held(&fixture->echo, 1);
    struct release release = {.echo = &fixture->echo, .fd = fd, .arena = fixture->arena};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, release_during_stop, &release), 0);
    http_server_stop(&fixture->echo.server, SECONDS(5));
    pthread_join(thread, NULL);
    assert_int_equal(release.answer.status, 200);
    assert_true(peer_is_at_end(idle));
    close(idle);
    close(fd);
}

static void stop_with_exchanges_open(void **state)
{
    struct fixture *fixture = *state;
    enum { COUNT = 20 };
    int fds[COUNT];
    for (int i = 0; i < COUNT; i++) {
        fds[i] = peer_connect(fixture->echo.port);
        peer_send(fds[i], STR("POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"));
    }
    echo_wait_held(&fixture->echo, COUNT);
    http_server_stop(&fixture->echo.server, MILLISECONDS(50));
    assert_null(fixture->echo.server);
    for (int i = 0; i < COUNT; i++) {
        assert_true(peer_is_at_end(fds[i]));
        close(fds[i]);
    }
    /* The replies are still owed, and find the server gone: tear_down gives them. */
}

static void address_in_use(void **state)
{
    struct fixture *fixture = *state;
    struct http_server *second = NULL;
    struct problem problem = {0};
    struct http_server_config config = {.address = STR("127.0.0.1"),
                                        .port = fixture->echo.port,
                                        .body_bytes_max = 1,
                                        .connections_max = 1,
                                        .request_timeout = SECONDS(1),
                                        .idle_timeout = SECONDS(1)};
    /* Never called: the start fails before. */
    config.handle = (void (*)(void *, struct http_exchange *, const struct http_request *))abort;
    config.refuse =
        (void (*)(void *, enum err, const char *, struct arena *, struct http_response *))abort;
    assert_int_equal(http_server_start(&config, &second, &problem), E_NETWORK);
    assert_non_null(strstr(problem.message, "in use"));
    config.address = STR("not an address");
    assert_int_equal(http_server_start(&config, &second, &problem), E_NETWORK);
    assert_null(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(request_reaches_handler, set_up, tear_down),
        cmocka_unit_test_setup_teardown(extension_headers_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(methods_and_targets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(response_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(head_has_no_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pipelines_keep_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bodies_in_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cuts_do_not_matter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_closed_client_is_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replies_from_another_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(held_exchange_waits_without_a_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(client_that_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(http_1_0_ends_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quiesce_lets_requests_finish, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_waits_for_what_is_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_with_exchanges_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(address_in_use, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
