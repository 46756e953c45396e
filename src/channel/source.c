#include "channel/source.h"

#include <assert.h>

enum err source_read(const struct source_body *body, struct arena *arena, struct source_batch *out,
                     struct problem *problem)
{
    const struct json_node *root = NULL;
    *out = (struct source_batch){0};
    if (json_tree_read(arena, body->text, &root) != OK) {
        return problem_set(problem, E_INVALID, "body",
                           "must be JSON (RFC 8259), nested at most %d levels deep",
                           JSON_TREE_NESTING_MAX);
    }
    assert(body->kind != source_kind_NONE && body->kind != source_kind_ANY);
    return body->kind == source_kind_GENERIC ? source_read_generic(body, root, arena, out, problem)
                                             : source_read_alerts(body, root, arena, out, problem);
}
