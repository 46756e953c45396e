/* model/json_field: one value into one field, checked. For the codecs of this layer only.
 *
 * Whatever comes from outside passes here, be it a member of a body, a parameter or a path segment.
 * Ownership: texts are copied into the context's arena. Errors: E_INVALID, with the problem filled.
 * */
#ifndef TOCSIN_MODEL_JSON_FIELD_H
#define TOCSIN_MODEL_JSON_FIELD_H

#include "model/json_problem.h"

enum { TEXT_BYTES_MAX = 64 * 1024, LIST_ITEMS_MAX = 10000 };

/* Whether the field has limits of its own; if not, those of its type hold. */
static inline bool field_is_limited(const struct field *field)
{
    return field->min != 0 || field->max != 0;
}

/* A TEXT, ID, INSTANT or ENUM from well-formed UTF-8 without NUL. */
/* What is no zone at all has the code that one has which nobody knows: E_TIMEZONE. */
enum err field_refused(const struct json_context *context, const struct field *field, enum err err);
NODISCARD enum err field_set_text(const struct json_context *context, const struct json_path *path,
                                  const struct field *field, struct str text, void *object);
NODISCARD enum err field_set_int(const struct json_context *context, const struct json_path *path,
                                 const struct field *field, int64_t number, void *object);

/* "a whole number", "true or false", "an ISO 8601 time …": what a field takes, for messages. */
const char *field_expectation(const struct json_context *context, const struct field *field);

#endif
