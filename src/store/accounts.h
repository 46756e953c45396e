/* store/accounts: how people sign in, and the sessions that they begin (requirement X1).
 *
 * Logins are compared without case (ASCII) and found by their keyed hash. Errors as store/db. */
#ifndef TOCSIN_STORE_ACCOUNTS_H
#define TOCSIN_STORE_ACCOUNTS_H

#include "store/db.h"

NODISCARD enum err accounts_by_login(struct db *db, struct arena *arena, struct str login,
                                     struct account *out);
NODISCARD enum err accounts_by_subject(struct db *db, struct arena *arena,
                                       const struct lookup *hash, struct account *out);
NODISCARD enum err accounts_of_user(struct db *db, struct arena *arena, struct id user,
                                    struct account *out);
/* Whether anybody has one. */
NODISCARD enum err accounts_have_passwords(struct db *db, bool *out);
/* Both set the look-up hash of the login first. */
NODISCARD enum err accounts_put(struct db *db, struct arena *arena, struct account *account);
NODISCARD enum err accounts_change(struct db *db, struct arena *arena, struct account *account);
NODISCARD enum err accounts_remove(struct db *db, struct id user, int64_t *removed);

struct session_page {
    struct id user; /* Unset for everybody's. */
    struct id own;  /* This one, too, whosever it is. */
    struct id after;
    struct instant now;
    int64_t limit;
};
/* Those that go on. */
NODISCARD enum err sessions_page(struct db *db, struct arena *arena,
                                 const struct session_page *page, struct list *out, int64_t *total);
/* Ends those that a person began by signing in, but `kept`. */
NODISCARD enum err sessions_end_of_user(struct db *db, struct id user, struct id kept,
                                        struct instant now);

#endif
