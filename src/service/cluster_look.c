#include "service/cluster.h"

enum err list_nodes(struct op *op, const void *input, void *output)
{
    (void)input;
    struct node_list *out = output;
    TRY(op_may_read(op, ID_NONE));
    return nodes_shown(op->db, op->arena, &out->nodes);
}
