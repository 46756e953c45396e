#include "store/data_key.h"

#include "store/callee_filter.h"
#include "store/db_internal.h"
#include "store/kept.h"

#include <assert.h>
#include <string.h>

/* Few enough that nobody notices a portion between two operations. */
enum { ROWS_AT_ONCE = 50, COLUMNS_AT_ONCE = 16 };

/* The columns of a table that hang on the data key, its own key first. */
struct shape {
    enum table table;
    const struct field *fields[COLUMNS_AT_ONCE];
    size_t count; /* With the key. */
};

struct portion {
    struct db *db;
    struct arena *arena;
    struct shape shape;
    struct value (*rows)[COLUMNS_AT_ONCE];
    size_t row_count;
    struct data_key_change *change;
};

static struct shape shape_of(enum table table)
{
    struct shape shape = {.table = table, .count = 1};
    const struct record *record = db_table_record(table);
    shape.fields[0] = &record->fields[0];
    for (size_t i = 1; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (field_is_stored(field) && (field->flags & (F_SEALED | F_KEYED)) != 0) {
            assert(shape.count < COLUMNS_AT_ONCE);
            shape.fields[shape.count++] = field;
        }
    }
    return shape;
}

static struct str select_text(const struct portion *portion)
{
    struct buf text = {.arena = portion->arena};
    const struct shape *shape = &portion->shape;
    for (size_t i = 0; i < shape->count; i++) {
        buf_printf(&text, i == 0 ? "SELECT %s" : ", %s", shape->fields[i]->column);
    }
    const char *key = shape->fields[0]->column;
    buf_printf(&text, " FROM %s WHERE %s>?1 ORDER BY %s LIMIT %d", db_table_name(shape->table), key,
               key, ROWS_AT_ONCE);
    return buf_str(&text);
}

static struct str update_text(const struct portion *portion)
{
    struct buf text = {.arena = portion->arena};
    const struct shape *shape = &portion->shape;
    buf_printf(&text, "UPDATE %s SET ", db_table_name(shape->table));
    for (size_t i = 1; i < shape->count; i++) {
        buf_printf(&text, i == 1 ? "%s=?%zu" : ", %s=?%zu", shape->fields[i]->column, i + 1);
    }
    buf_printf(&text, " WHERE %s=?1", shape->fields[0]->column);
    return buf_str(&text);
}

static enum err read_rows(struct portion *portion, struct driver_statement *statement)
{
    const struct driver *driver = portion->db->driver;
    struct value after = value_int(portion->change->after);
    bool has_row = true;
    portion->rows = arena_alloc(portion->arena, ROWS_AT_ONCE * sizeof *portion->rows);
    enum err err = driver->start(statement, &after, 1);
    while (err == OK && has_row && portion->row_count < ROWS_AT_ONCE) {
        struct value *row = portion->rows[portion->row_count];
        err = driver->step(statement, row, portion->shape.count, &has_row);
        for (size_t i = 0; err == OK && has_row && i < portion->shape.count; i++) {
            row[i].text = arena_str(portion->arena, row[i].text);
        }
        portion->row_count += err == OK && has_row;
    }
    driver->finish(statement);
    return err;
}

static bool is_current(const struct portion *portion, const struct value *value)
{
    return value->type != VALUE_BYTES || value->text.len == 0 ||
           (unsigned char)value->text.ptr[0] == seal_number(portion->db->seal);
}

/* The value as it is under the current key; one that opens under none stays as it is. */
static bool carry(struct portion *portion, const struct value *row, size_t at, struct value *out)
{
    const struct field *field = portion->shape.fields[at];
    struct seal *seal = portion->db->seal;
    struct arena *arena = portion->arena;
    struct str carried = STR_NONE;
    if ((field->flags & F_KEYED) != 0) {
        enum err err = seal_carry_hash(seal, arena, row[at].text, &carried);
        *out = err == OK ? value_bytes(carried) : row[at];
        return err == OK;
    }
    struct sealer sealer = seal_as_sealer(seal);
    struct seal_place place = {db_table_name(portion->shape.table), field->column, {row[0].number}};
    struct str plain = STR_NONE;
    bool is_open = sealer.open(sealer.context, arena, place, row[at].text, &plain) == OK;
    *out = is_open ? value_bytes(sealer.seal(sealer.context, arena, place, plain)) : row[at];
    return is_open;
}

/* Numbers of which something is written down are known by their hashes in memory, too. */
static void note_hash(struct portion *portion, size_t at, const struct value *value)
{
    enum table table = portion->shape.table;
    bool is_noted =
        table == TABLE_do_not_call || table == TABLE_suppressions || table == TABLE_callee_consents;
    bool is_hash = (portion->shape.fields[at]->flags & F_KEYED) != 0;
    if (is_noted && is_hash && portion->db->callees != NULL) {
        callee_filter_note(portion->db->callees, value->text);
    }
}

static enum err carry_row(struct portion *portion, struct driver_statement *update,
                          const struct value *row)
{
    struct value values[COLUMNS_AT_ONCE];
    bool is_changed = false;
    int64_t changed = 0;
    values[0] = row[0];
    for (size_t i = 1; i < portion->shape.count; i++) {
        values[i] = row[i];
        if (is_current(portion, &row[i])) {
            continue;
        }
        if (carry(portion, row, i, &values[i])) {
            is_changed = true;
            note_hash(portion, i, &values[i]);
        } else if (portion->change->pass == 1) {
            portion->change->unreadable++;
        }
    }
    if (!is_changed) {
        return OK;
    }
    TRY(db_run_to_end(portion->db, update, (struct params){values, portion->shape.count},
                      &changed));
    portion->change->pass_count++;
    portion->change->rows++;
    return OK;
}

static enum err carry_rows(struct portion *portion)
{
    const struct driver *driver = portion->db->driver;
    struct driver_statement *select = NULL;
    struct driver_statement *update = NULL;
    struct problem problem = {0};
    enum err err =
        driver->prepare(portion->db->connection, select_text(portion), &select, &problem);
    if (err == OK) {
        err = driver->prepare(portion->db->connection, update_text(portion), &update, &problem);
    }
    err = err == OK ? read_rows(portion, select) : err;
    err = err == OK ? db_before_write(portion->db) : err;
    for (size_t i = 0; i < portion->row_count && err == OK; i++) {
        err = carry_row(portion, update, portion->rows[i]);
        portion->change->after = portion->rows[i][0].number;
    }
    if (select != NULL) {
        driver->forget(&select);
    }
    if (update != NULL) {
        driver->forget(&update);
    }
    kept_forget(portion->db); /* It may hold hashes of the key before. */
    return db_complain(portion->db, err, "sealing anew of", db_table_name(portion->shape.table));
}

static enum table next_table(enum table from)
{
    while (from < TABLE_COUNT && shape_of(from).count == 1) {
        from++;
    }
    return from;
}

/* A name that is not known (of another version) begins the walk anew. */
static enum table table_of(struct data_key_change *change)
{
    for (int i = 0; i < (int)TABLE_COUNT; i++) {
        if (str_equal_text(change->table, db_table_name((enum table)i))) {
            return (enum table)i;
        }
    }
    change->after = 0;
    return next_table((enum table)0);
}

enum err reseal_portion(struct db *db, struct arena *arena, struct data_key_change *change,
                        bool *is_over)
{
    struct portion portion = {.db = db, .arena = arena, .change = change};
    enum table table = table_of(change);
    size_t done = 0;
    while (table < TABLE_COUNT && done < ROWS_AT_ONCE) {
        portion.shape = shape_of(table);
        portion.row_count = 0;
        TRY(carry_rows(&portion));
        done += portion.row_count;
        if (portion.row_count < ROWS_AT_ONCE) {
            table = next_table((enum table)((int)table + 1));
            change->after = 0;
        }
    }
    *is_over = table == TABLE_COUNT;
    change->table = *is_over ? STR("-") : str_from(db_table_name(table));
    return OK;
}
