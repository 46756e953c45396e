/* The due index and its connection against a real redis-server, started here on a free port and a
 * socket in a folder of its own; and against a peer that answers what a real one would not. Skipped
 * where redis-server is not installed. */
#include "base/buf.h"
#include "bus/redis_due.h"
#include "bus/redis_internal.h"

#include "lib/socket_peer.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SHARD = 7, MANY = 3000, PATIENCE_MS = 400, START_TRIES = 200, FREE_TRIES = 5 };

struct bench {
    struct arena *arena;
    char folder[64];
    char socket[80];
    uint16_t port;
    pid_t server;
    struct redis_address address;
    struct redis *redis;
    struct problem problem;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum err open_at(const struct redis_address *address, struct redis **out,
                        struct problem *problem)
{
    struct redis_config config = {address, MILLISECONDS(PATIENCE_MS), monotonic_ms};
    *problem = (struct problem){0};
    return redis_open(&config, out, problem);
}

static enum err say(struct bench *b, const char *first, const char *second, const char *third)
{
    struct str words[] = {str_from(first), str_from(second), str_from(third)};
    size_t count = second == NULL ? 1 : third == NULL ? 2 : 3;
    assert_int_equal(redis_say(b->redis, words, count), OK);
    return redis_answers(b->redis, 1, &b->problem);
}

/* --- The server --- */

static bool is_installed(void)
{
    return system("command -v redis-server >/dev/null 2>&1") == 0;
}

static void spawn(struct bench *b)
{
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)b->port);
    b->server = fork();
    assert_true(b->server >= 0);
    if (b->server == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL) {
            execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1",
                   "--unixsocket", b->socket, "--dir", b->folder, "--save", "", "--appendonly",
                   "no", (char *)NULL);
        }
        _exit(127);
    }
}

/* False where somebody else took the port in between. */
static bool is_up(struct bench *b)
{
    for (int i = 0; i < START_TRIES; i++) {
        if (open_at(&b->address, &b->redis, &b->problem) == OK) {
            return true;
        }
        if (waitpid(b->server, NULL, WNOHANG) == b->server) {
            b->server = 0;
            return false;
        }
        (void)poll(NULL, 0, 25);
    }
    return false;
}

static int begin(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    *state = b;
    signal(SIGPIPE, SIG_IGN);
    b->arena = arena_new();
    snprintf(b->folder, sizeof b->folder, "/tmp/tocsin-redis-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->socket, sizeof b->socket, "%s/socket", b->folder);
    bool is_running = false;
    for (int i = 0; i < FREE_TRIES && is_installed() && !is_running; i++) {
        int listener = peer_listen(&b->port);
        close(listener);
        b->address = (struct redis_address){.host = STR("127.0.0.1"), .port = b->port};
        spawn(b);
        is_running = is_up(b);
    }
    return 0;
}

static int finish(void **state)
{
    struct bench *b = *state;
    redis_close(&b->redis);
    if (b->server > 0) {
        kill(b->server, SIGCONT);
        kill(b->server, SIGKILL);
        waitpid(b->server, NULL, 0);
    }
    unlink(b->socket);
    rmdir(b->folder);
    arena_free(&b->arena);
    free(b);
    return 0;
}

static struct bench *bench_of(void **state)
{
    struct bench *b = *state;
    if (!is_installed()) {
        print_message("skipped: redis-server is not installed (script/setup test installs it)\n");
        skip();
    }
    assert_non_null(b->redis);
    return b;
}

/* --- The index --- */

static struct due_item item_of(int64_t id, int64_t due_ms)
{
    return (struct due_item){SHARD, timer_kind_STEP, {id}, due_ms};
}

struct listed {
    struct due_item items[8];
    size_t count;
};

static void take_item(void *context, const struct due_item *item)
{
    struct listed *listed = context;
    assert_true(listed->count < ARRAY_LENGTH(listed->items));
    listed->items[listed->count++] = *item;
}

static struct listed first_of(struct bench *b)
{
    struct listed listed = {.count = 0};
    struct due_listing listing = {&listed, take_item};
    assert_int_equal(redis_due_first(b->redis, SHARD, 8, &listing, &b->problem), OK);
    return listed;
}

static struct due_counts sweep(struct bench *b, const struct due_item *items, size_t count,
                               bool mends)
{
    struct due_sweep sweep = {.mends = mends};
    b->problem = (struct problem){0};
    struct due_slice slice = {SHARD, items, count};
    enum err err = redis_due_sweep(b->redis, &slice, &sweep, &b->problem);
    if (err != OK) {
        fail_msg("%s", b->problem.message);
    }
    return sweep.counts;
}

static void assert_counts(struct due_counts counts, int64_t missing, int64_t wrong, int64_t foreign)
{
    assert_int_equal(counts.missing, missing);
    assert_int_equal(counts.wrong, wrong);
    assert_int_equal(counts.foreign, foreign);
}

static void test_notes(void **state)
{
    struct bench *b = bench_of(state);
    const struct due_note notes[] = {
        {DUE_PUT, item_of(3, 300)},  {DUE_PUT, item_of(1, 100)}, {DUE_PUT, item_of(2, 200)},
        {DUE_DROP, item_of(2, 200)}, {DUE_PUT, item_of(3, 50)},  {DUE_DROP, item_of(9, 1)},
    };
    assert_int_equal(redis_due_write(b->redis, 0, notes, ARRAY_LENGTH(notes), &b->problem), OK);
    struct listed listed = first_of(b);
    assert_int_equal(listed.count, 2);
    assert_int_equal(listed.items[0].id.value, 3);
    assert_int_equal(listed.items[0].due_ms, 50);
    assert_int_equal(listed.items[1].id.value, 1);
    assert_int_equal(listed.items[1].kind, timer_kind_STEP);
    assert_int_equal(redis_due_write(b->redis, 0, NULL, 0, &b->problem), OK);
}

static void take_text(void *context, struct str text)
{
    struct buf *heard = context;
    buf_add(heard, text);
}

static void test_what_is_told(void **state)
{
    struct bench *b = bench_of(state);
    struct redis *ear = NULL;
    struct buf heard = {.arena = b->arena};
    struct buf wanted = {.arena = b->arena};
    char channel[DUE_KEY_MAX];
    struct due_note notes[DUE_NOTES_MAX];
    assert_int_equal(open_at(&b->address, &ear, &b->problem), OK);
    assert_int_equal(redis_listen(ear, due_channel(0, channel), &b->problem), OK);
    for (int i = 0; i < DUE_NOTES_MAX; i++) {
        char line[DUE_LINE_MAX];
        notes[i] = (struct due_note){DUE_TELL, item_of(i + 1, 1000 + i)};
        buf_add(&wanted, due_line(&notes[i].item, line));
    }
    assert_int_equal(redis_due_write(b->redis, 0, notes, DUE_NOTES_MAX, &b->problem), OK);
    while (heard.len < wanted.len) {
        struct pollfd fd = {.fd = redis_fd(ear), .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 5000), 1);
        assert_int_equal(redis_hear(ear, &heard, take_text), OK);
    }
    assert_true(str_equal(buf_str(&heard), buf_str(&wanted)));
    assert_int_equal(first_of(b).count, 0); /* Telling is not writing. */
    redis_close(&ear);
}

/* Whatever somebody else does to the set, one comparison finds it and the next finds nothing. */
static void test_comparison(void **state)
{
    struct bench *b = bench_of(state);
    struct due_item *items = ARENA_NEW_ARRAY(b->arena, struct due_item, MANY);
    for (int i = 0; i < MANY; i++) {
        items[i] = item_of(10 + 2 * i, 1700000000000 + i);
    }
    assert_counts(sweep(b, items, MANY, false), MANY, 0, 0);
    assert_counts(sweep(b, items, MANY, false), MANY, 0, 0); /* Looking changes nothing. */
    assert_counts(sweep(b, items, MANY, true), MANY, 0, 0);
    assert_counts(sweep(b, items, MANY, false), 0, 0, 0);
    assert_int_equal(first_of(b).items[0].id.value, 10);

    const struct str key = STR("tocsin:{07}:due");
    for (int i = 0; i < MANY; i++) {
        struct str nonsense =
            arena_printf(b->arena, "%s%d", i % 2 == 0 ? "STEP:" : "nonsense ", 11 + 2 * i);
        assert_int_equal(REDIS_SAY(b->redis, STR("ZADD"), key, STR("-5"), nonsense), OK);
    }
    assert_int_equal(REDIS_SAY(b->redis, STR("ZADD"), key, STR("1e+300"), STR("STEP:10")), OK);
    assert_int_equal(REDIS_SAY(b->redis, STR("ZADD"), key, STR("0.5"), STR("STEP:12")), OK);
    assert_int_equal(REDIS_SAY(b->redis, STR("ZADD"), key, STR("-inf"), STR("STEP:14")), OK);
    assert_int_equal(REDIS_SAY(b->redis, STR("ZADD"), key, STR("1"), STR("")), OK);
    assert_int_equal(REDIS_SAY(b->redis, STR("ZREM"), key, STR("STEP:16"), STR("STEP:18")), OK);
    assert_int_equal(redis_answers(b->redis, MANY + 5, &b->problem), OK);
    assert_counts(sweep(b, items, MANY, false), 2, 3, MANY + 1);
    assert_counts(sweep(b, items, MANY, true), 2, 3, MANY + 1);
    assert_counts(sweep(b, items, MANY, false), 0, 0, 0);
    assert_counts(sweep(b, items, 0, true), 0, 0, MANY);
    assert_counts(sweep(b, items, 0, false), 0, 0, 0);
}

static void test_other_type(void **state)
{
    struct bench *b = bench_of(state);
    struct due_item item = item_of(5, 500);
    struct due_note note = {DUE_PUT, item};
    assert_int_equal(say(b, "SET", "tocsin:{07}:due", "not a set"), OK);
    assert_int_equal(redis_due_write(b->redis, 0, &note, 1, &b->problem), E_UPSTREAM);
    assert_string_equal(b->problem.message, "WRONGTYPE");
    assert_counts(sweep(b, &item, 1, false), 1, 0, 1);
    assert_counts(sweep(b, &item, 1, true), 1, 0, 1);
    assert_counts(sweep(b, &item, 1, false), 0, 0, 0);
}

static void test_mark(void **state)
{
    struct bench *b = bench_of(state);
    bool was_known = true;
    assert_int_equal(redis_mark(b->redis, STR("tocsin:here:1"), 60, &was_known, &b->problem), OK);
    assert_false(was_known);
    assert_int_equal(redis_mark(b->redis, STR("tocsin:here:1"), 60, &was_known, &b->problem), OK);
    assert_true(was_known);
    assert_int_equal(say(b, "FLUSHALL", NULL, NULL), OK);
    assert_int_equal(redis_mark(b->redis, STR("tocsin:here:1"), 60, &was_known, &b->problem), OK);
    assert_false(was_known);
}

/* --- Getting in --- */

static void test_addresses(void **state)
{
    struct bench *b = bench_of(state);
    struct redis *other = NULL;
    struct redis_address address = {.path = str_from(b->socket), .database = 3};
    struct due_note note = {DUE_PUT, item_of(5, 500)};
    assert_int_equal(open_at(&address, &other, &b->problem), OK);
    assert_int_equal(redis_due_write(other, 3, &note, 1, &b->problem), OK);
    redis_close(&other);
    assert_int_equal(first_of(b).count, 0);
    assert_int_equal(say(b, "SELECT", "3", NULL), OK);
    assert_int_equal(first_of(b).count, 1);
    address.database = 99;
    assert_int_equal(open_at(&address, &other, &b->problem), E_UPSTREAM);
    assert_null(other);
    address.path = STR("/nowhere/at/all");
    assert_int_equal(open_at(&address, &other, &b->problem), E_NETWORK);
    assert_string_equal(b->problem.message, "UNREACHABLE");
}

static void test_passwords(void **state)
{
    struct bench *b = bench_of(state);
    struct redis *other = NULL;
    struct redis_address address = b->address;
    assert_int_equal(say(b, "CONFIG", "SET", "requirepass"), E_UPSTREAM); /* Words are missing. */
    assert_string_equal(b->problem.message, "ERR");
    assert_int_equal(
        REDIS_SAY(b->redis, STR("CONFIG"), STR("SET"), STR("requirepass"), STR("s3cret")), OK);
    assert_int_equal(REDIS_SAY(b->redis, STR("ACL"), STR("SETUSER"), STR("tocsin"), STR("on"),
                               STR(">p w"), STR("~tocsin:*"), STR("&tocsin:*"), STR("+@all")),
                     OK);
    assert_int_equal(redis_answers(b->redis, 2, &b->problem), OK);
    assert_int_equal(open_at(&address, &other, &b->problem), E_UPSTREAM);
    assert_string_equal(b->problem.message, "NOAUTH");
    address.password = STR("wrong s3cret");
    assert_int_equal(open_at(&address, &other, &b->problem), E_UPSTREAM);
    assert_string_equal(b->problem.message, "WRONGPASS");
    address.password = STR("s3cret");
    assert_int_equal(open_at(&address, &other, &b->problem), OK);
    redis_close(&other);
    address.user = STR("tocsin");
    address.password = STR("p w");
    assert_int_equal(open_at(&address, &other, &b->problem), OK);
    redis_close(&other);
}

/* --- A server that cannot --- */

static void test_full(void **state)
{
    struct bench *b = bench_of(state);
    struct due_note notes[] = {{DUE_PUT, item_of(5, 500)}, {DUE_PUT, item_of(6, 600)}};
    assert_int_equal(REDIS_SAY(b->redis, STR("CONFIG"), STR("SET"), STR("maxmemory"), STR("1")),
                     OK);
    assert_int_equal(redis_answers(b->redis, 1, &b->problem), OK);
    assert_int_equal(redis_due_write(b->redis, 0, notes, 2, &b->problem), E_UPSTREAM);
    assert_string_equal(b->problem.message, "OOM");
    assert_int_equal(REDIS_SAY(b->redis, STR("CONFIG"), STR("SET"), STR("maxmemory"), STR("0")),
                     OK);
    assert_int_equal(redis_answers(b->redis, 1, &b->problem), OK);
    assert_int_equal(redis_due_write(b->redis, 0, notes, 2, &b->problem), OK);
    assert_int_equal(first_of(b).count, 2);
}

static void test_frozen_and_killed(void **state)
{
    struct bench *b = bench_of(state);
    struct due_note note = {DUE_PUT, item_of(5, 500)};
    int status = 0;
    assert_int_equal(kill(b->server, SIGSTOP), 0);
    assert_int_equal(waitpid(b->server, &status, WUNTRACED), b->server);
    int64_t began_ms = monotonic_ms();
    assert_int_equal(redis_due_write(b->redis, 0, &note, 1, &b->problem), E_NETWORK);
    assert_string_equal(b->problem.message, "TIMEOUT");
    assert_true(monotonic_ms() - began_ms < 5000);
    kill(b->server, SIGCONT);
    redis_close(&b->redis);
    assert_int_equal(open_at(&b->address, &b->redis, &b->problem), OK);
    kill(b->server, SIGKILL);
    waitpid(b->server, NULL, 0);
    b->server = 0;
    assert_int_equal(redis_due_write(b->redis, 0, &note, 1, &b->problem), E_NETWORK);
    assert_string_equal(b->problem.message, "LOST");
}

/* --- A peer that is no Redis --- */

struct impostor {
    int listener;
    struct str answer;
    bool repeats;
};

static void *answer_one(void *context)
{
    const struct impostor *impostor = context;
    int fd = peer_accept(impostor->listener);
    char asked[64];
    if (read(fd, asked, sizeof asked) > 0) {
        while (peer_try_send(fd, impostor->answer) && impostor->repeats) {
        }
        (void)peer_readable(fd, PEER_PATIENCE_MS); /* Until the other side ends. */
    }
    close(fd);
    return NULL;
}

static enum err meet(struct impostor *impostor, struct problem *problem)
{
    struct redis *redis = NULL;
    struct redis_address address = {.host = STR("127.0.0.1")};
    uint16_t port = 0;
    pthread_t thread;
    signal(SIGPIPE, SIG_IGN);
    impostor->listener = peer_listen(&port);
    address.port = port;
    assert_int_equal(pthread_create(&thread, NULL, answer_one, impostor), 0);
    enum err err = open_at(&address, &redis, problem);
    redis_close(&redis);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(impostor->listener);
    return err;
}

static void test_impostors(void **state)
{
    static const struct {
        struct str answer;
        bool repeats;
        enum err err;
        const char *code;
    } rows[] = {
        {STR_INIT("-MOVED 3999 127.0.0.1:6381\r\n"), false, E_UPSTREAM, "MOVED"},
        {STR_INIT("-LOADING it reads its file\r\n"), false, E_UPSTREAM, "LOADING"},
        {STR_INIT("-s3cret is not a code\r\n"), false, E_UPSTREAM, "REFUSED"},
        {STR_INIT("HTTP/1.1 400 Bad Request\r\n\r\n"), false, E_NETWORK, "PROTOCOL"},
        {STR_INIT("$-7\r\n$99999999999999999999\r\n"), false, E_NETWORK, NULL},
        {STR_INIT("$500000000\r\n"), false, E_NETWORK, "TIMEOUT"},
        {STR_INIT("+PO"), false, E_NETWORK, "TIMEOUT"},
        {STR_INIT("+much too long an answer for one that is expected to say PONG "), true,
         E_NETWORK, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct impostor impostor = {.answer = rows[i].answer, .repeats = rows[i].repeats};
        struct problem problem = {0};
        assert_int_equal(meet(&impostor, &problem), rows[i].err);
        assert_null(strstr(problem.message, "s3cret"));
        if (rows[i].code != NULL) {
            assert_string_equal(problem.message, rows[i].code);
        }
    }
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_notes),
        WITH_SERVER(test_what_is_told),
        WITH_SERVER(test_comparison),
        WITH_SERVER(test_other_type),
        WITH_SERVER(test_mark),
        WITH_SERVER(test_addresses),
        WITH_SERVER(test_passwords),
        WITH_SERVER(test_full),
        WITH_SERVER(test_frozen_and_killed),
        cmocka_unit_test(test_impostors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
