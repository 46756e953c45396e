/* service/call_times: the times of a call, from what a request says and from what a row keeps, as
 * the domain wants them.
 *
 * Hours and series are kept in the row as JSON, resolved: nothing in them depends on settings any
 * more. Errors: E_INVALID and E_TIMEZONE, with the member named; E_CORRUPT for a row's text that
 * cannot be read. Ownership: what is read lives in the operation's arena. */
#ifndef TOCSIN_SERVICE_CALL_TIMES_H
#define TOCSIN_SERVICE_CALL_TIMES_H

#include "domain/call_series.h"
#include "service/op.h"

/* The zone of a request: its own, else DEFAULT_TIMEZONE. `*name` becomes its name. */
NODISCARD enum err call_zone(struct op *op, struct str *name, const struct zone **out);

struct call_time {
    struct instant at;
    struct civil wall; /* As it was asked for: 02:30 also where a gap makes 03:30 of it. */
};
/* "2026-03-29T09:00:00Z", or a wall clock in `zone`. E_SCHEDULED_TIME for what is not after now. */
NODISCARD enum err call_time_parse(struct op *op, struct str text, const struct zone *zone,
                                   struct call_time *out);

/* Hours as the domain wants them; `hours` points into this struct, which is not to be copied. */
struct call_guards {
    struct call_hours hours; /* Guards nothing where the call keeps to no hours. */
    struct business_hours business;
    struct legal_guard legal; /* Added by service/callable. */
};
/* Business hours of a request with what is absent filled in; `given` may be NULL. `*text` is what
 * the row keeps. E_INVALID where they never open. */
NODISCARD enum err call_hours_resolve(struct op *op, const struct hours_input *given,
                                      struct str timezone, struct call_guards *out,
                                      struct str *text);
/* Those of a request that respects none: nothing of them is kept, but what is wrong is refused all
 * the same. */
NODISCARD enum err call_hours_disregard(struct op *op, const struct hours_input *given);
/* From the row's text back; an absent one guards nothing. */
NODISCARD enum err call_guards_read(struct op *op, struct str text, struct call_guards *out);

/* A recurrence in the making or out of a row: `series` points into this struct. */
struct series_read {
    struct call_series series;
    struct recurrence_rule rule;
    struct series_text text;
};
/* Checks what a request says of a series that begins at `first`; `*text` is what the row keeps. */
NODISCARD enum err call_series_resolve(struct op *op, const struct call_recurrence *given,
                                       const struct zone *zone, const struct call_time *first,
                                       struct str *text);
NODISCARD enum err call_series_read(struct op *op, struct str text, const struct zone *zone,
                                    struct series_read *out);

/* "2026-03-29T09:00:00" */
struct str civil_text(struct arena *arena, struct civil wall);

#endif
