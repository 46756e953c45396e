#include "service/call_memory.h"

#include "service/agents.h"

#include <assert.h>

struct call_memory *call_memory_new(struct arena *arena, size_t calls)
{
    struct call_memory *memory = ARENA_NEW(arena, struct call_memory);
    memory->agent_places = 16;
    while (memory->agent_places < calls + calls / 2) {
        memory->agent_places *= 2;
    }
    memory->agents = ARENA_NEW_ARRAY(arena, struct remembered_agent, memory->agent_places);
    return memory;
}

static bool lists_are_equal(const struct record *items, const struct list *a, const struct list *b);

static bool members_are_equal(const struct field *field, const void *a, const void *b)
{
    switch (field->type) {
    case FIELD_TEXT:
        return str_is_set(*(const struct str *)a) == str_is_set(*(const struct str *)b) &&
               str_equal(*(const struct str *)a, *(const struct str *)b);
    case FIELD_INT:
        return *(const int64_t *)a == *(const int64_t *)b;
    case FIELD_LIST:
        return lists_are_equal(field->detail.items, a, b);
    case FIELD_ID:
    case FIELD_BOOL:
    case FIELD_INSTANT:
    case FIELD_ENUM:
    case FIELD_BYTES:
    case FIELD_RECORD:
        break;
    }
    return false; /* Business hours have none of these; what is not compared is not the same. */
}

/* Recursion goes as deep as the record, which has lists of flat ones. */
static bool records_are_equal(const struct record *record, const void *a, const void *b)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (!members_are_equal(field, record_member_const(a, field),
                               record_member_const(b, field))) {
            return false;
        }
    }
    return true;
}

static bool lists_are_equal(const struct record *items, const struct list *a, const struct list *b)
{
    bool is_equal = a->count == b->count;
    for (size_t i = 0; i < a->count && is_equal; i++) {
        is_equal = records_are_equal(items, list_item(a, items, i), list_item(b, items, i));
    }
    return is_equal;
}

bool remembered_hours_are(const struct remembered_hours *hours, const struct hours_input *given,
                          struct str timezone)
{
    if (!str_equal(hours->timezone, timezone) || (hours->given == NULL) != (given == NULL)) {
        return false;
    }
    return given == NULL || records_are_equal(&hours_input_record, hours->given, given);
}

enum err call_memory_hours(struct op *op, struct call_memory *memory,
                           const struct hours_input *given, struct str timezone,
                           struct remembered_hours *out)
{
    for (size_t i = 0; memory != NULL && i < memory->hours_count; i++) {
        if (remembered_hours_are(&memory->hours[i], given, timezone)) {
            *out = memory->hours[i];
            return OK;
        }
    }
    struct call_guards *guards = ARENA_NEW(op->arena, struct call_guards);
    *out = (struct remembered_hours){given, timezone, guards, STR_NONE};
    TRY(call_hours_resolve(op, given, timezone, guards, &out->text));
    if (memory != NULL && memory->hours_count < HOURS_REMEMBERED) {
        memory->hours[memory->hours_count++] = *out;
    }
    return OK;
}

static enum err load_agent(struct op *op, struct id id, const struct agent **out)
{
    struct agent *agent = ARENA_NEW(op->arena, struct agent);
    enum err err = agent_load(op, id, 0, agent);
    *out = agent;
    return agent_named(op, err, agent);
}

enum err call_memory_agent(struct op *op, struct call_memory *memory, struct id id,
                           const struct agent **out)
{
    assert(id_is_set(id));
    uint64_t hash = (uint64_t)id.value * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 32) & (memory->agent_places - 1);
    while (id_is_set(memory->agents[at].id) && !id_equal(memory->agents[at].id, id)) {
        at = (at + 1) & (memory->agent_places - 1);
    }
    struct remembered_agent *known = &memory->agents[at];
    if (!id_is_set(known->id)) {
        enum err err = load_agent(op, id, &known->agent);
        TRY(err == E_AGENT_NOT_FOUND ? OK : err);
        known->id = id;
        known->agent = err == OK ? known->agent : NULL;
        known->problem = *op->problem;
    }
    *out = known->agent;
    if (known->agent == NULL) {
        *op->problem = known->problem;
        return E_AGENT_NOT_FOUND;
    }
    return OK;
}
