/* domain/retry: what follows a failed message: again the same way, by another provider of the same
 * channel, or by another channel; and when a silent provider is asked.
 *
 * Pure. The table is retry.def, by failure category; a rules file may replace its numbers. A call
 * is
 * tried again only where it certainly was not placed, and never after an error of credentials or of
 * validation (K4), unless the next attempt is another one: without what was refused. Sources:
 * requirements V3, V5, K4, Q1; protocols.md 8. */
#ifndef TOCSIN_DOMAIN_RETRY_H
#define TOCSIN_DOMAIN_RETRY_H

#include "base/time.h"
#include "model/enums.h"

enum { RETRY_CONFIGURED = -1, RETRIES_MAX = 20 };

struct retry_rule {
    int sends; /* RETRY_CONFIGURED for what QUEUE_RETRY_ATTEMPTS says. */
    int calls;
    int receipts;
    struct duration first; /* 0 for what QUEUE_RETRY_BACKOFF_DELAY says. */
};

/* By category; entry 0 is that of `unknown`. */
struct retry_table {
    struct retry_rule rules[failure_category_COUNT];
};

void retry_default(struct retry_table *out);

/* What the provider said, or what the category means where it said nothing of that kind. */
enum failure_class retry_class(enum failure_class told, enum failure_category category);
/* Failures of the provider or of our account there, which another provider may not have. */
bool retry_is_providers(enum failure_class class, enum failure_category category);

enum retry_stage {
    RETRY_NOT_SENT, /* It certainly did not leave. */
    RETRY_REFUSED,  /* The provider did not take it. */
    RETRY_ENDED     /* The provider took it and it did not arrive. */
};

struct retry_facts {
    enum retry_stage stage;
    enum failure_class class; /* As retry_class says. */
    enum failure_category category;
    bool is_call;
    bool is_temporary; /* The provider says that it may work later. */
    bool is_mendable;  /* It refused something that the next attempt leaves out. */
    int tries;         /* By this channel and provider, this one included; 1 for the first. */
    int configured;    /* QUEUE_RETRY_ATTEMPTS */
    struct duration configured_first;
    struct duration asked_for; /* Retry-After, 0 for none. */
};

/* True where it is tried again the same way, after *wait. */
bool retry_again(const struct retry_table *table, const struct retry_facts *facts,
                 struct duration *wait);

/* When a provider is asked what became of a message that it took: after `polls` questions, how long
 * to wait for the next. Where it can call us that is 5, 10 and 20 minutes; where it cannot (V10) it
 * begins with 10 seconds. False: it was asked often enough; *wait is how long to wait before that
 * is said. */
bool poll_again(bool is_called_back, int64_t polls, struct duration *wait);

#endif
