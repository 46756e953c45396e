#include "model/id.h"

#include <assert.h>
#include <stdio.h>

static const uint64_t variant_bits = 0x8000000000000000U;
static const uint64_t tail_mask = 0x3fffffffffffffffU;

static uint64_t tail_of(struct hash_key key, struct id id)
{
    char bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (char)((uint64_t)id.value >> (8 * i));
    }
    return (hash_bytes(key, (struct str){bytes, sizeof bytes}) & tail_mask) | variant_bits;
}

struct str id_format(struct hash_key key, struct id id, char out[static ID_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t time_part = (uint64_t)id.value;
    uint64_t head = (time_part >> ID_COUNTER_BITS << 16) | 0x7000 | (time_part & 0xfff);
    uint64_t words[2] = {head, tail_of(key, id)};
    size_t at = 0;
    for (int nibble = 0; nibble < 32; nibble++) {
        if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) {
            out[at++] = '-';
        }
        out[at++] = digits[(words[nibble / 16] >> (60 - nibble % 16 * 4)) & 0xf];
    }
    out[at] = '\0';
    assert(at == ID_TEXT_BYTES);
    return (struct str){out, at};
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

bool text_is_uuid(struct str text)
{
    for (size_t at = 0; at < text.len; at++) {
        bool is_dash = at == 8 || at == 13 || at == 18 || at == 23;
        if (is_dash ? text.ptr[at] != '-' : hex_value(text.ptr[at]) < 0) {
            return false;
        }
    }
    return text.len == ID_TEXT_BYTES;
}

enum err id_parse(struct hash_key key, struct str text, struct id *out)
{
    if (!text_is_uuid(text)) {
        return E_INVALID;
    }
    uint64_t words[2] = {0, 0};
    int nibble = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] != '-') {
            words[nibble / 16] = words[nibble / 16] << 4 | (uint64_t)hex_value(text.ptr[at]);
            nibble++;
        }
    }
    if ((words[0] >> 12 & 0xf) != 7) {
        return E_INVALID;
    }
    struct id id = {(int64_t)((words[0] >> 16 << ID_COUNTER_BITS) | (words[0] & 0xfff))};
    if (!id_is_set(id) || tail_of(key, id) != words[1]) {
        return E_INVALID;
    }
    *out = id;
    return OK;
}

struct instant id_instant(struct id id)
{
    return instant_from_ms(id.value >> ID_COUNTER_BITS);
}

struct id id_floor(struct instant at)
{
    return (struct id){instant_ms(at) << ID_COUNTER_BITS};
}

struct id id_next(struct id_source *source, struct instant now)
{
    int64_t first = instant_ms(now) << ID_COUNTER_BITS;
    source->last = first > source->last ? first : source->last + 1;
    return (struct id){source->last};
}
