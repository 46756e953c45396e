/* service/due_port: who else is told when timers of this node are due: the index in Redis, where
 * there is one.
 *
 * The executor says what its heap has learned, after the commit. Nothing is read back from it, and
 * nothing may wait: what cannot be taken is left out, since the rows are compared with the index
 * every so often anyway. Threads: the executor's. */
#ifndef TOCSIN_SERVICE_DUE_PORT_H
#define TOCSIN_SERVICE_DUE_PORT_H

#include "bus/redis_due.h"

struct due_port {
    void *context;
    void (*note)(void *context, const struct due_note *note);
    /* The shards that this node holds now, a bit each. */
    void (*hold)(void *context, uint64_t shards);
};

#endif
