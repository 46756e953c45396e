/* service/answers: what a person's answer does to the subject of a message, whichever way it came
 * in: a key or a text (requirements K7, V4, C1, I2).
 *
 * A yes to one's own meeting is JOINED, to an incident it takes it, or says of one that somebody
 * took for a time that they are still at it (E7); a no is MISSED, or passes the incident on at
 * once: the next step of its ladder does not wait for its time. Whoever a step reached may answer,
 * whomever the incident is about; the trail names them. Whoever answers has
 * got the message (CONFIRMED). An answer that comes too late or contradicts an earlier one is no
 * error of whoever carries it. */
#ifndef TOCSIN_SERVICE_ANSWERS_H
#define TOCSIN_SERVICE_ANSWERS_H

#include "domain/reply.h"
#include "service/op.h"

enum answer_effect {
    ANSWER_TAKEN,
    ANSWER_REPEATED,        /* It was known; nothing changed. */
    ANSWER_REFUSED,         /* There is nothing that it could mean here; nothing changed. */
    ANSWER_TOO_LATE,        /* Somebody else has it, or it was called off. */
    ANSWER_TAKEN_ELSEWHERE, /* Somebody else has the incident already; nothing changed. */
    ANSWER_STILL_YOURS      /* A no of whoever has it already: an operator is told. */
};

struct person_answer {
    const struct message *message;
    enum reply_word word;
    enum checkin_source source;
    struct str heard; /* "key 1", "reply": for the trail; nothing that they wrote. */
    /* It may have answered another message: it proves nothing of one that may never have left. */
    bool is_doubtful;
};

NODISCARD enum err take_answer(struct op *op, const struct person_answer *answer,
                               enum answer_effect *out);

/* Whether the message told of a plan of its meeting that holds no more: whoever answers it has not
 * heard the new time. */
NODISCARD enum err answer_is_outdated(struct op *op, const struct message *message,
                                      const struct meeting *meeting, bool *out);

/* Whether the message asks a person about their own meeting. */
NODISCARD enum err is_about_own_meeting(struct op *op, const struct message *message, bool *out);
/* Notes that the person did something during a message that did not change its state: "key 9".
 * However often it is done, no more than a few are noted. */
NODISCARD enum err note_heard(struct op *op, const struct message *message, struct str word);

#endif
