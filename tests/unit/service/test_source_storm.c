/* One message of many alerts is a short operation: the ladders beyond begin by timers, others have
 * their turn in between, and what is past its keeping goes in portions (requirement I4). */
#include "op_fixture.h"
#include "service/executor.h"
#include "service/incidents.h"
#include "service/integrations.h"
#include "service/policies.h"
#include "service/sources.h"
#include "store/incidents.h"
#include "store/sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MANY = 400, LONG_TIMES = 30, ALERTS = 4500 };

struct storm {
    struct op_fixture *fixture;
    struct integration integration;
    struct source_outcome *outcomes;
};

static struct storm storm_begin(struct op_fixture *f, int64_t times)
{
    struct storm storm = {.fixture = f};
    struct policy_repeat_rule repeat = {.times = times, .every_minutes = 1};
    struct policy_step_rule step = {.channel = step_type_CALL,
                                    .repeat = times > 1 ? &repeat : NULL};
    struct policy policy = {.name = STR("calls"), .steps = {&step, 1}};
    struct policy made = {0};
    struct integration given = {.name = STR("Checker"),
                                .kind = source_kind_ANY,
                                .policy = STR("calls"),
                                .user_id = f->user.id,
                                .severity = severity_HIGH,
                                .enabled = true};
    f->site.public_url = STR("http://localhost");
    if (create_policy(&f->op, &policy, &made) != OK ||
        create_integration(&f->op, &given, &storm.integration) != OK) {
        fail_msg("%s: %s", f->problem.field, f->problem.message);
    }
    return storm;
}

static enum err send(struct op *op, struct storm *storm)
{
    struct source_report *reports = ARENA_NEW_ARRAY(op->arena, struct source_report, MANY);
    for (int i = 0; i < MANY; i++) {
        reports[i] = (struct source_report){.title = STR("Host is down"),
                                            .dedup_key = arena_printf(op->arena, "host-%d", i),
                                            .signal = alert_signal_FIRING};
    }
    struct source_batch batch = {.items = reports, .count = MANY};
    struct source_visit visit = {
        .kind = source_kind_GENERIC, .integration = storm->integration, .batch = &batch};
    struct source_result result = {0};
    TRY(take_events(op, &visit, &result));
    assert_int_equal(result.outcomes.count, MANY);
    storm->outcomes = ARENA_NEW_ARRAY(storm->fixture->store->arena, struct source_outcome, MANY);
    for (int i = 0; i < MANY; i++) {
        storm->outcomes[i] = ((const struct source_outcome *)result.outcomes.items)[i];
    }
    return OK;
}

static struct incident incident_of(const struct storm *storm, int index)
{
    struct store_fixture *store = storm->fixture->store;
    struct incident incident = {0};
    assert_int_equal(db_get(store->db, TABLE_incidents, storm->outcomes[index].incident_id,
                            store->arena, &incident),
                     OK);
    return incident;
}

static int count_in(const struct storm *storm, enum incident_state state)
{
    int count = 0;
    for (int i = 0; i < MANY; i++) {
        count += incident_of(storm, i).state == (int)state;
    }
    return count;
}

static void test_a_hundred_ladders_at_once(void **state)
{
    struct op_fixture *f = *state;
    struct storm storm = storm_begin(f, 1);
    assert_int_equal(send(&f->op, &storm), OK);
    assert_int_equal(count_in(&storm, incident_state_ESCALATING), 100);
    assert_int_equal(count_in(&storm, incident_state_OPEN), MANY - 100);
    assert_int_equal(incident_of(&storm, 99).state, incident_state_ESCALATING);
    /* One timer for each step and each ladder that waits, also when all is said again. */
    assert_int_equal(count_effects(f, EFFECT_TIMER), MANY);
    assert_int_equal(send(&f->op, &storm), OK);
    assert_int_equal(incident_of(&storm, MANY - 1).reports, 2);
    assert_int_equal(count_in(&storm, incident_state_OPEN), MANY - 100);
    assert_int_equal(count_effects(f, EFFECT_TIMER), MANY);
}

static void test_a_thousand_rows_at_once(void **state)
{
    struct op_fixture *f = *state;
    struct storm storm = storm_begin(f, LONG_TIMES);
    assert_int_equal(send(&f->op, &storm), OK);
    /* The one that goes over the limit is the last. */
    assert_int_equal(count_in(&storm, incident_state_ESCALATING), 1000 / LONG_TIMES + 1);
}

struct piece {
    struct work work; /* First: the executor sees only this. */
    struct storm *storm;
    enum err (*run)(struct op *op, struct storm *storm);
    int ends;
};

static enum err run_piece(struct work *work, struct op *op)
{
    struct piece *piece = (struct piece *)work;
    return piece->run(op, piece->storm);
}

static void end_piece(struct work *work, enum err err, const struct problem *problem)
{
    if (err != OK) {
        fail_msg("%s: %s", problem->field, problem->message);
    }
    ((struct piece *)work)->ends++;
}

static enum err acknowledge_last(struct op *op, struct storm *storm)
{
    struct incident incident = {0};
    op->path_id = storm->outcomes[MANY - 1].incident_id;
    return acknowledge_incident(op, NULL, &incident);
}

static void turn(struct executor *executor, struct storm *storm,
                 enum err (*run)(struct op *op, struct storm *storm))
{
    struct piece piece = {.work = {.actor = {.name = STR("test"), .scope = key_scope_ADMIN},
                                   .run = run_piece,
                                   .done = end_piece},
                          .storm = storm,
                          .run = run};
    assert_true(executor_turn(executor, &piece.work));
    assert_int_equal(piece.ends, 1);
}

static void submit_nothing(void *context, uint64_t ticket, const struct wire_request *request)
{
    (void)context;
    (void)ticket;
    (void)request;
}

static void sync_nothing(void *context, struct op *op, const struct effect *effect)
{
    (void)context;
    (void)op;
    (void)effect;
}

/* Ladders of thirty rows: a batch begins some of them, then whoever acknowledges has their turn. */
static void test_others_have_their_turn(void **state)
{
    struct op_fixture *f = *state;
    struct storm storm = storm_begin(f, LONG_TIMES);
    struct executor *executor = NULL;
    struct executor_config config = {.site = &f->site,
                                     .db = f->store->db,
                                     .wire = {NULL, submit_nothing},
                                     .sync = {NULL, sync_nothing},
                                     .in_flight_max = 4};
    assert_int_equal(executor_new(&config, &executor, &f->problem), OK);
    assert_int_equal(executor_recover(executor), OK);
    executor_stop_claiming(executor);
    turn(executor, &storm, send);
    int begun = count_in(&storm, incident_state_ESCALATING);
    assert_int_equal(begun, 1000 / LONG_TIMES + 1);
    assert_true(executor_turn(executor, NULL));
    assert_in_range(count_in(&storm, incident_state_ESCALATING) - begun, 1, 100);
    turn(executor, &storm, acknowledge_last);
    assert_int_equal(incident_of(&storm, MANY - 1).state, incident_state_ACKNOWLEDGED);
    assert_true(count_in(&storm, incident_state_OPEN) > 0);
    for (int i = 0; i < 20 && count_in(&storm, incident_state_OPEN) > 0; i++) {
        assert_true(executor_turn(executor, NULL));
    }
    assert_int_equal(count_in(&storm, incident_state_ESCALATING), MANY - 1);
    assert_int_equal(incident_of(&storm, MANY - 1).round, 0);
    executor_free(&executor);
}

static void add_alert(struct op_fixture *f, struct id integration, int number, int days_ago)
{
    struct source_alert alert = {
        .id = op_new_id(&f->op),
        .integration_id = integration,
        .fingerprint = arena_printf(f->store->arena, "pod-%d", number),
        .signal = alert_signal_FIRING,
        .updated_at = instant_sub(f->now, DAYS(days_ago)),
    };
    assert_int_equal(db_insert(f->store->db, TABLE_source_alerts, f->store->arena, &alert), OK);
}

static bool has_alert(struct op_fixture *f, struct id integration, int number)
{
    struct source_alert alert = {0};
    struct str name = arena_printf(f->store->arena, "pod-%d", number);
    return source_alerts_of(f->store->db, f->store->arena, integration, name, &alert) == OK;
}

static void test_alerts_are_forgotten_in_portions(void **state)
{
    struct op_fixture *f = *state;
    struct storm kept = storm_begin(f, 1);
    struct id removed = op_new_id(&f->op); /* Of an integration that is not there. */
    struct night_walk walk = {.added = 0};
    for (int i = 0; i < ALERTS; i++) {
        add_alert(f, kept.integration.id, i, i % 2 == 0 ? 31 : 29);
    }
    add_alert(f, removed, 0, 0);
    assert_int_equal(forget_source_alerts(&f->op, &walk), OK);
    assert_false(walk.is_done);
    assert_false(has_alert(f, kept.integration.id, 0));
    assert_true(has_alert(f, kept.integration.id, ALERTS - 2));
    assert_int_equal(forget_source_alerts(&f->op, &walk), OK);
    assert_false(walk.is_done);
    assert_int_equal(forget_source_alerts(&f->op, &walk), OK);
    assert_true(walk.is_done);
    for (int i = 0; i < ALERTS; i++) {
        assert_int_equal(has_alert(f, kept.integration.id, i), i % 2 == 1);
    }
    assert_false(has_alert(f, removed, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_hundred_ladders_at_once, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_thousand_rows_at_once, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_others_have_their_turn, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_alerts_are_forgotten_in_portions, op_set_up,
                                        op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
