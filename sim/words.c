#include "sim/words.h"

static size_t skip_spaces(struct str text, size_t at)
{
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t')) {
        at++;
    }
    return at;
}

/* The index behind the quote that closes the one at `at`. */
static size_t end_of_quoted(struct str text, size_t at)
{
    for (at++; at < text.len && text.ptr[at] != '"'; at++) {
        at += text.ptr[at] == '\\' && at + 1 < text.len;
    }
    return at < text.len ? at + 1 : at;
}

static size_t end_of_brackets(struct str text, size_t at)
{
    int depth = 0;
    while (at < text.len) {
        char c = text.ptr[at];
        if (c == '"') {
            at = end_of_quoted(text, at);
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at++;
        if (depth == 0) {
            break;
        }
    }
    return at;
}

static size_t end_of_plain(struct str text, size_t at)
{
    while (at < text.len && text.ptr[at] != ' ' && text.ptr[at] != '\t') {
        at = text.ptr[at] == '"' ? end_of_quoted(text, at) : at + 1;
    }
    return at;
}

struct str words_next(struct str *rest)
{
    size_t from = skip_spaces(*rest, 0);
    struct str text = *rest;
    if (from == text.len) {
        *rest = (struct str){text.ptr, 0};
        return STR_NONE;
    }
    char first = text.ptr[from];
    size_t to = first == '"'                   ? end_of_quoted(text, from)
                : first == '{' || first == '[' ? end_of_brackets(text, from)
                                               : end_of_plain(text, from);
    *rest = str_slice(text, to, text.len);
    return first == '"' ? str_slice(text, from + 1, to - 1) : str_slice(text, from, to);
}

bool words_option(struct str *rest, struct str *key, struct str *value)
{
    struct str after = *rest;
    size_t from = skip_spaces(after, 0);
    if (from < after.len && (after.ptr[from] == '"' || after.ptr[from] == '{')) {
        return false;
    }
    struct str word = words_next(&after);
    size_t equals = str_find_byte(word, '=', 0);
    if (!str_is_set(word) || equals == word.len || equals == 0) {
        return false;
    }
    *key = str_slice(word, 0, equals);
    *value = str_slice(word, equals + 1, word.len);
    if (value->len >= 2 && value->ptr[0] == '"') {
        *value = str_slice(*value, 1, value->len - 1);
    }
    *rest = after;
    return true;
}

bool words_match(struct str text, struct str pattern)
{
    size_t star = str_find_byte(pattern, '*', 0);
    if (star == pattern.len) {
        return str_equal(text, pattern);
    }
    if (!str_starts(text, str_slice(pattern, 0, star))) {
        return false;
    }
    struct str left = str_slice(text, star, text.len);
    struct str rest = str_slice(pattern, star + 1, pattern.len);
    while (str_find_byte(rest, '*', 0) < rest.len) {
        struct str piece = str_slice(rest, 0, str_find_byte(rest, '*', 0));
        size_t at = piece.len == 0 ? 0 : str_find(left, piece);
        if (at == left.len && piece.len > 0) {
            return false;
        }
        left = str_slice(left, at + piece.len, left.len);
        rest = str_slice(rest, piece.len + 1, rest.len);
    }
    return str_ends(left, rest);
}
