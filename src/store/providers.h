/* store/providers: how each provider has been, what the operator was told, what was spent, and what
 * failed. Errors as store/db. */
#ifndef TOCSIN_STORE_PROVIDERS_H
#define TOCSIN_STORE_PROVIDERS_H

#include "store/db.h"

/* E_NOT_FOUND for a provider that nothing is known of yet. */
NODISCARD enum err provider_states_get(struct db *db, struct arena *arena, struct str provider,
                                       struct provider_state *out);
/* Inserts or updates by id. */
NODISCARD enum err provider_states_put(struct db *db, struct arena *arena,
                                       const struct provider_state *state, bool is_new);

/* *is_new: the operator was not told under this key. Keys older than `forget` are forgotten. */
NODISCARD enum err operator_notes_add(struct db *db, struct str key, struct instant now,
                                      struct instant forget, bool *is_new);
/* *was_told: it was told, and is forgotten now. */
NODISCARD enum err operator_notes_remove(struct db *db, struct str key, bool *was_told);

/* Paid messages counted under a scope ("day", "user:17", "incident:4", "prefix:+44") on a day
 * (days since 1970; 0 for counts that do not end with a day). */
NODISCARD enum err spend_counts_get(struct db *db, int64_t day, struct str scope, int64_t *out);
NODISCARD enum err spend_counts_add(struct db *db, int64_t day, struct str scope);
NODISCARD enum err spend_counts_forget(struct db *db, int64_t before_day);
/* Whether a paid message about this subject has been promised and not dropped. */
NODISCARD enum err messages_paid_of_subject(struct db *db, struct id subject, int64_t *out);
/* The first message about a subject, by time. */
NODISCARD enum err messages_first_of_subject(struct db *db, struct id subject, struct id *out);

/* How many attempts of the step of `message`, to the same target, a provider has carried. */
NODISCARD enum err messages_of_step_by(struct db *db, const struct message *message,
                                       struct str provider, int64_t *out);

/* One row a provider and channel (category 0: all that ended, failed or not) and one a category of
 * failure, of messages promised in [from, to). */
struct failure_row {
    struct str provider;
    int channel;
    int category; /* 0 for all. */
    int64_t count;
    struct instant newest_at;
};
struct failure_rows {
    struct arena *arena;
    struct failure_row *items;
    size_t count;
    size_t cap;
};
struct failure_query {
    struct instant from;
    struct instant to;
    struct str provider; /* Empty for all. */
};
NODISCARD enum err messages_failures(struct db *db, const struct failure_query *query,
                                     struct failure_rows *out);
NODISCARD enum err messages_totals(struct db *db, const struct failure_query *query,
                                   struct failure_rows *out);

/* What the messages about a subject cost: incident_cost_item by currency. */
NODISCARD enum err messages_costs(struct db *db, struct arena *arena, struct id subject,
                                  struct list *out);

#endif
