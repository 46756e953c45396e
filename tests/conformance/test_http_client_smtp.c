/* SMTP transactions against a mail server of a few lines, byte by byte. How a real server answers
 * is in tests/counterparty/test_smtp.c. */
#include "base/buf.h"
#include "lib/mail_peer.h"
#include "lib/socket_peer.h"
#include "lib/wire_sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct wire_sender sender;
    struct mail_peer peer;
    struct arena *arena;
    bool running;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    mail_peer_open(&fixture->peer);
    wire_sender_start(&fixture->sender, &(struct http_client_config){.allow_private = false});
    *state = fixture;
    return 0;
}

/* The dialogue is set by then. */
static void start_server(struct fixture *fixture)
{
    mail_peer_start(&fixture->peer);
    fixture->running = true;
}

/* The client first, so that its connections end and the server comes back to accept. */
static struct str stop(struct fixture *fixture)
{
    wire_sender_stop(&fixture->sender);
    if (fixture->running) {
        mail_peer_stop(&fixture->peer);
        fixture->running = false;
    }
    return buf_str(&fixture->peer.transcript);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)stop(fixture);
    for (size_t i = 0; i < fixture->sender.sent; i++) {
        assert_int_equal(fixture->sender.done[i], 1);
    }
    wire_sender_free(&fixture->sender);
    mail_peer_close(&fixture->peer);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static struct wire_request mail(struct fixture *fixture)
{
    return (struct wire_request){
        .kind = WIRE_SMTP,
        .timeout = SECONDS(5),
        .smtp = {.host = STR("127.0.0.1"),
                 .port = fixture->peer.port,
                 .security = SMTP_PLAIN,
                 .ehlo_name = STR("alerts.example.com"),
                 .from = STR("bounce+1@example.com"),
                 .to = STR("bob@example.org"),
                 .message = STR("Subject: x\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n")},
    };
}

static void every_byte(void **state)
{
    struct fixture *fixture = *state;
    start_server(fixture);
    struct wire_request request = mail(fixture);
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_int_equal(answer->status, 250);
    assert_true(str_equal_text(answer->body, "250 2.0.0 taken as 7"));
    struct str transcript = stop(fixture);
    assert_true(str_equal_text(transcript, "EHLO alerts.example.com\r\n"
                                           "MAIL FROM:<bounce+1@example.com> SIZE=32\r\n"
                                           "RCPT TO:<bob@example.org>\r\n"
                                           "DATA\r\n"
                                           "Subject: x\r\n\r\n..dot\r\n...\r\n..\r\nend\r\n.\r\n"));
}

static void connection_is_used_again(void **state)
{
    struct fixture *fixture = *state;
    start_server(fixture);
    struct wire_request request = mail(fixture);
    for (int i = 0; i < 5; i++) {
        request.smtp.from = i % 2 == 0 ? STR("") : STR("a@b.example");
        assert_int_equal(wire_ask(&fixture->sender, &request)->status, 250);
    }
    struct str transcript = stop(fixture);
    assert_int_equal(fixture->peer.connections, 1);
    assert_true(str_contains(transcript, STR("MAIL FROM:<> SIZE=32\r\n")));
}

/* Closed by itself after a while; the next mail has one of its own. */
static void idle_connection_is_closed(void **state)
{
    struct fixture *fixture = *state;
    wire_sender_free(&fixture->sender);
    wire_sender_start(&fixture->sender,
                      &(struct http_client_config){.mail_idle = MILLISECONDS(20)});
    start_server(fixture);
    struct wire_request request = mail(fixture);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wire_ask(&fixture->sender, &request)->status, 250);
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 20;
        assert_int_equal(sem_timedwait(&fixture->peer.ended, &until), 0);
    }
    (void)stop(fixture);
    assert_int_equal(fixture->peer.connections, 3);
}

static void refusals_by_reply_code(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.rcpt = "550-5.1.1 No such\r\n550 5.1.1 user\r\n";
    start_server(fixture);
    struct wire_request request = mail(fixture);
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_int_equal(answer->status, 550);
    assert_true(str_equal_text(answer->reason, "550 5.1.1 user"));
}

static void assert_is_closing(struct fixture *fixture)
{
    start_server(fixture);
    struct wire_request request = mail(fixture);
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_int_equal(answer->status, 421);
}

static void server_closing(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.mail = "421 4.3.2 going down\r\n";
    assert_is_closing(fixture);
}

static void server_too_busy_to_greet(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.greeting = "421 4.3.2 too many connections\r\n";
    assert_is_closing(fixture);
}

static void broken_off(struct fixture *fixture, enum wire_outcome outcome, bool timed_out)
{
    start_server(fixture);
    struct wire_request request = mail(fixture);
    request.timeout = timed_out ? MILLISECONDS(300) : SECONDS(5);
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, outcome);
    assert_int_equal(answer->timed_out, timed_out);
    assert_false(answer->tls_failed);
    assert_true(answer->reason.len > 0);
}

static void reset_before_the_message(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.rcpt = NULL;
    broken_off(fixture, WIRE_NOT_SENT, false);
}

static void reset_at_data(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.data = NULL;
    broken_off(fixture, WIRE_NOT_SENT, false);
}

static void reset_after_the_message(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.end = NULL;
    broken_off(fixture, WIRE_UNKNOWN, false);
}

static void silence_before_the_message(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.rcpt = "";
    broken_off(fixture, WIRE_NOT_SENT, true);
}

static void silence_after_the_message(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.end = "";
    broken_off(fixture, WIRE_UNKNOWN, true);
}

/* Takes a mail from a connection up to its end, without answering that. */
static int take_message(struct fixture *fixture)
{
    int fd = peer_accept(fixture->peer.listener);
    peer_send(fd, STR("220 fake ESMTP\r\n"));
    for (int i = 0; i < 4; i++) { /* EHLO, MAIL, RCPT, DATA */
        assert_true(mail_peer_answer(&fixture->peer, fd));
    }
    return fd;
}

/* A mail server that takes its time over one message holds up no other. */
static void slow_answer_holds_up_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct wire_request request = mail(fixture);
    fixture->peer.dialogue.end = "";
    size_t slow = wire_send(&fixture->sender, &request);
    int first = take_message(fixture);
    for (int i = 0; i < 2; i++) {
        size_t quick = wire_send(&fixture->sender, &request);
        int second = take_message(fixture);
        peer_send(second, STR("250 taken\r\n"));
        assert_int_equal(wire_wait(&fixture->sender, quick)->status, 250);
        close(second);
    }
    peer_send(first, STR("250 taken at last\r\n"));
    assert_int_equal(wire_wait(&fixture->sender, slow)->status, 250);
    close(first);
}

/* A mail server that does not answer QUIT holds up neither HTTP nor, much, the end. */
static void silence_at_quit(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.rcpt = "550 no\r\n";
    fixture->peer.dialogue.quit = "";
    start_server(fixture);
    struct wire_request request = mail(fixture);
    request.timeout = MILLISECONDS(500);
    size_t refused = wire_send(&fixture->sender, &request);
    uint16_t port;
    int listener = peer_listen(&port);
    struct wire_request call = wire_get(arena_printf(fixture->arena, "http://127.0.0.1:%d/", port));
    for (int i = 0; i < 5; i++) {
        size_t ticket = wire_send(&fixture->sender, &call);
        int fd = peer_accept(listener);
        (void)peer_read_head(fd, fixture->arena);
        peer_send(fd, STR("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"));
        close(fd);
        assert_int_equal(wire_wait(&fixture->sender, ticket)->status, 200);
    }
    assert_int_equal(wire_wait(&fixture->sender, refused)->status, 550);
    close(listener);
}

/* A kept connection whose server hangs: the test's own time limit would pass before curl's. */
static void silence_at_quit_when_stopping(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.quit = "";
    start_server(fixture);
    struct wire_request request = mail(fixture);
    assert_int_equal(wire_ask(&fixture->sender, &request)->status, 250);
    (void)stop(fixture);
}

/* The message and the password must not leave in the clear where TLS was asked for. */
static void starttls_is_not_optional(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.ehlo = "250-fake\r\n250 AUTH PLAIN LOGIN\r\n";
    start_server(fixture);
    struct wire_request request = mail(fixture);
    request.smtp.security = SMTP_STARTTLS;
    request.smtp.username = STR("alice");
    request.smtp.password = STR("secret");
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_true(answer->tls_failed);
    struct str transcript = stop(fixture);
    assert_false(str_contains(transcript, STR("AUTH")));
    assert_false(str_contains(transcript, STR("MAIL")));
}

/* libcurl would send it over the kept connection, which is in the clear. */
static void starttls_not_over_a_kept_connection(void **state)
{
    struct fixture *fixture = *state;
    start_server(fixture);
    struct wire_request request = mail(fixture);
    assert_int_equal(wire_ask(&fixture->sender, &request)->status, 250);
    request.smtp.security = SMTP_STARTTLS;
    request.smtp.to = STR("confidential@example.org");
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_false(str_contains(stop(fixture), STR("confidential")));
}

static void bare_password_for_loopback_only(void **state)
{
    struct fixture *fixture = *state;
    fixture->peer.dialogue.ehlo = "250-fake\r\n250 AUTH PLAIN\r\n";
    start_server(fixture);
    struct wire_request request = mail(fixture);
    request.smtp.username = STR("alice");
    request.smtp.password = STR("secret");
    assert_int_equal(wire_ask(&fixture->sender, &request)->status, 250);
    /* TEST-NET-1: nobody's address; it is refused before a packet leaves. */
    request.smtp.host = STR("192.0.2.1");
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_REFUSED_URL);
    assert_true(str_contains(answer->reason, STR("password")));
    assert_true(str_contains(stop(fixture), STR("AUTH PLAIN")));
}

static const struct str bad_addresses = STR_INIT(
    "|bob|@example.org|bob@|bob@a@b|bob@example.org> NOTIFY=NEVER|"
    "bob@example.org>\r\nRCPT TO:<eve@example.org|bob@example.org\r\nDATA|bob@example.org\nRSET|"
    "<bob@example.org>|bob <bob@example.org>|\"bob\"@example.org|bob\t@example.org|"
    "b\xc3\xb6g@example.org|bob\\@example.org|bob\x7f@example.org");

static void injection_is_refused(void **state)
{
    struct fixture *fixture = *state;
    start_server(fixture);
    struct str rest = bad_addresses;
    struct str address = STR_NONE;
    while (str_split(&rest, '|', &address)) {
        for (int sender = 0; sender < 2; sender++) {
            struct wire_request request = mail(fixture);
            *(sender ? &request.smtp.from : &request.smtp.to) = address;
            const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
            bool null_sender = sender && address.len == 0;
            if (answer->outcome != (null_sender ? WIRE_ANSWERED : WIRE_REFUSED_URL)) {
                fail_msg("%.*s", STR_FMT(address));
            }
        }
    }
    struct buf longest = {.arena = fixture->arena};
    while (longest.len < 242) {
        buf_add_byte(&longest, 'a');
    }
    buf_add_text(&longest, "@example.org");
    struct wire_request request = mail(fixture);
    request.smtp.to = buf_str(&longest);
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_ANSWERED);
    buf_add_text(&longest, "x");
    request.smtp.to = buf_str(&longest);
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
    struct str transcript = stop(fixture);
    assert_false(str_contains(transcript, STR("eve")));
    assert_false(str_contains(transcript, STR("NOTIFY")));
}

static void other_parts_are_checked(void **state)
{
    struct fixture *fixture = *state;
    static const char *const messages[] = {
        "", "no end", "a\nb\r\n", "a\rb\r\n", "a\r\n.\nMAIL FROM:<eve>\r\n", "\n"};
    static const char *const names[] = {"", "a b", "a/b", "a\r\nb", "a@b", "a?b"};
    for (size_t i = 0; i < ARRAY_LENGTH(messages); i++) {
        struct wire_request request = mail(fixture);
        request.smtp.message = str_from(messages[i]);
        assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct wire_request request = mail(fixture);
        request.smtp.ehlo_name = str_from(names[i]);
        assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
        request = mail(fixture);
        request.smtp.host = str_from(names[i]);
        assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
    }
    static const int ports[] = {0, -1, 65536};
    for (size_t i = 0; i < ARRAY_LENGTH(ports); i++) {
        struct wire_request request = mail(fixture);
        request.smtp.port = ports[i];
        assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_REFUSED_URL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connection_is_used_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(idle_connection_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_by_reply_code, set_up, tear_down),
        cmocka_unit_test_setup_teardown(server_closing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(server_too_busy_to_greet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reset_before_the_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reset_at_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reset_after_the_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_before_the_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_after_the_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slow_answer_holds_up_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_at_quit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_at_quit_when_stopping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(starttls_is_not_optional, set_up, tear_down),
        cmocka_unit_test_setup_teardown(starttls_not_over_a_kept_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bare_password_for_loopback_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(injection_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_parts_are_checked, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
