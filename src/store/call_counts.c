#include "store/call_counts.h"

static struct value scope_value(enum count_scope scope)
{
    return value_enum(&count_scope_names, (int)scope);
}

static enum err take_count(void *context, const struct value *columns)
{
    struct call_tally *tally = context;
    int64_t *const places[call_status_COUNT] = {
        [call_status_pending] = &tally->pending,     [call_status_processing] = &tally->processing,
        [call_status_completed] = &tally->completed, [call_status_failed] = &tally->failed,
        [call_status_cancelled] = &tally->cancelled,
    };
    int status = 0;
    if (enum_parse(&call_status_names, columns[0].text, &status) != OK) {
        return E_CORRUPT;
    }
    /* One that is wrong may be below 0; a check finds it, and it holds nothing up. */
    int64_t count = columns[1].number > 0 ? columns[1].number : 0;
    *places[status] = count;
    tally->total += count;
    return OK;
}

enum err call_counts_read(struct db *db, enum count_scope scope, int64_t scope_id,
                          struct call_tally *out)
{
    *out = (struct call_tally){0};
    return db_each(db, S_call_counts_of, out, take_count,
                   PARAMS(scope_value(scope), value_int(scope_id)));
}

enum err call_counts_add(struct db *db, const struct call_count *delta)
{
    struct value values[] = {scope_value((enum count_scope)delta->scope),
                             value_int(delta->scope_id), value_text(delta->status),
                             value_int(delta->count)};
    return db_run(db, S_call_count_add, (struct params){values, ARRAY_LENGTH(values)});
}

enum err call_counts_outcomes(struct db *db, struct arena *arena, struct list *out)
{
    return db_all(db, S_call_counts_outcomes, (struct db_into){TABLE_call_counts, arena}, out,
                  NO_PARAMS);
}

enum err call_counts_one(struct db *db, enum count_scope scope, int64_t scope_id, struct str status,
                         int64_t *out)
{
    *out = 0;
    enum err err = db_number(db, S_call_count_one, out,
                             PARAMS(scope_value(scope), value_int(scope_id), value_text(status)));
    return err == E_NOT_FOUND ? OK : err;
}

enum err call_counts_sum(struct db *db, enum count_scope scope, int64_t *out)
{
    return db_number(db, S_call_counts_sum, out, PARAMS(scope_value(scope)));
}

enum err call_queue_state(struct db *db, struct arena *arena, struct queue_state *out)
{
    struct value kind = value_enum(&timer_kind_names, timer_kind_SCHEDULED_CALL);
    return db_one(db, S_queue_state_of, (struct db_into){TABLE_queue_states, arena}, out,
                  PARAMS(kind));
}

enum err call_counts_wrong(struct db *db, int64_t *out)
{
    return db_number(db, S_call_counts_wrong, out, NO_PARAMS);
}

struct recount_scan {
    void *context;
    enum err (*each)(void *context, const struct call_recount *row);
};

static enum err take_recount(void *context, const struct value *columns)
{
    struct recount_scan *scan = context;
    bool is_named = columns[0].type == VALUE_TEXT;
    struct call_recount row = {.name = is_named ? columns[0].text : STR_NONE,
                               .scope_id = is_named ? 0 : columns[0].number,
                               .status = columns[1].text,
                               .count = columns[2].number};
    return scan->each(scan->context, &row);
}

enum err call_counts_recount(struct db *db, enum count_scope scope, void *context,
                             enum err (*each)(void *context, const struct call_recount *row))
{
    static const enum statement statements[count_scope_COUNT] = {
        [count_scope_ALL] = S_calls_recount,
        [count_scope_USER] = S_calls_recount_users,
        [count_scope_AGENT] = S_calls_recount_agents,
        [count_scope_CAMPAIGN] = S_calls_recount_campaigns,
    };
    struct recount_scan scan = {.context = context, .each = each};
    return db_each(db, statements[scope], &scan, take_recount, NO_PARAMS);
}
