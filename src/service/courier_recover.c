#include "service/courier_internal.h"
#include "service/messages.h"
#include "store/messages.h"

/* Cancellations and questions that are to be asked stay in their order: of some no row tells. */
static void forget_order(struct courier *courier)
{
    due_heap_clear(&courier->intake);
    due_heap_clear(&courier->early);
    lanes_clear(courier->lanes);
}

void courier_forget(struct courier *courier)
{
    forget_order(courier);
    due_heap_clear(&courier->express);
}

/* What needs no question: it is under way, its answer is kept, or its question is waiting already.
 */
static struct flight_set known_of(const struct courier *courier, struct op *op)
{
    const struct due_heap *express = &courier->express;
    size_t most = (size_t)(courier->flights.count + courier->again.count) + express->count;
    struct flight_set known = {ARENA_NEW_ARRAY(op->arena, int64_t, most), 0};
    known.count = again_messages(courier, known.ids);
    for (int i = 0; i < courier->flights.count; i++) {
        if (courier->flights.items[i].is_used) {
            known.ids[known.count++] = courier->flights.items[i].message.value;
        }
    }
    for (size_t i = 0; i < express->count; i++) {
        known.ids[known.count++] = express->items[i].id;
    }
    flight_set_sort(&known);
    return known;
}

/* A call whose end was durable before its provider was told may still be ringing. Telling it twice
 * does no harm. */
static enum err recover_stops(struct courier *courier, struct op *op,
                              const struct flight_set *known)
{
    struct list calls = {0};
    TRY(calls_to_stop(op->db, op->arena, instant_sub(op->now, call_rings_max), &calls));
    const struct message *messages = calls.items;
    for (size_t i = 0; i < calls.count; i++) {
        if (!flight_set_has(known, messages[i].id)) {
            bool has_id = str_is_set(messages[i].provider_id);
            courier_expect(courier, &(struct effect){.kind = has_id ? EFFECT_CANCEL : EFFECT_FIND,
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
    struct flight_set known = known_of(courier, op);
    const struct message *messages = open.items;
    for (size_t i = 0; i < open.count; i++) {
        struct effect effect = {
            .kind = EFFECT_SEND, .id = messages[i].id, .priority = (int)messages[i].priority};
        if (messages[i].state == message_state_SENDING) {
            if (flight_set_has(&known, messages[i].id)) {
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
    return recover_stops(courier, op, &known);
}
