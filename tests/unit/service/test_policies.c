/* Policies: between what people write and what is climbed, which version counts for whom, a version
 * that cannot be read, and a night of the lint that takes several turns (E1, E8). */
#include "op_fixture.h"

#include "service/engine.h"
#include "service/lint.h"
#include "service/policies.h"
#include "service/policy_rules.h"
#include "store/policies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct policy policy_of(const char *name, int step_type)
{
    static struct policy_step_rule step;
    step = (struct policy_step_rule){.after = 5, .channel = step_type};
    return (struct policy){.name = str_from(name), .steps = {&step, 1}};
}

static struct policy put(struct op_fixture *f, const char *name, int step_type)
{
    struct policy wanted = policy_of(name, step_type);
    struct policy out = {0};
    bool is_changed = false;
    assert_int_equal(policy_put(&f->op, &wanted, &out, &is_changed), OK);
    assert_true(is_changed);
    return out;
}

/* Everything that a ladder can say is the same after both ways. */
static void test_both_ways(void **state)
{
    struct op_fixture *f = *state;
    struct policy_rules rules = {
        .steps = {{.after = SECONDS(90),
                   .since = step_origin_START,
                   .type = step_type_CALL,
                   .targets = {{target_kind_USER, {7}}, {target_kind_EMERGENCY_CONTACT, {0}}},
                   .target_count = 2,
                   .times = 3,
                   .every = MINUTES(2),
                   .overrides_quiet_hours = true},
                  {.since = step_origin_PREVIOUS,
                   .type = step_type_REPEAT_CALL,
                   .targets = {{target_kind_PERSON, {0}}},
                   .target_count = 1,
                   .times = 1}},
        .step_count = 2,
        .repeats = 2,
        .repeat_after = MINUTES(10),
        .lease = HOURS(1),
        .lease_answer = MINUTES(7),
    };
    struct policy_ladder ladder = policy_rules_ladder(f->op.arena, &rules);
    struct str text = policy_ladder_write(f->op.arena, f->site.id_key, &ladder);
    struct policy_ladder read = {0};
    struct policy_rules again;
    assert_int_equal(policy_ladder_read(f->op.arena, f->site.id_key, text, &read), OK);
    policy_ladder_rules(&read, &again);
    assert_int_equal(again.step_count, 2);
    for (int i = 0; i < 2; i++) {
        const struct policy_step *a = &rules.steps[i];
        const struct policy_step *b = &again.steps[i];
        assert_true(a->after.us == b->after.us && a->every.us == b->every.us);
        assert_true(a->since == b->since && a->type == b->type && a->times == b->times);
        assert_int_equal(a->overrides_quiet_hours, b->overrides_quiet_hours);
        assert_int_equal(a->target_count, b->target_count);
        for (int j = 0; j < a->target_count; j++) {
            assert_int_equal(a->targets[j].kind, b->targets[j].kind);
            assert_true(id_equal(a->targets[j].id, b->targets[j].id));
        }
    }
    assert_true(again.repeats == 2 && again.repeat_after.us == MINUTES(10).us);
    assert_true(again.lease.us == HOURS(1).us && again.lease_answer.us == MINUTES(7).us);
    assert_int_equal(policy_ladder_read(f->op.arena, f->site.id_key, STR("{\"steps\":[]}"), &read),
                     E_CORRUPT);
}

static struct str id_text(struct op_fixture *f, struct id id)
{
    return op_id_text(&f->op, id);
}

static void test_current(void **state)
{
    struct op_fixture *f = *state;
    struct policy_in_force found = {0};
    struct policy first = put(f, "disk", step_type_SMS);
    assert_int_equal(policy_current(&f->op, STR("disk"), &found), OK);
    struct id version = found.version;
    assert_int_equal(found.rules.steps[0].type, step_type_SMS);
    assert_true(id_is_set(version));
    struct policy second = put(f, "disk", step_type_CALL);
    assert_true(id_equal(first.id, second.id) && second.version == 2);
    assert_int_equal(policy_current(&f->op, id_text(f, first.id), &found), OK);
    assert_int_equal(found.rules.steps[0].type, step_type_CALL);
    assert_false(id_equal(found.version, version));
    store_assert_text(found.name, "disk");
    struct incident incident = {.policy = STR("disk"), .policy_version = version};
    assert_int_equal(policy_of_incident(&f->op, &incident, &found), OK);
    assert_int_equal(found.rules.steps[0].type, step_type_SMS);
    struct removed removed = {0};
    f->op.path_id = first.id;
    assert_int_equal(archive_policy(&f->op, NULL, &removed), OK);
    assert_int_equal(policy_current(&f->op, STR("disk"), &found), E_NOT_FOUND);
    assert_int_equal(policy_current(&f->op, id_text(f, first.id), &found), E_NOT_FOUND);
    assert_int_equal(policy_of_incident(&f->op, &incident, &found), OK);
    assert_int_equal(policy_current(&f->op, id_text(f, f->user.id), &found), E_NOT_FOUND);
    assert_int_equal(policy_current(&f->op, STR_NONE, &found), E_NOT_FOUND);
}

/* An incident that began with the built-in ladder stays with it when the name is taken over. */
static void test_built_in(void **state)
{
    struct op_fixture *f = *state;
    struct policy_in_force found = {0};
    struct incident incident = {.policy = STR("default")};
    assert_int_equal(policy_current(&f->op, STR("default"), &found), OK);
    assert_false(id_is_set(found.version));
    assert_int_equal(found.rules.step_count, 3);
    struct policy mine = put(f, "default", step_type_SMS);
    assert_int_equal(policy_current(&f->op, STR("default"), &found), OK);
    assert_int_equal(found.rules.step_count, 1);
    assert_int_equal(policy_of_incident(&f->op, &incident, &found), OK);
    assert_int_equal(found.rules.step_count, 3);
    struct removed removed = {0};
    f->op.path_id = mine.id;
    assert_int_equal(archive_policy(&f->op, NULL, &removed), OK);
    assert_int_equal(policy_current(&f->op, id_text(f, mine.id), &found), OK);
    assert_int_equal(found.rules.step_count, 3);
    assert_int_equal(archive_policy(&f->op, NULL, &removed), E_CONFLICT);
    assert_int_equal(put(f, "default", step_type_CALL).version, 2);
}

/* The row is quarantined by being left out: the list goes on, and so does the night. */
static void test_version_that_cannot_be_read(void **state)
{
    struct op_fixture *f = *state;
    struct policy_list_input wanted = {.limit = 10};
    struct policy_list list = {0};
    struct policy_in_force found = {0};
    put(f, "sound", step_type_SMS);
    put(f, "broken", step_type_SMS);
    store_execute(f->store, "UPDATE policy_versions SET ladder='{\"steps\":7}' WHERE policy_id="
                            "(SELECT id FROM policies WHERE name='broken')");
    assert_int_equal(policy_current(&f->op, STR("broken"), &found), E_CORRUPT);
    assert_int_equal(list_policies(&f->op, &wanted, &list), OK);
    assert_int_equal(list.policies.count, 3); /* Two come built in. */
    store_assert_text(((const struct policy *)list.policies.items)[2].name, "sound");
}

static int64_t count_findings(struct op_fixture *f, int code)
{
    struct lint_list_input wanted = {.code = code, .limit = 1};
    struct lint_list list = {0};
    assert_int_equal(list_findings(&f->op, &wanted, &list), OK);
    return list.total;
}

/* People are looked at in turns of 200, each a commit of its own; the last one arms the next night
 * and tells the operator. */
static void test_night_in_turns(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {.id = store_new_id(f->store), .kind = timer_kind_NIGHTLY};
    f->site.operator_email = STR("ops@example.com");
    f->site.public_url = STR("http://localhost");
    for (int i = 0; i < 450; i++) {
        char phone[20];
        snprintf(phone, sizeof phone, "+3460000%04d", i);
        struct user user = store_user(f->store, "Bert", phone);
        user.call_opt_in = i % 2 == 0; /* The others have one channel only. */
        store_insert(f->store, TABLE_users, &user);
    }
    for (int turn = 1; turn <= 3; turn++) {
        assert_int_equal(run_night(&f->op, &timer), OK);
        bool is_last = turn == 3;
        assert_int_equal(timer.due_at.us == f->op.now.us, !is_last);
        assert_true(is_last ? count_findings(f, lint_code_ONE_CHANNEL_ONLY) == 225
                            : count_findings(f, lint_code_ONE_CHANNEL_ONLY) < 225);
    }
    assert_true(timer.due_at.us == store_time(18 * 60).us); /* 03:00 on the next day. */
    assert_int_equal(count_effects(f, EFFECT_SEND), 1);
    /* The next night finds the same, and says nothing. */
    f->op.now = timer.due_at;
    for (int turn = 1; turn <= 3; turn++) {
        assert_int_equal(run_night(&f->op, &timer), OK);
    }
    assert_int_equal(count_findings(f, lint_code_ONE_CHANNEL_ONLY), 225);
    assert_int_equal(count_effects(f, EFFECT_SEND), 1);
    assert_true(timer.due_at.us == store_time(42 * 60).us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_both_ways, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_current, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_built_in, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_version_that_cannot_be_read, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_night_in_turns, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
