#include "domain/breaker.h"

#include "domain/pace.h"

#include <assert.h>

enum { DOUBLINGS_MAX = 5 };

static const struct duration first_wait = SECONDS_INIT(30);
static const struct duration longest_wait = SECONDS_INIT(600);
static const struct duration trial_patience = SECONDS_INIT(120);

static bool is_closed(const struct breaker *breaker)
{
    return breaker->state == 0 || breaker->state == breaker_state_CLOSED;
}

static struct duration wait_after(int64_t openings)
{
    assert(openings >= 1);
    int64_t doublings = openings - 1 < DOUBLINGS_MAX ? openings - 1 : DOUBLINGS_MAX;
    struct duration wait = {first_wait.us << doublings};
    return wait.us < longest_wait.us ? wait : longest_wait;
}

static bool is_over(const struct breaker *breaker, struct instant now)
{
    struct duration whole =
        breaker->state == breaker_state_HALF_OPEN ? trial_patience : wait_after(breaker->openings);
    return wait_is_over(breaker->retry_at, whole, now);
}

bool breaker_lets_through(const struct breaker *breaker, struct instant now)
{
    return is_closed(breaker) || is_over(breaker, now);
}

bool breaker_try(struct breaker *breaker, struct instant now)
{
    assert(breaker_lets_through(breaker, now));
    if (is_closed(breaker)) {
        return false;
    }
    breaker->state = breaker_state_HALF_OPEN;
    breaker->retry_at = instant_add(now, trial_patience);
    return true;
}

static enum breaker_change open_breaker(struct breaker *breaker, struct instant now)
{
    bool was_closed = is_closed(breaker);
    if (breaker->state == breaker_state_OPEN && !is_over(breaker, now)) {
        return BREAKER_SAME; /* The late end of something that left before it opened. */
    }
    breaker->state = breaker_state_OPEN;
    breaker->openings++;
    if (was_closed) {
        breaker->opened_at = now;
    }
    breaker->retry_at = instant_add(now, wait_after(breaker->openings));
    return was_closed ? BREAKER_OPENED : BREAKER_SAME;
}

static enum breaker_change close_breaker(struct breaker *breaker)
{
    bool was_closed = is_closed(breaker);
    *breaker = (struct breaker){.state = breaker_state_CLOSED};
    return was_closed ? BREAKER_SAME : BREAKER_CLOSED;
}

enum breaker_change breaker_take(struct breaker *breaker, enum breaker_news news,
                                 struct instant now)
{
    switch (news) {
    case BREAKER_WORKS:
        return close_breaker(breaker);
    case BREAKER_BUSY:
        return is_closed(breaker) ? BREAKER_SAME : close_breaker(breaker);
    case BREAKER_FAILS:
        breaker->failures++;
        return !is_closed(breaker) || breaker->failures >= BREAKER_FAILURES
                   ? open_breaker(breaker, now)
                   : BREAKER_SAME;
    case BREAKER_AUTH:
        breaker->failures++;
        return open_breaker(breaker, now);
    }
    assert(!"every kind of news is listed");
    return BREAKER_SAME;
}

enum breaker_news breaker_news_of(enum failure_category category)
{
    switch (category) {
    case failure_category_network:
    case failure_category_timeout:
    case failure_category_provider_error:
        return BREAKER_FAILS;
    case failure_category_auth:
        return BREAKER_AUTH;
    case failure_category_rate_limited:
    case failure_category_unknown:
        return BREAKER_BUSY;
    case failure_category_NONE:
    case failure_category_invalid_number:
    case failure_category_opted_out:
    case failure_category_carrier_rejected:
    case failure_category_unreachable:
    case failure_category_no_answer:
    case failure_category_busy:
    case failure_category_rejected_content:
    case failure_category_COUNT:
        return BREAKER_WORKS;
    }
    assert(!"every category is listed");
    return BREAKER_WORKS;
}
