#include "service/courier_internal.h"
#include "service/hooks.h"
#include "service/messages.h"
#include "service/providers.h"
#include "store/providers.h"

#include <assert.h>

struct answer_work {
    struct work work; /* First: the executor sees only this. */
    struct courier *courier;
    uint64_t ticket;
    struct arena *arena;
    struct wire_answer answer;
};

/* What people wrote, each piece as if the provider had told it of its own accord. */
static enum err settle_inbox(struct op *op, const struct flight *flight,
                             const struct wire_answer *answer)
{
    const struct provider *provider = flight->provider;
    const struct provider_news *items = NULL;
    struct provider_state state = {0};
    size_t count = 0;
    if (answer->outcome != WIRE_ANSWERED || answer->status / 100 != 2) {
        op_log(op, LOG_WARN, LOG_WORKER, "the inbox of %s cannot be read (%d)", provider->name,
               answer->status);
        return OK;
    }
    provider->read_inbox(answer, op->arena, &items, &count);
    for (size_t i = 0; i < count; i++) {
        struct hook_reply ignored = {0};
        TRY(take_news(op, provider, &items[i], message_source_POLL, &ignored));
    }
    enum err err = provider_states_get(op->db, op->arena, str_from(provider->name), &state);
    bool is_new = err == E_NOT_FOUND;
    if (is_new) {
        state = (struct provider_state){.id = op_new_id(op),
                                        .provider = str_from(provider->name),
                                        .breaker = breaker_state_CLOSED};
    } else {
        TRY(err);
    }
    state.inbox_read_at = flight->begun_at;
    return provider_states_put(op->db, op->arena, &state, is_new);
}

static enum err settle_poll(struct op *op, const struct flight *flight, struct message *message,
                            const struct wire_answer *answer)
{
    struct provider_news news = {.kind = NEWS_NONE};
    flight->provider->read_poll(flight->job.channel, answer, op->arena, &news);
    return message_take_poll(op, message, &news);
}

static enum err settle(struct op *op, const struct flight *flight, const struct wire_answer *answer)
{
    struct message message = {0};
    struct verdict verdict = {0};
    if (flight->question == ASK_INBOX) {
        return settle_inbox(op, flight, answer);
    }
    TRY(db_get(op->db, TABLE_messages, flight->message, op->arena, &message));
    switch (flight->question) {
    case ASK_SEND:
        flight->provider->read_send(&flight->job, answer, op->arena, &verdict);
        /* First what it says of the provider: where the message goes next depends on it. */
        TRY(provider_note(op, &message, &verdict));
        return message_settle_send(op, &message, &verdict);
    case ASK_FIND:
        flight->provider->read_find(&flight->job, answer, op->arena, &verdict);
        return message_settle_find(op, &message, &verdict);
    case ASK_POLL:
        return settle_poll(op, flight, &message, answer);
    case ASK_CANCEL:
        op_log(op, LOG_INFO, LOG_CALL, "the provider was told to stop a call (%d)", answer->status);
        return OK;
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
    return flight == NULL ? OK : settle(op, flight, &answer->answer);
}

static void end_answer(struct work *work, enum err err, const struct problem *problem)
{
    struct answer_work *answer = (struct answer_work *)work;
    struct courier *courier = answer->courier;
    struct flight *flight = flights_of(&courier->flights, answer->ticket);
    if (err != OK) {
        log_write(courier->site->log, LOG_ERROR, LOG_WORKER, STR_NONE,
                  "an answer could not be settled: %s %s", err_code(err), problem->message);
    }
    if (flight != NULL) {
        if (flight->question == ASK_SEND) {
            /* Its breaker may have changed: what waits for it looks again. */
            lanes_heard_of(courier->lanes, flight->provider);
        }
        courier_land(courier, flight);
    }
    struct arena *arena = answer->arena;
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
    work->answer.reason = arena_str(arena, answer->reason);
    work->answer.body = arena_str(arena, answer->body);
    work->answer.etag = arena_str(arena, answer->etag);
    work->answer.last_modified = arena_str(arena, answer->last_modified);
    work->answer.content_type = arena_str(arena, answer->content_type);
    work->answer.final_url = arena_str(arena, answer->final_url);
    return &work->work;
}
