/* How far an event sink got: rounds of two sinks of one base, answers that come late or for a place
 * that was left, and what telling an event costs where nobody listens (requirement D7). */
#include "op_fixture.h"
#include "service/engine.h"
#include "service/events.h"
#include "service/sink_round.h"
#include "service/sinks.h"
#include "store/sinks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void tell(struct op_fixture *f, int count)
{
    for (int i = 0; i < count; i++) {
        struct event_facts facts = {.kind = event_kind_INCIDENT_OPENED,
                                    .subject_type = subject_type_INCIDENT,
                                    .subject = f->meeting.id,
                                    .data = STR("{\"title\":\"Disk\"}")};
        assert_int_equal(event_tell(&f->op, &facts), OK);
    }
}

static struct sink add_sink(struct op_fixture *f, const char *name)
{
    struct sink given = {.kind = sink_kind_AIRTABLE,
                         .name = str_from(name),
                         .enabled = true,
                         .base = STR("appOne"),
                         .base_table = STR("Events"),
                         .token = STR("patX")};
    struct sink made = {0};
    assert_int_equal(create_sink(&f->op, &given, &made), OK);
    return made;
}

static struct sink read_sink(struct op_fixture *f, struct id id)
{
    struct sink sink = {0};
    assert_int_equal(db_get(f->store->db, TABLE_sinks, id, f->store->arena, &sink), OK);
    return sink;
}

static struct timer timer_of(struct op_fixture *f, struct id sink)
{
    struct timer timer = {0};
    assert_int_equal(
        timers_of_subject(f->store->db, f->store->arena, timer_kind_SINK, sink, &timer), OK);
    return timer;
}

static void move(struct op_fixture *f, struct duration by)
{
    f->op.now = f->now = instant_add(f->now, by);
}

/* Runs the sink's timer; true with the round that begins. */
static bool begin(struct op_fixture *f, struct id sink, struct sink_round **out)
{
    size_t before = f->writer.effects.count;
    assert_int_equal(engine_run(&f->op, (struct timer_key){.id = timer_of(f, sink).id}), OK);
    for (size_t i = before; i < f->writer.effects.count; i++) {
        const struct effect effect = f->writer.effects.items[i];
        if (effect.kind == EFFECT_SINK) {
            assert_true(id_equal(effect.id, sink));
            assert_int_equal(sink_round_prepare(&f->op, &effect, out), OK);
            return true;
        }
    }
    return false;
}

static void finish(struct op_fixture *f, struct sink_round *round)
{
    struct work *work = sink_round_finish(round);
    enum err err = work->run(work, &f->op);
    assert_int_equal(err, OK);
    work->done(work, err, &f->problem);
}

static const char *const taken_head = "{\"records\":[";

/* An answer that shows the first `count` of the events whose ids the request names. */
static struct str echo(struct op_fixture *f, const struct wire_request *request, int count)
{
    struct buf out = {.arena = f->store->arena};
    struct str rest = request->http.body;
    struct str mark = STR("{\"fields\":{\"EventId\":\"");
    buf_add_text(&out, taken_head);
    for (int i = 0; i < count; i++) {
        size_t at = str_find(rest, mark);
        assert_true(at < rest.len);
        rest = str_slice(rest, at + mark.len, rest.len);
        buf_printf(&out, "%s{\"fields\":{\"EventId\":\"%.*s\"}}", i > 0 ? "," : "",
                   (int)ID_TEXT_BYTES, rest.ptr);
    }
    buf_add_text(&out, "]}");
    return buf_str(&out);
}

/* One whole round in which `count` events arrive. */
static void take(struct op_fixture *f, struct id sink, int count)
{
    struct sink_round *round = NULL;
    struct wire_request request = {0};
    assert_true(begin(f, sink, &round));
    assert_true(sink_round_start(round, &request));
    struct wire_answer answer = {
        .outcome = WIRE_ANSWERED, .status = 200, .body = echo(f, &request, count)};
    assert_false(sink_round_step(round, &answer, &request));
    finish(f, round);
}

static int64_t waiting(struct op_fixture *f, struct id sink)
{
    int64_t count = 0;
    assert_int_equal(sink_waiting_count(f->store->db, read_sink(f, sink).taken_id, &count), OK);
    return count;
}

static void test_nobody_listens(void **state)
{
    struct op_fixture *f = *state;
    tell(f, 3);
    assert_int_equal(count_effects(f, EFFECT_TIMER), 0);
    struct sink sink = add_sink(f, "later");
    assert_int_equal(waiting(f, sink.id), 0); /* What was before it is not told. */
}

static void test_one_timer_wakes(void **state)
{
    struct op_fixture *f = *state;
    struct sink sink = add_sink(f, "a");
    assert_true(read_sink(f, sink.id).is_asleep);
    tell(f, 12);
    assert_int_equal(count_effects(f, EFFECT_TIMER), 1);
    assert_false(read_sink(f, sink.id).is_asleep);
    take(f, sink.id, 10);
    assert_int_equal(waiting(f, sink.id), 2);
    move(f, MILLISECONDS(250));
    take(f, sink.id, 2);
    move(f, MILLISECONDS(250));
    struct sink_round *round = NULL;
    assert_false(begin(f, sink.id, &round));
    assert_true(read_sink(f, sink.id).is_asleep);
    size_t before = count_effects(f, EFFECT_TIMER);
    struct event_facts not_for_sinks = {.kind = event_kind_NOTIFICATION_ADDED,
                                        .subject_type = subject_type_INCIDENT};
    assert_int_equal(event_tell(&f->op, &not_for_sinks), OK);
    assert_int_equal(count_effects(f, EFFECT_TIMER), before);
    tell(f, 1);
    assert_int_equal(count_effects(f, EFFECT_TIMER), before + 1);
    take(f, sink.id, 1);
    assert_int_equal(waiting(f, sink.id), 0);
}

static void test_four_requests_a_second_for_a_base(void **state)
{
    struct op_fixture *f = *state;
    struct sink sinks[] = {add_sink(f, "a"), add_sink(f, "b"), add_sink(f, "c")};
    int requests = 0;
    tell(f, 100);
    struct instant begin_at = f->now;
    while (instant_since(f->now, begin_at).us < SECONDS(3).us) {
        for (size_t i = 0; i < sizeof sinks / sizeof sinks[0]; i++) {
            struct timer timer = timer_of(f, sinks[i].id);
            struct sink_round *round = NULL;
            struct wire_request request = {0};
            if (instant_before(f->now, timer.due_at) || !begin(f, sinks[i].id, &round)) {
                continue;
            }
            requests++;
            assert_true(sink_round_start(round, &request));
            struct wire_answer answer = {
                .outcome = WIRE_ANSWERED, .status = 200, .body = echo(f, &request, 10)};
            assert_false(sink_round_step(round, &answer, &request));
            finish(f, round);
        }
        move(f, MILLISECONDS(10));
    }
    assert_true(requests >= 11 && requests <= 12);
    for (size_t i = 0; i < sizeof sinks / sizeof sinks[0]; i++) {
        int64_t told = 100 - waiting(f, sinks[i].id);
        assert_true(told >= 30 && told <= 40); /* Each has its share. */
    }
}

static void test_a_locked_base_holds_all_its_sinks(void **state)
{
    struct op_fixture *f = *state;
    struct sink a = add_sink(f, "a");
    struct sink b = add_sink(f, "b");
    struct sink_round *round = NULL;
    struct wire_request request = {0};
    tell(f, 1);
    assert_true(begin(f, a.id, &round));
    assert_true(sink_round_start(round, &request));
    struct wire_answer answer = {.outcome = WIRE_ANSWERED, .status = 429};
    assert_false(sink_round_step(round, &answer, &request));
    finish(f, round);
    move(f, SECONDS(29));
    assert_false(begin(f, b.id, &round));
    assert_int_equal(timer_of(f, b.id).due_at.us, instant_add(f->now, SECONDS(1)).us);
    move(f, SECONDS(1));
    take(f, b.id, 1);
    assert_int_equal(waiting(f, b.id), 0);
}

static void test_a_replay_wins_over_the_round_under_way(void **state)
{
    struct op_fixture *f = *state;
    struct sink sink = add_sink(f, "a");
    struct sink_round *round = NULL;
    struct wire_request request = {0};
    tell(f, 3);
    take(f, sink.id, 3);
    move(f, SECONDS(1));
    tell(f, 2);
    assert_true(begin(f, sink.id, &round));
    assert_true(sink_round_start(round, &request));
    struct sink_replay_input replay = {.from = STR("2026-01-05T00:00:00Z")};
    struct sink shown = {0};
    f->op.path_id = sink.id;
    assert_int_equal(replay_sink(&f->op, &replay, &shown), OK);
    assert_int_equal(shown.waiting, -1); /* The writer counts nothing. */
    assert_int_equal(get_sink(&f->op, NULL, &shown), OK);
    assert_int_equal(shown.waiting, 5);
    struct wire_answer answer = {
        .outcome = WIRE_ANSWERED, .status = 200, .body = echo(f, &request, 2)};
    assert_false(sink_round_step(round, &answer, &request));
    finish(f, round);
    assert_int_equal(waiting(f, sink.id), 5);
    move(f, SECONDS(1));
    take(f, sink.id, 5);
    assert_int_equal(waiting(f, sink.id), 0);
}

static void test_an_answer_after_its_lease_says_nothing(void **state)
{
    struct op_fixture *f = *state;
    struct sink sink = add_sink(f, "a");
    struct sink_round *late = NULL;
    struct wire_request request = {0};
    tell(f, 1);
    assert_true(begin(f, sink.id, &late));
    assert_true(sink_round_start(late, &request));
    move(f, SECONDS(151));
    take(f, sink.id, 1);
    struct timer timer = timer_of(f, sink.id);
    struct wire_answer answer = {.outcome = WIRE_ANSWERED, .status = 401};
    assert_false(sink_round_step(late, &answer, &request));
    finish(f, late);
    assert_int_equal(read_sink(f, sink.id).state, sink_state_OK);
    assert_int_equal(waiting(f, sink.id), 0);
    assert_int_equal(timer_of(f, sink.id).due_at.us, timer.due_at.us);
}

static void test_a_sink_that_is_removed_meanwhile(void **state)
{
    struct op_fixture *f = *state;
    struct sink sink = add_sink(f, "a");
    struct sink_round *round = NULL;
    struct wire_request request = {0};
    struct removed removed = {0};
    tell(f, 1);
    assert_true(begin(f, sink.id, &round));
    assert_true(sink_round_start(round, &request));
    f->op.path_id = sink.id;
    assert_int_equal(delete_sink(&f->op, NULL, &removed), OK);
    struct wire_answer answer = {
        .outcome = WIRE_ANSWERED, .status = 200, .body = echo(f, &request, 1)};
    assert_false(sink_round_step(round, &answer, &request));
    finish(f, round);
    tell(f, 1); /* Nobody is woken. */
}

/* A restart in the middle of a round: the lease of an earlier life is nobody's. */
static void test_a_start_goes_on_at_once(void **state)
{
    struct op_fixture *f = *state;
    struct sink sink = add_sink(f, "a");
    struct sink_round *lost = NULL;
    tell(f, 4);
    assert_true(begin(f, sink.id, &lost));
    sink_round_abandon(&lost);
    move(f, SECONDS(1));
    assert_int_equal(timer_of(f, sink.id).state, timer_state_ACTIVE);
    assert_int_equal(sinks_start(&f->op), OK);
    assert_int_equal(timer_of(f, sink.id).state, timer_state_PENDING);
    take(f, sink.id, 4);
    assert_int_equal(waiting(f, sink.id), 0);
}

static int64_t count_rows(struct op_fixture *f)
{
    int64_t count = 0;
    assert_int_equal(sink_waiting_count(f->store->db, ID_NONE, &count), OK);
    return count;
}

/* Ten thousand at a time, one second after another, until nothing is left that is old enough. */
static void test_many_old_events_are_removed_bit_by_bit(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {0};
    tell(f, 25000);
    move(f, DAYS(2));
    tell(f, 7);
    assert_int_equal(events_clean(&f->op), OK);
    assert_int_equal(count_rows(f), 15007);
    const struct effect *armed = &f->writer.effects.items[f->writer.effects.count - 1];
    assert_int_equal(armed->kind, EFFECT_TIMER);
    struct id id = armed->id;
    assert_int_equal(armed->at.us, instant_add(f->now, SECONDS(1)).us);
    move(f, SECONDS(1));
    assert_int_equal(engine_run(&f->op, (struct timer_key){.id = id}), OK);
    assert_int_equal(count_rows(f), 5007);
    move(f, SECONDS(1));
    assert_int_equal(engine_run(&f->op, (struct timer_key){.id = id}), OK);
    assert_int_equal(count_rows(f), 7);
    assert_int_equal(db_get(f->store->db, TABLE_timers, id, f->store->arena, &timer), OK);
    assert_int_equal(timer.state, timer_state_COMPLETED);
}

static void test_the_environment_is_followed(void **state)
{
    struct op_fixture *f = *state;
    struct list sinks = {0};
    f->site.sinks = (struct sink_settings){.airtable_key = STR("patOne"),
                                           .airtable_base = STR("appOne"),
                                           .airtable_table = STR("Events"),
                                           .webhook_url = STR("http://127.0.0.1/x"),
                                           .webhook_host = STR("127.0.0.1")};
    assert_int_equal(sinks_start(&f->op), OK);
    assert_int_equal(sinks_start(&f->op), OK);
    assert_int_equal(count_events(f, "SINK_ADDED"), 2);
    assert_int_equal(count_events(f, "SINK_CHANGED"), 0);
    f->site.sinks.airtable_key = STR("patTwo");
    f->site.sinks.webhook_url = STR_NONE;
    assert_int_equal(sinks_start(&f->op), OK);
    assert_int_equal(count_events(f, "SINK_CHANGED"), 2);
    assert_int_equal(sinks_page(f->store->db, f->store->arena, ID_NONE, 10, &sinks), OK);
    const struct sink *items = sinks.items;
    assert_int_equal(sinks.count, 2);
    store_assert_text(items[0].token, "patTwo");
    assert_true(items[0].enabled && items[0].is_own);
    assert_false(items[1].enabled);
    f->op.path_id = items[0].id;
    struct removed removed = {0};
    assert_int_equal(delete_sink(&f->op, NULL, &removed), E_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_listens, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_one_timer_wakes, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_four_requests_a_second_for_a_base, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_locked_base_holds_all_its_sinks, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_replay_wins_over_the_round_under_way, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_an_answer_after_its_lease_says_nothing, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_sink_that_is_removed_meanwhile, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_start_goes_on_at_once, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_many_old_events_are_removed_bit_by_bit, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_the_environment_is_followed, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
