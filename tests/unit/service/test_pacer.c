/* Calls whose time has come: in which order and how fast they begin, and what is known of those
 * that wait. */
#include "op_fixture.h"

#include "service/engine.h"
#include "service/pacer.h"
#include "service/scheduled_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void submit_nothing(void *context, uint64_t ticket, const struct wire_request *request)
{
    (void)context;
    (void)ticket;
    (void)request;
}

struct pacer_fixture {
    struct op_fixture *f;
    struct courier *courier;
    struct pacer *pacer;
};

static struct pacer_fixture open(void **state)
{
    struct op_fixture *f = *state;
    struct wire_port wire = {.submit = submit_nothing};
    struct pacer_fixture p = {.f = f, .courier = courier_new(&f->site, wire, 64)};
    p.pacer = pacer_new(&f->site, p.courier);
    assert_int_equal(pacer_recover(p.pacer, &f->op), OK);
    return p;
}

static void shut(struct pacer_fixture *p)
{
    pacer_free(&p->pacer);
    courier_free(&p->courier);
}

static struct id add_agent(struct op_fixture *f, int64_t calls_per_minute)
{
    struct agent_entry entry = {
        .id = op_new_id(&f->op), .name = STR("Ava"), .version = 1, .created_at = f->now};
    struct agent_version version = {.id = op_new_id(&f->op),
                                    .agent_id = entry.id,
                                    .number = 1,
                                    .language = STR("en"),
                                    .script = STR("Hello."),
                                    .on_machine = machine_action_HANG_UP,
                                    .calls_per_minute = calls_per_minute,
                                    .created_at = f->now,
                                    .created_by = STR("test")};
    entry.updated_at = f->now;
    store_insert(f->store, TABLE_agents, &entry);
    store_insert(f->store, TABLE_agent_versions, &version);
    return entry.id;
}

static struct id add_campaign(struct op_fixture *f, enum campaign_state state)
{
    struct campaign campaign = {.id = op_new_id(&f->op),
                                .name = STR("Spring"),
                                .state = (int)state,
                                .created_at = f->now,
                                .created_by = STR("test"),
                                .updated_at = f->now};
    store_insert(f->store, TABLE_campaigns, &campaign);
    return campaign.id;
}

struct wanted_call {
    struct id agent;
    struct id campaign;
    int priority;
    int64_t due_after_ms;
};

/* Adds the row, and tells the pacer that it is due. */
static struct id add_call(struct pacer_fixture *p, const struct wanted_call *wanted)
{
    struct op_fixture *f = p->f;
    struct instant due_at = instant_add(f->now, MILLISECONDS(wanted->due_after_ms));
    struct scheduled_call call = {.phone = STR("+14155550101"),
                                  .agent_id = wanted->agent,
                                  .user_id = STR("u1"),
                                  .campaign_id = wanted->campaign,
                                  .status = call_status_pending,
                                  .priority = wanted->priority,
                                  .nominal_for = due_at,
                                  .scheduled_for = due_at,
                                  .timezone = STR("UTC"),
                                  .occurrence_number = 1,
                                  .place = 1};
    assert_int_equal(scheduled_call_insert(&f->op, &call), OK);
    struct due_entry due = {instant_ms(due_at), call.id.value, wanted->priority, 0};
    assert_int_equal(pacer_expect(p->pacer, &f->op, &due), OK);
    return call.id;
}

static void expect_taken(struct pacer_fixture *p, struct instant now, struct id wanted)
{
    struct due_entry call = {0};
    assert_true(pacer_take(p->pacer, now, &call));
    assert_int_equal(call.id, wanted.value);
}

static void expect_counts(const struct pacer_fixture *p, int64_t waiting, int64_t paused)
{
    struct pacer_counts counts = pacer_count(p->pacer);
    assert_int_equal(counts.waiting, waiting);
    assert_int_equal(counts.paused, paused);
}

static void tell(struct pacer_fixture *p, enum effect_kind kind, struct id id, int number)
{
    struct effect effect = {.kind = kind, .id = id, .priority = number};
    assert_int_equal(pacer_heard(p->pacer, &p->f->op, &effect), OK);
}

static void test_order_and_pace(void **state)
{
    struct pacer_fixture p = open(state);
    struct instant now = p.f->now;
    struct instant at = INSTANT_NONE;
    struct due_entry ignored = {0};
    struct id agent = add_agent(p.f, 2);
    assert_false(pacer_is_hungry(p.pacer, now));
    assert_false(pacer_next(p.pacer, now, &at));
    struct id low = add_call(&p, &(struct wanted_call){agent, ID_NONE, PRIORITY_LOW, 0});
    struct id high = add_call(&p, &(struct wanted_call){agent, ID_NONE, PRIORITY_HIGH, 0});
    struct id medium = add_call(&p, &(struct wanted_call){agent, ID_NONE, PRIORITY_MEDIUM, 0});
    expect_counts(&p, 3, 0);
    assert_true(pacer_is_hungry(p.pacer, now));
    expect_taken(&p, now, high);
    /* Two a minute: the next one 30 seconds later, not before. */
    assert_false(pacer_is_hungry(p.pacer, now));
    assert_true(pacer_next(p.pacer, now, &at));
    assert_int_equal(instant_since(at, now).us, SECONDS(30).us);
    assert_false(pacer_take(p.pacer, instant_add(now, MILLISECONDS(29999)), &ignored));
    now = instant_add(now, SECONDS(30));
    expect_taken(&p, now, medium);
    /* It did not begin after all: the next one need not wait. */
    pacer_give_back(p.pacer);
    expect_taken(&p, now, low);
    expect_counts(&p, 0, 0);
    shut(&p);
}

static void test_agents_wait_apart(void **state)
{
    struct pacer_fixture p = open(state);
    struct id slow = add_agent(p.f, 1);
    struct id fast = add_agent(p.f, 0);
    struct id first = add_call(&p, &(struct wanted_call){slow, ID_NONE, 1, -20});
    add_call(&p, &(struct wanted_call){slow, ID_NONE, 1, -10});
    struct id other = add_call(&p, &(struct wanted_call){fast, ID_NONE, 1, -5});
    struct id last = add_call(&p, &(struct wanted_call){fast, ID_NONE, 1, -4});
    expect_taken(&p, p.f->now, first);
    expect_taken(&p, p.f->now, other);
    expect_taken(&p, p.f->now, last);
    assert_false(pacer_is_hungry(p.pacer, p.f->now));
    expect_counts(&p, 1, 0);
    shut(&p);
}

static void test_gone_and_twice(void **state)
{
    struct pacer_fixture p = open(state);
    struct id agent = add_agent(p.f, 1);
    struct id gone = add_call(&p, &(struct wanted_call){agent, ID_NONE, 1, -10});
    struct id stays = add_call(&p, &(struct wanted_call){agent, ID_NONE, 1, 0});
    struct due_entry again = {instant_ms(p.f->now), stays.value, 1, 0};
    assert_int_equal(pacer_expect(p.pacer, &p.f->op, &again), OK);
    expect_counts(&p, 2, 0);
    tell(&p, EFFECT_CALL_GONE, gone, 0);
    tell(&p, EFFECT_CALL_GONE, gone, 0);
    expect_counts(&p, 1, 0);
    /* One that is gone costs no pace. */
    expect_taken(&p, p.f->now, stays);
    expect_counts(&p, 0, 0);
    assert_false(pacer_is_hungry(p.pacer, p.f->now));
    /* One that nobody knows is no error. */
    struct due_entry unknown = {instant_ms(p.f->now), 12345, 1, 0};
    assert_int_equal(pacer_expect(p.pacer, &p.f->op, &unknown), OK);
    expect_counts(&p, 0, 0);
    shut(&p);
}

static void test_campaign_paused(void **state)
{
    struct pacer_fixture p = open(state);
    struct id agent = add_agent(p.f, 0);
    struct id campaign = add_campaign(p.f, campaign_state_PAUSED);
    struct id held = add_call(&p, &(struct wanted_call){agent, campaign, 1, 0});
    struct id free_one = add_call(&p, &(struct wanted_call){agent, ID_NONE, 1, 0});
    expect_counts(&p, 1, 1);
    expect_taken(&p, p.f->now, free_one);
    assert_false(pacer_is_hungry(p.pacer, p.f->now));
    struct campaign row = {0};
    assert_int_equal(db_get(p.f->op.db, TABLE_campaigns, campaign, p.f->op.arena, &row), OK);
    row.state = campaign_state_ACTIVE;
    row.calls_per_minute = 1;
    assert_int_equal(db_update(p.f->op.db, TABLE_campaigns, p.f->op.arena, &row), OK);
    tell(&p, EFFECT_PACE, campaign, 0);
    expect_counts(&p, 1, 0);
    add_call(&p, &(struct wanted_call){agent, campaign, 1, 0});
    expect_taken(&p, p.f->now, held);
    assert_false(pacer_is_hungry(p.pacer, p.f->now));
    /* The kind itself. */
    pacer_hold(p.pacer, true);
    expect_counts(&p, 0, 1);
    assert_false(pacer_is_hungry(p.pacer, instant_add(p.f->now, MINUTES(5))));
    pacer_hold(p.pacer, false);
    expect_counts(&p, 1, 0);
    assert_true(pacer_is_hungry(p.pacer, instant_add(p.f->now, MINUTES(5))));
    shut(&p);
}

/* What was given to the courier and not looked at yet holds the next ones back. */
static void test_courier_is_behind(void **state)
{
    struct pacer_fixture p = open(state);
    struct id agent = add_agent(p.f, 0);
    struct instant at = INSTANT_NONE;
    add_call(&p, &(struct wanted_call){agent, ID_NONE, 1, 0});
    for (int64_t i = 1; i <= 511; i++) {
        courier_expect(p.courier, &(struct effect){.kind = EFFECT_SEND, .id = {i}, .priority = 1});
    }
    assert_true(pacer_is_hungry(p.pacer, p.f->now));
    courier_expect(p.courier, &(struct effect){.kind = EFFECT_SEND, .id = {512}, .priority = 1});
    assert_false(pacer_is_hungry(p.pacer, p.f->now));
    /* Not the clock ends that. */
    assert_false(pacer_next(p.pacer, p.f->now, &at));
    expect_counts(&p, 1, 0);
    shut(&p);
}

static void test_active(void **state)
{
    struct pacer_fixture p = open(state);
    tell(&p, EFFECT_ACTIVE, ID_NONE, 1);
    tell(&p, EFFECT_ACTIVE, ID_NONE, 1);
    tell(&p, EFFECT_ACTIVE, ID_NONE, -1);
    assert_int_equal(pacer_count(p.pacer).active, 1);
    /* After a start the rows tell. */
    assert_int_equal(pacer_recover(p.pacer, &p.f->op), OK);
    assert_int_equal(pacer_count(p.pacer).active, 0);
    shut(&p);
}

/* Hundreds of campaigns that have nothing to do any more are forgotten. */
static void test_many_groups(void **state)
{
    struct pacer_fixture p = open(state);
    struct id agent = add_agent(p.f, 0);
    for (int i = 0; i < 600; i++) {
        struct id campaign = add_campaign(p.f, campaign_state_ACTIVE);
        struct id call = add_call(&p, &(struct wanted_call){agent, campaign, 1, 0});
        expect_taken(&p, p.f->now, call);
    }
    expect_counts(&p, 0, 0);
    shut(&p);
}

#define PACER_TEST(function) cmocka_unit_test_setup_teardown(function, op_set_up, op_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PACER_TEST(test_order_and_pace),    PACER_TEST(test_agents_wait_apart),
        PACER_TEST(test_gone_and_twice),    PACER_TEST(test_campaign_paused),
        PACER_TEST(test_courier_is_behind), PACER_TEST(test_active),
        PACER_TEST(test_many_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
