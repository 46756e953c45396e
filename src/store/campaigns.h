/* store/campaigns: campaigns, and their calls in the order in which they came. Errors as store/db.
 */
#ifndef TOCSIN_STORE_CAMPAIGNS_H
#define TOCSIN_STORE_CAMPAIGNS_H

#include "store/db.h"

NODISCARD enum err campaigns_get(struct db *db, struct arena *arena, struct id id,
                                 struct campaign *out);
NODISCARD enum err campaigns_add(struct db *db, struct arena *arena,
                                 const struct campaign *campaign);
NODISCARD enum err campaigns_change(struct db *db, struct arena *arena,
                                    const struct campaign *campaign);

/* The newest first. What is unset does not limit. */
struct campaign_page {
    struct str user;
    struct id before;
    int64_t limit;
};
NODISCARD enum err campaigns_page(struct db *db, struct arena *arena,
                                  const struct campaign_page *page, struct list *out);
NODISCARD enum err campaigns_count(struct db *db, struct str user, int64_t *out);

/* Calls of a campaign, the oldest first. */
struct campaign_walk {
    struct id campaign;
    struct id after;
    size_t max;
};
NODISCARD enum err campaign_calls_page(struct db *db, struct arena *arena,
                                       const struct campaign_walk *walk, struct list *out);
/* The ids of those that are not over: `walk->max` of them at most into `out`. */
NODISCARD enum err campaign_calls_open(struct db *db, const struct campaign_walk *walk,
                                       struct id *out, size_t *count);

#endif
