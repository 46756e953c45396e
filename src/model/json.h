/* model/json: JSON text to records and back, strictly.
 *
 * Reading: one value, well-formed UTF-8, no duplicate keys, nothing after it, nesting at most 32; a
 * member that the record does not list (or lists as read-only) is refused by name; types, ranges,
 * lengths and formats are checked; null is taken where F_NULLABLE says so and means absent.
 * Instants are cut to milliseconds, as rows keep them. The problem's `field` is the JSON path
 * ("events[3].startsAt"). Text is copied into the arena. Writing: no tree; absent fields are left
 * out; ids as UUIDs, instants as ISO 8601, nested objects by dotted names.
 * Threads: reentrant. */
#ifndef TOCSIN_MODEL_JSON_H
#define TOCSIN_MODEL_JSON_H

#include "base/buf.h"
#include "model/record.h"

/* What both directions need to know. */
struct json_context {
    struct arena *arena;
    struct hash_key id_key;
    bool is_list_view;       /* Writing: F_PHONE fields are masked. */
    bool is_partial;         /* Reading a PATCH: members may be missing, no defaults. */
    struct problem *problem; /* May be NULL. */
    /* Turns a raw query parameter into text (net's uri_decode, lent by the caller); only for
     * record_from_query. */
    enum err (*decode)(struct arena *arena, struct str raw, struct str *out);
};

/* Zeroes `out` (record->size bytes), applies defaults, fills it from an object. `given` may be
 * NULL. Fields with F_PATH or F_QUERY are not members of the body. A FALLBACK fills its member
 * whenever its object was given, but does not count as given: record_merge() takes it only where
 * there is no value yet. */
NODISCARD enum err record_from_json(const struct json_context *context, const struct record *record,
                                    struct str text, void *out, struct presence *given);
/* The same for F_QUERY fields, from a raw query string: unknown parameters are refused. Does not
 * zero `out`. Adds to `given`. */
NODISCARD enum err record_from_query(const struct json_context *context,
                                     const struct record *record, struct str query, void *out,
                                     struct presence *given);
/* One text into one field (path parameters, configuration). */
NODISCARD enum err record_field_from_text(const struct json_context *context,
                                          const struct field *field, struct str text, void *object);

void record_to_json(const struct json_context *context, struct buf *out,
                    const struct record *record, const void *object);
/* The members only, comma-separated, without braces; true where anything was written. */
bool record_members_to_json(const struct json_context *context, struct buf *out,
                            const struct record *record, const void *object);
/* A string with its quotes, escaped; bytes that are not UTF-8 become U+FFFD. */
void json_add_text(struct buf *out, struct str text);

#endif
