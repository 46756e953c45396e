#include "store/callee_filter.h"
#include "store/db_internal.h"
#include "store/kept.h"

#include <assert.h>

static void add_params(struct buf *text, size_t first, size_t last)
{
    for (size_t i = first; i <= last; i++) {
        buf_printf(text, i == first ? "?%zu" : ",?%zu", i);
    }
}

static struct str row_text(struct db *db, enum table table, enum table_statement which)
{
    struct buf text = {.arena = db->texts};
    struct buf rest = {.arena = db->texts};
    const struct record *record = db_table_record(table);
    size_t columns = record_column_count(record);
    assert(columns <= COLUMNS_MAX);
    switch (which) {
    case ROW_INSERT:
        buf_printf(&text, "INSERT INTO %s (", db_table_name(table));
        record_columns(&text, record);
        buf_add_text(&text, ") VALUES (");
        add_params(&text, 1, columns);
        buf_add_byte(&text, ')');
        buf_add_text(&text, db->driver->dialect->or_nothing);
        break;
    case ROW_UPDATE:
        buf_printf(&text, "UPDATE %s SET (", db_table_name(table));
        record_columns(&rest, record);
        buf_add(&text,
                str_slice(buf_str(&rest), str_from(record->fields[0].column).len + 2, rest.len));
        buf_add_text(&text, ") = (");
        add_params(&text, 2, columns);
        buf_printf(&text, ") WHERE %s=?1", record->fields[0].column);
        break;
    case ROW_GET:
        buf_add_text(&text, "SELECT ");
        record_columns(&text, record);
        buf_printf(&text, " FROM %s WHERE %s=?1", db_table_name(table), record->fields[0].column);
        break;
    case ROW_STATEMENTS:
        break;
    }
    return buf_str(&text);
}

static enum err row_statement(struct db *db, enum table table, enum table_statement which,
                              struct driver_statement **out)
{
    assert(table < TABLE_COUNT);
    if (db->rows[table][which] == NULL) {
        TRY(db_prepared(db, &db->rows[table][which], row_text(db, table, which)));
    }
    *out = db->rows[table][which];
    return OK;
}

struct row_write {
    enum table table;
    enum table_statement which;
    bool waits;
};

static enum err write_row(struct db *db, const struct row_write *write, struct arena *arena,
                          const void *record)
{
    enum table table = write->table;
    enum table_statement which = write->which;
    struct driver_statement *statement = NULL;
    TRY(row_statement(db, table, which, &statement));
    TRY(db_before_write(db));
    struct value values[COLUMNS_MAX];
    struct sealer sealer = seal_as_sealer(db->seal);
    struct row_context context = {db_table_name(table), &sealer, arena, ROW_WHOLE};
    record_to_values(&context, db_table_record(table), record, values);
    int64_t changed = 1;
    struct params params = {values, record_column_count(db_table_record(table))};
    enum err err = db_run_owed(db, statement, write->waits, params, &changed);
    if (which == ROW_UPDATE) {
        kept_changed(db, table, values[0].number);
    }
    if (err == OK && changed != 1) {
        err = which == ROW_INSERT ? E_DUPLICATE : E_NOT_FOUND;
    }
    return db_complain(db, err, which == ROW_INSERT ? "insert into" : "update of",
                       db_table_name(table));
}

enum err db_prepare_all(struct db *db)
{
    struct driver_statement *ignored = NULL;
    enum err worst = OK;
    for (int i = 0; i < (int)STATEMENT_COUNT; i++) {
        enum err err = db_statement(db, (enum statement)i, &ignored);
        worst = err == OK ? worst : err;
    }
    for (int i = 0; i < (int)TABLE_COUNT * ROW_STATEMENTS; i++) {
        enum err err = row_statement(db, (enum table)(i / ROW_STATEMENTS),
                                     (enum table_statement)(i % ROW_STATEMENTS), &ignored);
        worst = err == OK ? worst : err;
    }
    return worst;
}

static enum err insert(struct db *db, const struct row_write *write, struct arena *arena,
                       const void *record)
{
    enum table table = write->table;
    if (db->callees != NULL) {
        callee_filter_note_row(db->callees, table, record);
    }
    TRY(write_row(db, write, arena, record));
    if (table == TABLE_messages || table == TABLE_message_bodies) {
        kept_take(db, table, record); /* They are claimed next. */
    }
    return OK;
}

enum err db_insert(struct db *db, enum table table, struct arena *arena, const void *record)
{
    return insert(db, &(struct row_write){table, ROW_INSERT, false}, arena, record);
}

enum err db_insert_new(struct db *db, enum table table, struct arena *arena, const void *record)
{
    return insert(db, &(struct row_write){table, ROW_INSERT, true}, arena, record);
}

enum err db_update(struct db *db, enum table table, struct arena *arena, const void *record)
{
    return write_row(db, &(struct row_write){table, ROW_UPDATE, false}, arena, record);
}

static enum err read_one(struct db *db, struct id id, struct db_into into, bool is_brief, void *out)
{
    enum row_reading reading = is_brief ? ROW_BRIEF : ROW_WHOLE;
    struct driver_statement *statement = NULL;
    TRY(row_statement(db, into.table, ROW_GET, &statement));
    struct value param = value_int(id.value);
    struct value columns[COLUMNS_MAX];
    bool has_row = false;
    enum err err = db->driver->start(statement, &param, 1);
    if (err == OK) {
        err = db->driver->step(statement, columns, COLUMNS_MAX, &has_row);
    }
    if (err == OK) {
        err = has_row ? db_read_row(db, into, reading, columns, out) : E_NOT_FOUND;
    }
    db->driver->finish(statement);
    return db_complain(db, err, "get from", db_table_name(into.table));
}

static enum err get(struct db *db, struct id id, struct db_into into, bool is_brief, void *out)
{
    if (kept_get(db, into, id, is_brief, out)) {
        if (db->checks_kept) {
            void *row = arena_alloc(into.arena, db_table_record(into.table)->size);
            TRY(read_one(db, id, into, is_brief, row));
            kept_check(db, into.table, out, row);
        }
        return OK;
    }
    TRY(read_one(db, id, into, is_brief, out));
    if (!is_brief) {
        kept_take(db, into.table, out);
    }
    return OK;
}

enum err db_get(struct db *db, enum table table, struct id id, struct arena *arena, void *out)
{
    return get(db, id, (struct db_into){table, arena}, false, out);
}

enum err db_get_brief(struct db *db, enum table table, struct id id, struct arena *arena, void *out)
{
    return get(db, id, (struct db_into){table, arena}, true, out);
}
