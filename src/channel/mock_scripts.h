/* channel/mock_scripts: the scripts that wait for their message, in order for each (address,
 * channel).
 *
 * Internal to the mock carrier. Addresses are compared without regard to ASCII case. Ownership:
 * copies what it is given; mock_scripts_free frees all. Taking and adding are O(1) on average.
 * Threads: one owner. */
#ifndef TOCSIN_CHANNEL_MOCK_SCRIPTS_H
#define TOCSIN_CHANNEL_MOCK_SCRIPTS_H

#include "channel/mock_plan.h"

enum { MOCK_SCRIPT_BUCKETS = 4096, MOCK_SCRIPTS_MAX = 100000 };

struct waiting_script;

struct mock_script_bucket {
    struct waiting_script *first;
    struct waiting_script *last;
};

struct mock_scripts {
    struct mock_script_bucket buckets[MOCK_SCRIPT_BUCKETS];
    size_t count;
};

struct mock_script_key {
    struct str to;
    enum channel channel;
    int64_t serial;
};

struct mock_scripts *mock_scripts_new(void);
void mock_scripts_free(struct mock_scripts **scripts);
/* There are fewer than MOCK_SCRIPTS_MAX; the caller looks. */
void mock_scripts_add(struct mock_scripts *scripts, struct mock_script_key key,
                      const struct mock_behaviour *behaviour);
/* Removes the first script for key's address and channel and gives its serial, 0 where there is
 * none. key.serial 0 takes any, otherwise only that one. The behaviour's text goes into the arena.
 */
int64_t mock_scripts_take(struct mock_scripts *scripts, struct mock_script_key key,
                          struct arena *arena, struct mock_behaviour *out);

#endif
