/* service/site: what every operation needs and none changes: configuration, zones, providers, the
 * log, the counters.
 *
 * Made by app/ at start; constant afterwards but for `stats`, which is atomic, and `rules`, which a
 * reload replaces while no operation runs. Ownership: app/. */
#ifndef TOCSIN_SERVICE_SITE_H
#define TOCSIN_SERVICE_SITE_H

#include "base/log.h"
#include "channel/provider.h"
#include "domain/plan.h"
#include "model/records.h"
#include "store/seal.h"
#include "store/zoneinfo.h"

#include <stdatomic.h>

struct features {
    bool scheduler;
    bool email;
    bool sms;
    bool whatsapp;
    bool call;
};

struct rules {
    struct stage_rule stages[STAGES_MAX];
    size_t stage_count;
};

/* Written by the executor, read by anybody. Milliseconds and counts. */
struct stats {
    _Atomic int64_t oldest_due_ms; /* Due instant of the oldest timer not yet run; 0 for none. */
    _Atomic int64_t pending_timers;
    _Atomic int64_t queued_messages;
    _Atomic int64_t consecutive_failures; /* Sends refused in a row. */
    _Atomic int64_t timers_fired;
    _Atomic int64_t timers_quarantined;
    _Atomic int64_t lateness_max_ms;
    _Atomic bool store_is_broken;
    _Atomic bool is_ready;
    _Atomic bool is_stopping;
};

struct clock_port {
    void *context;
    struct instant (*now)(void *context);
};

struct site {
    struct features features;
    struct rules rules;
    struct duration grace;       /* GRACE_PERIOD_MINUTES */
    int retry_attempts;          /* QUEUE_RETRY_ATTEMPTS */
    struct duration retry_first; /* QUEUE_RETRY_BACKOFF_DELAY */
    struct duration calendar_interval;
    struct str default_timezone;
    struct str public_url;     /* Without a slash at the end. */
    struct str operator_email; /* Absent for none. */
    struct str version;
    const struct provider *providers[channel_COUNT]; /* By channel; NULL for none. */
    struct provider_settings provider_settings;
    struct zoneinfo *zones;
    struct seal *seal;
    struct hash_key id_key;
    const struct log *log;
    struct clock_port clock;
    struct stats *stats;
    bool is_virtual; /* The clock moves only when told. */
    bool has_mock;
    /* Scripts the mock network; NULL without a mock. Called on the executor's thread. */
    enum err (*script_mock)(void *context, const struct mock_answer_input *input,
                            struct problem *problem);
    void *script_context;
};

#endif
