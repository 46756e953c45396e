/* service/call_memory: what many calls of one request have in common, worked out once.
 *
 * Business hours as they were resolved, by what the calls say of them; agents, by their ids.
 * Everything lives in the arena that it was made with. Threads: one. */
#ifndef TOCSIN_SERVICE_CALL_MEMORY_H
#define TOCSIN_SERVICE_CALL_MEMORY_H

#include "service/call_times.h"

enum { HOURS_REMEMBERED = 32 };

struct remembered_hours {
    const struct hours_input *given; /* NULL for none. */
    struct str timezone;
    const struct call_guards *guards;
    struct str text;
};

struct remembered_agent {
    struct id id;              /* Unset for a free place. */
    const struct agent *agent; /* NULL for one that nothing may begin with. */
    struct problem problem;    /* Why that is. */
};

struct call_memory {
    struct remembered_hours hours[HOURS_REMEMBERED];
    size_t hours_count;
    struct remembered_agent *agents; /* Open addressing; never full. */
    size_t agent_places;             /* A power of two. */
};

/* Whether they are what was made of these. */
bool remembered_hours_are(const struct remembered_hours *hours, const struct hours_input *given,
                          struct str timezone);

/* For at most so many calls. */
struct call_memory *call_memory_new(struct arena *arena, size_t calls);
/* As call_hours_resolve; `memory` may be NULL. */
NODISCARD enum err call_memory_hours(struct op *op, struct call_memory *memory,
                                     const struct hours_input *given, struct str timezone,
                                     struct remembered_hours *out);
/* E_AGENT_NOT_FOUND for one that is not there or was archived. */
NODISCARD enum err call_memory_agent(struct op *op, struct call_memory *memory, struct id id,
                                     const struct agent **out);

#endif
