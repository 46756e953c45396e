#include "channel/form.h"

static const char hex_digits[] = "0123456789ABCDEF";

static bool stands_for_itself(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void form_encode(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (stands_for_itself((char)c)) {
            buf_add_byte(out, (char)c);
            continue;
        }
        buf_add_byte(out, '%');
        buf_add_byte(out, hex_digits[c >> 4]);
        buf_add_byte(out, hex_digits[c & 15]);
    }
}

void form_add(struct buf *out, const char *name, struct str value)
{
    if (!str_is_set(value)) {
        return;
    }
    buf_add_text(out, out->len > 0 ? "&" : "");
    form_encode(out, str_from(name));
    buf_add_byte(out, '=');
    form_encode(out, value);
}

void form_add_int(struct buf *out, const char *name, int64_t value)
{
    form_add(out, name, STR(""));
    buf_add_int(out, value); /* Digits and '-' stand for themselves. */
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static struct str decode(struct arena *arena, struct str text)
{
    struct buf out = {.arena = arena};
    buf_reserve(&out, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%' && text.len - i > 2) {
            int high = hex_value(text.ptr[i + 1]);
            int low = hex_value(text.ptr[i + 2]);
            if (high >= 0 && low >= 0) {
                buf_add_byte(&out, (char)(high << 4 | low));
                i += 2;
                continue;
            }
        }
        buf_add_byte(&out, c == '+' ? ' ' : c);
    }
    return buf_str(&out);
}

static size_t count_pairs(struct str body)
{
    size_t count = 0;
    struct str pair = STR_NONE;
    while (str_split(&body, '&', &pair)) {
        count += pair.len > 0;
    }
    return count;
}

enum err form_parse(struct arena *arena, struct str body, struct form *out)
{
    *out = (struct form){0};
    size_t count = count_pairs(body);
    if (count > FORM_PAIRS_MAX) {
        return E_TOO_LARGE;
    }
    struct form_pair *pairs = ARENA_NEW_ARRAY(arena, struct form_pair, count);
    struct str pair = STR_NONE;
    size_t at = 0;
    while (str_split(&body, '&', &pair)) {
        if (pair.len == 0) {
            continue;
        }
        size_t equals = str_find_byte(pair, '=', 0);
        pairs[at].name = decode(arena, str_slice(pair, 0, equals));
        pairs[at++].value = decode(arena, str_slice(pair, equals + 1, pair.len));
    }
    *out = (struct form){.pairs = pairs, .count = count};
    return OK;
}

struct str form_value(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++) {
        if (str_equal_text(form->pairs[i].name, name)) {
            return form->pairs[i].value;
        }
    }
    return STR_NONE;
}

void form_get(struct arena *arena, struct str body, const char *name, struct str *out)
{
    struct form form;
    *out = form_parse(arena, body, &form) == OK ? form_value(&form, name) : STR_NONE;
}

struct str form_text(const struct form *form, const char *name)
{
    struct str value = form_value(form, name);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        bool is_fit = (c >= 0x20 && c != 0x7F) || c == '\t' || c == '\r' || c == '\n';
        if (!is_fit) {
            return STR_NONE;
        }
    }
    return str_is_utf8(value) ? value : STR_NONE;
}
