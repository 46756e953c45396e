#include "sim/shrink.h"

#include <stdio.h>
#include <string.h>

struct search {
    struct trial_order order;
    char sentence[LIFE_FAILURE_MAX]; /* Without the number behind it. */
    struct moves best;
    struct trial trial;
    int64_t lives;
};

static void take_sentence(const char *failure, char out[static LIFE_FAILURE_MAX])
{
    snprintf(out, LIFE_FAILURE_MAX, "%s", failure);
    char *number = strstr(out, " (");
    if (number != NULL) {
        *number = '\0';
    }
}

/* Takes the candidate where it fails in the same way; it is freed otherwise. */
static bool try_moves(struct search *search, struct moves *candidate)
{
    char sentence[LIFE_FAILURE_MAX];
    struct trial_order order = search->order;
    order.moves = candidate;
    struct trial trial = trial_run(&order);
    search->lives++;
    take_sentence(trial.failure, sentence);
    if (trial.holds || strcmp(sentence, search->sentence) != 0) {
        moves_free(candidate);
        return false;
    }
    moves_free(&search->best);
    search->best = *candidate;
    search->trial = trial;
    return true;
}

static void drop_kind(struct search *search, enum move_kind kind, size_t which)
{
    struct moves candidate = moves_copy(&search->best);
    uint64_t seed = search->order.seed;
    bool is_any = false;
    for (int64_t step = 1; step <= candidate.steps; step++) {
        size_t drawn = kind == MOVE_ACT ? life_act_at(seed, step) : life_fault_at(seed, step);
        if (moves_has(&candidate, kind, step) && drawn == which) {
            moves_set(&candidate, kind, step, false);
            is_any = true;
        }
    }
    if (!is_any) {
        moves_free(&candidate);
    } else if (try_moves(search, &candidate)) {
        fputc('.', stderr);
    }
}

/* Leaves out the kept moves of one kind from the `first`-th on, `count` of them. */
static bool drop_part(struct search *search, enum move_kind kind, int64_t first, int64_t count)
{
    struct moves candidate = moves_copy(&search->best);
    int64_t seen = 0;
    for (int64_t step = 1; step <= candidate.steps; step++) {
        if (moves_has(&candidate, kind, step)) {
            if (seen >= first && seen < first + count) {
                moves_set(&candidate, kind, step, false);
            }
            seen++;
        }
    }
    return try_moves(search, &candidate);
}

static bool drop_parts(struct search *search, enum move_kind kind)
{
    bool is_less = false;
    for (int64_t size = (moves_count(&search->best, kind) + 1) / 2; size > 0; size /= 2) {
        int64_t first = 0;
        while (first < moves_count(&search->best, kind)) {
            if (drop_part(search, kind, first, size)) {
                is_less = true;
                fputc('.', stderr);
            } else {
                first += size;
            }
        }
    }
    return is_less;
}

/* What comes after the last step never happened, and a step without a fault has none to keep. */
static struct moves moves_that_were(const struct trial_order *order, int64_t steps)
{
    struct moves moves = moves_none(steps);
    for (int64_t step = 1; step <= steps; step++) {
        for (int kind = 0; kind < MOVE_KIND_COUNT; kind++) {
            bool is_none =
                kind == MOVE_FAULT && life_fault_at(order->seed, step) == life_fault_count();
            moves_set(&moves, (enum move_kind)kind, step,
                      !is_none && moves_has(order->moves, (enum move_kind)kind, step));
        }
    }
    return moves;
}

struct shrunk shrink(const struct trial_order *order, const struct trial *first)
{
    struct search search = {.order = *order, .trial = *first};
    search.order.is_silent = true;
    search.order.is_telling = false;
    take_sentence(first->failure, search.sentence);
    /* Who died has told nobody how far they came. */
    enum { STEPS_UNKNOWN = 10000 };
    search.best = moves_that_were(order, first->steps > 0 ? first->steps : STEPS_UNKNOWN);
    for (size_t i = 0; i < life_fault_count(); i++) {
        drop_kind(&search, MOVE_FAULT, i);
    }
    for (size_t i = 0; i < life_act_count(); i++) {
        drop_kind(&search, MOVE_ACT, i);
    }
    bool is_less = true;
    while (is_less) {
        is_less = false;
        for (int kind = 0; kind < MOVE_KIND_COUNT; kind++) {
            is_less = drop_parts(&search, (enum move_kind)kind) || is_less;
        }
    }
    fputc('\n', stderr);
    return (struct shrunk){search.best, search.trial, search.lives};
}
