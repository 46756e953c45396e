/* service/bulk_text: where one call ends and the next begins, whatever stands in between. */
#include "service/bulk_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct bulk_text text;
    struct problem problem;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    f->arena = arena_new();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_free(&f->arena);
    test_free(f);
    return 0;
}

static enum err read_text(struct fixture *f, const char *body, bool is_lines)
{
    f->problem = (struct problem){0};
    return bulk_text_read(f->arena, str_from(body), is_lines, &f->text, &f->problem);
}

static void assert_piece(const struct fixture *f, size_t at, const char *text, int64_t line)
{
    assert_true(at < f->text.count);
    struct str piece = str_trim(f->text.pieces[at].text);
    if (!str_equal_text(piece, text)) {
        print_error("piece %zu is \"%.*s\"\n", at, STR_FMT(piece));
    }
    assert_true(str_equal_text(piece, text));
    assert_int_equal(f->text.pieces[at].line, line);
}

static void an_object_has_calls(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        read_text(f,
                  " {\"mode\":\"all\", \"calls\" : [ {\"a\":[1,2]} ,{\"b\":\"]},{\"},7 ] ,"
                  "\"campaignId\":\"x\"}\n",
                  false),
        OK);
    assert_int_equal(f->text.form, BULK_OBJECT);
    assert_int_equal(f->text.count, 3);
    assert_piece(f, 0, "{\"a\":[1,2]}", 1);
    assert_piece(f, 1, "{\"b\":\"]},{\"}", 2);
    assert_piece(f, 2, "7", 3);
    assert_true(str_equal_text(str_trim(f->text.rest),
                               "{\"mode\":\"all\", \"calls\" : [] ,\"campaignId\":\"x\"}"));
}

static void strings_hide_brackets(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_text(f, "[\"\\\\\",\"\\\"]\",\"a\\\\\\\"],\",\"\"]", false), OK);
    assert_int_equal(f->text.form, BULK_LIST);
    assert_int_equal(f->text.count, 4);
    assert_piece(f, 0, "\"\\\\\"", 1);
    assert_piece(f, 1, "\"\\\"]\"", 2);
    assert_piece(f, 2, "\"a\\\\\\\"],\"", 3);
    assert_piece(f, 3, "\"\"", 4);
}

/* Inside another member, or escaped, it is not the list. */
static void only_the_member_itself_is_the_list(void **state)
{
    struct fixture *f = *state;
    static const char *const others[] = {
        "{\"x\":{\"calls\":[1]}}",
        "{\"c\\u0061lls\":[1]}",
        "{\"calls\":{\"calls\":[1]}}",
        "{\"x\":\"\\\"calls\\\":[1]\"}",
        "{}",
        "7",
        "",
        "{\"calls\" [1]}",
        "{\"x\":1 \"calls\":[1]}",
        "\"calls\":[1]",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        assert_int_equal(read_text(f, others[i], false), OK);
        assert_int_equal(f->text.count, 0);
        assert_true(str_equal_text(f->text.rest, others[i]));
    }
}

static void a_list_must_end(void **state)
{
    struct fixture *f = *state;
    static const char *const broken[] = {"[1,2",           "[1,[2]", "{\"calls\":[1",
                                         "{\"calls\":[1}", "[\"a]",  "[1,2]]",
                                         "[1] x",          "[}",     "[1,2}"};
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++) {
        assert_int_equal(read_text(f, broken[i], false), E_INVALID);
        assert_non_null(strstr(f->problem.message, "not valid JSON"));
    }
}

/* A missing item is a piece without text, which whoever reads it refuses. */
static void commas_are_not_repaired(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_text(f, "[1,,2,]", false), OK);
    assert_int_equal(f->text.count, 4);
    assert_piece(f, 1, "", 2);
    assert_piece(f, 3, "", 4);
    struct str placed = bulk_text_piece_in_place(f->arena, &f->text, &f->text.pieces[3]);
    assert_int_equal(placed.len, STR("[1,,2,").len);
}

static void lines_are_counted(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_text(f, "\xEF\xBB\xBF{\"a\":1}\r\n\r\n  \n{\"b\":\n}\n[2]", true), OK);
    assert_int_equal(f->text.form, BULK_LINES);
    assert_int_equal(f->text.count, 4);
    assert_piece(f, 0, "{\"a\":1}", 1);
    assert_piece(f, 1, "{\"b\":", 4);
    assert_piece(f, 2, "}", 5);
    assert_piece(f, 3, "[2]", 6);
    assert_int_equal(read_text(f, "\n\r\n \n", true), E_INVALID);
    assert_int_equal(read_text(f, "", true), E_INVALID);
    assert_string_equal(f->problem.field, "calls");
}

static struct str many(struct fixture *f, int count, const char *begin, const char *between)
{
    struct str text = str_from(begin);
    char *out = arena_alloc(f->arena, (size_t)count * 8 + 16);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        out[len++] = text.ptr[i];
    }
    for (int i = 0; i < count; i++) {
        out[len++] = '{';
        out[len++] = '}';
        out[len++] = i + 1 < count ? between[0] : between[1];
    }
    return (struct str){out, len};
}

static void ten_thousand_are_the_most(void **state)
{
    struct fixture *f = *state;
    struct str most = many(f, BULK_CALLS_MAX, "[", ",]");
    struct str more = many(f, BULK_CALLS_MAX + 1, "[", ",]");
    assert_int_equal(bulk_text_read(f->arena, most, false, &f->text, &f->problem), OK);
    assert_int_equal(f->text.count, BULK_CALLS_MAX);
    assert_int_equal(f->text.pieces[BULK_CALLS_MAX - 1].line, BULK_CALLS_MAX);
    assert_int_equal(bulk_text_read(f->arena, more, false, &f->text, &f->problem), E_INVALID);
    assert_string_equal(f->problem.field, "calls");
    most = many(f, BULK_CALLS_MAX, "", "\n\n");
    more = many(f, BULK_CALLS_MAX + 1, "", "\n\n");
    assert_int_equal(bulk_text_read(f->arena, most, true, &f->text, &f->problem), OK);
    assert_int_equal(bulk_text_read(f->arena, more, true, &f->text, &f->problem), E_INVALID);
}

static void what_is_beside_the_calls_is_bounded(void **state)
{
    struct fixture *f = *state;
    size_t len = BULK_REST_BYTES_MAX + 10;
    char *body = arena_alloc(f->arena, len + 1);
    memset(body, 'x', len);
    assert_int_equal(
        bulk_text_read(f->arena, (struct str){body, len}, false, &f->text, &f->problem), E_INVALID);
    memset(body, ' ', len);
    body[len - 2] = '{';
    body[len - 1] = '}';
    assert_int_equal(
        bulk_text_read(f->arena, (struct str){body, len}, false, &f->text, &f->problem), OK);
    assert_true(str_equal_text(f->text.rest, "{}"));
}

static void faults_keep_their_place(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_text(f, "{\"é\":1,\n\"calls\":[{},\n {x}]}", false), OK);
    struct str placed = bulk_text_piece_in_place(f->arena, &f->text, &f->text.pieces[1]);
    assert_true(str_equal_text(placed, "       \n            \n {x}"));
    placed = bulk_text_rest_in_place(f->arena, &f->text);
    assert_true(str_equal_text(placed, "{\"é\":1,\n\"calls\":[   \n    ]}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_object_has_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strings_hide_brackets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_member_itself_is_the_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_must_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commas_are_not_repaired, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ten_thousand_are_the_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_beside_the_calls_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(faults_keep_their_place, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
