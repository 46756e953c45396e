#include "net/uri.h"

#include "base/buf.h"

#include <string.h>

/* RFC 3986 2.3: these stand for themselves in every part of a URI. */
static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/* Decodes the escape at text[at]; false where it is cut short or not hexadecimal. */
static bool escape_decode(struct str text, size_t at, char *out)
{
    if (text.len - at < 3) {
        return false;
    }
    int high = hex_value(text.ptr[at + 1]);
    int low = hex_value(text.ptr[at + 2]);
    if (high < 0 || low < 0) {
        return false;
    }
    *out = (char)(high * 16 + low);
    return true;
}

enum err uri_decode(struct arena *arena, struct str text, bool plus_is_space, struct str *out)
{
    char *decoded = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            if (!escape_decode(text, i, &c)) {
                return E_INVALID;
            }
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        decoded[len++] = c;
    }
    struct str result = {decoded, len};
    if (!str_is_utf8(result)) {
        return E_INVALID;
    }
    *out = result;
    return OK;
}

void uri_encode(struct arena *arena, struct str text, struct str *out)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = arena_alloc_array(arena, text.len + 1, 3);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (is_unreserved(text.ptr[i])) {
            encoded[len++] = text.ptr[i];
            continue;
        }
        encoded[len++] = '%';
        encoded[len++] = digits[byte >> 4];
        encoded[len++] = digits[byte & 15];
    }
    *out = (struct str){encoded, len};
}

bool uri_query_next(struct str *rest, struct str *name, struct str *value)
{
    struct str pair;
    while (str_split(rest, '&', &pair)) {
        if (pair.len == 0) {
            continue;
        }
        size_t equals = str_find_byte(pair, '=', 0);
        *name = str_slice(pair, 0, equals);
        *value = str_slice(pair, equals < pair.len ? equals + 1 : equals, pair.len);
        return true;
    }
    return false;
}

/* Names are rarely escaped, so that decoding is kept for those that are. A name that can't be
 * decoded is nobody's. */
static bool name_matches(struct arena *arena, struct str raw, struct str wanted)
{
    if (str_equal(raw, wanted)) {
        return true;
    }
    if (str_find_byte(raw, '%', 0) == raw.len && str_find_byte(raw, '+', 0) == raw.len) {
        return false;
    }
    struct str decoded;
    return uri_decode(arena, raw, true, &decoded) == OK && str_equal(decoded, wanted);
}

enum err uri_query_get(struct arena *arena, struct str query, const char *name, struct str *out)
{
    struct str wanted = str_from(name);
    struct str key;
    struct str value;
    while (uri_query_next(&query, &key, &value)) {
        if (name_matches(arena, key, wanted)) {
            return uri_decode(arena, value, true, out);
        }
    }
    *out = STR_NONE;
    return OK;
}
