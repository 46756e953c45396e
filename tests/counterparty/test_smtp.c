/* Mail through a real Exim: each row of protocols.md 4 that it can produce. Skipped, with the
 * reason, where it can't run. */
#include "base/buf.h"
#include "lib/socket_peer.h"
#include "lib/wire_sender.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct ports {
    uint16_t submission;
    uint16_t tls;
    uint16_t clear;
};

struct fixture {
    struct arena *arena;
    struct wire_sender sender;
    struct str directory;
    struct str reason; /* Why nothing can be tested here. */
    struct ports ports;
    int arrivals;    /* An inotify descriptor on the mailbox, */
    struct buf news; /* and what it told that nobody has asked for yet. */
};

static const char message[] =
    "From: Tocsin <alerts@example.com>\r\nTo: bob@example.org\r\nSubject: db down\r\n"
    "Message-ID: <attempt-1@example.com>\r\n\r\n"
    "one\r\n.two\r\n..\r\n.\r\nFrom here to there\r\nlast \xe2\x82\xac\r\n";

/* Ports that are free now; between here and the start of Exim nobody else on the machine is likely
 * to ask for one. */
static struct ports free_ports(void)
{
    struct ports ports;
    int first = peer_listen(&ports.submission);
    int second = peer_listen(&ports.tls);
    int third = peer_listen(&ports.clear);
    close(first);
    close(second);
    close(third);
    return ports;
}

/* The daemon goes into the background before it listens, and writes its pid file afterwards. */
static void wait_until_listening(struct fixture *fixture, int changes)
{
    char events[4096];
    while (!peer_can_connect(fixture->ports.submission)) {
        assert_true(peer_readable(changes, PEER_PATIENCE_MS));
        assert_true(read(changes, events, sizeof events) > 0);
    }
}

/* Runs the script; what it prints is the reason where it could not start. */
static void start_exim(struct fixture *fixture)
{
    const char *root = getenv("TOCSIN_ROOT");
    char line[256] = "";
    struct ports ports = free_ports();
    fixture->ports = ports;
    struct str command =
        arena_printf(fixture->arena, "sh '%s/tests/counterparty/exim.sh' '%.*s' %d %d %d",
                     root == NULL ? "." : root, STR_FMT(fixture->directory), ports.submission,
                     ports.tls, ports.clear);
    int changes = inotify_init1(IN_CLOEXEC);
    assert_true(inotify_add_watch(changes, arena_cstr(fixture->arena, fixture->directory),
                                  IN_ALL_EVENTS) >= 0);
    FILE *output = popen(command.ptr, "r");
    assert_non_null(output);
    if (fgets(line, sizeof line, output) != NULL) {
        fixture->reason = arena_str(fixture->arena, str_trim(str_from(line)));
    }
    int status = pclose(output);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != 77) {
        assert_int_equal(WEXITSTATUS(status), 0);
        fixture->reason = STR_NONE;
        wait_until_listening(fixture, changes);
    }
    close(changes);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_new();
    const char *parent = getenv("TMPDIR");
    struct str pattern =
        arena_printf(fixture->arena, "%s/tocsin-smtp-XXXXXX", parent == NULL ? P_tmpdir : parent);
    char *directory = arena_alloc(fixture->arena, pattern.len + 1);
    memcpy(directory, pattern.ptr, pattern.len);
    assert_non_null(mkdtemp(directory));
    fixture->directory = str_from(directory);
    start_exim(fixture);
    fixture->news.arena = fixture->arena;
    fixture->arrivals = inotify_init1(IN_CLOEXEC);
    if (!str_is_set(fixture->reason)) {
        struct str mailbox = arena_printf(fixture->arena, "%s/mailbox/new", directory);
        assert_true(inotify_add_watch(fixture->arrivals, mailbox.ptr, IN_MOVED_TO) >= 0);
    }
    wire_sender_start(&fixture->sender, &(struct http_client_config){.allow_private = false});
    *state = fixture;
    return 0;
}

static void stop_exim(struct fixture *fixture)
{
    long pid = 0;
    FILE *file =
        fopen(arena_printf(fixture->arena, "%.*s/exim.pid", STR_FMT(fixture->directory)).ptr, "r");
    if (file == NULL) {
        return;
    }
    if (fscanf(file, "%ld", &pid) == 1 && pid > 1) {
        kill((pid_t)pid, SIGTERM);
    }
    fclose(file);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    wire_sender_free(&fixture->sender);
    stop_exim(fixture);
    close(fixture->arrivals);
    /* A delivery that is still under way may put a file into what is being removed. */
    struct str remove =
        arena_printf(fixture->arena, "rm -rf '%.*s' 2> /dev/null", STR_FMT(fixture->directory));
    for (int attempts = 0; attempts < 10 && system(remove.ptr) != 0; attempts++) {
    }
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static void need_exim(struct fixture *fixture)
{
    if (str_is_set(fixture->reason)) {
        print_message("skipped: %.*s\n", STR_FMT(fixture->reason));
        skip();
    }
}

static struct wire_request mail(struct fixture *fixture, enum smtp_security security,
                                const char *local_part)
{
    struct ports ports = fixture->ports;
    int port = security == SMTP_STARTTLS ? ports.submission
               : security == SMTP_TLS    ? ports.tls
                                         : ports.clear;
    struct wire_request request = {
        .kind = WIRE_SMTP,
        .timeout = SECONDS(10),
        .smtp = {.host = STR("localhost"),
                 .port = port,
                 .security = security,
                 .ehlo_name = STR("alerts.example.com"),
                 .ca_file =
                     arena_printf(fixture->arena, "%.*s/ca.pem", STR_FMT(fixture->directory)),
                 .from = STR("bounce+7@example.com"),
                 .to = arena_printf(fixture->arena, "%s@example.org", local_part),
                 .message = (struct str){message, sizeof message - 1}},
    };
    if (security != SMTP_PLAIN) {
        request.smtp.username = STR("alice");
        request.smtp.password = STR("secret");
    }
    return request;
}

/* The name of the next file in the mailbox. */
static struct str next_name(struct fixture *fixture)
{
    struct inotify_event event;
    char room[4096];
    if (fixture->news.len == 0) {
        assert_true(peer_readable(fixture->arrivals, PEER_PATIENCE_MS));
        ssize_t got = read(fixture->arrivals, room, sizeof room);
        assert_true(got > 0);
        buf_add(&fixture->news, (struct str){room, (size_t)got});
    }
    struct str news = buf_str(&fixture->news);
    memcpy(&event, news.ptr, sizeof event);
    struct str name = arena_str(fixture->arena, str_from(news.ptr + sizeof event));
    struct str rest =
        arena_str(fixture->arena, str_slice(news, sizeof event + event.len, news.len));
    buf_clear(&fixture->news);
    buf_add(&fixture->news, rest);
    return name;
}

/* Waits for the next mail to arrive and returns it. */
static struct str next_mail(struct fixture *fixture)
{
    struct str name = next_name(fixture);
    struct str path = arena_printf(fixture->arena, "%.*s/mailbox/new/%.*s",
                                   STR_FMT(fixture->directory), STR_FMT(name));
    FILE *file = fopen(path.ptr, "r");
    assert_non_null(file);
    struct buf text = {.arena = fixture->arena};
    for (int c = getc(file); c != EOF; c = getc(file)) {
        buf_add_byte(&text, (char)c);
    }
    fclose(file);
    return buf_str(&text);
}

/* By STARTTLS, by TLS from the start and in the clear; and what arrives is what was sent. */
static void accepted(void **state)
{
    struct fixture *fixture = *state;
    need_exim(fixture);
    static const enum smtp_security ways[] = {SMTP_STARTTLS, SMTP_TLS, SMTP_PLAIN};
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        struct wire_request request = mail(fixture, ways[i], "bob");
        const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
        assert_int_equal(answer->outcome, WIRE_ANSWERED);
        assert_int_equal(answer->status, 250);
        assert_true(str_starts(answer->body, STR("250 OK id=")));
        struct str arrived = next_mail(fixture);
        assert_true(str_contains(arrived, STR("Return-path: <bounce+7@example.com>\n")));
        assert_true(str_contains(arrived, STR("Envelope-to: bob@example.org\n")));
        assert_true(str_contains(arrived, STR("helo=alerts.example.com")));
        assert_int_equal(str_contains(arrived, STR("TLS1.3")), ways[i] != SMTP_PLAIN);
        assert_true(str_ends(arrived,
                             STR("\n\none\n.two\n..\n.\nFrom here to there\nlast \xe2\x82\xac\n")));
    }
}

struct refusal {
    const char *local_part;
    int status;
    const char *reason;
};

static const struct refusal refusals[] = {
    {"greylisted", 451, "451 4.7.1 Not now, perhaps in a while"},
    {"full", 452, "452 4.2.2 The mailbox is full"},
    {"nobody", 550, "550 5.1.1 Nobody has this name"},
    {"spam", 554, "554 5.7.1 This looks like spam"},
    {"busy", 450, "450 4.3.2 Too busy for it"},
};

static void refused_by_the_server(void **state)
{
    struct fixture *fixture = *state;
    need_exim(fixture);
    static const enum smtp_security ways[] = {SMTP_STARTTLS, SMTP_PLAIN};
    for (size_t i = 0; i < ARRAY_LENGTH(refusals) * ARRAY_LENGTH(ways); i++) {
        const struct refusal *refusal = &refusals[i / ARRAY_LENGTH(ways)];
        struct wire_request request =
            mail(fixture, ways[i % ARRAY_LENGTH(ways)], refusal->local_part);
        const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
        assert_int_equal(answer->outcome, WIRE_ANSWERED);
        assert_int_equal(answer->status, refusal->status);
        assert_true(str_equal_text(answer->reason, refusal->reason));
    }
    /* A refusal is of one transaction: the next one goes through. */
    struct wire_request request = mail(fixture, SMTP_STARTTLS, "bob");
    assert_int_equal(wire_ask(&fixture->sender, &request)->status, 250);
    (void)next_mail(fixture);
}

static void login(void **state)
{
    struct fixture *fixture = *state;
    need_exim(fixture);
    struct wire_request request = mail(fixture, SMTP_STARTTLS, "bob");
    request.smtp.password = STR("wrong");
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_int_equal(answer->status, 535);

    request = mail(fixture, SMTP_STARTTLS, "bob");
    request.smtp.username = STR_NONE;
    answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_int_equal(answer->status, 530);

    /* In the clear at a port that demands TLS. */
    request = mail(fixture, SMTP_PLAIN, "bob");
    request.smtp.port = fixture->ports.submission;
    answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_ANSWERED);
    assert_int_equal(answer->status, 530);
}

static void tls_failures(void **state)
{
    struct fixture *fixture = *state;
    need_exim(fixture);
    /* A client of its own, since a kept connection needs no certificate any more. */
    struct wire_sender *sender = calloc(1, sizeof *sender);
    assert_non_null(sender);
    wire_sender_start(sender, &(struct http_client_config){.allow_private = false});
    static const enum smtp_security ways[] = {SMTP_STARTTLS, SMTP_TLS};
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        /* The system's authorities have not signed it; the reply code of curl is a stale 220 then.
         */
        struct wire_request request = mail(fixture, ways[i], "bob");
        request.smtp.ca_file = STR_NONE;
        const struct wire_answer *answer = wire_ask(sender, &request);
        assert_int_equal(answer->outcome, WIRE_NOT_SENT);
        assert_true(answer->tls_failed);
        assert_true(str_contains(answer->reason, STR("certificate")));
    }
    struct wire_request request = mail(fixture, SMTP_TLS, "bob");
    request.smtp.port = fixture->ports.clear;
    const struct wire_answer *answer = wire_ask(sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_true(answer->tls_failed);

    /* The same server by an address that its certificate does not name. */
    request = mail(fixture, SMTP_STARTTLS, "bob");
    request.smtp.host = STR("0.0.0.0");
    answer = wire_ask(sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_true(answer->tls_failed);

    /* No STARTTLS where it is demanded. */
    request = mail(fixture, SMTP_STARTTLS, "bob");
    request.smtp.port = fixture->ports.clear;
    answer = wire_ask(sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_true(answer->tls_failed);
    wire_sender_free(sender);
    free(sender);
}

static void not_reached(void **state)
{
    struct fixture *fixture = *state;
    need_exim(fixture);
    uint16_t port;
    close(peer_listen(&port));
    struct wire_request request = mail(fixture, SMTP_STARTTLS, "bob");
    request.smtp.port = port;
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_NOT_SENT);
    assert_false(answer->tls_failed);

    request = mail(fixture, SMTP_STARTTLS, "bob");
    request.smtp.host = STR("mail.invalid");
    request.timeout = SECONDS(1);
    assert_int_equal(wire_ask(&fixture->sender, &request)->outcome, WIRE_NOT_SENT);
}

/* The server has the message and takes its time to say so: whether it was taken, nobody knows. */
static void silence_after_the_message(void **state)
{
    struct fixture *fixture = *state;
    need_exim(fixture);
    struct wire_request request = mail(fixture, SMTP_STARTTLS, "slow");
    request.timeout = SECONDS(1);
    const struct wire_answer *answer = wire_ask(&fixture->sender, &request);
    assert_int_equal(answer->outcome, WIRE_UNKNOWN);
    assert_true(answer->timed_out);
}

static void many_recipients(void **state)
{
    struct fixture *fixture = *state;
    need_exim(fixture);
    size_t first = fixture->sender.sent;
    enum { COUNT = 12 };
    for (int i = 0; i < COUNT; i++) {
        struct str name = arena_printf(fixture->arena, "%s", i % 4 == 3 ? "nobody" : "bob");
        struct wire_request request = mail(fixture, SMTP_PLAIN, name.ptr);
        (void)wire_send(&fixture->sender, &request);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(wire_wait(&fixture->sender, first + i)->status, i % 4 == 3 ? 550 : 250);
        if (i % 4 != 3) {
            (void)next_mail(fixture);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),        cmocka_unit_test(refused_by_the_server),
        cmocka_unit_test(login),           cmocka_unit_test(tls_failures),
        cmocka_unit_test(not_reached),     cmocka_unit_test(silence_after_the_message),
        cmocka_unit_test(many_recipients),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
