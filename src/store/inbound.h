/* store/inbound: texts that people wrote, the codes by which they name a subject, and what else an
 * answer is made of. Errors as store/db. */
#ifndef TOCSIN_STORE_INBOUND_H
#define TOCSIN_STORE_INBOUND_H

#include "store/db.h"

/* Sets sender_hash first. */
NODISCARD enum err inbound_texts_put(struct db *db, struct arena *arena, struct inbound_text *text);
NODISCARD enum err inbound_texts_get(struct db *db, struct arena *arena, struct str provider,
                                     struct str provider_id, struct inbound_text *out);
/* How many texts of a number since `since` were of no use, without one in between that was. */
NODISCARD enum err inbound_texts_wrong(struct db *db, struct arena *arena, struct str sender,
                                       struct instant since, int64_t *out);

NODISCARD enum err short_codes_of_user(struct db *db, struct arena *arena, struct id user,
                                       struct list *out);
NODISCARD enum err short_codes_remove(struct db *db, struct id id);

struct spoken_to {
    struct id user;
    enum message_target target; /* The person, or their emergency contact. */
    struct instant since;
};

/* Messages and calls to somebody about meetings and incidents since `since`, the newest first, at
 * most 100: what a text may be the answer to. */
NODISCARD enum err messages_to_person(struct db *db, struct arena *arena,
                                      const struct spoken_to *whom, struct list *out);
/* Whether somebody was asked since `since` about anything but `subject` (a meeting, else an
 * incident) and an answer is still awaited at `now`. */
struct asked_query {
    struct id user;
    struct id subject;
    struct instant since;
    struct instant now;
};
NODISCARD enum err asked_elsewhere(struct db *db, const struct asked_query *query, bool *out);
/* How often a person was heard to do this during a message: "key 9". */
NODISCARD enum err message_events_heard(struct db *db, struct id message, struct str word,
                                        int64_t *out);
/* Whether a text that a provider took since then still waits for its person's answer; `with_calls`:
 * or a call by whomever, which says that it is answered by a text where nobody can call us. */
struct awaited {
    struct str provider;
    struct instant since;
    bool with_calls;
};
NODISCARD enum err messages_await_answer(struct db *db, const struct awaited *awaited, bool *out);
/* The last audit event of a subject with this action. */
NODISCARD enum err audit_last_action(struct db *db, struct arena *arena, struct id subject,
                                     struct str action, struct audit_event *out);

#endif
