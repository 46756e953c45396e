/* service/retention: what is past its keeping goes to archive files, a portion at a time
 * (requirement E6).
 *
 * A sweep begins with the night and goes on until nothing is left. A portion is one operation: it
 * reads some hundred rows of whole subjects, adds them as lines to the archive file of the month,
 * which is flushed, and removes them in the transaction that also says how long the file now is. If
 * that is not committed, the lines stand behind what counts of the file, and the next portion cuts
 * them off. So each row is in the database or in a file, and never in both. Where the file cannot
 * be written nothing goes; it is tried again, and health says so. The audit trail never goes.
 * Settings: struct retention_settings. Threads: the writer's. */
#ifndef TOCSIN_SERVICE_RETENTION_H
#define TOCSIN_SERVICE_RETENTION_H

#include "service/op.h"

/* One portion; *next is when another is wanted. The caller's timer waits for the night where
 * *is_over. */
NODISCARD enum err retention_sweep(struct op *op, struct instant *next, bool *is_over);

/* How it went last. */
NODISCARD enum err retention_state(struct op *op, struct retention_view *out);
/* Whether a meeting that ended then would go at once: it is not taken in any more. */
bool retention_is_past(const struct op *op, enum retention_kind kind, struct instant ended_at);

/* The use case GET /archives. */
NODISCARD enum err list_archives(struct op *op, const void *input, void *output);

#endif
