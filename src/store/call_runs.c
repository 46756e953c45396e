#include "store/call_runs.h"
#include "store/kept.h"

static enum err take_group(void *context, const struct value *columns)
{
    struct call_group *group = context;
    group->agent.value = columns[0].number;
    group->campaign.value = columns[1].type == VALUE_INT ? columns[1].number : 0;
    group->is_again = columns[2].number != 0;
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
    bool waits = kept != NULL &&
                 (kept->status == call_status_pending || kept->status == call_status_processing);
    TRY(db_move_known(db, S_call_begin, waits,
                      PARAMS(value_id(call->id), value_int(call->attempt),
                             value_int(call->agent_version), value_id(call->message_id),
                             value_int(call->is_late), value_time(call->processed_at),
                             value_time(call->updated_at))));
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
                          value_time(call->updated_at), value_time(call->processed_at),
                          value_int(call->is_late)));
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
                          value_time(call->processed_at), value_int(call->is_late)));
}

enum err call_runs_revive(struct db *db, const struct scheduled_call *call)
{
    return db_move(db, S_call_revive,
                   PARAMS(value_id(call->id), value_time(call->next_run),
                          value_time(call->updated_at), value_id(call->renewed_id)));
}

struct bare {
    struct arena *arena;
    struct scheduled_call *call;
};

static struct instant time_of(const struct value *value)
{
    return value->type == VALUE_INT ? instant_from_ms(value->number) : INSTANT_NONE;
}

static struct str text_of(struct arena *arena, const struct value *value)
{
    return value->type == VALUE_TEXT ? arena_str(arena, value->text) : STR_NONE;
}

static enum err take_bare(void *context, const struct value *columns)
{
    struct bare *bare = context;
    struct scheduled_call *call = bare->call;
    call->agent_id.value = columns[0].number;
    call->user_id = text_of(bare->arena, &columns[1]);
    call->campaign_id.value = columns[2].type == VALUE_INT ? columns[2].number : 0;
    TRY(enum_parse(&call_status_names, columns[3].text, &call->status));
    call->attempt = columns[4].number;
    call->next_run = time_of(&columns[5]);
    call->processed_at = time_of(&columns[6]);
    call->message_id.value = columns[7].type == VALUE_INT ? columns[7].number : 0;
    call->recurrence = text_of(bare->arena, &columns[8]);
    call->series_ended = text_of(bare->arena, &columns[9]);
    call->is_late = columns[10].number != 0;
    return OK;
}

enum err call_runs_bare(struct db *db, struct arena *arena, struct id id,
                        struct scheduled_call *out)
{
    *out = (struct scheduled_call){0};
    struct bare bare = {arena, out};
    TRY(db_each(db, S_call_bare, &bare, take_bare, PARAMS(value_id(id))));
    out->id = id;
    return out->status == call_status_NONE ? E_NOT_FOUND : OK;
}

struct begun_scan {
    void *context;
    enum err (*each)(void *context, const struct call_begun *begun);
};

static enum err take_begun(void *context, const struct value *columns)
{
    const struct begun_scan *scan = context;
    struct call_begun begun = {.campaign = {columns[0].number},
                               .agent = {columns[1].number},
                               .at = instant_from_ms(columns[2].number)};
    return scan->each(scan->context, &begun);
}

enum err call_runs_begun(struct db *db, struct id first, void *context,
                         enum err (*each)(void *context, const struct call_begun *begun))
{
    struct begun_scan scan = {context, each};
    return db_each(db, S_calls_begun, &scan, take_begun, PARAMS(value_id(first)));
}

enum err call_runs_waiting(struct db *db, int64_t *out)
{
    return db_number(db, S_calls_again_count, out, NO_PARAMS);
}
