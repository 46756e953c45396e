/* channel/form: the fields of application/x-www-form-urlencoded, written and read.
 *
 * Writing percent-encodes everything but letters, digits, "-", ".", "_" and "~", so that the '+' of
 * a number is "%2B". Reading takes '+' for a space and keeps what a broken escape says as it
 * stands, as the URL standard has it: a signature is made over whatever came. A name may stand
 * several times. Bounded: at most FORM_PAIRS_MAX fields are taken from a body, more are refused.
 * Ownership: everything in the arena given. Source: URL standard 5.1, 5.2; protocols.md 1.1. */
#ifndef TOCSIN_CHANNEL_FORM_H
#define TOCSIN_CHANNEL_FORM_H

#include "base/buf.h"

enum { FORM_PAIRS_MAX = 256 };

struct form_pair {
    struct str name;
    struct str value;
};

struct form {
    const struct form_pair *pairs; /* In the order of the body. */
    size_t count;
};

/* Adds "name=value", after a '&' where something stands before it. An absent value adds nothing; an
 * empty one adds "name=". */
void form_add(struct buf *out, const char *name, struct str value);
void form_add_int(struct buf *out, const char *name, int64_t value);
/* One text, as a name or a value or a part of a path is written. */
void form_encode(struct buf *out, struct str text);

/* The fields of a body or of a query without its '?'. E_TOO_LARGE for too many of them. */
NODISCARD enum err form_parse(struct arena *arena, struct str body, struct form *out);
/* The first value of a name; STR_NONE where there is none. */
struct str form_value(const struct form *form, const char *name);
/* The same, but only where the value is UTF-8 without control characters other than tab, CR and
 * LF; STR_NONE otherwise. */
struct str form_text(const struct form *form, const char *name);
/* Of a raw body: the first value of a name; STR_NONE where there is none or the body is refused. */
void form_get(struct arena *arena, struct str body, const char *name, struct str *out);

#endif
