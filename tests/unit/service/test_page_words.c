/* The words of the pages behind links: which language a browser gets that no link names. A5. */
#include "service/page_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_language_of_the_browser(void **state)
{
    static const struct {
        const char *accepted;
        const char *wanted;
    } rows[] = {
        {"", "en"},
        {"de", "de"},
        {"DE-at", "de"},
        {"de-AT,de;q=0.9,en;q=0.8", "de"},
        {"fr-FR, fr;q=0.9, hi;q=0.8, en;q=0.7", "hi"},
        {"en;q=0.5, es;q=0.9", "es"},
        {"en;q=0.5, es;q=0.51", "es"},
        {"de;q=0, es;q=0.001", "es"},
        {"es;q=1.0, de;q=1", "es"},
        {"fr, *;q=0.5", "en"},
        {"*", "en"},
        {"est, dex", "en"},
        {"de;q=", "en"},
        {"de;level=1", "en"},
        {",,;;q=,de;q=0.9999999999999999999,", "de"},
        {"<script>", "en"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct str language = page_language(str_from(rows[i].accepted));
        if (!str_equal_text(language, rows[i].wanted)) {
            fail_msg("%s: %.*s", rows[i].accepted, STR_FMT(language));
        }
    }
    assert_true(str_equal_text(page_language(STR_NONE), "en"));
}

static void test_greeting(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_true(str_equal_text(page_greeting(STR("de-AT"), STR("{{title}}"), arena),
                               "Guten Tag {{title}}"));
    assert_true(str_equal_text(page_greeting(STR("es"), STR_NONE, arena), "Hola"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language_of_the_browser),
        cmocka_unit_test(test_greeting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
