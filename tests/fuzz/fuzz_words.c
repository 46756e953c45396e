/* fuzz_words: any bytes as each of the small texts that come in alone: ids, times, numbers, days,
 * keys, hours, words that people answer with, and members of the due index in Redis. What is read
 * comes back the same when it is written and read again, and a check never takes what its reader
 * refuses. */
#include "bus/due_member.h"
#include "channel/mock_journal.h"
#include "channel/whatsapp_templates.h"
#include "domain/business_hours.h"
#include "domain/reply.h"
#include "model/formats.h"
#include "model/id.h"
#include "service/idempotency.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void try_id(struct str text)
{
    static const struct hash_key key = {0x0123456789abcdef, 0x1122334455667788};
    char written[ID_TEXT_MAX];
    struct id id = ID_NONE;
    if (id_parse(key, text, &id) == OK) {
        assert(text_is_uuid(text));
        assert(id.value == ID_UNKNOWN.value || str_equal_nocase(id_format(key, id, written), text));
    }
}

static void try_times(struct str text)
{
    char written[INSTANT_TEXT_MAX];
    struct instant at = INSTANT_NONE;
    struct instant again = INSTANT_NONE;
    struct duration length = {0};
    struct date date = {0};
    int64_t seconds = 0;
    if (instant_parse(text, &at) == OK) {
        assert(at.us >= -INT64_C(86400000000));
        struct str shown = instant_format(at, written);
        assert(instant_parse(shown, &again) == OK && instant_ms(again) == instant_ms(at));
    }
    if (duration_parse(text, &length) == OK) {
        assert(length.us >= 0);
    }
    if (date_parse(text, &date)) {
        struct date back = date_from_days(date_to_days(date));
        assert(date_is_valid(date) && back.year == date.year && back.month == date.month &&
               back.day == date.day);
    }
    assert(format_date.is_valid(text) == date_parse(text, &date));
    if (wall_clock_parse(text, &seconds)) {
        assert(format_when.is_valid(text));
    }
}

static void try_hours(struct str text)
{
    int16_t minute = 0;
    unsigned days = 0;
    bool is_time = business_minute_parse(text, false, &minute) == OK;
    assert(is_time == format_hhmm.is_valid(text) && (!is_time || minute < DAY_MINUTES));
    bool is_end = business_minute_parse(text, true, &minute) == OK;
    assert(is_end == format_closing.is_valid(text) && (!is_end || minute <= DAY_MINUTES));
    bool is_days = weekdays_parse(text, &days);
    assert(is_days == format_weekdays.is_valid(text) && (!is_days || (days > 0 && days < 128)));
}

static void try_numbers(struct arena *arena, struct str text)
{
    int64_t number = 0;
    int64_t again = 0;
    bool flag = false;
    if (str_to_int(text, &number) == OK) {
        struct str shown = arena_printf(arena, "%lld", (long long)number);
        assert(str_to_int(shown, &again) == OK && again == number);
    }
    (void)!str_to_bool(text, &flag);
}

/* What may be kept by its format is one line of text. */
static void try_formats(struct str text)
{
    static const struct text_format *const formats[] = {
        &format_e164,  &format_email,    &format_holiday, &format_holiday_name, &format_end_date,
        &format_owner, &format_timezone, &format_locale,  &format_url,          &format_dedup_key,
        &format_slug,  &format_call_id,  &format_digit};
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        if (formats[i]->is_valid(text)) {
            assert(text.len > 0 && text.len <= 2048);
            for (size_t at = 0; at < text.len; at++) {
                unsigned char byte = (unsigned char)text.ptr[at];
                assert(byte >= 0x20 && byte != 0x7f);
            }
        }
    }
    struct problem problem = {0};
    if (idempotency_check(text, &problem) == OK) {
        assert(text.len >= 1 && text.len <= IDEMPOTENCY_KEY_BYTES_MAX);
    } else {
        assert(problem.err == E_INVALID && problem.message[0] != '\0');
    }
}

static void try_templates(struct str text)
{
    struct problem problem = {0};
    bool is_sound = whatsapp_templates_check(text, &problem) == OK;
    assert(is_sound || str_equal_text(str_from(problem.field), "WHATSAPP_TEMPLATES"));
    for (int key = 1; key < text_key_COUNT; key++) {
        struct str found = whatsapp_template_find(text, (enum text_key)key, STR("es"));
        assert(!is_sound || !str_is_set(found) || found.len > 0);
        assert(found.len == 0 ||
               (found.ptr >= text.ptr && found.ptr + found.len <= text.ptr + text.len));
    }
}

static void try_journal(struct arena *arena, struct str text)
{
    struct mock_line line = {0};
    struct mock_line again = {0};
    struct buf out = {.arena = arena};
    if (mock_line_read(text, arena, &line) == OK) {
        mock_line_write(&line, &out);
        assert(mock_line_read(buf_str(&out), arena, &again) == OK);
        assert(again.kind == line.kind && again.at.us == line.at.us &&
               str_equal(again.to, line.to) && str_equal(again.attempt, line.attempt));
    }
    struct mock_behaviour behaviour = {0};
    struct problem problem = {0};
    if (mock_behaviour_parse(channel_CALL, text, -1, &behaviour, &problem) != OK) {
        assert(problem.field[0] != '\0');
    }
}

/* What others wrote into our part of Redis. */
static void try_due(struct str text)
{
    char member[DUE_MEMBER_MAX];
    char line[DUE_LINE_MAX];
    struct due_item item = {0};
    struct due_item again = {0};
    if (due_member_parse(text, &item)) {
        assert(id_is_set(item.id) && str_equal(due_member(&item, member), text));
    }
    if (due_line_parse(text, &item)) {
        struct str written = due_line(&item, line);
        assert(due_line_parse(str_slice(written, 0, written.len - 1), &again));
        assert(due_item_compare(&item, &again) == 0 && again.due_ms == item.due_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct str text = {(const char *)bytes, size};
    struct reply reply = reply_read(text);
    assert(reply.word < REPLY_WORD_COUNT);
    try_id(text);
    try_times(text);
    try_hours(text);
    try_numbers(arena, text);
    try_formats(text);
    try_templates(text);
    try_journal(arena, text);
    try_due(text);
    arena_free(&arena);
    return 0;
}
