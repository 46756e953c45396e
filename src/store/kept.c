#include "store/kept.h"
#include "store/db_internal.h"
#include "store/row_cache.h"

#include <assert.h>
#include <stdlib.h>

void db_keep_rows(struct db *db)
{
    if (db->kept != NULL) {
        row_cache_clear(db->kept);
        return;
    }
    db->kept = row_cache_new();
    if (db->driver->watch != NULL) {
        db->driver->watch(db->connection, db->kept, row_cache_changed);
    }
}

/* The table that a statement changes rows of; nothing for one that asks or only adds. */
static struct str table_changed(struct str sql)
{
    static const char *const starts[] = {"UPDATE ", "DELETE FROM ", "INSERT INTO "};
    bool adds_only = str_starts(sql, STR("INSERT ")) && !str_contains(sql, STR(" DO UPDATE "));
    for (size_t i = 0; i < ARRAY_LENGTH(starts) && !adds_only; i++) {
        struct str start = str_from(starts[i]);
        if (str_starts(sql, start)) {
            return str_slice(sql, start.len, str_find_byte(sql, ' ', start.len));
        }
    }
    return STR_NONE;
}

/* One row, by its number in the first parameter, whatever else it asks for. */
static bool changes_one(struct str sql)
{
    static const struct str where = STR_INIT(" WHERE ");
    size_t at = str_find(sql, where);
    struct str rest = str_slice(sql, at, sql.len);
    struct str behind = str_slice(rest, where.len, rest.len);
    return str_starts(rest, STR(" WHERE id=?1")) && !str_contains(behind, where) &&
           !str_contains(rest, STR(" OR "));
}

void kept_changed(struct db *db, enum table table, int64_t id)
{
    if (db->kept != NULL && row_cache_keeps(table)) {
        row_cache_drop(db->kept, table, id);
    }
}

void kept_written(struct db *db, const char *text, struct params params)
{
    struct str sql = str_from(text);
    if (db->kept == NULL || db->driver->watch != NULL) {
        return;
    }
    enum table table = row_cache_named(table_changed(sql));
    if (table == TABLE_COUNT) {
        return;
    }
    if (changes_one(sql)) {
        kept_changed(db, table, params.values[0].number);
    } else {
        row_cache_clear(db->kept);
    }
}

void kept_close(struct db *db)
{
    if (db->kept != NULL && db->driver->watch != NULL) {
        db->driver->watch(db->connection, NULL, NULL);
    }
    row_cache_free(&db->kept);
}

void kept_forget(struct db *db)
{
    if (db->kept != NULL) {
        row_cache_clear(db->kept);
    }
}

const void *db_kept(const struct db *db, enum table table, struct id id)
{
    return db->kept == NULL ? NULL : row_cache_peek(db->kept, table, id);
}

void db_keep(struct db *db, enum table table, const void *record)
{
    if (db->kept != NULL) {
        row_cache_put(db->kept, table, record);
    }
}

void kept_take(struct db *db, enum table table, const void *record)
{
    if (db->kept != NULL && row_cache_keeps(table)) {
        row_cache_put(db->kept, table, record);
    }
}

bool kept_get(struct db *db, struct db_into into, struct id id, bool is_brief, void *out)
{
    return db->kept != NULL && row_cache_get(db->kept, into, id, is_brief, out);
}

static bool is_same_text(const struct str *left, const struct str *right)
{
    return str_is_set(*left) == str_is_set(*right) && str_equal(*left, *right);
}

static bool is_same(const struct field *field, const void *left, const void *right)
{
    switch (field->type) {
    case FIELD_ID:
        return id_equal(*(const struct id *)left, *(const struct id *)right);
    case FIELD_INT:
        return *(const int64_t *)left == *(const int64_t *)right;
    case FIELD_BOOL:
        return *(const bool *)left == *(const bool *)right;
    case FIELD_INSTANT:
        return ((const struct instant *)left)->us == ((const struct instant *)right)->us;
    case FIELD_ENUM:
        return *(const int *)left == *(const int *)right;
    case FIELD_TEXT:
    case FIELD_BYTES:
        return is_same_text(left, right);
    case FIELD_LIST:
    case FIELD_RECORD:
        break;
    }
    return true;
}

void kept_check(struct db *db, enum table table, const void *kept, const void *row)
{
    const struct record *record = db_table_record(table);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (!is_same(field, record_member_const(kept, field), record_member_const(row, field))) {
            log_write(db->log, LOG_ERROR, LOG_STORE, STR_NONE,
                      "%s.%s of what is kept is not what its row says", db_table_name(table),
                      field->column);
            abort();
        }
    }
}
