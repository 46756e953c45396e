/* channel/sink_dialect: how each kind of event sink is spoken to (requirement D7), as pure
 * functions: events → request, answer → what certainly arrived.
 *
 * Telling is idempotent: an event has one id for good, by which Airtable updates the record that is
 * there already, and by which who receives a post knows a repetition. So whatever is in doubt is
 * told again. Errors that are shown quote a peer only through verdict_quote.
 * Ownership: everything in the arena given. Threads: reentrant. Dialects are complete. */
#ifndef TOCSIN_CHANNEL_SINK_DIALECT_H
#define TOCSIN_CHANNEL_SINK_DIALECT_H

#include "domain/sink.h"
#include "model/http.h"
#include "model/records.h"

enum { SINK_EVENTS_MAX = 10 };

/* Whom. Absent texts are STR_NONE. */
struct sink_address {
    struct hash_key id_key;
    struct str airtable_url; /* "https://api.airtable.com", with or without a slash at its end. */
    struct str base;
    struct str base_table;
    struct str token;
    struct str url;
    struct str secret;
    bool is_trusted; /* The URL is the operator's own: private addresses are allowed. */
};

struct sink_events {
    const struct event *items;
    size_t count; /* 1 to the dialect's events_max. */
    struct instant now;
};

struct sink_verdict {
    enum sink_outcome outcome;
    int confirmed; /* So many of the first events certainly arrived. */
    struct str error;
    int64_t retry_after_seconds;
};

struct sink_dialect {
    size_t events_max; /* In one request. */
    int pace_ms;       /* Between the beginnings of two requests to one base; 0 for none. */
    void (*build)(const struct sink_address *address, const struct sink_events *events,
                  struct arena *arena, struct wire_request *out);
    void (*read)(const struct sink_address *address, const struct sink_events *events,
                 const struct wire_answer *answer, struct arena *arena, struct sink_verdict *out);
};

extern const struct sink_dialect sink_dialect_airtable;
extern const struct sink_dialect sink_dialect_webhook;

const struct sink_dialect *sink_dialect_of(enum sink_kind kind);

/* For dialects: judges an exchange that brought no answer; false for WIRE_ANSWERED, where `out` is
 * left alone. */
bool sink_unanswered(const struct wire_answer *answer, struct arena *arena,
                     struct sink_verdict *out);
/* For dialects: the words of an event, as everybody outside knows it. */
struct event_words {
    struct str id;
    struct str type;
    struct str at;
    struct str subject_type;
    struct str subject_id;
    struct str user_id;
};
struct event_words sink_event_words(const struct sink_address *address, const struct event *event,
                                    struct arena *arena);

#endif
