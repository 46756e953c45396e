/* store/postgres_internal: what the parts of the driver for PostgreSQL share.
 *
 * postgres_connect opens and opens again; postgres_prepare makes statements; postgres_wire turns
 * SQL, parameters and results into libpq's and back; postgres_exchange sends and receives; postgres
 * (the vtable) decides what is sent when, and what became of it. */
#ifndef TOCSIN_STORE_POSTGRES_INTERNAL_H
#define TOCSIN_STORE_POSTGRES_INTERNAL_H

#include "store/driver.h"

#include <libpq-fe.h>

/* Where the nodes of a schema hear of each other; in SQL. */
#define POSTGRES_CHANNEL "'tocsin_' || hashtext(current_schema())"

enum { QUEUED_MAX = 8, SENT_MAX = 512, NAME_BYTES = 16, XID_BYTES = 24, STALE_BYTES = 1024 };

/* What a statement does to the transaction, by its first words. */
enum kind {
    KIND_READ,
    KIND_WRITE,
    KIND_BEGIN,
    KIND_SAVEPOINT,
    KIND_RELEASE,
    KIND_UNDO,
    KIND_COMMIT,
    KIND_READ_END,
    KIND_ROLLBACK
};

enum transaction {
    TRANSACTION_NONE,
    TRANSACTION_OPEN,
    /* Of these two only the end is taken. */
    TRANSACTION_SPOILT, /* What was sent ahead did not do what it should. */
    TRANSACTION_LOST    /* With its connection. */
};

struct driver_statement {
    struct driver_connection *connection;
    char *sql; /* In PostgreSQL's words. */
    char name[NAME_BYTES];
    enum kind kind;
    bool is_started;
    bool has_run;
    int prepared_on; /* The number of the connection that knows it; 0 for none. */
    int count;       /* Of parameters. */
    Oid *types;
    const char **values; /* Those of this run, borrowed, but for numbers. */
    int *lengths;
    int *formats;
    uint64_t *numbers; /* As they go over the wire. */
    PGresult *result;
    int row;
};

/* What the answer to something that was sent is for. */
enum answer {
    ANSWER_PREPARED,
    ANSWER_RESULT, /* The caller waits for it. */
    ANSWER_XID,
    ANSWER_AHEAD, /* Nobody waits: it must be as expected. */
    ANSWER_NONE,
    ANSWER_SYNC /* The end of a round; of no statement. */
};

struct sent {
    struct driver_statement *statement;
    enum answer answer;
    int64_t expected; /* AHEAD: rows; -1 for whatever number. */
};

struct driver_connection {
    char *url;
    bool is_read_only;
    bool is_alone;
    int64_t turn_max_ms; /* 0 where it is not shared. */
    PGconn *handle;      /* NULL while there is none. It is in pipeline mode. */
    int number;          /* Of the connection, from 1 on. */
    bool was_doubtful;   /* The last COMMIT (driver.h). */
    bool was_conflict;   /* The last transaction (driver.h). */
    bool has_missed;     /* What the others told meanwhile: it was opened again without a word. */
    int statements;      /* How many were named. */
    enum transaction transaction;
    /* What goes out in front of the next statement: it cannot fail but with its connection. */
    struct driver_statement *queued[QUEUED_MAX];
    size_t queued_count;
    /* What was sent and not yet answered, in that order. */
    struct sent sent[SENT_MAX];
    size_t sent_count;
    size_t round_count; /* Of these, behind the last SYNC. */
    size_t round_bytes;
    bool waits_for_all; /* Nothing is sent ahead any more. */
    struct driver_statement *ask_xid;
    struct driver_statement *tell; /* Of a shared one; NULL otherwise. */
    bool has_asked_xid;
    char xid[XID_BYTES];     /* Of the transaction that has written; "" before it is known. */
    char stale[STALE_BYTES]; /* DEALLOCATE for what was forgotten, with the next one prepared. */
    int64_t retry_ms;        /* Monotonic: not to be tried again before. */
    int64_t wait_ms;         /* How long the next failure is waited out. */
    struct problem why;      /* Why there is none, by the last try, or what spoilt the transaction;
                                empty where it made one. */
};

int64_t postgres_clock_ms(void);
const char *postgres_why(const struct driver_connection *connection);
void postgres_pause(int64_t ms);
/* Opens where nothing is open; E_UNAVAILABLE while it cannot be, E_CONFLICT where another has the
 * database to itself. */
NODISCARD enum err postgres_connect(struct driver_connection *connection, struct problem *problem);
/* Connects, but not where a transaction was lost or is spoilt. */
NODISCARD enum err postgres_be_there(struct driver_connection *connection, struct problem *problem);
/* Forgets the connection, and with it the transaction that was open. */
void postgres_lose(struct driver_connection *connection);
bool postgres_is_lost(const struct driver_connection *connection, const PGresult *result);
/* What a result means; the engine's words go into `problem`, which may be NULL. */
enum err postgres_err(const PGresult *result, struct problem *problem);

bool postgres_is_fine(const PGresult *result);
/* Sends what is queued, then `statement` where there is one, and takes all answers that are still
 * to come. E_UNAVAILABLE where one to what was sent ahead is not as expected: the transaction is
 * spoilt then, and nothing is sent ahead any more. */
NODISCARD enum err postgres_exchange(struct driver_connection *connection,
                                     struct driver_statement *statement, struct problem *problem);
/* Sends what is queued and `statement`, whose answer comes with that to a later one. */
NODISCARD enum err postgres_send_ahead(struct driver_statement *statement, int64_t expected);
/* Runs a text outside of the pipeline. The caller clears *out, which may be NULL. */
NODISCARD enum err postgres_run(struct driver_connection *connection, const char *sql,
                                PGresult **out, struct problem *problem);

/* What the others tell (driver.h). */
NODISCARD enum err postgres_listen(PGconn *handle, struct problem *problem);
NODISCARD enum err postgres_hear(struct driver_connection *connection, void *context,
                                 void (*each)(void *context, struct str text));

enum kind postgres_kind(struct str sql);
/* A new C string: $1 for ?1, and its own BEGIN. */
char *postgres_sql(struct str sql, enum kind kind);
/* Numbers are sent with 64 bits, also where a bare literal made the server guess fewer. False where
 * they all were. */
bool postgres_widen(Oid *types, int count);
/* E_INVALID for a text that has a NUL or is no UTF-8, which must not reach the server: it would
 * cost the whole transaction. */
NODISCARD enum err postgres_bind(struct driver_statement *statement, const struct value *params);
struct value postgres_column(const PGresult *result, int row, int column);
int64_t postgres_changed(PGresult *result);

#endif
