#include "base/log.h"
#include "model/json.h"

#include <assert.h>
#include <string.h>

/* Room for an id or an instant. */
enum { FIXED_TEXT_MAX = 40 };
static_assert((int)FIXED_TEXT_MAX >= ID_TEXT_MAX, "an id fits");
static_assert((int)FIXED_TEXT_MAX >= INSTANT_TEXT_MAX, "an instant fits");

static bool is_shown(const struct field *field)
{
    return (field->flags & (F_WRITE_ONLY | F_HIDDEN)) == 0 && field->type != FIELD_BYTES;
}

static bool is_absent(const struct field *field, const void *value)
{
    switch (field->type) {
    case FIELD_ID:
        return !id_is_set(*(const struct id *)value);
    case FIELD_INSTANT:
        return !instant_is_set(*(const struct instant *)value);
    case FIELD_TEXT:
        return !str_is_set(*(const struct str *)value);
    case FIELD_ENUM:
        return enum_name(field->detail.names, *(const int *)value) == NULL;
    case FIELD_LIST:
        return ((const struct list *)value)->count == 0 && (field->flags & F_SHOW_EMPTY) == 0;
    case FIELD_RECORD:
        return *(const void *const *)value == NULL;
    case FIELD_INT:
        return (*(const int64_t *)value == 0 && (field->flags & F_ZERO_UNTOLD) != 0) ||
               (*(const int64_t *)value < 0 && (field->flags & F_MINUS_UNTOLD) != 0);
    case FIELD_BOOL:
    case FIELD_BYTES:
        break;
    }
    return false;
}

static void add_escape(struct buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char short_ones[] = "\"\"\\\\\nn\tt\rr\bb\ff"; /* The byte, then its letter. */
    for (size_t i = 0; i + 1 < sizeof short_ones; i += 2) {
        if (c == (unsigned char)short_ones[i]) {
            buf_add_byte(out, '\\');
            buf_add_byte(out, short_ones[i + 1]);
            return;
        }
    }
    if (c >= 0x80) {
        buf_add(out, STR("\xEF\xBF\xBD"));
        return;
    }
    buf_add(out, STR("\\u00"));
    buf_add_byte(out, digits[c >> 4]);
    buf_add_byte(out, digits[c & 0xf]);
}

/* How many bytes from `at` on stand for themselves. */
static size_t plain_run(struct str s, size_t at)
{
    size_t first = at;
    while (at < s.len) {
        unsigned char c = (unsigned char)s.ptr[at];
        size_t len = 1;
        if (c >= 0x80) {
            len = str_utf8_sequence(s, at);
        } else if (c < 0x20 || c == '"' || c == '\\') {
            len = 0;
        }
        if (len == 0) {
            break;
        }
        at += len;
    }
    return at - first;
}

void json_add_text(struct buf *out, struct str text)
{
    buf_reserve(out, text.len + 2);
    buf_add_byte(out, '"');
    for (size_t at = 0; at < text.len; at++) {
        size_t run = plain_run(text, at);
        buf_add(out, str_slice(text, at, at + run));
        at += run;
        if (at < text.len) {
            add_escape(out, (unsigned char)text.ptr[at]);
        }
    }
    buf_add_byte(out, '"');
}

/* Text that is known to need no escapes. */
static void add_quoted(struct buf *out, struct str text)
{
    buf_reserve(out, text.len + 2);
    char *at = out->ptr + out->len;
    *at++ = '"';
    memcpy(at, text.ptr, text.len);
    at[text.len] = '"';
    out->len += text.len + 2;
}

static void add_name(struct buf *out, struct str name, bool needs_comma)
{
    buf_reserve(out, name.len + 4);
    char *at = out->ptr + out->len;
    if (needs_comma) {
        *at++ = ',';
    }
    *at++ = '"';
    memcpy(at, name.ptr, name.len);
    at += name.len;
    *at++ = '"';
    *at++ = ':';
    out->len = (size_t)(at - out->ptr);
}

static void add_value(const struct json_context *context, struct buf *out,
                      const struct field *field, const void *value);

static void add_list(const struct json_context *context, struct buf *out,
                     const struct record *record, const struct list *list)
{
    buf_add_byte(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) {
            buf_add_byte(out, ',');
        }
        const void *item = list_item(list, record, i);
        if (record_is_bare(record)) {
            add_value(context, out, &record->fields[0],
                      record_member_const(item, &record->fields[0]));
        } else {
            record_to_json(context, out, record, item);
        }
    }
    buf_add_byte(out, ']');
}

static void add_plain_text(const struct json_context *context, struct buf *out,
                           const struct field *field, struct str text)
{
    if ((field->flags & F_JSON) != 0) {
        buf_add(out, text);
        return;
    }
    char masked[MASKED_MAX];
    bool is_masked = context->is_list_view && (field->flags & F_PHONE) != 0;
    json_add_text(out, is_masked ? mask_phone(text, masked) : text);
}

static void add_value(const struct json_context *context, struct buf *out,
                      const struct field *field, const void *value)
{
    char text[FIXED_TEXT_MAX];
    switch (field->type) {
    case FIELD_ID:
        add_quoted(out, id_format(context->id_key, *(const struct id *)value, text));
        return;
    case FIELD_INT:
        buf_add_int(out, *(const int64_t *)value);
        return;
    case FIELD_BOOL:
        buf_add(out, *(const bool *)value ? STR("true") : STR("false"));
        return;
    case FIELD_INSTANT:
        add_quoted(out, instant_format(*(const struct instant *)value, text));
        return;
    case FIELD_TEXT:
        add_plain_text(context, out, field, *(const struct str *)value);
        return;
    case FIELD_ENUM:
        add_quoted(out, str_from(enum_name(field->detail.names, *(const int *)value)));
        return;
    case FIELD_LIST:
        add_list(context, out, field->detail.items, value);
        return;
    case FIELD_RECORD:
        record_to_json(context, out, field->detail.items, *(const void *const *)value);
        return;
    case FIELD_BYTES:
        break;
    }
    assert(!"BYTES are never shown");
}

/* "quietHours" of "quietHours.start", empty where there is no dot. */
static struct str object_of(struct str name)
{
    size_t dot = str_find_byte(name, '.', 0);
    return dot < name.len ? str_slice(name, 0, dot) : str_slice(name, 0, 0);
}

bool record_members_to_json(const struct json_context *context, struct buf *out,
                            const struct record *record, const void *object)
{
    size_t first = out->len;
    struct str open = STR(""); /* The nested object that is being written. */
    bool needs_comma = false;
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        const void *value = record_member_const(object, field);
        if (!is_shown(field) || is_absent(field, value)) {
            continue;
        }
        struct str name = str_from(field->json);
        struct str prefix = object_of(name);
        if (!str_equal(prefix, open)) {
            if (open.len > 0) {
                buf_add_byte(out, '}');
            }
            if (prefix.len > 0) {
                add_name(out, prefix, needs_comma);
                buf_add_byte(out, '{');
                needs_comma = false;
            }
            open = prefix;
        }
        add_name(out, prefix.len > 0 ? str_slice(name, prefix.len + 1, name.len) : name,
                 needs_comma);
        add_value(context, out, field, value);
        needs_comma = true;
    }
    if (open.len > 0) {
        buf_add_byte(out, '}');
    }
    return out->len > first;
}

void record_to_json(const struct json_context *context, struct buf *out,
                    const struct record *record, const void *object)
{
    buf_add_byte(out, '{');
    record_members_to_json(context, out, record, object);
    buf_add_byte(out, '}');
}
