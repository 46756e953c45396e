#include "domain/incident.h"

#include "domain/life.h"

static const struct life_edge edges[] = {
#define EDGE(from, event, to) {incident_state_##from, incident_event_##event, incident_state_##to},
#include "domain/incident.fsm.def"
#undef EDGE
};

static const struct life life = {"an incident", &incident_state_names, edges, ARRAY_LENGTH(edges)};

enum incident_state incident_event_target(enum incident_event event)
{
    return (enum incident_state)life_target(&life, (int)event);
}

enum err incident_step(enum incident_state from, enum incident_event event, enum incident_state *to,
                       struct problem *problem)
{
    int next = (int)*to;
    enum err err = life_step(&life, (int)from, (int)event, &next, problem);
    *to = (enum incident_state)next;
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
