#include "model/json_field.h"

#include <assert.h>

enum err record_field_from_text(const struct json_context *context, const struct field *field,
                                struct str text, void *object)
{
    struct json_path path = {NULL, str_from(field->json), 0};
    if (!str_is_utf8(text)) {
        return json_refuse(context, &path, "must be well-formed UTF-8 without NUL");
    }
    if (field->type == FIELD_INT) {
        int64_t number = 0;
        return str_to_int(text, &number) == OK
                   ? field_set_int(context, &path, field, number, object)
                   : json_refuse(context, &path, "must be a whole number");
    }
    if (field->type == FIELD_BOOL) {
        return str_to_bool(text, record_member(object, field)) == OK
                   ? OK
                   : json_refuse(context, &path, "must be true or false");
    }
    return field_set_text(context, &path, field, text, object);
}

/* The index of the parameter's field; field_count where there is none. */
static size_t find_parameter(const struct record *record, struct str name)
{
    size_t index = 0;
    while (index < record->field_count && ((record->fields[index].flags & F_QUERY) == 0 ||
                                           !str_equal_text(name, record->fields[index].json))) {
        index++;
    }
    return index;
}

static enum err refuse_unknown(const struct json_context *context, const struct record *record,
                               struct str name)
{
    struct json_path path = {NULL, name, 0};
    struct name_search search = {.given = name};
    for (size_t i = 0; i < record->field_count; i++) {
        if ((record->fields[i].flags & F_QUERY) != 0) {
            name_search_offer(&search, str_from(record->fields[i].json));
        }
    }
    if (str_is_set(search.nearest)) {
        return json_refuse(context, &path, "is not a known parameter; did you mean \"%.*s\"?",
                           STR_FMT(search.nearest));
    }
    return json_refuse(context, &path, "is not a known parameter");
}

/* Defaults and required parameters, once all that was given is known. */
static enum err complete(const struct json_context *context, const struct record *record, void *out,
                         struct presence given)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if ((field->flags & F_QUERY) == 0 || presence_has(given, i)) {
            continue;
        }
        if ((field->flags & F_REQUIRED) != 0) {
            struct json_path path = {NULL, str_from(field->json), 0};
            return json_refuse(context, &path, "is required in the query string; it must be %s",
                               field_expectation(context, field));
        }
        if ((field->flags & F_DEFAULT_TRUE) != 0) {
            assert(field->type == FIELD_BOOL);
            *(bool *)record_member(out, field) = true;
        }
    }
    return OK;
}

enum err record_from_query(const struct json_context *context, const struct record *record,
                           struct str query, void *out, struct presence *given)
{
    assert(record->field_count <= RECORD_FIELDS_MAX && context->decode != NULL);
    struct presence seen = {0};
    struct str rest = query;
    struct str pair;
    while (str_split(&rest, '&', &pair)) {
        size_t equals = str_find_byte(pair, '=', 0);
        struct str name = STR_NONE;
        struct str value = STR_NONE;
        if (pair.len == 0) {
            continue;
        }
        if (context->decode(context->arena, str_slice(pair, 0, equals), &name) != OK ||
            context->decode(context->arena, str_slice(pair, equals + 1, pair.len), &value) != OK) {
            struct json_path path = {NULL, str_slice(pair, 0, equals), 0};
            return json_refuse(context, &path, "is not percent-encoded UTF-8");
        }
        struct json_path path = {NULL, name, 0};
        size_t index = find_parameter(record, name);
        if (index == record->field_count) {
            return refuse_unknown(context, record, name);
        }
        if (presence_has(seen, index)) {
            return json_refuse(context, &path, "is given more than once");
        }
        TRY(record_field_from_text(context, &record->fields[index], value, out));
        seen.bits |= (uint64_t)1 << index;
    }
    if (given != NULL) {
        given->bits |= seen.bits;
    }
    return complete(context, record, out, seen);
}
