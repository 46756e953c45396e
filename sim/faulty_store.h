/* sim/faulty_store: a store that outlives its server, refuses commits on demand, and lets a
 * simulation look at its rows.
 *
 * A wrapper around a driver: SQLite in memory or, where the environment's TOCSIN_WORLD_DATABASE is
 * the URL of a PostgreSQL database whose user may create others, one beside it that this process
 * uses for one world after another and leaves behind, emptied at each beginning. The database in
 * memory lives as long as the faulty_store, whose keeper connection holds it. Closing a db without
 * a commit is what a crash is. A db is opened with `driver` and with `path` of this very struct:
 * the driver finds the faults from there, because a driver has no other place for them.
 * Commits are durable at once, but while a power cut is to come: then they are held until the next
 * flush, as a disk holds them, and at the cut all that is held is lost.
 * Threads: one. Errors: a refused commit is E_UNAVAILABLE, as that of a full disk. */
#ifndef TOCSIN_SIM_FAULTY_STORE_H
#define TOCSIN_SIM_FAULTY_STORE_H

#include "base/arena.h"
#include "store/driver.h"

enum { REFUSE_ALL = -1 };

struct faulty_store {
    const struct driver *driver; /* With the faults. */
    const struct driver *inner;
    int64_t commits;     /* How many were asked for so far. */
    int64_t refuse;      /* So many of the next are refused; REFUSE_ALL until it is set to 0. */
    int64_t crash_in;    /* At 1 the next commit ends the server; 0 for never. */
    bool crash_after;    /* That commit is durable, but nobody hears of it. */
    int64_t unheard_in;  /* At 1 the next commit is done, and its answer says that it was not. */
    int64_t write_in;    /* At 1 the next write inside a batch is refused; 0 for never. */
    bool write_undoes;   /* Then the engine undoes the whole batch by itself, as SQLite may. */
    int64_t conflict_in; /* At 1 the next write or commit is refused for what others did. */
    bool was_conflict;   /* The last transaction was. */
    int64_t power_in;    /* At 1 the next flush ends the server before it is done; 0 for never. */
    struct driver_connection *holder; /* Who has commits that were not flushed; NULL for none. */
    bool has_crashed; /* Nothing is taken any more, until the simulation clears it. */
    struct driver_connection *keeper;
    char path[256];
};

NODISCARD enum err faulty_store_open(struct faulty_store *store, struct problem *problem);
void faulty_store_close(struct faulty_store *store);
/* What is held reaches the disk by itself, as it does after a while. */
void faulty_store_write_back(struct faulty_store *store);
/* No fault is to come any more, and the disk has room. */
void faulty_store_mend(struct faulty_store *store);

/* What a query gives, cell by cell, in the arena. */
struct peek {
    struct value *cells;
    size_t rows;
    size_t columns;
};

/* Looks at the rows behind everybody's back. The query must be right: anything else ends the
 * program. */
struct peek peek_rows(const struct faulty_store *store, struct arena *arena, const char *sql,
                      size_t columns);
/* A query that is made often: `statement` starts as NULL and is kept; inner->forget is owed. */
struct peek_query {
    const char *sql;
    size_t columns;
    struct driver_statement **statement;
};
struct peek peek_again(const struct faulty_store *store, struct arena *arena,
                       const struct peek_query *query);
int64_t peek_number(const struct faulty_store *store, struct arena *arena, const char *sql);

static inline const struct value *peek_cell(const struct peek *peek, size_t row, size_t column)
{
    return &peek->cells[row * peek->columns + column];
}

#endif
