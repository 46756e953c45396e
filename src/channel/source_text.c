#include "channel/source.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>

enum { HEX_BYTES = SHA256_DIGEST_LENGTH * 2 };

static const struct {
    const char *word;
    enum severity severity;
} severity_words[] = {
#define SEVERITY_WORD(word, severity) {word, severity_##severity},
#define SIGNAL_WORD(word, signal)
#include "channel/source_words.def"
#undef SEVERITY_WORD
#undef SIGNAL_WORD
};

static const struct {
    const char *word;
    enum alert_signal signal;
} signal_words[] = {
#define SEVERITY_WORD(word, severity)
#define SIGNAL_WORD(word, signal) {word, alert_signal_##signal},
#include "channel/source_words.def"
#undef SEVERITY_WORD
#undef SIGNAL_WORD
};

enum severity source_severity(const struct source_mapping *mapping, struct str word)
{
    struct str wanted = str_trim(word);
    for (size_t i = 0; mapping != NULL && i < mapping->severity_words.count; i++) {
        const struct severity_word *own = mapping->severity_words.items;
        if (str_equal_nocase(own[i].word, wanted)) {
            return (enum severity)own[i].severity;
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(severity_words); i++) {
        if (str_equal_nocase(str_from(severity_words[i].word), wanted)) {
            return severity_words[i].severity;
        }
    }
    return severity_NONE;
}

enum alert_signal source_signal(const struct source_mapping *mapping, struct str word)
{
    struct str wanted = str_trim(word);
    for (size_t i = 0; mapping != NULL && i < mapping->status_words.count; i++) {
        const struct signal_word *own = mapping->status_words.items;
        if (str_equal_nocase(own[i].word, wanted)) {
            return (enum alert_signal)own[i].means;
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(signal_words); i++) {
        if (str_equal_nocase(str_from(signal_words[i].word), wanted)) {
            return signal_words[i].signal;
        }
    }
    return alert_signal_FIRING;
}

static bool is_control(char byte)
{
    return (unsigned char)byte < 0x20 || byte == 0x7f;
}

struct str source_line(struct arena *arena, struct str text, size_t max)
{
    struct buf out = {.arena = arena};
    json_add_clean(&out, str_trim(text), max, false);
    struct str line = str_trim(buf_str(&out));
    return line.len > 0 ? line : STR_NONE;
}

static void add_hex(struct buf *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%02x", bytes[i]);
    }
}

struct str source_key(struct arena *arena, struct str text)
{
    struct str key = str_trim(text);
    bool fits = key.len <= SOURCE_KEY_MAX;
    for (size_t i = 0; i < key.len && fits; i++) {
        fits = !is_control(key.ptr[i]);
    }
    if (fits) {
        return key.len > 0 ? key : STR_NONE;
    }
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct buf out = {.arena = arena};
    SHA256((const unsigned char *)key.ptr, key.len, digest);
    buf_add_text(&out, "sha256:");
    add_hex(&out, digest, sizeof digest);
    return buf_str(&out);
}

void source_add_details(struct buf *out, struct str name, const struct json_node *node,
                        const struct json_nodes *used)
{
    json_add_lines(out, name, node, &(struct json_lines){SOURCE_DETAILS_MAX, used});
}

void source_add_text(struct buf *out, struct str text)
{
    struct str shown = str_trim(text);
    if (shown.len > 0 && out->len < SOURCE_DETAILS_MAX) {
        json_add_clean(out, shown, SOURCE_DETAILS_MAX - out->len, true);
        buf_add_byte(out, '\n');
    }
}

bool source_is_signed(struct str secret, struct str timestamp, struct str body,
                      struct str signature)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned len = 0;
    struct buf text = {0};
    struct buf hex = {0};
    if (str_is_set(timestamp)) {
        buf_add(&text, timestamp);
        buf_add_byte(&text, ':');
    }
    buf_add(&text, body);
    struct str all = buf_str(&text);
    HMAC(EVP_sha256(), secret.ptr, (int)secret.len, (const unsigned char *)all.ptr, all.len, digest,
         &len);
    add_hex(&hex, digest, sizeof digest);
    struct str wanted = buf_str(&hex);
    struct str given = str_trim(signature);
    unsigned difference = given.len == wanted.len ? 0 : 1;
    for (size_t i = 0; i < given.len && i < wanted.len; i++) {
        /* Hexadecimal digits of either case. */
        difference |= (unsigned)((given.ptr[i] | 0x20) ^ (wanted.ptr[i] | 0x20));
    }
    buf_free(&text);
    buf_free(&hex);
    return difference == 0;
}
