/* service/sources: what a source of alerts says becomes incidents (requirement I4).
 *
 * A repeating alert (Alertmanager, Grafana) is one row by its fingerprint, with when it last began:
 * saying it again, by however many senders, changes nothing; a later startsAt is a new occurrence.
 * It is over when its source says so, and only then: an alert that is missing from a message is not
 * resolved by that, and "resolved" of an occurrence before the present one is old news. A generic
 * event is opened, taken and resolved by its dedup key. An alert is never refused because the
 * person or the policy of its integration is gone: it is reported without. */
#ifndef TOCSIN_SERVICE_SOURCES_H
#define TOCSIN_SERVICE_SOURCES_H

#include "channel/source.h"
#include "service/night.h"

/* A message of a source, whose key was found. */
struct source_visit {
    struct integration integration; /* As it was then. */
    enum source_kind kind;          /* By which URL: never ANY. */
    struct str body;
    const struct source_batch *batch; /* NULL while the body has not been read. */
};

/* E_INVALID with the member, for a body that cannot be what it should be. Any thread. */
NODISCARD enum err prepare_source(struct op *op, const void *input, const void **out);
/* The input is a source_visit, the output a source_result. */
NODISCARD enum err take_events(struct op *op, const void *input, void *output);
NODISCARD enum err take_alertmanager(struct op *op, const void *input, void *output);
NODISCARD enum err take_grafana(struct op *op, const void *input, void *output);
/* What a body would do, without doing it. */
NODISCARD enum err preview_source(struct op *op, const void *input, void *output);

/* A portion of a night: alerts are forgotten that were not heard of for long, and are over or their
 * incidents are, and those of integrations that were removed. */
NODISCARD enum err forget_source_alerts(struct op *op, struct night_walk *walk);

#endif
