/* service/queue: the queue of jobs, as people look at it and hold it (Q2, Q3; docs/queue.md).
 *
 * A kind of job can be paused and resumed; of scheduled calls, which people create, what waits can
 * be cancelled (drain), and what has ended can be counted from 0 (clean). What the engine itself
 * has to do is neither drained nor cleaned: it would be lost. A job that was given up can be tried
 * again by hand. What was decided is a row of queue_states, which a start reads again. */
#ifndef TOCSIN_SERVICE_QUEUE_H
#define TOCSIN_SERVICE_QUEUE_H

#include "service/op.h"

/* Reads what is paused and drained from the rows: at the start. */
NODISCARD enum err queue_recover(struct op *op);
/* The names of the kinds that are paused, with commas; absent where none is. */
struct str queue_paused_names(const struct op *op);
/* Removes finished and failed jobs as long as they are to be kept no longer; true in `more` where
 * there are more of them than one operation should remove. */
NODISCARD enum err queue_forget_old(struct op *op, bool *more);

/* How many jobs of a kind there are: what GET /queue shows of it. */
NODISCARD enum err queue_look_at(struct op *op, enum timer_kind kind, struct queue_kind *out);

/* A scheduled call that failed gets one more attempt (service/call_revival): at once, or when its
 * hours open. E_OPERATION says why it does not. */
NODISCARD enum err retry_scheduled_call(struct op *op, struct id id, struct job *job);

/* What the API asks for; see api/routes.def. */
NODISCARD enum err show_queue(struct op *op, const void *input, void *output);
NODISCARD enum err pause_queue(struct op *op, const void *input, void *output);
NODISCARD enum err resume_queue(struct op *op, const void *input, void *output);
NODISCARD enum err drain_queue(struct op *op, const void *input, void *output);
NODISCARD enum err clean_queue(struct op *op, const void *input, void *output);
NODISCARD enum err list_jobs(struct op *op, const void *input, void *output);
NODISCARD enum err retry_job(struct op *op, const void *input, void *output);

#endif
