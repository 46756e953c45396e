#include "store/transfer_internal.h"

#include "store/db_internal.h"
#include "store/migrate.h"

#include <stdio.h>
#include <string.h>

/* What an import is at. */
struct import {
    struct db *db;
    struct line_source source;
    struct problem *problem;
    struct arena *arena; /* Of a line. */
    struct arena *keep;  /* Of a table. */
    int64_t line;
    struct transfer_result result;
};

static enum err wrong(const struct import *import, enum err err, const char *what)
{
    return problem_set(import->problem, err, NULL, "line %lld: %s", (long long)import->line, what);
}

static enum err next_line(struct import *import, struct str *out)
{
    import->line++;
    TRY(import->source.give(import->source.context, out));
    return str_is_set(*out) ? OK : wrong(import, E_INVALID, "the export ends before its end");
}

/* Two lines that must be the same; what differs is said as `what`. */
static enum err expect(struct import *import, struct str line, struct str expected, enum err err,
                       const char *what)
{
    return str_equal(line, expected) ? OK : wrong(import, err, what);
}

static enum err check_header(struct import *import, struct str key_check)
{
    struct str line = STR_NONE;
    int have = 0;
    int want = 0;
    TRY(next_line(import, &line));
    TRY(migrate_status(import->db, &have, &want, import->problem));
    struct str start = arena_printf(import->keep, "tocsin-export 1 schema %d key ", have);
    if (!str_starts(line, STR("tocsin-export 1 "))) {
        return wrong(import, E_INVALID, "this is no export of Tocsin's of the form 1");
    }
    if (!str_starts(line, start)) {
        return problem_set(import->problem, E_CONFLICT, NULL,
                           "line 1: the export has another schema than this store (%d): import "
                           "with the version of Tocsin that made it, then migrate",
                           have);
    }
    return expect(import, str_slice(line, start.len, line.len), key_check, E_CONFLICT,
                  "the export was made under another TOCSIN_DATA_KEY, which this store needs too");
}

static enum err count_rows(struct import *import, const char *table, int64_t *out)
{
    const struct driver *driver = import->db->driver;
    struct driver_statement *statement = NULL;
    struct value value = {0};
    bool has_row = false;
    struct str sql = arena_printf(import->keep, "SELECT count(*) FROM %s", table);
    TRY(driver->prepare(import->db->connection, sql, &statement, import->problem));
    enum err err = driver->start(statement, NULL, 0);
    if (err == OK) {
        err = driver->step(statement, &value, 1, &has_row);
    }
    *out = value.number;
    driver->finish(statement);
    driver->forget(&statement);
    return err;
}

static enum err check_empty(struct import *import)
{
    for (size_t i = 0; i < transfer_table_count(); i++) {
        const char *name = transfer_table_name(i);
        int64_t rows = 0;
        if (strcmp(name, "settings") == 0) {
            continue;
        }
        TRY(count_rows(import, name, &rows));
        if (rows > 0) {
            return problem_set(import->problem, E_CONFLICT, "DATABASE_URL",
                               "this store is not empty: the table %s has %lld rows", name,
                               (long long)rows);
        }
    }
    return OK;
}

/* The settings of a store that was just made are replaced by those that come; they hold what its
 * ids are shown by. */
static enum err forget_settings(struct import *import)
{
    return db_execute(import->db, "DELETE FROM settings", import->problem);
}

static struct str insert_text(struct import *import, size_t table, struct str columns)
{
    struct buf text = {.arena = import->keep};
    buf_printf(&text, "INSERT INTO %s (%.*s) VALUES (", transfer_table_name(table),
               STR_FMT(columns));
    for (size_t i = 1; i <= transfer_column_count(columns); i++) {
        buf_printf(&text, i == 1 ? "?%zu" : ", ?%zu", i);
    }
    buf_add_byte(&text, ')');
    return buf_str(&text);
}

static enum err insert_row(struct import *import, struct driver_statement *statement,
                           struct str line, size_t count)
{
    struct value values[TRANSFER_COLUMNS_MAX];
    arena_reset(import->arena);
    if (transfer_decode(import->arena, line, values, count) != OK) {
        return wrong(import, E_INVALID, "this is no row of its table");
    }
    enum err err = db_run_to_end(import->db, statement, (struct params){values, count}, NULL);
    return err == OK ? OK : wrong(import, err, "the store refuses this row");
}

static enum err tally_row(void *context, struct str line)
{
    tally_add(context, line);
    return OK;
}

/* What the store has now is what came. */
static enum err read_back(struct import *import, size_t table, struct str ending)
{
    struct tally tally;
    char hash[TRANSFER_HASH_CHARS + 1];
    tally_begin(&tally);
    enum err err = transfer_each_row(import->db, table, (struct line_sink){&tally, tally_row},
                                     import->problem);
    tally_end(&tally, hash);
    TRY(err);
    struct str mine = arena_printf(import->keep, "end %s %lld sha256 %s",
                                   transfer_table_name(table), (long long)tally.rows, hash);
    import->result.tables++;
    import->result.rows += tally.rows;
    return expect(import, ending, mine, E_CORRUPT,
                  "the rows of this table are not those that were exported");
}

static enum err take_rows(struct import *import, size_t table, struct str columns,
                          struct driver_statement *statement)
{
    struct str line = STR_NONE;
    struct str ending = arena_printf(import->keep, "end %s ", transfer_table_name(table));
    for (;;) {
        TRY(next_line(import, &line));
        if (str_starts(line, ending)) {
            return read_back(import, table, arena_str(import->keep, line));
        }
        TRY(insert_row(import, statement, line, transfer_column_count(columns)));
    }
}

static enum err import_table(struct import *import, size_t table)
{
    struct str line = STR_NONE;
    struct driver_statement *statement = NULL;
    arena_reset(import->keep);
    struct str columns = transfer_table_columns(table, import->keep);
    struct str head =
        arena_printf(import->keep, "table %s %.*s", transfer_table_name(table), STR_FMT(columns));
    TRY(next_line(import, &line));
    TRY(expect(import, line, head, E_INVALID, "another table or other columns stand here"));
    TRY(import->db->driver->prepare(import->db->connection, insert_text(import, table, columns),
                                    &statement, import->problem));
    enum err err = take_rows(import, table, columns, statement);
    import->db->driver->forget(&statement);
    return err;
}

static enum err import_all(struct import *import, struct str key_check)
{
    struct str line = STR_NONE;
    TRY(check_header(import, key_check));
    TRY(check_empty(import));
    TRY(forget_settings(import));
    for (size_t i = 0; i < transfer_table_count(); i++) {
        TRY(import_table(import, i));
    }
    TRY(next_line(import, &line));
    struct str done =
        arena_printf(import->keep, "done %lld tables %lld rows", (long long)import->result.tables,
                     (long long)import->result.rows);
    return expect(import, line, done, E_CORRUPT, "the export ends with another count");
}

/* Nothing was imported. A store that holds nothing else goes by no data key either: perhaps it was
 * the wrong one. */
static void forget_key(const struct import *import)
{
    struct problem ignored = {0};
    struct import empty = {.db = import->db, .problem = &ignored, .keep = import->keep};
    enum err err = check_empty(&empty);
    if (err == OK) {
        err = db_execute(import->db, "DELETE FROM settings WHERE name='data.key.check'", &ignored);
    }
    (void)err;
}

enum err transfer_import(struct db *db, struct str key_check, struct line_source source,
                         struct transfer_result *out, struct problem *problem)
{
    struct import import = {
        .db = db, .source = source, .problem = problem, .arena = arena_new(), .keep = arena_new()};
    enum err err = db_begin(db);
    if (err == OK) {
        err = import_all(&import, key_check);
    }
    if (err == OK) {
        err = db_commit(db);
    } else {
        db_rollback(db);
        forget_key(&import);
    }
    *out = import.result;
    arena_free(&import.arena);
    arena_free(&import.keep);
    return err == OK || problem->message[0] != '\0'
               ? err
               : problem_set(problem, err, NULL, "the store does not take it: %s", err_code(err));
}
