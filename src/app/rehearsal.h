/* app/rehearsal: a policy or a meeting day, played with a clock of its own (requirement O7).
 *
 * A rehearsal is a small Tocsin: a store in memory, the executor, the courier and the mock network,
 * driven in one thread from one due instant to the next, so that what it says is what the engine
 * does. People, schedules and the policy are copied from the store of whoever asks, which is only
 * read; nothing leaves the process. It is played twice: as ordered, and with nobody who answers.
 * Bounded: a year, 10,000 entries of the timeline, 1,000 incidents or meetings, five seconds of
 * real time: E_TOO_LARGE, which says which. Threads: any one; it shares zones and keys only. */
#ifndef TOCSIN_APP_REHEARSAL_H
#define TOCSIN_APP_REHEARSAL_H

#include "service/simulation.h"

/* `site` lends its settings, whose rules no reload may replace meanwhile. `op` reads the facts; its
 * db may be NULL where there is no store: then only what comes built in and what the order holds is
 * known. What comes out lives in its arena. */
NODISCARD enum err rehearsal_run(const struct site *site, struct op *op,
                                 const struct rehearsal_order *order, struct simulation *out);

/* For a site whose rules are replaced: a copy that stays. */
struct rules rehearsal_rules(const struct rules *rules, struct arena *arena);

#endif
