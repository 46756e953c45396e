#include "channel/form.h"
#include "channel/xml_text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What was read comes back the same after writing, and text made fit for XML has nothing in it that
 * could end an element or an attribute. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct str body = {(const char *)bytes, len};
    struct arena *arena = arena_new();
    struct form form;
    if (form_parse(arena, body, &form) == OK) {
        struct buf written = {.arena = arena};
        struct form again;
        for (size_t i = 0; i < form.count; i++) {
            buf_add_text(&written, i > 0 ? "&" : "");
            form_encode(&written, form.pairs[i].name);
            buf_add_byte(&written, '=');
            form_encode(&written, form.pairs[i].value);
        }
        enum err err = form_parse(arena, buf_str(&written), &again);
        assert(err == OK && again.count == form.count);
        for (size_t i = 0; i < form.count; i++) {
            assert(str_equal(form.pairs[i].name, again.pairs[i].name));
            assert(str_equal(form.pairs[i].value, again.pairs[i].value));
        }
    }
    struct str text = form_text(&form, "a");
    assert(!str_is_set(text) || str_is_utf8(text));
    struct buf xml = {.arena = arena};
    xml_add_text(&xml, body);
    struct str escaped = buf_str(&xml);
    for (size_t i = 0; i < escaped.len; i++) {
        char c = escaped.ptr[i];
        assert(c != '<' && c != '>' && c != '"' && c != '\'' && c != '\0');
    }
    assert(escaped.len == 0 || str_is_utf8(escaped));
    arena_free(&arena);
    return 0;
}
