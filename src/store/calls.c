#include "store/calls.h"

#include "store/seal_keys.h"

#include <assert.h>
#include <string.h>

enum { PAGE_PARAMS = 8 };

struct str phone_hash_of(struct db *db, struct arena *arena, struct str phone)
{
    return seal_lookup_hash(db_seal(db), arena, phone);
}

struct lookup phone_lookup(struct db *db, struct arena *arena, struct str phone, struct str hash)
{
    bool is_known = str_is_set(hash) && !seal_has_before(db_seal(db));
    return is_known ? (struct lookup){hash, hash} : seal_lookup(db_seal(db), arena, phone);
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

static struct params page_params(const struct call_page *page, struct value *out)
{
    int64_t before = id_is_set(page->before) ? page->before.value : INT64_MAX;
    const struct value values[] = {
        whose(page),
        value_int(before),
        status_value(page->status),
        value_int(page->agent.value),
        value_int(instant_ms(page->from)),
        until_value(page->until),
        value_int(page->limit),
        value_int(page->campaign.value),
    };
    static_assert(ARRAY_LENGTH(values) == PAGE_PARAMS, "one is the shelf's");
    memcpy(out, values, sizeof values);
    return (struct params){out, PAGE_PARAMS};
}

/* The newest shelf below that one which has a call of theirs; -1 for none. It may be one that has
 * none, where nothing is below it. */
static enum err shelf_below(struct db *db, struct str user, int64_t shelf, int64_t *out)
{
    return db_number(db, S_call_shelf_of_user, out, PARAMS(value_text(user), value_int(shelf)));
}

/* Shelf after shelf, the newest first, until there are as many as are wanted. */
static enum err page_of_user(struct db *db, struct arena *arena, struct call_page page,
                             struct list *out)
{
    struct scheduled_call *found = ARENA_NEW_ARRAY(arena, struct scheduled_call, page.limit);
    struct value values[PAGE_PARAMS + 1];
    int64_t shelf = 0;
    size_t count = 0;
    TRY(shelf_below(db, page.user, INT64_MAX, &shelf));
    while (shelf >= 0 && page.limit > 0) {
        struct params params = page_params(&page, values);
        struct list some = {0};
        values[params.count++] = value_int(shelf);
        TRY(db_all_bare(db, S_calls_of_user, (struct db_into){TABLE_scheduled_calls, arena}, &some,
                        params));
        if (some.count == 0) {
            TRY(shelf_below(db, page.user, shelf, &shelf));
            continue;
        }
        memcpy(found + count, some.items, some.count * sizeof *found);
        count += some.count;
        page.limit -= (int64_t)some.count;
        page.before = found[count - 1].id;
    }
    *out = (struct list){.items = found, .count = count};
    return OK;
}

enum err scheduled_calls_page(struct db *db, struct arena *arena, const struct call_page *page,
                              struct list *out)
{
    struct value values[PAGE_PARAMS];
    if (str_is_set(page->user)) {
        return page_of_user(db, arena, *page, out);
    }
    return db_all_bare(db, S_calls_of_campaign, (struct db_into){TABLE_scheduled_calls, arena}, out,
                       page_params(page, values));
}

enum err call_shelf_newest(struct db *db, int64_t *out)
{
    return db_number(db, S_call_shelf_newest, out, NO_PARAMS);
}

enum err call_shelf_count(struct db *db, int64_t shelf, int64_t most, int64_t *out)
{
    return db_number(db, S_call_shelf_count, out, PARAMS(value_int(shelf), value_int(most)));
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

enum err scheduled_call_uncancel(struct db *db, const struct scheduled_call *call)
{
    return db_move(
        db, S_call_uncancel,
        PARAMS(value_id(call->id), value_time(call->updated_at), value_id(call->renewed_id)));
}

/* A quarter of an hour: every zone of today begins its days at one. */
enum { SLOT_MS = 900000 };

struct slot_scan {
    struct call_slot *slots;
    size_t count;
    size_t max;
};

static int64_t *slot_counter(struct call_slot *slot, enum call_status status)
{
    switch (status) {
    case call_status_pending:
        return &slot->pending;
    case call_status_processing:
        return &slot->processing;
    case call_status_completed:
        return &slot->completed;
    case call_status_failed:
        return &slot->failed;
    case call_status_cancelled:
        return &slot->cancelled;
    case call_status_NONE:
    case call_status_COUNT:
        break;
    }
    return NULL;
}

static enum err take_slot(void *context, const struct value *columns)
{
    struct slot_scan *scan = context;
    int status = call_status_NONE;
    struct instant at = instant_from_ms(columns[0].number * SLOT_MS);
    TRY(enum_parse(&call_status_names, columns[1].text, &status) == OK ? OK : E_CORRUPT);
    if (scan->count == 0 || scan->slots[scan->count - 1].at.us != at.us) {
        assert(scan->count < scan->max);
        scan->slots[scan->count++] = (struct call_slot){.at = at};
    }
    int64_t *counter = slot_counter(&scan->slots[scan->count - 1], (enum call_status)status);
    if (counter == NULL) {
        return E_CORRUPT;
    }
    *counter += columns[2].number;
    return OK;
}

enum err scheduled_calls_slots(struct db *db, struct arena *arena, const struct call_span *span,
                               struct list *out)
{
    int64_t from = instant_ms(span->from);
    int64_t to = instant_ms(span->to);
    struct slot_scan scan = {.max = (size_t)((to - from) / SLOT_MS + 2)};
    scan.slots = ARENA_NEW_ARRAY(arena, struct call_slot, scan.max);
    TRY(db_each(db, S_calls_by_slot, &scan, take_slot,
                PARAMS(value_int(from), value_int(to),
                       value_text(str_is_set(span->user) ? span->user : STR("")),
                       value_int(span->campaign.value))));
    *out = (struct list){scan.slots, scan.count};
    return OK;
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
