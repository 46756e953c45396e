#include "calendar/url.h"

#include <assert.h>
#include <string.h>

static bool is_url_byte(char c)
{
    switch (c) {
    case '"':
    case '<':
    case '>':
    case '\\':
    case '^':
    case '`':
    case '{':
    case '}':
    case '|':
        return false;
    default:
        return c > 0x20 && c < 0x7F;
    }
}

static bool is_host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

static bool split_host(struct str authority, struct str *out)
{
    size_t end = str_find_byte(authority, ':', 0);
    if (str_starts(authority, STR("["))) {
        end = str_find_byte(authority, ']', 0);
        *out = str_slice(authority, 0, end + 1);
        return end < authority.len && out->len > 2;
    }
    *out = str_slice(authority, 0, end);
    for (size_t i = 0; i < out->len; i++) {
        if (!is_host_byte(out->ptr[i])) {
            return false;
        }
    }
    return out->len > 0;
}

static bool port_is_sound(struct str authority, struct str host)
{
    if (authority.len == host.len) {
        return true;
    }
    int64_t port = 0;
    struct str tail = str_slice(authority, host.len, authority.len);
    return tail.ptr[0] == ':' && str_to_int(str_slice(tail, 1, tail.len), &port) == OK &&
           port > 0 && port < 65536;
}

bool url_split(struct str text, struct url *out)
{
    *out = (struct url){0};
    if (text.len > URL_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_url_byte(text.ptr[i])) {
            return false;
        }
    }
    out->is_https = str_starts_nocase(text, STR("https://"));
    if (!out->is_https && !str_starts_nocase(text, STR("http://"))) {
        return false;
    }
    size_t from = out->is_https ? 8 : 7;
    size_t slash = from;
    while (slash < text.len && text.ptr[slash] != '/' && text.ptr[slash] != '?' &&
           text.ptr[slash] != '#') {
        slash++;
    }
    size_t end = slash;
    while (end < text.len && text.ptr[end] != '?' && text.ptr[end] != '#') {
        end++;
    }
    out->origin = str_slice(text, 0, slash);
    out->authority = str_slice(text, from, slash);
    out->path = str_slice(text, slash, end);
    out->rest = str_slice(text, end, text.len);
    return split_host(out->authority, &out->host) && port_is_sound(out->authority, out->host);
}

struct str url_resolve(struct arena *arena, struct str base, struct str reference)
{
    struct url url;
    bool is_url = url_split(base, &url);
    assert(is_url);
    if (str_starts_nocase(reference, STR("http://")) ||
        str_starts_nocase(reference, STR("https://"))) {
        return arena_str(arena, reference);
    }
    if (str_starts(reference, STR("//"))) {
        return arena_printf(arena, "%s:%.*s", url.is_https ? "https" : "http", STR_FMT(reference));
    }
    if (str_starts(reference, STR("/"))) {
        return arena_printf(arena, "%.*s%.*s", STR_FMT(url.origin), STR_FMT(reference));
    }
    size_t folder = url.path.len;
    while (folder > 0 && url.path.ptr[folder - 1] != '/') {
        folder--;
    }
    struct str path = folder > 0 ? str_slice(url.path, 0, folder) : STR("/");
    return arena_printf(arena, "%.*s%.*s%.*s", STR_FMT(url.origin), STR_FMT(path),
                        STR_FMT(reference));
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place: the text only gets shorter. */
static struct str decode(char *path, size_t length)
{
    size_t to = 0;
    for (size_t i = 0; i < length; i++) {
        int high = i + 2 < length ? hex_value(path[i + 1]) : -1;
        int low = i + 2 < length ? hex_value(path[i + 2]) : -1;
        bool is_escape = path[i] == '%' && high >= 0 && low >= 0;
        char c = is_escape ? (char)(high * 16 + low) : path[i];
        if (is_escape && c == '/') {
            memcpy(path + to, "%2F", 3);
            to += 3;
        } else {
            path[to++] = c;
        }
        i += is_escape ? 2 : 0;
    }
    return (struct str){path, to};
}

struct str url_href_key(struct arena *arena, struct str base, struct str href)
{
    /* Servers write non-ASCII and blanks into hrefs unescaped, so this cannot ask for a sound URL.
     */
    struct str full = url_resolve(arena, base, str_trim(href));
    size_t authority = str_find(full, STR("://")) + 3;
    size_t slash = str_find_byte(full, '/', authority);
    size_t length = full.len - slash;
    char *path = arena_alloc(arena, length + 1);
    if (length > 0) {
        memcpy(path, full.ptr + slash, length);
    }
    return decode(path, length);
}
