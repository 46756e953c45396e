/* store/dialect: what SQLite 3.40 and PostgreSQL 15 say differently in texts that are written once.
 *
 * Tokens in migrations: @id (a row id), @int (64 bits), @bytes, @by_key (a table that is its key's
 * tree), @one_of(column, 'A', 'B'). TEXT is compared byte by byte by both. Ownership: what
 * dialect_text gives lives in the arena. */
#ifndef TOCSIN_STORE_DIALECT_H
#define TOCSIN_STORE_DIALECT_H

#include "base/arena.h"

/* The first half of the advisory locks of a schema on PostgreSQL: of whoever writes, and of whoever
 * starts beside others. */
#define POSTGRES_WRITER_LOCK "1953457011"
#define POSTGRES_START_LOCK "1953457012"

struct dialect {
    const char *id;
    const char *integer;
    const char *bytes;
    const char *by_key;
    const char *text; /* For the type TEXT. */
    const char *row;  /* "@row" behind the last column: there is a growing rowid. */
    /* Behind an INSERT whose refusal as a duplicate must leave the transaction usable: it then
     * changes no row. Empty where every refusal does. */
    const char *or_nothing;
    /* Makes the table of the steps that ran; must do nothing, even for a reader, where it is. */
    const char *bookkeeping;
    /* What {now_ms} in a statement stands for: the engine's own clock. Leases alone go by it. */
    const char *now_ms;
    /* The CHECKs of a table are written as a trigger (dialect_checks_apart). */
    bool has_checks_apart;
    /* For whoever opened the database to share it: the others may be let in (driver.h). */
    const char *let_in;
};

extern const struct dialect dialect_sqlite;
extern const struct dialect dialect_postgres;

/* The text with the CHECKs of each new table in a function of its own, in PostgreSQL's words. A NUL
 * follows. */
struct str dialect_checks_apart(struct arena *arena, struct str text);
/* Writes what the engine says for the tokens of a shared text. A NUL follows. */
struct str dialect_text(const struct dialect *dialect, struct arena *arena, struct str text);

#endif
