#include "model/record.h"

#include <assert.h>
#include <string.h>

size_t record_field_index(const struct record *record, const char *member)
{
    size_t index = 0;
    while (index < record->field_count && strcmp(record->fields[index].column, member) != 0) {
        index++;
    }
    assert(index < record->field_count);
    return index;
}

const char *enum_name(const struct enum_names *names, int value)
{
    return value > 0 && value < names->count ? names->names[value] : NULL;
}

enum err enum_parse(const struct enum_names *names, struct str text, int *out)
{
    for (int value = 1; value < names->count; value++) {
        if (str_equal_text(text, names->names[value])) {
            *out = value;
            return OK;
        }
    }
    return E_INVALID;
}

static size_t field_size(enum field_type type)
{
    switch (type) {
    case FIELD_ID:
        return sizeof(FIELD_C_ID);
    case FIELD_INT:
        return sizeof(FIELD_C_INT);
    case FIELD_BOOL:
        return sizeof(FIELD_C_BOOL);
    case FIELD_INSTANT:
        return sizeof(FIELD_C_INSTANT);
    case FIELD_TEXT:
        return sizeof(FIELD_C_TEXT);
    case FIELD_ENUM:
        return sizeof(FIELD_C_ENUM);
    case FIELD_BYTES:
        return sizeof(FIELD_C_BYTES);
    case FIELD_LIST:
        return sizeof(FIELD_C_LIST);
    case FIELD_RECORD:
        return sizeof(FIELD_C_RECORD);
    }
    return 0;
}

void record_copy_field(const struct field *field, const void *from, void *into)
{
    memcpy(record_member(into, field), record_member_const(from, field), field_size(field->type));
}

static bool is_fallback_needed(const struct field *field, const void *from, const void *into)
{
    /* The codec leaves the member absent unless its object was given. */
    return field->detail.fallback != NULL && field->type == FIELD_TEXT &&
           str_is_set(*(const struct str *)record_member_const(from, field)) &&
           !str_is_set(*(const struct str *)record_member_const(into, field));
}

void record_merge(const struct record *record, struct presence given, const void *from, void *into)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (presence_has(given, i) || is_fallback_needed(field, from, into)) {
            record_copy_field(field, from, into);
        }
    }
}

bool record_is_bare(const struct record *record)
{
    return record->field_count == 1 && record->fields[0].json[0] == '\0';
}

void *record_member(void *object, const struct field *field)
{
    return (char *)object + field->offset;
}

const void *record_member_const(const void *object, const struct field *field)
{
    return (const char *)object + field->offset;
}
