/* fuzz_multipart: any bytes as a multipart body; the first line is its Content-Type. */
#include "channel/multipart.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Each field lies in the body, behind the one before it, and is found again by its name. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct str text = {(const char *)bytes, len};
    size_t end = str_find_byte(text, '\n', 0);
    struct str type = str_trim(str_slice(text, 0, end));
    struct str body = str_slice(text, end + 1, len);
    struct arena *arena = arena_new();
    struct form form = {.count = 1};
    enum err err = multipart_parse(arena, type, body, &form);
    assert(err == OK || err == E_INVALID || err == E_TOO_LARGE);
    assert(err == OK || form.count == 0);
    assert(form.count <= FORM_PAIRS_MAX);
    size_t total = 0;
    const char *last = body.ptr;
    for (size_t i = 0; i < form.count; i++) {
        const struct form_pair *pair = &form.pairs[i];
        assert(str_is_set(pair->name) && str_is_set(pair->value));
        assert(pair->value.len == 0 || pair->value.ptr > last);
        last = pair->value.len > 0 ? pair->value.ptr : last;
        total += pair->name.len + pair->value.len;
    }
    assert(total <= body.len);
    arena_free(&arena);
    return 0;
}
