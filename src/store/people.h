/* store/people: users and API keys.
 *
 * Look-ups by phone go through the keyed hash (P5). Removed people stay as rows and are not found.
 * Errors as store/db. */
#ifndef TOCSIN_STORE_PEOPLE_H
#define TOCSIN_STORE_PEOPLE_H

#include "store/db.h"

/* Both set the look-up hashes of `user` first. */
NODISCARD enum err users_put(struct db *db, struct arena *arena, struct user *user);
NODISCARD enum err users_change(struct db *db, struct arena *arena, struct user *user);
NODISCARD enum err users_get(struct db *db, struct arena *arena, struct id id, struct user *out);
/* Whether there was a person with this id, who was removed. */
NODISCARD enum err users_is_removed(struct db *db, struct id id, bool *out);
/* The zone alone, absent where the person has none: nothing has to be opened for it. */
NODISCARD enum err users_zone(struct db *db, struct arena *arena, struct id id, struct str *out);
NODISCARD enum err users_by_phone(struct db *db, struct arena *arena, struct str phone,
                                  struct list *out);
/* Those whose emergency contact has this number. */
NODISCARD enum err users_by_emergency_phone(struct db *db, struct arena *arena, struct str phone,
                                            struct list *out);
NODISCARD enum err users_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                              struct list *out);
NODISCARD enum err users_count(struct db *db, int64_t *out);

NODISCARD enum err api_keys_by_secret(struct db *db, struct arena *arena, struct str secret,
                                      struct api_key *out);
/* Makes a secret, keeps its hash, and leaves the secret in key->key. */
NODISCARD enum err api_keys_by_hash(struct db *db, struct arena *arena, struct str hash,
                                    struct api_key *out);
NODISCARD enum err api_keys_make(struct db *db, struct arena *arena, struct api_key *key);
/* The same for a secret that was chosen by its owner (TOCSIN_ADMIN_KEY). */
void api_key_hash(struct arena *arena, struct str secret, struct api_key *key);
NODISCARD enum err api_keys_of_user(struct db *db, struct arena *arena, struct id user,
                                    struct list *out);
/* Those of any scope, or of one; `scope` 0 for any. */
struct api_key_page {
    int scope;
    struct id after;
    int64_t limit;
};
NODISCARD enum err api_keys_page(struct db *db, struct arena *arena,
                                 const struct api_key_page *page, struct list *out, int64_t *total);
/* How many of scope ADMIN are good at that instant. */
NODISCARD enum err api_keys_of_admin(struct db *db, struct instant now, int64_t *out);
/* Removes what was over by then: at most `limit` rows. */
struct api_keys_ended {
    struct instant sessions;
    struct instant keys;
    int64_t limit;
};
NODISCARD enum err api_keys_forget(struct db *db, const struct api_keys_ended *ended,
                                   int64_t *removed);
NODISCARD enum err api_keys_revoke_of_user(struct db *db, struct id user, struct instant now);

#endif
