/* service/outside: the settings of what is told beside people: event sinks, whoever watches
 * Tocsin itself (service/watch), where people sign in elsewhere, how long what is over is kept.
 * Absent texts are STR_NONE. Part of service/site. */
#ifndef TOCSIN_SERVICE_OUTSIDE_H
#define TOCSIN_SERVICE_OUTSIDE_H

#include "base/time.h"
#include "model/enums.h"
#include "store/retention.h"

struct sink_settings {
    struct str airtable_url; /* AIRTABLE_API_BASE_URL */
    struct str airtable_key; /* Of the environment's own sinks, as are the rest. */
    struct str airtable_base;
    struct str airtable_table;
    struct str webhook_url;
    struct str webhook_host;
    struct str webhook_secret;
};

struct watch_settings {
    struct str ping_url; /* TOCSIN_PING_URL and so on */
    struct duration ping_every;
    struct str canary_user; /* A person's id or number. */
    enum channel canary_channel;
    struct duration canary_every;
};

/* Where people sign in elsewhere (service/oidc). */
struct oidc_settings {
    struct str issuer; /* Empty for nowhere. */
    struct str client_id;
    struct str client_secret;
    struct str scopes;
    struct str role_claim;
    struct str roles;
};

/* From which number on /health says degraded (HEALTH_…); 0 for never. */
struct health_limits {
    int64_t overdue_seconds;
    int64_t failures;
    int64_t undelivered;
    int64_t callbacks;
    int64_t breakers;
    int64_t exhausted;
    int64_t pending;
    int64_t sinks;
    int64_t calendars;
    int64_t redis_seconds;
};

/* How long each kind of subject is kept (RETENTION_…_DAYS); 0 for ever. */
struct retention_settings {
    struct duration keep[RETENTION_KINDS];
};

/* Adds text to a file of the archive folder behind its first `length` bytes, cutting off what
 * stands there, and flushes it. E_CORRUPT where the file has not so many bytes, E_CONFLICT where
 * it has more than a portion can have left; E_UNAVAILABLE where it cannot be written. */
struct archive_piece {
    struct str name;
    int64_t length;
    struct str text;
};
struct archive_port {
    void *context;
    struct str mark; /* Part of each name where several processes write; empty otherwise. */
    /* NULL where there is no folder: then nothing goes. */
    enum err (*append)(void *context, const struct archive_piece *piece, struct problem *problem);
};

/* Where data keys are kept. `next` has the check of the one that is to take over, which the seal
 * then knows as a candidate; `retire` puts it in the place of the one with this number. */
struct data_key_port {
    void *context;
    enum err (*next)(void *context, struct arena *arena, struct str *check,
                     struct problem *problem);
    enum err (*retire)(void *context, int number, struct problem *problem);
};

#endif
