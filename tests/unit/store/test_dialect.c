/* What the two engines are told of one text: the CHECKs of a table, as each takes them. */
#include "store/dialect.h"

#include "lib/places.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char written[] = "-- CREATE TABLE of a comment; it isn't one (\n"
                              "CREATE TABLE plain (id @id, name TEXT NOT NULL) @by_key;\n"
                              "CREATE TABLE jobs (\n"
                              "    id    @id,\n"
                              "    state TEXT NOT NULL CHECK (@one_of(state, 'NEW', 'OLD')),\n"
                              "    -- Who's it (CHECK (is no word here), or ever)?\n"
                              "    note  TEXT DEFAULT 'CHECK (a, b)',\n"
                              "    n     @int CHECK (n >= 0) CHECK (n < 9),\n"
                              "    CHECK (state <> 'OLD' OR (n IS NOT NULL AND note <> ')')),\n"
                              "    UNIQUE (state, n)\n"
                              ");\n"
                              "CREATE INDEX jobs_state ON jobs (state);\n";

static const char of_sqlite[] =
    "-- CREATE TABLE of a comment; it isn't one (\n"
    "CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;\n"
    "CREATE TABLE jobs (\n"
    "    id    INTEGER PRIMARY KEY,\n"
    "    state TEXT NOT NULL CHECK ((state = 'NEW' OR state = 'OLD')),\n"
    "    -- Who's it (CHECK (is no word here), or ever)?\n"
    "    note  TEXT DEFAULT 'CHECK (a, b)',\n"
    "    n     INTEGER CHECK (n >= 0) CHECK (n < 9),\n"
    "    CHECK (state <> 'OLD' OR (n IS NOT NULL AND note <> ')')),\n"
    "    UNIQUE (state, n)\n"
    ");\n"
    "CREATE INDEX jobs_state ON jobs (state);\n";

static const char of_postgres[] =
    "-- CREATE TABLE of a comment; it isn't one (\n"
    "CREATE TABLE plain (id BIGINT PRIMARY KEY, name TEXT COLLATE \"C\" NOT NULL) ;\n"
    "CREATE TABLE jobs (\n"
    "    id    BIGINT PRIMARY KEY,\n"
    "    state TEXT COLLATE \"C\" NOT NULL ,\n"
    "    -- Who's it (CHECK (is no word here), or ever)?\n"
    "    note  TEXT COLLATE \"C\" DEFAULT 'CHECK (a, b)',\n"
    "    n     BIGINT  ,\n"
    "    UNIQUE (state, n)\n"
    ");\n"
    "CREATE OR REPLACE FUNCTION jobs_checks() RETURNS trigger LANGUAGE plpgsql AS $checks$\n"
    "DECLARE\n"
    "  state jobs.state%TYPE := NEW.state;\n"
    "  note jobs.note%TYPE := NEW.note;\n"
    "  n jobs.n%TYPE := NEW.n;\n"
    "BEGIN\n"
    "  IF NOT ((state = 'NEW' OR state = 'OLD')) THEN\n"
    "    RAISE check_violation USING MESSAGE = 'check 1 of jobs does not hold';\n"
    "  END IF;\n"
    "  IF NOT (n >= 0) THEN\n"
    "    RAISE check_violation USING MESSAGE = 'check 2 of jobs does not hold';\n"
    "  END IF;\n"
    "  IF NOT (n < 9) THEN\n"
    "    RAISE check_violation USING MESSAGE = 'check 3 of jobs does not hold';\n"
    "  END IF;\n"
    "  IF NOT (state <> 'OLD' OR (n IS NOT NULL AND note <> ')')) THEN\n"
    "    RAISE check_violation USING MESSAGE = 'check 4 of jobs does not hold';\n"
    "  END IF;\n"
    "  RETURN NEW;\n"
    "END $checks$;\n"
    "CREATE TRIGGER jobs_checks BEFORE INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION "
    "jobs_checks();\n"
    "CREATE INDEX jobs_state ON jobs (state);\n";

static void test_both(void **state)
{
    struct arena *arena = arena_new();
    (void)state;
    assert_string_equal(dialect_text(&dialect_sqlite, arena, str_from(written)).ptr, of_sqlite);
    assert_string_equal(dialect_text(&dialect_postgres, arena, str_from(written)).ptr, of_postgres);
    arena_free(&arena);
}

static int count_of(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* No CHECK of the schema is left out, and none is left. */
static void test_all_migrations(void **state)
{
    char folder[PLACE_MAX];
    char path[PLACE_MAX];
    char name[PLACE_MAX];
    int checks = 0;
    size_t length = 0;
    (void)state;
    assert_true(place_in_repository("migrations/0001_foundation.sql", path));
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    DIR *all = opendir(folder);
    assert_non_null(all);
    for (struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all)) {
        if (strstr(entry->d_name, ".sql") == NULL) {
            continue;
        }
        snprintf(name, sizeof name, "migrations/%s", entry->d_name);
        assert_true(place_in_repository(name, path));
        char *text = file_read(path, &length);
        assert_non_null(text);
        struct arena *arena = arena_new();
        struct str told = dialect_text(&dialect_postgres, arena, str_from(text));
        assert_int_equal(count_of(told.ptr, "CHECK ("), 0);
        assert_int_equal(count_of(told.ptr, "does not hold"), count_of(text, "CHECK ("));
        checks += count_of(text, "CHECK (");
        arena_free(&arena);
        free(text);
    }
    closedir(all);
    assert_true(checks > 140);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both),
        cmocka_unit_test(test_all_migrations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
