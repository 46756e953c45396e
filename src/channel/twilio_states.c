#include "base/buf.h"
#include "channel/twilio.h"
#include "model/formats.h"

/* What each word of theirs means. */
struct word {
    const char *text;
    enum message_state state;
    enum receipt_level level;
    bool is_end;
    enum failure_category category;
    enum failure_class class;
};

#define STATE(text, state, level)                                       \
    {                                                                   \
        text, message_state_##state, receipt_level_##level, false, 0, 0 \
    }
#define END(text, state, level)                                        \
    {                                                                  \
        text, message_state_##state, receipt_level_##level, true, 0, 0 \
    }
#define FAILURE_OF(text, state, level, category)                                               \
    {                                                                                          \
        text, message_state_##state, receipt_level_##level, true, failure_category_##category, \
            failure_class_ELSEWHERE                                                            \
    }

/* "queued" waits for its turn at Twilio; from "initiated" on the network has it. "completed" says
 * that something picked up, voicemail as well as a person. */
static const struct word call_words[] = {
    STATE("queued", SENT, ACCEPTED),
    STATE("initiated", SENT, LEFT),
    STATE("ringing", SENT, LEFT),
    STATE("in-progress", ANSWERED, REACHED),
    END("completed", ANSWERED, REACHED),
    FAILURE_OF("busy", BUSY, LEFT, busy),
    FAILURE_OF("no-answer", NO_ANSWER, LEFT, no_answer),
    FAILURE_OF("failed", FAILED, ACCEPTED, unreachable),
    END("canceled", CANCELLED, ACCEPTED),
};

/* "sent" may be the last that is ever heard. "undelivered" is a failure, whatever it sounds like.
 * A message of which only some parts arrived says nothing that can be relied on. */
static const struct word message_words[] = {
    STATE("accepted", SENT, ACCEPTED),
    STATE("scheduled", SENT, ACCEPTED),
    STATE("queued", SENT, ACCEPTED),
    STATE("sending", SENT, ACCEPTED),
    STATE("sent", SENT, LEFT),
    END("delivered", DELIVERED, REACHED),
    END("read", DELIVERED, REACHED),
    FAILURE_OF("undelivered", UNDELIVERED, LEFT, unreachable),
    FAILURE_OF("partially_delivered", UNDELIVERED, LEFT, unreachable),
    FAILURE_OF("failed", FAILED, ACCEPTED, unknown),
    END("canceled", CANCELLED, ACCEPTED),
};

static const struct word *find_word(enum channel channel, struct str text)
{
    const struct word *words = channel == channel_CALL ? call_words : message_words;
    size_t count = channel == channel_CALL ? ARRAY_LENGTH(call_words) : ARRAY_LENGTH(message_words);
    for (size_t i = 0; i < count; i++) {
        if (str_equal_text(text, words[i].text)) {
            return &words[i];
        }
    }
    return NULL;
}

bool twilio_state_read(enum channel channel, struct str word, struct provider_news *out)
{
    const struct word *found = find_word(channel, word);
    if (found == NULL) {
        return false;
    }
    out->kind = NEWS_STATE;
    out->channel = channel;
    out->state = found->state;
    out->level = found->level;
    out->is_end = found->is_end;
    out->category = found->category;
    out->class = found->class;
    out->provider_state = str_from(found->text);
    return true;
}

bool twilio_answered_by_read(struct str word, struct provider_news *out)
{
    if (str_equal_text(word, "human")) {
        out->level = receipt_level_HUMAN;
        return true;
    }
    /* REST says "machine" alone. */
    if (str_starts(word, STR("machine")) || str_equal_text(word, "fax")) {
        out->is_machine = true;
        return true;
    }
    return str_equal_text(word, "unknown");
}

void twilio_fault_apply(const struct twilio_fault *fault, struct provider_news *out)
{
    out->code = fault->code;
    out->error = fault->error;
    out->class = fault->class;
    out->category = fault->category;
}

int64_t twilio_price_micros(struct str price)
{
    enum { DECIMALS = 6, WHOLE_DIGITS_MAX = 9 };
    struct str digits =
        str_starts(price, STR("-")) ? str_slice(price, 1, price.len) : price; /* What we pay. */
    size_t point = str_find_byte(digits, '.', 0);
    if (point == 0 || point > WHOLE_DIGITS_MAX) {
        return -1;
    }
    int64_t micros = 0;
    size_t decimals = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        if (i == point) {
            continue;
        }
        if (c < '0' || c > '9') {
            return -1;
        }
        decimals += i > point;
        micros = decimals <= DECIMALS ? micros * 10 + (c - '0') : micros;
    }
    for (; decimals < DECIMALS; decimals++) {
        micros *= 10;
    }
    return micros;
}

static int month_of(struct str name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12; month++) {
        if (str_equal(name, (struct str){names + month * 3, 3})) {
            return month + 1;
        }
    }
    return 0;
}

struct instant twilio_time(struct str text)
{
    enum { PARTS = 5, MONTH = 1, YEAR, CLOCK, OFFSET };
    struct str rest = str_trim(str_slice(text, str_find_byte(text, ',', 0) + 1, text.len));
    struct str parts[PARTS] = {STR_NONE};
    size_t count = 0;
    while (count < PARTS && str_split(&rest, ' ', &parts[count])) {
        count++;
    }
    int64_t day = 0;
    int64_t year = 0;
    int month = month_of(parts[MONTH]);
    struct instant midnight = INSTANT_NONE;
    if (count < PARTS || str_is_set(rest) || month == 0 || str_to_int(parts[0], &day) != OK ||
        str_to_int(parts[YEAR], &year) != OK || day < 1 || day > 31 || year < 1970 || year > 9999) {
        return INSTANT_NONE;
    }
    struct arena *arena = arena_new();
    struct str iso = arena_printf(arena, "%04d-%02d-%02dT%.*s%.*s", (int)year, month, (int)day,
                                  STR_FMT(parts[CLOCK]), STR_FMT(parts[OFFSET]));
    if (instant_parse(iso, &midnight) != OK) {
        midnight = INSTANT_NONE;
    }
    arena_free(&arena);
    return midnight;
}

enum channel twilio_address_read(struct str address, struct str *number)
{
    struct str prefix = STR("whatsapp:");
    bool is_whatsapp = str_starts_nocase(address, prefix);
    struct str rest = is_whatsapp ? str_slice(address, prefix.len, address.len) : address;
    *number = format_e164.is_valid(rest) ? rest : STR_NONE;
    return is_whatsapp ? channel_WHATSAPP : channel_SMS;
}

struct str twilio_clean(struct str text, struct arena *arena)
{
    struct buf out = {.arena = arena};
    buf_reserve(&out, text.len + 1);
    for (size_t at = 0; at < text.len;) {
        size_t len = str_utf8_sequence(text, at);
        unsigned char c = (unsigned char)text.ptr[at];
        bool is_control = c < 0x20 || c == 0x7F;
        if (len > 0 && (!is_control || c == '\n' || c == '\r' || c == '\t')) {
            buf_add(&out, (struct str){text.ptr + at, len});
        }
        at += len > 0 ? len : 1;
    }
    return buf_str(&out);
}
