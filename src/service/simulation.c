#include "service/simulation.h"

#include "service/policies.h"

/* It shows what its texts say and who is on call, so it is for whoever may read everything. */
enum err simulate_policy(struct op *op, const void *input, void *output)
{
    struct rehearsal_order order = {.input = input};
    TRY(op_may_read(op, ID_NONE));
    TRY(policy_of_path(op));
    if (op->site->rehearse == NULL) {
        return op_fail(op, E_UNAVAILABLE, NULL, "this server rehearses nothing");
    }
    return op->site->rehearse(op->site->rehearse_context, op, &order, output);
}
