#include "sim/carrier_fields.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

void fields_add(struct fields *form, const char *name, struct str value)
{
    if (form->count == form->cap) {
        size_t cap = form->cap == 0 ? 16 : form->cap * 2;
        struct named_value *items = ARENA_NEW_ARRAY(form->arena, struct named_value, cap);
        if (form->count > 0) {
            memcpy(items, form->items, form->count * sizeof *items);
        }
        form->items = items;
        form->cap = cap;
    }
    form->items[form->count++] =
        (struct named_value){arena_str(form->arena, str_from(name)),
                             str_is_set(value) ? arena_str(form->arena, value) : STR("")};
}

void fields_add_int(struct fields *form, const char *name, int64_t value)
{
    fields_add(form, name, arena_printf(form->arena, "%lld", (long long)value));
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static struct str decode(struct arena *arena, struct str text)
{
    struct buf out = {.arena = arena};
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_escape = c == '%' && i + 2 < text.len && isxdigit((unsigned char)text.ptr[i + 1]) &&
                         isxdigit((unsigned char)text.ptr[i + 2]);
        if (is_escape) {
            c = (char)(hex_digit(text.ptr[i + 1]) * 16 + hex_digit(text.ptr[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        buf_add_byte(&out, c);
    }
    return out.len == 0 ? STR("") : buf_str(&out);
}

void fields_read(struct fields *form, struct str text)
{
    struct str part = STR_NONE;
    while (str_split(&text, '&', &part)) {
        size_t equals = str_find_byte(part, '=', 0);
        if (part.len > 0) {
            struct str name = decode(form->arena, str_slice(part, 0, equals));
            fields_add(form, arena_cstr(form->arena, name),
                       decode(form->arena, str_slice(part, equals + 1, part.len)));
        }
    }
}

struct str fields_get(const struct fields *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++) {
        if (str_equal_text(form->items[i].name, name)) {
            return form->items[i].value;
        }
    }
    return STR_NONE;
}

bool fields_has(const struct fields *form, const char *name, struct str value)
{
    for (size_t i = 0; i < form->count; i++) {
        if (str_equal_text(form->items[i].name, name) && str_equal(form->items[i].value, value)) {
            return true;
        }
    }
    return false;
}

static void encode(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (isalnum(c) || c == '-' || c == '_' || c == '.') {
            buf_add_byte(out, (char)c);
        } else if (c == ' ') {
            buf_add_byte(out, '+');
        } else {
            buf_printf(out, "%%%02X", c);
        }
    }
}

struct str fields_write(const struct fields *form)
{
    struct buf out = {.arena = form->arena};
    for (size_t i = 0; i < form->count; i++) {
        buf_add_text(&out, i == 0 ? "" : "&");
        encode(&out, form->items[i].name);
        buf_add_byte(&out, '=');
        encode(&out, form->items[i].value);
    }
    return buf_str(&out);
}

struct str fields_write_multipart(const struct fields *form, struct str boundary)
{
    struct buf out = {.arena = form->arena};
    for (size_t i = 0; i < form->count; i++) {
        buf_printf(&out, "--%.*s\r\nContent-Disposition: form-data; name=\"%.*s\"\r\n\r\n",
                   STR_FMT(boundary), STR_FMT(form->items[i].name));
        buf_add(&out, form->items[i].value);
        buf_add_text(&out, "\r\n");
    }
    buf_printf(&out, "--%.*s--\r\n", STR_FMT(boundary));
    return buf_str(&out);
}

struct str url_without_fragment(struct str url)
{
    return str_slice(url, 0, str_find_byte(url, '#', 0));
}

struct str url_base(struct str url)
{
    struct str whole = url_without_fragment(url);
    return str_slice(whole, 0, str_find_byte(whole, '?', 0));
}

struct str url_query(struct str url)
{
    struct str whole = url_without_fragment(url);
    size_t mark = str_find_byte(whole, '?', 0);
    return mark == whole.len ? STR("") : str_slice(whole, mark + 1, whole.len);
}

struct str url_fragment_get(struct arena *arena, struct str url, const char *name)
{
    struct fields fields = {.arena = arena};
    size_t mark = str_find_byte(url, '#', 0);
    fields_read(&fields, mark == url.len ? STR("") : str_slice(url, mark + 1, url.len));
    return fields_get(&fields, name);
}

static int by_name_and_value(const void *a, const void *b)
{
    const struct named_value *first = a;
    const struct named_value *second = b;
    int order = str_compare(first->name, second->name);
    return order != 0 ? order : str_compare(first->value, second->value);
}

static struct fields sorted(const struct fields *form)
{
    struct fields copy = *form;
    copy.items = ARENA_NEW_ARRAY(form->arena, struct named_value, form->count + 1);
    copy.cap = form->count;
    if (form->count > 0) {
        memcpy(copy.items, form->items, form->count * sizeof *copy.items);
        qsort(copy.items, copy.count, sizeof *copy.items, by_name_and_value);
    }
    return copy;
}

static struct str mac_text(struct arena *arena, const EVP_MD *kind, struct str key,
                           struct str signed_text)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    char *out = arena_alloc(arena, EVP_MAX_MD_SIZE * 2);
    HMAC(kind, key.ptr, (int)key.len, (const unsigned char *)signed_text.ptr, signed_text.len, sum,
         &len);
    EVP_EncodeBlock((unsigned char *)out, sum, (int)len);
    return str_from(out);
}

struct str sign_twilio(struct arena *arena, struct str token, struct str url,
                       const struct fields *form)
{
    struct buf text = {.arena = arena};
    buf_add(&text, url_without_fragment(url));
    if (form != NULL) {
        struct fields fields = sorted(form);
        for (size_t i = 0; i < fields.count; i++) {
            /* The values of a name are a set. */
            if (i > 0 && by_name_and_value(&fields.items[i - 1], &fields.items[i]) == 0) {
                continue;
            }
            buf_add(&text, fields.items[i].name);
            buf_add(&text, fields.items[i].value);
        }
    }
    return mac_text(arena, EVP_sha1(), token, buf_str(&text));
}

struct str sign_plivo(struct arena *arena, const struct plivo_sum *sum)
{
    struct buf text = {.arena = arena};
    struct fields query = {.arena = arena};
    fields_read(&query, url_query(sum->url));
    query = sorted(&query);
    size_t body_count = sum->form == NULL ? 0 : sum->form->count;
    buf_add(&text, url_base(sum->url));
    if (query.count > 0 || body_count > 0) {
        buf_add_byte(&text, '?');
    }
    for (size_t i = 0; i < query.count; i++) {
        buf_printf(&text, "%s%.*s=%.*s", i == 0 ? "" : "&", STR_FMT(query.items[i].name),
                   STR_FMT(query.items[i].value));
    }
    if (query.count > 0 && body_count > 0) {
        buf_add_byte(&text, '.');
    }
    if (body_count > 0) {
        struct fields body = sorted(sum->form);
        for (size_t i = 0; i < body.count; i++) {
            buf_add(&text, body.items[i].name);
            buf_add(&text, body.items[i].value);
        }
    }
    buf_printf(&text, ".%.*s", STR_FMT(sum->nonce));
    return mac_text(arena, EVP_sha256(), sum->token, buf_str(&text));
}

bool basic_read(struct arena *arena, struct str header, struct str *user, struct str *password)
{
    struct str word = STR("Basic ");
    if (!str_starts_nocase(header, word)) {
        return false;
    }
    struct str code = str_trim(str_slice(header, word.len, header.len));
    char *out = arena_alloc(arena, code.len + 4);
    int len = code.len % 4 == 0 ? EVP_DecodeBlock((unsigned char *)out,
                                                  (const unsigned char *)code.ptr, (int)code.len)
                                : -1;
    if (len < 0) {
        return false;
    }
    /* The length counts the bytes that the padding stands for. */
    for (size_t at = code.len; at > 0 && code.ptr[at - 1] == '='; at--) {
        len--;
    }
    struct str text = {out, (size_t)len};
    size_t colon = str_find_byte(text, ':', 0);
    *user = str_slice(text, 0, colon);
    *password = str_slice(text, colon + 1, text.len);
    return colon < text.len;
}

struct parts {
    struct date date;
    int weekday;
    int hour;
    int minute;
    int second;
};

static struct parts parts_of(struct instant at)
{
    int64_t seconds = at.us / 1000000;
    int64_t days = seconds / 86400;
    int rest = (int)(seconds % 86400);
    return (struct parts){date_from_days(days), weekday_of_days(days), rest / 3600, rest / 60 % 60,
                          rest % 60};
}

struct str rfc2822_text(struct arena *arena, struct instant at)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct parts p = parts_of(at);
    return arena_printf(arena, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[p.weekday], p.date.day,
                        months[p.date.month - 1], (int)p.date.year, p.hour, p.minute, p.second);
}

struct str plain_time_text(struct arena *arena, struct instant at, int minutes_east)
{
    struct parts p = parts_of(instant_add(at, MINUTES(minutes_east)));
    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02d", (int)p.date.year, p.date.month,
                        p.date.day, p.hour, p.minute, p.second);
}
