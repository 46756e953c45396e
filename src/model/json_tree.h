/* model/json_tree: JSON of others, whose members we neither know nor may refuse.
 *
 * A body is read as a whole into the arena; members are then asked for by name. Everything that is
 * not there, or is of another kind than asked for, is absent: STR_NONE, false, NULL. Nesting deeper
 * than JSON_TREE_NESTING_MAX refuses the body. Of a name that stands twice the last one counts.
 * In a body with a whole number beyond 64 bits, whole numbers are rounded to 15 digits.
 * Errors: E_INVALID for what is not JSON (RFC 8259). Threads: reentrant. */
#ifndef TOCSIN_MODEL_JSON_TREE_H
#define TOCSIN_MODEL_JSON_TREE_H

#include "base/arena.h"

enum { JSON_TREE_NESTING_MAX = 32 };

enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_NUMBER,
    JSON_KIND_TEXT,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT
};

struct json_node {
    enum json_kind kind;
    struct str name; /* As the member of an object; STR_NONE elsewhere. */
    struct str text; /* TEXT decoded; NUMBER and BOOL as they are written: "21211", "-0.2", "true".
                      */
    const struct json_node *items; /* Of ARRAY and OBJECT. */
    size_t count;
};

/* The root. */
NODISCARD enum err json_tree_read(struct arena *arena, struct str text,
                                  const struct json_node **out);
/* Each takes NULL for `node`, so that questions can be nested. */
const struct json_node *json_tree_member(const struct json_node *node, const char *name);
/* An array's element; NULL beyond its end. */
const struct json_node *json_tree_item(const struct json_node *node, size_t index);
/* The text of a member that is TEXT or NUMBER; STR_NONE for all others. */
struct str json_tree_text(const struct json_node *node, const char *name);
/* Of a member that is a whole NUMBER, or a TEXT that says one. False elsewhere. */
bool json_tree_int(const struct json_node *node, const char *name, int64_t *out);

#endif
