/* Whatever is written or said in a drill says so first, in the reader's language. O8. */
#include "channel/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *language;
    const char *mark;
} marks[] = {
    {"en", "This is a drill."},
    {"de-AT", "Dies ist eine Übung."},
    {"es", "Esto es un simulacro."},
    {"hi", "यह एक अभ्यास है।"},
};

static void render_as(struct arena *arena, const char *language, enum channel channel,
                      struct rendered *out)
{
    struct render_facts facts = {.name = STR("Ana"), .title = STR("Board"), .is_drill = true};
    struct render_request request = {
        .key = text_key_INCIDENT_STEP, .channel = channel, .language = str_from(language)};
    render(&request, &facts, arena, out);
}

static void every_part_begins_with_it(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(marks); i++) {
        struct str mark = str_from(marks[i].mark);
        struct rendered out;
        render_as(arena, marks[i].language, channel_EMAIL, &out);
        assert_true(str_starts(out.subject, mark));
        assert_true(str_starts(out.text, mark));
        assert_true(str_contains(
            out.html, arena_printf(arena, "<p><strong>%.*s</strong></p>", STR_FMT(mark))));
        render_as(arena, marks[i].language, channel_WHATSAPP, &out);
        assert_true(str_starts(out.text, mark));
        render_as(arena, marks[i].language, channel_IN_APP, &out);
        assert_true(str_starts(out.subject, mark) && str_starts(out.text, mark));
        render_as(arena, marks[i].language, channel_CALL, &out);
        assert_true(str_starts(out.speech, mark));
    }
    arena_free(&arena);
}

/* The title is what an approved template carries of it. */
static void a_template_carries_it_in_the_title(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct render_facts facts = {.title = STR("Board"), .is_drill = true};
    struct render_request request = {
        .key = text_key_INCIDENT_STEP, .channel = channel_WHATSAPP, .language = STR("en")};
    assert_true(str_equal_text(render_value(&request, &facts, PLACEHOLDER_TITLE, arena),
                               "This is a drill. Board"));
    facts.is_drill = false;
    assert_true(str_equal_text(render_value(&request, &facts, PLACEHOLDER_TITLE, arena), "Board"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_begins_with_it),
        cmocka_unit_test(a_template_carries_it_in_the_title),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
