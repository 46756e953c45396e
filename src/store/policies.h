/* store/policies: policies, their versions, and what the lint found.
 *
 * A policy is a row that says which of its versions is in force; versions are only ever added.
 * Errors as store/db. */
#ifndef TOCSIN_STORE_POLICIES_H
#define TOCSIN_STORE_POLICIES_H

#include "store/db.h"

/* Archived ones are not found. */
NODISCARD enum err policies_by_name(struct db *db, struct arena *arena, struct str name,
                                    struct policy_entry *out);

/* By id; `name` absent for any. Without those that are archived. */
struct policy_page {
    struct str name;
    struct id after;
    int64_t limit;
};
NODISCARD enum err policies_page(struct db *db, struct arena *arena, const struct policy_page *page,
                                 struct list *out, int64_t *total);

NODISCARD enum err policy_versions_last(struct db *db, struct id policy, int64_t *out);
NODISCARD enum err policy_versions_get(struct db *db, struct arena *arena, struct id policy,
                                       int64_t number, struct policy_version *out);
/* Those with a number above `after`, the oldest first. */
struct policy_version_page {
    struct id policy;
    int64_t after;
    int64_t limit;
};
NODISCARD enum err policy_versions_page(struct db *db, struct arena *arena,
                                        const struct policy_version_page *page, struct list *out);

/* A ladder as a version keeps it, and back; E_CORRUPT for what cannot be read. */
struct str policy_ladder_write(struct arena *arena, struct hash_key id_key,
                               const struct policy_ladder *ladder);
NODISCARD enum err policy_ladder_read(struct arena *arena, struct hash_key id_key, struct str text,
                                      struct policy_ladder *out);

NODISCARD enum err findings_of_subject(struct db *db, struct arena *arena, enum subject_type type,
                                       struct id subject, struct list *out);
NODISCARD enum err findings_remove(struct db *db, struct id id);
/* 0 for any type and any code. */
struct finding_page {
    int subject_type;
    int code;
    struct id after;
    int64_t limit;
};
NODISCARD enum err findings_page(struct db *db, struct arena *arena,
                                 const struct finding_page *page, struct list *out, int64_t *total);

#endif
