/* service/idempotency: a POST that carries an Idempotency-Key is done once, and answered the same
 * for a day.
 *
 * Who asks again with the same key and the same request gets the bytes of the first answer; with
 * another request E_KEY_REUSED. Keys belong to the API key that they came with. The answer is kept
 * in the operation that it tells of, so that there is never one without the other, whenever the
 * process dies; refusals are not kept. Of two that come at once the second one finds the first,
 * since there is one writer. */
#ifndef TOCSIN_SERVICE_IDEMPOTENCY_H
#define TOCSIN_SERVICE_IDEMPOTENCY_H

#include "service/op.h"

enum { IDEMPOTENCY_KEY_BYTES_MAX = 255 };

struct idempotent_request {
    struct str secret; /* The API key. */
    struct str key;
    struct str path; /* With the query they are a part of what was asked. */
    struct str query;
    struct str body;
    bool is_json; /* Then white space outside of texts does not make it another request. */
};

struct idempotency {
    struct lookup who; /* Keyed hash of the API key and the idempotency key. */
    struct str what;   /* SHA-256 of path, query and body. */
};

struct kept_answer {
    int status; /* 0 for none. */
    struct str body;
};

/* E_INVALID for a key that is none: 1 to 255 printable characters of ASCII. */
NODISCARD enum err idempotency_check(struct str key, struct problem *problem);
/* Any thread; takes as long as it takes to hash the body. */
struct idempotency idempotency_of(const struct site *site, struct arena *arena,
                                  const struct idempotent_request *request);
NODISCARD enum err idempotency_find(struct op *op, const struct idempotency *request,
                                    struct kept_answer *out);
/* After idempotency_find has found none in the same operation. */
NODISCARD enum err idempotency_keep(struct op *op, const struct idempotency *request,
                                    const struct kept_answer *answer);
/* Forgets some of what is older than a day; false where there is more of it. */
NODISCARD enum err idempotency_clean(struct op *op, bool *is_done);

#endif
