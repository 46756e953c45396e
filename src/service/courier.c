#include "service/courier.h"

#include "base/memory.h"
#include "service/due_heap.h"
#include "service/messages.h"

#include <assert.h>
#include <stdlib.h>

/* One request under way. Its memory holds the message and the request until the answer is settled.
 */
struct flight {
    bool is_used;
    uint32_t round; /* Part of the ticket, so that a late answer to an earlier use is known. */
    enum effect_kind kind;
    struct arena *arena;
    struct id message;
    const struct provider *provider;
    struct send_job job;
    struct wire_request request;
};

struct courier {
    const struct site *site;
    struct wire_port wire;
    struct due_heap queue; /* by (0, priority, id); the tag is the effect's kind */
    struct flight *flights;
    int flight_count;
    int in_flight;
    int *claimed; /* Slots that leave after the commit. */
    int claimed_count;
};

struct courier *courier_new(const struct site *site, struct wire_port wire, int in_flight_max)
{
    struct courier *courier = memory_new(sizeof *courier);
    courier->site = site;
    courier->wire = wire;
    courier->flight_count = in_flight_max;
    courier->flights = memory_new_array((size_t)in_flight_max, sizeof *courier->flights);
    courier->claimed = memory_new_array((size_t)in_flight_max, sizeof *courier->claimed);
    return courier;
}

void courier_free(struct courier **courier)
{
    if (*courier == NULL) {
        return;
    }
    for (int i = 0; i < (*courier)->flight_count; i++) {
        arena_free(&(*courier)->flights[i].arena);
    }
    due_heap_free(&(*courier)->queue);
    free((*courier)->flights);
    free((*courier)->claimed);
    free(*courier);
    *courier = NULL;
}

void courier_expect(struct courier *courier, const struct effect *effect)
{
    /* Stopping a call goes before everything, so that an answer is never overtaken by a page. */
    int priority = effect->kind == EFFECT_CANCEL ? -1
                   : effect->kind == EFFECT_FIND ? 0
                                                 : effect->priority;
    due_heap_push(&courier->queue, (struct due_entry){.id = effect->id.value,
                                                      .priority = priority,
                                                      .tag = (int32_t)effect->kind});
}

bool courier_is_hungry(const struct courier *courier)
{
    return courier->queue.count > 0 && courier->in_flight < courier->flight_count;
}

int courier_in_flight(const struct courier *courier)
{
    return courier->in_flight;
}

size_t courier_queued(const struct courier *courier)
{
    return courier->queue.count;
}

static int free_slot(const struct courier *courier)
{
    for (int i = 0; i < courier->flight_count; i++) {
        if (!courier->flights[i].is_used) {
            return i;
        }
    }
    assert(!"a hungry courier has a free slot");
    return -1;
}

static struct flight *take_slot(struct courier *courier, enum effect_kind kind,
                                const struct message *message)
{
    int slot = free_slot(courier);
    struct flight *flight = &courier->flights[slot];
    if (flight->arena == NULL) {
        flight->arena = arena_new();
    }
    arena_reset(flight->arena);
    flight->is_used = true;
    flight->round++;
    flight->kind = kind;
    flight->message = message->id;
    flight->provider = provider_find(message->provider);
    courier->claimed[courier->claimed_count++] = slot;
    courier->in_flight++;
    return flight;
}

static void leave_slot(struct courier *courier, struct flight *flight)
{
    assert(flight->is_used);
    flight->is_used = false;
    courier->in_flight--;
}

/* The claim did not lead to a request: the slot was the last one taken. */
static void give_back(struct courier *courier, struct flight *flight)
{
    courier->claimed_count--;
    leave_slot(courier, flight);
}

static void describe_job(const struct op *op, const struct message *message, struct flight *flight)
{
    struct arena *arena = flight->arena;
    char id[ID_TEXT_MAX];
    flight->job = (struct send_job){
        .channel = (enum channel)message->channel,
        .attempt = arena_str(arena, id_format(op->site->id_key, message->wire_id, id)),
        .to = arena_str(arena, message->recipient),
        .subject = arena_str(arena, message->subject_line),
        .text = arena_str(arena, message->text),
        .html = arena_str(arena, message->html),
        .invite = arena_str(arena, message->invite),
        .thread = id_is_set(message->subject_id)
                      ? arena_str(arena, id_format(op->site->id_key, message->subject_id, id))
                      : STR_NONE,
        .now = op->now,
        .valid_until = message->valid_until,
    };
}

static void log_claim(const struct op *op, const struct message *message)
{
    char masked[MASKED_MAX];
    if (message->channel != channel_CALL) {
        return;
    }
    op_log(op, LOG_INFO, LOG_CALL, "Provider=%.*s", STR_FMT(message->provider));
    op_log(op, LOG_INFO, LOG_CALL, "Initiating call to %s",
           mask_phone(message->recipient, masked).ptr);
}

static enum err claim_send(struct courier *courier, struct op *op, struct message *message)
{
    const char *reason = NULL;
    if (message->state != message_state_QUEUED) {
        return OK;
    }
    TRY(message_stale(op, message, &reason));
    if (reason != NULL) {
        return message_drop(op, message, reason);
    }
    op_decided(op);
    TRY(messages_claim(op->db, message->id, op->now, message->provider));
    message->claimed_at = op->now;
    log_claim(op, message);
    struct flight *flight = take_slot(courier, EFFECT_SEND, message);
    describe_job(op, message, flight);
    struct problem problem = {0};
    enum err err =
        flight->provider == NULL
            ? problem_set(&problem, E_INVALID, NULL, "the provider is no longer configured")
            : flight->provider->build_send(&courier->site->provider_settings, &flight->job,
                                           flight->arena, &flight->request, &problem);
    if (err == OK) {
        return OK;
    }
    give_back(courier, flight);
    struct verdict refused = {.kind = VERDICT_REFUSED,
                              .error = arena_str(op->arena, str_from(problem.message)),
                              .category = failure_category_invalid_number};
    return message_settle_send(op, message, &refused);
}

/* A call that was cancelled while its provider was taking it is asked for as well, to be stopped.
 */
static bool wants_fate(const struct message *message)
{
    return message->state == message_state_SENDING ||
           (message->state == message_state_CANCELLED && message->channel == channel_CALL &&
            !str_is_set(message->provider_id));
}

static enum err claim_find(struct courier *courier, struct op *op, struct message *message)
{
    if (!wants_fate(message)) {
        return OK;
    }
    struct flight *flight = take_slot(courier, EFFECT_FIND, message);
    describe_job(op, message, flight);
    enum err err =
        flight->provider == NULL
            ? E_NOT_FOUND
            : flight->provider->build_find(&courier->site->provider_settings, &flight->job,
                                           flight->arena, &flight->request);
    if (err == OK) {
        return OK;
    }
    give_back(courier, flight);
    return message_repeat(op, message);
}

static enum err claim_cancel(struct courier *courier, const struct message *message)
{
    struct flight *flight = take_slot(courier, EFFECT_CANCEL, message);
    bool can = flight->provider != NULL && str_is_set(message->provider_id);
    if (can && flight->provider->build_cancel(&courier->site->provider_settings,
                                              arena_str(flight->arena, message->provider_id),
                                              flight->arena, &flight->request) == OK) {
        return OK;
    }
    give_back(courier, flight);
    return OK;
}

enum err courier_claim(struct courier *courier, struct op *op)
{
    assert(courier_is_hungry(courier));
    struct due_entry entry = due_heap_pop(&courier->queue);
    struct message message = {0};
    int claimed_before = courier->claimed_count;
    enum err err = db_get(op->db, TABLE_messages, (struct id){entry.id}, op->arena, &message);
    if (err == OK) {
        enum effect_kind kind = (enum effect_kind)entry.tag;
        err = kind == EFFECT_SEND   ? claim_send(courier, op, &message)
              : kind == EFFECT_FIND ? claim_find(courier, op, &message)
                                    : claim_cancel(courier, &message);
    }
    if (err != OK && courier->claimed_count > claimed_before) {
        give_back(courier, &courier->flights[courier->claimed[courier->claimed_count - 1]]);
    }
    return err;
}

bool courier_has_claims(const struct courier *courier)
{
    return courier->claimed_count > 0;
}

void courier_release(struct courier *courier)
{
    int count = courier->claimed_count;
    courier->claimed_count = 0;
    for (int i = 0; i < count; i++) {
        int slot = courier->claimed[i];
        struct flight *flight = &courier->flights[slot];
        uint64_t ticket = (uint64_t)flight->round << 32 | (uint32_t)slot;
        courier->wire.submit(courier->wire.context, ticket, &flight->request);
    }
}

void courier_drop_claims(struct courier *courier)
{
    while (courier->claimed_count > 0) {
        struct flight *flight = &courier->flights[courier->claimed[--courier->claimed_count]];
        if (flight->kind == EFFECT_CANCEL) {
            courier_expect(courier, &(struct effect){.kind = EFFECT_CANCEL, .id = flight->message});
        }
        leave_slot(courier, flight);
    }
}

/* No row asks for a call to be stopped, so that those that are to be, which stand first, stay. */
static void forget_order(struct courier *courier)
{
    struct due_heap kept = {0};
    while (courier->queue.count > 0 && due_heap_peek(&courier->queue)->tag == EFFECT_CANCEL) {
        due_heap_push(&kept, due_heap_pop(&courier->queue));
    }
    due_heap_free(&courier->queue);
    courier->queue = kept;
}

static bool is_under_way(const struct courier *courier, struct id message)
{
    for (int i = 0; i < courier->flight_count; i++) {
        if (courier->flights[i].is_used && id_equal(courier->flights[i].message, message)) {
            return true;
        }
    }
    return false;
}

/* Longer than any phone rings. */
static const struct duration ringing_max = SECONDS_INIT(180);

/* A call whose end was durable before its provider was told may still be ringing. Telling it twice
 * does no harm. */
static enum err recover_stops(struct courier *courier, struct op *op)
{
    struct list calls = {0};
    TRY(calls_to_stop(op->db, op->arena, instant_sub(op->now, ringing_max), &calls));
    const struct message *messages = calls.items;
    for (size_t i = 0; i < calls.count; i++) {
        if (!is_under_way(courier, messages[i].id)) {
            bool is_known = str_is_set(messages[i].provider_id);
            courier_expect(courier, &(struct effect){.kind = is_known ? EFFECT_CANCEL : EFFECT_FIND,
                                                     .id = messages[i].id});
        }
    }
    return OK;
}

enum err courier_recover(struct courier *courier, struct op *op)
{
    struct list open = {0};
    int queued = 0;
    int unknown = 0;
    TRY(messages_on_their_way(op->db, op->arena, &open));
    forget_order(courier);
    const struct message *messages = open.items;
    for (size_t i = 0; i < open.count; i++) {
        struct effect effect = {
            .kind = EFFECT_SEND, .id = messages[i].id, .priority = (int)messages[i].priority};
        if (messages[i].state == message_state_SENDING) {
            if (is_under_way(courier, messages[i].id)) {
                continue;
            }
            effect.kind = EFFECT_FIND;
            unknown++;
        } else {
            queued++;
        }
        courier_expect(courier, &effect);
    }
    if (queued + unknown > 0) {
        op_log(op, LOG_WARN, LOG_RECOVERY,
               "%d messages were still to be sent, of %d the fate is unknown and asked for", queued,
               unknown);
    }
    return recover_stops(courier, op);
}

struct answer_work {
    struct work work; /* First: the executor sees only this. */
    struct courier *courier;
    uint64_t ticket;
    struct arena *arena;
    struct wire_answer answer;
};

static struct flight *flight_of(struct courier *courier, uint64_t ticket)
{
    uint32_t slot = (uint32_t)ticket;
    if (slot >= (uint32_t)courier->flight_count) {
        return NULL;
    }
    struct flight *flight = &courier->flights[slot];
    return flight->is_used && flight->round == ticket >> 32 ? flight : NULL;
}

static enum err settle(struct op *op, const struct flight *flight, const struct wire_answer *answer)
{
    struct message message = {0};
    struct verdict verdict = {0};
    TRY(db_get(op->db, TABLE_messages, flight->message, op->arena, &message));
    switch (flight->kind) {
    case EFFECT_SEND:
        flight->provider->read_send(&flight->job, answer, op->arena, &verdict);
        return message_settle_send(op, &message, &verdict);
    case EFFECT_FIND:
        flight->provider->read_find(&flight->job, answer, op->arena, &verdict);
        return message_settle_find(op, &message, &verdict);
    case EFFECT_CANCEL:
        op_log(op, LOG_INFO, LOG_CALL, "the provider was told to stop a call (%d)", answer->status);
        return OK;
    case EFFECT_TIMER:
    case EFFECT_SYNC:
        break;
    }
    assert(!"a courier carries sends, questions and cancellations");
    return E_INTERNAL;
}

static enum err run_answer(struct work *work, struct op *op)
{
    struct answer_work *answer = (struct answer_work *)work;
    struct flight *flight = flight_of(answer->courier, answer->ticket);
    return flight == NULL ? OK : settle(op, flight, &answer->answer);
}

static void end_answer(struct work *work, enum err err, const struct problem *problem)
{
    struct answer_work *answer = (struct answer_work *)work;
    struct flight *flight = flight_of(answer->courier, answer->ticket);
    if (err != OK) {
        log_write(answer->courier->site->log, LOG_ERROR, LOG_WORKER, STR_NONE,
                  "an answer could not be settled: %s %s", err_code(err), problem->message);
    }
    if (flight != NULL) {
        leave_slot(answer->courier, flight);
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
