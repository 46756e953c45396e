/* service/op: one operation: its instant, its memory, its transaction, who asked, and what is to
 * happen after the commit.
 *
 * An operation runs inside the batch's transaction, fenced by a savepoint (service/executor). Reads
 * have no writer and run on a read-only connection. Effects are what must happen once the commit is
 * durable: they hold ids only and go back with an operation that is refused. Threads: one. */
#ifndef TOCSIN_SERVICE_OP_H
#define TOCSIN_SERVICE_OP_H

#include "service/writer.h"

struct actor {
    struct str name;      /* "engine", "api:admin", "link", "call", "sms" */
    enum key_scope scope; /* ADMIN for the engine. */
    struct id user;       /* Scope USER: whose subjects. */
    struct id session;    /* The key that is a browser's session; unset for any other. */
};

struct op {
    struct instant now;
    struct arena *arena;
    struct db *db;
    const struct site *site;
    struct writer *writer;
    struct actor actor;
    struct str request;      /* The request's id, STR_NONE for the engine. */
    struct problem *problem; /* Never NULL. */
    struct presence given;   /* Which members a PATCH gave. */
    struct id path_id;       /* {id} of the path. */
    struct id path_id2;
    struct str path_text;        /* The text of another placeholder, such as {callId}; decoded. */
    struct scheduled_call *call; /* The one that it has read (service/call_start); or NULL. */
    const void *prepared; /* What a request's preparation made, before the executor saw it. */
    bool keeps_way_back;  /* Set by the executor after an operation that decided had failed. */
    enum err refusal;     /* Set by op_refuse. */
    bool is_known;        /* Set by an operation that found what it was to create: the answer is 200
                             where it would be 201. */
    struct sync_wait *wait; /* Set by an operation whose answer comes later (service/sync). */
    int64_t corrupt_before; /* db_corrupt_rows when it began. */
    bool is_aside;          /* It runs where nothing waits for it, and may take long. */
    bool wants_aside;       /* Set by a read that would take long here; see op_goes_aside. */
};

/* As it is given, and what it was begun with. */
struct op op_started(struct op op);
struct id op_new_id(struct op *op);
void op_effect(struct op *op, struct effect effect);

/* The operation has looked at all that could refuse it and from here on only writes: no way back is
 * kept for it, which saves a tenth of its cost. If it fails all the same, its whole batch is undone
 * as when the store does not take it. */
void op_decided(struct op *op);

/* A read that may take long begins with it: true where it is to return OK at once, untouched, and
 * is run again where nothing waits for it. */
bool op_goes_aside(struct op *op);

/* Runs a read: all that it asks the store is of one moment, beside whatever is written. */
NODISCARD enum err op_read(struct op *op, enum err (*read)(struct op *, const void *, void *),
                           const void *input, void *output);

enum err op_fail(struct op *op, enum err err, const char *field, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* OK: what the operation wrote stays, and whoever asked is answered `err` all the same. */
enum err op_refuse(struct op *op, enum err err, const char *field, const char *text);
/* Turns E_NOT_FOUND from the store into a sentence about `what`. */
enum err op_not_found(struct op *op, enum err err, const char *what);
void op_log(const struct op *op, enum log_level level, enum log_area area, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* The UUID text of an id, in the operation's arena. */
struct str op_id_text(const struct op *op, struct id id);

/* Scope USER may touch its own subjects only, READER may change nothing, RESPONDER only answers
 * what happens (incidents, dispatches, check-ins, notifications): E_FORBIDDEN. */
NODISCARD enum err op_may_read(struct op *op, struct id user);
NODISCARD enum err op_may_respond(struct op *op, struct id user);
NODISCARD enum err op_may_change(struct op *op, struct id user);
/* Whatever lets a machine in, or sends everything out: keys, sources of alerts, event sinks. For
 * ADMIN alone. */
NODISCARD enum err op_may_administer(struct op *op);

struct audit_entry {
    const char *action;
    enum subject_type subject_type;
    struct id subject;
    struct id user;
    struct str before;
    struct str after;
    struct str reason;
};
NODISCARD enum err op_audit(struct op *op, struct audit_entry entry);
/* A record as JSON text, for an audit entry. */
struct str op_record_text(const struct op *op, const struct record *record, const void *object);
/* The same with whole phone numbers: to be kept or compared, not told. */
struct str op_whole_text(const struct op *op, const struct record *record, const void *object);

/* A cursor of a list that goes by id: ID_NONE for the first page; E_INVALID names "cursor". */
NODISCARD enum err op_cursor(struct op *op, struct str cursor, struct id *out);
struct str op_cursor_text(const struct op *op, struct id last);
/* How many items a page shows where `wanted` were asked for. */
int64_t page_limit(int64_t wanted);
/* Shortens a list that was read with one item more than the page shows, which tells whether it is
 * the last one: true where there is more. Rows that could not be read, and were left out, count. */
bool page_trim(const struct op *op, struct list *list, int64_t limit);
/* Cuts a page out of a whole list whose records have growing ids; the next page's cursor, STR_NONE
 * at the end. */
struct page_cut {
    const struct record *record;
    struct id after;
    int64_t limit; /* As it was asked for. */
};
struct str op_cut_page(const struct op *op, const struct page_cut *cut, struct list *list);

/* The zone of a person, the default one, or UTC: never NULL. */
const struct zone *op_zone(const struct op *op, struct str name);

#endif
