#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct sink {
    char line[4096];
    int count;
    int urged; /* Lines after which it was told not to wait. */
};

static void take_line(void *context, struct str line)
{
    struct sink *sink = context;
    assert_true(line.len < sizeof sink->line);
    memcpy(sink->line, line.ptr, line.len);
    sink->line[line.len] = '\0';
    sink->count++;
}

static void urge(void *context)
{
    struct sink *sink = context;
    sink->urged += sink->count;
}

static struct instant fixed_now(void *context)
{
    (void)context;
    return (struct instant){1767603600123000};
}

static struct log log_to(struct sink *sink, bool json)
{
    *sink = (struct sink){0};
    return (struct log){
        .least = LOG_INFO, .json = json, .sink = take_line, .context = sink, .now = fixed_now};
}

static void test_text(void **state)
{
    (void)state;
    struct sink sink;
    struct log log = log_to(&sink, false);
    log_write(&log, LOG_WARN, LOG_SCHEDULER, STR_NONE, "tick %d", 3);
    assert_string_equal(sink.line, "2026-01-05T09:00:00.123Z warn  [SCHEDULER] tick 3\n");
    log_write(&log, LOG_ERROR, LOG_CALL_MOCK, STR("r-1"), "ring");
    assert_string_equal(sink.line,
                        "2026-01-05T09:00:00.123Z error [CALL][MOCK] ring request=r-1\n");
}

static void test_json(void **state)
{
    (void)state;
    struct sink sink;
    struct log log = log_to(&sink, true);
    log_write(&log, LOG_INFO, LOG_HTTP, STR("r\"1"), "say \"hi\" \\");
    assert_string_equal(sink.line, "{\"time\":\"2026-01-05T09:00:00.123Z\",\"level\":\"info\","
                                   "\"area\":\"HTTP\",\"request\":\"r\\\"1\","
                                   "\"message\":\"say \\\"hi\\\" \\\\\"}\n");
    log_write(&log, LOG_INFO, LOG_CALL_MOCK, STR_NONE, "ring");
    assert_string_equal(sink.line, "{\"time\":\"2026-01-05T09:00:00.123Z\",\"level\":\"info\","
                                   "\"area\":\"CALL\",\"mock\":true,\"message\":\"ring\"}\n");
}

static void test_levels(void **state)
{
    (void)state;
    struct sink sink;
    struct log log = log_to(&sink, false);
    log_write(&log, LOG_DEBUG, LOG_HTTP, STR_NONE, "x");
    assert_int_equal(sink.count, 0);
    log_write(NULL, LOG_ERROR, LOG_HTTP, STR_NONE, "x");
    log_write(&log, LOG_INFO, LOG_HTTP, STR_NONE, "x");
    assert_int_equal(sink.count, 1);
    for (int level = LOG_DEBUG; level <= LOG_ERROR; level++) {
        enum log_level back = LOG_DEBUG;
        struct str name = str_from(log_level_name((enum log_level)level));
        assert_int_equal(log_level_parse(name, &back), OK);
        assert_int_equal(back, level);
    }
    enum log_level level = LOG_WARN;
    assert_int_equal(log_level_parse(STR("ERROR"), &level), OK);
    assert_int_equal(level, LOG_ERROR);
    assert_int_equal(log_level_parse(STR("loud"), &level), E_INVALID);
}

/* Neither a message nor a request id may begin a line of its own, steer a terminal or break UTF-8.
 */
static void test_hostile_text(void **state)
{
    (void)state;
    for (int json = 0; json < 2; json++) {
        struct sink sink;
        struct log log = log_to(&sink, json == 1);
        log_write(&log, LOG_INFO, LOG_HTTP, STR("r\n2\xff"), "%s",
                  "a\nb\x1b[31m\x7f"
                  "c\xff\xc2\x9b"
                  "d\xc3\xa9");
        const char *end = strchr(sink.line, '\n');
        assert_true(end != NULL && end[1] == '\0');
        assert_non_null(strstr(sink.line, "a b [31m c?  d\xc3\xa9"));
        assert_non_null(strstr(sink.line, "r 2?"));
        assert_true(str_is_utf8(str_from(sink.line)));
    }
}

static void test_long_text(void **state)
{
    (void)state;
    struct sink sink;
    struct log log = log_to(&sink, true);
    char text[3001];
    for (size_t i = 0; i < 3000; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    text[3000] = '\0';
    for (int shift = 0; shift < 3; shift++) {
        log_write(&log, LOG_INFO, LOG_HTTP, str_from(text), "%.*s%s", shift, "ab", text);
        assert_true(str_is_utf8(str_from(sink.line)));
        assert_true(str_ends(str_from(sink.line), STR("\"}\n")));
    }
}

static void test_mask_phone(void **state)
{
    (void)state;
    static const struct {
        const char *phone;
        const char *masked;
    } rows[] = {
        {"+14155550101", "****0101"}, {"12345678", "****5678"}, {"1234567", "****"}, {"", "****"}};
    char out[MASKED_MAX];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct str masked = mask_phone(str_from(rows[i].phone), out);
        assert_true(str_equal_text(masked, rows[i].masked));
        assert_string_equal(out, rows[i].masked);
    }
    assert_true(str_equal_text(mask_phone(STR_NONE, out), "****"));
}

static void assert_cut(const char *text, size_t len)
{
    char out[CUT_MESSAGE_MAX];
    struct str cut = cut_message(str_from(text), out);
    bool is_whole = len == strlen(text);
    assert_int_equal(cut.len, len + (is_whole ? 0 : 3));
    assert_memory_equal(cut.ptr, text, len);
    assert_string_equal(cut.ptr + len, is_whole ? "" : "\xe2\x80\xa6");
}

static void test_cut_message(void **state)
{
    (void)state;
    char text[512];
    assert_cut("", 0);
    assert_cut("hello", 5);
    snprintf(text, sizeof text, "%050d", 0);
    assert_cut(text, 50);
    snprintf(text, sizeof text, "%051d", 0);
    assert_cut(text, 50);
    for (size_t i = 0; i < 51; i++) {
        memcpy(text + 4 * i, "\xf0\x9f\x8e\x89", 5);
    }
    assert_cut(text, 200);
    text[200] = '\0';
    assert_cut(text, 200);
    /* Nonsense that is not UTF-8 stays within the buffer. */
    memset(text, 0x80, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    char out[CUT_MESSAGE_MAX];
    assert_true(cut_message(str_from(text), out).len < CUT_MESSAGE_MAX);
    assert_int_equal(cut_message(STR_NONE, out).len, 0);
}

/* Whoever keeps lines hears which of them must not wait: after it, and of errors only. */
static void test_errors_do_not_wait(void **state)
{
    (void)state;
    struct sink sink;
    struct log log = log_to(&sink, false);
    log_write(&log, LOG_ERROR, LOG_STORE, STR_NONE, "nobody to urge");
    assert_int_equal(sink.urged, 0);
    log.urge = urge;
    log_write(&log, LOG_WARN, LOG_STORE, STR_NONE, "a warning");
    assert_int_equal(sink.urged, 0);
    log_write(&log, LOG_ERROR, LOG_STORE, STR_NONE, "an error");
    assert_int_equal(sink.urged, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),        cmocka_unit_test(test_json),
        cmocka_unit_test(test_levels),      cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_long_text),   cmocka_unit_test(test_mask_phone),
        cmocka_unit_test(test_cut_message), cmocka_unit_test(test_errors_do_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
