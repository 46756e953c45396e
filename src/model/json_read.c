#include "model/json_foreign.h"
#include "model/json_lines.h"
#include "model/json_reading.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* `prefix` is the nested object that the name was found in, absent outside of one. */
static enum match match_name(const struct field *field, struct str prefix, struct str name)
{
    const char *json = field->json;
    if (prefix.len > 0) {
        if (strncmp(json, prefix.ptr, prefix.len) != 0 || json[prefix.len] != '.') {
            return MATCH_NONE;
        }
        json += prefix.len + 1;
    }
    if (strncmp(json, name.ptr, name.len) != 0) {
        return MATCH_NONE;
    }
    if (json[name.len] == '.') {
        return prefix.len == 0 ? MATCH_OBJECT : MATCH_NONE;
    }
    /* A dot in the name would otherwise reach into an object from outside. */
    bool is_whole = json[name.len] == '\0' && memchr(name.ptr, '.', name.len) == NULL;
    return is_whole ? MATCH_MEMBER : MATCH_NONE;
}

enum match json_find_member(const struct record *record, struct str prefix, struct str name,
                            size_t *at)
{
    for (size_t i = 0; i < record->field_count; i++) {
        size_t index = *at < record->field_count ? *at : 0;
        const struct field *field = &record->fields[index];
        enum match match = is_body_member(field) ? match_name(field, prefix, name) : MATCH_NONE;
        if (match != MATCH_NONE) {
            *at = index;
            return match;
        }
        *at = index + 1;
    }
    return MATCH_NONE;
}

struct str json_name_within(const struct field *field, struct str prefix)
{
    struct str json = str_from(field->json);
    if (prefix.len == 0) {
        return str_slice(json, 0, str_find_byte(json, '.', 0));
    }
    bool is_inside =
        str_starts(json, prefix) && json.len > prefix.len && json.ptr[prefix.len] == '.';
    return is_inside ? str_slice(json, prefix.len + 1, json.len) : STR_NONE;
}

static enum err refuse_unknown(const struct reading *reading, const struct json_path *path,
                               struct str prefix)
{
    const struct json_context *context = reading->context;
    const struct record *record = reading->record;
    struct name_search search = {.given = path->name};
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        struct str name = json_name_within(field, prefix);
        bool is_same = str_is_set(name) && str_equal(name, path->name);
        if (is_body_member(field) && str_is_set(name)) {
            name_search_offer(&search, name);
        } else if (is_same && (field->flags & F_READ_ONLY) != 0) {
            return json_refuse(context, path, "is read-only; leave it out");
        } else if (is_same && (field->flags & F_QUERY) != 0) {
            return json_refuse(context, path, "belongs into the query string, not into the body");
        } else if (is_same && (field->flags & F_PATH) != 0) {
            return json_refuse(context, path, "belongs into the path, not into the body");
        }
    }
    if (str_is_set(search.nearest)) {
        return json_refuse(context, path, "is not known here; did you mean \"%.*s\"?",
                           STR_FMT(search.nearest));
    }
    return json_refuse(context, path, "is not known here");
}

static const char *kind_of(const json_t *value)
{
    assert(value != NULL);
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "a number";
    case JSON_REAL:
        return "a number with a fraction or an exponent";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

static enum err refuse_kind(const struct reading *reading, const struct json_path *path,
                            const struct field *field, const json_t *value)
{
    enum err err = json_refuse(reading->context, path, "must be %s, not %s",
                               field_expectation(reading->context, field), kind_of(value));
    return field_refused(reading->context, field, err);
}

static enum err read_object(struct reading *reading, json_t *object);
static enum err read_value(const struct reading *reading, const struct json_path *path,
                           const struct field *field, json_t *value);

static enum err read_list(const struct reading *reading, const struct json_path *path,
                          const struct field *field, json_t *array)
{
    const struct record *record = field->detail.items;
    size_t count = json_array_size(array);
    int64_t max = field_is_limited(field) ? field->max : LIST_ITEMS_MAX;
    if ((int64_t)count < field->min || (int64_t)count > max) {
        return json_refuse(reading->context, path,
                           "must have from %" PRId64 " to %" PRId64 " items, not %zu", field->min,
                           max, count);
    }
    char *items = arena_alloc_array(reading->context->arena, count, record->size);
    for (size_t i = 0; i < count; i++) {
        struct json_path at = {path, STR_NONE, i};
        struct reading item = {.context = reading->context,
                               .record = record,
                               .path = &at,
                               .out = items + i * record->size};
        json_t *value = json_array_get(array, i);
        TRY(record_is_bare(record) ? read_value(&item, &at, &record->fields[0], value)
                                   : read_object(&item, value));
    }
    *(struct list *)record_member(reading->out, field) = (struct list){items, count};
    return OK;
}

static enum err read_record(const struct reading *reading, const struct json_path *path,
                            const struct field *field, json_t *object)
{
    const struct record *record = field->detail.items;
    struct reading nested = {.context = reading->context,
                             .record = record,
                             .path = path,
                             .out = arena_alloc(reading->context->arena, record->size)};
    TRY(read_object(&nested, object));
    *(const void **)record_member(reading->out, field) = nested.out;
    return OK;
}

/* An object whose members are not ours: kept as text, in the order in which they came. */
static enum err read_foreign(const struct reading *reading, const struct json_path *path,
                             const struct field *field, json_t *object)
{
    struct buf text = {.arena = reading->context->arena};
    json_foreign_add(&text, object);
    if ((int64_t)text.len > field->max) {
        return json_refuse(reading->context, path,
                           "must have at most %" PRId64 " bytes as JSON, not %zu", field->max,
                           text.len);
    }
    *(struct str *)record_member(reading->out, field) = buf_str(&text);
    return OK;
}

/* What is told as an object or an array becomes the text of its lines; none is absent. */
static enum err read_lines(const struct reading *reading, const struct json_path *path,
                           const struct field *field, const json_t *value)
{
    struct arena *arena = reading->context->arena;
    struct json_lines how = {.max = (size_t)field->max + 2};
    struct buf out = {.arena = arena};
    const struct json_node *tree = NULL;
    char *dump = json_dumps(value, JSON_COMPACT);
    enum err err = dump == NULL ? E_INVALID : json_tree_read(arena, str_from(dump), &tree);
    free(dump);
    if (err != OK) {
        return json_refuse(reading->context, path, "is nested too deep");
    }
    json_add_lines(&out, STR(""), tree, &how);
    struct str lines = str_trim(buf_str(&out));
    return lines.len == 0 ? OK : field_set_text(reading->context, path, field, lines, reading->out);
}

static enum err read_value(const struct reading *reading, const struct json_path *path,
                           const struct field *field, json_t *value)
{
    if (json_is_null(value)) {
        /* The record was zeroed, so the member is absent already. */
        return (field->flags & F_NULLABLE) != 0
                   ? OK
                   : json_refuse(reading->context, path, "must be %s, not null",
                                 field_expectation(reading->context, field));
    }
    switch (field->type) {
    case FIELD_ID:
    case FIELD_INSTANT:
    case FIELD_TEXT:
    case FIELD_ENUM:
        if ((field->flags & F_JSON) != 0) {
            if (json_is_object(value)) {
                return read_foreign(reading, path, field, value);
            }
            break;
        }
        if (json_is_string(value)) {
            struct str text = {json_string_value(value), json_string_length(value)};
            return field_set_text(reading->context, path, field, text, reading->out);
        }
        if ((field->flags & F_LINES) != 0 && (json_is_object(value) || json_is_array(value))) {
            return read_lines(reading, path, field, value);
        }
        break;
    case FIELD_INT:
        if (json_is_integer(value)) {
            return field_set_int(reading->context, path, field, json_integer_value(value),
                                 reading->out);
        }
        break;
    case FIELD_BOOL:
        if (json_is_boolean(value)) {
            *(bool *)record_member(reading->out, field) = json_is_true(value);
            return OK;
        }
        break;
    case FIELD_LIST:
        if (json_is_array(value)) {
            return read_list(reading, path, field, value);
        }
        break;
    case FIELD_RECORD:
        return read_record(reading, path, field, value);
    case FIELD_BYTES:
        break;
    }
    return refuse_kind(reading, path, field, value);
}

/* Whether every member of the nested object that `field` is in may be null, so that the object may
 * be null or missing. */
static bool is_object_nullable(const struct record *record, struct str prefix)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        bool is_inside = is_body_member(field) && str_is_set(json_name_within(field, prefix));
        if (is_inside && (field->flags & F_NULLABLE) == 0) {
            return false;
        }
    }
    return true;
}

static enum err read_members(struct reading *reading, json_t *object, struct json_path where,
                             struct str prefix);

/* A nested object whose members are fields of the record itself ("quietHours.start"). */
static enum err read_dotted(struct reading *reading, json_t *value, const struct json_path *path)
{
    const struct record *record = reading->record;
    bool is_null = json_is_null(value);
    if (is_null && !is_object_nullable(record, path->name)) {
        return json_refuse(reading->context, path, "must be an object, not null");
    }
    if (!is_null && !json_is_object(value)) {
        return json_refuse(reading->context, path, "must be an object, not %s", kind_of(value));
    }
    for (size_t i = 0; i < record->field_count; i++) {
        if (is_body_member(&record->fields[i]) &&
            str_is_set(json_name_within(&record->fields[i], path->name))) {
            presence_add(is_null ? &reading->given : &reading->entered, i);
        }
    }
    return is_null ? OK
                   : read_members(reading, value, (struct json_path){.parent = path}, path->name);
}

/* `where` is a frame to be named after each member. */
static enum err read_members(struct reading *reading, json_t *object, struct json_path where,
                             struct str prefix)
{
    size_t at = 0;
    for (void *member = json_object_iter(object); member != NULL;
         member = json_object_iter_next(object, member)) {
        json_t *value = json_object_iter_value(member);
        where.name = (struct str){json_object_iter_key(member), json_object_iter_key_len(member)};
        switch (json_find_member(reading->record, prefix, where.name, &at)) {
        case MATCH_MEMBER:
            TRY(read_value(reading, &where, &reading->record->fields[at], value));
            presence_add(&reading->given, at);
            break;
        case MATCH_OBJECT:
            TRY(read_dotted(reading, value, &where));
            break;
        case MATCH_NONE:
            return refuse_unknown(reading, &where, prefix);
        }
    }
    return OK;
}

/* Whether the record may do without this field, which it does not have. */
static bool may_be_missing(const struct reading *reading, size_t index)
{
    const struct field *field = &reading->record->fields[index];
    if ((field->flags & F_REQUIRED) == 0 || reading->is_partial) {
        return true;
    }
    struct str json = str_from(field->json);
    size_t dot = str_find_byte(json, '.', 0);
    return dot < json.len && !presence_has(reading->entered, index) &&
           is_object_nullable(reading->record, str_slice(json, 0, dot));
}

enum err json_complete(const struct reading *reading)
{
    for (size_t i = 0; i < reading->record->field_count; i++) {
        const struct field *field = &reading->record->fields[i];
        if (presence_has(reading->given, i) || !is_body_member(field)) {
            continue;
        }
        if (field->detail.fallback != NULL && presence_has(reading->entered, i)) {
            assert(field->type == FIELD_TEXT);
            *(struct str *)record_member(reading->out, field) = str_from(field->detail.fallback);
        } else if (!may_be_missing(reading, i)) {
            struct json_path at = {reading->path, str_from(field->json), 0};
            return json_refuse(reading->context, &at, "is required; it must be %s",
                               field_expectation(reading->context, field));
        } else if ((field->flags & F_DEFAULT_TRUE) != 0 && !reading->is_partial) {
            assert(field->type == FIELD_BOOL);
            *(bool *)record_member(reading->out, field) = true;
        }
    }
    return OK;
}

/* Recursion ends with the document, whose depth was checked. */
static enum err read_object(struct reading *reading, json_t *object)
{
    assert(reading->record->field_count <= RECORD_FIELDS_MAX);
    if (!json_is_object(object)) {
        return json_refuse(reading->context, reading->path, "must be a JSON object, not %s",
                           kind_of(object));
    }
    TRY(read_members(reading, object, (struct json_path){.parent = reading->path}, STR_NONE));
    return json_complete(reading);
}

/* The index of the quote that ends the string whose first byte is at `from`, or text.len. */
static size_t find_string_end(struct str text, size_t from)
{
    for (size_t at = from; (at = str_find_byte(text, '"', at)) < text.len; at++) {
        size_t escapes = at;
        while (escapes > from && text.ptr[escapes - 1] == '\\') {
            escapes--;
        }
        if ((at - escapes) % 2 == 0) {
            return at;
        }
    }
    return text.len;
}

/* jansson itself would go down 2048 levels. */
static bool is_nested_too_deep(struct str text)
{
    int depth = 0;
    for (size_t at = 0; at < text.len && depth <= JSON_NESTING_MAX; at++) {
        char c = text.ptr[at];
        if (c == '"') {
            at = find_string_end(text, at + 1);
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return depth > JSON_NESTING_MAX;
}

/* Says what jansson found, in our words where its own speak of its flags. */
static enum err refuse_syntax(const struct json_context *context, const json_error_t *error)
{
    const char *what = error->text;
    enum json_error_code code = json_error_code(error);
    if (code == json_error_invalid_utf8) {
        what = "it is not well-formed UTF-8";
    } else if (code == json_error_null_character || code == json_error_null_byte_in_key) {
        what = "a text must not contain NUL (\\u0000)";
    } else if (code == json_error_end_of_input_expected) {
        what = "something follows the end of the value";
    } else if (code == json_error_numeric_overflow) {
        what = "a number is too large, since whole numbers have 64 bits; send it as a text";
    } else if (!str_is_utf8(str_from(what))) {
        /* jansson quotes the place, and may cut it in the middle of a character. */
        what = "it has a syntax error";
    }
    return json_refuse(context, NULL, "is not valid JSON: %s (line %d, column %d)", what,
                       error->line, error->column);
}

static enum err parse(const struct json_context *context, struct str text, json_t **out)
{
    if (str_trim(text).len == 0) {
        return json_refuse(context, NULL, "is empty; it must be a JSON object");
    }
    if (is_nested_too_deep(text)) {
        return json_refuse(context, NULL, "must not be nested more than %d levels deep",
                           JSON_NESTING_MAX);
    }
    json_error_t error;
    *out = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    return *out != NULL ? OK : refuse_syntax(context, &error);
}

enum err json_read_carefully(const struct json_context *context, const struct record *record,
                             struct str text, void *out, struct presence *given)
{
    json_t *root = NULL;
    TRY(parse(context, text, &root));
    memset(out, 0, record->size);
    struct reading reading = {
        .context = context, .record = record, .out = out, .is_partial = context->is_partial};
    enum err err = read_object(&reading, root);
    json_decref(root);
    if (given != NULL) {
        *given = reading.given;
    }
    return err;
}

enum err record_from_json(const struct json_context *context, const struct record *record,
                          struct str text, void *out, struct presence *given)
{
    return json_read_quickly(context, record, text, out, given)
               ? OK
               : json_read_carefully(context, record, text, out, given);
}
