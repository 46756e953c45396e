#include "domain/life.h"

#include <assert.h>

int life_target(const struct life *life, int event)
{
    for (size_t i = 0; i < life->count; i++) {
        if (life->edges[i].event == event) {
            return life->edges[i].to;
        }
    }
    assert(!"every event is on an edge");
    return 0;
}

enum err life_step(const struct life *life, int from, int event, int *to, struct problem *problem)
{
    assert(from > 0 && from < life->states->count);
    for (size_t i = 0; i < life->count; i++) {
        if (life->edges[i].from == from && life->edges[i].event == event) {
            *to = life->edges[i].to;
            return OK;
        }
    }
    const char *from_name = life->states->names[from];
    const char *to_name = life->states->names[life_target(life, event)];
    enum err err = problem_set(problem, E_TRANSITION, NULL, "%s that is %s cannot become %s",
                               life->whose, from_name, to_name);
    if (problem != NULL) {
        problem->from = from_name;
        problem->to = to_name;
    }
    return err;
}
