#include "store/archive.h"

#include "model/json.h"
#include "model/json_tree.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS_MAX = 64, SECRET_BYTES = 32 };

void archive_chain_add(struct db *db, struct archive_chain *chain, struct str line)
{
    struct arena *arena = arena_new();
    struct buf text = {.arena = arena};
    uint8_t hash[SHA256_BYTES];
    buf_reserve(&text, sizeof chain->hash + line.len);
    buf_add_text(&text, chain->hash);
    buf_add(&text, line);
    digest_sha256(db_digest(db), buf_str(&text), hash);
    snprintf(chain->hash, sizeof chain->hash, "%s", hex_text(arena, hash, sizeof hash).ptr);
    arena_free(&arena);
}

/* --- Keys --- */

static void forget_seals(struct archiver *archiver)
{
    for (size_t i = 0; i < archiver->seal_count; i++) {
        seal_free(&archiver->seals[i].seal);
    }
    archiver->seal_count = 0;
}

void archiver_end(struct archiver *archiver)
{
    forget_seals(archiver);
}

static enum err take_seal(struct archiver *archiver, const struct archive_key *key,
                          struct archive_seal **out)
{
    struct problem problem = {0};
    if (archiver->seal_count == ARCHIVE_SEALS) {
        forget_seals(archiver);
    }
    struct archive_seal *seal = &archiver->seals[archiver->seal_count];
    *seal = (struct archive_seal){.user = key->user_id, .key = key->id};
    if (str_is_set(key->secret)) {
        TRY(seal_new(key->secret, &seal->seal, &problem));
    }
    archiver->seal_count++;
    *out = seal;
    return OK;
}

static enum err add_key(struct archiver *archiver, struct id user, struct archive_key *out)
{
    *out = (struct archive_key){.id = archiver->new_id(archiver->context),
                                .user_id = user,
                                .secret = random_secret(archiver->arena, SECRET_BYTES),
                                .created_at = archiver->now};
    return db_insert(archiver->db, TABLE_archive_keys, archiver->arena, out);
}

static enum err seal_of_user(struct archiver *archiver, struct id user, struct archive_seal **out)
{
    struct archive_key key = {0};
    for (size_t i = 0; i < archiver->seal_count; i++) {
        if (id_equal(archiver->seals[i].user, user)) {
            *out = &archiver->seals[i];
            return OK;
        }
    }
    enum err err = db_one(archiver->db, S_archive_key_of,
                          (struct db_into){TABLE_archive_keys, archiver->arena}, &key,
                          PARAMS(value_int(user.value)));
    if (err == E_NOT_FOUND) {
        err = add_key(archiver, user, &key);
    }
    TRY(err);
    return take_seal(archiver, &key, out);
}

/* One that is gone is remembered, too. */
static enum err seal_of_key(struct archiver *archiver, struct id id, struct archive_seal **out)
{
    struct archive_key key = {0};
    for (size_t i = 0; i < archiver->seal_count; i++) {
        if (id_equal(archiver->seals[i].key, id)) {
            *out = &archiver->seals[i];
            return OK;
        }
    }
    enum err err = db_get(archiver->db, TABLE_archive_keys, id, archiver->arena, &key);
    if (err == E_NOT_FOUND) {
        key.id = id;
        err = OK;
    }
    TRY(err);
    return take_seal(archiver, &key, out);
}

/* --- Lines --- */

static void add_value(struct archiver *archiver, const struct field *field,
                      const struct value *value)
{
    struct buf *text = &archiver->text;
    switch (value->type) {
    case VALUE_INT:
        buf_add_int(text, value->number);
        break;
    case VALUE_TEXT:
        json_add_text(text, value->text);
        break;
    case VALUE_BYTES:
        buf_printf(text, "{\"%s\":\"", (field->flags & F_SEALED) != 0 ? "sealed" : "bytes");
        buf_add(text, hex_text(archiver->arena, (const uint8_t *)value->text.ptr, value->text.len));
        buf_add_text(text, "\"}");
        break;
    case VALUE_NULL:
        break;
    }
}

static bool has_sealed(const struct record *record)
{
    bool has = false;
    for (size_t i = 0; i < record->field_count; i++) {
        has = has || (record->fields[i].flags & F_SEALED) != 0;
    }
    return has;
}

static void add_row(struct archiver *archiver, const struct record *record,
                    const struct value *values)
{
    const char *separator = "";
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (!field_is_stored(field)) {
            continue;
        }
        if (values->type != VALUE_NULL) {
            buf_printf(&archiver->text, "%s\"%s\":", separator, field->column);
            add_value(archiver, field, values);
            separator = ",";
        }
        values++;
    }
}

enum err archiver_add(struct archiver *archiver, enum table table, struct id user, const void *row)
{
    struct value values[COLUMNS_MAX];
    struct archive_seal *seal = NULL;
    const struct record *record = db_table_record(table);
    bool is_sealed = has_sealed(record);
    TRY(is_sealed ? seal_of_user(archiver, user, &seal) : OK);
    struct sealer sealer = is_sealed ? seal_as_sealer(seal->seal) : (struct sealer){0};
    struct row_context context = {db_table_name(table), &sealer, archiver->arena, ROW_WHOLE};
    record_to_values(&context, record, row, values);
    buf_printf(&archiver->text, "{\"table\":\"%s\"", db_table_name(table));
    if (is_sealed) {
        buf_printf(&archiver->text, ",\"key\":%lld", (long long)seal->key.value);
    }
    buf_add_text(&archiver->text, ",\"row\":{");
    add_row(archiver, record, values);
    buf_add_text(&archiver->text, "}}\n");
    archiver->rows++;
    return OK;
}

static bool find_table(struct str name, enum table *out)
{
    for (int i = 0; i < (int)TABLE_COUNT; i++) {
        if (str_equal_text(name, db_table_name((enum table)i))) {
            *out = (enum table)i;
            return true;
        }
    }
    return false;
}

static enum err read_value(struct archiver *archiver, const struct json_node *row,
                           const struct field *field, struct value *out)
{
    const struct json_node *member = json_tree_member(row, field->column);
    const char *kind = (field->flags & F_SEALED) != 0 ? "sealed" : "bytes";
    struct str hex = STR_NONE;
    *out = (struct value){.type = VALUE_NULL};
    if (member == NULL) {
        return OK;
    }
    if (member->kind == JSON_KIND_NUMBER) {
        out->type = VALUE_INT;
        return str_to_int(member->text, &out->number);
    }
    if (member->kind == JSON_KIND_TEXT) {
        *out = value_text(member->text);
        return OK;
    }
    if (!hex_bytes(archiver->arena, json_tree_text(member, kind), &hex)) {
        return E_CORRUPT;
    }
    *out = value_bytes(hex);
    return OK;
}

static enum err read_row(struct archiver *archiver, const struct json_node *line,
                         struct archived_row *out)
{
    struct value values[COLUMNS_MAX];
    struct value *next = values;
    struct archive_seal *seal = NULL;
    struct id key = ID_NONE;
    const struct record *record = db_table_record(out->table);
    const struct json_node *row = json_tree_member(line, "row");
    if (json_tree_int(line, "key", &key.value)) {
        TRY(seal_of_key(archiver, key, &seal));
        out->user = seal->user;
    }
    for (size_t i = 0; i < record->field_count; i++) {
        if (field_is_stored(&record->fields[i])) {
            TRY(read_value(archiver, row, &record->fields[i], next++));
        }
    }
    out->is_erased = seal != NULL && seal->seal == NULL;
    bool is_open = seal != NULL && seal->seal != NULL;
    struct sealer sealer = is_open ? seal_as_sealer(seal->seal) : (struct sealer){0};
    struct row_context context = {db_table_name(out->table), &sealer, archiver->arena,
                                  is_open ? ROW_WHOLE : ROW_BARE};
    void *object = arena_alloc(archiver->arena, record->size);
    out->row = object;
    return record_from_values(&context, record, values, object);
}

struct id archive_user_of(enum table table, const void *row)
{
    const struct record *record = db_table_record(table);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (field->type == FIELD_ID && strcmp(field->column, "user_id") == 0) {
            return *(const struct id *)record_member_const(row, field);
        }
    }
    return ID_NONE;
}

enum err archiver_open(struct archiver *archiver, struct str line, struct archived_row *out)
{
    const struct json_node *tree = NULL;
    *out = (struct archived_row){0};
    if (json_tree_read(archiver->arena, line, &tree) != OK ||
        !find_table(json_tree_text(tree, "table"), &out->table)) {
        return E_CORRUPT;
    }
    TRY(read_row(archiver, tree, out) == OK ? OK : E_CORRUPT);
    if (!id_is_set(out->user)) {
        out->user = archive_user_of(out->table, out->row);
    }
    return OK;
}

/* --- The tables --- */

enum err archives_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                       struct list *out)
{
    return db_all(db, S_archives_page, (struct db_into){TABLE_archives, arena}, out,
                  PARAMS(value_int(after.value), value_int(limit)));
}

enum err archives_count(struct db *db, int64_t *out)
{
    return db_number(db, S_archives_count, out, NO_PARAMS);
}

enum err archives_named(struct db *db, struct arena *arena, struct str name, struct archive *out)
{
    return db_one(db, S_archive_named, (struct db_into){TABLE_archives, arena}, out,
                  PARAMS(value_text(name)));
}

enum err archive_key_forget(struct db *db, struct id user)
{
    return db_run(db, S_archive_key_forget, PARAMS(value_int(user.value)));
}

enum err archived_dispatch(struct db *db, struct str call_id, bool *out)
{
    int64_t dispatch = 0;
    enum err err = db_number(db, S_archived_dispatch_of, &dispatch, PARAMS(value_text(call_id)));
    *out = err == OK;
    return err == E_NOT_FOUND ? OK : err;
}
