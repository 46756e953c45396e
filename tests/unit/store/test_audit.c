/* The chain of the trail: it verifies, and every way to change it shows, with the right number. */
#include "store/audit.h"

#include "lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 9 };

static struct audit_event event_of(struct store_fixture *f, int number)
{
    return (struct audit_event){
        .at = store_time(number),
        .actor = STR("engine"),
        .action = STR("STEP_EXECUTED"),
        .subject_type = subject_type_INCIDENT,
        .subject_id = {100 + number % 3},
        .user_id = {200 + number % 2},
        .before = number % 2 == 0 ? STR_NONE : arena_printf(f->arena, "{\"level\":%d}", number),
        .after = arena_printf(f->arena, "{\"level\":%d}", number + 1),
        .reason = STR("due"),
    };
}

static struct audit_chain append(struct store_fixture *f, int count)
{
    struct audit_chain chain;
    assert_int_equal(audit_open(f->db, &chain), OK);
    for (int i = 0; i < count; i++) {
        struct audit_event event = event_of(f, (int)chain.seq + 1);
        assert_int_equal(audit_append(f->db, f->arena, &chain, &event), OK);
        assert_int_equal(event.seq, chain.seq);
        store_assert_text(event.hash, chain.hash);
    }
    return chain;
}

static void check_sound(struct store_fixture *f, int64_t count)
{
    int64_t checked = -1;
    if (audit_verify(f->db, &checked, &f->problem) != OK) {
        fail_msg("%s", f->problem.message);
    }
    assert_int_equal(checked, count);
}

static void check_found(struct store_fixture *f, const char *message, int64_t sound)
{
    int64_t checked = -1;
    f->problem = (struct problem){0};
    assert_int_equal(audit_verify(f->db, &checked, &f->problem), E_CORRUPT);
    assert_string_equal(f->problem.message, message);
    assert_int_equal(checked, sound);
}

static void test_chain_verifies(void **state)
{
    struct store_fixture *f = *state;
    check_sound(f, 0);
    struct audit_chain chain = append(f, EVENTS);
    assert_int_equal(chain.seq, EVENTS);
    assert_int_equal(strlen(chain.hash), 2 * SHA256_BYTES);
    check_sound(f, EVENTS);
    struct audit_chain read;
    assert_int_equal(audit_open(f->db, &read), OK);
    assert_int_equal(read.seq, chain.seq);
    assert_string_equal(read.hash, chain.hash);
    append(f, 1);
    check_sound(f, EVENTS + 1);
}

static void test_edited_row(void **state)
{
    static const char *const edits[] = {
        "reason = 'joined'",   "reason = NULL",
        "actor = 'api:admin'", "action = 'STEP_SKIPPED'",
        "at = at + 1",         "subject_type = 'MEETING'",
        "subject_id = 1",      "user_id = NULL",
        "before = NULL",       "after = NULL",
        "hash = upper(hash)",
    };
    struct store_fixture *f = *state;
    append(f, EVENTS);
    for (size_t i = 0; i < ARRAY_LENGTH(edits); i++) {
        store_execute(f, "CREATE TABLE kept AS SELECT * FROM audit_events WHERE seq = 5");
        store_execute(f, "UPDATE audit_events SET %s WHERE seq = 5", edits[i]);
        check_found(f, "event 5 was changed", 4);
        store_execute(f, "DELETE FROM audit_events WHERE seq = 5;"
                         "INSERT INTO audit_events SELECT * FROM kept; DROP TABLE kept");
    }
    check_sound(f, EVENTS);
}

static void test_unreadable_row(void **state)
{
    struct store_fixture *f = *state;
    append(f, EVENTS);
    /* A sealed text of another event does not open here, though it is one of ours. */
    store_execute(f, "UPDATE audit_events SET after = "
                     "(SELECT after FROM audit_events WHERE seq = 3) WHERE seq = 6");
    check_found(f, "event 6 cannot be read", 5);
    store_execute(f, "DELETE FROM audit_events WHERE seq > 6");
    check_found(f, "event 6 cannot be read", 5);
    store_execute(f, "UPDATE audit_events SET after = x'0102' WHERE seq = 1");
    check_found(f, "event 1 cannot be read", 0);
}

static void test_deleted_row(void **state)
{
    struct store_fixture *f = *state;
    append(f, EVENTS);
    store_execute(f, "DELETE FROM audit_events WHERE seq = 5");
    check_found(f, "event 5 is missing", 4);
    /* Closing the gap does not help. */
    store_execute(f, "UPDATE audit_events SET seq = seq - 1000 WHERE seq > 5;"
                     "UPDATE audit_events SET seq = seq + 999 WHERE seq < 0");
    check_found(f, "event 5 cannot be read", 4);
    store_execute(f, "UPDATE audit_events SET before = NULL, after = NULL WHERE seq >= 5");
    check_found(f, "event 5 was changed", 4);
    store_execute(f, "DELETE FROM audit_events WHERE seq = 1");
    check_found(f, "event 1 is missing", 0);
}

static void test_swapped_rows(void **state)
{
    struct store_fixture *f = *state;
    append(f, EVENTS);
    store_execute(f, "UPDATE audit_events SET before = NULL, after = NULL");
    check_found(f, "event 1 was changed", 0);
    store_execute(f, "DELETE FROM audit_events");
    struct audit_chain chain = {0};
    for (int i = 1; i <= EVENTS; i++) {
        struct audit_event event = event_of(f, i);
        event.before = event.after = STR_NONE;
        assert_int_equal(audit_append(f->db, f->arena, &chain, &event), OK);
    }
    check_sound(f, EVENTS);
    store_execute(f, "UPDATE audit_events SET seq = -4 WHERE seq = 4;"
                     "UPDATE audit_events SET seq = 4 WHERE seq = 7;"
                     "UPDATE audit_events SET seq = 7 WHERE seq = -4");
    check_found(f, "event 4 was changed", 3);
}

/* A refused operation takes its events back, and the chain with them. */
static void test_chain_goes_back(void **state)
{
    struct store_fixture *f = *state;
    struct audit_chain chain = append(f, 2);
    struct audit_chain before = chain;
    struct audit_event event = event_of(f, 3);
    assert_int_equal(db_begin(f->db), OK);
    db_savepoint(f->db);
    assert_int_equal(audit_append(f->db, f->arena, &chain, &event), OK);
    assert_int_equal(db_undo(f->db), OK);
    chain = before;
    assert_int_equal(audit_append(f->db, f->arena, &chain, &event), OK);
    assert_int_equal(db_commit(f->db), OK);
    check_sound(f, 3);
    /* A failed append moves nothing. */
    struct audit_chain stale = before;
    assert_int_equal(audit_append(f->db, f->arena, &stale, &event), E_DUPLICATE);
    assert_int_equal(stale.seq, 2);
    assert_string_equal(stale.hash, before.hash);
}

static void test_more_than_a_batch(void **state)
{
    struct store_fixture *f = *state;
    assert_int_equal(db_begin(f->db), OK);
    append(f, 1001);
    assert_int_equal(db_commit(f->db), OK);
    check_sound(f, 1001);
    store_execute(f, "DELETE FROM audit_events WHERE seq = 1000");
    check_found(f, "event 1000 is missing", 999);
}

static void check_page(struct store_fixture *f, struct audit_page page, size_t length,
                       int64_t total)
{
    struct list list = {0};
    int64_t in_all = -1;
    assert_int_equal(audit_page(f->db, f->arena, &page, &list, &in_all), OK);
    assert_int_equal(list.count, length);
    assert_int_equal(in_all, total);
    const struct audit_event *events = list.items;
    for (size_t i = 0; i < length; i++) {
        assert_true(events[i].seq > page.after);
        assert_true(i == 0 || events[i].seq > events[i - 1].seq);
    }
}

static void test_pages(void **state)
{
    struct store_fixture *f = *state;
    append(f, EVENTS);
    check_page(f, (struct audit_page){.limit = 4}, 4, 9);
    check_page(f, (struct audit_page){.limit = 4, .after = 8}, 1, 9);
    check_page(f, (struct audit_page){.limit = 99, .subject = {101}}, 3, 3);
    check_page(f, (struct audit_page){.limit = 99, .user = {201}}, 5, 5);
    check_page(f, (struct audit_page){.limit = 99, .subject = {101}, .user = {201}}, 2, 2);
    check_page(f, (struct audit_page){.limit = 99, .subject = {1}}, 0, 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_set_up_memory, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_chain_verifies),    WITH_STORE(test_edited_row),
        WITH_STORE(test_unreadable_row),    WITH_STORE(test_deleted_row),
        WITH_STORE(test_swapped_rows),      WITH_STORE(test_chain_goes_back),
        WITH_STORE(test_more_than_a_batch), WITH_STORE(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
