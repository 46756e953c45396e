/* domain/breaker: is anything given to a provider, after how it has been of late? (V6, V7)
 *
 * Pure. Three failures in a row that are the provider's own, or one refusal of our credentials,
 * open it. After 30 s, which double with each opening up to 10 min, one message may try (half
 * open); if it is taken the breaker closes, else it opens again. A trial whose end is never heard
 * of (a crash) is given up after two minutes, and another one may try. */
#ifndef TOCSIN_DOMAIN_BREAKER_H
#define TOCSIN_DOMAIN_BREAKER_H

#include "base/time.h"
#include "model/enums.h"

struct breaker {
    enum breaker_state state; /* 0 is CLOSED as well: a provider that was never used. */
    int64_t failures;         /* In a row. */
    int64_t openings;         /* Since it last worked. */
    struct instant opened_at;
    struct instant retry_at; /* OPEN: when one may try. HALF_OPEN: when another one may. */
};

/* What an answer says about the provider, not about whom it was for. */
enum breaker_news {
    BREAKER_WORKS, /* It answered as a provider does, be it with a refusal of the recipient. */
    BREAKER_BUSY,  /* Too much at a time, or nobody knows: it answers, and nothing is forgotten. */
    BREAKER_FAILS, /* Not reached, timed out, failed. */
    BREAKER_AUTH   /* It refused our credentials. */
};

enum breaker_change { BREAKER_SAME, BREAKER_OPENED, BREAKER_CLOSED };

enum { BREAKER_FAILURES = 3 };

/* Whether a message may go now. In HALF_OPEN and after retry_at, one may: see breaker_try. */
bool breaker_lets_through(const struct breaker *breaker, struct instant now);
/* A message goes. True where that is the one that tries: the breaker has changed. */
bool breaker_try(struct breaker *breaker, struct instant now);
enum breaker_change breaker_take(struct breaker *breaker, enum breaker_news news,
                                 struct instant now);

/* `category` 0 is a message that was taken. */
enum breaker_news breaker_news_of(enum failure_category category);

#endif
