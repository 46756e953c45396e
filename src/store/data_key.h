/* store/data_key: which data key a store was written with, and how far the change to the next one
 * has come (P5).
 *
 * Three settings: `data.key.check` names the current key, `data.key.ring` (hexadecimal digits) is
 * what that key must know of those before it, `data.key.change` is how the last change went or is
 * going. They are written in one transaction before the first value is sealed under the new key,
 * so that whoever starts knows both. Errors as store/db. */
#ifndef TOCSIN_STORE_DATA_KEY_H
#define TOCSIN_STORE_DATA_KEY_H

#include "store/db.h"
#include "store/seal_keys.h"

enum data_key_phase {
    KEY_CHANGE_NONE,
    KEY_CHANGE_BEGUN, /* Everything is written, nothing is sealed under the new key yet. */
    KEY_CHANGE_RUNS,  /* Rows are sealed anew. */
    KEY_CHANGE_READ,  /* No row of the old key is left. */
    KEY_CHANGE_DONE
};

struct data_key_change {
    enum data_key_phase phase;
    struct str check_before; /* Of the key that is left. */
    struct instant begun_at;
    struct instant ended_at;
    int64_t pass;       /* The walk over all tables that is under way, from 1. */
    int64_t pass_count; /* Rows that this walk has changed: the last one changes none. */
    struct str table;   /* Where the walk is; "-" before the first. */
    int64_t after;      /* All rows of it up to this key are done. */
    int64_t rows;       /* Rows that were sealed anew in all. */
    int64_t unreadable; /* Values that opened under no key: left as they are. */
};

/* Sets the keys of `seal` as the store has them. E_NOT_FOUND where `problem` says which key is
 * missing; a store that knows no key leaves the seal as it is. */
NODISCARD enum err data_key_open(struct db *db, struct seal *seal, struct problem *problem);
/* A new store: the key that it begins with. */
NODISCARD enum err data_key_put_first(struct db *db, struct arena *arena, const struct seal *seal);
/* Writes down that the key of this check takes over. */
NODISCARD enum err data_key_begin(struct db *db, struct arena *arena, struct str check,
                                  struct instant links_until);

NODISCARD enum err data_key_change_get(struct db *db, struct arena *arena,
                                       struct data_key_change *out);
NODISCARD enum err data_key_change_put(struct db *db, struct arena *arena,
                                       const struct data_key_change *change);

/* Seals the rows of a portion anew and moves `change` on; `*is_over` at the end of a walk. */
NODISCARD enum err reseal_portion(struct db *db, struct arena *arena,
                                  struct data_key_change *change, bool *is_over);

#endif
