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
    if (db->driver->watch == NULL) {
        return; /* A row that is kept could be another one by now. */
    }
    db->kept = row_cache_new();
    db->driver->watch(db->connection, db->kept, row_cache_changed);
}

void kept_close(struct db *db)
{
    if (db->kept != NULL) {
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
