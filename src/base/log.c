#include "base/log.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A line has its message and its request, of which JSON may write each byte as two, and 256 bytes
 * around them. */
enum {
    MESSAGE_MAX = 1024,
    REQUEST_MAX = 128,
    LINE_MAX_BYTES = 2 * (MESSAGE_MAX + REQUEST_MAX) + 256,
    MESSAGE_CHARACTERS = 50,
    LEVEL_WIDTH = 5
};

static const char *const area_prefixes[LOG_AREA_COUNT] = {
#define LOG_AREA(name, prefix) [LOG_##name] = prefix,
#include "base/log.def"
#undef LOG_AREA
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

enum err log_level_parse(struct str text, enum log_level *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(level_names); i++) {
        if (str_equal_nocase(text, str_from(level_names[i]))) {
            *out = (enum log_level)i;
            return OK;
        }
    }
    return E_INVALID;
}

static void add_json_text(struct buf *line, struct str text)
{
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] == '"' || text.ptr[at] == '\\') {
            buf_add_byte(line, '\\');
        }
        buf_add_byte(line, text.ptr[at]);
    }
}

/* Nobody's text may break a line, steer a terminal or make a JSON line unreadable: control
 * characters (C0, DEL and C1) become spaces, and bytes that are not UTF-8 (which a cut may leave
 * behind as well) question marks. */
static void make_printable(char *text)
{
    struct str all = str_from(text);
    size_t len = 0;
    for (size_t at = 0; at < all.len; at += len) {
        unsigned char first = (unsigned char)text[at];
        if (first >= 0x20 && first < 0x7f) {
            len = 1;
            continue;
        }
        len = str_utf8_sequence(all, at);
        if (len == 0) {
            text[at] = '?';
            len = 1;
        } else if (first < 0x20 || first == 0x7f) {
            text[at] = ' ';
        } else if (first == 0xc2 && (unsigned char)text[at + 1] < 0xa0) {
            text[at] = ' ';
            text[at + 1] = ' ';
        }
    }
}

/* What both forms of a line say. */
struct facts {
    char when[INSTANT_TEXT_MAX];
    char request[REQUEST_MAX];
    char message[MESSAGE_MAX];
    enum log_level level;
    enum log_area area;
};

static void write_json(struct buf *line, const struct facts *facts)
{
    buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"area\":\"%s\"", facts->when,
               level_names[facts->level],
               facts->area == LOG_CALL_MOCK ? "CALL" : area_prefixes[facts->area]);
    if (facts->area == LOG_CALL_MOCK) {
        buf_add_text(line, ",\"mock\":true");
    }
    if (facts->request[0] != '\0') {
        buf_add_text(line, ",\"request\":\"");
        add_json_text(line, str_from(facts->request));
        buf_add_text(line, "\"");
    }
    buf_add_text(line, ",\"message\":\"");
    add_json_text(line, str_from(facts->message));
    buf_add_text(line, "\"}\n");
}

static void write_text(struct buf *line, const struct facts *facts)
{
    struct str level = str_from(level_names[facts->level]);
    buf_add_text(line, facts->when);
    buf_add_byte(line, ' ');
    buf_add(line, level);
    buf_add(line, str_slice(STR("     "), level.len, LEVEL_WIDTH));
    buf_add_text(line, " [");
    buf_add_text(line, area_prefixes[facts->area]);
    buf_add_text(line, "] ");
    buf_add_text(line, facts->message);
    if (facts->request[0] != '\0') {
        buf_add_text(line, " request=");
        buf_add_text(line, facts->request);
    }
    buf_add_byte(line, '\n');
}

static void copy_request(struct str request, char out[static REQUEST_MAX])
{
    size_t len = request.len < REQUEST_MAX - 1 ? request.len : REQUEST_MAX - 1;
    if (len > 0) {
        memcpy(out, request.ptr, len);
    }
    out[len] = '\0';
}

void log_write(const struct log *log, enum log_level level, enum log_area area, struct str request,
               const char *format, ...)
{
    if (log == NULL || level < log->least) {
        return;
    }
    struct facts facts;
    char room[LINE_MAX_BYTES];
    struct buf line = {.ptr = room, .cap = sizeof room};
    va_list args;
    facts.level = level;
    facts.area = area;
    va_start(args, format);
    vsnprintf(facts.message, sizeof facts.message, format, args);
    va_end(args);
    copy_request(request, facts.request);
    instant_format(log->now(log->context), facts.when);
    make_printable(facts.message);
    make_printable(facts.request);
    if (log->json) {
        write_json(&line, &facts);
    } else {
        write_text(&line, &facts);
    }
    log->sink(log->context, buf_str(&line));
    if (level == LOG_ERROR && log->urge != NULL) {
        log->urge(log->context);
    }
}

struct str mask_phone(struct str phone, char out[static MASKED_MAX])
{
    struct str last = phone.len >= 8 ? str_slice(phone, phone.len - 4, phone.len) : STR_NONE;
    int len = snprintf(out, MASKED_MAX, "****%.*s", STR_FMT(last));
    return (struct str){out, (size_t)len};
}

struct str cut_message(struct str text, char out[static CUT_MESSAGE_MAX])
{
    size_t at = 0;
    int characters = 0;
    while (at < text.len && characters < MESSAGE_CHARACTERS) {
        at++;
        while (at < text.len && ((unsigned char)text.ptr[at] & 0xC0) == 0x80) {
            at++;
        }
        characters++;
    }
    if (at > CUT_MESSAGE_MAX - 4) {
        at = str_cut_utf8(text, CUT_MESSAGE_MAX - 4).len;
    }
    if (at > 0) {
        memcpy(out, text.ptr, at);
    }
    size_t len = at;
    if (at < text.len) {
        memcpy(out + len, "…", sizeof "…" - 1);
        len += sizeof "…" - 1;
    }
    out[len] = '\0';
    return (struct str){out, len};
}
