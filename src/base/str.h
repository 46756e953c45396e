/* base/str: a borrowed piece of text or bytes.
 *
 * A struct str points into memory that somebody else owns (an arena, a constant, a request). It is
 * not terminated. `ptr == NULL` means absent, which is different from empty. Functions never change
 * or keep what they are given. */
#ifndef TOCSIN_BASE_STR_H
#define TOCSIN_BASE_STR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_INIT(literal)               \
    {                                   \
        "" literal, sizeof(literal) - 1 \
    }
#define STR_NONE ((struct str){NULL, 0})
/* For printf: `"%.*s", STR_FMT(s)`. */
#define STR_FMT(s) (int)(s).len, (s).ptr == NULL ? "" : (s).ptr

struct str str_from(const char *text); /* NULL gives STR_NONE. */
bool str_is_set(struct str s);
bool str_equal(struct str a, struct str b);
bool str_equal_text(struct str a, const char *text);
bool str_equal_nocase(struct str a, struct str b); /* ASCII case only. */
int str_compare(struct str a, struct str b);       /* By bytes, shorter first on a tie. */
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_contains(struct str s, struct str part);
/* The index of the first byte `c` at or after `from`, or s.len. */
size_t str_find_byte(struct str s, char c, size_t from);
/* The index of the first `part`, or s.len where there is none. */
size_t str_find(struct str s, struct str part);
struct str str_slice(struct str s, size_t from, size_t to); /* [from, to), clipped to s. */
struct str str_trim(struct str s); /* Without ASCII white space at both ends. */
/* Cuts `*rest` at the first `separator`: returns what stands before it, leaves what stands after.
 * False at the end. */
bool str_split(struct str *rest, char separator, struct str *out);

/* Decimal, all of it, within int64; E_INVALID otherwise. */
NODISCARD enum err str_to_int(struct str s, int64_t *out);
/* "true", "false", "1", "0", "yes", "no", "on", "off" in any case. */
NODISCARD enum err str_to_bool(struct str s, bool *out);

/* Well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong), without NUL. */
bool str_is_utf8(struct str s);
/* The length of the well-formed sequence that starts at s.ptr[at], 0 where there is none (or a
 * NUL). at < s.len. */
size_t str_utf8_sequence(struct str s, size_t at);
/* The longest prefix of at most `max` bytes that does not cut a UTF-8 sequence. */
struct str str_cut_utf8(struct str s, size_t max);

#endif
