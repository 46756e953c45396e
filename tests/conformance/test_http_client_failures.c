/* The HTTP client when things go wrong: what was refused, what never left, and what may have
 * arrived. */
#include "lib/echo_server.h"
#include "lib/socket_peer.h"
#include "lib/wire_sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct echo_server echo;
    struct wire_sender sender;
    struct arena *arena;
};

static int set_up_with(void **state, const struct http_client_config *config)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    echo_start(&fixture->echo, &(struct http_server_config){0});
    wire_sender_start(&fixture->sender, config);
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, &(struct http_client_config){.allow_private = true});
}

static int set_up_guarded(void **state)
{
    return set_up_with(state, &(struct http_client_config){.allow_private = false});
}

static int set_up_narrow(void **state)
{
    return set_up_with(state,
                       &(struct http_client_config){.allow_private = true, .per_host_max = 1});
}

enum { STAMP = 7 };

static int64_t stamp(void *context)
{
    (void)context;
    return STAMP;
}

static bool may_not(void *context, int64_t stamped)
{
    (void)context;
    assert_int_equal(stamped, STAMP);
    return false;
}

static int set_up_held_back(void **state)
{
    return set_up_with(state, &(struct http_client_config){
                                  .allow_private = true, .stamp = stamp, .may_send = may_not});
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    wire_sender_stop(&fixture->sender);
    for (size_t i = 0; i < fixture->sender.sent; i++) {
        assert_int_equal(fixture->sender.done[i], 1);
    }
    wire_sender_free(&fixture->sender);
    echo_release(&fixture->echo);
    echo_stop(&fixture->echo, SECONDS(2));
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static struct str url_of(struct fixture *fixture, const char *path)
{
    return arena_printf(fixture->arena, "http://127.0.0.1:%d%s", fixture->echo.port, path);
}

static struct wire_request get(struct fixture *fixture, const char *path)
{
    return wire_get(url_of(fixture, path));
}

static void header_add(struct wire_request *request, struct str name, struct str value)
{
    request->http.headers[request->http.header_count++] = (struct http_header){name, value};
}

static void bad_requests_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const urls[] = {
        "",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://",
        "javascript:alert(1)",
        "127.0.0.1/x",
        "http://a b/",
        "http://h/\r\nX: y",
        "smtp://h/",
        "http://127.0.0.1:99999/",
        "dict://127.0.0.1:11211/",
        "http://[::1/",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        struct wire_request request = wire_get(str_from(urls[i]));
        const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
        if (answer->outcome != WIRE_REFUSED_URL || answer->reason.len == 0) {
            print_error("%s\n", urls[i]);
            fail();
        }
    }
    struct wire_request request = get(fixture, "/echo");
    request.http.method = STR("GET / HTTP/1.1\r\nX: y\r\n\r\nGET");
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
    request = get(fixture, "/echo");
    header_add(&request, STR("X"), STR("a\r\nInjected: yes"));
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
    request = get(fixture, "/echo");
    header_add(&request, STR("Host: evil\r\nX"), STR("a"));
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
    request = get(fixture, "/echo");
    request.timeout = (struct duration){0};
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
    request = (struct wire_request){.kind = WIRE_MOCK, .timeout = SECONDS(1)};
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
}

static void private_addresses_are_guarded(void **state)
{
    struct fixture *fixture = *state;
    static const char *const hosts[] = {
        "127.0.0.1",  "localhost",          "127.1", "2130706433", "0x7f000001",
        "0177.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0",
    };
    /* An unguarded request first: its kept connection must not become a way around the guard. */
    struct wire_request request = get(fixture, "/echo");
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_ANSWERED);
    for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++) {
        request = wire_get(
            arena_printf(fixture->arena, "http://%s:%d/echo", hosts[i], fixture->echo.port));
        request.http.user_given_url = true;
        const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
        assert_int_equal(answer->outcome, WIRE_REFUSED_URL);
        assert_true(str_contains(answer->reason, STR("not public")));
    }
    request = get(fixture, "/echo");
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_ANSWERED);
}

/* What may not leave any more does not, although the connection was made for it. */
static void held_back(void **state)
{
    struct fixture *fixture = *state;
    struct wire_request request = get(fixture, "/hold");
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_true(str_contains(answer->reason, STR("not this node's to send")));
    request.http.method = STR("POST");
    request.http.body = STR("To=%2B34600111222");
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_NOT_SENT);
    assert_int_equal(fixture->echo.held_count, 0);
}

static void nothing_was_sent(void **state)
{
    struct fixture *fixture = *state;
    uint16_t port;
    close(peer_listen(&port)); /* Free again, so that nobody listens. */
    struct wire_request request =
        wire_get(arena_printf(fixture->arena, "http://127.0.0.1:%d/", port));
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_false(answer->timed_out);
    assert_false(answer->tls_failed);
    assert_true(answer->reason.len > 0);

    request = wire_get(STR("http://no-such-host.invalid/"));
    request.timeout = SECONDS(1);
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_NOT_SENT);

    request =
        wire_get(arena_printf(fixture->arena, "https://127.0.0.1:%d/echo", fixture->echo.port));
    answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    request =
        wire_get(arena_printf(fixture->arena, "WebCal://127.0.0.1:%d/echo", fixture->echo.port));
    answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_true(str_starts(answer->final_url, STR("https://127.0.0.1:")));
}

/* A connection that breaks while TLS is agreed on is the network's fault, and worth another try; a
 * server that speaks something else there is not. */
static void tls_failures(void **state)
{
    static const struct {
        const char *said;
        bool is_reset;
        bool tls_failed;
    } peers[] = {
        {"", false, false}, {"", true, false}, {"220 mail.example ESMTP\r\n", false, true}};
    struct fixture *fixture = *state;
    uint16_t port;
    int listener = peer_listen(&port);
    struct wire_request request =
        wire_get(arena_printf(fixture->arena, "https://127.0.0.1:%d/", port));
    for (size_t i = 0; i < ARRAY_LENGTH(peers); i++) {
        char hello[4096];
        size_t ticket = wire_send(&fixture->sender, &request);
        int fd = peer_accept(listener);
        assert_true(recv(fd, hello, sizeof hello, 0) > 0);
        peer_send(fd, str_from(peers[i].said));
        if (peers[i].is_reset) {
            peer_reset(fd);
        } else {
            close(fd);
        }
        const struct wire_answer *answer = wire_wait(&fixture->sender, ticket);
        assert_int_equal(answer->outcome, WIRE_NOT_SENT);
        assert_int_equal(answer->tls_failed, peers[i].tls_failed);
    }
    close(listener);
}

static void timeouts(void **state)
{
    struct fixture *fixture = *state;
    struct wire_request request = get(fixture, "/hold");
    request.timeout = MILLISECONDS(200);
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_UNKNOWN);
    assert_true(answer->timed_out);

    /* TLS to somebody who never says a word: nothing of the request has left. */
    uint16_t port;
    int listener = peer_listen(&port);
    request = wire_get(arena_printf(fixture->arena, "https://127.0.0.1:%d/", port));
    request.timeout = MILLISECONDS(200);
    answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_true(answer->timed_out);
    close(listener);
}

enum ending { END_CLOSE, END_RESET, END_HALF_HEAD, END_HALF_BODY, END_NONSENSE };

static void connection_lost_after_sending(void **state)
{
    struct fixture *fixture = *state;
    uint16_t port;
    int listener = peer_listen(&port);
    for (enum ending ending = END_CLOSE; ending <= END_NONSENSE; ending++) {
        struct wire_request request =
            wire_get(arena_printf(fixture->arena, "http://127.0.0.1:%d/", port));
        request.http.method = STR("POST");
        request.http.body = STR("x");
        size_t ticket = wire_send(&fixture->sender, &request);
        int fd = peer_accept(listener);
        (void)peer_read_head(fd, fixture->arena);
        if (ending == END_HALF_HEAD) {
            peer_send(fd, STR("HTTP/1.1 200 OK\r\nContent-Le"));
        } else if (ending == END_HALF_BODY) {
            peer_send(fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
        } else if (ending == END_NONSENSE) {
            peer_send(fd, STR("220 mail.example ESMTP\r\n"));
        }
        if (ending == END_RESET) {
            peer_reset(fd);
        } else {
            char byte;
            assert_int_equal(read(fd, &byte, 1),
                             1); /* The body, since closing before it is read is a reset. */
            close(fd);
        }
        const struct wire_answer *answer = wire_wait(&fixture->sender, ticket);
        assert_int_equal(answer->outcome, WIRE_UNKNOWN);
        assert_false(answer->timed_out);
        assert_true(answer->reason.len > 0);
    }
    close(listener);
}

/* A kept connection breaks under the second request. What may be repeated is repeated by curl; a
 * POST must not be, since the first try may have placed a call. */
static void only_harmless_requests_are_repeated(void **state)
{
    struct fixture *fixture = *state;
    for (int is_post = 0; is_post < 2; is_post++) {
        uint16_t port;
        int listener = peer_listen(&port);
        struct wire_request request =
            wire_get(arena_printf(fixture->arena, "http://127.0.0.1:%d/", port));
        request.http.method = is_post ? STR("POST") : STR("GET");
        size_t ticket = wire_send(&fixture->sender, &request);
        int fd = peer_accept(listener);
        (void)peer_read_head(fd, fixture->arena);
        peer_send(fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        assert_int_equal(wire_wait(&fixture->sender, ticket)->status, 200);

        ticket = wire_send(&fixture->sender, &request);
        (void)peer_read_head(fd, fixture->arena);
        close(fd);
        if (is_post) {
            assert_int_equal(wire_wait(&fixture->sender, ticket)->outcome, WIRE_UNKNOWN);
        } else {
            fd = peer_accept(listener);
            (void)peer_read_head(fd, fixture->arena);
            peer_send(fd, STR("HTTP/1.1 204 No Content\r\n\r\n"));
            assert_int_equal(wire_wait(&fixture->sender, ticket)->status, 204);
            close(fd);
        }
        close(listener);
    }
}

static void many_at_once(void **state)
{
    struct fixture *fixture = *state;
    enum { COUNT = 1000 };
    for (int i = 0; i < COUNT; i++) {
        struct str path = arena_printf(fixture->arena, "%s?%d", i % 2 == 0 ? "/later" : "/echo", i);
        struct wire_request request = get(fixture, path.ptr);
        (void)wire_send(&fixture->sender, &request);
    }
    wire_wait_all(&fixture->sender);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(fixture->sender.answers[i].status, 200);
    }
}

static void slow_host_holds_up_nobody_else(void **state)
{
    struct fixture *fixture = *state;
    uint16_t port;
    int silent = peer_listen(&port);
    struct wire_request stuck =
        wire_get(arena_printf(fixture->arena, "http://127.0.0.1:%d/", port));
    struct wire_request request = get(fixture, "/echo");
    for (int i = 0; i < 3; i++) {
        (void)wire_send(&fixture->sender, &stuck);
    }
    assert_int_equal(wire_ask(&fixture->sender, &request)->status, 200);
    /* One at a time to one host: the second connects only when the first is done. */
    for (int i = 0; i < 3; i++) {
        int fd = peer_accept(silent);
        (void)peer_read_head(fd, fixture->arena);
        assert_false(peer_readable(silent, 0));
        peer_send(fd, STR("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"));
        close(fd);
    }
    wire_wait_all(&fixture->sender);
    close(silent);
}

static void stop_tells_everybody(void **state)
{
    struct fixture *fixture = *state;
    struct wire_request request = get(fixture, "/hold");
    size_t sent = wire_send(&fixture->sender, &request);
    echo_wait_held(&fixture->echo, 1);
    size_t queued = wire_send(&fixture->sender, &request);
    wire_sender_stop(&fixture->sender);
    assert_int_equal(fixture->sender.answers[sent].outcome, WIRE_UNKNOWN);
    assert_int_equal(fixture->sender.answers[queued].outcome, WIRE_NOT_SENT);
    assert_true(str_contains(fixture->sender.answers[sent].reason, STR("stopped")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_requests_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(private_addresses_are_guarded, set_up_guarded, tear_down),
        cmocka_unit_test_setup_teardown(held_back, set_up_held_back, tear_down),
        cmocka_unit_test_setup_teardown(nothing_was_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tls_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(timeouts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connection_lost_after_sending, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_harmless_requests_are_repeated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slow_host_holds_up_nobody_else, set_up_narrow, tear_down),
        cmocka_unit_test_setup_teardown(stop_tells_everybody, set_up_narrow, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
