/* service/operator: whoever runs Tocsin is told what only they can mend (V7, V3, V11).
 *
 * A note has a key ("provider:twilio", "poll:MESSAGE", "spend:2026-01-05"): the operator is told
 * once per key, and once more when it is over. Told by email to OPERATOR_EMAIL and by webhook to
 * OPERATOR_WEBHOOK_URL; where email itself is what fails, by text to OPERATOR_PHONE instead. Told
 * means that the messages are rows of this operation. With or without these settings the log says
 * it, and a notification inside Tocsin. Runs inside operations of the writer. */
#ifndef TOCSIN_SERVICE_OPERATOR_H
#define TOCSIN_SERVICE_OPERATOR_H

#include "channel/render.h"
#include "service/op.h"

struct operator_note {
    struct str key;   /* At most 120 bytes; no secrets: it is stored in clear. */
    struct str title; /* One line: "Twilio does not work". */
    struct str text;  /* A few sentences: what happened and what to do. No full numbers. */
    /* What mail and texts say instead, where there is a text for it; then the facts in it. The log
     * and a webhook say title and text. */
    enum text_key words;
    struct str provider;
    struct str error;
    int64_t count;
    struct instant since;
    struct str about; /* The title of the incident that it is about, and of whom that is. */
    struct str person;
    struct id user;    /* Whom it concerns: it stands among what was sent about them. */
    struct id subject; /* The incident or meeting that it is about; unset for Tocsin itself. */
    enum subject_type subject_type; /* 0 for Tocsin itself. */
};

/* Tells it where `key` was not told before, or is over since. */
NODISCARD enum err operator_tell(struct op *op, const struct operator_note *note);
/* It is over: tells `note` where its key was told, and forgets the key. */
NODISCARD enum err operator_recovered(struct op *op, const struct operator_note *note);

#endif
