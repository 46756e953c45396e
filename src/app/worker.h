/* app/worker: one thread for errands that take long, such as reading a calendar of ten megabytes,
 * so that neither timers nor requests wait for them. Errands run one after another, each with the
 * worker's own read-only connection (borrowed); those that may wait after all others. */
#ifndef TOCSIN_APP_WORKER_H
#define TOCSIN_APP_WORKER_H

#include "service/work.h"

struct worker;

NODISCARD enum err worker_start(struct db *reader, struct worker **out, struct problem *problem);
/* Any thread. */
void worker_give(struct worker *worker, struct errand *errand);
/* Runs what was given, then ends the thread. */
void worker_stop(struct worker **stopping);

#endif
