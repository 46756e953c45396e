/* What a start reads is asked for beforehand: every leaf of every index that it names, whatever the
 * file is called, and nothing of what is damaged. */
#include "store/sqlite_ahead.h"

#include "store/timers.h"

#include "lib/raw_sqlite.h"
#include "lib/store_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGE = 4096 };

static const char *const indexes[] = {"many", "none", "few", "lost", NULL};

struct fixture {
    char folder[64];
    char path[96];
    sqlite3 *db;
};

/* A tree of four levels, one of a single page, one that is empty. */
static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/tocsin-ahead-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/a %%3f?b=c#d.db", f->folder);
    assert_int_equal(sqlite3_open(f->path, &f->db), SQLITE_OK);
    raw_run(
        f->db,
        "PRAGMA journal_mode=WAL;"
        "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, is_few INTEGER, is_none INTEGER);"
        "CREATE INDEX many ON t (text);"
        "CREATE INDEX few ON t (id) WHERE is_few = 1;"
        "CREATE INDEX none ON t (id) WHERE is_none = 1;"
        "INSERT INTO t (text, is_few) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n "
        "WHERE i<20000) SELECT printf('%0200d', i), i <= 5 FROM n;"
        "PRAGMA wal_checkpoint(TRUNCATE)");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sqlite3_close(f->db);
    remove(f->path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static void test_every_leaf_is_asked_for(void **state)
{
    struct fixture *f = *state;
    int64_t leaves =
        raw_number(f->db, "SELECT count(*) FROM dbstat WHERE name='many' AND pagetype='leaf'");
    int64_t levels = raw_number(
        f->db, "SELECT max(length(path) - length(replace(path, '/', ''))) FROM dbstat WHERE "
               "name='many' AND pagetype='leaf'");
    assert_true(leaves > 1000);
    assert_int_equal(levels, 4);
    struct sqlite_ahead *ahead = sqlite_ahead_begin(f->path, indexes);
    assert_non_null(ahead);
    /* An index of one page is read when its root is. */
    assert_int_equal(sqlite_ahead_wait(ahead), leaves);
    assert_int_equal(sqlite_ahead_wait(ahead), leaves);
    sqlite_ahead_end(&ahead);
    assert_null(ahead);
}

/* As the shell does that opens a database beside a server: a lock that is gone lets it take away
 * the log (store/sqlite_ahead.h). */
static void test_locks_stay(void **state)
{
    struct fixture *f = *state;
    raw_run(f->db, "PRAGMA synchronous=OFF; BEGIN; SELECT count(*) FROM t");
    struct sqlite_ahead *ahead = sqlite_ahead_begin(f->path, indexes);
    (void)sqlite_ahead_wait(ahead);
    pid_t child = fork();
    if (child == 0) {
        struct flock lock = {.l_type = F_WRLCK,
                             .l_whence = SEEK_SET,
                             .l_start = 0x40000002,
                             .l_len = 510}; /* SQLite's range of shared locks. */
        int file = open(f->path, O_RDWR | O_CLOEXEC);
        _exit(file >= 0 && fcntl(file, F_SETLK, &lock) != 0 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    raw_run(f->db, "COMMIT");
    sqlite_ahead_end(&ahead);
}

static void test_nothing_to_read(void **state)
{
    struct fixture *f = *state;
    char path[128];
    assert_null(sqlite_ahead_begin("/nowhere/tocsin.db", indexes));
    assert_int_equal(sqlite_ahead_wait(NULL), 0);
    snprintf(path, sizeof path, "%s/empty", f->folder);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    struct sqlite_ahead *ahead = sqlite_ahead_begin(path, indexes);
    assert_int_equal(sqlite_ahead_wait(ahead), 0);
    sqlite_ahead_end(&ahead);
    remove(path);
}

/* Every page behind the schema's is overwritten; the last kind is an inner page that is all of its
 * own children. */
static void test_damage_ends(void **state)
{
    struct fixture *f = *state;
    unsigned char page[PAGE] = {0};
    int64_t pages = raw_number(f->db, "PRAGMA page_count");
    int64_t root = raw_number(f->db, "SELECT rootpage FROM sqlite_schema WHERE name='many'");
    int file = open(f->path, O_RDWR | O_CLOEXEC);
    for (int kind = 0; kind < 3; kind++) {
        memset(page, kind == 1 ? 0xff : 0, sizeof page);
        if (kind == 2) {
            for (size_t i = 12; i < sizeof page; i += 2) {
                page[i + 1] = 8;
            }
            memcpy(page, (const unsigned char[]){2, 0, 0, 4, 0, 0, 0, 0, 0, 0}, 10);
            page[10] = (unsigned char)(root >> 8);
            page[11] = (unsigned char)root;
        }
        for (int64_t i = 1; i < pages; i++) {
            assert_int_equal(pwrite(file, page, sizeof page, (off_t)(i * PAGE)), PAGE);
        }
        struct sqlite_ahead *ahead = sqlite_ahead_begin(f->path, indexes);
        assert_int_equal(sqlite_ahead_wait(ahead), 0);
        sqlite_ahead_end(&ahead);
    }
    close(file);
}

static void test_what_waits_has_these_indexes(void **state)
{
    struct store_fixture *f = store_of(state);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    for (const char *const *index = timers_indexes; *index != NULL; index++) {
        char sql[160];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM sqlite_schema WHERE type='index' AND name='%s'", *index);
        assert_int_equal(raw_number(db, sql), 1);
    }
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_leaf_is_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_locks_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_to_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_waits_has_these_indexes, store_set_up_file,
                                        store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
