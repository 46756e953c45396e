/* store/archive: rows as lines of archive files, and back; what seals them (requirements E6, P5).
 *
 *   {"table":"messages","key":7240089600000001,"row":{"id":…,"recipient":{"sealed":"01a2…"},…}}
 *
 * A line is a row as the database has it: columns by their names, times in milliseconds, NULLs left
 * out. What is a sealed column in the database is sealed in the line, bound to its table, column
 * and row, but under a key of the person whom the row is about (archive_keys), or that of nobody;
 * those keys stand in the database, sealed under the data key. So changing the data key does not
 * touch the files, and who is erased is unreadable in all of them once the key is gone.
 * The hash goes from line to line: SHA-256 over the hash before (hex; nothing at first) and the
 * line without its end.
 * Ownership: texts live in the arena; archiver_end is owed. Threads: the db's. Errors: store/db's;
 * E_CORRUPT for a line that is none. */
#ifndef TOCSIN_STORE_ARCHIVE_H
#define TOCSIN_STORE_ARCHIVE_H

#include "store/db.h"

enum { ARCHIVE_HASH_MAX = 2 * SHA256_BYTES + 1, ARCHIVE_SEALS = 32 };

struct archive_chain {
    char hash[ARCHIVE_HASH_MAX]; /* "" at the beginning of a file. */
};
void archive_chain_add(struct db *db, struct archive_chain *chain, struct str line);

/* The key of one person, which seals or opens the fields of their rows. */
struct archive_seal {
    struct id user;
    struct id key;
    struct seal *seal; /* NULL for a key that is gone. */
};

/* Makes lines, or opens them. The keys that it needs are looked up once. */
struct archiver {
    struct db *db;
    struct arena *arena;
    struct instant now;
    void *context; /* Of new_id: for the key of a person who has none yet. */
    struct id (*new_id)(void *context);
    struct buf text; /* The lines, with their ends. */
    int64_t rows;
    struct archive_seal seals[ARCHIVE_SEALS];
    size_t seal_count;
};
void archiver_end(struct archiver *archiver);

/* Adds the line of a row that is about `user`, unset for nobody. */
NODISCARD enum err archiver_add(struct archiver *archiver, enum table table, struct id user,
                                const void *row);

/* Whom a row is about, where it has a column that says so. */
struct id archive_user_of(enum table table, const void *row);

/* A line that was read. */
struct archived_row {
    enum table table;
    struct id user;
    bool is_erased; /* Its key is gone: sealed columns are absent. */
    const void *row;
};
NODISCARD enum err archiver_open(struct archiver *archiver, struct str line,
                                 struct archived_row *out);

NODISCARD enum err archives_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                                 struct list *out);
NODISCARD enum err archives_count(struct db *db, int64_t *out);
/* E_NOT_FOUND. */
NODISCARD enum err archives_named(struct db *db, struct arena *arena, struct str name,
                                  struct archive *out);
/* Nobody reads the archived fields of this person any more. */
NODISCARD enum err archive_key_forget(struct db *db, struct id user);
/* Whether a dispatch of this callId is in the archives. */
NODISCARD enum err archived_dispatch(struct db *db, struct str call_id, bool *out);

#endif
