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
/* Calls of it that wait for one time, by their hours and then by the time: `max` of the calls that
 * wait are looked at. */
struct campaign_left {
    struct instant due_at;
    int64_t calls;
    struct str hours; /* As in the row; absent where it keeps to none. */
    struct str timezone;
    bool has_timezone;
    bool is_series;   /* Any of them may be followed by another. */
    struct str phone; /* Where they are taken one by one, and its seal opens. */
};
struct campaign_outlook {
    struct arena *arena;
    struct campaign_left *rows;
    size_t max;
    size_t count;
};
NODISCARD enum err campaign_calls_left(struct db *db, struct id campaign,
                                       struct campaign_outlook *out);
/* The same, each call by itself and with its number. */
NODISCARD enum err campaign_calls_left_each(struct db *db, struct id campaign,
                                            struct campaign_outlook *out);
/* The ids of those that are not over: `walk->max` of them at most into `out`. */
NODISCARD enum err campaign_calls_open(struct db *db, const struct campaign_walk *walk,
                                       struct id *out, size_t *count);

#endif
