/* service/lanes: messages that wait for their provider, in the order in which they are to go (V9).
 *
 * A lane is a provider, a channel and the number it sends from: each has its own pace. Within a
 * lane the first messages of incidents and stages go first, then each person in turn. In memory
 * only; the rows are the truth. At most 64 bytes a message; every step is O(log n) but for
 * lanes_look, which is O(n): for people's eyes. Owner: lanes_free. */
#ifndef TOCSIN_SERVICE_LANES_H
#define TOCSIN_SERVICE_LANES_H

#include "domain/pace.h"
#include "service/site.h"

struct lanes;

struct lane_address {
    const struct provider *provider;
    enum channel channel;
    struct str from; /* Absent for the settings' own number. */
};

struct lane_entry {
    struct id message;
    struct id user;
    enum lane_rank rank;
    int units; /* Segments of an SMS; 1 for all else. */
};

/* `lane_max` is how many of one lane may be under way at a time. */
struct lanes *lanes_new(const struct site *site, int lane_max);
void lanes_free(struct lanes **lanes);
/* At most so many of one provider are under way, over all its lanes; 0 for no limit. More than its
 * host takes at a time would wait behind the others with nobody to call them back. */
void lanes_limit(struct lanes *lanes, int provider_max);
/* Forgets who waits; what is under way and the paces stay. */
void lanes_clear(struct lanes *lanes);
size_t lanes_waiting(const struct lanes *lanes);

/* The lane of an address, made where there is none yet. */
int lanes_find(struct lanes *lanes, const struct lane_address *address);
/* How many wait there. */
size_t lane_waiting(const struct lanes *lanes, int lane);
/* Nobody waits there, and one may leave now. */
bool lane_is_free(const struct lanes *lanes, int lane, struct instant now);
void lane_push(struct lanes *lanes, int lane, const struct lane_entry *entry);
/* The lane whose first message is to go next: -1 where none may now. */
int lanes_pick(const struct lanes *lanes, struct instant now);
/* The first of a lane, taken out; its key puts it back where it was. */
struct lane_ticket {
    struct id message;
    int64_t key;
    int units;
};
struct lane_ticket lane_pop(struct lanes *lanes, int lane);
void lane_put_back(struct lanes *lanes, int lane, const struct lane_ticket *ticket);

/* One leaves; its end is told by lane_end. */
void lane_begin(struct lanes *lanes, int lane, int units, struct instant now);
void lane_end(struct lanes *lanes, int lane);
/* Nothing leaves before `until`, or before its provider is heard of again; nor longer, where the
 * clock is set back behind `now`. */
void lane_hold(struct lanes *lanes, int lane, struct instant until, struct instant now);
void lanes_heard_of(struct lanes *lanes, const struct provider *provider);
/* When a lane with somebody in it, but nobody who may leave now, may go on. False for never. */
bool lanes_next(const struct lanes *lanes, struct instant now, struct instant *at);

/* All lanes of a provider and channel together. */
struct lane_view {
    int64_t waiting;
    int64_t under_way;
    struct id oldest;        /* Unset where nobody waits. */
    struct duration to_last; /* Until the last one may leave. */
};
void lanes_look(const struct lanes *lanes, const struct lane_address *address, struct instant now,
                struct lane_view *out);

#endif
