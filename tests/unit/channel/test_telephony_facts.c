/* Every code of Plivo's and Exotel's that protocols.md names (2.6, 2.7, 3, 8), by what is to be
 * done about it; what texts may come from, and ids as people see them. */
#include "channel/exotel.h"
#include "channel/failures.h"
#include "channel/plivo.h"
#include "lib/provider_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fact {
    enum failure_class class;
    const char *codes;
};

static const struct fact texts[] = {
    {failure_class_AGAIN, "20 80 300 1000"},
    {failure_class_ELSEWHERE, "90 100 420"},
    {failure_class_RECIPIENT, "50 70"},
    {failure_class_OPTED_OUT, "200"},
    {failure_class_OURS, "10 30 40 60 110 201 450 900 910"},
};

static void test_senders(void **state)
{
    static const struct {
        const char *sender;
        bool is_plain;
    } rows[] = {{"", false},         {"ab", false},           {"abc", true},
                {"Tocsin2", true},   {"55501", true},         {"555012", true},
                {"5550123", false},  {"ABCDEFGHIJK", true},   {"To csin", false},
                {"+5550123", false}, {"ABCDEFGHIJKL", false}, {"\xFF\xFF\xFF", false}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(telephony_sender_is_plain(str_from(rows[i].sender)), rows[i].is_plain);
    }
}

static void test_ids_as_they_are_shown(void **state)
{
    (void)state;
    assert_true(str_equal(provider_id_shown(STR("request:ab-1")), STR("ab-1")));
    assert_true(str_equal(provider_id_shown(STR("CA12")), STR("CA12")));
    assert_false(str_is_set(provider_id_shown(STR_NONE)));
}

static void test_times_of_lists(void **state)
{
    static const struct duration india = SECONDS_INIT(19800);
    static const struct {
        const char *text;
        int64_t after_nine_s; /* Of 2026-01-05, UTC. */
    } rows[] = {{"2026-01-05 14:30:07", 7},
                {"2026-01-05 14:30:07+05:30", 7},
                {"2026-01-05 09:00:07+00:00", 7},
                {"2026-01-05 14:30:07.900000+05:30", 7},
                {"2026-01-05T09:00:07Z", 7}};
    static const char *const wrong[] = {"", "now", "2026-01-05", "2026-13-05 09:00:00", "09:00"};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct instant at = telephony_time(str_from(rows[i].text), india, *state);
        assert_int_equal(at.us / 1000000, INT64_C(1767603600) + rows[i].after_nine_s);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_false(instant_is_set(telephony_time(str_from(wrong[i]), india, *state)));
    }
}

static void test_plivo_texts(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct str rest = str_from(texts[i].codes);
        struct str code = STR_NONE;
        while (str_split(&rest, ' ', &code)) {
            struct provider_news news = {0};
            plivo_read_text_state(STR("failed"), code, &news, *state);
            assert_int_equal(news.state, message_state_FAILED);
            assert_int_equal(news.class, texts[i].class);
            /* What is permanent suppresses the number, which goes by the category. */
            assert_int_equal(news.category == failure_category_invalid_number,
                             news.class == failure_class_RECIPIENT);
            assert_true(news.error.len > 0);
        }
    }
}

/* Of calls a class says nothing without the state that they end in. */
static const struct {
    enum message_state state;
    struct fact fact;
} calls[] = {
    {message_state_ANSWERED, {failure_class_NONE, "4000 4010 4020 4030 6000 9110"}},
    {message_state_NO_ANSWER, {failure_class_ELSEWHERE, "3000 6010 9100"}},
    {message_state_BUSY, {failure_class_ELSEWHERE, "3010 3020 3100 3110"}},
    {message_state_CANCELLED, {failure_class_NONE, "1000 9000"}},
    {message_state_FAILED, {failure_class_RECIPIENT, "2000 3050 3120"}},
    {message_state_FAILED, {failure_class_ELSEWHERE, "2010"}},
    {message_state_FAILED, {failure_class_OURS, "1010 2030 2040 2050 3030 3130 3140 2070"}},
    {message_state_FAILED, {failure_class_AGAIN, "1020 3070 3080 3090 5000 5010 5020 5030 6020"}},
    {message_state_FAILED,
     {failure_class_OURS, "7011 7012 7013 7014 7022 7023 7024 7025 7026 7027"}},
    {message_state_FAILED, {failure_class_OURS, "7028 7029 7030 7031 7032 7033 7034"}},
    {message_state_FAILED, {failure_class_OURS, "8011 8012 8013 8014"}},
    {message_state_FAILED, {failure_class_AGAIN, "0"}},
};

static void test_plivo_calls(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        struct str rest = str_from(calls[i].fact.codes);
        struct str code = STR_NONE;
        while (str_split(&rest, ' ', &code)) {
            struct provider_news news = {0};
            plivo_read_call_state(STR("failed"), code, &news, *state);
            assert_true(news.is_end);
            assert_int_equal(news.state, calls[i].state);
            assert_int_equal(news.class, calls[i].fact.class);
            assert_int_equal(news.category == failure_category_invalid_number,
                             news.class == failure_class_RECIPIENT);
            assert_int_equal(news.is_machine, str_equal_text(code, "9100"));
        }
    }
}

static const struct fact exotel_texts[] = {
    {failure_class_OPTED_OUT, "23005"},
    {failure_class_RECIPIENT, "23010"},
    {failure_class_OURS, "23015 23020 23072 23080 23081 23082 23083"},
    {failure_class_ELSEWHERE, "23999"},
};

static void test_exotel_texts(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(exotel_texts); i++) {
        struct str rest = str_from(exotel_texts[i].codes);
        struct str code = STR_NONE;
        while (str_split(&rest, ' ', &code)) {
            struct provider_news news = {0};
            struct exotel_text_state said = {.status = STR("failed"), .code = code};
            exotel_read_text_state(&said, &news, *state);
            assert_int_equal(news.class, exotel_texts[i].class);
            assert_true(str_equal(news.code, code));
        }
    }
    /* Where tables of codes disagree the word decides. */
    static const char *const disputed[] = {"20000", "20001", "20002", "20005", "20006"};
    for (size_t i = 0; i < ARRAY_LENGTH(disputed); i++) {
        struct provider_news news = {0};
        struct exotel_text_state said = {.status = STR("delivered"), .code = str_from(disputed[i])};
        exotel_read_text_state(&said, &news, *state);
        assert_int_equal(news.state, message_state_DELIVERED);
        said.status = STR("sent");
        exotel_read_text_state(&said, &news, *state);
        assert_int_equal(news.state, message_state_SENT);
    }
}

static size_t count_of(const char *codes)
{
    struct str rest = str_from(codes);
    struct str code = STR_NONE;
    size_t count = 0;
    while (str_split(&rest, ' ', &code)) {
        count++;
    }
    return count;
}

/* No code of theirs that we know of is left out above. */
static void test_all_rows(void **state)
{
    (void)state;
    const struct failure *rows = NULL;
    size_t count = failures_all(&rows);
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        known += str_equal_text(str_from(rows[i].provider), PLIVO);
        known += str_equal_text(str_from(rows[i].provider), EXOTEL);
    }
    size_t told = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        told += count_of(texts[i].codes);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        told += calls[i].state == message_state_ANSWERED ? 0 : count_of(calls[i].fact.codes);
    }
    for (size_t i = 0; i + 1 < ARRAY_LENGTH(exotel_texts); i++) {
        told += count_of(exotel_texts[i].codes);
    }
    assert_int_equal(told, known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROVIDER_CASE(test_senders),        PROVIDER_CASE(test_ids_as_they_are_shown),
        PROVIDER_CASE(test_times_of_lists), PROVIDER_CASE(test_plivo_texts),
        PROVIDER_CASE(test_plivo_calls),    PROVIDER_CASE(test_exotel_texts),
        PROVIDER_CASE(test_all_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
