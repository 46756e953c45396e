#include "domain/incident.h"

#include <assert.h>

static const struct {
    enum incident_state from;
    enum incident_event event;
    enum incident_state to;
} edges[] = {
#define EDGE(from, event, to) {incident_state_##from, incident_event_##event, incident_state_##to},
#include "domain/incident.fsm.def"
#undef EDGE
};

enum incident_state incident_event_target(enum incident_event event)
{
    static const enum incident_state targets[INCIDENT_EVENT_COUNT] = {
        [incident_event_acknowledge] = incident_state_ACKNOWLEDGED,
        [incident_event_escalate] = incident_state_ESCALATING,
        [incident_event_resolve] = incident_state_RESOLVED,
        [incident_event_cancel] = incident_state_CANCELLED,
    };
    assert(event < INCIDENT_EVENT_COUNT);
    return targets[event];
}

enum err incident_step(enum incident_state from, enum incident_event event, enum incident_state *to,
                       struct problem *problem)
{
    assert(from > incident_state_NONE && from < incident_state_COUNT);
    for (size_t i = 0; i < ARRAY_LENGTH(edges); i++) {
        if (edges[i].from == from && edges[i].event == event) {
            *to = edges[i].to;
            return OK;
        }
    }
    const char *from_name = incident_state_names.names[from];
    const char *to_name = incident_state_names.names[incident_event_target(event)];
    enum err err = problem_set(problem, E_TRANSITION, NULL,
                               "an incident that is %s cannot become %s", from_name, to_name);
    if (problem != NULL) {
        problem->from = from_name;
        problem->to = to_name;
    }
    return err;
}

bool incident_is_climbing(enum incident_state state, bool has_lapsed)
{
    return state == incident_state_ESCALATING ||
           (state == incident_state_ACKNOWLEDGED && has_lapsed);
}

bool incident_is_open(enum incident_state state)
{
    return state == incident_state_OPEN || state == incident_state_ACKNOWLEDGED ||
           state == incident_state_ESCALATING;
}
