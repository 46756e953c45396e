#include "channel/multipart.h"

#include <string.h>

enum { BOUNDARY_BYTES_MAX = 70 };

bool multipart_is_type(struct str content_type)
{
    struct str type = str_slice(content_type, 0, str_find_byte(content_type, ';', 0));
    return str_equal_nocase(str_trim(type), STR("multipart/form-data"));
}

/* The end of a quoted text that begins behind its first quote; text.len where it has none. */
static size_t find_quote(struct str text, size_t from)
{
    for (size_t i = from; i < text.len; i++) {
        if (text.ptr[i] == '\\') {
            i++;
        } else if (text.ptr[i] == '"') {
            return i;
        }
    }
    return text.len;
}

/* The end of a parameter: the next ';' that does not stand in quotes. */
static size_t find_end(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"') {
            i = find_quote(text, i + 1);
        } else if (text.ptr[i] == ';') {
            return i;
        }
    }
    return text.len;
}

static struct str without_quotes(struct str value)
{
    if (value.len == 0 || value.ptr[0] != '"') {
        return value;
    }
    size_t end = find_quote(value, 1);
    return end == value.len ? STR_NONE : str_slice(value, 1, end);
}

/* Of "form-data; name=\"a\"; filename=b": a parameter's value, STR_NONE where it is not there. */
static struct str parameter(struct str header, const char *name)
{
    size_t end = find_end(header);
    while (end < header.len) {
        header = str_slice(header, end + 1, header.len);
        end = find_end(header);
        struct str one = str_slice(header, 0, end);
        size_t equals = str_find_byte(one, '=', 0);
        if (equals < one.len &&
            str_equal_nocase(str_trim(str_slice(one, 0, equals)), str_from(name))) {
            return without_quotes(str_trim(str_slice(one, equals + 1, one.len)));
        }
    }
    return STR_NONE;
}

/* The index of the first `part`, which is not empty, at or after `from`; text.len where there is
 * none. */
static size_t find_from(struct str text, size_t from, struct str part)
{
    while (from + part.len <= text.len) {
        const char *found = memchr(text.ptr + from, part.ptr[0], text.len - from);
        if (found == NULL) {
            break;
        }
        from = (size_t)(found - text.ptr);
        if (str_starts(str_slice(text, from, text.len), part)) {
            return from;
        }
        from++;
    }
    return text.len;
}

/* The name of a part, from its headers. */
static enum err read_head(struct str head, struct str *name)
{
    *name = STR_NONE;
    while (head.len > 0) {
        size_t end = find_from(head, 0, STR("\r\n"));
        struct str line = str_slice(head, 0, end);
        size_t colon = str_find_byte(line, ':', 0);
        if (str_equal_nocase(str_slice(line, 0, colon), STR("Content-Disposition"))) {
            *name = parameter(str_slice(line, colon + 1, line.len), "name");
        }
        head = str_slice(head, end + 2, head.len);
    }
    return str_is_set(*name) ? OK : E_INVALID;
}

struct parts {
    struct str body;
    struct str delimiter; /* CRLF, two dashes and the boundary. */
    size_t at;            /* Behind a delimiter. */
};

/* The part that begins here; *is_last where there is none, but the end. */
static enum err next_part(struct parts *parts, struct form_pair *out, bool *is_last)
{
    struct str rest = str_slice(parts->body, parts->at, parts->body.len);
    *is_last = str_starts(rest, STR("--"));
    if (*is_last) {
        return OK;
    }
    /* White space may stand behind a delimiter, but nobody writes any. */
    if (!str_starts(rest, STR("\r\n"))) {
        return E_INVALID;
    }
    struct str window = str_slice(rest, 0, MULTIPART_HEAD_BYTES_MAX);
    size_t head_end = find_from(window, 0, STR("\r\n\r\n"));
    if (head_end == window.len) {
        return rest.len > window.len ? E_TOO_LARGE : E_INVALID;
    }
    TRY(read_head(str_slice(rest, 2, head_end), &out->name));
    size_t from = parts->at + head_end + 4;
    /* An empty value: its delimiter begins with the CRLF that ends the headers. */
    size_t to = find_from(parts->body, from - 2, parts->delimiter);
    if (to == parts->body.len) {
        return E_INVALID;
    }
    out->value = str_slice(parts->body, from, to < from ? from : to);
    parts->at = to + parts->delimiter.len;
    return OK;
}

enum err multipart_parse(struct arena *arena, struct str content_type, struct str body,
                         struct form *out)
{
    *out = (struct form){0};
    struct str boundary = parameter(content_type, "boundary");
    if (!multipart_is_type(content_type) || boundary.len == 0 ||
        boundary.len > BOUNDARY_BYTES_MAX) {
        return E_INVALID;
    }
    struct str delimiter = arena_printf(arena, "\r\n--%.*s", STR_FMT(boundary));
    struct parts parts = {.body = body, .delimiter = delimiter};
    struct str first = str_slice(delimiter, 2, delimiter.len);
    size_t begin = str_starts(body, first) ? 0 : find_from(body, 0, delimiter) + 2;
    if (begin >= body.len) {
        return E_INVALID;
    }
    parts.at = begin + first.len;
    struct form_pair *pairs = ARENA_NEW_ARRAY(arena, struct form_pair, FORM_PAIRS_MAX);
    for (size_t count = 0; count <= FORM_PAIRS_MAX; count++) {
        struct form_pair pair = {STR_NONE, STR_NONE};
        bool is_last = false;
        TRY(next_part(&parts, &pair, &is_last));
        if (is_last) {
            *out = (struct form){.pairs = pairs, .count = count};
            return OK;
        }
        if (count < FORM_PAIRS_MAX) {
            pairs[count] = pair;
        }
    }
    return E_TOO_LARGE;
}
