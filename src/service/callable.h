/* service/callable: may this number be called at this instant, and if not, why, and when next?
 *
 * All that forbids a scheduled call or makes it wait stands behind one question: BLOCKED_PREFIXES,
 * the do-not-call list, a suppression of calls (P4), what the callee said about being called,
 * FEATURE_CALL, the call's business hours and the legal hours where the callee is. It is asked when
 * a call is scheduled and again before each attempt, for any of it may have changed in between.
 * What holds for the number comes before what holds for the hour. Whether agent, campaign and queue
 * allow the call is asked elsewhere.
 * Errors: E_CORRUPT for a row whose hours cannot be read, and those of the store. */
#ifndef TOCSIN_SERVICE_CALLABLE_H
#define TOCSIN_SERVICE_CALLABLE_H

#include "service/call_times.h"

enum call_bar {
    CALL_MAY,           /* At this instant. */
    CALL_OUTSIDE_HOURS, /* Not before `opening.at`. */
    /* For good: the call fails with the reason. */
    CALL_NEVER_OPEN, /* Its hours and the legal hours have no time in common within a year. */
    CALL_ON_DO_NOT_CALL,
    CALL_OPTED_OUT,
    CALL_INVALID_NUMBER,
    CALL_CONSENT_WITHDRAWN,
    CALL_CONSENT_MISSING,
    CALL_BLOCKED_PREFIX,
    CALL_SWITCHED_OFF /* FEATURE_CALL=false: nobody is called for now. */
};

struct call_permission {
    enum call_bar bar;
    struct call_opening opening; /* Where only hours matter; `at` is the instant asked about if the
                                    call may be made then. */
    const char *reason;          /* A word such as do_not_call for failure_reason; NULL for MAY. */
    const char *words;           /* The same for people: "is on the do-not-call list". */
};

/* The one question. Of the call it reads phone, phone_hash (made from the phone where it is
 * absent), timezone, has_timezone and hours. */
NODISCARD enum err callable_ask(struct op *op, const struct scheduled_call *call, struct instant at,
                                struct call_permission *out);
/* Whether BLOCKED_PREFIXES forbids the number. */
bool callable_is_blocked(const struct op *op, const struct scheduled_call *call);
/* The same about the number alone, whatever the hour. */
NODISCARD enum err callable_ask_number(struct op *op, const struct scheduled_call *call,
                                       struct call_permission *out);
/* The row's business hours and its legal hours: what a retry is to be planned with. */
NODISCARD enum err callable_guards(struct op *op, const struct scheduled_call *call,
                                   struct call_guards *out);
/* E_INVALID for guards that have no time in common, with what is to be changed: the member named is
 * businessHours where the request had them (`has_own_hours`), else timezone. */
NODISCARD enum err callable_refuse_hours(struct op *op, const struct scheduled_call *call,
                                         const struct call_guards *guards, bool has_own_hours);
/* "08:00-21:00 in all zones of US"; absent where there are no legal hours. */
struct str callable_legal_text(struct op *op, const struct scheduled_call *call,
                               const struct call_guards *guards);
/* Adds the legal hours to business hours that were just resolved. */
void callable_add_legal(struct op *op, const struct scheduled_call *call, struct call_guards *out);

#endif
