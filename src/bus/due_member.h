/* bus/due_member: how the due index names things in Redis (docs/scaling.md has the same for
 * people).
 *
 *   key      tocsin:{07}:due            a sorted set for each of 64 shards; the tag in braces keeps
 *                                       one shard on one node of a Redis Cluster
 *   member   STEP:450318287364096       kind and number of a timer
 *   score    1766000000000              when it is due, in milliseconds since 1970
 *   channel  tocsin:wake:0              0 is the number of the database
 *   message  STEP:450318287364096 1766000000000     a line for each timer of others
 *
 * Pure. What is read comes from outside: it is parsed here or refused. */
#ifndef TOCSIN_BUS_DUE_MEMBER_H
#define TOCSIN_BUS_DUE_MEMBER_H

#include "base/str.h"
#include "model/enums.h"
#include "model/id.h"

enum { DUE_SHARDS = 64, DUE_KEY_MAX = 24, DUE_MEMBER_MAX = 48, DUE_LINE_MAX = 80 };

struct due_item {
    int shard;
    enum timer_kind kind;
    struct id id;
    int64_t due_ms;
};

struct str due_key(int shard, char out[static DUE_KEY_MAX]);
struct str due_channel(int database, char out[static DUE_KEY_MAX]);
struct str due_member(const struct due_item *item, char out[static DUE_MEMBER_MAX]);
/* False for what we have not written; the shard is not in it. */
bool due_member_parse(struct str text, struct due_item *out);
/* A whole number of milliseconds that is not negative, as Redis writes a score. */
bool due_score_parse(struct str text, int64_t *out);

/* With its newline. */
struct str due_line(const struct due_item *item, char out[static DUE_LINE_MAX]);
bool due_line_parse(struct str line, struct due_item *out);

/* By shard, kind and id. */
int due_item_compare(const struct due_item *a, const struct due_item *b);

#endif
