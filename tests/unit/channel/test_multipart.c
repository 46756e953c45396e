/* multipart/form-data: what Exotel writes, both sides of each limit, and what nobody should. */
#include "channel/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TYPE "multipart/form-data; boundary=----b7"
#define PART(name, value) \
    "------b7\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END "------b7--\r\n"

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static void assert_field(const struct form *form, const char *name, const char *value)
{
    struct str found = form_value(form, name);
    assert_true(str_is_set(found));
    assert_int_equal(found.len, strlen(value));
    assert_memory_equal(found.ptr, value, found.len);
}

static void test_fields(void **state)
{
    struct form form;
    struct str body = STR(PART("CallSid", "c1") PART("Legs[0][Status]", "completed")
                              PART("Empty", "") PART("Text", "two\r\nlines -- here") END);
    assert_int_equal(multipart_parse(*state, STR(TYPE), body, &form), OK);
    assert_int_equal(form.count, 4);
    assert_field(&form, "CallSid", "c1");
    assert_field(&form, "Legs[0][Status]", "completed");
    assert_field(&form, "Empty", "");
    assert_field(&form, "Text", "two\r\nlines -- here");
}

static void test_spellings(void **state)
{
    static const char *const types[] = {
        "multipart/form-data; boundary=\"----b7\"",
        "Multipart/Form-Data;boundary=----b7",
        "multipart/form-data; charset=\"a;boundary=x\"; BOUNDARY=----b7 ",
    };
    struct form form;
    struct str body = STR("a preamble\r\n------b7\r\ncontent-type: text/plain\r\n"
                          "CONTENT-DISPOSITION: form-data; filename=\"a;b\\\"c\"; name=Status\r\n"
                          "\r\nbusy\r\n------b7--");
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        assert_int_equal(multipart_parse(*state, str_from(types[i]), body, &form), OK);
        assert_int_equal(form.count, 1);
        assert_field(&form, "Status", "busy");
    }
    assert_int_equal(multipart_parse(*state, STR(TYPE), STR(END), &form), OK);
    assert_int_equal(form.count, 0);
}

static void test_refused(void **state)
{
    static const struct {
        const char *type;
        const char *body;
    } rows[] = {
        {"text/plain; boundary=----b7", PART("a", "b") END},
        {"multipart/form-data", PART("a", "b") END},
        {"multipart/form-data; boundary=", PART("a", "b") END},
        {"multipart/form-data; boundary=\"----b7", PART("a", "b") END},
        {TYPE, ""},
        {TYPE, "------b7"},
        {TYPE, "------b7\r\n"},
        {TYPE, "no delimiter"},
        {TYPE, PART("a", "b")},
        {TYPE, "------b7x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n" END},
        {TYPE, "------b7\r\nContent-Disposition: form-data\r\n\r\nb\r\n" END},
        {TYPE, "------b7\r\nContent-Type: text/plain\r\n\r\nb\r\n" END},
        {TYPE, "------b7\r\nContent-Disposition: form-data; name=\"a\r\n\r\nb\r\n" END},
        {TYPE, "------b7\r\n\r\nb\r\n" END},
        {TYPE, "------b7\nContent-Disposition: form-data; name=a\n\nb\n" END},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct form form = {.count = 7};
        assert_int_equal(
            multipart_parse(*state, str_from(rows[i].type), str_from(rows[i].body), &form),
            E_INVALID);
        assert_int_equal(form.count, 0);
    }
}

static struct str parts_of(struct arena *arena, size_t count)
{
    struct buf body = {.arena = arena};
    for (size_t i = 0; i < count; i++) {
        buf_add_text(&body, PART("a", "b"));
    }
    buf_add_text(&body, END);
    return buf_str(&body);
}

static void test_limits(void **state)
{
    struct form form;
    assert_int_equal(multipart_parse(*state, STR(TYPE), parts_of(*state, FORM_PAIRS_MAX), &form),
                     OK);
    assert_int_equal(form.count, FORM_PAIRS_MAX);
    assert_int_equal(
        multipart_parse(*state, STR(TYPE), parts_of(*state, FORM_PAIRS_MAX + 1), &form),
        E_TOO_LARGE);
    struct buf body = {.arena = *state};
    buf_add_text(&body, "------b7\r\nX: ");
    for (int i = 0; i < MULTIPART_HEAD_BYTES_MAX; i++) {
        buf_add_byte(&body, 'x');
    }
    buf_add_text(&body, "\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n" END);
    assert_int_equal(multipart_parse(*state, STR(TYPE), buf_str(&body), &form), E_TOO_LARGE);
    struct buf type = {.arena = *state};
    buf_add_text(&type, "multipart/form-data; boundary=");
    for (int i = 0; i < 71; i++) {
        buf_add_byte(&type, 'b');
    }
    assert_int_equal(multipart_parse(*state, buf_str(&type), STR(END), &form), E_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fields),
        TEST(test_spellings),
        TEST(test_refused),
        TEST(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
