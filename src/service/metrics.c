#include "service/metrics.h"

static const struct metric_family families[] = {
#define COUNTER "counter"
#define GAUGE "gauge"
#define HISTOGRAM "histogram"
#define METRIC(name, type, labels, doc) {#name, type, labels, doc},
#include "service/metrics.def"
#undef METRIC
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
};

/* From a commit to memory up to a ladder that was five minutes late. */
static const int64_t bounds_us[HISTOGRAM_BOUNDS] = {
    100,    250,    500,    1000,    2500,    5000,    10000,    25000,    50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 60000000, 300000000};

const struct metric_family *metric_family(enum metric metric)
{
    return &families[metric];
}

int64_t histogram_bound(size_t which)
{
    return bounds_us[which];
}

void histogram_add(struct histogram *histogram, struct duration time)
{
    int64_t us = time.us > 0 ? time.us : 0;
    size_t which = 0;
    while (which < HISTOGRAM_BOUNDS && us > bounds_us[which]) {
        which++;
    }
    atomic_fetch_add_explicit(&histogram->counts[which], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_us, us, memory_order_relaxed);
}
