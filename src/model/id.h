/* model/id: what everything is called by: a UUIDv7 outside, a growing 64-bit number inside.
 *
 * The row id is the time-ordered part of the UUID: 48 bits of milliseconds and 12 bits of a counter
 * (60 bits in all), so that rows are appended in order and need no second index (stack.md, "SQLite:
 * what costs"). The other 62 bits of the text are a keyed hash of those 60 under the installation's
 * own key: they are not stored, and a text whose tail does not match names nothing. The version and
 * variant bits are those of RFC 9562 5.7. 0 is "none".
 * Threads: a codec is constant; a source belongs to one writer. */
#ifndef TOCSIN_MODEL_ID_H
#define TOCSIN_MODEL_ID_H

#include "base/hash.h"
#include "base/time.h"

struct id {
    int64_t value;
};

#define ID_NONE ((struct id){0})
/* What stands for a UUID that is well-formed and not one of ours: the last id there could be, which
 * no row has. */
#define ID_UNKNOWN ((struct id){(INT64_C(1) << 60) - 1})
enum { ID_TEXT_BYTES = 36, ID_TEXT_MAX = 37, ID_COUNTER_BITS = 12 };

static inline bool id_is_set(struct id id)
{
    return id.value != 0;
}

static inline bool id_equal(struct id a, struct id b)
{
    return a.value == b.value;
}

/* Writes the canonical lower-case text and a NUL. */
struct str id_format(struct hash_key key, struct id id, char out[static ID_TEXT_MAX]);
/* E_INVALID for anything but a UUID in canonical form (either case) that this installation has
 * made. */
NODISCARD enum err id_parse(struct hash_key key, struct str text, struct id *out);
/* Whether the text is a UUID in canonical form, whoever made it. */
bool text_is_uuid(struct str text);
/* The instant that is in the id, to the millisecond. */
struct instant id_instant(struct id id);

/* Where new ids come from: growing also when the clock stands still or goes back. */
struct id_source {
    int64_t last;
};

/* No id that was made at `at` or later is less. */
struct id id_floor(struct instant at);
struct id id_next(struct id_source *source, struct instant now);

#endif
