#include "model/openapi.h"

#include "model/json.h"

#include <assert.h>

enum { RECORDS_MAX = 256 };

static bool is_input(enum schema_use use)
{
    return use != SCHEMA_ANSWER;
}

static bool is_shown(const struct field *field, enum schema_use use)
{
    unsigned left_out = is_input(use) ? F_READ_ONLY | F_HIDDEN | F_QUERY | F_PATH
                                      : F_WRITE_ONLY | F_HIDDEN | F_QUERY;
    return (field->flags & left_out) == 0 && field->type != FIELD_BYTES;
}

static bool is_nullable(const struct field *field, enum schema_use use)
{
    return is_input(use) && (field->flags & F_NULLABLE) != 0;
}

/* Whether a document without the member would be refused, or is never written. */
static bool is_required(const struct field *field, enum schema_use use)
{
    switch (use) {
    case SCHEMA_INPUT:
        return (field->flags & F_REQUIRED) != 0 && field->detail.fallback == NULL;
    case SCHEMA_PARTIAL_INPUT:
        return false;
    case SCHEMA_ANSWER:
        break;
    }
    bool is_always_told =
        field->type == FIELD_BOOL ||
        (field->type == FIELD_INT && (field->flags & (F_ZERO_UNTOLD | F_MINUS_UNTOLD)) == 0);
    return (field->flags & (F_REQUIRED | F_SHOW_EMPTY)) != 0 || is_always_told;
}

static void add_key(struct buf *out, const char *key)
{
    buf_add_byte(out, ',');
    json_add_text(out, str_from(key));
    buf_add_byte(out, ':');
}

static void add_text_member(struct buf *out, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        add_key(out, key);
        json_add_text(out, str_from(text));
    }
}

static void add_int_member(struct buf *out, const char *key, int64_t number)
{
    add_key(out, key);
    buf_add_int(out, number);
}

static void add_type(struct buf *out, const char *type, bool nullable)
{
    buf_printf(out, nullable ? "\"type\":[\"%s\",\"null\"]" : "\"type\":\"%s\"", type);
}

static void add_reference(struct buf *out, const char *name, const char *suffix, bool nullable)
{
    buf_printf(out,
               nullable ? "\"anyOf\":[{\"$ref\":\"#/components/schemas/%s%s\"},{\"type\":\"null\"}]"
                        : "\"$ref\":\"#/components/schemas/%s%s\"",
               name, suffix);
}

static void add_limits(struct buf *out, const struct field *field, const char *least,
                       const char *most)
{
    bool is_limited = field->min != 0 || field->max != 0;
    if (is_limited && (field->min != 0 || field->type == FIELD_INT)) {
        add_int_member(out, least, field->min);
    }
    if (is_limited) {
        add_int_member(out, most, field->max);
    }
}

static void add_text(struct buf *out, const struct field *field, enum schema_use use)
{
    if ((field->flags & F_JSON) != 0) {
        add_type(out, "object", is_nullable(field, use));
        return;
    }
    if (is_input(use) && (field->flags & F_LINES) != 0) {
        buf_printf(out, "\"type\":[\"string\",\"object\",\"array\"%s]",
                   is_nullable(field, use) ? ",\"null\"" : "");
    } else {
        add_type(out, "string", is_nullable(field, use));
    }
    if (!is_input(use) && (field->flags & F_PHONE) != 0) {
        /* Lists mask it, so that neither its format nor its length holds there. */
        return;
    }
    if (field->detail.format != NULL) {
        add_text_member(out, "format", field->detail.format->name);
        add_text_member(out, "pattern", field->detail.format->pattern);
    }
    /* Ours count bytes, the schema's count characters: at most as many, and at least one where
     * there is a byte. */
    add_limits(out, field, "minLength", "maxLength");
    if (is_input(use)) {
        add_text_member(out, "default", field->detail.fallback);
    }
}

static void add_bool(struct buf *out, const struct field *field, enum schema_use use)
{
    add_type(out, "boolean", is_nullable(field, use));
    if (use == SCHEMA_INPUT && (field->flags & F_DEFAULT_TRUE) != 0) {
        buf_add_text(out, ",\"default\":true");
    }
}

static void add_list(struct buf *out, const struct field *field, enum schema_use use)
{
    add_type(out, "array", is_nullable(field, use));
    buf_add_text(out, ",\"items\":");
    if (record_is_bare(field->detail.items)) {
        openapi_field_schema(out, &field->detail.items->fields[0], use);
    } else {
        buf_add_byte(out, '{');
        add_reference(out, field->detail.items->name, is_input(use) ? "Input" : "", false);
        buf_add_byte(out, '}');
    }
    add_limits(out, field, "minItems", "maxItems");
}

void openapi_field_schema(struct buf *out, const struct field *field, enum schema_use use)
{
    bool nullable = is_nullable(field, use);
    buf_add_byte(out, '{');
    switch (field->type) {
    case FIELD_ID:
        add_type(out, "string", nullable);
        add_text_member(out, "format", "uuid");
        break;
    case FIELD_INT:
        add_type(out, "integer", nullable);
        add_text_member(out, "format", "int64");
        add_limits(out, field, "minimum", "maximum");
        break;
    case FIELD_BOOL:
        add_bool(out, field, use);
        break;
    case FIELD_INSTANT:
        add_type(out, "string", nullable);
        add_text_member(out, "format", "date-time");
        break;
    case FIELD_TEXT:
        add_text(out, field, use);
        break;
    case FIELD_ENUM:
        add_reference(out, field->detail.names->name, "", nullable);
        break;
    case FIELD_LIST:
        add_list(out, field, use);
        break;
    case FIELD_RECORD:
        add_reference(out, field->detail.items->name, is_input(use) ? "Input" : "", nullable);
        break;
    case FIELD_BYTES:
        assert(!"BYTES are never shown");
        break;
    }
    add_text_member(out, "description", field->doc);
    buf_add_byte(out, '}');
}

/* "quietHours" of "quietHours.start", empty where there is no dot. */
static struct str object_of(const struct field *field)
{
    struct str name = str_from(field->json);
    size_t dot = str_find_byte(name, '.', 0);
    return dot < name.len ? str_slice(name, 0, dot) : str_slice(name, 0, 0);
}

/* The fields [from, to) that are members of one object: the record's own, or a nested one's. */
struct span {
    const struct record *record;
    size_t from;
    size_t to;
};

/* How far the nested object goes that begins at `from`. */
static struct span nested_span(const struct record *record, size_t from)
{
    struct str object = object_of(&record->fields[from]);
    size_t to = from + 1;
    while (to < record->field_count && str_equal(object_of(&record->fields[to]), object)) {
        to++;
    }
    return (struct span){record, from, to};
}

static bool is_any_shown(struct span span, enum schema_use use)
{
    for (size_t i = span.from; i < span.to; i++) {
        if (is_shown(&span.record->fields[i], use)) {
            return true;
        }
    }
    return false;
}

static bool is_span_nullable(struct span span, enum schema_use use)
{
    for (size_t i = span.from; i < span.to; i++) {
        if (is_shown(&span.record->fields[i], use) && !is_nullable(&span.record->fields[i], use)) {
            return false;
        }
    }
    return is_input(use);
}

/* A nested object is required with any of its members, unless it may be null as a whole. */
static bool is_span_required(struct span span, enum schema_use use)
{
    if (is_span_nullable(span, use)) {
        return false;
    }
    for (size_t i = span.from; i < span.to; i++) {
        if (is_shown(&span.record->fields[i], use) && is_required(&span.record->fields[i], use)) {
            return true;
        }
    }
    return false;
}

static void add_object(struct buf *out, struct span span, enum schema_use use, bool is_nested);

static void add_properties(struct buf *out, struct span span, enum schema_use use, bool is_nested)
{
    const char *separator = "";
    buf_add_text(out, ",\"properties\":{");
    for (size_t i = span.from; i < span.to; i++) {
        const struct field *field = &span.record->fields[i];
        struct str object = object_of(field);
        bool opens = object.len > 0 && !is_nested;
        struct span inner =
            opens ? nested_span(span.record, i) : (struct span){span.record, i, i + 1};
        i = inner.to - 1;
        if (!is_any_shown(inner, use)) {
            continue;
        }
        buf_add_text(out, separator);
        separator = ",";
        struct str name = str_from(field->json);
        json_add_text(out, opens       ? object
                           : is_nested ? str_slice(name, object.len + 1, name.len)
                                       : name);
        buf_add_byte(out, ':');
        if (opens) {
            buf_add_byte(out, '{');
            add_type(out, "object", is_span_nullable(inner, use));
            add_object(out, inner, use, true);
        } else {
            openapi_field_schema(out, field, use);
        }
    }
    buf_add_byte(out, '}');
}

static void add_required(struct buf *out, struct span span, enum schema_use use, bool is_nested)
{
    const char *separator = ",\"required\":[";
    for (size_t i = span.from; i < span.to; i++) {
        const struct field *field = &span.record->fields[i];
        struct str object = object_of(field);
        struct str name = str_from(field->json);
        bool required = is_shown(field, use) && is_required(field, use);
        if (object.len > 0 && is_nested) {
            name = str_slice(name, object.len + 1, name.len);
        } else if (object.len > 0) {
            struct span inner = nested_span(span.record, i);
            required = is_span_required(inner, use);
            name = object;
            i = inner.to - 1;
        }
        if (required) {
            buf_add_text(out, separator);
            json_add_text(out, name);
            separator = ",";
        }
    }
    buf_add_text(out, separator[1] == '\0' ? "]" : "");
}

/* What stands behind the type of an object. Goes at most one level down. */
static void add_object(struct buf *out, struct span span, enum schema_use use, bool is_nested)
{
    add_properties(out, span, use, is_nested);
    add_required(out, span, use, is_nested);
    buf_add_text(out, is_input(use) ? ",\"additionalProperties\":false}" : "}");
}

void openapi_record_schema(struct buf *out, const struct record *record, enum schema_use use)
{
    buf_add_byte(out, '{');
    add_type(out, "object", false);
    add_text_member(out, "description", record->doc);
    add_object(out, (struct span){record, 0, record->field_count}, use, false);
}

void openapi_enum_schema(struct buf *out, const struct enum_names *names,
                         const char *const *meanings)
{
    buf_add_text(out, "{\"type\":\"string\",\"enum\":[");
    for (int value = 1; value < names->count; value++) {
        buf_add_text(out, value == 1 ? "" : ",");
        json_add_text(out, str_from(names->names[value]));
    }
    buf_add_byte(out, ']');
    if (meanings != NULL) {
        struct buf text = {0};
        for (int value = 1; value < names->count; value++) {
            buf_printf(&text, "%s%s: %s", value == 1 ? "" : "\n", names->names[value],
                       meanings[value]);
        }
        buf_add_text(out, ",\"description\":");
        json_add_text(out, buf_str(&text));
        buf_free(&text);
    }
    buf_add_byte(out, '}');
}

/* Which records were visited already. */
struct visit {
    const struct record *seen[RECORDS_MAX];
    size_t count;
    void *context;
    void (*visit)(void *context, const struct record *record);
};

/* Recursion ends with the tables: no record is entered twice. */
static void visit_record(struct visit *visit, const struct record *record)
{
    if (record_is_bare(record)) {
        return;
    }
    for (size_t i = 0; i < visit->count; i++) {
        if (visit->seen[i] == record) {
            return;
        }
    }
    assert(visit->count < RECORDS_MAX);
    visit->seen[visit->count++] = record;
    visit->visit(visit->context, record);
    for (size_t i = 0; i < record->field_count; i++) {
        if (record->fields[i].detail.items != NULL) {
            visit_record(visit, record->fields[i].detail.items);
        }
    }
}

void openapi_visit_records(const struct record *record, void *context,
                           void (*visit)(void *context, const struct record *record))
{
    struct visit all = {.context = context, .visit = visit};
    visit_record(&all, record);
}
