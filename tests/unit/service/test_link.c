/* One-tap links: a token opens what it was made for, ends in time, and cannot be changed. */
#include "service/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { TOKEN_CHARS = 32 };

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char prefix[] = "https://tocsin.example/l/";

struct fixture {
    struct arena *arena;
    struct seal *seal;
    struct site site;
    struct problem problem;
    struct op op;
    struct meeting meeting;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    f->arena = arena_new();
    assert_int_equal(seal_new(STR("a key that only this test has"), &f->seal, &f->problem), OK);
    f->site.seal = f->seal;
    f->site.public_url = STR("https://tocsin.example");
    f->op = (struct op){.now = {1767603600000000}, /* 2026-01-05T09:00:00Z */
                        .arena = f->arena,
                        .site = &f->site,
                        .problem = &f->problem};
    f->meeting = (struct meeting){
        .id = {((int64_t)1 << 60) - 5},
        .starts_at = f->op.now,
        .ends_at = instant_add(f->op.now, MINUTES(30)),
    };
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    seal_free(&f->seal);
    arena_free(&f->arena);
    test_free(f);
    return 0;
}

static struct str token_of(struct fixture *f)
{
    struct str link = link_for_meeting(&f->op, &f->meeting);
    assert_true(str_starts(link, STR("https://tocsin.example/l/")));
    struct str token = str_slice(link, sizeof prefix - 1, link.len);
    assert_int_equal(token.len, TOKEN_CHARS);
    return token;
}

static enum err open_it(struct fixture *f, struct str token, struct id *out)
{
    f->problem = (struct problem){0};
    *out = ID_NONE;
    enum err err = link_open(&f->op, token, out);
    assert_int_equal(f->problem.err, err);
    return err;
}

static void test_round_trip(void **state)
{
    struct fixture *f = *state;
    static const int64_t ids[] = {1, 255, 256, (int64_t)1 << 59, ((int64_t)1 << 60) - 1};
    struct id id;
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        f->meeting.id.value = ids[i];
        struct str token = token_of(f);
        assert_int_equal(open_it(f, token, &id), OK);
        assert_true(id.value == ids[i]);
        assert_true(str_equal(token, token_of(f)));
        for (size_t at = 0; at < token.len; at++) {
            assert_non_null(memchr(base64url, token.ptr[at], sizeof base64url - 1));
        }
    }
}

static void test_no_link_without_url(void **state)
{
    struct fixture *f = *state;
    f->site.public_url = STR("");
    assert_false(str_is_set(link_for_meeting(&f->op, &f->meeting)));
    f->site.public_url = STR_NONE;
    assert_false(str_is_set(link_for_meeting(&f->op, &f->meeting)));
}

/* All 32 × 63 tokens that differ in one character. */
static void test_every_change_is_refused(void **state)
{
    struct fixture *f = *state;
    struct str token = token_of(f);
    char changed[TOKEN_CHARS];
    struct id id;
    int refused = 0;
    for (size_t i = 0; i < token.len * 64; i++) {
        memcpy(changed, token.ptr, sizeof changed);
        changed[i / 64] = base64url[i % 64];
        if (changed[i / 64] == token.ptr[i / 64]) {
            continue;
        }
        assert_int_equal(open_it(f, (struct str){changed, sizeof changed}, &id), E_NOT_FOUND);
        assert_false(id_is_set(id));
        refused++;
    }
    assert_int_equal(refused, TOKEN_CHARS * 63);
}

static void test_no_token_at_all(void **state)
{
    struct fixture *f = *state;
    struct id id;
    struct str token = token_of(f);
    char changed[TOKEN_CHARS + 1];
    memcpy(changed, token.ptr, token.len);
    changed[token.len] = 'A';
    assert_int_equal(open_it(f, (struct str){changed, sizeof changed}, &id), E_NOT_FOUND);
    for (size_t length = 0; length < token.len; length++) {
        assert_int_equal(open_it(f, str_slice(token, 0, length), &id), E_NOT_FOUND);
    }
    static const char strange[] = {'+', '/', '=', ' ', '%', '\0', '\n', '\x80', '\xff'};
    for (size_t i = 0; i < sizeof strange; i++) {
        changed[7] = strange[i];
        assert_int_equal(open_it(f, (struct str){changed, token.len}, &id), E_NOT_FOUND);
    }
    assert_int_equal(open_it(f, STR_NONE, &id), E_NOT_FOUND);
}

/* A token opens for what it was made for, and for nothing else. */
static void test_each_purpose_by_itself(void **state)
{
    struct fixture *f = *state;
    static const enum link_purpose purposes[] = {LINK_MEETING, LINK_UNSUBSCRIBE, LINK_STEP};
    for (size_t i = 0; i < ARRAY_LENGTH(purposes); i++) {
        struct link_facts made = {purposes[i], f->meeting.id, 7};
        struct str token = link_token(&f->op, &made, f->arena);
        for (size_t j = 0; j < ARRAY_LENGTH(purposes); j++) {
            struct link_facts opened = {.purpose = purposes[j]};
            assert_int_equal(link_token_open(&f->op, token, &opened), i == j ? OK : E_NOT_FOUND);
            assert_int_equal(id_equal(opened.id, made.id), i == j);
        }
    }
    struct step step = {.id = f->meeting.id};
    assert_true(str_starts(link_for_step(&f->op, &step), STR("https://tocsin.example/s/")));
    f->site.public_url = STR("");
    assert_false(str_is_set(link_for_step(&f->op, &step)));
}

static void test_other_installation(void **state)
{
    struct fixture *f = *state;
    struct str token = token_of(f);
    struct seal *other = NULL;
    struct id id;
    assert_int_equal(seal_new(STR("a key that only others have"), &other, &f->problem), OK);
    f->site.seal = other;
    assert_int_equal(open_it(f, token, &id), E_NOT_FOUND);
    seal_free(&other);
}

/* A day after the meeting, to the minute. */
static void test_expiry(void **state)
{
    struct fixture *f = *state;
    struct str token = token_of(f);
    struct instant end = instant_add(f->meeting.ends_at, DAYS(1));
    struct id id;
    f->op.now = end;
    assert_int_equal(open_it(f, token, &id), OK);
    f->op.now = instant_add(end, MICROSECONDS(1));
    assert_int_equal(open_it(f, token, &id), E_GONE);
    /* Whose it was decides in which language that is said. */
    assert_true(id_equal(id, f->meeting.id));
    f->op.now = instant_add(end, DAYS(3000));
    assert_int_equal(open_it(f, token, &id), E_GONE);
    /* A changed token is not told from one that ended: it is not ours at all. */
    char changed[TOKEN_CHARS];
    memcpy(changed, token.ptr, sizeof changed);
    changed[13] = changed[13] == 'A' ? 'B' : 'A';
    assert_int_equal(open_it(f, (struct str){changed, sizeof changed}, &id), E_NOT_FOUND);
    assert_false(id_is_set(id));
}

/* Two meetings, or one that was moved, have different links. */
static void test_links_differ(void **state)
{
    struct fixture *f = *state;
    struct str first = token_of(f);
    f->meeting.ends_at = instant_add(f->meeting.ends_at, MINUTES(1));
    struct str second = token_of(f);
    f->meeting.id.value--;
    struct str third = token_of(f);
    assert_false(str_equal(first, second) || str_equal(second, third) || str_equal(first, third));
}

/* A link that ends emails opens no meeting, nor the other way round. */
static void test_purposes(void **state)
{
    struct fixture *f = *state;
    struct link_facts facts = {LINK_UNSUBSCRIBE, {12345}, 0xFFFFFFFF};
    struct str token = link_token(&f->op, &facts, f->arena);
    struct id id = ID_NONE;
    assert_int_equal(token.len, TOKEN_CHARS);
    assert_int_equal(open_it(f, token, &id), E_NOT_FOUND);
    struct link_facts opened = {.purpose = LINK_UNSUBSCRIBE};
    assert_int_equal(link_token_open(&f->op, token, &opened), OK);
    assert_true(opened.id.value == 12345 && opened.number == 0xFFFFFFFF);
    assert_int_equal(link_token_open(&f->op, token_of(f), &opened), E_NOT_FOUND);
}

#define WITH_OP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OP(test_round_trip),
        WITH_OP(test_no_link_without_url),
        WITH_OP(test_every_change_is_refused),
        WITH_OP(test_no_token_at_all),
        WITH_OP(test_each_purpose_by_itself),
        WITH_OP(test_other_installation),
        WITH_OP(test_expiry),
        WITH_OP(test_links_differ),
        WITH_OP(test_purposes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
