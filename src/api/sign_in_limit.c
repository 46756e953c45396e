#include "api/sign_in_limit.h"

#include "base/hash.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>

enum { COUNTERS = 16384, LOGIN_BYTES_MAX = 256 };

struct counter {
    struct instant since;
    int count;
};

struct sign_in_limit {
    pthread_mutex_t lock;
    struct hash_key key;
    struct counter logins[COUNTERS];
    struct counter addresses[COUNTERS];
};

struct sign_in_limit *sign_in_limit_new(void)
{
    struct sign_in_limit *limit = memory_new(sizeof *limit);
    pthread_mutex_init(&limit->lock, NULL);
    limit->key = (struct hash_key){random_number(), random_number()};
    return limit;
}

void sign_in_limit_free(struct sign_in_limit **limit)
{
    if (*limit != NULL) {
        pthread_mutex_destroy(&(*limit)->lock);
        free(*limit);
        *limit = NULL;
    }
}

static struct counter *counter_of_login(struct sign_in_limit *limit, struct str login)
{
    char lower[LOGIN_BYTES_MAX];
    struct str text = str_slice(str_trim(login), 0, sizeof lower);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    uint64_t hash = hash_bytes(limit->key, (struct str){lower, text.len});
    return &limit->logins[hash % COUNTERS];
}

static struct counter *counter_of_address(struct sign_in_limit *limit, struct str network)
{
    return &limit->addresses[hash_bytes(limit->key, network) % COUNTERS];
}

/* One more; the seconds until there may be another one where there are too many, else 0. */
static int64_t count(struct counter *counter, struct instant now, int most)
{
    struct instant end = instant_add(counter->since, MINUTES(ATTEMPTS_MINUTES));
    if (counter->count == 0 || !instant_before(now, end) || instant_before(now, counter->since)) {
        *counter = (struct counter){.since = now, .count = 1};
        return 0;
    }
    if (counter->count >= most) {
        return instant_since(end, now).us / SECONDS(1).us + 1;
    }
    counter->count++;
    return 0;
}

enum err sign_in_limit_take(struct sign_in_limit *limit, struct op *op,
                            const struct sign_in_attempt *attempt, int64_t *retry_after_seconds)
{
    pthread_mutex_lock(&limit->lock);
    int64_t wait =
        count(counter_of_address(limit, attempt->network), op->now, ADDRESS_ATTEMPTS_MAX);
    if (wait == 0 && str_is_set(attempt->login)) {
        wait = count(counter_of_login(limit, attempt->login), op->now, LOGIN_ATTEMPTS_MAX);
    }
    pthread_mutex_unlock(&limit->lock);
    if (wait == 0) {
        return OK;
    }
    *retry_after_seconds = wait;
    return op_fail(op, E_RATE_LIMITED, NULL,
                   "too many attempts to sign in have failed; try again in %lld seconds",
                   (long long)wait);
}

void sign_in_limit_forgive(struct sign_in_limit *limit, const struct sign_in_attempt *attempt)
{
    pthread_mutex_lock(&limit->lock);
    struct counter *address = counter_of_address(limit, attempt->network);
    address->count -= address->count > 0;
    if (str_is_set(attempt->login)) {
        counter_of_login(limit, attempt->login)->count = 0;
    }
    pthread_mutex_unlock(&limit->lock);
}
