#include "channel/mock_journal.h"

#include "base/hash.h"

#include <stdio.h>

enum { FIELD_COUNT = 11, CHECKSUM_DIGITS = 16 };

/* Guards against torn lines, not against forgers, so the key may be known. */
static const struct hash_key checksum_key = {0x746f6373696e0001, 0x6a6f75726e616c01};

/* The end of the year 9999. */
static const int64_t instant_us_max = INT64_C(253402300800000000);

static const char *const kind_words[MOCK_LINE_KIND_COUNT] = {
    [MOCK_LINE_SEND] = "send",
    [MOCK_LINE_SCRIPT] = "script",
    [MOCK_LINE_USED] = "used",
    [MOCK_LINE_CANCEL] = "cancel",
};

static void add_text(struct buf *out, struct str text)
{
    buf_add_byte(out, '\t');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7F || c == '%') {
            buf_printf(out, "%%%02X", c);
        } else {
            buf_add_byte(out, (char)c);
        }
    }
}

static void add_number(struct buf *out, int64_t number)
{
    buf_add_byte(out, '\t');
    buf_add_int(out, number);
}

void mock_line_write(const struct mock_line *line, struct buf *out)
{
    size_t start = out->len;
    buf_add_text(out, "mock1");
    add_text(out, str_from(kind_words[line->kind]));
    add_number(out, line->at.us);
    add_number(out, line->channel);
    add_text(out, line->to);
    add_text(out, line->attempt);
    add_number(out, line->repeat);
    add_number(out, line->serial);
    add_text(out, str_from(mock_action_word(line->behaviour.action)));
    add_number(out, line->behaviour.after_seconds);
    add_text(out, line->behaviour.detail);
    struct str written = {out->ptr + start, out->len - start};
    uint64_t checksum = hash_bytes(checksum_key, written);
    buf_printf(out, "\t%016llx", (unsigned long long)checksum);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum err read_text(struct str field, struct arena *arena, struct str *out)
{
    char *text = arena_alloc(arena, field.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < field.len; i++) {
        if (field.ptr[i] != '%') {
            text[len++] = field.ptr[i];
            continue;
        }
        if (field.len - i < 3) {
            return E_INVALID;
        }
        int high = hex_value(field.ptr[i + 1]);
        int low = hex_value(field.ptr[i + 2]);
        if (high < 0 || low < 0) {
            return E_INVALID;
        }
        text[len++] = (char)(high * 16 + low);
        i += 2;
    }
    *out = (struct str){text, len};
    return OK;
}

static enum err read_kind(struct str word, enum mock_line_kind *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kind_words); i++) {
        if (str_equal_text(word, kind_words[i])) {
            *out = (enum mock_line_kind)i;
            return OK;
        }
    }
    return E_INVALID;
}

/* Cuts off the checksum and compares it. */
static enum err check_sum(struct str *line)
{
    if (line->len <= CHECKSUM_DIGITS + 1) {
        return E_INVALID;
    }
    size_t body = line->len - CHECKSUM_DIGITS - 1;
    char wanted[CHECKSUM_DIGITS + 2];
    uint64_t checksum = hash_bytes(checksum_key, str_slice(*line, 0, body));
    snprintf(wanted, sizeof wanted, "\t%016llx", (unsigned long long)checksum);
    if (!str_equal_text(str_slice(*line, body, line->len), wanted)) {
        return E_INVALID;
    }
    *line = str_slice(*line, 0, body);
    return OK;
}

static enum err read_fields(struct str *fields, struct arena *arena, struct mock_line *out)
{
    int64_t channel = 0;
    TRY(read_kind(fields[1], &out->kind));
    TRY(str_to_int(fields[2], &out->at.us));
    TRY(str_to_int(fields[3], &channel));
    TRY(read_text(fields[4], arena, &out->to));
    TRY(read_text(fields[5], arena, &out->attempt));
    TRY(str_to_int(fields[6], &out->repeat));
    TRY(str_to_int(fields[7], &out->serial));
    TRY(mock_action_parse(fields[8], &out->behaviour.action));
    TRY(str_to_int(fields[9], &out->behaviour.after_seconds));
    TRY(read_text(fields[10], arena, &out->behaviour.detail));
    int64_t after = out->behaviour.after_seconds;
    if (channel < 0 || channel >= channel_COUNT || after < 0 || after > MOCK_AFTER_SECONDS_MAX) {
        return E_INVALID;
    }
    if (out->at.us < 0 || out->at.us > instant_us_max || out->repeat < 0 || out->serial < 0) {
        return E_INVALID;
    }
    out->channel = (enum channel)channel;
    return OK;
}

enum err mock_line_read(struct str text, struct arena *arena, struct mock_line *out)
{
    struct str line = str_ends(text, STR("\n")) ? str_slice(text, 0, text.len - 1) : text;
    TRY(check_sum(&line));
    struct str fields[FIELD_COUNT];
    size_t count = 0;
    struct str field = STR_NONE;
    while (str_split(&line, '\t', &field)) {
        if (count == FIELD_COUNT) {
            return E_INVALID;
        }
        fields[count++] = field;
    }
    if (count != FIELD_COUNT || !str_equal_text(fields[0], "mock1")) {
        return E_INVALID;
    }
    struct mock_line read = {0};
    TRY(read_fields(fields, arena, &read));
    *out = read;
    return OK;
}
