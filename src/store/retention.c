#include "store/retention.h"

/* Of the statements of a kind, which are found by its number. */
struct kind {
    const char *name;
    enum statement place;
    enum statement find;
    enum statement count;
};

static const struct kind kinds[] = {
#define SUBJECT(kind, table, id, condition) \
    {#kind, S_retention_place_##kind, S_retention_find_##kind, S_retention_count_##kind},
#define BEFORE(kind, name, sql)
#define PART(kind, table, record, where)
#include "store/retention.def"
};

struct before {
    enum retention_kind kind;
    enum statement statement;
};

static const struct before befores[] = {
#define SUBJECT(kind, table, id, condition)
#define BEFORE(kind, name, sql) {RETENTION_##kind, S_retention_before_##kind##_##name},
#define PART(kind, table, record, where)
#include "store/retention.def"
};

struct part {
    enum retention_kind kind;
    enum table table;
    enum statement read;
    enum statement remove;
};

static const struct part parts[] = {
#define SUBJECT(kind, table, id, condition)
#define BEFORE(kind, name, sql)
#define PART(kind, table, record, where)                                 \
    {RETENTION_##kind, TABLE_##table, S_retention_read_##kind##_##table, \
     S_retention_remove_##kind##_##table},
#include "store/retention.def"
};

const char *retention_kind_name(enum retention_kind kind)
{
    return kinds[kind].name;
}

enum err retention_place(struct db *db, const struct retention_range *range, int64_t rows,
                         struct id *out)
{
    *out = ID_NONE;
    enum err err = db_number(
        db, kinds[range->kind].place, &out->value,
        PARAMS(value_int(range->after.value), value_int(range->until.value), value_int(rows - 1)));
    return err == E_NOT_FOUND ? OK : err;
}

static enum err take_id(void *context, const struct value *columns)
{
    struct retention_ids *ids = context;
    if (ids->count < ids->max) {
        ids->items[ids->count++] = (struct id){columns[0].number};
    }
    return OK;
}

enum err retention_find(struct db *db, const struct retention_range *range,
                        struct retention_ids *out)
{
    out->count = 0;
    return db_each(db, kinds[range->kind].find, out, take_id,
                   PARAMS(value_int(range->after.value), value_int(range->until.value),
                          value_time(range->before)));
}

enum err retention_count(struct db *db, const struct retention_range *range, int64_t most,
                         int64_t *out)
{
    return db_number(db, kinds[range->kind].count, out,
                     PARAMS(value_int(range->after.value), value_int(range->until.value),
                            value_time(range->before), value_int(most)));
}

/* A body has no column that says whom it is about: its message does. */
static struct id user_of_body(const struct list *messages, const struct message_body *body)
{
    const struct message *items = messages->items;
    for (size_t i = 0; i < messages->count; i++) {
        if (id_equal(items[i].id, body->id)) {
            return items[i].user_id;
        }
    }
    return ID_NONE;
}

static struct id user_of_row(enum table table, const struct list *messages, const void *row)
{
    return table == TABLE_message_bodies ? user_of_body(messages, row)
                                         : archive_user_of(table, row);
}

static enum err read_part(struct archiver *archiver, const struct part *part, struct id subject,
                          struct list *messages)
{
    struct list rows = {0};
    int64_t corrupt = db_corrupt_rows(archiver->db);
    TRY(db_all(archiver->db, part->read, (struct db_into){part->table, archiver->arena}, &rows,
               PARAMS(value_id(subject))));
    if (db_corrupt_rows(archiver->db) != corrupt) {
        return E_CORRUPT;
    }
    if (part->table == TABLE_messages) {
        *messages = rows;
    }
    for (size_t i = 0; i < rows.count; i++) {
        const void *row = list_item(&rows, db_table_record(part->table), i);
        TRY(archiver_add(archiver, part->table, user_of_row(part->table, messages, row), row));
    }
    return OK;
}

enum err retention_read(struct archiver *archiver, enum retention_kind kind, struct id subject)
{
    struct list messages = {0};
    size_t length = archiver->text.len;
    int64_t rows = archiver->rows;
    enum err err = OK;
    for (size_t i = 0; i < ARRAY_LENGTH(parts) && err == OK; i++) {
        if (parts[i].kind == kind) {
            err = read_part(archiver, &parts[i], subject, &messages);
        }
    }
    if (err != OK) {
        archiver->text.len = length;
        archiver->rows = rows;
    }
    return err;
}

enum err retention_remove(struct db *db, enum retention_kind kind, struct id subject, int64_t *rows)
{
    *rows = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(befores); i++) {
        if (befores[i].kind == kind) {
            TRY(db_run(db, befores[i].statement, PARAMS(value_id(subject))));
        }
    }
    for (size_t i = ARRAY_LENGTH(parts); i-- > 0;) {
        int64_t changed = 0;
        if (parts[i].kind == kind) {
            TRY(db_change(db, parts[i].remove, &changed, PARAMS(value_id(subject))));
            *rows += changed;
        }
    }
    return OK;
}
