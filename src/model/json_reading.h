/* model/json_reading: what the two readers of records share. For the codecs of this layer only.
 *
 * The quick reader fills a record straight from the text, and gives up at whatever is unusual or
 * wrong without saying why. The careful one, over jansson's tree, then reads the same text again
 * and decides: it takes all that JSON allows and finds the words for what is refused. Whatever the
 * quick one takes, the careful one would have taken with the same result.
 * Threads: reentrant. */
#ifndef TOCSIN_MODEL_JSON_READING_H
#define TOCSIN_MODEL_JSON_READING_H

#include "model/json_field.h"

/* One record that is being filled from an object. */
struct reading {
    const struct json_context *context;
    const struct record *record;
    const struct json_path *path; /* Of the object itself; NULL for the body. */
    void *out;
    bool is_partial;         /* Of the body only: what it nests is replaced as a whole. */
    struct presence given;   /* Fields that the object has, be it with null. */
    struct presence entered; /* Fields of nested objects that the object has. */
};

/* How a member's name relates to a field. */
enum match { MATCH_NONE, MATCH_MEMBER, MATCH_OBJECT };

static inline bool is_body_member(const struct field *field)
{
    return (field->flags & (F_READ_ONLY | F_HIDDEN | F_QUERY | F_PATH)) == 0 &&
           field->type != FIELD_BYTES;
}

static inline void presence_add(struct presence *presence, size_t index)
{
    presence->bits |= (uint64_t)1 << index;
}

/* Looks from `*at` on, since documents mostly come in the order of the record, and leaves it behind
 * the field found. `prefix` is the nested object that the name was found in, absent outside. */
enum match json_find_member(const struct record *record, struct str prefix, struct str name,
                            size_t *at);
/* "start" of "quietHours.start" within quietHours; STR_NONE for a field that is elsewhere. Outside
 * of an object what stands before the dot. */
struct str json_name_within(const struct field *field, struct str prefix);
/* Defaults and required members, once all that was given is known. */
NODISCARD enum err json_complete(const struct reading *reading);

/* Both zero `out` first. False where the careful one must look; nothing is said about it then. */
bool json_read_quickly(const struct json_context *context, const struct record *record,
                       struct str text, void *out, struct presence *given);
NODISCARD enum err json_read_carefully(const struct json_context *context,
                                       const struct record *record, struct str text, void *out,
                                       struct presence *given);

#endif
