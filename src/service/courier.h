/* service/courier: takes committed messages to their providers and brings the verdicts back.
 *
 * The outbox rows are the queue; what is in memory is their order. Claiming a message (QUEUED to
 * SENDING, after its subject was read again) is an operation of the executor's batch; the request
 * leaves only after that batch is committed (architecture.md rule 1). At most `in_flight_max` are
 * under way at a time, an eighth of which is kept for what stops calls and asks for fates. Messages
 * wait in lanes, each with its provider's pace (V9); while the breakers of all its providers are
 * open, a message stays QUEUED. Answers come as work for the executor; one whose commit fails is
 * taken again, never forgotten. One that cannot be settled for another reason is tried again for
 * two minutes (courier_again.c); after that only a start asks for its message.
 * Threads: the executor's, but for courier_answer, which any thread may call. */
#ifndef TOCSIN_SERVICE_COURIER_H
#define TOCSIN_SERVICE_COURIER_H

#include "service/lanes.h"
#include "service/op.h"
#include "service/work.h"

struct courier;

/* Who performs requests: net/ for HTTP and SMTP, the mock network for the mock. The request is
 * borrowed during the call. */
struct wire_port {
    void *context;
    void (*submit)(void *context, uint64_t ticket, const struct wire_request *request);
    int per_host_max; /* How many requests a host is given at a time; 0 for any number. */
};

struct courier *courier_new(const struct site *site, struct wire_port wire, int in_flight_max);
void courier_free(struct courier **courier);

/* EFFECT_FIND and EFFECT_CANCEL after their commit; EFFECT_SEND in its batch, or after it. */
void courier_expect(struct courier *courier, const struct effect *effect);
/* Whether there is something that could be claimed now. */
bool courier_is_hungry(const struct courier *courier, struct instant now);
/* When it will be, if nothing else happens: a pace allows the next one, or a provider may be tried
 * again. False for never. */
bool courier_next(const struct courier *courier, struct instant now, struct instant *at);
/* Claims the next one, inside a fence. After E_UNAVAILABLE it is asked for again by
 * courier_recover; a message whose rows cannot be read is left alone until then, too. */
NODISCARD enum err courier_claim(struct courier *courier, struct op *op);
/* Whether a request is to leave once the batch is durable. */
bool courier_has_claims(const struct courier *courier);
/* The batch is durable: what was claimed in it leaves. Or it is not: it was never claimed. */
void courier_release(struct courier *courier);
void courier_drop_claims(struct courier *courier);
/* Forgets the order and reads it from the rows again; what is SENDING without being under way is
 * asked for. */
NODISCARD enum err courier_recover(struct courier *courier, struct op *op);

/* Another node sends from here on: forgets what waits, without a word to anybody. What is under way
 * is answered as ever. */
void courier_forget(struct courier *courier);

/* Work that takes an answer to a ticket; copies the answer. Any thread. */
struct work *courier_answer(struct courier *courier, uint64_t ticket,
                            const struct wire_answer *answer);
int courier_in_flight(const struct courier *courier);
size_t courier_queued(const struct courier *courier);
/* For whoever gives out work (service/pacer): the lane of an address, how many wait in one, and how
 * many messages have not been looked at yet. */
int courier_lane_find(struct courier *courier, const struct lane_address *address);
size_t courier_lane_waiting(const struct courier *courier, int lane);
size_t courier_intake(const struct courier *courier);
const struct lanes *courier_lanes(const struct courier *courier);

#endif
