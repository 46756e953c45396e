/* The HTTP client asks, follows, decodes and keeps secrets, against a server of ours. */
#include "base/buf.h"
#include "lib/echo_server.h"
#include "lib/socket_peer.h"
#include "lib/wire_sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* gzip of "hello, " 30 times, and of 100,000 zeros. */
static const char hello_gzip[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x18\x3e\x14\x00"
    "\x4b\xc0\x69\x9c\xd2\x00\x00\x00";
static const char zeros_gzip[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d"
    "\x0d\x0f\xa0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x57\x03\x7d\x95\x11\xd4\xa0\x86\x01\x00";

struct fixture {
    struct echo_server echo;
    struct wire_sender sender;
    struct arena *arena;
};

struct redirect {
    const char *path;
    int status;
    const char *location;
};

static const struct redirect redirects[] = {
    {"/r1", 302, "/r2"},
    {"/r2", 301, "r3?x=1"},
    {"/r3", 307, "/echo?end"},
    {"/loop", 302, "/loop"},
    {"/see", 303, "/echo"},
    {"/found", 302, "/echo"},
    {"/keep", 307, "/echo"},
    {"/keep8", 308, "/echo"},
    {"/file", 302, "file:///etc/passwd"},
    {"/broken", 302, "http://[bad"},
    {"/userinfo", 302, "/echo#fragment"},
    {"/nowhere", 302, NULL},
};

static bool route_redirect(const struct http_request *request, struct http_response *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(redirects); i++) {
        if (str_equal_text(request->path, redirects[i].path)) {
            *out = (struct http_response){.status = redirects[i].status,
                                          .location = str_from(redirects[i].location),
                                          .body = STR("moved")};
            return true;
        }
    }
    /* "/away?http://…" sends to wherever the query says. */
    if (str_equal_text(request->path, "/away")) {
        *out = (struct http_response){.status = 302, .location = request->query};
        return true;
    }
    return false;
}

static bool route_compressed(const struct http_request *request, struct http_response *out)
{
    static const struct http_header gzip = {STR_INIT("Content-Encoding"), STR_INIT("gzip")};
    *out = (struct http_response){.status = 200, .headers = &gzip, .header_count = 1};
    if (str_equal_text(request->path, "/gzip")) {
        out->body = (struct str){hello_gzip, sizeof hello_gzip - 1};
        return true;
    }
    out->body = (struct str){zeros_gzip, sizeof zeros_gzip - 1};
    return str_equal_text(request->path, "/bomb");
}

static bool route_feed(const struct http_request *request, struct http_response *out)
{
    static const struct http_header validators[] = {
        {STR_INIT("ETag"), STR_INIT("W/\"v1\"")},
        {STR_INIT("Last-Modified"), STR_INIT("Sat, 21 Nov 2026 00:00:00 GMT")},
    };
    if (!str_equal_text(request->path, "/feed")) {
        return false;
    }
    bool unchanged = str_equal_text(request->if_none_match, "W/\"v1\"");
    *out = (struct http_response){.status = unchanged ? 304 : 200,
                                  .content_type = STR("text/calendar; charset=utf-8"),
                                  .body = unchanged ? STR("") : STR("BEGIN:VCALENDAR\r\n"),
                                  .headers = validators,
                                  .header_count = ARRAY_LENGTH(validators)};
    return true;
}

static bool route(const struct http_request *request, struct arena *arena,
                  struct http_response *out)
{
    (void)arena;
    if (str_equal_text(request->path, "/busy")) {
        *out =
            (struct http_response){.status = 503, .retry_after_seconds = 30, .body = STR("later")};
        return true;
    }
    return route_redirect(request, out) || route_feed(request, out) ||
           route_compressed(request, out);
}

static int set_up_with(void **state, const struct http_client_config *config)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    fixture->echo.route = route;
    echo_start(&fixture->echo, &(struct http_server_config){0});
    wire_sender_start(&fixture->sender, config);
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, &(struct http_client_config){.allow_private = true});
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

static void get_and_post(void **state)
{
    struct fixture *fixture = *state;
    struct wire_request request = get(fixture, "/echo?a=1");
    header_add(&request, STR("Accept"), STR("text/calendar"));
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_int_equal(answer->status, 200);
    assert_false(answer->timed_out);
    assert_true(str_equal_text(
        answer->body, "GET /echo\nquery=a=1\naccept=text/calendar\npeer=127.0.0.1\nbody=0:"));
    assert_true(str_equal_text(answer->content_type, "text/plain"));
    assert_true(str_equal(answer->final_url, request.http.url));

    request = get(fixture, "/echo");
    request.http.method = STR("POST");
    request.http.body = STR("To=%2B1");
    request.http.username = STR("AC1");
    request.http.password = STR("s:ecret");
    header_add(&request, STR("Content-Type"), STR("application/x-www-form-urlencoded"));
    answer = wire_ask(&fixture->sender, &request);
    assert_true(str_equal_text(answer->body,
                               "POST /echo\nquery=\nauthorization=Basic QUMxOnM6ZWNyZXQ=\n"
                               "content-type=application/x-www-form-urlencoded\naccept=*/*\n"
                               "peer=127.0.0.1\nbody=7:To=%2B1"));

    request = get(fixture, "/busy");
    answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->status, 503);
    assert_int_equal(answer->retry_after_seconds, 30);
    assert_true(str_equal_text(answer->body, "later"));
}

/* What the bytes look like, which an echo does not show. */
static void request_on_the_wire(void **state)
{
    struct fixture *fixture = *state;
    uint16_t port;
    int listener = peer_listen(&port);
    struct wire_request request =
        wire_get(arena_printf(fixture->arena, "http://127.0.0.1:%d/cal/#fragment", port));
    request.http.method = STR("PROPFIND");
    request.http.body = STR("<propfind/>");
    header_add(&request, STR("Depth"), STR("1"));
    header_add(&request, STR("X-Empty"), STR(""));
    size_t ticket = wire_send(&fixture->sender, &request);
    int fd = peer_accept(listener);
    struct str head = peer_read_head(fd, fixture->arena);
    assert_true(str_starts(head, STR("PROPFIND /cal/ HTTP/1.1\r\n")));
    assert_true(str_equal_text(peer_header(head, "Depth"), "1"));
    assert_true(str_equal_text(peer_header(head, "X-Empty"), ""));
    assert_true(str_equal_text(peer_header(head, "Accept-Encoding"), "gzip"));
    assert_true(str_equal_text(peer_header(head, "User-Agent"), "Tocsin-test"));
    assert_true(str_equal_text(peer_header(head, "Content-Length"), "11"));
    assert_false(str_is_set(peer_header(head, "Content-Type")));
    assert_false(str_is_set(peer_header(head, "Expect")));
    assert_false(str_is_set(peer_header(head, "Authorization")));
    peer_send(fd,
              STR("HTTP/1.1 100 Continue\r\nETag: \"interim\"\r\n\r\n"
                  "HTTP/1.1 207 Multi-Status\r\nContent-Length: 2\r\nETag: \"final\"\r\n\r\nok"));
    const struct wire_answer *answer = wire_wait(&fixture->sender, ticket);
    assert_int_equal(answer->status, 207);
    assert_true(str_equal_text(answer->etag, "\"final\""));
    assert_true(str_equal_text(answer->body, "ok"));
    close(fd);
    close(listener);
}

/* Their clock: the first Date of the final answer, in any of the forms of RFC 9110. */
static void the_date_of_an_answer(void **state)
{
    static const struct {
        const char *head;
        int64_t seconds; /* 0: none is told. */
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nDate: Mon, 05 Jan 2026 09:00:07 GMT\r\n", 1767603607},
        {"HTTP/1.1 200 OK\r\ndate: Monday, 05-Jan-26 09:00:07 GMT\r\n", 1767603607},
        {"HTTP/1.1 200 OK\r\nDate: Mon Jan  5 09:00:07 2026\r\n", 1767603607},
        {"HTTP/1.1 103 Early Hints\r\nDate: Mon, 05 Jan 2026 08:00:00 GMT\r\n\r\n"
         "HTTP/1.1 200 OK\r\nDate: Mon, 05 Jan 2026 09:00:07 GMT\r\n"
         "Date: Mon, 05 Jan 2026 10:00:00 GMT\r\n",
         1767603607},
        {"HTTP/1.1 103 Early Hints\r\nDate: Mon, 05 Jan 2026 08:00:00 GMT\r\n\r\n"
         "HTTP/1.1 200 OK\r\n",
         0},
        {"HTTP/1.1 200 OK\r\nDate: soon\r\n", 0},
        {"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 0},
        {"HTTP/1.1 200 OK\r\nDate:\r\n", 0},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        uint16_t port;
        int listener = peer_listen(&port);
        struct wire_request request =
            wire_get(arena_printf(fixture->arena, "http://127.0.0.1:%d/", port));
        size_t ticket = wire_send(&fixture->sender, &request);
        int fd = peer_accept(listener);
        (void)peer_read_head(fd, fixture->arena);
        peer_send(fd, arena_printf(fixture->arena, "%sContent-Length: 0\r\n\r\n", rows[i].head));
        const struct wire_answer *answer = wire_wait(&fixture->sender, ticket);
        assert_int_equal(answer->status, 200);
        assert_int_equal(answer->date.us, SECONDS(rows[i].seconds).us);
        close(fd);
        close(listener);
    }
}

static void conditional_requests(void **state)
{
    struct fixture *fixture = *state;
    struct wire_request request = get(fixture, "/feed");
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->status, 200);
    assert_true(str_equal_text(answer->etag, "W/\"v1\""));
    assert_true(str_equal_text(answer->last_modified, "Sat, 21 Nov 2026 00:00:00 GMT"));
    assert_true(str_equal_text(answer->content_type, "text/calendar; charset=utf-8"));
    header_add(&request, STR("If-None-Match"), answer->etag);
    answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_int_equal(answer->status, 304);
    assert_int_equal(answer->body.len, 0);
}

static void gzip_and_the_size_cap(void **state)
{
    struct fixture *fixture = *state;
    struct wire_request request = get(fixture, "/gzip");
    request.http.body_bytes_max = 210;
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_int_equal(answer->body.len, 210);
    assert_true(str_starts(answer->body, STR("hello, hello, ")));

    request.http.body_bytes_max = 209;
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_TOO_LARGE);
    request = get(fixture, "/bomb");
    request.http.body_bytes_max = 99999;
    answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_TOO_LARGE);
    assert_int_equal(answer->body.len, 0);
    request.http.body_bytes_max = 100000;
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_ANSWERED);
    request = get(fixture, "/feed");
    request.http.body_bytes_max = 0;
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_TOO_LARGE);
    request.http.method = STR("HEAD");
    answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_true(str_equal_text(answer->etag, "W/\"v1\""));
}

struct redirect_case {
    const char *path;
    int max;
    enum wire_outcome outcome;
    int status;
    const char *final_path; /* NULL where it is of no interest. */
};

static const struct redirect_case redirect_cases[] = {
    {"/r1", 5, WIRE_ANSWERED, 200, "/echo?end"},
    {"/r1", 3, WIRE_ANSWERED, 200, "/echo?end"},
    {"/r1", 2, WIRE_REDIRECTS, 0, NULL},
    {"/r1", 0, WIRE_ANSWERED, 302, "/r1"},
    {"/loop", 5, WIRE_REDIRECTS, 0, NULL},
    {"/file", 5, WIRE_REFUSED_URL, 0, NULL},
    {"/broken", 5, WIRE_REFUSED_URL, 0, NULL},
    {"/userinfo", 5, WIRE_ANSWERED, 200, "/echo"},
    {"/nowhere", 5, WIRE_ANSWERED, 302, "/nowhere"},
};

static void redirects_are_followed(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(redirect_cases); i++) {
        const struct redirect_case *c = &redirect_cases[i];
        struct wire_request request = get(fixture, c->path);
        request.http.redirects_max = c->max;
        const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
        assert_int_equal(answer->outcome, c->outcome);
        if (c->outcome == WIRE_ANSWERED) {
            assert_int_equal(answer->status, c->status);
            assert_true(str_equal(answer->final_url, url_of(fixture, c->final_path)));
        }
    }
}

static void redirects_and_methods(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *path;
        const char *method;
        const char *then;
    } cases[] = {
        {"/see", "POST", "GET /echo\n"},        {"/see", "PUT", "GET /echo\n"},
        {"/found", "POST", "GET /echo\n"},      {"/found", "PUT", "PUT /echo\n"},
        {"/keep", "POST", "POST /echo\n"},      {"/keep8", "POST", "POST /echo\n"},
        {"/found", "DELETE", "DELETE /echo\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct wire_request request = get(fixture, cases[i].path);
        request.http.method = str_from(cases[i].method);
        request.http.body = STR("data");
        request.http.redirects_max = 5;
        header_add(&request, STR("Content-Type"), STR("text/x"));
        const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
        assert_true(str_starts(answer->body, str_from(cases[i].then)));
        bool is_get = str_starts(str_from(cases[i].then), STR("GET"));
        assert_int_equal(str_ends(answer->body, STR("body=4:data")), !is_get);
        assert_int_equal(str_contains(answer->body, STR("content-type=text/x")), !is_get);
    }
}

/* "localhost" is another host than "127.0.0.1", even where both are the same machine. */
static void credentials_stay_with_their_host(void **state)
{
    struct fixture *fixture = *state;
    for (int with_basic = 0; with_basic < 2; with_basic++) {
        for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
            struct str path =
                arena_printf(fixture->arena, "/away?http://%s:%d/echo",
                             elsewhere ? "localhost" : "127.0.0.1", fixture->echo.port);
            struct wire_request request = get(fixture, path.ptr);
            request.http.redirects_max = 5;
            header_add(&request, STR("Cookie"), STR("c=1"));
            header_add(&request, STR("X-Other"), STR("stays"));
            if (with_basic) {
                request.http.username = STR("u");
                request.http.password = STR("p");
            } else {
                header_add(&request, STR("authorization"), STR("Bearer t"));
            }
            const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
            assert_int_equal(answer->status, 200);
            assert_int_equal(str_contains(answer->body, STR("authorization=")), !elsewhere);
            assert_int_equal(str_contains(answer->body, STR("cookie=")), !elsewhere);
        }
    }
    /* A user and a password in the URL are sent, and not shown afterwards. */
    struct wire_request request = wire_get(
        arena_printf(fixture->arena, "http://u:p%%40@127.0.0.1:%d/echo", fixture->echo.port));
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_true(str_contains(answer->body, STR("authorization=Basic dTpwQA==")));
    assert_true(str_equal(answer->final_url, url_of(fixture, "/echo")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(get_and_post, set_up, tear_down),
        cmocka_unit_test_setup_teardown(request_on_the_wire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_date_of_an_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(conditional_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gzip_and_the_size_cap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(redirects_are_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(redirects_and_methods, set_up, tear_down),
        cmocka_unit_test_setup_teardown(credentials_stay_with_their_host, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
