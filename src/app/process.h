/* app/process: what the system knows of this process, from /proc. Reads a few small files; what one
 * of them does not say is left 0. Any thread. */
#ifndef TOCSIN_APP_PROCESS_H
#define TOCSIN_APP_PROCESS_H

#include "service/metrics.h"

void process_read(struct process_facts *out);

#endif
