/* model/json_pointer: one place in a document, by the names and indexes that lead to it.
 *
 * "" is the whole document, "/labels/host" a member of a member, "/alerts/0" an item; ~1 stands for
 * / and ~0 for ~ in a name. Source: RFC 6901. Threads: reentrant; nothing is kept. */
#ifndef TOCSIN_MODEL_JSON_POINTER_H
#define TOCSIN_MODEL_JSON_POINTER_H

#include "model/json_tree.h"

bool json_pointer_is_valid(struct str pointer);
/* NULL where it leads to nothing, and for a pointer that is none. */
const struct json_node *json_pointer_find(const struct json_node *root, struct str pointer);

#endif
