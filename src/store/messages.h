/* store/messages: the outbox, call slots and the call log. A message's state only moves forward
 * (V1, rule 4). Errors as store/db.
 *
 * Every function that moves a state names the states it moves from and answers E_CONFLICT when the
 * row was elsewhere. */
#ifndef TOCSIN_STORE_MESSAGES_H
#define TOCSIN_STORE_MESSAGES_H

#include "store/db.h"

/* The row and, in a row of its own, the texts, where it has any. */
NODISCARD enum err messages_add(struct db *db, struct arena *arena, const struct message *message);
/* Fills text, html and invite, which a message that was read lacks. */
NODISCARD enum err messages_body(struct db *db, struct arena *arena, struct message *message);
NODISCARD enum err messages_claim(struct db *db, struct id id, struct instant now,
                                  struct str provider); /* QUEUED → SENDING */
NODISCARD enum err messages_sent(struct db *db, struct id id, struct instant now,
                                 struct str provider_id); /* SENDING → SENT */
/* Still SENDING: error, category and code of `message` are what was heard in place of an answer. */
NODISCARD enum err messages_unclear(struct db *db, const struct message *message);
/* QUEUED or SENDING → FAILED: error, category, code, class and ended_at of `message`. */
NODISCARD enum err messages_failed(struct db *db, const struct message *message);
/* QUEUED, SENDING or SENT → CANCELLED. */
NODISCARD enum err messages_cancel(struct db *db, struct id id, struct instant now,
                                   struct str reason);
/* Writes all that a receipt may change, from state to cost, out of a row that was read before; the
 * caller has asked receipt_apply(). SENDING or SENT → any, an end → itself. */
NODISCARD enum err messages_receipt(struct db *db, const struct message *message);

/* Every attempt of the step and the target of `message`, the first one first. */
NODISCARD enum err messages_of_step(struct db *db, struct arena *arena,
                                    const struct message *message, struct list *out);
NODISCARD enum err messages_by_provider_id(struct db *db, struct arena *arena, struct str provider,
                                           struct str provider_id, struct message *out);
/* The same of whichever provider; the newest hundred. */
NODISCARD enum err messages_named(struct db *db, struct arena *arena, struct str provider_id,
                                  struct list *out);
/* Whether another message of the same provider has this id. */
NODISCARD enum err messages_provider_id_taken(struct db *db, const struct message *message,
                                              struct str provider_id, bool *out);
/* Whether another message to the same person by the same channel, taken up after `after` and not
 * after `until`, has no name at its provider. One older by ten minutes or more is not looked at. */
NODISCARD enum err messages_unnamed_beside(struct db *db, const struct message *message,
                                           struct instant after, struct instant until, bool *out);
/* One more question to its provider. */
NODISCARD enum err messages_count_poll(struct db *db, struct id id, struct instant now);

NODISCARD enum err messages_set_provider_id(struct db *db, struct id id, struct str provider_id);

/* What is QUEUED or SENDING: for a restart. */
NODISCARD enum err messages_on_their_way(struct db *db, struct arena *arena, struct list *out);
/* It was taken up by a clock that was ahead: no later than `at`. */
NODISCARD enum err messages_claim_again(struct db *db, struct id id, struct instant at);
NODISCARD enum err messages_stopped(struct db *db, struct id id, struct instant at);
/* Calls promised since `since` that were cancelled after they were handed over, and of which
 * nothing says that their provider was told: for a restart. */
NODISCARD enum err calls_to_stop(struct db *db, struct arena *arena, struct instant since,
                                 struct list *out);
/* How many messages, and SMS segments, of the same provider and channel stand before a QUEUED one,
 * by priority and age. */
NODISCARD enum err messages_ahead(struct db *db, const struct message *message, int64_t *count,
                                  int64_t *segments);
NODISCARD enum err messages_way_count(struct db *db, int64_t *out);
/* What an answer still has to stop: on its way, or a call that has not ended. */
NODISCARD enum err messages_open_of_subject(struct db *db, struct arena *arena, struct id subject,
                                            struct list *out);
/* The last one to a person about their meeting that can have brought them its link. */
NODISCARD enum err messages_last_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                                            struct id user, struct message *out);
NODISCARD enum err messages_failed_since(struct db *db, struct instant since, int64_t *out);
NODISCARD enum err messages_unreceipted(struct db *db, struct instant from, struct instant to,
                                        int64_t *out);

struct message_page {
    struct id user;
    struct id subject;
    int channel; /* 0 for any */
    bool is_newest_first;
    struct id after;
    int64_t limit;
};
NODISCARD enum err messages_page(struct db *db, struct arena *arena,
                                 const struct message_page *page, struct list *out, int64_t *total);

/* Takes one of a person's two places for calls about a meeting (K2). E_RATE_LIMITED when both are
 * taken. */
struct call_place {
    struct id meeting;
    struct id user;
    enum message_target target;
    struct id message;
};
NODISCARD enum err call_slots_take(struct db *db, const struct call_place *place);
NODISCARD enum err call_slots_free(struct db *db, struct id meeting, struct id user,
                                   enum message_target target, int64_t *out);
NODISCARD enum err call_slots_give_back(struct db *db, struct id message);
/* The same for whichever attempt of a step took it; or whichever after one of unknown fate. */
NODISCARD enum err call_slots_give_back_step(struct db *db, struct id step, bool is_repeat);
NODISCARD enum err call_logs_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                                        struct list *out);

#endif
