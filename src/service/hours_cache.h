/* service/hours_cache: business hours as they were resolved, for the one writer, which would
 * otherwise read the same few for each call.
 *
 * Only hours without holidays, which nothing that is stored can change. Owner: the writer; free
 * with hours_cache_free. Threads: one. */
#ifndef TOCSIN_SERVICE_HOURS_CACHE_H
#define TOCSIN_SERVICE_HOURS_CACHE_H

#include "base/arena.h"
#include "model/records.h"

enum { HOURS_CACHED = 16 };

struct remembered_hours; /* service/call_memory */

struct hours_cache {
    struct remembered_hours *hours[HOURS_CACHED];
    struct arena *arenas[HOURS_CACHED];
    size_t next; /* The place that is used next. */
};

struct op;

/* As call_memory_hours. */
NODISCARD enum err hours_cache_resolve(struct op *op, const struct hours_input *given,
                                       struct str timezone, struct remembered_hours *out);
void hours_cache_free(struct hours_cache *cache);

#endif
