#include "service/call_counts.h"

#include "store/queue.h"

#include <assert.h>

int64_t call_counts_owner(const struct site *site, struct str user)
{
    /* 60 bits, as ids have: two owners with one number would need a billion of them. */
    return (int64_t)(hash_bytes(site->id_key, user) >> 4);
}

static void count_in(struct op *op, const struct call_delta *scope, enum call_status status,
                     int64_t delta)
{
    struct call_delta one = *scope;
    one.word = enum_name(&call_status_names, (int)status);
    one.delta = delta;
    call_deltas_add(&op->writer->call_deltas, &one);
}

void call_counts_move(struct op *op, const struct scheduled_call *call, enum call_status before)
{
    const struct call_delta scopes[] = {
        {.scope = count_scope_ALL},
        {.scope = count_scope_USER, .scope_id = call_counts_owner(op->site, call->user_id)},
        {.scope = count_scope_AGENT, .scope_id = call->agent_id.value},
        {.scope = count_scope_CAMPAIGN, .scope_id = call->campaign_id.value},
    };
    size_t count = ARRAY_LENGTH(scopes) - (id_is_set(call->campaign_id) ? 0 : 1);
    assert(op->writer != NULL && call->status != call_status_NONE);
    for (size_t i = 0; i < count; i++) {
        if (before != call_status_NONE) {
            count_in(op, &scopes[i], before, -1);
        }
        count_in(op, &scopes[i], (enum call_status)call->status, 1);
    }
}

void call_counts_attempt(struct op *op, enum call_outcome outcome, int64_t attempt)
{
    call_deltas_add(&op->writer->call_deltas,
                    &(struct call_delta){.scope = count_scope_OUTCOME,
                                         .scope_id = attempt,
                                         .word = enum_name(&call_outcome_names, (int)outcome),
                                         .delta = 1});
}

static int64_t *place_of(struct call_tally *tally, enum call_status status)
{
    int64_t *const places[call_status_COUNT] = {
        [call_status_pending] = &tally->pending,     [call_status_processing] = &tally->processing,
        [call_status_completed] = &tally->completed, [call_status_failed] = &tally->failed,
        [call_status_cancelled] = &tally->cancelled,
    };
    return places[status];
}

enum err call_counts_now(struct op *op, struct call_tally *out)
{
    TRY(call_counts_read(op->db, count_scope_ALL, 0, out));
    const struct call_deltas *deltas = op->writer == NULL ? NULL : &op->writer->call_deltas;
    for (size_t i = 0; deltas != NULL && i < deltas->count; i++) {
        const struct call_delta *delta = &deltas->items[i];
        int status = call_status_NONE;
        if (delta->scope == count_scope_ALL) {
            TRY(enum_parse(&call_status_names, str_from(delta->word), &status));
            *place_of(out, (enum call_status)status) += delta->delta;
            out->total += delta->delta;
        }
    }
    return OK;
}

static int64_t *base_of(struct queue_state *state, enum call_status status)
{
    int64_t *const places[call_status_COUNT] = {
        [call_status_completed] = &state->completed_base,
        [call_status_failed] = &state->failed_base,
        [call_status_cancelled] = &state->cancelled_base,
    };
    return places[status];
}

enum err call_counts_reopen(struct op *op, const struct scheduled_call *before)
{
    struct queue_state state = {0};
    struct call_tally tally = {0};
    enum call_status status = (enum call_status)before->status;
    enum err err = call_queue_state(op->db, op->arena, &state);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    TRY(call_counts_now(op, &tally));
    int64_t *base = base_of(&state, status);
    int64_t left = *place_of(&tally, status);
    assert(base != NULL);
    bool was_cleaned = *base > 0 && !instant_before(state.cleaned_at, before->ended_at);
    /* The clock may have been set back since: more than there are have never been cleaned. */
    int64_t kept = *base - (was_cleaned ? 1 : 0);
    kept = kept > left ? left : kept;
    kept = kept > 0 ? kept : 0;
    if (kept == *base) {
        return OK;
    }
    *base = kept;
    return queue_states_put(op->db, op->arena, &state);
}

enum err call_counts_write(struct db *db, struct call_deltas *deltas)
{
    enum err err = OK;
    call_deltas_merge(deltas);
    for (size_t i = 0; i < deltas->count && err == OK; i++) {
        const struct call_delta *delta = &deltas->items[i];
        err = call_counts_add(db, &(struct call_count){.scope = (int)delta->scope,
                                                       .scope_id = delta->scope_id,
                                                       .status = str_from(delta->word),
                                                       .count = delta->delta});
    }
    deltas->count = deltas->fenced = 0;
    return err;
}

struct check {
    struct op *op;
    enum count_scope scope;
    int64_t rows;  /* The sum of what the rows say. */
    int64_t wrong; /* Counters that say something else. */
};

static enum err check_one(void *context, const struct call_recount *row)
{
    struct check *check = context;
    int64_t counted = 0;
    int64_t scope_id =
        str_is_set(row->name) ? call_counts_owner(check->op->site, row->name) : row->scope_id;
    TRY(call_counts_one(check->op->db, check->scope, scope_id, row->status, &counted));
    check->rows += row->count;
    if (counted != row->count) {
        check->wrong++;
        op_log(check->op, LOG_ERROR, LOG_STORE, "the counter of %s %lld %.*s is %lld, not %lld",
               enum_name(&count_scope_names, (int)check->scope), (long long)scope_id,
               STR_FMT(row->status), (long long)counted, (long long)row->count);
    }
    return OK;
}

/* What the rows say is in the counters, and the sums agree, so that nothing else is. */
static enum err check_scope(struct check *check)
{
    int64_t sum = 0;
    TRY(call_counts_recount(check->op->db, check->scope, check, check_one));
    TRY(call_counts_sum(check->op->db, check->scope, &sum));
    if (sum != check->rows && check->wrong == 0) {
        check->wrong++;
        op_log(check->op, LOG_ERROR, LOG_STORE, "the counters of %s say %lld calls, the rows %lld",
               enum_name(&count_scope_names, (int)check->scope), (long long)sum,
               (long long)check->rows);
    }
    return OK;
}

enum err call_counts_check(struct op *op, int64_t *wrong)
{
    static const enum count_scope scopes[] = {count_scope_ALL, count_scope_USER, count_scope_AGENT,
                                              count_scope_CAMPAIGN};
    *wrong = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(scopes); i++) {
        struct check check = {.op = op, .scope = scopes[i]};
        TRY(check_scope(&check));
        *wrong += check.wrong;
    }
    return OK;
}
