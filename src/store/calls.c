#include "store/calls.h"

struct str phone_hash_of(struct db *db, struct arena *arena, struct str phone)
{
    return seal_lookup_hash(db_seal(db), arena, phone);
}

enum err scheduled_calls_add(struct db *db, struct arena *arena, struct scheduled_call *call)
{
    if (!str_is_set(call->phone_hash)) {
        call->phone_hash = phone_hash_of(db, arena, call->phone);
    }
    return db_insert(db, TABLE_scheduled_calls, arena, call);
}

enum err scheduled_calls_get(struct db *db, struct arena *arena, struct id id,
                             struct scheduled_call *out)
{
    return db_get(db, TABLE_scheduled_calls, id, arena, out);
}

static struct value status_value(int status)
{
    return value_text(status == 0 ? STR("") : str_from(enum_name(&call_status_names, status)));
}

static struct value until_value(struct instant until)
{
    return value_int(instant_is_set(until) ? instant_ms(until) : INT64_MAX);
}

static struct value whose(const struct call_page *page)
{
    return str_is_set(page->user) ? value_text(page->user) : value_id(page->campaign);
}

enum err scheduled_calls_page(struct db *db, struct arena *arena, const struct call_page *page,
                              struct list *out)
{
    int64_t before = id_is_set(page->before) ? page->before.value : INT64_MAX;
    return db_all_bare(db, str_is_set(page->user) ? S_calls_of_user : S_calls_of_campaign,
                       (struct db_into){TABLE_scheduled_calls, arena}, out,
                       PARAMS(whose(page), value_int(before), status_value(page->status),
                              value_int(page->agent.value), value_int(instant_ms(page->from)),
                              until_value(page->until), value_int(page->limit),
                              value_int(page->campaign.value)));
}

enum err scheduled_calls_count(struct db *db, const struct call_page *page, int64_t *out)
{
    return db_number(db, str_is_set(page->user) ? S_calls_of_user_count : S_calls_of_campaign_count,
                     out,
                     PARAMS(whose(page), status_value(page->status), value_int(page->agent.value),
                            value_int(instant_ms(page->from)), until_value(page->until),
                            value_int(page->campaign.value)));
}

enum err scheduled_call_cancel(struct db *db, struct id id, struct instant now)
{
    return db_move(db, S_call_cancel, PARAMS(value_id(id), value_time(now)));
}

enum err scheduled_call_move(struct db *db, const struct scheduled_call *call)
{
    return db_move(db, S_call_move,
                   PARAMS(value_id(call->id), value_time(call->nominal_for),
                          value_time(call->scheduled_for), value_time(call->updated_at),
                          value_int(call->is_late)));
}

enum err agents_page(struct db *db, struct arena *arena, const struct agent_page *page,
                     struct list *out)
{
    return db_all(db, S_agents_page, (struct db_into){TABLE_agents, arena}, out,
                  PARAMS(value_int(page->after.value), value_int(page->with_archived),
                         value_int(page->limit)));
}

enum err agents_count(struct db *db, bool with_archived, int64_t *out)
{
    return db_number(db, S_agents_count, out, PARAMS(value_int(with_archived)));
}

enum err agent_version_of(struct db *db, struct arena *arena, struct id agent, int64_t number,
                          struct agent_version *out)
{
    return db_one(db, S_agent_version_of, (struct db_into){TABLE_agent_versions, arena}, out,
                  PARAMS(value_id(agent), value_int(number)));
}

enum err agent_versions_page(struct db *db, struct arena *arena, struct id agent, int64_t after,
                             struct list *out)
{
    return db_all(db, S_agent_versions_page, (struct db_into){TABLE_agent_versions, arena}, out,
                  PARAMS(value_id(agent), value_int(after)));
}
