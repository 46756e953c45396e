/* Shelves of the index by owner: whatever stands on which, an owner's calls are found in the order
 * in which they were scheduled; and which shelf a new call gets. */
#include "op_fixture.h"

#include "service/call_shelf.h"
#include "store/calls.h"
#include "store/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CALLS = 600, OWNERS = 4, PER_SHELF = 7, SHELF_STEP = 3 };

static const char *const owners[OWNERS] = {"ana", "ben", "cleo", "nobody"};

/* Nearly all are Ana's, Ben has one in forty, Cleo the very first one. */
static const char *owner_of(int number)
{
    return number == 0 ? "cleo" : number % 40 == 17 ? "ben" : "ana";
}

static struct scheduled_call call_of(struct op_fixture *f, int number)
{
    struct scheduled_call call = {
        .id = op_new_id(&f->op),
        .phone = STR("+14155550101"),
        .agent_id = {number % 3 + 1},
        .user_id = str_from(owner_of(number)),
        .campaign_id = {number % 5 == 0 ? 9 : 0},
        .status = call_status_pending,
        .priority = 5,
        .nominal_for = instant_add(f->now, HOURS(number)),
        .scheduled_for = instant_add(f->now, HOURS(number)),
        .timezone = STR("UTC"),
        .occurrence_number = 1,
        .place = 1,
        .created_at = f->now,
        .updated_at = f->now,
        .shelf = (int64_t)number / PER_SHELF * SHELF_STEP,
    };
    assert_int_equal(scheduled_calls_add(f->store->db, f->store->arena, &call), OK);
    return call;
}

static void add_calls(struct op_fixture *f, struct scheduled_call *calls)
{
    assert_int_equal(db_begin(f->store->db), OK);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = call_of(f, i);
    }
    assert_int_equal(db_commit(f->store->db), OK);
}

static bool is_wanted(const struct call_page *page, const struct scheduled_call *call)
{
    return str_equal(call->user_id, page->user) &&
           (!id_is_set(page->before) || call->id.value < page->before.value) &&
           (!id_is_set(page->agent) || id_equal(call->agent_id, page->agent)) &&
           (!id_is_set(page->campaign) || id_equal(call->campaign_id, page->campaign)) &&
           !instant_before(call->scheduled_for, page->from) &&
           (!instant_is_set(page->until) || !instant_before(page->until, call->scheduled_for));
}

/* The page is what going through all calls from the newest says. */
static void check_page(struct op_fixture *f, const struct scheduled_call *calls,
                       const struct call_page *page)
{
    struct list found = {0};
    size_t at = 0;
    int64_t counted = 0;
    int64_t wanted = 0;
    assert_int_equal(scheduled_calls_page(f->store->db, f->store->arena, page, &found), OK);
    const struct scheduled_call *rows = found.items;
    for (int i = CALLS - 1; i >= 0; i--) {
        if (!is_wanted(page, &calls[i])) {
            continue;
        }
        wanted++;
        if (wanted <= page->limit) {
            assert_true(at < found.count);
            assert_true(id_equal(rows[at].id, calls[i].id));
            at++;
        }
    }
    assert_int_equal(found.count, at);
    if (!id_is_set(page->before)) {
        assert_int_equal(scheduled_calls_count(f->store->db, page, &counted), OK);
        assert_int_equal(counted, wanted);
    }
}

static void test_pages(void **state)
{
    struct op_fixture *f = *state;
    struct scheduled_call *calls = calloc(CALLS, sizeof *calls);
    add_calls(f, calls);
    for (int round = 0; round < 400; round++) {
        struct call_page page = {.user = str_from(owners[round % OWNERS]),
                                 .limit = round % 7 == 0 ? CALLS : round % 11 + 1,
                                 .agent = {round / 4 % 4},
                                 .campaign = {round % 3 == 0 ? 9 : 0}};
        if (round % 2 == 0) {
            page.before = calls[round * 31 % CALLS].id;
        }
        if (round % 5 == 0) {
            page.from = calls[round * 17 % CALLS].scheduled_for;
            page.until = instant_add(page.from, HOURS(round));
        }
        check_page(f, calls, &page);
    }
    free(calls);
}

static void test_waiting(void **state)
{
    struct op_fixture *f = *state;
    struct scheduled_call *calls = calloc(CALLS, sizeof *calls);
    struct id ids[20];
    struct call_ids waiting = {.items = ids, .max = 20};
    size_t at = 0;
    add_calls(f, calls);
    assert_int_equal(owner_waiting(f->store->db, f->store->arena, STR("ben"), &waiting), OK);
    for (int i = 0; i < CALLS; i++) {
        if (str_equal_text(calls[i].user_id, "ben")) {
            assert_true(at < waiting.count && id_equal(ids[at], calls[i].id));
            at++;
        }
    }
    assert_int_equal(waiting.count, at);
    assert_int_equal(at, CALLS / 40);
    free(calls);
}

static void test_places(void **state)
{
    struct op_fixture *f = *state;
    struct call_shelf shelf = {0};
    assert_int_equal(call_shelf_open(&shelf, f->store->db), OK);
    for (int i = 0; i < 2 * CALLS_PER_SHELF; i++) {
        assert_int_equal(call_shelf_take(&shelf), 0); /* Among several nodes there is one. */
    }
    shelf = (struct call_shelf){0};
    assert_int_equal(call_shelf_begin_new(&shelf, f->store->db), OK);
    for (int i = 0; i < 3 * CALLS_PER_SHELF; i++) {
        assert_int_equal(call_shelf_take(&shelf), i / CALLS_PER_SHELF);
    }
}

/* A start goes on where the last one stopped. */
static void test_start(void **state)
{
    struct op_fixture *f = *state;
    struct scheduled_call *calls = calloc(CALLS, sizeof *calls);
    struct call_shelf shelf = {0};
    int64_t last = (CALLS - 1) / PER_SHELF * SHELF_STEP;
    int64_t on_it = (CALLS - 1) % PER_SHELF + 1;
    add_calls(f, calls);
    assert_int_equal(call_shelf_open(&shelf, f->store->db), OK);
    assert_int_equal(shelf.number, last);
    assert_int_equal(call_shelf_begin_new(&shelf, f->store->db), OK);
    for (int64_t i = on_it; i < CALLS_PER_SHELF; i++) {
        assert_int_equal(call_shelf_take(&shelf), last);
    }
    assert_int_equal(call_shelf_take(&shelf), last + 1);
    free(calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pages, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_waiting, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_places, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_start, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
