#include "service/agent_script.h"

enum { NAME_BYTES_MAX = 64 };

static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && c != '_' && c != '-' && c != '.') {
            return false;
        }
    }
    return text.len > 0 && text.len <= NAME_BYTES_MAX;
}

/* `text` begins with "{{". How long the placeholder is, 0 where it is none. */
static size_t read_placeholder(struct str text, struct script_part *out)
{
    size_t close = str_find(text, STR("}}"));
    if (close == text.len) {
        return 0;
    }
    struct str inside = str_slice(text, 2, close);
    size_t bar = str_find_byte(inside, '|', 0);
    *out = (struct script_part){.name = str_trim(str_slice(inside, 0, bar))};
    if (bar < inside.len) {
        out->fallback = str_trim(str_slice(inside, bar + 1, inside.len));
        out->fallback = out->fallback.len == 0 ? STR("") : out->fallback;
    }
    return is_name(out->name) ? close + 2 : 0;
}

bool script_next(struct str *rest, struct script_part *out)
{
    if (rest->len == 0) {
        return false;
    }
    size_t open = str_find(*rest, STR("{{"));
    if (open == 0) {
        size_t len = read_placeholder(*rest, out);
        if (len > 0) {
            *rest = str_slice(*rest, len, rest->len);
            return true;
        }
        open = 2;
    }
    *out = (struct script_part){.literal = str_slice(*rest, 0, open)};
    *rest = str_slice(*rest, open, rest->len);
    return true;
}

enum err script_check(struct str text, const char *field, struct problem *problem)
{
    struct script_part ignored;
    for (size_t at = 0; at < text.len;) {
        struct str rest = str_slice(text, at, text.len);
        size_t open = str_find(rest, STR("{{"));
        if (open == rest.len) {
            return OK;
        }
        size_t len = read_placeholder(str_slice(rest, open, rest.len), &ignored);
        if (len == 0) {
            return problem_set(problem, E_INVALID, field,
                               "%s must have placeholders of the form {{name}} or {{name|text}}, "
                               "the name 1 to %d letters, digits, _ - or .",
                               field, NAME_BYTES_MAX);
        }
        at += open + len;
    }
    return OK;
}

/* The member of this name, whatever bytes the name has. */
static const struct json_node *member_of(const struct json_node *object, struct str name)
{
    const struct json_node *found = NULL;
    for (size_t i = 0; object != NULL && i < object->count; i++) {
        found = str_equal(object->items[i].name, name) ? &object->items[i] : found;
    }
    return found;
}

bool script_value(const struct json_node *metadata, struct str name, struct str *out)
{
    const struct json_node *node = member_of(metadata, name);
    bool can_be_said =
        node != NULL && (node->kind == JSON_KIND_TEXT || node->kind == JSON_KIND_NUMBER ||
                         node->kind == JSON_KIND_BOOL);
    if (!can_be_said || str_trim(node->text).len == 0) {
        return false;
    }
    *out = node->text;
    return true;
}

/* Where the member of this name has its value; the end of the text where it is not to be seen. In a
 * text without spaces only a name stands between one of "{," with a quote and a quote with a colon,
 * since within texts quotes have a backslash before them. */
static size_t find_value(struct str object, struct str name)
{
    size_t at = 0;
    while (at < object.len) {
        at = str_find_byte(object, '"', at);
        size_t close = at + 1 + name.len;
        bool is_name = at > 0 && close + 1 < object.len && object.ptr[close] == '"' &&
                       object.ptr[close + 1] == ':' &&
                       (object.ptr[at - 1] == '{' || object.ptr[at - 1] == ',');
        if (is_name && str_equal(str_slice(object, at + 1, close), name)) {
            return close + 2;
        }
        at++;
    }
    return object.len;
}

bool script_value_is_plain(struct str metadata, struct str name)
{
    if (metadata.len == 0 || str_find_byte(metadata, '{', 1) < metadata.len) {
        return false;
    }
    size_t at = find_value(metadata, name);
    if (at + 1 >= metadata.len) {
        return false;
    }
    unsigned char first = (unsigned char)metadata.ptr[at];
    unsigned char second = (unsigned char)metadata.ptr[at + 1];
    bool is_text = first == '"' && second > ' ' && second < 0x7f && second != '"' && second != '\\';
    return is_text || first == 't' || first == 'f' || (first >= '0' && first <= '9');
}

/* On one line: what a caller's data holds must not look like the script's own structure. */
static void add_value(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        buf_add_byte(out, c < 0x20 || c == 0x7f ? ' ' : value.ptr[i]);
    }
}

void script_fill(struct buf *out, struct str text, const struct json_node *metadata)
{
    struct script_part part;
    struct str value = STR_NONE;
    while (script_next(&text, &part)) {
        if (str_is_set(part.literal)) {
            buf_add(out, part.literal);
        } else {
            add_value(out, script_value(metadata, part.name, &value) ? value : part.fallback);
        }
    }
}
