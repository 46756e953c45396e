/* Scripts: which words a mock address understands, and what it plans for each. */
#include "channel/mock_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void count_line(void *context, struct str line)
{
    (void)line;
    (*(size_t *)context)++;
}

static void test_bad_scripts(void **state)
{
    (void)state;
    static const struct {
        const char *to;
        enum channel channel;
        const char *action;
        int64_t after;
        const char *field;
    } rows[] = {
        {"+1", channel_CALL, "", -1, "do"},
        {"+1", channel_CALL, "default", -1, "do"},
        {"+1", channel_CALL, "dance", -1, "do"},
        {"+1", channel_CALL, "press", -1, "do"},
        {"+1", channel_CALL, "press 12", -1, "do"},
        {"+1", channel_CALL, "press x", -1, "do"},
        {"+1", channel_SMS, "reply", -1, "do"},
        {"+1", channel_SMS, "refuse", -1, "do"},
        {"+1", channel_SMS, "refuse network", -1, "do"},
        {"+1", channel_SMS, "ignore me", -1, "do"},
        {"+1", channel_SMS, "press 1", -1, "channel"},
        {"+1", channel_EMAIL, "busy", -1, "channel"},
        {"+1", channel_SMS, "voicemail", -1, "channel"},
        {"+1", channel_CALL, "reply hi", -1, "channel"},
        {"+1", channel_EMAIL, "reply hi", -1, "channel"},
        {"+1", channel_IN_APP, "ignore", -1, "channel"},
        {"+1", channel_NONE, "ignore", -1, "channel"},
        {" ", channel_SMS, "ignore", -1, "to"},
        {"+1", channel_CALL, "press 1", 86401, "afterSeconds"},
    };
    size_t lines = 0;
    struct mock_network *network = mock_network_new(&lines, count_line);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct problem problem = {0};
        struct mock_script script = {str_from(rows[i].to), rows[i].channel,
                                     str_from(rows[i].action), rows[i].after};
        enum err err = mock_network_script(network, &script, &problem);
        assert_int_equal(err, E_INVALID);
        assert_string_equal(problem.field, rows[i].field);
    }
    assert_int_equal(lines, 0);
    mock_network_free(&network);
}

static void test_words(void **state)
{
    (void)state;
    for (int i = 0; i < MOCK_ACTION_COUNT; i++) {
        enum mock_action action = MOCK_DEFAULT;
        struct str word = str_from(mock_action_word((enum mock_action)i));
        assert_int_equal(mock_action_parse(word, &action), OK);
        assert_int_equal(action, i);
    }
}

/* Whatever the behaviour and the channel, something happens, in order of time, and a call ends. */
static void test_plans(void **state)
{
    (void)state;
    for (int channel = channel_NONE; channel < channel_COUNT; channel++) {
        for (int action = 0; action < MOCK_ACTION_COUNT; action++) {
            struct mock_behaviour behaviour = {.action = (enum mock_action)action,
                                               .after_seconds = MOCK_AFTER_SECONDS_MAX};
            struct mock_step steps[MOCK_STEPS_MAX];
            size_t count = mock_plan((enum channel)channel, &behaviour, steps);
            assert_in_range(count, 1, MOCK_STEPS_MAX);
            for (size_t i = 1; i < count; i++) {
                assert_true(steps[i].after.us >= steps[i - 1].after.us);
                assert_false(steps[i - 1].is_end);
            }
            assert_int_equal(steps[count - 1].is_end, channel == channel_CALL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_scripts),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
