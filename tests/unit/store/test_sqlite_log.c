/* The log that is written a commit at a time: fewer calls, and everybody sees what SQLite wrote. */
#include "store/sqlite_log.h"

#include "lib/raw_sqlite.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char folder[64];
    char path[96];
    sqlite3 *writer;
    sqlite3 *reader;
};

static sqlite3 *opened(const struct fixture *f)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                     sqlite_log_install()),
                     SQLITE_OK);
    raw_run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0");
    return db;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/tocsin-log-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
    f->writer = opened(f);
    raw_run(f->writer, "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
    f->reader = opened(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sqlite3_close(f->reader);
    sqlite3_close(f->writer);
    remove(f->path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static const char fill[] = "INSERT INTO t (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
                           "i+1 FROM n WHERE i<200) SELECT hex(zeroblob(1000)) FROM n";

/* Calls that wrote something, of this process, by now. */
static long writes(void)
{
    char text[1024] = "";
    int file = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -1;
    }
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    const char *line = count > 0 ? strstr(text, "syscw: ") : NULL;
    return line == NULL ? -1 : strtol(line + strlen("syscw: "), NULL, 10);
}

static void test_a_commit_is_few_calls(void **state)
{
    struct fixture *f = *state;
    long before = writes();
    if (before < 0) {
        print_message("skipped: /proc/self/io cannot be read\n");
        skip();
    }
    raw_run(f->writer, fill);
    /* Some 110 pages, each of which SQLite writes by two calls; in pieces of 64 KiB here. */
    assert_in_range(writes() - before, 1, 20);
    assert_int_equal(raw_number(f->reader, "SELECT count(*) FROM t"), 200);
}

static void test_every_commit_is_seen_at_once(void **state)
{
    struct fixture *f = *state;
    for (int i = 1; i <= 50; i++) {
        raw_run(f->writer, "INSERT INTO t (text) VALUES (hex(zeroblob(3000)))");
        assert_int_equal(raw_number(f->reader, "SELECT count(*) FROM t"), i);
    }
}

/* A cache of ten pages writes pages out within the transaction and reads them back. */
static void test_pages_that_leave_the_cache(void **state)
{
    struct fixture *f = *state;
    raw_run(f->writer, "PRAGMA cache_size=10; BEGIN");
    raw_run(f->writer, fill);
    raw_run(f->writer, "SAVEPOINT a");
    raw_run(f->writer, fill);
    raw_run(f->writer, "UPDATE t SET text='short' WHERE id % 3 = 0");
    raw_run(f->writer, "ROLLBACK TO a; RELEASE a");
    raw_run(f->writer, "UPDATE t SET text='kept' WHERE id % 2 = 0");
    assert_int_equal(raw_number(f->reader, "SELECT count(*) FROM t"), 0);
    raw_run(f->writer, "COMMIT");
    assert_int_equal(raw_number(f->reader, "SELECT count(*) FROM t"), 200);
    assert_int_equal(raw_number(f->reader, "SELECT count(*) FROM t WHERE text='kept'"), 100);
    raw_run(f->writer, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(raw_number(f->reader, "SELECT count(*) FROM t WHERE text='kept'"), 100);
}

static void copy(const char *from, const char *to)
{
    static char bytes[1 << 16];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    for (size_t n = 0; (n = fread(bytes, 1, sizeof bytes, in)) > 0;) {
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    }
    fclose(in);
    fclose(out);
}

/* What a crash at this moment leaves: the files as they are, with nothing of the process. How many
 * rows fulfil a condition is read from a copy of them, which must be whole. */
static int64_t after_a_crash(const struct fixture *f, const char *count)
{
    struct fixture other = {0};
    char log[128];
    char copied[160];
    snprintf(other.path, sizeof other.path, "%s/b.db", f->folder);
    copy(f->path, other.path);
    snprintf(log, sizeof log, "%s-wal", f->path);
    snprintf(copied, sizeof copied, "%s-wal", other.path);
    copy(log, copied);
    sqlite3 *db = opened(&other);
    int64_t found = raw_number(db, count);
    assert_int_equal(raw_number(db, "SELECT count(*) FROM pragma_integrity_check WHERE "
                                    "integrity_check='ok'"),
                     1);
    sqlite3_close(db);
    remove(other.path);
    return found;
}

static void test_what_is_committed_is_in_the_file(void **state)
{
    struct fixture *f = *state;
    raw_run(f->writer, fill);
    raw_run(f->writer, "BEGIN");
    raw_run(f->writer, fill);
    assert_int_equal(after_a_crash(f, "SELECT count(*) FROM t"), 200);
    raw_run(f->writer, "ROLLBACK");
}

/* A row is a page here. Around 255 frames and twice as many the memory for them is full at each
 * place of the last frame. */
static void test_commits_of_every_size(void **state)
{
    struct fixture *f = *state;
    static const int around[] = {1, 252, 507};
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        for (int rows = around[i]; rows < around[i] + 6; rows++) {
            char sql[256];
            snprintf(sql, sizeof sql,
                     "DELETE FROM t; PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t (text) WITH "
                     "RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) SELECT "
                     "hex(zeroblob(2000)) FROM n",
                     rows);
            raw_run(f->writer, sql);
            assert_int_equal(after_a_crash(f, "SELECT count(*) FROM t"), rows);
        }
    }
}

/* Pages that were written out and are written again are written in their place; at the commit
 * SQLite goes through the heads of all frames since. */
static void test_a_commit_that_writes_in_place(void **state)
{
    struct fixture *f = *state;
    raw_run(f->writer, "PRAGMA cache_size=10; BEGIN");
    raw_run(f->writer, fill);
    raw_run(f->writer, "UPDATE t SET text='kept' WHERE id % 2 = 0");
    raw_run(f->writer, "COMMIT");
    assert_int_equal(after_a_crash(f, "SELECT count(*) FROM t WHERE text='kept'"), 100);
    raw_run(f->writer, "INSERT INTO t (text) VALUES ('kept')");
    assert_int_equal(after_a_crash(f, "SELECT count(*) FROM t WHERE text='kept'"), 101);
}

/* The file may not grow any more: the commit itself fails, and nothing of it is seen. */
static void test_a_full_disk_refuses_the_commit(void **state)
{
    struct fixture *f = *state;
    struct rlimit was = {0};
    struct stat log = {0};
    char name[128];
    raw_run(f->writer, fill);
    snprintf(name, sizeof name, "%s-wal", f->path);
    assert_int_equal(stat(name, &log), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    struct rlimit tight = {(rlim_t)log.st_size + 10000, was.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    int code = sqlite3_exec(f->writer, fill, NULL, NULL, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_not_equal(code, SQLITE_OK);
    assert_int_equal(raw_number(f->reader, "SELECT count(*) FROM t"), 200);
    raw_run(f->writer, fill);
    assert_int_equal(raw_number(f->reader, "SELECT count(*) FROM t"), 400);
    assert_int_equal(raw_number(f->writer, "SELECT count(*) FROM pragma_integrity_check WHERE "
                                           "integrity_check='ok'"),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_commit_is_few_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_commit_is_seen_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pages_that_leave_the_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_committed_is_in_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_commits_of_every_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_commit_that_writes_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_disk_refuses_the_commit, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
