/* model/json_lines: JSON of others as lines that a person can read: "name: value", nested members
 * by dotted names, elements by their number.
 *
 * Pure. What is null or empty has no line; control bytes become spaces, and a value beyond 2000
 * bytes is cut with a mark. */
#ifndef TOCSIN_MODEL_JSON_LINES_H
#define TOCSIN_MODEL_JSON_LINES_H

#include "base/buf.h"
#include "model/json_tree.h"

enum { JSON_NODES_MAX = 64 };

/* Nodes of a tree that are not to be told again. */
struct json_nodes {
    const struct json_node *items[JSON_NODES_MAX];
    size_t count;
};

/* Adds the lines of `node` until `out` has `max` bytes, without what is in `but`, which may be
 * NULL. `name` is that of the node itself, "" for none. */
struct json_lines {
    size_t max;
    const struct json_nodes *but;
};
void json_add_lines(struct buf *out, struct str name, const struct json_node *node,
                    const struct json_lines *how);
/* At most `max` bytes of a text, control bytes as spaces; line breaks stay where they may. */
void json_add_clean(struct buf *out, struct str text, size_t max, bool keeps_lines);

#endif
