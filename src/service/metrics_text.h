/* service/metrics_text: the metrics as Prometheus reads them, text format 0.0.4 (O4).
 *
 * Every family of metrics.def is written once, with HELP and TYPE, in the order of the table; label
 * values are names of our tables, so that nothing in them needs escaping. A read that a scraper may
 * ask for every few seconds: it costs what GET /queue and /health cost. */
#ifndef TOCSIN_SERVICE_METRICS_TEXT_H
#define TOCSIN_SERVICE_METRICS_TEXT_H

#include "service/op.h"

NODISCARD enum err show_metrics(struct op *op, const void *input, void *output);

/* Counts an attempt to hand a message over, and how long its provider took. */
void metrics_note_send(const struct site *site, const struct provider *provider,
                       enum channel channel, const struct verdict *verdict, struct duration took);

#endif
