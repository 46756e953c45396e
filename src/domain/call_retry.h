/* domain/call_retry: what follows an attempt of a scheduled call that reached nobody: another one,
 * when, or none, and why (requirements V5, S9).
 *
 * Pure. The table is call_retry.def, by outcome; a rules file may replace its numbers. The next
 * attempt is always inside business hours and legal hours. "Another time of day" means another part
 * of the callee's day than the attempt fell in (morning to 12:00, afternoon to 17:00, evening to
 * 22:00; the night is never chosen); where the hours know only one part, it means another day.
 * A failure that will come again (a number that does not exist, a person who opted out, credentials
 * that are wrong) is never tried again. */
#ifndef TOCSIN_DOMAIN_CALL_RETRY_H
#define TOCSIN_DOMAIN_CALL_RETRY_H

#include "domain/call_hours.h"

enum { CALL_RETRIES_MAX = 20 };

struct call_retry_rule {
    int retries;             /* How often at most, of all attempts of the call. */
    struct duration first;   /* The wait before the first one. */
    bool doubles;            /* Each wait is twice the one before, up to a day. */
    bool is_at_another_time; /* Not in the part of the day in which the attempt was. */
};

/* By outcome; those of `answered` and of NONE are never used. */
struct call_retry_table {
    struct call_retry_rule rules[call_outcome_COUNT];
};

void call_retry_default(struct call_retry_table *out);

struct call_retry_facts {
    enum call_outcome outcome;
    enum failure_category category; /* For `failed`; NONE where nothing is known. */
    enum failure_class class;       /* What the provider said of it; NONE where it said nothing. */
    int attempt;                    /* The one that ended; 1 for the first. */
    struct instant tried_at;        /* When it was placed. */
    struct instant now;
    struct duration asked_for; /* Retry-After, 0 for none. */
};

enum call_retry_step {
    CALL_RETRY_AGAIN,
    CALL_RETRY_NEEDLESS, /* It was answered. */
    CALL_RETRY_FINAL,    /* It would fail again. */
    CALL_RETRY_SPENT,    /* As many attempts as the table allows. */
    CALL_RETRY_NO_HOURS  /* There is no time at which it may be made. */
};

/* `zone` is the callee's. *at is set for AGAIN only. */
enum call_retry_step call_retry_decide(const struct call_retry_table *table,
                                       const struct call_retry_facts *facts,
                                       const struct call_hours *hours, const struct zone *zone,
                                       struct instant *at);

#endif
