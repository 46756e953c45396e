/* Keys: what each scope may, the last one of scope ADMIN, what a reader sees of links. X1, X2. */
#include "op_fixture.h"
#include "service/keys.h"
#include "service/link.h"
#include "store/people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum err make(struct op_fixture *f, enum key_scope scope, struct api_key *out)
{
    struct key_input input = {.name = STR("a key"), .scope = (int)scope};
    *f->op.problem = (struct problem){0};
    return create_key(&f->op, &input, out);
}

static enum err revoke(struct op_fixture *f, struct id key)
{
    struct removed removed = {0};
    *f->op.problem = (struct problem){0};
    f->op.path_id = key;
    return revoke_key(&f->op, NULL, &removed);
}

static void test_what_a_scope_may(void **state)
{
    static const struct {
        enum key_scope scope;
        enum err read;
        enum err respond;
        enum err change;
        enum err administer;
    } rows[] = {
        {key_scope_ADMIN, OK, OK, OK, OK},
        {key_scope_OPERATOR, OK, OK, OK, E_FORBIDDEN},
        {key_scope_RESPONDER, OK, OK, E_FORBIDDEN, E_FORBIDDEN},
        {key_scope_READER, OK, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN},
        {key_scope_USER, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN},
    };
    struct op_fixture *f = *state;
    _Static_assert(ARRAY_LENGTH(rows) == key_scope_COUNT - 1, "a row for each scope");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        f->op.actor.scope = rows[i].scope;
        f->op.actor.user = rows[i].scope == key_scope_USER ? f->user.id : ID_NONE;
        assert_int_equal(op_may_read(&f->op, ID_NONE), rows[i].read);
        assert_int_equal(op_may_respond(&f->op, ID_NONE), rows[i].respond);
        assert_int_equal(op_may_change(&f->op, ID_NONE), rows[i].change);
        assert_int_equal(op_may_administer(&f->op), rows[i].administer);
    }
}

static void test_the_last_good_key_of_scope_admin_stays(void **state)
{
    struct op_fixture *f = *state;
    struct api_key first = {0};
    struct api_key second = {0};
    f->op.actor.scope = key_scope_ADMIN;
    assert_int_equal(make(f, key_scope_ADMIN, &first), OK);
    assert_int_equal(revoke(f, first.id), E_CONFLICT);
    assert_int_equal(make(f, key_scope_OPERATOR, &second), OK);
    assert_int_equal(revoke(f, first.id), E_CONFLICT);
    assert_int_equal(make(f, key_scope_ADMIN, &second), OK);
    assert_int_equal(revoke(f, first.id), OK);
    assert_int_equal(revoke(f, first.id), OK);
    assert_int_equal(revoke(f, second.id), E_CONFLICT);
    assert_int_equal(count_events(f, "KEY_REVOKED"), 1);
    f->site.has_admin_key = true;
    assert_int_equal(revoke(f, second.id), OK);
}

/* Where all have ended, a start makes another one. */
static void test_a_start_makes_a_key_where_none_is_good(void **state)
{
    struct op_fixture *f = *state;
    struct api_key key = {0};
    struct str made = STR_NONE;
    f->op.actor.scope = key_scope_ADMIN;
    struct key_input input = {.name = STR("short"),
                              .scope = key_scope_ADMIN,
                              .expires_at = instant_add(f->op.now, HOURS(1))};
    assert_int_equal(create_key(&f->op, &input, &key), OK);
    assert_int_equal(ensure_admin_key(&f->op, &made), OK);
    assert_false(str_is_set(made));
    f->op.now = instant_add(f->op.now, HOURS(1));
    assert_int_equal(find_key(&f->op, key.key, &(struct api_key){0}), E_UNAUTHENTICATED);
    assert_int_equal(ensure_admin_key(&f->op, &made), OK);
    assert_true(str_is_set(made));
    assert_int_equal(find_key(&f->op, made, &key), OK);
    assert_int_equal(key.scope, key_scope_ADMIN);
}

#define TOKEN "ABCDEFGHIJabcdefghij0123456789-_"

static void test_a_reader_sees_no_token(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"Take it: https://a.example/s/" TOKEN, "Take it: https://a.example/s/…"},
        {"https://a.example/l/" TOKEN "\nhttps://a.example/u/" TOKEN " ok",
         "https://a.example/l/…\nhttps://a.example/u/… ok"},
        {"/d/" TOKEN, "/d/…"},
        {"https://a.example/x/" TOKEN, "https://a.example/x/" TOKEN},
        {"https://a.example/s/short", "https://a.example/s/short"},
        {"ñ/s/", "ñ/s/"},
        {"", ""},
    };
    struct op_fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        f->op.actor.scope = key_scope_READER;
        store_assert_text(link_shown_text(&f->op, str_from(rows[i].text)), rows[i].shown);
        f->op.actor.scope = key_scope_OPERATOR;
        store_assert_text(link_shown_text(&f->op, str_from(rows[i].text)), rows[i].text);
    }
    f->op.actor.scope = key_scope_READER;
    assert_false(str_is_set(link_shown_text(&f->op, STR_NONE)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_a_scope_may, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_the_last_good_key_of_scope_admin_stays, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_start_makes_a_key_where_none_is_good, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reader_sees_no_token, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests_name("service/keys", tests, NULL, NULL);
}
