#include "sim/invariants_memory.h"

#include "service/executor_internal.h"
#include "store/timers.h"

#include <stdlib.h>

/* What is due and when, by the rows; an alert that was found late is due at once. */
#define NOT_REMEMBERED(table) " AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.id=" table ".id)"
#define WAITING                                                                                    \
    "(SELECT kind, coalesce(lease_until, due_at) AS due FROM timers WHERE ended_at IS NULL"        \
    " UNION ALL SELECT 'ALERT', CASE WHEN due_at>id>>12 THEN due_at ELSE id>>12 END FROM alerts"   \
    " WHERE status='PENDING'" NOT_REMEMBERED(                                                      \
        "alerts") " UNION ALL SELECT 'STEP', scheduled_at FROM steps"                              \
                  " WHERE status='PENDING' AND claimed_at IS NULL" NOT_REMEMBERED(                 \
                      "steps") " UNION ALL SELECT 'MISSED_CHECK', check_at FROM meetings"          \
                               " WHERE check_at IS NOT NULL" NOT_REMEMBERED(                       \
                                   "meetings") " UNION ALL SELECT 'SCHEDULED_CALL', "              \
                                               "coalesce(next_run, scheduled_for)"                 \
                                               " FROM scheduled_calls WHERE (status='pending' OR " \
                                               "next_run IS NOT NULL)" NOT_REMEMBERED(             \
                                                   "scheduled_calls") ") AS waiting"
/* A pause keeps what is due, and so does the pace of scheduled calls: what was due once, by the
 * latest time that our clock has shown. */
#define NOT_KEPT                                                                     \
    " WHERE kind NOT IN (SELECT kind FROM queue_states WHERE paused_at IS NOT NULL)" \
    " AND (kind<>'SCHEDULED_CALL' OR due>%lld)"

/* Memory may know of more than waits (what has ended is dropped when it comes up), never of less.
 */
static bool counts_hold(const struct world *world, struct instant latest, struct arena *arena,
                        struct str *broken)
{
    struct instant next = INSTANT_NONE;
    int64_t rows = peek_number(&world->store, arena, "SELECT count(*) FROM " WAITING);
    struct str of_rest = arena_printf(arena, "SELECT coalesce(min(due), 0) FROM " WAITING NOT_KEPT,
                                      (long long)instant_ms(latest));
    int64_t first = peek_number(&world->store, arena, of_rest.ptr);
    bool has_next = executor_next(world->room.executor, &next);
    if ((int64_t)executor_pending_timers(world->room.executor) < rows ||
        (first > 0 && (!has_next || instant_ms(next) > first))) {
        *broken = arena_printf(arena, "What is due next is in memory as it is in the rows. (%lld)",
                               (long long)first);
        return false;
    }
    return true;
}

/* What memory has of timers, sorted by id. */
struct remembered {
    const struct world *world;
    struct due_entry *entries;
    size_t count;
    struct instant latest;
    int64_t lost; /* The first row that memory does not know of at its time; 0 for none. */
};

static int by_id(const void *a, const void *b)
{
    const struct due_entry *left = a;
    const struct due_entry *right = b;
    return left->id != right->id ? (left->id < right->id ? -1 : 1)
                                 : (left->due_ms > right->due_ms) - (left->due_ms < right->due_ms);
}

static void take_heap(struct remembered *out, const struct due_heap *heap)
{
    for (size_t i = 0; i < heap->count; i++) {
        out->entries[out->count++] = heap->items[i];
    }
}

/* A restart would put this row into memory: it is there already, at its time or before. A scheduled
 * call that was due waits in the pacer. */
static void look_up(void *context, const struct waiting_timer *timer)
{
    struct remembered *known = context;
    size_t low = 0;
    size_t high = known->count;
    int64_t due_ms = instant_ms(timer->due_at);
    while (low < high) {
        size_t middle = (low + high) / 2;
        bool is_before = known->entries[middle].id < timer->key.id.value;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    bool is_there = false;
    for (; low < known->count && known->entries[low].id == timer->key.id.value; low++) {
        is_there = is_there || (known->entries[low].due_ms <= due_ms &&
                                known->entries[low].tag == (int32_t)timer->kind);
    }
    bool is_paced = timer->kind == timer_kind_SCHEDULED_CALL && due_ms <= instant_ms(known->latest);
    if (!is_there && !is_paced && known->lost == 0) {
        known->lost = timer->key.id.value;
    }
}

bool memory_holds(const struct world *world, struct instant latest, struct arena *arena,
                  struct str *broken)
{
    const struct executor *executor = world->room.executor;
    size_t most = executor->timers.count + executor->gate.held.count;
    struct remembered known = {.world = world, .latest = latest};
    if (!counts_hold(world, latest, arena, broken)) {
        return false;
    }
    known.entries = ARENA_NEW_ARRAY(arena, struct due_entry, most + 1);
    take_heap(&known, &executor->timers);
    take_heap(&known, &executor->gate.held);
    qsort(known.entries, known.count, sizeof *known.entries, by_id);
    if (timers_each_waiting(world->plant.db, &known, look_up) != OK || known.lost != 0) {
        *broken = arena_printf(arena,
                               "What a restart would read from the disk is what memory has. (%lld)",
                               (long long)known.lost);
        return false;
    }
    return true;
}
