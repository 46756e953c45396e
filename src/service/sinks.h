/* service/sinks: where events are told beside the API: Airtable and signed webhooks (requirement
 * D7).
 *
 * A sink is a place in the order of the events: nothing is copied for it, whatever its state. It
 * is told one round after another (service/sink_round), never in the way of alerting. Secrets go in
 * and never come out. One sink of each kind may come from the environment; its settings follow
 * that at each start. Events are kept until every sink that is enabled was told them, at most
 * EVENT_DAYS_MAX days, and a day at least. Runs inside operations of the writer. */
#ifndef TOCSIN_SERVICE_SINKS_H
#define TOCSIN_SERVICE_SINKS_H

#include "service/op.h"
#include "service/operator.h"

enum { SINKS_MAX = 50, EVENT_DAYS_MAX = 30 };

/* Enabled and not paused. */
bool sink_is_told(const struct sink *sink);
/* An event is there: sinks that had been told everything go on. Costs next to nothing where there
 * is no sink. */
NODISCARD enum err sinks_wake_all(struct op *op);
/* The sink goes on now, whatever it waits for; nothing where a round is under way. */
NODISCARD enum err sink_rouse(struct op *op, const struct sink *sink);
/* At start: sinks of the environment as it is now, and a timer for each that is told anything,
 * since no round of an earlier life is under way any more. */
NODISCARD enum err sinks_start(struct op *op);
/* Removes events that nobody needs any more, so many at a time that nothing waits for it: where
 * there are more, a timer CLEAN goes on, whose subject is the last one to be removed. */
NODISCARD enum err events_clean(struct op *op);
NODISCARD enum err events_clean_on(struct op *op, struct timer *timer);

NODISCARD enum err create_sink(struct op *op, const void *input, void *output);
NODISCARD enum err list_sinks(struct op *op, const void *input, void *output);
NODISCARD enum err get_sink(struct op *op, const void *input, void *output);
NODISCARD enum err change_sink(struct op *op, const void *input, void *output);
NODISCARD enum err delete_sink(struct op *op, const void *input, void *output);
NODISCARD enum err pause_sink(struct op *op, const void *input, void *output);
NODISCARD enum err resume_sink(struct op *op, const void *input, void *output);
NODISCARD enum err replay_sink(struct op *op, const void *input, void *output);
NODISCARD enum err list_dead_letters(struct op *op, const void *input, void *output);

#endif
