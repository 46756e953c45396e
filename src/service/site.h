/* service/site: what every operation needs and none changes: configuration, zones, providers, the
 * log, the counters. Made by app/ at start; constant afterwards but for `stats`, which is atomic,
 * and `rules`, which a reload replaces while no operation runs. Ownership: app/. */
#ifndef TOCSIN_SERVICE_SITE_H
#define TOCSIN_SERVICE_SITE_H

#include "base/log.h"
#include "channel/provider.h"
#include "domain/call_retry.h"
#include "domain/dispatch.h"
#include "domain/plan.h"
#include "domain/retry.h"
#include "domain/spend.h"
#include "model/records.h"
#include "service/outside.h"
#include "service/stats.h"
#include "store/seal.h"
#include "store/zoneinfo.h"

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
    struct call_retry_table call_retries;
    const struct text_rule *texts; /* In place of ours. Read on the executor's thread only. */
    size_t text_count;
    struct arena *arena; /* Holds them, and is the owner's to free; NULL for none. */
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

struct oidc_memory;
struct wire_request;
struct wire_answer;

struct site {
    struct features features;
    struct rules rules;
    struct duration grace;                     /* GRACE_PERIOD_MINUTES */
    struct followups followups[urgency_COUNT]; /* DISPATCH_FOLLOWUPS_LOW and so on */
    int retry_attempts;                        /* QUEUE_RETRY_ATTEMPTS */
    struct duration retry_first;               /* QUEUE_RETRY_BACKOFF_DELAY */
    struct duration finished_keep;             /* QUEUE_FINISHED_KEEP_HOURS */
    int64_t finished_keep_count;               /* QUEUE_FINISHED_KEEP_COUNT */
    struct duration failed_keep;               /* QUEUE_FAILED_KEEP_DAYS */
    struct duration calendar_interval;
    int64_t notification_days; /* NOTIFICATION_DAYS */
    struct str default_timezone;
    struct str business_start; /* DEFAULT_BUSINESS_HOURS_START and _END: "09:00", "17:00" */
    struct str business_end;
    struct legal_hours legal_hours; /* CALL_LEGAL_HOURS and CALL_LEGAL_HOURS_BY_COUNTRY */
    bool needs_consent;             /* CALL_CONSENT_REQUIRED */
    struct duration lateness_limit; /* CALL_LATENESS_LIMIT; 0 for none. */
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
    struct oidc_settings oidc;
    struct oidc_memory *oidc_memory;
    /* Asks another server, and waits for it: on threads that may. NULL where nothing is asked. */
    enum err (*fetch)(void *context, const struct wire_request *request, struct arena *arena,
                      struct wire_answer *out);
    void *fetch_context;
    struct zoneinfo *zones;
    struct seal *seal;
    struct retention_settings retention;
    struct archive_port archive;
    struct data_key_port data_keys; /* All NULL where the key cannot be changed. */
    struct hash_key id_key;
    const struct log *log;
    struct clock_port clock;
    struct stats *stats;
    /* What the system knows of the process; NULL where nobody asks. */
    void (*process)(struct process_facts *out);
    bool is_virtual;    /* The clock moves only when told. */
    bool has_admin_key; /* TOCSIN_ADMIN_KEY is set: there is one that cannot be revoked. */
    uint8_t admin_key_hash[SHA256_BYTES]; /* Of a key that is an admin's without a row; all zero for
                                             none, which is the hash of no key. */
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
