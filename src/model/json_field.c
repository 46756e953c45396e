#include "model/json_field.h"

#include "model/formats.h"

#include <assert.h>
#include <inttypes.h>

static struct str names_of(struct arena *arena, const struct enum_names *names)
{
    struct buf allowed = {.arena = arena};
    for (int value = 1; value < names->count; value++) {
        buf_add_text(&allowed, value == 1 ? "" : ", ");
        buf_add_text(&allowed, names->names[value]);
    }
    return buf_str(&allowed);
}

const char *field_expectation(const struct json_context *context, const struct field *field)
{
    switch (field->type) {
    case FIELD_ID:
        return "an id, which is a UUID in a string";
    case FIELD_INT:
        return "a whole number";
    case FIELD_BOOL:
        return "true or false";
    case FIELD_INSTANT:
        return "an ISO 8601 time with an offset in a string, such as \"2026-01-05T09:00:00Z\"";
    case FIELD_TEXT:
        if ((field->flags & F_JSON) != 0) {
            return "an object";
        }
        return field->detail.format != NULL    ? field->detail.format->advice
               : (field->flags & F_LINES) != 0 ? "a string, an object or an array"
                                               : "a string";
    case FIELD_ENUM:
        return context->problem == NULL
                   ? ""
                   : arena_printf(context->arena, "one of %.*s in a string",
                                  STR_FMT(names_of(context->arena, field->detail.names)))
                         .ptr;
    case FIELD_LIST:
        return "an array";
    case FIELD_RECORD:
        return "an object";
    case FIELD_BYTES:
        break;
    }
    return "left out";
}

/* Tabs and line ends (LF or CRLF, which iCalendar text has) are the only controls that texts need.
 */
static bool has_stray_control(struct str text)
{
    for (size_t at = 0; at < text.len; at++) {
        unsigned char c = (unsigned char)text.ptr[at];
        if (c >= 0x20 || c == '\t' || c == '\n') {
            continue;
        }
        if (c != '\r' || at + 1 == text.len || text.ptr[at + 1] != '\n') {
            return true;
        }
    }
    return false;
}

/* Of a text with a form of its own its form is said, not its bytes. */
static enum err refuse_length(const struct json_context *context, const struct json_path *path,
                              const struct field *field, size_t len)
{
    const struct text_format *format = field->detail.format;
    int64_t max = field_is_limited(field) ? field->max : TEXT_BYTES_MAX;
    bool is_short = (int64_t)len < field->min;
    if (len == 0) {
        return format == NULL ? json_refuse(context, path, "must not be empty")
                              : json_refuse(context, path, "must be %s, not empty", format->advice);
    }
    if (format != NULL) {
        return is_short || field->min == max
                   ? json_refuse(context, path, "must be %s", format->advice)
                   : json_refuse(context, path, "must be %s, of at most %" PRId64 " bytes",
                                 format->advice, max);
    }
    return is_short ? json_refuse(context, path, "must have at least %" PRId64 " bytes, not %zu",
                                  field->min, len)
                    : json_refuse(context, path, "must have at most %" PRId64 " bytes, not %zu",
                                  max, len);
}

static enum err set_plain_text(const struct json_context *context, const struct json_path *path,
                               const struct field *field, struct str text, struct str *out)
{
    int64_t max = field_is_limited(field) ? field->max : TEXT_BYTES_MAX;
    if ((int64_t)text.len < field->min || (int64_t)text.len > max) {
        return refuse_length(context, path, field, text.len);
    }
    if ((field->flags & (F_HIDDEN | F_FOREIGN)) == 0 && has_stray_control(text)) {
        return json_refuse(context, path,
                           "must not contain control characters other than tabs and line ends");
    }
    if (field->detail.format != NULL && !field->detail.format->is_valid(text)) {
        return json_refuse(context, path, "must be %s", field->detail.format->advice);
    }
    *out = arena_str(context->arena, text);
    return OK;
}

static enum err set_enum(const struct json_context *context, const struct json_path *path,
                         const struct enum_names *names, struct str text, int *out)
{
    if (enum_parse(names, text, out) == OK) {
        return OK;
    }
    if (context->problem == NULL) {
        return E_INVALID;
    }
    return json_refuse(context, path, "must be one of %.*s",
                       STR_FMT(names_of(context->arena, names)));
}

static enum err set_instant(const struct json_context *context, const struct json_path *path,
                            struct str text, struct instant *out)
{
    struct instant parsed = INSTANT_NONE;
    if (instant_parse(text, &parsed) != OK || instant_ms(parsed) == 0) {
        return json_refuse(context, path,
                           "must be an ISO 8601 time with an offset, such as 2026-01-05T09:00:00Z "
                           "or 2026-01-05T14:30:00+05:30");
    }
    *out = instant_from_ms(instant_ms(parsed));
    return OK;
}

/* A UUID that is not ours names nothing, which is for whoever looks it up to say: 404 rather than
 * 400. */
static enum err set_id(const struct json_context *context, const struct json_path *path,
                       struct str text, struct id *out)
{
    if (id_parse(context->id_key, text, out) == OK) {
        return OK;
    }
    if (!text_is_uuid(text)) {
        return json_refuse(context, path, "must be an id, which is a UUID");
    }
    *out = ID_UNKNOWN;
    return OK;
}

enum err field_refused(const struct json_context *context, const struct field *field, enum err err)
{
    bool is_zone = field->type == FIELD_TEXT && field->detail.format == &format_timezone;
    if (err != E_INVALID || !is_zone) {
        return err;
    }
    if (context->problem != NULL) {
        context->problem->err = E_TIMEZONE;
    }
    return E_TIMEZONE;
}

enum err field_set_text(const struct json_context *context, const struct json_path *path,
                        const struct field *field, struct str text, void *object)
{
    void *out = record_member(object, field);
    switch (field->type) {
    case FIELD_TEXT:
        return field_refused(context, field, set_plain_text(context, path, field, text, out));
    case FIELD_ENUM:
        return set_enum(context, path, field->detail.names, text, out);
    case FIELD_INSTANT:
        return set_instant(context, path, text, out);
    case FIELD_ID:
        return set_id(context, path, text, out);
    case FIELD_INT:
    case FIELD_BOOL:
    case FIELD_BYTES:
    case FIELD_LIST:
    case FIELD_RECORD:
        break;
    }
    return json_refuse(context, path, "must be %s, not a string",
                       field_expectation(context, field));
}

enum err field_set_int(const struct json_context *context, const struct json_path *path,
                       const struct field *field, int64_t number, void *object)
{
    assert(field->type == FIELD_INT);
    if (field_is_limited(field) && (number < field->min || number > field->max)) {
        return json_refuse(context, path,
                           "must be a whole number from %" PRId64 " to %" PRId64 ", not %" PRId64,
                           field->min, field->max, number);
    }
    *(int64_t *)record_member(object, field) = number;
    return OK;
}
