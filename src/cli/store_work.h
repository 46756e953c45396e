/* cli/store_work: a command that does operations of its own on the store, as the user "cli".
 *
 * Where a server runs on the store it is asked instead (cli/ask_server): plant.is_beside says so.
 * Threads: the command's. Ownership: the plant is the command's to load and to close. */
#ifndef TOCSIN_CLI_STORE_WORK_H
#define TOCSIN_CLI_STORE_WORK_H

#include "app/wire.h"
#include "service/op.h"

struct store_work {
    struct plant plant;
    struct writer writer;
    struct problem problem;
    struct op op;
};

/* Opens the store of the loaded plant; `op` is ready then. */
NODISCARD enum err store_work_open(struct store_work *work, enum plant_use use);
/* One operation in a transaction of its own, in which the audit trail goes on where it ends. */
NODISCARD enum err store_work_change(struct store_work *work,
                                     enum err (*function)(struct op *op, const void *input,
                                                          void *output),
                                     const void *input, void *output);

#endif
