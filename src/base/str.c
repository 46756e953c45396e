#include "base/str.h"

#include <string.h>

struct str str_from(const char *text)
{
    return text == NULL ? STR_NONE : (struct str){text, strlen(text)};
}

bool str_is_set(struct str s)
{
    return s.ptr != NULL;
}

bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_equal_text(struct str a, const char *text)
{
    return str_equal(a, str_from(text));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);
    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal(str_slice(s, 0, prefix.len), prefix);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal_nocase(str_slice(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_equal(str_slice(s, s.len - suffix.len, s.len), suffix);
}

bool str_contains(struct str s, struct str part)
{
    return part.len == 0 || str_find(s, part) < s.len;
}

size_t str_find_byte(struct str s, char c, size_t from)
{
    if (from >= s.len) {
        return s.len;
    }
    const char *hit = memchr(s.ptr + from, c, s.len - from);
    return hit == NULL ? s.len : (size_t)(hit - s.ptr);
}

size_t str_find(struct str s, struct str part)
{
    for (size_t at = 0; part.len > 0 && at + part.len <= s.len; at++) {
        at = str_find_byte(s, part.ptr[0], at);
        if (at + part.len <= s.len && memcmp(s.ptr + at, part.ptr, part.len) == 0) {
            return at;
        }
    }
    return s.len;
}

struct str str_slice(struct str s, size_t from, size_t to)
{
    if (to > s.len) {
        to = s.len;
    }
    if (from >= to) {
        return (struct str){s.ptr == NULL ? NULL : "", 0};
    }
    return (struct str){s.ptr + from, to - from};
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
    size_t from = 0;
    size_t to = s.len;
    while (from < to && is_space(s.ptr[from])) {
        from++;
    }
    while (to > from && is_space(s.ptr[to - 1])) {
        to--;
    }
    return str_slice(s, from, to);
}

bool str_split(struct str *rest, char separator, struct str *out)
{
    if (rest->ptr == NULL) {
        return false;
    }
    size_t at = str_find_byte(*rest, separator, 0);
    *out = str_slice(*rest, 0, at);
    *rest = at < rest->len ? (struct str){rest->ptr + at + 1, rest->len - at - 1} : STR_NONE;
    return true;
}

enum err str_to_int(struct str s, int64_t *out)
{
    size_t at = 0;
    bool negative = s.len > 0 && s.ptr[0] == '-';
    if (negative || (s.len > 0 && s.ptr[0] == '+')) {
        at++;
    }
    if (at == s.len) {
        return E_INVALID;
    }
    int64_t value = 0;
    for (; at < s.len; at++) {
        if (s.ptr[at] < '0' || s.ptr[at] > '9') {
            return E_INVALID;
        }
        int digit = s.ptr[at] - '0';
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_sub_overflow(value, (int64_t)digit, &value)) {
            return E_INVALID;
        }
    }
    if (!negative && value == INT64_MIN) {
        return E_INVALID;
    }
    *out = negative ? value : -value;
    return OK;
}

enum err str_to_bool(struct str s, bool *out)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};
    for (size_t i = 0; i < ARRAY_LENGTH(yes); i++) {
        if (str_equal_nocase(s, str_from(yes[i]))) {
            *out = true;
            return OK;
        }
        if (str_equal_nocase(s, str_from(no[i]))) {
            *out = false;
            return OK;
        }
    }
    return E_INVALID;
}

size_t str_utf8_sequence(struct str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.ptr + at;
    size_t left = s.len - at;
    if (p[0] < 0x80) {
        return p[0] == 0 ? 0 : 1;
    }
    size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
    return overlong || beyond ? 0 : len;
}

bool str_is_utf8(struct str s)
{
    for (size_t at = 0; at < s.len;) {
        size_t len = str_utf8_sequence(s, at);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

struct str str_cut_utf8(struct str s, size_t max)
{
    if (s.len <= max) {
        return s;
    }
    size_t to = max;
    while (to > 0 && ((unsigned char)s.ptr[to] & 0xC0) == 0x80) {
        to--;
    }
    return str_slice(s, 0, to);
}
