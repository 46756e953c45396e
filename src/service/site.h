/* service/site: what every operation needs and none changes: configuration, zones, providers, the
 * log, the counters.
 *
 * Made by app/ at start; constant afterwards but for `stats`, which is atomic, and `rules`, which a
 * reload replaces while no operation runs. Ownership: app/. */
#ifndef TOCSIN_SERVICE_SITE_H
#define TOCSIN_SERVICE_SITE_H

#include "base/log.h"
#include "channel/provider.h"
#include "domain/dispatch.h"
#include "domain/plan.h"
#include "domain/retry.h"
#include "domain/spend.h"
#include "model/records.h"
#include "service/outside.h"
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
    struct retry_table retries;
    const struct text_rule *texts; /* In place of ours. Read on the executor's thread only. */
    size_t text_count;
    struct arena *arena; /* Holds them, and is the owner's to free; NULL for none. */
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
    _Atomic int64_t last_event;    /* The newest event that is durable; 0 for none. */
    _Atomic int64_t listeners;     /* Event streams; they are told of last_event. */
    _Atomic int64_t hooks_refused; /* Calls to webhooks that no provider had signed. */
    /* Since when changes have been taken without a break: the start, or the store's recovery. */
    _Atomic int64_t taking_changes_since_ms;
    _Atomic int64_t ping_fails_since_ms; /* 0 while it arrives. */
    _Atomic bool store_is_broken;
    _Atomic bool is_ready;
    _Atomic bool is_stopping;
};

enum { PROVIDERS_PER_CHANNEL = 4, ROUTES_MAX = 64 };

/* In the order of fail-over (K8). */
struct provider_list {
    const struct provider *items[PROVIDERS_PER_CHANNEL];
    size_t count;
};

/* Numbers that begin with `prefix` go this way instead (V6); the longest prefix counts. */
struct provider_route {
    enum channel channel;
    struct number_prefix prefix;
    struct provider_list list;
};

/* How fast a provider may be given messages of a channel, in thousandths a second (V9). */
struct provider_pace {
    const struct provider *provider;
    enum channel channel;
    int64_t rate_milli;
};

enum { PACES_MAX = 32 };

struct delivery_rules {
    struct provider_list lists[channel_COUNT]; /* Empty for a channel that stays inside. */
    struct provider_route routes[ROUTES_MAX];
    size_t route_count;
    struct provider_pace paces[PACES_MAX]; /* What is not listed is not held back. */
    size_t pace_count;
    struct spend_rules spend;
    bool is_test;          /* TEST_MODE: requests are built and checked, none leaves. */
    bool is_call_test;     /* CALL_TEST_MODE: the same for calls. */
    bool mock_has_breaker; /* Failures that are scripted for the mock count like a provider's. */
};

struct clock_port {
    void *context;
    struct instant (*now)(void *context);
};

struct op;
struct rehearsal_order;

struct site {
    struct features features;
    struct rules rules;
    struct duration grace;                     /* GRACE_PERIOD_MINUTES */
    struct followups followups[urgency_COUNT]; /* DISPATCH_FOLLOWUPS_LOW and so on */
    int retry_attempts;                        /* QUEUE_RETRY_ATTEMPTS */
    struct duration retry_first;               /* QUEUE_RETRY_BACKOFF_DELAY */
    struct duration calendar_interval;
    int64_t notification_days; /* NOTIFICATION_DAYS */
    struct str default_timezone;
    struct str public_url;     /* Of links. What providers call is provider_settings.public_url. */
    struct str operator_email; /* Absent for none; the same for the next two. */
    struct str operator_phone;
    struct str operator_webhook;
    struct str version;
    const struct provider *providers[channel_COUNT]; /* The first of each list; NULL for none. */
    struct delivery_rules delivery;
    struct provider_settings provider_settings;
    struct sink_settings sinks;
    struct watch_settings watch;
    struct health_limits health;
    struct zoneinfo *zones;
    struct seal *seal;
    struct hash_key id_key;
    const struct log *log;
    struct clock_port clock;
    struct stats *stats;
    bool is_virtual;    /* The clock moves only when told. */
    bool has_admin_key; /* TOCSIN_ADMIN_KEY is set: there is one that cannot be revoked. */
    bool has_mock;
    const struct provider *stand_ins; /* A rehearsal's, who play the real ones; NULL otherwise. */
    size_t stand_in_count;
    /* Scripts the mock network; NULL without a mock. Called on the executor's thread. */
    enum err (*script_mock)(void *context, const struct mock_answer_input *input,
                            struct problem *problem);
    void *script_context;
    /* Rehearses a policy (service/simulation); NULL where nothing is rehearsed. */
    enum err (*rehearse)(void *context, struct op *op, const struct rehearsal_order *order,
                         struct simulation *out);
    void *rehearse_context;
};

#endif
