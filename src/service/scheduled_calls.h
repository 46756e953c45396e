/* service/scheduled_calls: calls to numbers at times: made, shown, cancelled, moved (S1-S3, S6,
 * S9).
 *
 * A pending row is its own timer. Creating one is one row, one audit row and counters. Whoever ends
 * a call (completed, failed, cancelled) calls scheduled_call_follow (service/occurrences) in the
 * same operation, which makes the next occurrence of its series: none is lost or made twice,
 * whenever the process dies.
 */
#ifndef TOCSIN_SERVICE_SCHEDULED_CALLS_H
#define TOCSIN_SERVICE_SCHEDULED_CALLS_H

#include "service/agents.h"
#include "service/call_counts.h"
#include "service/call_endings.h"
#include "service/call_memory.h"
#include "store/calls.h"

/* What a request asks for. */
struct call_order {
    const struct schedule_call_input *input;
    const struct agent *agent;  /* As scheduled_call_agent found it; NULL to have it looked up. */
    struct id campaign;         /* Unset for none. */
    struct call_memory *memory; /* Of a request with many calls; NULL for none. */
};

/* Finds the agent of a request: E_AGENT_NOT_FOUND for one that is not there or was archived. */
NODISCARD enum err scheduled_call_agent(struct op *op, struct id id, const struct agent **out);
/* Who may act for this owner: everybody but readers, a person's own key for itself alone. */
NODISCARD enum err scheduled_call_may_change(struct op *op, struct str user);
/* The owner as one of our people, where the name is the id of one that could be; unset otherwise.
 * By it events and audit rows are a person's own. */
struct id scheduled_call_person(const struct op *op, struct str user);
/* E_INVALID where a call would expire before it is due. */
NODISCARD enum err scheduled_call_check_expiry(struct op *op, struct instant expires_at,
                                               struct instant due_at);
/* Checks an order and fills the row, without writing anything. */
NODISCARD enum err scheduled_call_plan(struct op *op, const struct call_order *order,
                                       struct scheduled_call *out);
/* Writes a planned row, counts it and arms it; without an audit event. */
NODISCARD enum err scheduled_call_insert(struct op *op, struct scheduled_call *call);
/* What is due when: the one place that knows how a pending call is remembered. */
NODISCARD enum err scheduled_call_arm(struct op *op, const struct scheduled_call *call);
NODISCARD enum err scheduled_call_disarm(struct op *op, const struct scheduled_call *call);

struct call_change {
    const char *action;
    const struct scheduled_call *before; /* NULL for what is new. */
    const struct scheduled_call *after;
    struct str reason;
};
NODISCARD enum err scheduled_call_audit(struct op *op, const struct call_change *change);
NODISCARD enum err scheduled_call_tell(struct op *op, enum event_kind kind,
                                       const struct scheduled_call *call);
/* Cancels a pending call. */
NODISCARD enum err scheduled_call_end_pending(struct op *op, struct scheduled_call *call,
                                              const struct call_ending *ending);
/* Gives a pending call another time, moved into its hours. Its series stays where it is: where the
 * call goes past the next one, that is made now, and is `*next`. */
NODISCARD enum err scheduled_call_set_time(struct op *op, struct scheduled_call *call,
                                           struct instant at, struct id *next);
/* high for 1 and so on. */
enum call_priority scheduled_call_priority(int64_t rank);
/* Fills in what is shown and not stored; `call->agent` where it is NULL. */
NODISCARD enum err scheduled_call_show(struct op *op, struct scheduled_call *call);

/* What the API asks for; see api/routes.def. */
NODISCARD enum err schedule_call(struct op *op, const void *input, void *output);
NODISCARD enum err list_scheduled_calls(struct op *op, const void *input, void *output);
NODISCARD enum err get_scheduled_call(struct op *op, const void *input, void *output);
NODISCARD enum err cancel_scheduled_call(struct op *op, const void *input, void *output);
NODISCARD enum err reschedule_call(struct op *op, const void *input, void *output);
/* service/call_restore */
NODISCARD enum err restore_scheduled_call(struct op *op, const void *input, void *output);
/* service/call_calendar */
NODISCARD enum err show_call_calendar(struct op *op, const void *input, void *output);
/* service/scheduling_preview */
NODISCARD enum err preview_call(struct op *op, const void *input, void *output);

#endif
