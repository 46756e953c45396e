#include "domain/pace.h"

#include <assert.h>

enum { MILLI = 1000, ROUND_BITS = 48, DECIMALS_MAX = 3, PRIORITY_HIGH_MAX = 1, RATE_MAX = 1000000 };

enum { PRIORITY_MEDIUM_MAX = 5 };

struct duration bucket_time_of(const struct bucket *bucket, int64_t units)
{
    assert(units >= 0);
    if (bucket->rate_milli <= 0) {
        return (struct duration){0};
    }
    return (struct duration){units * MILLI * 1000000 / bucket->rate_milli};
}

bool wait_is_over(struct instant until, struct duration whole, struct instant now)
{
    return !instant_before(now, until) || instant_since(until, now).us > whole.us;
}

struct instant bucket_ready_at(const struct bucket *bucket, struct instant now)
{
    if (bucket->rate_milli <= 0) {
        return now;
    }
    struct duration ahead = instant_since(bucket->taken_at, now);
    struct duration whole = instant_since(bucket->free_at, bucket->taken_at);
    if (ahead.us > whole.us) {
        return now; /* Taken by a clock that has been set back since. */
    }
    struct instant free_at = bucket->free_at;
    if (ahead.us > 0) {
        free_at = instant_sub(free_at, ahead);
    }
    return instant_max(now, free_at);
}

void bucket_take(struct bucket *bucket, int64_t units, struct instant now)
{
    struct instant begin = bucket_ready_at(bucket, now);
    bucket->free_at = instant_add(begin, bucket_time_of(bucket, units));
    bucket->taken_at = now;
}

enum lane_rank lane_rank_of(bool is_first, int64_t priority)
{
    if (is_first) {
        return RANK_FIRST;
    }
    return priority <= PRIORITY_HIGH_MAX     ? RANK_HIGH
           : priority <= PRIORITY_MEDIUM_MAX ? RANK_MEDIUM
                                             : RANK_LOW;
}

int64_t round_of_next(int64_t current, int64_t last_of_person)
{
    assert(current >= 0);
    return last_of_person >= current ? last_of_person + 1 : current;
}

int64_t lane_key(enum lane_rank rank, int64_t round)
{
    assert(round >= 0 && round < (int64_t)1 << ROUND_BITS);
    return (int64_t)rank << ROUND_BITS | round;
}

int64_t lane_key_round(int64_t key)
{
    return key & (((int64_t)1 << ROUND_BITS) - 1);
}

static bool take_digits(struct str text, int64_t *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0 && str_to_int(text, out) == OK;
}

enum err pace_rate_parse(struct str text, int64_t *out)
{
    size_t point = str_find_byte(text, '.', 0);
    struct str fraction = str_slice(text, point + 1, text.len);
    int64_t whole = 0;
    int64_t part = 0;
    if (!take_digits(str_slice(text, 0, point), &whole) || whole > RATE_MAX) {
        return E_INVALID;
    }
    if (point < text.len && (fraction.len > DECIMALS_MAX || !take_digits(fraction, &part))) {
        return E_INVALID;
    }
    for (size_t i = fraction.len; point < text.len && i < DECIMALS_MAX; i++) {
        part *= 10;
    }
    *out = whole * MILLI + part;
    return OK;
}
