#include "model/rows.h"

#include <assert.h>
#include <string.h>

/* What both directions share while they go through the fields of one row. */
struct row_place {
    const struct row_context *context;
    struct seal_place seal;
};

/* Ids are 60 bits (model/id). */
static const int64_t id_max = ((int64_t)1 << 60) - 1;

bool field_is_stored(const struct field *field)
{
    return (field->flags & F_UNSTORED) == 0 && field->type != FIELD_LIST &&
           field->type != FIELD_RECORD;
}

size_t record_column_count(const struct record *record)
{
    size_t count = 0;
    for (size_t i = 0; i < record->field_count; i++) {
        count += field_is_stored(&record->fields[i]);
    }
    return count;
}

void record_columns(struct buf *out, const struct record *record)
{
    const char *separator = "";
    for (size_t i = 0; i < record->field_count; i++) {
        if (field_is_stored(&record->fields[i])) {
            buf_add_text(out, separator);
            buf_add_text(out, record->fields[i].column);
            separator = ", ";
        }
    }
}

static struct value seal_text(const struct row_place *place, struct str plain)
{
    if (!str_is_set(plain)) {
        return (struct value){.type = VALUE_NULL};
    }
    const struct sealer *sealer = place->context->sealer;
    assert(sealer != NULL);
    struct str sealed = sealer->seal(sealer->context, place->context->arena, place->seal, plain);
    assert(str_is_set(sealed));
    return value_bytes(sealed);
}

static struct value to_value(const struct row_place *place, const struct field *field,
                             const void *member)
{
    switch (field->type) {
    case FIELD_ID:
        return value_id(*(const struct id *)member);
    case FIELD_INT:
        return value_int(*(const int64_t *)member);
    case FIELD_BOOL:
        return value_int(*(const bool *)member ? 1 : 0);
    case FIELD_INSTANT:
        return value_time(*(const struct instant *)member);
    case FIELD_TEXT:
        return (field->flags & F_SEALED) != 0 ? seal_text(place, *(const struct str *)member)
                                              : value_text(*(const struct str *)member);
    case FIELD_ENUM:
        return value_text(str_from(enum_name(field->detail.names, *(const int *)member)));
    case FIELD_BYTES:
        return value_bytes(*(const struct str *)member);
    case FIELD_LIST:
    case FIELD_RECORD:
        break;
    }
    assert(!"lists and records have no column");
    return (struct value){.type = VALUE_NULL};
}

/* What a seal is bound to: an id, or a number such as an audit event's. */
static struct id row_key(const struct field *first, const void *object)
{
    const void *member = record_member_const(object, first);
    if (first->type == FIELD_INT) {
        return (struct id){*(const int64_t *)member};
    }
    return first->type == FIELD_ID ? *(const struct id *)member : ID_NONE;
}

void record_to_values(const struct row_context *context, const struct record *record,
                      const void *object, struct value *out)
{
    struct row_place place = {context, {.table = context->table}};
    place.seal.row = row_key(&record->fields[0], object);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (field_is_stored(field)) {
            place.seal.column = field->column;
            *out++ = to_value(&place, field, record_member_const(object, field));
        }
    }
}

static enum err read_text(const struct row_place *place, const struct field *field,
                          const struct value *value, struct str *out)
{
    if ((field->flags & F_SEALED) == 0) {
        if (value->type != VALUE_TEXT || !str_is_utf8(value->text)) {
            return E_CORRUPT;
        }
        *out = arena_str(place->context->arena, value->text);
        return OK;
    }
    const struct sealer *sealer = place->context->sealer;
    assert(sealer != NULL);
    bool is_open =
        value->type == VALUE_BYTES &&
        sealer->open(sealer->context, place->context->arena, place->seal, value->text, out) == OK;
    return is_open && str_is_set(*out) ? OK : E_CORRUPT;
}

static enum err read_instant(int64_t ms, struct instant *out)
{
    if (ms == 0 || ms > INT64_MAX / 1000 || ms < INT64_MIN / 1000) {
        return E_CORRUPT;
    }
    *out = instant_from_ms(ms);
    return OK;
}

static enum err read_int(const struct field *field, int64_t number, void *out)
{
    switch (field->type) {
    case FIELD_ID:
        *(struct id *)out = (struct id){number};
        return number > 0 && number <= id_max ? OK : E_CORRUPT;
    case FIELD_INT:
        *(int64_t *)out = number;
        return OK;
    case FIELD_BOOL:
        *(bool *)out = number == 1;
        return number == 0 || number == 1 ? OK : E_CORRUPT;
    case FIELD_INSTANT:
        return read_instant(number, out);
    case FIELD_TEXT:
    case FIELD_ENUM:
    case FIELD_BYTES:
    case FIELD_LIST:
    case FIELD_RECORD:
        break;
    }
    return E_CORRUPT;
}

static bool is_left_out(enum row_reading reading, const struct field *field)
{
    return (reading == ROW_BRIEF && (field->flags & F_LONG) != 0) ||
           (reading == ROW_BARE && (field->flags & F_SEALED) != 0);
}

static enum err from_value(const struct row_place *place, const struct field *field,
                           const struct value *value, void *out)
{
    if (value->type == VALUE_NULL) {
        /* The record was zeroed. Numbers and booleans are never absent. */
        return field->type == FIELD_INT || field->type == FIELD_BOOL ? E_CORRUPT : OK;
    }
    if (is_left_out(place->context->reading, field)) {
        return OK;
    }
    if (field->type == FIELD_TEXT) {
        return read_text(place, field, value, out);
    }
    if (field->type == FIELD_ENUM) {
        bool is_known =
            value->type == VALUE_TEXT && enum_parse(field->detail.names, value->text, out) == OK;
        return is_known ? OK : E_CORRUPT;
    }
    if (field->type == FIELD_BYTES) {
        if (value->type != VALUE_BYTES) {
            return E_CORRUPT;
        }
        *(struct str *)out = arena_str(place->context->arena, value->text);
        return OK;
    }
    return value->type == VALUE_INT ? read_int(field, value->number, out) : E_CORRUPT;
}

enum err record_from_values(const struct row_context *context, const struct record *record,
                            const struct value *values, void *out)
{
    struct row_place place = {context, {.table = context->table}};
    memset(out, 0, record->size);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (!field_is_stored(field)) {
            continue;
        }
        place.seal.column = field->column;
        TRY(from_value(&place, field, values++, record_member(out, field)));
        if (i == 0) {
            place.seal.row = row_key(field, out);
            TRY(field->type != FIELD_ID || id_is_set(place.seal.row) ? OK : E_CORRUPT);
        }
    }
    return OK;
}
