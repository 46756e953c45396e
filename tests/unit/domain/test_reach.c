/* By which channel a step reaches a person: the combinations that have a name, and over all
 * combinations that nobody who can be reached is met with silence. */
#include "domain/reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A person or a configuration in a few letters, so that a row of the table is one line:
 * E email, P phone, W WhatsApp number of its own, p prefers WhatsApp, c takes calls, q quiet now;
 * e, s, w, k: email, SMS, WhatsApp, calls are on; v inside the call window; digits: calls left. */
static struct reach reach_of(const char *letters)
{
    return (struct reach){
        .has_email = strchr(letters, 'E') != NULL,
        .has_phone = strchr(letters, 'P') != NULL,
        .has_whatsapp = strchr(letters, 'W') != NULL,
        .prefers_whatsapp = strchr(letters, 'p') != NULL,
        .takes_calls = strchr(letters, 'c') != NULL,
        .is_quiet = strchr(letters, 'q') != NULL,
    };
}

static struct reach_limits limits_of(const char *letters)
{
    const char *digit = strpbrk(letters, "012");
    return (struct reach_limits){
        .email_on = strchr(letters, 'e') != NULL,
        .sms_on = strchr(letters, 's') != NULL,
        .whatsapp_on = strchr(letters, 'w') != NULL,
        .call_on = strchr(letters, 'k') != NULL,
        .in_call_window = strchr(letters, 'v') != NULL,
        .calls_left = digit == NULL ? 0 : *digit - '0',
    };
}

struct row {
    enum wanted wanted;
    const char *reach;
    const char *limits;
    enum reach_outcome outcome;
    enum channel channel;
    const char *reason;
};

static const char all_on[] = "eswkv2";

static const struct row rows[] = {
    /* What is wanted and possible is taken, without a reason. */
    {WANTED_IN_APP, "", "", REACH_SEND, channel_IN_APP, NULL},
    {WANTED_EMAIL, "EPc", all_on, REACH_SEND, channel_EMAIL, NULL},
    {WANTED_MESSAGE, "EPc", all_on, REACH_SEND, channel_SMS, NULL},
    {WANTED_MESSAGE, "EPpc", all_on, REACH_SEND, channel_WHATSAPP, NULL},
    {WANTED_MESSAGE, "EWc", all_on, REACH_SEND, channel_WHATSAPP, NULL},
    {WANTED_MESSAGE, "EPWc", all_on, REACH_SEND, channel_SMS, NULL},
    {WANTED_CALL, "EPc", all_on, REACH_SEND, channel_CALL, NULL},
    {WANTED_CALL, "Pc", "kv1", REACH_SEND, channel_CALL, NULL},
    /* A policy may name the channel, whatever the person prefers. */
    {WANTED_SMS, "EPWpc", all_on, REACH_SEND, channel_SMS, NULL},
    {WANTED_SMS, "EPpc", all_on, REACH_SEND, channel_SMS, NULL},
    {WANTED_SMS, "EPc", "ewkv2", REACH_SKIP, channel_SMS, "channel_disabled"},
    {WANTED_SMS, "EW", all_on, REACH_SEND, channel_WHATSAPP, "no_phone"},
    {WANTED_SMS, "E", all_on, REACH_SEND, channel_EMAIL, "no_phone"},
    {WANTED_SMS, "", all_on, REACH_SKIP, channel_SMS, "no_contact"},
    {WANTED_WHATSAPP, "EPW", all_on, REACH_SEND, channel_WHATSAPP, NULL},
    {WANTED_WHATSAPP, "EPp", all_on, REACH_SEND, channel_WHATSAPP, NULL},
    {WANTED_WHATSAPP, "EP", all_on, REACH_SEND, channel_SMS, "no_whatsapp"},
    {WANTED_WHATSAPP, "E", all_on, REACH_SEND, channel_EMAIL, "no_whatsapp"},
    {WANTED_WHATSAPP, "EPW", "eskv2", REACH_SKIP, channel_WHATSAPP, "channel_disabled"},
    {WANTED_WHATSAPP, "", all_on, REACH_SKIP, channel_WHATSAPP, "no_contact"},
    /* P2: no phone, or no calls wanted. */
    {WANTED_CALL, "Ec", all_on, REACH_SEND, channel_EMAIL, "no_phone"},
    {WANTED_CALL, "EWc", all_on, REACH_SEND, channel_WHATSAPP, "no_phone"},
    {WANTED_CALL, "EWc", "ekv2", REACH_SEND, channel_EMAIL, "no_phone"},
    {WANTED_CALL, "c", all_on, REACH_SKIP, channel_CALL, "no_contact"},
    {WANTED_CALL, "EP", all_on, REACH_SEND, channel_SMS, "call_opt_out"},
    {WANTED_CALL, "EPp", all_on, REACH_SEND, channel_WHATSAPP, "call_opt_out"},
    {WANTED_CALL, "EP", "ekv2", REACH_SEND, channel_EMAIL, "call_opt_out"},
    {WANTED_CALL, "P", "kv2", REACH_SKIP, channel_CALL, "no_contact"},
    {WANTED_MESSAGE, "E", all_on, REACH_SEND, channel_EMAIL, "no_phone"},
    {WANTED_MESSAGE, "Ep", all_on, REACH_SEND, channel_EMAIL, "no_phone"},
    {WANTED_MESSAGE, "E", "swkv2", REACH_SKIP, channel_SMS, "no_contact"},
    {WANTED_MESSAGE, "", all_on, REACH_SKIP, channel_SMS, "no_contact"},
    {WANTED_EMAIL, "Pc", all_on, REACH_SEND, channel_SMS, "no_email"},
    {WANTED_EMAIL, "W", all_on, REACH_SEND, channel_WHATSAPP, "no_email"},
    {WANTED_EMAIL, "", all_on, REACH_SKIP, channel_EMAIL, "no_contact"},
    /* Who would rather have WhatsApp than SMS still gets SMS before nothing. */
    {WANTED_CALL, "Pp", "eskv2", REACH_SEND, channel_SMS, "call_opt_out"},
    {WANTED_CALL, "EPpcq", "eskv2", REACH_SEND, channel_SMS, "quiet_hours"},
    {WANTED_CALL, "PWcq", "wkv2", REACH_SEND, channel_WHATSAPP, "quiet_hours"},
    {WANTED_EMAIL, "Pp", "es", REACH_SEND, channel_SMS, "no_email"},
    /* P3: quiet hours stop calls and nothing else. */
    {WANTED_CALL, "EPcq", all_on, REACH_SEND, channel_SMS, "quiet_hours"},
    {WANTED_CALL, "EPcq", "ekv2", REACH_SEND, channel_EMAIL, "quiet_hours"},
    {WANTED_CALL, "Pcq", "kv2", REACH_SKIP, channel_CALL, "no_contact"},
    {WANTED_MESSAGE, "EPcq", all_on, REACH_SEND, channel_SMS, NULL},
    {WANTED_EMAIL, "EPcq", all_on, REACH_SEND, channel_EMAIL, NULL},
    /* A4: a channel that is off skips its step; nothing takes its place. */
    {WANTED_CALL, "EPc", "eswv2", REACH_SKIP, channel_CALL, "channel_disabled"},
    {WANTED_EMAIL, "EPc", "swkv2", REACH_SKIP, channel_EMAIL, "channel_disabled"},
    {WANTED_MESSAGE, "EPc", "ewkv2", REACH_SKIP, channel_SMS, "channel_disabled"},
    {WANTED_MESSAGE, "EPpc", "eskv2", REACH_SKIP, channel_WHATSAPP, "channel_disabled"},
    /* K2: both calls are spent. The opt-out is asked first, since it leads to a message. */
    {WANTED_CALL, "EPc", "eswkv0", REACH_RATE_LIMITED, channel_CALL, "max_calls_exceeded"},
    {WANTED_CALL, "EP", "eswkv0", REACH_SEND, channel_SMS, "call_opt_out"},
    {WANTED_CALL, "EPcq", "eswkv0", REACH_SEND, channel_SMS, "quiet_hours"},
    /* K3: outside the window, whoever it is. */
    {WANTED_CALL, "EPc", "eswk2", REACH_SKIP, channel_CALL, "outside_critical_window"},
    {WANTED_CALL, "EP", "eswk2", REACH_SKIP, channel_CALL, "outside_critical_window"},
    {WANTED_CALL, "EPcq", "eswk0", REACH_SKIP, channel_CALL, "outside_critical_window"},
    {WANTED_CALL, "EPc", "esw2", REACH_SKIP, channel_CALL, "channel_disabled"},
};

static bool same_word(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void test_named_combinations(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct reach reach = reach_of(rows[i].reach);
        struct reach_limits limits = limits_of(rows[i].limits);
        struct reach_choice choice = reach_choose(rows[i].wanted, &reach, &limits);
        if (choice.outcome != rows[i].outcome || choice.channel != rows[i].channel ||
            !same_word(choice.reason, rows[i].reason)) {
            fail_msg("row %zu (%s with %s): outcome %d, channel %d, reason %s", i, rows[i].reach,
                     rows[i].limits, choice.outcome, choice.channel,
                     choice.reason == NULL ? "none" : choice.reason);
        }
    }
}

static bool can_use(enum channel channel, const struct reach *reach,
                    const struct reach_limits *limits)
{
    bool may_whatsapp = reach->has_whatsapp || (reach->prefers_whatsapp && reach->has_phone);
    switch (channel) {
    case channel_IN_APP:
        return true;
    case channel_EMAIL:
        return reach->has_email && limits->email_on;
    case channel_SMS:
        return reach->has_phone && limits->sms_on;
    case channel_WHATSAPP:
        return may_whatsapp && limits->whatsapp_on;
    case channel_CALL:
        return reach->has_phone && limits->call_on && reach->takes_calls && !reach->is_quiet &&
               limits->in_call_window && limits->calls_left > 0;
    case channel_NONE:
    case channel_WEBHOOK:
    case channel_COUNT:
        break;
    }
    return false;
}

static bool can_write(enum wanted wanted, const struct reach *reach,
                      const struct reach_limits *limits)
{
    bool can_message =
        can_use(channel_SMS, reach, limits) || can_use(channel_WHATSAPP, reach, limits);
    bool can_email = can_use(channel_EMAIL, reach, limits);
    /* A message that has no number becomes an email; there is no second message channel then. */
    bool is_text = wanted == WANTED_MESSAGE || wanted == WANTED_SMS || wanted == WANTED_WHATSAPP;
    return can_email || (can_message && !is_text);
}

static void check_combination(enum wanted wanted, const struct reach *reach,
                              const struct reach_limits *limits)
{
    struct reach_choice choice = reach_choose(wanted, reach, limits);
    if (choice.outcome == REACH_SEND) {
        assert_true(can_use(choice.channel, reach, limits));
        bool is_wish = choice.channel == channel_of_wanted(wanted) ||
                       (wanted == WANTED_MESSAGE && choice.channel == channel_WHATSAPP);
        assert_int_equal(choice.reason == NULL, is_wish);
        return;
    }
    assert_non_null(choice.reason);
    if (choice.outcome == REACH_RATE_LIMITED) {
        assert_true(wanted == WANTED_CALL && limits->calls_left <= 0);
        assert_string_equal(choice.reason, "max_calls_exceeded");
        return;
    }
    if (strcmp(choice.reason, "outside_critical_window") == 0) {
        assert_true(wanted == WANTED_CALL && !limits->in_call_window);
    } else if (strcmp(choice.reason, "channel_disabled") == 0) {
        bool is_off = choice.channel == channel_CALL    ? !limits->call_on
                      : choice.channel == channel_EMAIL ? !limits->email_on
                      : choice.channel == channel_SMS   ? !limits->sms_on
                                                        : !limits->whatsapp_on;
        assert_true(is_off);
    } else {
        assert_string_equal(choice.reason, "no_contact");
        assert_false(can_write(wanted, reach, limits));
    }
}

static void test_never_silence(void **state)
{
    (void)state;
    static const enum wanted wishes[] = {WANTED_IN_APP, WANTED_EMAIL,    WANTED_MESSAGE,
                                         WANTED_SMS,    WANTED_WHATSAPP, WANTED_CALL};
    for (unsigned bits = 0; bits < 1u << 12; bits++) {
        struct reach reach = {
            .has_email = bits & 1u,
            .has_phone = bits >> 1 & 1u,
            .has_whatsapp = bits >> 2 & 1u,
            .prefers_whatsapp = bits >> 3 & 1u,
            .takes_calls = bits >> 4 & 1u,
            .is_quiet = bits >> 5 & 1u,
        };
        struct reach_limits limits = {
            .email_on = bits >> 6 & 1u,
            .sms_on = bits >> 7 & 1u,
            .whatsapp_on = bits >> 8 & 1u,
            .call_on = bits >> 9 & 1u,
            .in_call_window = bits >> 10 & 1u,
            .calls_left = (int)(bits >> 11 & 1u),
        };
        for (size_t i = 0; i < ARRAY_LENGTH(wishes); i++) {
            check_combination(wishes[i], &reach, &limits);
        }
    }
}

static const struct reach_limits unlimited = {true, true, true, true, 2, true};

static void check_choice(struct reach_choice got, enum channel channel, const char *reason)
{
    assert_int_equal(got.outcome, REACH_SEND);
    assert_int_equal(got.channel, channel);
    if (reason == NULL) {
        assert_null(got.reason);
    } else {
        assert_string_equal(got.reason, reason);
    }
}

/* P4: an address that is not used any more counts as none, and says why. */
static void test_suppressed(void **state)
{
    (void)state;
    struct reach reach = {.has_email = true, .has_phone = true, .takes_calls = true};
    reach.suppressed[channel_CALL] = failure_category_invalid_number;
    check_choice(reach_choose(WANTED_CALL, &reach, &unlimited), channel_SMS,
                 "suppressed:invalid_number");
    check_choice(reach_choose(WANTED_MESSAGE, &reach, &unlimited), channel_SMS, NULL);
    reach.suppressed[channel_SMS] = failure_category_opted_out;
    check_choice(reach_choose(WANTED_MESSAGE, &reach, &unlimited), channel_EMAIL,
                 "suppressed:opted_out");
    check_choice(reach_choose(WANTED_CALL, &reach, &unlimited), channel_EMAIL,
                 "suppressed:invalid_number");
    reach.suppressed[channel_EMAIL] = failure_category_invalid_number;
    struct reach_choice none = reach_choose(WANTED_MESSAGE, &reach, &unlimited);
    assert_int_equal(none.outcome, REACH_SKIP);
    assert_string_equal(none.reason, "suppressed:opted_out");
    none = reach_choose(WANTED_CALL, &reach, &unlimited);
    assert_int_equal(none.outcome, REACH_SKIP);
    assert_string_equal(none.reason, "suppressed:invalid_number");
    reach.takes_calls = reach.has_phone = false;
    assert_string_equal(reach_choose(WANTED_CALL, &reach, &unlimited).reason, "no_contact");
}

static void test_suppressed_whatsapp(void **state)
{
    (void)state;
    struct reach reach = {.has_phone = true, .has_whatsapp = true, .prefers_whatsapp = true};
    check_choice(reach_choose(WANTED_MESSAGE, &reach, &unlimited), channel_WHATSAPP, NULL);
    check_choice(reach_choose(WANTED_SMS, &reach, &unlimited), channel_SMS, NULL);
    reach.suppressed[channel_WHATSAPP] = failure_category_opted_out;
    check_choice(reach_choose(WANTED_MESSAGE, &reach, &unlimited), channel_SMS,
                 "suppressed:opted_out");
    check_choice(reach_choose(WANTED_WHATSAPP, &reach, &unlimited), channel_SMS,
                 "suppressed:opted_out");
    reach.suppressed[channel_WHATSAPP] = failure_category_NONE;
    reach.suppressed[channel_SMS] = failure_category_opted_out;
    check_choice(reach_choose(WANTED_SMS, &reach, &unlimited), channel_WHATSAPP,
                 "suppressed:opted_out");
}

/* V3: what did not get through goes on, by each channel once, and never up to a call. */
static void test_onward(void **state)
{
    (void)state;
    struct reach reach = {
        .has_email = true, .has_phone = true, .has_whatsapp = true, .takes_calls = true};
    check_choice(reach_onward(channel_CALL, "why", &reach, &unlimited), channel_SMS, "why");
    reach.tried = 1u << channel_CALL;
    check_choice(reach_onward(channel_SMS, "why", &reach, &unlimited), channel_WHATSAPP, "why");
    reach.tried |= 1u << channel_SMS;
    check_choice(reach_onward(channel_WHATSAPP, "why", &reach, &unlimited), channel_EMAIL, "why");
    reach.tried |= 1u << channel_WHATSAPP;
    assert_int_equal(reach_onward(channel_EMAIL, "why", &reach, &unlimited).outcome, REACH_SKIP);
    reach.tried = 0;
    check_choice(reach_onward(channel_EMAIL, "why", &reach, &unlimited), channel_SMS, "why");
    struct reach_limits off = unlimited;
    off.sms_on = off.whatsapp_on = false;
    check_choice(reach_onward(channel_CALL, "why", &reach, &off), channel_EMAIL, "why");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named_combinations),
        cmocka_unit_test(test_never_silence),
        cmocka_unit_test(test_suppressed),
        cmocka_unit_test(test_suppressed_whatsapp),
        cmocka_unit_test(test_onward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
