/* The life of an incident: every pair of state and event against a table written out by hand. */
#include "domain/incident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NO_WAY incident_state_NONE

/* Requirement I1, read from the requirement and not from the table under test. */
static const enum incident_state expected[incident_state_COUNT][INCIDENT_EVENT_COUNT] = {
    [incident_state_OPEN] =
        {
            [incident_event_acknowledge] = incident_state_ACKNOWLEDGED,
            [incident_event_escalate] = incident_state_ESCALATING,
            [incident_event_resolve] = incident_state_RESOLVED,
            [incident_event_cancel] = incident_state_CANCELLED,
        },
    [incident_state_ACKNOWLEDGED] =
        {
            [incident_event_acknowledge] = NO_WAY,
            [incident_event_escalate] = NO_WAY,
            [incident_event_resolve] = incident_state_RESOLVED,
            [incident_event_cancel] = incident_state_CANCELLED,
        },
    [incident_state_ESCALATING] =
        {
            [incident_event_acknowledge] = incident_state_ACKNOWLEDGED,
            [incident_event_escalate] = NO_WAY,
            [incident_event_resolve] = incident_state_RESOLVED,
            [incident_event_cancel] = incident_state_CANCELLED,
        },
    [incident_state_RESOLVED] = {NO_WAY, NO_WAY, NO_WAY, NO_WAY},
    [incident_state_CANCELLED] = {NO_WAY, NO_WAY, NO_WAY, NO_WAY},
};

static void check_refusal(enum incident_state from, enum incident_event event)
{
    struct problem problem = {0};
    enum incident_state to = incident_state_OPEN;
    assert_int_equal(incident_step(from, event, &to, &problem), E_TRANSITION);
    assert_int_equal(to, incident_state_OPEN);
    assert_int_equal(problem.err, E_TRANSITION);
    assert_string_equal(problem.from, incident_state_names.names[from]);
    assert_string_equal(problem.to, incident_state_names.names[incident_event_target(event)]);
    assert_non_null(strstr(problem.message, problem.from));
    assert_non_null(strstr(problem.message, problem.to));
    assert_int_equal(incident_step(from, event, &to, NULL), E_TRANSITION);
}

static void test_all_pairs(void **state)
{
    (void)state;
    int edges = 0;
    for (int from = incident_state_OPEN; from < incident_state_COUNT; from++) {
        for (int event = 0; event < INCIDENT_EVENT_COUNT; event++) {
            enum incident_state wanted = expected[from][event];
            enum incident_state to = incident_state_NONE;
            if (wanted == NO_WAY) {
                check_refusal((enum incident_state)from, (enum incident_event)event);
                continue;
            }
            assert_int_equal(
                incident_step((enum incident_state)from, (enum incident_event)event, &to, NULL),
                OK);
            assert_int_equal(to, wanted);
            assert_int_equal(to, incident_event_target((enum incident_event)event));
            edges++;
        }
    }
    assert_int_equal(edges, 9);
}

static void test_open_states_are_those_with_a_way_out(void **state)
{
    (void)state;
    for (int from = incident_state_OPEN; from < incident_state_COUNT; from++) {
        bool has_way = false;
        for (int event = 0; event < INCIDENT_EVENT_COUNT; event++) {
            has_way = has_way || expected[from][event] != NO_WAY;
        }
        assert_int_equal(incident_is_open((enum incident_state)from), has_way);
    }
    assert_false(incident_is_open(incident_state_NONE));
}

static void test_what_climbs(void **state)
{
    (void)state;
    for (int from = incident_state_NONE; from < incident_state_COUNT; from++) {
        assert_int_equal(incident_is_climbing((enum incident_state)from, false),
                         from == incident_state_ESCALATING);
        assert_int_equal(incident_is_climbing((enum incident_state)from, true),
                         from == incident_state_ESCALATING || from == incident_state_ACKNOWLEDGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_pairs),
        cmocka_unit_test(test_open_states_are_those_with_a_way_out),
        cmocka_unit_test(test_what_climbs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
