/* What the tests of the JSON codec share: a context over an arena, and how refusals are listed.
 *
 * Included by one test each; everything is static. */
#ifndef TOCSIN_TESTS_UNIT_MODEL_JSON_FIXTURE_H
#define TOCSIN_TESTS_UNIT_MODEL_JSON_FIXTURE_H

#include "model/json.h"
#include "test_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct hash_key id_key = {11, 22};

struct fixture {
    struct arena *arena;
    struct problem problem;
    struct json_context context;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.arena = arena_new()};
    fixture.context = (struct json_context){
        .arena = fixture.arena, .id_key = id_key, .problem = &fixture.problem};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_free(&fixture->arena);
    return 0;
}

__attribute__((unused)) static void assert_str(struct str got, const char *expected)
{
    if (!str_equal_text(got, expected)) {
        fail_msg("got <%.*s>, expected <%s>", STR_FMT(got), expected);
    }
}

/* A body that is refused, the field that is named and a part of the message. */
struct refusal {
    const char *text;
    const char *field;
    const char *message;
};

#endif
