#include "service/call_endings.h"

#include "service/call_outcomes.h"
#include "service/engine.h"
#include "service/occurrences.h"
#include "service/scheduled_calls.h"
#include "store/series.h"

/* In one operation: about 30 ms, after which others have their turn. */
enum { ENDED_AT_ONCE = 400, SERIES_OPEN_MAX = 1000 };

bool scheduled_call_waits(const struct scheduled_call *call)
{
    return call->status == call_status_pending ||
           (call->status == call_status_processing && instant_is_set(call->next_run));
}

enum err scheduled_call_end_waiting(struct op *op, struct scheduled_call *call,
                                    const struct call_ending *ending)
{
    if (call->status == call_status_pending) {
        return scheduled_call_end_pending(op, call, ending);
    }
    if (!ending->goes_on) {
        TRY(scheduled_call_end_series(op, call, ending->why));
    }
    return call_give_up(op, call, str_from(ending->why));
}

/* One that cannot be read is given up, and is NULL here. */
static enum err load(struct op *op, struct id id, struct scheduled_call **out)
{
    struct scheduled_call *call = ARENA_NEW(op->arena, struct scheduled_call);
    enum err err = scheduled_calls_get(op->db, op->arena, id, call);
    *out = err == OK ? call : NULL;
    return err == E_CORRUPT ? call_is_unreadable(op, id) : err;
}

enum err scheduled_call_end_by_id(struct op *op, struct id id, const struct call_ending *ending)
{
    struct scheduled_call *call = NULL;
    TRY(load(op, id, &call));
    return call != NULL && scheduled_call_waits(call) ? scheduled_call_end_waiting(op, call, ending)
                                                      : OK;
}

static enum err end_all(struct op *op, const struct call_ids *ids, const struct call_ending *ending)
{
    for (size_t i = 0; i < ids->count; i++) {
        TRY(scheduled_call_end_by_id(op, ids->items[i], ending));
    }
    return OK;
}

/* Of one under way the series ends with it; it is not tried again (service/call_outcomes). */
static enum err end_one_of_series(struct op *op, struct id id, const struct call_ending *ending)
{
    struct scheduled_call *call = NULL;
    TRY(load(op, id, &call));
    if (call == NULL) {
        return OK;
    }
    return scheduled_call_waits(call) ? scheduled_call_end_waiting(op, call, ending)
                                      : scheduled_call_end_series(op, call, ending->why);
}

enum err scheduled_call_end_rest(struct op *op, const struct scheduled_call *call,
                                 const struct call_ending *ending)
{
    struct id items[SERIES_OPEN_MAX];
    struct call_ids ids = {.items = items, .max = SERIES_OPEN_MAX};
    struct id first = id_is_set(call->parent_id) ? call->parent_id : call->id;
    if (!str_is_set(call->recurrence)) {
        return OK;
    }
    TRY(series_open(op->db, first, call->id, &ids));
    for (size_t i = 0; i < ids.count; i++) {
        TRY(end_one_of_series(op, ids.items[i], ending));
    }
    return OK;
}

/* Those that it ends wait no more, so that the next portion does not find them. */
static enum err end_portion(struct op *op, struct id user, bool *has_more)
{
    static const struct call_ending ending = {.why = "person_removed"};
    struct id items[ENDED_AT_ONCE];
    struct call_ids ids = {.items = items, .max = ENDED_AT_ONCE};
    TRY(owner_waiting(op->db, op->arena, op_id_text(op, user), &ids));
    *has_more = ids.count == ENDED_AT_ONCE;
    return end_all(op, &ids, &ending);
}

enum err calls_person_removed(struct op *op, struct id user)
{
    bool has_more = false;
    TRY(end_portion(op, user, &has_more));
    if (!has_more) {
        return OK;
    }
    return timer_arm(op, (struct timer_request){.kind = timer_kind_OWNER,
                                                .subject = user,
                                                .due_at = op->now,
                                                .priority = PRIORITY_HIGH});
}

/* The timer OWNER. */
enum err end_calls_of_owner(struct op *op, struct timer *timer)
{
    bool has_more = false;
    TRY(end_portion(op, timer->subject_id, &has_more));
    if (has_more) {
        timer_run_again(op, timer, op->now);
    }
    return OK;
}
