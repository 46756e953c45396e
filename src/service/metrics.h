/* service/metrics: what is counted and measured while the process runs, for GET /metrics (O4).
 *
 * Counters and histograms begin at 0 with the process and only grow; whoever measures adds without
 * a lock. What can be read from rows or from `stats` is not kept here but read when it is asked
 * for (service/metrics_text). The families are the rows of metrics.def. Times are microseconds by
 * the clock of the site, so that the virtual clock measures nothing; HTTP is measured by app/, by
 * the monotonic clock. Threads: any. */
#ifndef TOCSIN_SERVICE_METRICS_H
#define TOCSIN_SERVICE_METRICS_H

#include "base/time.h"
#include "model/enums.h"

#include <stdatomic.h>

enum metric {
#define METRIC(name, type, labels, doc) METRIC_##name,
#include "service/metrics.def"
#undef METRIC
    METRIC_COUNT
};

struct metric_family {
    const char *name;
    const char *type; /* "counter", "gauge", "histogram" */
    const char *labels;
    const char *doc;
};

const struct metric_family *metric_family(enum metric metric);

enum { HISTOGRAM_BOUNDS = 18, METRIC_PROVIDERS_MAX = 8, HTTP_CLASSES = 6, HTTP_METHODS_MAX = 8 };

/* How often a time was at most each bound and over the one before; the last is for all beyond. */
struct histogram {
    _Atomic int64_t counts[HISTOGRAM_BOUNDS + 1];
    _Atomic int64_t sum_us;
};

/* A time that is negative, as after a clock was set back, counts as 0. */
void histogram_add(struct histogram *histogram, struct duration time);
/* In microseconds. */
int64_t histogram_bound(size_t which);

/* What became of an attempt to hand a message over: a refusal stands by its category. */
enum { SEND_ACCEPTED = failure_category_COUNT, SEND_FATE_UNKNOWN, SEND_OUTCOMES };

struct metrics {
    struct histogram commit;
    struct histogram lateness;
    struct histogram provider[METRIC_PROVIDERS_MAX][channel_COUNT];
    struct histogram http[HTTP_METHODS_MAX][HTTP_CLASSES];
    _Atomic int64_t sends[METRIC_PROVIDERS_MAX][channel_COUNT][SEND_OUTCOMES];
    _Atomic int64_t store_refusals;
    _Atomic int64_t http_refused;
    _Atomic int64_t syncs_ok;
    _Atomic int64_t syncs_failed;
};

/* What the system knows of the process. */
struct process_facts {
    int64_t resident_bytes;
    int64_t open_fds;
    int64_t max_fds;
    int64_t cpu_us;
    struct instant started_at;
};

#endif
