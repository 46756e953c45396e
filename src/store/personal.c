#include "store/personal.h"

#include "store/archive.h"

#include <stddef.h>
#include <string.h>

enum { ROWS_AT_ONCE = 500 };

struct personal_table {
    enum table table;
    enum statement statement;
    size_t list; /* Where its rows stand in a person_export. */
};

static const struct personal_table tables[] = {
#define PERSONAL(name) {TABLE_##name, S_personal_##name, offsetof(struct person_export, name)},
#include "store/personal.def"
#undef PERSONAL
};

static enum err read_rows(struct db *db, struct db_into into, enum statement which,
                          const struct id range[static 2], struct list *out)
{
    return db_all(db, which, into, out,
                  PARAMS(value_id(range[0]), value_int(range[1].value), value_int(ROWS_AT_ONCE)));
}

enum err personal_read(struct db *db, struct arena *arena, struct id user, int64_t most,
                       struct person_export *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        struct list *list = (struct list *)(void *)((char *)out + tables[i].list);
        TRY(db_all(db, tables[i].statement, (struct db_into){tables[i].table, arena}, list,
                   PARAMS(value_id(user), value_int(0), value_int(most + 1))));
        if ((int64_t)list->count > most) {
            return E_TOO_LARGE;
        }
    }
    return OK;
}

/* What a sink is told must stay an object. */
static struct str erased_text(enum table table)
{
    return table == TABLE_events ? STR("{}") : STR("(erased)");
}

static enum err erase_row(struct db *db, enum table table, struct arena *arena, const void *row)
{
    const struct record *record = db_table_record(table);
    void *copy = arena_alloc(arena, record->size);
    bool is_changed = false;
    memcpy(copy, row, record->size);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        bool is_sealed = (field->flags & F_SEALED) != 0 && field->type == FIELD_TEXT;
        struct str *text = is_sealed ? record_member(copy, field) : NULL;
        if (text != NULL && str_is_set(*text)) {
            *text = erased_text(table);
            is_changed = true;
        }
    }
    return is_changed ? db_update(db, table, arena, copy) : OK;
}

static struct id row_id(const struct record *record, const void *row)
{
    return *(const struct id *)record_member_const(row, &record->fields[0]);
}

static enum err erase_table(struct db *db, const struct personal_table *table, struct arena *arena,
                            struct id user)
{
    const struct record *record = db_table_record(table->table);
    struct id range[2] = {user, {0}};
    struct list rows = {0};
    do {
        arena_reset(arena);
        TRY(read_rows(db, (struct db_into){table->table, arena}, table->statement, range, &rows));
        for (size_t i = 0; i < rows.count; i++) {
            const void *row = list_item(&rows, record, i);
            TRY(erase_row(db, table->table, arena, row));
            range[1] = row_id(record, row);
        }
    } while (rows.count == ROWS_AT_ONCE);
    return OK;
}

enum err personal_erase(struct db *db, struct id user)
{
    struct arena *arena = arena_new();
    enum err err = db_run(db, S_personal_bodies_forget, PARAMS(value_id(user)));
    err = err == OK ? db_run(db, S_personal_resources_forget, PARAMS(value_id(user))) : err;
    err = err == OK ? db_run(db, S_personal_keys_forget, PARAMS(value_id(user))) : err;
    err = err == OK ? db_run(db, S_personal_codes_forget, PARAMS(value_id(user))) : err;
    err = err == OK ? archive_key_forget(db, user) : err;
    for (size_t i = 0; i < ARRAY_LENGTH(tables) && err == OK; i++) {
        err = erase_table(db, &tables[i], arena, user);
    }
    arena_free(&arena);
    return err;
}
