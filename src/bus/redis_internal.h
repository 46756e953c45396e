/* bus/redis_internal: commands and answers, for the parts of bus that speak to Redis. */
#ifndef TOCSIN_BUS_REDIS_INTERNAL_H
#define TOCSIN_BUS_REDIS_INTERNAL_H

#include "bus/redis.h"

#include <hiredis/hiredis.h>

enum { REDIS_WORDS_MAX = 600 };

/* Puts a command behind those that wait to go out. */
NODISCARD enum err redis_say(struct redis *redis, const struct str *words, size_t count);
/* Sends what waits, and takes one answer; the caller frees it by freeReplyObject. An answer that is
 * an error is returned as E_UPSTREAM with *out NULL. */
NODISCARD enum err redis_answer(struct redis *redis, redisReply **out, struct problem *problem);
/* Takes `count` answers to the end, also behind a refusal; the first refusal is returned. */
NODISCARD enum err redis_answers(struct redis *redis, size_t count, struct problem *problem);

#define REDIS_SAY(redis, ...)                             \
    redis_say((redis), (const struct str[]){__VA_ARGS__}, \
              sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))

#endif
