#include "service/courier_internal.h"

#include "base/memory.h"
#include "domain/pace.h"

#include <assert.h>
#include <stdlib.h>

/* The first wait doubles: about two minutes in all. After that only a start asks again. */
static const struct duration again_first = SECONDS_INIT(1);
enum { TRIES_MAX = 7, KEPT_MAX = 1024 };

/* What a provider said, with the flight that asked: its place is another's by now, its memory is
 * not. */
struct late_answer {
    struct late_answer *next;
    struct flight flight;
    struct wire_answer answer;
    struct arena *arena; /* The answer's. */
    struct instant at;
    int tries;
};

static struct instant after_try(const struct courier *courier, int tries)
{
    struct instant now = courier->site->clock.now(courier->site->clock.context);
    return instant_add(now, (struct duration){again_first.us << (tries - 1)});
}

static void end(struct late_answer *late)
{
    arena_free(&late->flight.arena);
    arena_free(&late->arena);
    free(late);
}

static void end_all(struct late_answer **list)
{
    while (*list != NULL) {
        struct late_answer *late = *list;
        *list = late->next;
        end(late);
    }
}

/* A send, or the question after it: its message would stay SENDING. Everything else is asked again
 * by a timer of its own. */
static bool decides_a_fate(enum question question)
{
    return question == ASK_SEND || question == ASK_FIND;
}

bool again_keep(struct courier *courier, struct flight *flight, const struct wire_answer *answer,
                struct arena *arena)
{
    struct again *again = &courier->again;
    if (!decides_a_fate(flight->question) || again->count == KEPT_MAX) {
        return false;
    }
    struct late_answer *late = memory_new(sizeof *late);
    *late = (struct late_answer){.next = again->waiting,
                                 .flight = *flight,
                                 .answer = *answer,
                                 .arena = arena,
                                 .at = after_try(courier, 1),
                                 .tries = 1};
    flight->arena = NULL; /* Whoever takes the place gets a new one. */
    again->waiting = late;
    again->count++;
    return true;
}

bool again_next(const struct courier *courier, struct instant *at)
{
    const struct late_answer *late = courier->again.waiting;
    *at = late == NULL ? INSTANT_NONE : late->at;
    for (; late != NULL; late = late->next) {
        *at = instant_min(*at, late->at);
    }
    return courier->again.waiting != NULL;
}

bool again_is_due(const struct courier *courier, struct instant now)
{
    struct instant at = INSTANT_NONE;
    struct duration longest = {again_first.us << TRIES_MAX};
    return again_next(courier, &at) && wait_is_over(at, longest, now);
}

static struct late_answer **first_due(struct again *again)
{
    struct late_answer **first = &again->waiting;
    for (struct late_answer **each = first; *each != NULL; each = &(*each)->next) {
        first = instant_before((*each)->at, (*first)->at) ? each : first;
    }
    return first;
}

enum err again_settle(struct courier *courier, struct op *op)
{
    struct again *again = &courier->again;
    struct late_answer **place = first_due(again);
    struct late_answer *late = *place;
    assert(late != NULL);
    enum err err = courier_settle(op, &late->flight, &late->answer);
    if (err == E_UNAVAILABLE) {
        return err; /* It stands where it stood. */
    }
    if (err != OK && late->tries < TRIES_MAX) {
        late->at = after_try(courier, ++late->tries);
        return err;
    }
    *place = late->next;
    if (err == OK) {
        late->next = again->settled;
        again->settled = late;
        return OK;
    }
    op_log(op, LOG_ERROR, LOG_WORKER,
           "an answer was given up after %d more tries; its message is asked for at the next start",
           late->tries);
    again->count--;
    end(late);
    return err;
}

void again_committed(struct courier *courier)
{
    for (const struct late_answer *late = courier->again.settled; late != NULL; late = late->next) {
        courier->again.count--;
    }
    end_all(&courier->again.settled);
}

void again_undone(struct courier *courier)
{
    struct again *again = &courier->again;
    while (again->settled != NULL) {
        struct late_answer *late = again->settled;
        again->settled = late->next;
        late->next = again->waiting;
        again->waiting = late;
    }
}

size_t again_messages(const struct courier *courier, int64_t *out)
{
    size_t count = 0;
    for (const struct late_answer *late = courier->again.waiting; late != NULL; late = late->next) {
        out[count++] = late->flight.message.value;
    }
    return count;
}

void again_free(struct courier *courier)
{
    end_all(&courier->again.settled);
    end_all(&courier->again.waiting);
    courier->again.count = 0;
}
