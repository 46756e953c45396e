#include "service/call_counts.h"
#include "service/queue.h"
#include "store/job_counts.h"
#include "store/queue.h"
#include "store/timers.h"

/* What is read once for all kinds. */
struct facts {
    struct job_counts counts;
    struct list states;
};

static enum err read_facts(struct op *op, struct facts *out)
{
    TRY(job_counts_read(op->db, &out->counts));
    return queue_states_all(op->db, op->arena, &out->states);
}

static const struct queue_state *state_of(const struct facts *facts, enum timer_kind kind)
{
    static const struct queue_state nothing;
    struct str name = str_from(enum_name(&timer_kind_names, (int)kind));
    const struct queue_state *states = facts->states.items;
    for (size_t i = 0; i < facts->states.count; i++) {
        if (str_equal(states[i].kind, name)) {
            return &states[i];
        }
    }
    return &nothing;
}

static int64_t at_least_0(int64_t number)
{
    return number > 0 ? number : 0;
}

/* The rows are asked only where memory has anything of the kind that may be due: as a rule they
 * need not be gone through. */
static bool may_be_due(const struct op *op, enum timer_kind kind)
{
    uint64_t kinds = atomic_load(&op->site->stats->kinds_due);
    return op->writer != NULL || (kinds >> kind & 1) != 0;
}

static enum err look_at_calls(struct op *op, const struct queue_state *state,
                              struct queue_kind *out)
{
    struct call_stats stats = {0};
    struct queue_due due = {0};
    TRY(show_call_stats(op, NULL, &stats));
    out->waiting = stats.waiting;
    out->delayed = stats.delayed;
    out->paused = stats.paused;
    out->active = stats.active;
    out->completed = stats.queue_completed;
    out->failed += stats.queue_failed; /* Beside those that the engine gave up. */
    out->cancelled = at_least_0(stats.cancelled - state->cancelled_base);
    if (stats.waiting + stats.paused > 0) {
        TRY(queue_due_of(op->db, timer_kind_SCHEDULED_CALL, op->now, &due));
        out->oldest_due = due.oldest;
    }
    return OK;
}

/* What is due and when, in rows of timers and of subjects that are their own. */
static enum err look_for_due(struct op *op, struct queue_kind *out, int64_t rows,
                             struct queue_subjects *found)
{
    enum timer_kind kind = (enum timer_kind)out->kind;
    struct queue_due due = {0};
    *found = (struct queue_subjects){0};
    if (timer_is_subject(kind)) {
        TRY(queue_subjects_of(op->db, kind, op->now, rows > 0, found));
    }
    if (rows > 0 && may_be_due(op, kind)) {
        TRY(queue_due_of(op->db, kind, op->now, &due));
    }
    found->due.count += due.count;
    if (due.count > 0) {
        found->due.oldest = instant_is_set(found->due.oldest)
                                ? instant_min(found->due.oldest, due.oldest)
                                : due.oldest;
    }
    return OK;
}

static enum err look_at_timers(struct op *op, const int64_t *counts, struct queue_kind *out)
{
    struct queue_subjects found = {0};
    int64_t rows = counts[JOBS_PENDING] + counts[JOBS_ACTIVE] + counts[JOBS_FAILED];
    TRY(look_for_due(op, out, rows, &found));
    out->waiting = out->is_paused ? 0 : found.due.count;
    out->paused = out->is_paused ? found.due.count : 0;
    out->delayed = at_least_0(counts[JOBS_PENDING] + found.waiting - found.due.count);
    out->active = counts[JOBS_ACTIVE];
    out->completed = counts[JOBS_COMPLETED];
    out->cancelled = counts[JOBS_CANCELLED];
    out->oldest_due = found.due.oldest;
    return OK;
}

static enum err look_at(struct op *op, const struct facts *facts, enum timer_kind kind,
                        struct queue_kind *out)
{
    const struct queue_state *state = state_of(facts, kind);
    *out = (struct queue_kind){
        .kind = (int)kind,
        .is_paused = instant_is_set(state->paused_at),
        .paused_at = state->paused_at,
        .paused_by = state->paused_by,
        .is_draining = id_is_set(state->drained_until),
        .failed = facts->counts.of[kind][JOBS_FAILED],
        .stalled = facts->counts.of[kind][JOBS_STALLED],
        .fired = atomic_load(&op->site->stats->fired[kind]),
        .late_max_ms = atomic_load(&op->site->stats->late_max_ms[kind]),
    };
    return kind == timer_kind_SCHEDULED_CALL ? look_at_calls(op, state, out)
                                             : look_at_timers(op, facts->counts.of[kind], out);
}

enum err queue_look_at(struct op *op, enum timer_kind kind, struct queue_kind *out)
{
    struct facts facts = {0};
    TRY(read_facts(op, &facts));
    return look_at(op, &facts, kind, out);
}

static enum err look_at_all(struct op *op, struct queue_kind *out)
{
    struct facts facts = {0};
    TRY(read_facts(op, &facts));
    for (int kind = timer_kind_NONE + 1; kind < timer_kind_COUNT; kind++) {
        TRY(look_at(op, &facts, (enum timer_kind)kind, &out[kind - 1]));
    }
    return OK;
}

enum err show_queue(struct op *op, const void *input, void *output)
{
    (void)input;
    struct queue_view *out = output;
    size_t count = timer_kind_COUNT - 1;
    struct queue_kind *kinds = ARENA_NEW_ARRAY(op->arena, struct queue_kind, count);
    TRY(op_may_read(op, ID_NONE));
    TRY(look_at_all(op, kinds));
    out->kinds = (struct list){kinds, count};
    return OK;
}

struct str queue_paused_names(const struct op *op)
{
    uint64_t paused = atomic_load(&op->site->stats->kinds_paused);
    struct str names = STR_NONE;
    for (int kind = timer_kind_NONE + 1; kind < timer_kind_COUNT; kind++) {
        const char *name = enum_name(&timer_kind_names, kind);
        if ((paused >> kind & 1) == 0) {
            continue;
        }
        names = str_is_set(names) ? arena_printf(op->arena, "%.*s, %s", STR_FMT(names), name)
                                  : str_from(name);
    }
    return names;
}

static int64_t count_in(const struct queue_kind *kind, enum job_state state)
{
    const int64_t counts[job_state_COUNT] = {
        [job_state_waiting] = kind->waiting,     [job_state_delayed] = kind->delayed,
        [job_state_paused] = kind->paused,       [job_state_active] = kind->active,
        [job_state_completed] = kind->completed, [job_state_failed] = kind->failed,
        [job_state_cancelled] = kind->cancelled,
    };
    int64_t all = 0;
    for (int i = job_state_NONE + 1; i < job_state_COUNT; i++) {
        all += counts[i];
    }
    return state == job_state_NONE ? all : counts[state];
}

static int64_t total_of(const struct job_list_input *wanted, const struct queue_kind *kinds)
{
    int64_t total = 0;
    for (int i = 0; i < timer_kind_COUNT - 1; i++) {
        if (wanted->kind == timer_kind_NONE || kinds[i].kind == wanted->kind) {
            total += count_in(&kinds[i], (enum job_state)wanted->state);
        }
    }
    return total;
}

/* "MILLISECONDS.ID" of the last one. */
static enum err read_place(struct op *op, struct str cursor, struct job_due_page *page)
{
    struct str rest = cursor;
    struct str due = STR_NONE;
    if (!str_is_set(cursor)) {
        page->after_due_ms = INT64_MIN;
        return OK;
    }
    bool is_place = str_split(&rest, '.', &due) && str_is_set(rest) &&
                    str_to_int(due, &page->after_due_ms) == OK &&
                    id_parse(op->site->id_key, rest, &page->after) == OK;
    return is_place ? OK
                    : op_fail(op, E_INVALID, "cursor", "must be the cursor of the page before");
}

/* Of these states what is due by now, of delayed what is due later; of the others nothing waits. */
static enum err read_state(struct op *op, enum job_state state, struct job_due_page *page)
{
    if (state == job_state_delayed) {
        page->due_from = instant_add(op->now, MILLISECONDS(1));
    } else if (state != job_state_NONE) {
        return op_fail(op, E_INVALID, "state", "must be delayed, or absent, with byDue");
    }
    return OK;
}

static enum err list_due(struct op *op, const struct job_list_input *wanted, struct job_list *out)
{
    struct job_due_page page = {.kind = (enum timer_kind)wanted->kind,
                                .now = op->now,
                                .each = wanted->each,
                                .limit = page_limit(wanted->limit) + 1};
    TRY(read_state(op, (enum job_state)wanted->state, &page));
    TRY(read_place(op, wanted->cursor, &page));
    if (op_goes_aside(op)) {
        return OK;
    }
    TRY(queue_jobs_due(op->db, op->arena, &page, &out->jobs));
    if (page_trim(op, &out->jobs, page.limit - 1)) {
        const struct job *last = (const struct job *)out->jobs.items + out->jobs.count - 1;
        out->cursor = arena_printf(op->arena, "%lld.%.*s", (long long)instant_ms(last->due_at),
                                   STR_FMT(op_id_text(op, last->id)));
    }
    return OK;
}

static enum err list_in_order(struct op *op, const struct job_list_input *wanted,
                              struct job_list *out)
{
    struct job_page page = {
        .kind = (enum timer_kind)wanted->kind,
        .state = (enum job_state)wanted->state,
        .now = op->now,
        .limit = page_limit(wanted->limit) + 1,
    };
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(queue_jobs_page(op->db, op->arena, &page, &out->jobs));
    if (page_trim(op, &out->jobs, page.limit - 1)) {
        const struct job *last = (const struct job *)out->jobs.items + out->jobs.count - 1;
        out->cursor = op_cursor_text(op, last->id);
    }
    return OK;
}

/* With byDue and without a state: all that wait. */
static int64_t count_listed(const struct job_list_input *wanted, const struct queue_kind *kinds)
{
    static const enum job_state waits[] = {job_state_waiting, job_state_delayed, job_state_paused};
    struct job_list_input one = *wanted;
    int64_t total = 0;
    if (!wanted->by_due || wanted->state != job_state_NONE) {
        return total_of(wanted, kinds);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(waits); i++) {
        one.state = (int)waits[i];
        total += total_of(&one, kinds);
    }
    return total;
}

enum err list_jobs(struct op *op, const void *input, void *output)
{
    const struct job_list_input *wanted = input;
    struct job_list *out = output;
    struct queue_kind *kinds = ARENA_NEW_ARRAY(op->arena, struct queue_kind, timer_kind_COUNT - 1);
    TRY(op_may_read(op, ID_NONE));
    TRY(wanted->by_due ? list_due(op, wanted, out) : list_in_order(op, wanted, out));
    if (op->wants_aside) {
        return OK;
    }
    TRY(look_at_all(op, kinds));
    out->total = count_listed(wanted, kinds);
    return OK;
}
