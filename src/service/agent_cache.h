/* service/agent_cache: agents as they are now, for the one writer, which would otherwise read and
 * open the same texts for each call.
 *
 * What a change of an agent makes wrong is forgotten in the operation that changes it, whatever
 * becomes of that; all of it when a batch was undone. Owner: the writer; free with
 * agent_cache_free. */
#ifndef TOCSIN_SERVICE_AGENT_CACHE_H
#define TOCSIN_SERVICE_AGENT_CACHE_H

#include "base/arena.h"
#include "model/records.h"

enum { AGENTS_CACHED = 64 };

struct agent_cache {
    struct agent agents[AGENTS_CACHED];
    struct arena *arenas[AGENTS_CACHED];
    size_t next; /* The place that is used next. */
};

/* NULL where it is not there; valid until the next change. */
const struct agent *agent_cache_find(const struct agent_cache *cache, struct id id);
void agent_cache_keep(struct agent_cache *cache, const struct agent *agent);
void agent_cache_forget(struct agent_cache *cache, struct id id);
void agent_cache_free(struct agent_cache *cache);

#endif
