#include "store/transfer_internal.h"

#include "store/db_internal.h"
#include "store/migrate.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    const char *keys;
    const char *columns; /* NULL for those of the record. */
    enum table table;
} tables[] = {
#define RECORDED(name, keys) {#name, keys, NULL, TABLE_##name},
#define BARE(name, keys, columns) {#name, keys, columns, TABLE_COUNT},
#include "store/transfer.def"
#undef RECORDED
#undef BARE
};

size_t transfer_table_count(void)
{
    return ARRAY_LENGTH(tables);
}

const char *transfer_table_name(size_t index)
{
    return tables[index].name;
}

struct str transfer_table_columns(size_t index, struct arena *arena)
{
    struct buf text = {.arena = arena};
    if (tables[index].columns != NULL) {
        return str_from(tables[index].columns);
    }
    record_columns(&text, db_table_record(tables[index].table));
    return buf_str(&text);
}

/* A walk over one table, page by page behind the key of the last row. */
struct walk {
    struct db *db;
    struct arena *arena; /* Of a page. */
    struct arena *keep;  /* Of the key, and of the texts. */
    struct driver_statement *first;
    struct driver_statement *next;
    size_t columns;
    size_t keys;
    size_t key_at[TRANSFER_COLUMNS_MAX];
    struct value key[TRANSFER_COLUMNS_MAX];
    struct line_sink sink;
};

static size_t column_at(struct str columns, struct str name)
{
    struct str column = STR_NONE;
    size_t at = 0;
    while (str_split(&columns, ',', &column) && !str_equal(str_trim(column), name)) {
        at++;
    }
    return at;
}

static enum err prepare_walk(struct walk *walk, size_t table, struct problem *problem)
{
    struct str columns = transfer_table_columns(table, walk->keep);
    struct str keys = str_from(tables[table].keys);
    struct str key = STR_NONE;
    struct buf marks = {.arena = walk->keep};
    walk->columns = transfer_column_count(columns);
    for (struct str rest = keys; str_split(&rest, ',', &key);) {
        walk->key_at[walk->keys++] = column_at(columns, str_trim(key));
        buf_printf(&marks, walk->keys == 1 ? "?%zu" : ", ?%zu", walk->keys);
    }
    struct str first =
        arena_printf(walk->keep, "SELECT %.*s FROM %s ORDER BY %.*s LIMIT %d", STR_FMT(columns),
                     tables[table].name, STR_FMT(keys), TRANSFER_PAGE);
    struct str next =
        arena_printf(walk->keep, "SELECT %.*s FROM %s WHERE (%.*s) > (%.*s) ORDER BY %.*s LIMIT %d",
                     STR_FMT(columns), tables[table].name, STR_FMT(keys), STR_FMT(buf_str(&marks)),
                     STR_FMT(keys), TRANSFER_PAGE);
    const struct driver *driver = walk->db->driver;
    TRY(driver->prepare(walk->db->connection, first, &walk->first, problem));
    return driver->prepare(walk->db->connection, next, &walk->next, problem);
}

static void keep_key(struct walk *walk, const struct value *row)
{
    for (size_t i = 0; i < walk->keys; i++) {
        walk->key[i] = row[walk->key_at[i]];
        walk->key[i].text = arena_str(walk->keep, walk->key[i].text);
    }
}

static enum err walk_page(struct walk *walk, struct driver_statement *statement, size_t *rows)
{
    struct value row[TRANSFER_COLUMNS_MAX];
    struct buf line = {.arena = walk->arena};
    const struct driver *driver = walk->db->driver;
    bool has_row = false;
    *rows = 0;
    enum err err = driver->start(statement, walk->key, statement == walk->first ? 0 : walk->keys);
    while (err == OK) {
        err = driver->step(statement, row, walk->columns, &has_row);
        if (err != OK || !has_row) {
            break;
        }
        buf_clear(&line);
        transfer_encode(&line, row, walk->columns);
        err = walk->sink.take(walk->sink.context, buf_str(&line));
        if (++*rows == TRANSFER_PAGE) {
            keep_key(walk, row);
        }
    }
    driver->finish(statement);
    return err;
}

enum err transfer_each_row(struct db *db, size_t table, struct line_sink sink,
                           struct problem *problem)
{
    struct walk walk = {.db = db, .arena = arena_new(), .keep = arena_new(), .sink = sink};
    size_t rows = TRANSFER_PAGE;
    enum err err = prepare_walk(&walk, table, problem);
    assert(walk.columns <= TRANSFER_COLUMNS_MAX);
    for (bool is_first = true; err == OK && rows == TRANSFER_PAGE; is_first = false) {
        arena_reset(walk.arena);
        err = walk_page(&walk, is_first ? walk.first : walk.next, &rows);
    }
    db->driver->forget(&walk.first);
    db->driver->forget(&walk.next);
    arena_free(&walk.arena);
    arena_free(&walk.keep);
    return err == OK || problem->message[0] != '\0'
               ? err
               : problem_set(problem, err, NULL, "the table %s cannot be read: %s",
                             tables[table].name, err_code(err));
}

struct counted_sink {
    struct line_sink sink;
    struct tally tally;
};

static enum err take_row(void *context, struct str line)
{
    struct counted_sink *counted = context;
    tally_add(&counted->tally, line);
    return counted->sink.take(counted->sink.context, line);
}

static enum err export_table(struct db *db, size_t table, struct line_sink sink,
                             struct transfer_result *result, struct problem *problem)
{
    struct arena *arena = arena_new();
    struct counted_sink counted = {.sink = sink};
    char hash[TRANSFER_HASH_CHARS + 1];
    tally_begin(&counted.tally);
    enum err err =
        sink.take(sink.context, arena_printf(arena, "table %s %.*s", tables[table].name,
                                             STR_FMT(transfer_table_columns(table, arena))));
    if (err == OK) {
        err = transfer_each_row(db, table, (struct line_sink){&counted, take_row}, problem);
    }
    tally_end(&counted.tally, hash);
    if (err == OK) {
        err =
            sink.take(sink.context, arena_printf(arena, "end %s %lld sha256 %s", tables[table].name,
                                                 (long long)counted.tally.rows, hash));
    }
    result->tables++;
    result->rows += counted.tally.rows;
    arena_free(&arena);
    return err;
}

static enum err export_all(struct db *db, struct str key_check, struct line_sink sink,
                           struct transfer_result *result, struct problem *problem)
{
    struct arena *arena = arena_new();
    int have = 0;
    int want = 0;
    enum err err = migrate_status(db, &have, &want, problem);
    if (err == OK && have != want) {
        err = problem_set(problem, E_CONFLICT, "DATABASE_URL",
                          "the database has schema %d, this binary wants %d; see tocsin migrate",
                          have, want);
    }
    if (err == OK) {
        err = sink.take(sink.context, arena_printf(arena, "tocsin-export 1 schema %d key %.*s",
                                                   have, STR_FMT(key_check)));
    }
    for (size_t i = 0; err == OK && i < ARRAY_LENGTH(tables); i++) {
        err = export_table(db, i, sink, result, problem);
    }
    if (err == OK) {
        err = sink.take(sink.context,
                        arena_printf(arena, "done %lld tables %lld rows", (long long)result->tables,
                                     (long long)result->rows));
    }
    arena_free(&arena);
    return err;
}

enum err transfer_export(struct db *db, struct str key_check, struct line_sink sink,
                         struct transfer_result *out, struct problem *problem)
{
    *out = (struct transfer_result){0};
    TRY(db_execute(db, "BEGIN DEFERRED", problem));
    enum err err = export_all(db, key_check, sink, out, problem);
    db_rollback(db);
    return err;
}
