/* The mock as a provider: what its network's words mean. */
#include "channel/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

static struct send_job sound_job(enum channel channel)
{
    return (struct send_job){.channel = channel,
                             .attempt = STR("0193f3a0-0000-7000-8000-000000000001"),
                             .to = STR("+14155550137"),
                             .text = STR("The full text of it")};
}

static void test_mock_refusals(void **state)
{
    static const struct {
        const char *code;
        enum failure_category category;
        bool is_temporary;
    } rows[] = {
        {"invalid_number", failure_category_invalid_number, false},
        {"opted_out", failure_category_opted_out, false},
        {"auth", failure_category_auth, false},
        {"rate_limited", failure_category_rate_limited, true},
        {"carrier_rejected", failure_category_carrier_rejected, false},
        {"rejected_content", failure_category_rejected_content, false},
        {"provider_error", failure_category_provider_error, true},
        {"something else", failure_category_unknown, false},
    };
    struct send_job job = sound_job(channel_SMS);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct wire_answer answer = {
            .outcome = WIRE_ANSWERED, .status = 400, .body = str_from(rows[i].code)};
        struct verdict verdict = {0};
        provider_mock.read_send(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, VERDICT_REFUSED);
        assert_int_equal(verdict.category, rows[i].category);
        assert_int_equal(verdict.is_temporary, rows[i].is_temporary);
    }
}

static void test_mock_find(void **state)
{
    static const struct {
        struct wire_answer answer;
        enum verdict_kind kind;
    } rows[] = {
        {{.outcome = WIRE_ANSWERED, .status = 200, .body = STR_INIT("MOCK-1")}, VERDICT_ACCEPTED},
        {{.outcome = WIRE_ANSWERED, .status = 404}, VERDICT_NOT_SENT},
        {{.outcome = WIRE_ANSWERED, .status = 500}, VERDICT_UNKNOWN},
        {{.outcome = WIRE_NOT_SENT}, VERDICT_UNKNOWN},
        {{.outcome = WIRE_UNKNOWN}, VERDICT_UNKNOWN},
    };
    struct send_job job = sound_job(channel_SMS);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct verdict verdict = {0};
        provider_mock.read_find(&job, &rows[i].answer, *state, &verdict);
        assert_int_equal(verdict.kind, rows[i].kind);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_mock_refusals),
        TEST(test_mock_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
