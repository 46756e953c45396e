#include "model/json_reading.h"

#include <assert.h>
#include <string.h>

enum { INT_DIGITS_MAX = 18, LIST_ITEMS_FIRST = 4, FOREIGN_MEMBERS_MAX = 16 };

/* A place in the text that is being read. */
struct cursor {
    struct str text;
    size_t at;
    int depth;
};

static bool read_record_object(struct cursor *cursor, struct reading *reading);
static bool read_members(struct cursor *cursor, struct reading *reading, struct str prefix);

/* The byte at the cursor; NUL, which no JSON has there, at the end. */
static char peek(const struct cursor *cursor)
{
    return cursor->at < cursor->text.len ? cursor->text.ptr[cursor->at] : '\0';
}

static char peek_past_space(struct cursor *cursor)
{
    char c = peek(cursor);
    while (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
        cursor->at++;
        c = peek(cursor);
    }
    return c;
}

static bool take_byte(struct cursor *cursor, char wanted)
{
    if (peek_past_space(cursor) != wanted) {
        return false;
    }
    cursor->at++;
    return true;
}

/* True at the end of an object or array, or where another member or item follows. */
static bool take_separator(struct cursor *cursor, char end, bool *is_over)
{
    *is_over = take_byte(cursor, end);
    return *is_over || take_byte(cursor, ',');
}

static bool take_literal(struct cursor *cursor, struct str literal)
{
    struct str rest = str_slice(cursor->text, cursor->at, cursor->text.len);
    if (!str_starts(rest, literal)) {
        return false;
    }
    cursor->at += literal.len;
    return true;
}

/* What stands between two quotes, as it is written: well-formed UTF-8 without controls. */
static bool take_raw_text(struct cursor *cursor, struct str *out, bool *has_escapes)
{
    if (!take_byte(cursor, '"')) {
        return false;
    }
    size_t first = cursor->at;
    *has_escapes = false;
    while (cursor->at < cursor->text.len) {
        unsigned char c = (unsigned char)cursor->text.ptr[cursor->at];
        if (c == '"') {
            *out = str_slice(cursor->text, first, cursor->at++);
            return true;
        }
        size_t len = c < 0x80 ? c >= 0x20 : str_utf8_sequence(cursor->text, cursor->at);
        if (len == 0) {
            return false;
        }
        if (c == '\\') {
            *has_escapes = true;
            len = 2;
        }
        cursor->at += len;
    }
    return false;
}

/* The byte that an escape of one letter stands for; NUL for the others. */
static char escaped_byte(char letter)
{
    static const char pairs[] = "\"\"\\\\//n\nt\tr\rb\bf\f"; /* The letter, then the byte. */
    for (size_t i = 0; i + 1 < sizeof pairs; i += 2) {
        if (pairs[i] == letter) {
            return pairs[i + 1];
        }
    }
    return '\0';
}

static bool unescape(struct arena *arena, struct str raw, struct str *out)
{
    char *text = arena_alloc(arena, raw.len);
    size_t len = 0;
    for (size_t at = 0; at < raw.len; at++) {
        char c = raw.ptr[at];
        if (c == '\\') {
            c = escaped_byte(raw.ptr[++at]);
            if (c == '\0') {
                return false;
            }
        }
        text[len++] = c;
    }
    *out = (struct str){text, len};
    return true;
}

static bool read_text(struct cursor *cursor, const struct reading *reading,
                      const struct field *field)
{
    const struct json_context *context = reading->context;
    struct str text;
    bool has_escapes = false;
    if (!take_raw_text(cursor, &text, &has_escapes) ||
        (has_escapes && !unescape(context->arena, text, &text))) {
        return false;
    }
    return field_set_text(context, reading->path, field, text, reading->out) == OK;
}

static bool read_int(struct cursor *cursor, const struct reading *reading,
                     const struct field *field)
{
    bool is_negative = take_byte(cursor, '-');
    size_t first = cursor->at;
    int64_t number = 0;
    while (peek(cursor) >= '0' && peek(cursor) <= '9' && cursor->at - first < INT_DIGITS_MAX) {
        number = number * 10 + (peek(cursor) - '0');
        cursor->at++;
    }
    size_t digits = cursor->at - first;
    bool is_padded = digits > 1 && cursor->text.ptr[first] == '0';
    if (digits == 0 || is_padded) {
        return false;
    }
    return field_set_int(reading->context, reading->path, field, is_negative ? -number : number,
                         reading->out) == OK;
}

static bool read_bool(struct cursor *cursor, const struct reading *reading,
                      const struct field *field)
{
    bool is_true = take_literal(cursor, STR("true"));
    *(bool *)record_member(reading->out, field) = is_true;
    return is_true || take_literal(cursor, STR("false"));
}

static bool read_list(struct cursor *cursor, const struct reading *reading,
                      const struct field *field);

static bool read_record(struct cursor *cursor, const struct reading *reading,
                        const struct field *field)
{
    const struct record *record = field->detail.items;
    struct reading nested = {.context = reading->context,
                             .record = record,
                             .out = arena_alloc(reading->context->arena, record->size)};
    *(const void **)record_member(reading->out, field) = nested.out;
    return read_record_object(cursor, &nested);
}

/* A whole number as it is written, where json_foreign would write it the same. */
static bool copy_int(struct cursor *cursor, struct buf *out)
{
    size_t first = cursor->at;
    bool is_negative = take_byte(cursor, '-');
    size_t digits = cursor->at;
    while (peek(cursor) >= '0' && peek(cursor) <= '9') {
        cursor->at++;
    }
    size_t count = cursor->at - digits;
    bool is_odd = count > 0 && cursor->text.ptr[digits] == '0' && (count > 1 || is_negative);
    buf_add(out, str_slice(cursor->text, first, cursor->at));
    return count > 0 && count <= INT_DIGITS_MAX && !is_odd;
}

static bool copy_scalar(struct cursor *cursor, struct buf *out)
{
    static const struct str literals[] = {STR_INIT("true"), STR_INIT("false"), STR_INIT("null")};
    char c = peek_past_space(cursor);
    struct str text = STR_NONE;
    bool has_escapes = false;
    if (c == '"') {
        bool is_plain = take_raw_text(cursor, &text, &has_escapes) && !has_escapes;
        json_add_text(out, text);
        return is_plain;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(literals); i++) {
        if (take_literal(cursor, literals[i])) {
            buf_add(out, literals[i]);
            return true;
        }
    }
    return copy_int(cursor, out);
}

static bool is_among(const struct str *names, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(names[i], name)) {
            return true;
        }
    }
    return false;
}

/* An object of the caller's own, as json_foreign would write it: small and flat ones, as most are.
 */
static bool read_foreign(struct cursor *cursor, const struct reading *reading,
                         const struct field *field)
{
    struct buf out = {.arena = reading->context->arena};
    struct str names[FOREIGN_MEMBERS_MAX];
    bool has_escapes = false;
    bool is_over = take_byte(cursor, '{') && take_byte(cursor, '}');
    buf_reserve(&out, 64);
    buf_add_byte(&out, '{');
    for (size_t count = 0; !is_over; count++) {
        if (count == FOREIGN_MEMBERS_MAX || !take_raw_text(cursor, &names[count], &has_escapes) ||
            has_escapes || is_among(names, count, names[count]) || !take_byte(cursor, ':')) {
            return false;
        }
        buf_add_text(&out, count == 0 ? "" : ",");
        json_add_text(&out, names[count]);
        buf_add_byte(&out, ':');
        if (!copy_scalar(cursor, &out) || !take_separator(cursor, '}', &is_over)) {
            return false;
        }
    }
    buf_add_byte(&out, '}');
    *(struct str *)record_member(reading->out, field) = buf_str(&out);
    return (int64_t)out.len <= field->max;
}

static bool read_value(struct cursor *cursor, const struct reading *reading,
                       const struct field *field)
{
    if (peek_past_space(cursor) == 'n') {
        return (field->flags & F_NULLABLE) != 0 && take_literal(cursor, STR("null"));
    }
    if ((field->flags & F_JSON) != 0) {
        return peek(cursor) == '{' && read_foreign(cursor, reading, field);
    }
    switch (field->type) {
    case FIELD_ID:
    case FIELD_INSTANT:
    case FIELD_TEXT:
    case FIELD_ENUM:
        return read_text(cursor, reading, field);
    case FIELD_INT:
        return read_int(cursor, reading, field);
    case FIELD_BOOL:
        return read_bool(cursor, reading, field);
    case FIELD_LIST:
        return read_list(cursor, reading, field);
    case FIELD_RECORD:
        return read_record(cursor, reading, field);
    case FIELD_BYTES:
        break;
    }
    return false;
}

static bool read_item(struct cursor *cursor, const struct json_context *context,
                      const struct record *record, void *item)
{
    struct reading reading = {.context = context, .record = record, .out = item};
    return record_is_bare(record) ? read_value(cursor, &reading, &record->fields[0])
                                  : read_record_object(cursor, &reading);
}

/* Room for twice as many items, with those that are there. */
static char *list_grow(struct arena *arena, const struct record *record, const char *items,
                       size_t count)
{
    size_t room = count == 0 ? LIST_ITEMS_FIRST : count * 2;
    char *grown = arena_alloc_array(arena, room, record->size);
    if (count > 0) {
        memcpy(grown, items, count * record->size);
    }
    return grown;
}

static bool enter(struct cursor *cursor, char bracket)
{
    return take_byte(cursor, bracket) && ++cursor->depth <= JSON_NESTING_MAX;
}

static bool read_list(struct cursor *cursor, const struct reading *reading,
                      const struct field *field)
{
    const struct record *record = field->detail.items;
    struct arena *arena = reading->context->arena;
    size_t max = field_is_limited(field) ? (size_t)field->max : LIST_ITEMS_MAX;
    if (!enter(cursor, '[')) {
        return false;
    }
    char *items = list_grow(arena, record, NULL, 0);
    size_t room = LIST_ITEMS_FIRST;
    size_t count = 0;
    bool is_over = take_byte(cursor, ']');
    while (!is_over) {
        if (count == max) {
            return false;
        }
        if (count == room) {
            items = list_grow(arena, record, items, count);
            room *= 2;
        }
        if (!read_item(cursor, reading->context, record, items + count * record->size) ||
            !take_separator(cursor, ']', &is_over)) {
            return false;
        }
        count++;
    }
    cursor->depth--;
    *(struct list *)record_member(reading->out, field) = (struct list){items, count};
    return (int64_t)count >= field->min;
}

/* A nested object whose members are fields of the record itself ("quietHours.start"). */
static bool read_dotted(struct cursor *cursor, struct reading *reading, struct str name)
{
    const struct record *record = reading->record;
    for (size_t i = 0; i < record->field_count; i++) {
        if (!is_body_member(&record->fields[i]) ||
            !str_is_set(json_name_within(&record->fields[i], name))) {
            continue;
        }
        if (presence_has(reading->entered, i)) {
            return false;
        }
        presence_add(&reading->entered, i);
    }
    return read_members(cursor, reading, name);
}

static bool read_member(struct cursor *cursor, struct reading *reading, struct str prefix,
                        size_t *at)
{
    struct str name;
    bool has_escapes = false;
    if (!take_raw_text(cursor, &name, &has_escapes) || has_escapes || !take_byte(cursor, ':')) {
        return false;
    }
    switch (json_find_member(reading->record, prefix, name, at)) {
    case MATCH_MEMBER:
        if (presence_has(reading->given, *at)) {
            return false;
        }
        presence_add(&reading->given, *at);
        return read_value(cursor, reading, &reading->record->fields[*at]);
    case MATCH_OBJECT:
        return read_dotted(cursor, reading, name);
    case MATCH_NONE:
        break;
    }
    return false;
}

static bool read_members(struct cursor *cursor, struct reading *reading, struct str prefix)
{
    size_t at = 0;
    if (!enter(cursor, '{')) {
        return false;
    }
    bool is_over = take_byte(cursor, '}');
    while (!is_over) {
        if (!read_member(cursor, reading, prefix, &at) || !take_separator(cursor, '}', &is_over)) {
            return false;
        }
    }
    cursor->depth--;
    return true;
}

/* Recursion ends with JSON_NESTING_MAX. */
static bool read_record_object(struct cursor *cursor, struct reading *reading)
{
    assert(reading->record->field_count <= RECORD_FIELDS_MAX);
    return read_members(cursor, reading, STR_NONE) && json_complete(reading) == OK;
}

bool json_read_quickly(const struct json_context *context, const struct record *record,
                       struct str text, void *out, struct presence *given)
{
    struct json_context quiet = *context;
    struct cursor cursor = {.text = text};
    struct reading reading = {
        .context = &quiet, .record = record, .out = out, .is_partial = context->is_partial};
    quiet.problem = NULL;
    memset(out, 0, record->size);
    if (!read_record_object(&cursor, &reading) || peek_past_space(&cursor) != '\0' ||
        cursor.at < text.len) {
        return false;
    }
    if (given != NULL) {
        *given = reading.given;
    }
    return true;
}
