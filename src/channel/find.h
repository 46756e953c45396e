/* channel/find: what an attempt of unknown fate may be among the things that a provider lists.
 *
 * Internal to channel; pure. The provider tells no attempts apart, so everything to the same phone
 * that was made since the attempt may have left is a candidate, the oldest first. Times of things
 * are by the provider's clock, which the Date of its answer gives (channel/clocks). Everything is
 * in the arena. Source: protocols.md 0.1. */
#ifndef TOCSIN_CHANNEL_FIND_H
#define TOCSIN_CHANNEL_FIND_H

#include "channel/provider.h"
#include "model/json_tree.h"

struct find_candidate {
    struct str id;
    struct instant at; /* When it was made, by the provider's clock; absent where it is not told. */
};

struct find {
    /* Given. */
    const struct send_job *job;
    const struct wire_answer *answer;
    struct arena *arena;
    /* By find_begin. */
    const struct json_node *list;
    size_t listed;         /* How much of the list is looked at: no more than was asked for. */
    struct duration ahead; /* The provider's clock of ours. */
    struct instant since;  /* By the provider's: what is older is not the attempt. */
    bool has_older;        /* Something older was seen: newest first, all that may be it is here. */
    struct find_candidate *items;
    size_t count;
};

/* Of `list` `page_size` things were asked for; of what is no array, or NULL, nothing is listed. */
void find_begin(struct find *find, const struct json_node *list, size_t page_size);
/* Whether something was made before the attempt may have left; no where `at` is absent. */
bool find_is_older(struct find *find, struct instant at);
/* By time, and for the same time in the order in which they are offered. */
void find_offer(struct find *find, struct find_candidate candidate);
/* ACCEPTED with all candidates; false where there are none, and `out` is left alone. `found_at` is
 * given by our clock. */
bool find_judge(const struct find *find, struct verdict *out);

#endif
