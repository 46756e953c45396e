#include "lib/store_fixture.h"

#include "store/messages.h"
#include "store/migrate.h"
#include "store/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void count_line(void *context, struct str line)
{
    struct store_fixture *f = context;
    (void)line;
    f->complaints++;
}

static struct instant fixed_now(void *context)
{
    (void)context;
    return store_time(0);
}

static void make_folder(struct store_fixture *f)
{
    const char *parent = getenv("TMPDIR");
    int length = snprintf(f->folder, sizeof f->folder, "%s/tocsin-store-XXXXXX",
                          parent == NULL ? P_tmpdir : parent);
    assert_in_range(length, 1, sizeof f->folder - 32);
    assert_non_null(mkdtemp(f->folder));
    assert_true(snprintf(f->path, sizeof f->path, "%.400s/store.db", f->folder) > 0);
}

struct db *store_open(struct store_fixture *f, bool is_read_only)
{
    struct db_config config = {.driver = f->driver,
                               .path = f->path,
                               .is_read_only = is_read_only,
                               .seal = f->seal,
                               .log = &f->log};
    struct db *db = NULL;
    if (db_open(&config, &db, &f->problem) != OK) {
        fail_msg("cannot open %s: %s", f->path, f->problem.message);
    }
    return db;
}

/* Beside all others of the server. */
static void make_schema(struct store_fixture *f, const char *url)
{
    char sql[80];
    struct driver_config config = {.path = url};
    struct driver_connection *server = NULL;
    snprintf(f->schema, sizeof f->schema, "t%ld_%llx", (long)getpid(),
             (unsigned long long)random_number());
    snprintf(sql, sizeof sql, "CREATE SCHEMA %s", f->schema);
    if (f->driver->open(&config, &server, &f->problem) != OK ||
        f->driver->execute(server, sql, &f->problem) != OK) {
        fail_msg("%s: %s", sql, f->problem.message);
    }
    f->driver->close(&server);
    assert_true(snprintf(f->path, sizeof f->path,
                         "%.300s&options=-csearch_path%%3D%s&application_name=%s", url, f->schema,
                         f->schema) > 0);
}

static void drop_schema(struct store_fixture *f)
{
    char sql[80];
    struct driver_config config = {.path = f->path};
    struct driver_connection *server = NULL;
    snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", f->schema);
    if (f->driver->open(&config, &server, &f->problem) != OK ||
        f->driver->execute(server, sql, &f->problem) != OK) {
        fail_msg("%s: %s", sql, f->problem.message);
    }
    f->driver->close(&server);
}

static struct store_fixture *make_fixture(void **state, bool is_file)
{
    struct store_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    *state = f;
    f->driver = &driver_sqlite;
    f->arena = arena_new();
    f->log = (struct log){.least = LOG_WARN, .sink = count_line, .context = f, .now = fixed_now};
    assert_int_equal(seal_new(STR("a key that only this test has"), &f->seal, &f->problem), OK);
    if (is_file) {
        make_folder(f);
    } else {
        memcpy(f->path, ":memory:", sizeof ":memory:");
    }
    f->db = store_open(f, false);
    return f;
}

static int set_up(void **state, bool is_file)
{
    struct store_fixture *f = make_fixture(state, is_file);
    if (migrate_up(f->db, NULL, &f->problem) != OK) {
        fail_msg("cannot migrate: %s", f->problem.message);
    }
    return 0;
}

int store_set_up_memory(void **state)
{
    const char *engine = getenv("TOCSIN_TEST_STORE");
    if (engine == NULL || strcmp(engine, "postgres") != 0) {
        return set_up(state, false);
    }
    store_set_up_postgres(state);
    struct store_fixture *f = *state;
    if (f->db == NULL) {
        fail_msg("TOCSIN_TEST_STORE=postgres without TOCSIN_TEST_POSTGRES");
    }
    return 0;
}

int store_set_up_file(void **state)
{
    return set_up(state, true);
}

int store_set_up_postgres(void **state)
{
    const char *url = getenv("TOCSIN_TEST_POSTGRES");
    struct store_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    *state = f;
    f->driver = &driver_postgres;
    f->arena = arena_new();
    f->log = (struct log){.least = LOG_WARN, .sink = count_line, .context = f, .now = fixed_now};
    assert_int_equal(seal_new(STR("a key that only this test has"), &f->seal, &f->problem), OK);
    if (url == NULL || *url == '\0') {
        return 0;
    }
    make_schema(f, url);
    f->db = store_open(f, false);
    if (migrate_up(f->db, NULL, &f->problem) != OK) {
        fail_msg("cannot migrate: %s", f->problem.message);
    }
    return 0;
}

struct store_fixture *store_of(void **state)
{
    struct store_fixture *f = *state;
    if (f->db == NULL) {
        print_message("TOCSIN_TEST_POSTGRES names no PostgreSQL server\n");
        skip();
    }
    return f;
}

int store_set_up_empty(void **state)
{
    make_fixture(state, true);
    return 0;
}

int store_tear_down(void **state)
{
    struct store_fixture *f = *state;
    db_close(&f->db);
    if (f->schema[0] != '\0') {
        drop_schema(f);
    }
    seal_free(&f->seal);
    arena_free(&f->arena);
    if (f->folder[0] != '\0') {
        static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
        char path[STORE_PATH_MAX + 16];
        for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
            snprintf(path, sizeof path, "%s%s", f->path, endings[i]);
            unlink(path);
        }
        rmdir(f->folder);
    }
    free(f);
    return 0;
}

/* Bytes, x'00', as PostgreSQL writes them: '\\x00'. */
static void say_bytes(char *sql)
{
    for (char *at = strstr(sql, "x'"); at != NULL; at = strstr(at + 2, "x'")) {
        size_t rest = strlen(at + 2) + 1;
        memmove(at + 3, at + 2, rest);
        memcpy(at, "'\\x", 3);
    }
}

void store_execute(struct store_fixture *f, const char *format, ...)
{
    char sql[1024 + 16];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(sql, sizeof sql - 16, format, arguments);
    va_end(arguments);
    assert_in_range(length, 1, sizeof sql - 17);
    if (f->driver == &driver_postgres) {
        say_bytes(sql);
    }
    if (db_execute(f->db, sql, &f->problem) != OK) {
        fail_msg("%s: %s", sql, f->problem.message);
    }
}

struct instant store_time(int minutes)
{
    return instant_add((struct instant){1767603600000000}, MINUTES(minutes));
}

struct id store_new_id(struct store_fixture *f)
{
    return id_next(&f->ids, store_time(-60));
}

void store_insert_message(struct store_fixture *f, const struct message *message)
{
    assert_int_equal(messages_add(f->db, f->arena, message), OK);
}

void store_insert(struct store_fixture *f, enum table table, const void *record)
{
    enum err err = db_insert(f->db, table, f->arena, record);
    if (err != OK) {
        fail_msg("cannot insert into %s: %s", db_table_name(table), err_code(err));
    }
}

struct user store_user(struct store_fixture *f, const char *name, const char *phone)
{
    return (struct user){
        .id = store_new_id(f),
        .name = str_from(name),
        .phone = str_from(phone),
        .call_opt_in = true,
        .calendar_enabled = true,
        .created_at = store_time(-60),
        .updated_at = store_time(-60),
    };
}

struct meeting store_meeting(struct store_fixture *f, struct id user, const char *external_id,
                             int start_minute)
{
    return (struct meeting){
        .id = store_new_id(f),
        .user_id = user,
        .external_id = str_from(external_id),
        .title = STR("Weekly review"),
        .starts_at = store_time(start_minute),
        .ends_at = store_time(start_minute + 30),
        .timezone = STR("Europe/Madrid"),
        .status = meeting_status_SCHEDULED,
        .generation = 1,
        .created_at = store_time(-60),
        .updated_at = store_time(-60),
    };
}

struct alert store_alert(struct store_fixture *f, const struct meeting *meeting, int stage)
{
    return (struct alert){
        .id = store_new_id(f),
        .meeting_id = meeting->id,
        .user_id = meeting->user_id,
        .generation = meeting->generation,
        .alert_type = STR("MEETING_UPCOMING_EMAIL"),
        .stage = stage,
        .channel = channel_EMAIL,
        .status = alert_status_PENDING,
        .due_at = instant_sub(meeting->starts_at, MINUTES(15)),
        .valid_until = instant_sub(meeting->starts_at, MINUTES(10)),
    };
}

struct message store_message(struct store_fixture *f, const struct meeting *meeting, struct id step)
{
    struct id id = store_new_id(f);
    return (struct message){
        .id = id,
        .subject_type = subject_type_MEETING,
        .subject_id = meeting->id,
        .step_id = step,
        .meeting_id = meeting->id,
        .user_id = meeting->user_id,
        .target = message_target_PERSON,
        .channel = channel_SMS,
        .provider = STR("mock"),
        .recipient = STR("+34600111222"),
        .text = STR("Your meeting starts soon."),
        .state = message_state_QUEUED,
        .attempt = 1,
        .wire_id = id,
        .priority = 1,
        .created_at = store_time(0),
        .due_at = store_time(0),
    };
}

struct timer store_timer(struct store_fixture *f, enum timer_kind kind, struct id subject,
                         int due_minute)
{
    return (struct timer){
        .id = timer_is_subject(kind) ? subject : store_new_id(f),
        .kind = (int)kind,
        .subject_id = subject,
        .due_at = store_time(due_minute),
        .priority = 5,
        .state = timer_state_PENDING,
    };
}

void store_assert_text(struct str got, const char *expected)
{
    if (!str_equal_text(got, expected)) {
        fail_msg("got <%.*s>, expected <%s>", STR_FMT(got), expected);
    }
}
