#include "service/courier_internal.h"
#include "service/inbox_pages.h"
#include "service/messages.h"
#include "service/metrics_text.h"
#include "service/providers.h"

#include <assert.h>

struct answer_work {
    struct work work; /* First: the executor sees only this. */
    struct courier *courier;
    uint64_t ticket;
    struct arena *arena;
    struct wire_answer answer;
};

static enum err settle_poll(struct op *op, const struct flight *flight, struct message *message,
                            const struct wire_answer *answer)
{
    struct provider_news news = {.kind = NEWS_NONE};
    flight->provider->read_poll(flight->job.channel, answer, op->arena, &news);
    return message_take_poll(op, message, &news);
}

enum err courier_settle(struct op *op, const struct flight *flight,
                        const struct wire_answer *answer)
{
    struct message message = {0};
    struct verdict verdict = {0};
    if (flight->question == ASK_INBOX) {
        return inbox_settle(op, flight, answer);
    }
    TRY(db_get(op->db, TABLE_messages, flight->message, op->arena, &message));
    switch (flight->question) {
    case ASK_SEND:
        flight->provider->read_send(&flight->job, answer, op->arena, &verdict);
        metrics_note_send(op->site, flight->provider, flight->job.channel, &verdict,
                          instant_since(op->now, flight->begun_at));
        /* First what it says of the provider: where the message goes next depends on it. */
        TRY(provider_note(op, &message, &verdict));
        return message_settle_send(op, &message, &verdict);
    case ASK_FIND:
        flight->provider->read_find(&flight->job, answer, op->arena, &verdict);
        return message_settle_find(op, &message, &verdict);
    case ASK_POLL:
        return settle_poll(op, flight, &message, answer);
    case ASK_CANCEL:
        return message_settle_stop(op, &message, answer);
    case ASK_INBOX:
        break;
    }
    assert(!"every question is listed");
    return E_INTERNAL;
}

static enum err run_answer(struct work *work, struct op *op)
{
    struct answer_work *answer = (struct answer_work *)work;
    struct flight *flight = flights_of(&answer->courier->flights, answer->ticket);
    return flight == NULL ? OK : courier_settle(op, flight, &answer->answer);
}

/* The next page of an inbox, in the same flight. */
static bool asks_on(struct courier *courier, struct flight *flight,
                    const struct answer_work *answer)
{
    if (flight->question != ASK_INBOX || !inbox_goes_on(courier->site, flight, &answer->answer)) {
        return false;
    }
    courier->wire.submit(courier->wire.context, answer->ticket, &flight->request);
    return true;
}

static void end_answer(struct work *work, enum err err, const struct problem *problem)
{
    struct answer_work *answer = (struct answer_work *)work;
    struct courier *courier = answer->courier;
    struct flight *flight = flights_of(&courier->flights, answer->ticket);
    struct arena *arena = answer->arena;
    if (err != OK) {
        log_write(courier->site->log, LOG_ERROR, LOG_WORKER, STR_NONE,
                  "an answer could not be settled: %s %s", err_code(err), problem->message);
    }
    bool is_over = flight != NULL && (err != OK || !asks_on(courier, flight, answer));
    if (is_over) {
        if (flight->question == ASK_SEND) {
            /* Its breaker may have changed: what waits for it looks again. */
            lanes_heard_of(courier->lanes, flight->provider);
        }
        /* The store's own refusal is waited out by the executor; what comes here is the end. */
        bool may_settle = err != OK && err != E_UNAVAILABLE;
        if (may_settle && again_keep(courier, flight, &answer->answer, arena)) {
            arena = NULL;
        }
        courier_land(courier, flight);
    }
    arena_free(&arena);
}

struct work *courier_answer(struct courier *courier, uint64_t ticket,
                            const struct wire_answer *answer)
{
    struct arena *arena = arena_new();
    struct answer_work *work = ARENA_NEW(arena, struct answer_work);
    *work = (struct answer_work){
        .work = {.actor = {.name = STR("courier"), .scope = key_scope_ADMIN},
                 .is_sticky = true,
                 .run = run_answer,
                 .done = end_answer},
        .courier = courier,
        .ticket = ticket,
        .arena = arena,
        .answer = *answer,
    };
    if (instant_is_set(answer->date)) {
        work->answer.heard_at = courier->site->clock.now(courier->site->clock.context);
    }
    work->answer.reason = arena_str(arena, answer->reason);
    work->answer.body = arena_str(arena, answer->body);
    work->answer.etag = arena_str(arena, answer->etag);
    work->answer.last_modified = arena_str(arena, answer->last_modified);
    work->answer.content_type = arena_str(arena, answer->content_type);
    work->answer.final_url = arena_str(arena, answer->final_url);
    return &work->work;
}
