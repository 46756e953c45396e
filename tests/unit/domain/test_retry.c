/* How often each kind of failure is tried again, with which waits, and when a silent provider is
 * asked. V3, V5, K4, Q1. */
#include "domain/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct retry_facts facts_of(enum failure_category category, enum retry_stage stage)
{
    return (struct retry_facts){.stage = stage,
                                .class = retry_class(failure_class_NONE, category),
                                .category = category,
                                .tries = 1,
                                .configured = 3,
                                .configured_first = SECONDS(2)};
}

static int tries_allowed(struct retry_facts facts)
{
    struct retry_table table;
    struct duration wait = {0};
    retry_default(&table);
    int count = 0;
    while (count < 50 && retry_again(&table, &facts, &wait)) {
        count++;
        facts.tries++;
    }
    return count;
}

static void test_network_waits_two_four_eight(void **state)
{
    (void)state;
    struct retry_table table;
    struct duration wait = {0};
    retry_default(&table);
    struct retry_facts facts = facts_of(failure_category_network, RETRY_NOT_SENT);
    for (facts.tries = 1; facts.tries <= 3; facts.tries++) {
        assert_true(retry_again(&table, &facts, &wait));
        assert_int_equal(wait.us, SECONDS(1 << facts.tries).us);
    }
    assert_false(retry_again(&table, &facts, &wait));
    facts.tries = 1;
    facts.asked_for = SECONDS(30);
    assert_true(retry_again(&table, &facts, &wait));
    assert_int_equal(wait.us, SECONDS(30).us);
}

static void test_calls(void **state)
{
    (void)state;
    for (int i = 1; i < failure_category_COUNT; i++) {
        enum failure_category category = (enum failure_category)i;
        struct retry_facts facts = facts_of(category, RETRY_NOT_SENT);
        bool is_network = category == failure_category_network ||
                          category == failure_category_timeout ||
                          category == failure_category_rate_limited;
        facts.is_call = true;
        assert_int_equal(tries_allowed(facts), is_network ? 1 : 0);
        facts.is_temporary = true;
        facts.stage = RETRY_REFUSED; /* It may have been placed: never again. */
        assert_int_equal(tries_allowed(facts), 0);
        facts.stage = RETRY_ENDED;
        assert_int_equal(tries_allowed(facts), 0);
    }
}

/* What goes without what was refused is another request: once at least, a call as well. */
static void test_mendable(void **state)
{
    (void)state;
    struct retry_facts facts = facts_of(failure_category_unknown, RETRY_REFUSED);
    facts.class = failure_class_OURS;
    facts.is_call = true;
    assert_int_equal(tries_allowed(facts), 0);
    facts.is_mendable = true;
    assert_int_equal(tries_allowed(facts), 3);
    facts.configured = 0;
    assert_int_equal(tries_allowed(facts), 1);
    facts.stage = RETRY_ENDED;
    assert_int_equal(tries_allowed(facts), 0);
}

static void test_what_is_final(void **state)
{
    (void)state;
    static const enum failure_category final[] = {
        failure_category_auth, failure_category_invalid_number, failure_category_opted_out,
        failure_category_carrier_rejected, failure_category_rejected_content};
    for (size_t i = 0; i < ARRAY_LENGTH(final); i++) {
        struct retry_facts facts = facts_of(final[i], RETRY_REFUSED);
        facts.is_temporary = true;
        assert_int_equal(tries_allowed(facts), 0);
        facts.stage = RETRY_ENDED;
        facts.class = failure_class_AGAIN;
        assert_int_equal(tries_allowed(facts), 0);
    }
}

/* V3: what was taken and did not arrive is tried once more, where the provider says that it may
 * work. */
static void test_receipts(void **state)
{
    (void)state;
    struct retry_facts facts = facts_of(failure_category_unreachable, RETRY_ENDED);
    assert_int_equal(tries_allowed(facts), 0);
    facts.class = failure_class_AGAIN;
    assert_int_equal(tries_allowed(facts), 1);
}

static void test_classes(void **state)
{
    (void)state;
    assert_int_equal(retry_class(failure_class_OURS, failure_category_network), failure_class_OURS);
    assert_int_equal(retry_class(0, failure_category_invalid_number), failure_class_RECIPIENT);
    assert_int_equal(retry_class(0, failure_category_NONE), failure_class_ELSEWHERE);
    assert_true(retry_is_providers(failure_class_AGAIN, failure_category_provider_error));
    assert_true(retry_is_providers(failure_class_OURS, failure_category_carrier_rejected));
    assert_false(retry_is_providers(failure_class_ELSEWHERE, failure_category_carrier_rejected));
    assert_false(retry_is_providers(failure_class_RECIPIENT, failure_category_invalid_number));
}

static void test_polls(void **state)
{
    (void)state;
    static const int minutes[] = {5, 10, 20};
    struct duration wait = {0};
    for (int i = 0; i < 3; i++) {
        assert_true(poll_again(true, i, &wait));
        assert_int_equal(wait.us, MINUTES(minutes[i]).us);
    }
    assert_false(poll_again(true, 3, &wait));
    assert_int_equal(wait.us, MINUTES(5).us);
    assert_true(poll_again(false, 0, &wait));
    assert_int_equal(wait.us, SECONDS(10).us);
    assert_true(poll_again(false, 8, &wait));
    assert_false(poll_again(false, 9, &wait));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_waits_two_four_eight),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_mendable),
        cmocka_unit_test(test_what_is_final),
        cmocka_unit_test(test_receipts),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_polls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
