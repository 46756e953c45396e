/* Incidents through the functions that the API calls: every pair of state and verb against the
 * domain's table, keys that are unique in the database, and rows of a ladder that are written once.
 */
#include "op_fixture.h"
#include "service/incidents.h"
#include "store/incidents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef enum err verb_function(struct op *op, const void *input, void *output);

static verb_function *const verbs[INCIDENT_EVENT_COUNT] = {
    [incident_event_acknowledge] = acknowledge_incident,
    [incident_event_escalate] = escalate_incident,
    [incident_event_resolve] = resolve_incident,
    [incident_event_cancel] = cancel_incident,
};

static struct incident report(struct op_fixture *f, const char *key, bool escalates)
{
    struct incident given = {
        .title = STR("Disk full"),
        .user_id = f->user.id,
        .dedup_key = key == NULL ? STR_NONE : str_from(key),
        .escalate = escalates,
    };
    struct incident made = {0};
    assert_int_equal(create_incident(&f->op, &given, &made), OK);
    return made;
}

static void call(struct op_fixture *f, struct id id, enum incident_event event)
{
    struct incident after = {0};
    f->op.path_id = id;
    assert_int_equal(verbs[event](&f->op, NULL, &after), OK);
}

/* An incident in a state, by the verbs that lead there. */
static struct incident incident_in(struct op_fixture *f, enum incident_state state)
{
    struct incident incident = report(f, NULL, false);
    for (int event = 0; event < INCIDENT_EVENT_COUNT; event++) {
        if (incident_event_target((enum incident_event)event) == state) {
            call(f, incident.id, (enum incident_event)event);
        }
    }
    assert_int_equal(db_get(f->op.db, TABLE_incidents, incident.id, f->store->arena, &incident),
                     OK);
    assert_int_equal(incident.state, state);
    return incident;
}

static void check_pair(struct op_fixture *f, enum incident_state from, enum incident_event event)
{
    struct incident before = incident_in(f, from);
    struct incident answer = {0};
    struct incident after = {0};
    enum incident_state to = from;
    enum err wanted = incident_step(from, event, &to, NULL);
    size_t audited = count_events(f, "INCIDENT_ESCALATING");
    f->problem = (struct problem){0};
    f->op.path_id = before.id;
    assert_int_equal(verbs[event](&f->op, NULL, &answer), wanted);
    assert_int_equal(db_get(f->op.db, TABLE_incidents, before.id, f->store->arena, &after), OK);
    assert_int_equal(after.state, to);
    if (wanted == OK) {
        assert_int_equal(answer.state, to);
        return;
    }
    assert_int_equal(wanted, E_TRANSITION);
    assert_int_equal(err_http_status(wanted), 409);
    assert_string_equal(err_code(wanted), "INVALID_TRANSITION");
    assert_string_equal(f->problem.from, enum_name(&incident_state_names, (int)from));
    assert_string_equal(f->problem.to,
                        enum_name(&incident_state_names, (int)incident_event_target(event)));
    assert_int_equal(count_events(f, "INCIDENT_ESCALATING"), audited);
}

static void test_every_pair(void **state)
{
    struct op_fixture *f = *state;
    for (int from = incident_state_OPEN; from < incident_state_COUNT; from++) {
        for (int event = 0; event < INCIDENT_EVENT_COUNT; event++) {
            check_pair(f, (enum incident_state)from, (enum incident_event)event);
        }
    }
}

/* I3 holds in the database, whoever writes. */
static void test_one_open_incident_a_key(void **state)
{
    struct op_fixture *f = *state;
    struct incident first = report(f, "disk:web-1", false);
    struct incident joined = report(f, "disk:web-1", false);
    assert_true(id_equal(joined.id, first.id));
    assert_int_equal(joined.reports, 2);
    assert_true(f->op.is_known);
    struct incident copy = first;
    copy.id = op_new_id(&f->op);
    assert_int_equal(db_insert(f->op.db, TABLE_incidents, f->store->arena, &copy), E_DUPLICATE);
    copy.source_id = f->user.id; /* Another source has keys of its own. */
    assert_int_equal(db_insert(f->op.db, TABLE_incidents, f->store->arena, &copy), OK);
    call(f, first.id, incident_event_resolve);
    struct incident anew = report(f, "disk:web-1", false);
    assert_false(id_equal(anew.id, first.id));
    assert_int_equal(anew.reports, 1);
}

/* Once per (incident, round, level, target, time). */
static void test_a_row_of_a_ladder_is_written_once(void **state)
{
    struct op_fixture *f = *state;
    struct incident incident = report(f, NULL, true);
    struct list steps = {0};
    assert_int_equal(incident.state, incident_state_ESCALATING);
    assert_int_equal(steps_of_incident(f->op.db, f->store->arena, incident.id, &steps), OK);
    assert_int_equal(steps.count, 3);
    assert_int_equal(count_effects(f, EFFECT_TIMER), 3);
    struct step again = ((const struct step *)steps.items)[1];
    again.id = op_new_id(&f->op);
    assert_int_equal(db_insert(f->op.db, TABLE_steps, f->store->arena, &again), E_DUPLICATE);
    again.round = 2;
    assert_int_equal(db_insert(f->op.db, TABLE_steps, f->store->arena, &again), OK);
}

/* Only an acknowledgement that holds for a time is extended. */
static void test_what_cannot_be_extended(void **state)
{
    struct op_fixture *f = *state;
    for (int from = incident_state_OPEN; from < incident_state_COUNT; from++) {
        struct incident incident = incident_in(f, (enum incident_state)from);
        struct incident answer = {0};
        f->op.path_id = incident.id;
        assert_int_equal(extend_incident(&f->op, NULL, &answer), E_CONFLICT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_pair, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_one_open_incident_a_key, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_row_of_a_ladder_is_written_once, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_extended, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
