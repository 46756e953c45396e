#include "store/db_internal.h"

#include "base/memory.h"
#include "store/callee_filter.h"
#include "store/kept.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const statement_texts[STATEMENT_COUNT] = {
#define STATEMENT(name, sql) [S_##name] = sql,
#include "store/statements.def"
#undef STATEMENT
};

static const struct {
    const char *name;
    const char *short_name;
    const struct record *record;
} tables[TABLE_COUNT] = {
#define TABLE(name, record) [TABLE_##name] = {#name, #record, &record##_record},
#include "store/tables.def"
#undef TABLE
};

const struct record *db_table_record(enum table table)
{
    assert(table < TABLE_COUNT);
    return tables[table].record;
}

const char *db_table_name(enum table table)
{
    assert(table < TABLE_COUNT);
    return tables[table].name;
}

enum err db_open(const struct db_config *config, struct db **out, struct problem *problem)
{
    struct driver_config driver_config = {
        .path = config->path,
        .is_read_only = config->is_read_only,
        .is_alone = config->is_alone,
        .turn_max = config->turn_max,
        .cache_kib = config->cache_kib,
    };
    struct driver_connection *connection = NULL;
    TRY(config->driver->open(&driver_config, &connection, problem));
    struct db *db = memory_new(sizeof *db);
    db->driver = config->driver;
    db->connection = connection;
    db->seal = config->seal;
    db->log = config->log;
    db->checks_kept = config->checks_kept_rows;
    db->texts = arena_new();
    db->digest = digest_new();
    *out = db;
    return OK;
}

static void forget_all(struct db *db, struct driver_statement **statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        db->driver->forget(&statements[i]);
    }
}

void db_close(struct db **db)
{
    if (*db == NULL) {
        return;
    }
    kept_close(*db);
    forget_all(*db, (*db)->statements, STATEMENT_COUNT);
    forget_all(*db, &(*db)->rows[0][0], (size_t)TABLE_COUNT * ROW_STATEMENTS);
    forget_all(*db, (*db)->fences, FENCES);
    (*db)->driver->close(&(*db)->connection);
    arena_free(&(*db)->texts);
    digest_free(&(*db)->digest);
    free((*db)->callees);
    free(*db);
    *db = NULL;
}

enum err db_execute(struct db *db, const char *sql, struct problem *problem)
{
    kept_forget(db);
    return db->driver->execute(db->connection, sql, problem);
}

enum err db_complain(struct db *db, enum err err, const char *what, const char *sql)
{
    if (err != OK && err != E_DUPLICATE && err != E_NOT_FOUND) {
        const char *why = db->driver->why == NULL ? "" : db->driver->why(db->connection);
        log_write(db->log, err == E_UNAVAILABLE ? LOG_WARN : LOG_ERROR, LOG_STORE, STR_NONE,
                  "%s failed (%s): %.120s%s%s", what, err_code(err), sql,
                  why[0] == '\0' ? "" : "; ", why);
    }
    return err;
}

static const struct record *record_by_name(struct str name)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (str_equal_text(name, tables[i].short_name)) {
            return tables[i].record;
        }
    }
    assert(!"a statement names a record that has no table");
    return NULL;
}

/* Replaces {record} by its columns, and {now_ms}. */
static struct str expand_text(struct db *db, const char *sql)
{
    struct buf text = {.arena = db->texts};
    struct str rest = str_from(sql);
    for (;;) {
        size_t open = str_find_byte(rest, '{', 0);
        buf_add(&text, str_slice(rest, 0, open));
        if (open == rest.len) {
            return buf_str(&text);
        }
        size_t close = str_find_byte(rest, '}', open);
        struct str name = str_slice(rest, open + 1, close);
        if (str_equal_text(name, "now_ms")) {
            buf_add_text(&text, db->driver->dialect->now_ms);
        } else {
            record_columns(&text, record_by_name(name));
        }
        rest = str_slice(rest, close + 1, rest.len);
    }
}

enum err db_prepared(struct db *db, struct driver_statement **slot, struct str text)
{
    if (*slot != NULL) {
        return OK;
    }
    struct problem problem = {0};
    enum err err = db->driver->prepare(db->connection, text, slot, &problem);
    if (err != OK) {
        log_write(db->log, LOG_ERROR, LOG_STORE, STR_NONE, "cannot prepare \"%.200s\": %s",
                  text.ptr, problem.message);
    }
    return err;
}

enum err db_statement(struct db *db, enum statement which, struct driver_statement **out)
{
    assert(which < STATEMENT_COUNT);
    if (db->statements[which] == NULL) {
        TRY(db_prepared(db, &db->statements[which], expand_text(db, statement_texts[which])));
    }
    *out = db->statements[which];
    return OK;
}

enum err db_run_to_end(struct db *db, struct driver_statement *statement, struct params params,
                       int64_t *changed)
{
    bool has_row = false;
    enum err err = db->driver->start(statement, params.values, params.count);
    if (err == OK) {
        err = db->driver->step(statement, NULL, 0, &has_row);
    }
    int64_t rows = db->driver->finish(statement);
    if (changed != NULL) {
        *changed = rows;
    }
    return err;
}

void db_run_ahead(struct db *db)
{
    db->is_ahead = db->driver->run_ahead != NULL;
    snprintf(db->mark_name, sizeof db->mark_name, "store.mark.%016llx",
             (unsigned long long)random_number());
}

enum err db_run_owed(struct db *db, struct driver_statement *statement, bool waits,
                     struct params params, int64_t *changed)
{
    return db->is_ahead && !waits
               ? db->driver->run_ahead(statement, params.values, params.count, changed)
               : db_run_to_end(db, statement, params, changed);
}

static enum err change(struct db *db, enum statement which, bool waits, int64_t *changed,
                       struct params params)
{
    struct driver_statement *statement = NULL;
    TRY(db_statement(db, which, &statement));
    TRY(db_before_write(db));
    enum err err = db_run_owed(db, statement, waits, params, changed);
    kept_written(db, statement_texts[which], params);
    return db_complain(db, err, "statement", statement_texts[which]);
}

enum err db_change(struct db *db, enum statement which, int64_t *changed, struct params params)
{
    return change(db, which, true, changed, params);
}

enum err db_run(struct db *db, enum statement which, struct params params)
{
    int64_t changed = -1;
    return change(db, which, false, &changed, params);
}

enum err db_move_known(struct db *db, enum statement which, bool is_known, struct params params)
{
    int64_t changed = 1;
    TRY(change(db, which, !is_known, &changed, params));
    return changed == 1 ? OK : E_CONFLICT;
}

enum err db_move(struct db *db, enum statement which, struct params params)
{
    return db_move_known(db, which, false, params);
}

enum err db_each(struct db *db, enum statement which, void *context,
                 enum err (*each)(void *context, const struct value *columns), struct params params)
{
    struct driver_statement *statement = NULL;
    TRY(db_statement(db, which, &statement));
    struct value columns[COLUMNS_MAX];
    bool has_row = false;
    enum err err = db->driver->start(statement, params.values, params.count);
    while (err == OK) {
        err = db->driver->step(statement, columns, COLUMNS_MAX, &has_row);
        if (err != OK || !has_row) {
            break;
        }
        err = each(context, columns);
    }
    db->driver->finish(statement);
    return db_complain(db, err, "query", statement_texts[which]);
}

enum err db_change_each(struct db *db, enum statement which, void *context,
                        enum err (*each)(void *context, const struct value *columns),
                        struct params params)
{
    TRY(db_before_write(db));
    enum err err = db_each(db, which, context, each, params);
    kept_written(db, statement_texts[which], params);
    return err;
}

struct number_into {
    int64_t *out;
    bool is_found;
};

static enum err take_number(void *context, const struct value *columns)
{
    struct number_into *into = context;
    into->is_found = true;
    *into->out = columns[0].type == VALUE_INT ? columns[0].number : 0;
    return OK;
}

enum err db_number(struct db *db, enum statement which, int64_t *out, struct params params)
{
    struct number_into into = {.out = out};
    TRY(db_each(db, which, &into, take_number, params));
    return into.is_found ? OK : E_NOT_FOUND;
}

enum err db_read_row(struct db *db, struct db_into into, enum row_reading reading,
                     const struct value *columns, void *out)
{
    struct sealer sealer = seal_as_sealer(db->seal);
    struct row_context context = {tables[into.table].name, &sealer, into.arena, reading};
    enum err err = record_from_values(&context, tables[into.table].record, columns, out);
    if (err != OK) {
        db->corrupt_rows++;
        log_write(db->log, LOG_ERROR, LOG_STORE, STR_NONE,
                  "row %lld of %s cannot be read; it is left alone",
                  columns[0].type == VALUE_INT ? (long long)columns[0].number : -1LL,
                  tables[into.table].name);
    }
    return err;
}

struct one_into {
    struct db *db;
    struct db_into into;
    void *out;
    bool is_found;
};

static enum err take_one(void *context, const struct value *columns)
{
    struct one_into *one = context;
    if (one->is_found) {
        return OK;
    }
    one->is_found = true;
    return db_read_row(one->db, one->into, ROW_WHOLE, columns, one->out);
}

enum err db_one(struct db *db, enum statement which, struct db_into into, void *out,
                struct params params)
{
    struct one_into one = {.db = db, .into = into, .out = out};
    TRY(db_each(db, which, &one, take_one, params));
    return one.is_found ? OK : E_NOT_FOUND;
}

struct all_into {
    struct db *db;
    struct db_into into;
    bool takes_bare;
    char *items;
    size_t count;
    size_t cap;
};

/* False for a row that is left out. */
static bool read_each(struct all_into *all, const struct value *columns, void *out)
{
    bool is_read = db_read_row(all->db, all->into, ROW_WHOLE, columns, out) == OK;
    if (!is_read && all->takes_bare) {
        all->db->corrupt_rows--;
        is_read = db_read_row(all->db, all->into, ROW_BARE, columns, out) == OK;
    }
    return is_read;
}

static enum err take_each(void *context, const struct value *columns)
{
    struct all_into *all = context;
    size_t size = tables[all->into.table].record->size;
    if (all->count == all->cap) {
        size_t cap = all->cap == 0 ? 8 : all->cap * 2;
        char *grown = arena_alloc_array(all->into.arena, cap, size);
        if (all->count > 0) {
            memcpy(grown, all->items, all->count * size);
        }
        all->items = grown;
        all->cap = cap;
    }
    if (read_each(all, columns, all->items + all->count * size)) {
        all->count++;
    }
    return OK;
}

static enum err read_all(struct all_into *all, enum statement which, struct list *out,
                         struct params params)
{
    TRY(db_each(all->db, which, all, take_each, params));
    *out = (struct list){all->items, all->count};
    return OK;
}

enum err db_all(struct db *db, enum statement which, struct db_into into, struct list *out,
                struct params params)
{
    return read_all(&(struct all_into){.db = db, .into = into}, which, out, params);
}

enum err db_all_bare(struct db *db, enum statement which, struct db_into into, struct list *out,
                     struct params params)
{
    return read_all(&(struct all_into){.db = db, .into = into, .takes_bare = true}, which, out,
                    params);
}
