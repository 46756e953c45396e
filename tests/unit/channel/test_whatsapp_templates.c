/* Which approved template stands for which text, and what of the setting is refused. */
#include "channel/whatsapp_templates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_find(void **state)
{
    (void)state;
    struct str setting = STR("MISSED_MESSAGE=HX1 ; MISSED_MESSAGE/es=HX2;TEST_MESSAGE/de=HX3;");
    static const struct {
        enum text_key key;
        const char *language;
        const char *wanted;
    } rows[] = {
        {text_key_MISSED_MESSAGE, "en", "HX1"},  {text_key_MISSED_MESSAGE, "es-MX", "HX2"},
        {text_key_MISSED_MESSAGE, "fr", "HX1"},  {text_key_MISSED_MESSAGE, "", "HX1"},
        {text_key_TEST_MESSAGE, "de-AT", "HX3"}, {text_key_TEST_MESSAGE, "en", NULL},
        {text_key_MISSED_CALL, "en", NULL},
    };
    assert_int_equal(whatsapp_templates_check(setting, NULL), OK);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct str found = whatsapp_template_find(setting, rows[i].key, str_from(rows[i].language));
        assert_true(str_equal(found, str_from(rows[i].wanted)));
    }
    assert_false(str_is_set(whatsapp_template_find(STR_NONE, text_key_TEST_MESSAGE, STR("en"))));
}

static void test_check(void **state)
{
    (void)state;
    static const struct {
        const char *setting;
        const char *message; /* NULL where it is sound. */
    } rows[] = {
        {"", NULL},
        {" ; ;", NULL},
        {"MISSED_MESSAGE=HX0123456789abcdef0123456789abcdef", NULL},
        {"MISSED=HX1", "WHATSAPP_TEMPLATES: there is no text MISSED."},
        {"=HX1", "WHATSAPP_TEMPLATES: there is no text ."},
        {"MISSED_CALL/fr=HX1", "WHATSAPP_TEMPLATES: there are no texts in fr."},
        {"MISSED_CALL/es-MX=HX1", "WHATSAPP_TEMPLATES: there are no texts in es-MX."},
        {"MISSED_CALL",
         "WHATSAPP_TEMPLATES: MISSED_CALL needs the id of an approved template, such as HX…."},
        {"MISSED_CALL=H X",
         "WHATSAPP_TEMPLATES: MISSED_CALL needs the id of an approved template, such as HX…."},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct problem problem = {0};
        enum err err = whatsapp_templates_check(str_from(rows[i].setting), &problem);
        assert_int_equal(err, rows[i].message == NULL ? OK : E_INVALID);
        if (rows[i].message != NULL) {
            assert_string_equal(problem.message, rows[i].message);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find), cmocka_unit_test(test_check)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
