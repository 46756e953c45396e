/* The texts of each language: all there, sound, of one kind, short where they must be. */
#include "channel/render.h"
#include "channel/sms_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t nine_us = INT64_C(1767603600000000); /* Monday, 2026-01-05T09:00:00Z */

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static struct render_facts sound_facts(void)
{
    return (struct render_facts){.name = STR("Anna"),
                                 .title = STR("Design review"),
                                 .person = STR("Ben"),
                                 .link = STR("https://t.example/l/abc"),
                                 .join_url = STR("https://meet.example/x?a=1&b=2"),
                                 .timezone = STR("Europe/Berlin"),
                                 .at = {nine_us + MINUTES(15).us},
                                 .now = {nine_us}};
}

static void assert_has(struct str text, const char *part)
{
    if (!str_contains(text, str_from(part))) {
        print_error("no \"%s\" in:\n%.*s\n", part, STR_FMT(text));
    }
    assert_true(str_contains(text, str_from(part)));
}

static void assert_lacks(struct str text, const char *part)
{
    if (str_contains(text, str_from(part))) {
        print_error("\"%s\" in:\n%.*s\n", part, STR_FMT(text));
    }
    assert_false(str_contains(text, str_from(part)));
}

static void assert_clean(struct str text)
{
    assert_true(text.len > 0);
    assert_true(str_is_utf8(text));
    assert_lacks(text, "{{");
    assert_lacks(text, "}}");
}

static bool has_part(enum text_key key, enum text_part part)
{
    switch (text_key_parts(key)) {
    case TEXT_PARTS_ALL:
        return true;
    case TEXT_PARTS_SPOKEN:
        return part == text_part_SPEECH;
    case TEXT_PARTS_WRITTEN:
        return part == text_part_SMS;
    case TEXT_PARTS_MAILED:
        return part == text_part_SUBJECT || part == text_part_TEXT || part == text_part_HTML;
    }
    return false;
}

static size_t language_index(const char *language)
{
    const char *const *languages = NULL;
    size_t count = render_languages(&languages);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(languages[i], language) == 0) {
            return i;
        }
    }
    fail_msg("unknown language %s", language);
    return 0;
}

/* Which placeholders a text has, {{hello}} and {{name}} being one. */
static unsigned placeholders_of(const char *text)
{
    unsigned bits = 0;
    for (int i = 0; i < PLACEHOLDER_COUNT; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "{{%s}}", placeholder_name((enum placeholder)i));
        int bit = i == PLACEHOLDER_NAME ? PLACEHOLDER_HELLO : i;
        bits |= strstr(text, wanted) != NULL ? 1u << bit : 0;
    }
    return bits;
}

enum { LANGUAGES = 4 };

/* Each row of the table is sound; each language has each part of each key once, with the
 * placeholders that English has there. */
static void test_table(void **state)
{
    (void)state;
    const struct text_row *rows = NULL;
    size_t count = text_rows(&rows);
    int seen[LANGUAGES][text_key_COUNT][text_part_COUNT] = {{{0}}};
    unsigned wanted[text_key_COUNT][text_part_COUNT] = {{0}};
    for (size_t i = 0; i < count; i++) {
        if (language_index(rows[i].language) == 0) {
            wanted[rows[i].key][rows[i].part] = placeholders_of(rows[i].text);
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct problem problem = {0};
        if (template_check(str_from(rows[i].text), &problem) != OK) {
            fail_msg("%s: %s", text_key_name(rows[i].key), problem.message);
        }
        seen[language_index(rows[i].language)][rows[i].key][rows[i].part]++;
        bool is_hindi = strcmp(rows[i].language, "hi") == 0;
        if (rows[i].part == text_part_SMS) {
            assert_int_equal(sms_measure(str_from(rows[i].text)).is_gsm7, !is_hindi);
        }
        if (placeholders_of(rows[i].text) != wanted[rows[i].key][rows[i].part]) {
            fail_msg("%s %s %s: other placeholders than in English", rows[i].language,
                     text_key_name(rows[i].key), text_part_name(rows[i].part));
        }
    }
    for (size_t language = 0; language < LANGUAGES; language++) {
        for (int key = text_key_NONE + 1; key < text_key_COUNT; key++) {
            for (int part = 0; part < text_part_COUNT; part++) {
                assert_int_equal(seen[language][key][part],
                                 has_part((enum text_key)key, (enum text_part)part));
            }
        }
    }
}

/* Each language has each word that English has, and no other. */
static void test_words(void **state)
{
    (void)state;
    const struct word_row *rows = NULL;
    size_t count = word_rows(&rows);
    size_t in_language[LANGUAGES] = {0};
    for (size_t i = 0; i < count; i++) {
        in_language[language_index(rows[i].language)]++;
        size_t same_name = 0;
        for (size_t j = 0; j < count; j++) {
            same_name += strcmp(rows[i].name, rows[j].name) == 0 ? 1 : 0;
        }
        if (same_name != LANGUAGES) {
            fail_msg("%s is there %zu times", rows[i].name, same_name);
        }
        assert_int_equal(template_check(str_from(rows[i].text), NULL), OK);
    }
    for (size_t i = 1; i < LANGUAGES; i++) {
        assert_int_equal(in_language[i], in_language[0]);
    }
}

static struct rendered render_in(const char *language, enum text_key key, enum channel channel,
                                 const struct render_facts *facts, struct arena *arena)
{
    struct render_request request = {
        .key = key, .channel = channel, .language = str_from(language)};
    struct rendered out = {0};
    render(&request, facts, arena, &out);
    return out;
}

static void check_reminders(const char *language, const struct render_facts *facts, size_t segments,
                            struct arena *arena)
{
    for (int key = text_key_MEETING_UPCOMING_EMAIL; key <= text_key_MISSED_NOTED; key++) {
        struct str text = render_in(language, (enum text_key)key, channel_SMS, facts, arena).text;
        assert_true(str_contains(text, STR(": 1 12a")) == str_is_set(facts->code));
        if (sms_segments(text) > segments) {
            fail_msg("%s %s: %zu segments, %zu units:\n%.*s", language,
                     text_key_name((enum text_key)key), sms_segments(text), sms_measure(text).units,
                     STR_FMT(text));
        }
    }
}

struct everyday {
    const char *language;
    const char *name;
    const char *title;
};

static const struct everyday everyday[LANGUAGES] = {
    {"en", "Anna", "Design review"},
    {"es", "Luc\u00EDa", "Revisi\u00F3n mensual"},
    {"hi", "\u0905\u0928\u093F\u0924\u093E",
     "\u092E\u093E\u0938\u093F\u0915 \u092C\u0948\u0920\u0915"},
    {"de", "J\u00FCrgen", "Team\u00FCbersicht"},
};

static struct render_facts everyday_facts(const struct everyday *person)
{
    struct render_facts facts = sound_facts();
    facts.name = facts.person = str_from(person->name);
    facts.title = str_from(person->title);
    facts.provider = STR("twilio");
    facts.error = STR("Twilio refused: the credentials are wrong (20003).");
    facts.count = 3;
    return facts;
}

/* With everyday names and a link of the usual length a reminder is one SMS, in Hindi two, or three
 * with a code. */
static void test_sms_in_each_language(void **state)
{
    for (size_t i = 0; i < LANGUAGES; i++) {
        struct render_facts facts = everyday_facts(&everyday[i]);
        bool is_hindi = strcmp(everyday[i].language, "hi") == 0;
        facts.link = STR("https://alerts.example.com/l/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        check_reminders(everyday[i].language, &facts, is_hindi ? 2 : 1, *state);
        facts.code = STR("12a"); /* Where others are open too: one more line. */
        check_reminders(everyday[i].language, &facts, is_hindi ? 3 : 1, *state);
    }
}

struct wanted_segments {
    enum text_key key;
    bool has_link; /* An emergency contact gets none, and answers have none. */
    bool has_code; /* Where several subjects are open. */
    size_t latin;
    size_t hindi;
};

static void check_segments(const struct everyday *person, const struct wanted_segments *wanted,
                           struct arena *arena)
{
    struct render_facts facts = everyday_facts(person);
    facts.link = wanted->has_link
                     ? STR("https://alerts.example.com/l/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
                     : STR_NONE;
    facts.code = wanted->has_code ? STR("12a") : STR_NONE;
    facts.phone = STR("+14155550123");
    if (wanted->key == text_key_OPERATOR_SPEND_CAP) {
        facts.error = STR("spend_cap:person"); /* A word of ours. */
    }
    struct str text = render_in(person->language, wanted->key, channel_SMS, &facts, arena).text;
    bool is_hindi = strcmp(person->language, "hi") == 0;
    size_t most = is_hindi ? wanted->hindi : wanted->latin;
    if (sms_segments(text) > most) {
        fail_msg("%s %s: %zu segments, not %zu:\n%.*s", person->language,
                 text_key_name(wanted->key), sms_segments(text), most, STR_FMT(text));
    }
    assert_true(sms_measure(text).is_gsm7 || is_hindi || sms_segments(text) == 1);
}

/* What each SMS that is shipped takes with everyday facts: V9, the fewest segments. */
static void test_segments(void **state)
{
    static const struct wanted_segments rows[] = {
        {text_key_MISSED_NOTED, true, false, 1, 2},
        {text_key_MISSED_EMERGENCY_CONTACT, false, false, 1, 2},
        {text_key_MISSED_NOTED_CONTACT, false, false, 1, 2},
        {text_key_INCIDENT_STEP, true, false, 1, 2},
        {text_key_INCIDENT_STILL_YOURS, true, false, 1, 2},
        {text_key_POLICY_STEP_EMPTY, false, false, 1, 2},
        {text_key_OPERATOR_LADDER_EXHAUSTED, true, false, 1, 2},
        {text_key_OPERATOR_CALENDAR_FAILING, true, false, 1, 2},
        {text_key_TEST_MESSAGE, false, false, 1, 1},
        {text_key_CANARY_MESSAGE, false, false, 1, 1},
        {text_key_OPERATOR_PROVIDER_FAILING, true, false, 2, 3},
        {text_key_OPERATOR_PROVIDER_RECOVERED, false, false, 1, 1},
        {text_key_OPERATOR_CALLBACKS_MISSING, true, false, 1, 2},
        {text_key_OPERATOR_SPEND_CAP, true, false, 1, 2},
        {text_key_DISPATCH_ASK, true, false, 2, 3},
        {text_key_DISPATCH_FOLLOW_UP, true, false, 2, 3},
        {text_key_DISPATCH_CALLED_OFF, false, false, 1, 2},
        {text_key_DISPATCH_YOURS, false, false, 1, 1},
        {text_key_DISPATCH_ACCEPTED_ELSEWHERE, false, false, 1, 2},
        {text_key_DISPATCH_STILL_YOURS, false, false, 1, 2},
        {text_key_REPLY_TAKEN, false, false, 1, 1},
        {text_key_REPLY_TAKEN_ALREADY, false, false, 1, 1},
        {text_key_REPLY_NOT_UNDERSTOOD, false, true, 1, 2},
        {text_key_REPLY_NOTHING_OPEN, false, false, 1, 1},
        {text_key_REPLY_SETTLED, false, true, 1, 2},
        {text_key_REPLY_WHICH, false, true, 1, 2},
    };
    int seen[text_key_COUNT] = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        seen[rows[i].key]++;
        for (size_t j = 0; j < LANGUAGES; j++) {
            check_segments(&everyday[j], &rows[i], *state);
        }
    }
    for (int key = text_key_NONE + 1; key < text_key_COUNT; key++) {
        bool is_reminder =
            key >= text_key_MEETING_UPCOMING_EMAIL && key <= text_key_MISSED_REPEAT_CALL;
        bool is_sent = has_part((enum text_key)key, text_part_SMS);
        assert_int_equal(seen[key], is_sent && !is_reminder ? 1 : 0);
    }
}

static void test_times_in_each_language(void **state)
{
    static const struct {
        const char *language;
        int64_t minutes; /* After Monday, 09:00 UTC. */
        const char *written;
    } rows[] = {
        {"es-MX", 5, "las 09:05"},
        {"es", 16 * 60 + 15, "la 01:15 del martes 6 de enero"},
        {"es", 24 * 60 * 361, "las 09:00 del viernes 1 de enero de 2027"},
        {"de", 16 * 60 + 15, "01:15 Uhr am Dienstag, dem 6. Januar"},
        {"de-AT", 24 * 60 * 361, "09:00 Uhr am Freitag, dem 1. Januar 2027"},
        {"en-GB", 16 * 60 + 15, "01:15 on Tuesday, 6 January"},
        {"hi-IN", 5, "09:05 \xE0\xA4\xAC\xE0\xA4\x9C\xE0\xA5\x87"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct render_facts facts = {.now = {nine_us}};
        facts.at.us = nine_us + MINUTES(rows[i].minutes).us;
        struct str time = render_time(&facts, str_from(rows[i].language), *state);
        if (!str_equal_text(time, rows[i].written)) {
            fail_msg("%s: %.*s", rows[i].written, STR_FMT(time));
        }
    }
}

static void test_ago(void **state)
{
    static const struct {
        const char *language;
        int64_t seconds;
        const char *wanted;
    } rows[] = {
        {"en", -5, "resolved just now by Ana"},
        {"en", 59, "resolved just now by Ana"},
        {"en", 60, "resolved a minute ago by Ana"},
        {"en", 150, "This was resolved two minutes ago by Ana."},
        {"en", 3599, "resolved 59 minutes ago by Ana"},
        {"en", 3600, "resolved an hour ago by Ana"},
        {"en", 90000, "resolved a day ago by Ana"},
        {"es", 60, "Ana hace un minuto."},
        {"es", 150, "Ana hace dos minutos."},
        {"es", 7200, "Ana hace dos horas."},
        {"de", 150, "Ana hat sich vor zwei Minuten darum"},
        {"de", 3600, "Ana hat sich vor einer Stunde darum"},
        {"de", 3 * 86400, "Ana hat sich vor drei Tagen darum"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct render_facts facts = sound_facts();
        facts.by = STR("Ana");
        facts.since.us = nine_us - SECONDS(rows[i].seconds).us;
        assert_has(
            render_in(rows[i].language, text_key_VOICE_ENDED_RESOLVED, channel_CALL, &facts, *state)
                .speech,
            rows[i].wanted);
    }
    struct render_facts facts = sound_facts();
    facts.since.us = nine_us;
    assert_has(render_in("en", text_key_VOICE_ENDED_RESOLVED, channel_CALL, &facts, *state).speech,
               "resolved just now by somebody. There is nothing");
    facts.since.us = INSTANT_NONE.us;
    struct str speech =
        render_in("en", text_key_VOICE_ENDED_RESOLVED, channel_CALL, &facts, *state).speech;
    assert_lacks(speech, "resolved");
    assert_lacks(speech, "Press");
}

static void test_everything_in_each_language(void **state)
{
    struct render_facts facts = sound_facts();
    const char *const *languages = NULL;
    size_t count = render_languages(&languages);
    static const enum channel channels[] = {channel_EMAIL, channel_SMS, channel_WHATSAPP,
                                            channel_CALL, channel_IN_APP};
    assert_int_equal(count, LANGUAGES);
    for (size_t i = 0; i < count; i++) {
        assert_true(str_equal_text(render_language(str_from(languages[i])), languages[i]));
        for (int key = text_key_NONE + 1; key < text_key_COUNT; key++) {
            for (size_t j = 0; j < ARRAY_LENGTH(channels); j++) {
                struct rendered out =
                    render_in(languages[i], (enum text_key)key, channels[j], &facts, *state);
                assert_clean(out.text);
                assert_lacks(out.text, "%");
            }
        }
    }
    assert_true(str_equal_text(render_language(STR("es_MX")), "es"));
    assert_true(str_equal_text(render_language(STR("fr")), "en"));
    assert_true(str_equal_text(render_language(STR_NONE), "en"));
    assert_true(str_equal_text(render_language(STR("est")), "en"));
}

/* In every language, for every call: what is left says the same, and names no key. */
static void test_speech_without_keys(void **state)
{
    const char *const *languages = NULL;
    const struct word_row *words = NULL;
    struct render_facts facts = sound_facts();
    size_t language_count = render_languages(&languages);
    size_t word_count = word_rows(&words);
    for (size_t i = 0; i < language_count; i++) {
        for (int key = text_key_NONE + 1; key < text_key_COUNT; key++) {
            struct str speech =
                render_in(languages[i], (enum text_key)key, channel_CALL, &facts, *state).speech;
            struct str plain = render_without_keys(speech);
            assert_true(plain.len > 10 && str_starts(speech, plain));
            for (size_t j = 0; j < word_count; j++) {
                struct str word = str_from(words[j].text);
                bool is_keys = str_starts(str_from(words[j].name), STR("KEYS_")) && word.len > 0;
                assert_false(is_keys && str_contains(plain, word));
            }
        }
    }
    assert_int_equal(render_without_keys(STR_NONE).len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_table),
        TEST(test_words),
        TEST(test_everything_in_each_language),
        TEST(test_times_in_each_language),
        TEST(test_ago),
        TEST(test_sms_in_each_language),
        TEST(test_segments),
        TEST(test_speech_without_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
