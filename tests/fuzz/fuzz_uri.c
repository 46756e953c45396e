#include "net/uri.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What was decoded is UTF-8 and comes back the same after encoding; walking a query ends and covers
 * it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct str text = {(const char *)bytes, len};
    struct arena *arena = arena_new();
    for (int plus_is_space = 0; plus_is_space < 2; plus_is_space++) {
        struct str decoded;
        struct str encoded;
        struct str again;
        if (uri_decode(arena, text, plus_is_space, &decoded) != OK) {
            continue;
        }
        assert(decoded.len <= len && str_is_utf8(decoded));
        uri_encode(arena, decoded, &encoded);
        enum err err = uri_decode(arena, encoded, true, &again);
        assert(err == OK && str_equal(decoded, again));
    }
    struct str rest = text;
    struct str name;
    struct str value;
    size_t covered = 0;
    while (uri_query_next(&rest, &name, &value)) {
        covered += name.len + value.len;
        assert(str_find_byte(name, '=', 0) == name.len);
    }
    assert(covered <= len);
    (void)!uri_query_get(arena, text, "a", &value);
    arena_free(&arena);
    return 0;
}
