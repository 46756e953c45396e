#include "store/call_runs.h"

static enum err take_group(void *context, const struct value *columns)
{
    struct call_group *group = context;
    group->agent.value = columns[0].number;
    group->campaign.value = columns[1].type == VALUE_INT ? columns[1].number : 0;
    return OK;
}

enum err call_runs_group(struct db *db, struct id call, struct call_group *out)
{
    *out = (struct call_group){0};
    TRY(db_each(db, S_call_group, out, take_group, PARAMS(value_id(call))));
    return id_is_set(out->agent) ? OK : E_NOT_FOUND;
}

enum err call_runs_begin(struct db *db, const struct scheduled_call *call)
{
    const struct scheduled_call *kept = db_kept(db, TABLE_scheduled_calls, call->id);
    TRY(db_move(db, S_call_begin,
                PARAMS(value_id(call->id), value_int(call->attempt), value_int(call->agent_version),
                       value_id(call->message_id), value_int(call->is_late),
                       value_time(call->processed_at), value_time(call->updated_at))));
    if (kept != NULL) {
        struct scheduled_call begun = *kept;
        begun.status = call_status_processing;
        begun.attempt = call->attempt;
        begun.agent_version = call->agent_version;
        begun.message_id = call->message_id;
        begun.is_late = call->is_late;
        begun.processed_at = call->processed_at;
        begun.next_run = INSTANT_NONE;
        begun.updated_at = call->updated_at;
        db_keep(db, TABLE_scheduled_calls, &begun);
    }
    return OK;
}

enum err call_runs_again(struct db *db, const struct scheduled_call *call)
{
    return db_move(db, S_call_again,
                   PARAMS(value_id(call->id), value_enum(&call_outcome_names, call->outcome),
                          value_int(call->attempt), value_time(call->next_run),
                          value_time(call->updated_at), value_time(call->processed_at)));
}

enum err call_runs_message(struct db *db, struct id call, struct id message)
{
    return db_run(db, S_call_message, PARAMS(value_id(call), value_id(message)));
}

enum err call_runs_end(struct db *db, const struct scheduled_call *call)
{
    return db_move(db, S_call_end,
                   PARAMS(value_id(call->id), value_enum(&call_status_names, call->status),
                          value_enum(&call_outcome_names, call->outcome), value_int(call->attempt),
                          value_time(call->completed_at), value_time(call->failed_at),
                          value_text(call->failure_reason), value_time(call->ended_at),
                          value_time(call->processed_at)));
}

enum err call_runs_waiting(struct db *db, int64_t *out)
{
    return db_number(db, S_calls_again_count, out, NO_PARAMS);
}
