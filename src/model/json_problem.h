/* model/json_problem: where in a document something is wrong, and what its writer is told. For the
 * codecs of this layer only.
 *
 * A path is a chain of frames on the stack of the reader; it costs nothing until something is
 * refused.
 * Threads: reentrant. */
#ifndef TOCSIN_MODEL_JSON_PROBLEM_H
#define TOCSIN_MODEL_JSON_PROBLEM_H

#include "model/json.h"

/* How deep a document may nest. A path has at most one frame a level, and one for the member at its
 * end. */
enum { JSON_NESTING_MAX = 32, JSON_PATH_FRAMES_MAX = JSON_NESTING_MAX + 8 };

struct json_path {
    const struct json_path *parent; /* NULL for a member of the body itself. */
    struct str name;                /* Absent for an item of a list. */
    size_t index;
};

/* Returns E_INVALID; the message is the path (or "The body" where it is NULL) and what `format`
 * says about it. */
enum err json_refuse(const struct json_context *context, const struct json_path *path,
                     const char *format, ...) PRINTF_LIKE(3, 4);

/* Which of the offered names is nearest to one that nobody knows. */
struct name_search {
    struct str given;
    struct str nearest; /* Absent while nothing near was offered. */
    size_t distance;
};

void name_search_offer(struct name_search *search, struct str candidate);

#endif
