/* channel/source: what sources of alerts send: a body of theirs, and what it reports (requirement
 * I4).
 *
 * Pure. Generic JSON is read by a mapping, Alertmanager and Grafana by the shape of their webhooks
 * (protocols.md 7.1, 7.2). Others may add members whenever they like: what is not known goes into
 * the details, and nothing is refused for it. Texts are cleaned (one line for a title, no control
 * bytes) and cut to what an incident holds. Everything lives in the arena given.
 * Errors: E_INVALID with the member's path, for a body that cannot be what it should be. */
#ifndef TOCSIN_CHANNEL_SOURCE_H
#define TOCSIN_CHANNEL_SOURCE_H

#include "model/json_lines.h"
#include "model/records.h"

/* In bytes; in events of one generic body. */
enum {
    SOURCE_TITLE_MAX = 300,
    SOURCE_DETAILS_MAX = 8000,
    SOURCE_KEY_MAX = 255,
    SOURCE_EVENTS_MAX = 1000
};

struct source_report {
    enum alert_signal signal;
    struct str title; /* Absent for a generic event that opens nothing. */
    struct str details;
    enum severity severity;   /* 0 where it names none. */
    struct str dedup_key;     /* Absent for none; of a repeating alert its fingerprint. */
    struct instant starts_at; /* Repeating alerts, whole milliseconds; unset where not told. */
    struct instant ends_at;   /* The same; unset while it fires. */
    bool repeats;             /* Its source says it again and again until it is over. */
    bool is_test;
};

struct source_batch {
    struct source_report *items;
    size_t count;
    int64_t truncated; /* How many more there are that the source did not send. */
};

struct source_body {
    enum source_kind kind;                /* GENERIC, ALERTMANAGER or GRAFANA. */
    const struct source_mapping *mapping; /* GENERIC; NULL for the defaults. */
    struct str text;
};

NODISCARD enum err source_read(const struct source_body *body, struct arena *arena,
                               struct source_batch *out, struct problem *problem);
/* Whether a body was signed: `signature` is the hex HMAC-SHA256 of the body, or of "timestamp:body"
 * where a timestamp is set. */
bool source_is_signed(struct str secret, struct str timestamp, struct str body,
                      struct str signature);

/* A mapping's texts, looked at once when somebody writes them: E_INVALID names the member. */
NODISCARD enum err mapping_check(const struct source_mapping *mapping, struct problem *problem);
/* "{/host|/node}: {/check}" or "/title" filled from a body; STR_NONE where none of its pointers
 * leads anywhere. `used` takes the nodes that went into it. */
struct str mapping_fill(struct str text, const struct json_node *root, struct arena *arena,
                        struct json_nodes *used);
/* The node that a text names when it is nothing but a pointer, or pointers of which the first that
 * is there counts; NULL otherwise. */
const struct json_node *mapping_node(struct str text, const struct json_node *root);

/* 0 for a word that nobody knows. */
enum severity source_severity(const struct source_mapping *mapping, struct str word);
/* FIRING for a word that nobody knows, and for none. */
enum alert_signal source_signal(const struct source_mapping *mapping, struct str word);
/* One line without control bytes, cut to `max` bytes; STR_NONE for an empty one. */
struct str source_line(struct arena *arena, struct str text, size_t max);
/* A key as it came, or a hash of one that is too long or has control bytes. */
struct str source_key(struct arena *arena, struct str text);
/* The lines of model/json_lines until SOURCE_DETAILS_MAX; without those that were used. */
void source_add_details(struct buf *out, struct str name, const struct json_node *node,
                        const struct json_nodes *used);
/* The same for text with line breaks of its own. */
void source_add_text(struct buf *out, struct str text);
/* The event of the generic format, alerts of the other two; for source_read. */
NODISCARD enum err source_read_generic(const struct source_body *body, const struct json_node *root,
                                       struct arena *arena, struct source_batch *out,
                                       struct problem *problem);
NODISCARD enum err source_read_alerts(const struct source_body *body, const struct json_node *root,
                                      struct arena *arena, struct source_batch *out,
                                      struct problem *problem);

#endif
