#include "domain/retry.h"

#include "domain/plan.h"

#include <assert.h>

enum { CONFIGURED = RETRY_CONFIGURED, POLLS_MAX = 3, UNCALLED_POLLS_MAX = 9 };

static const struct {
    enum failure_class class;
    int sends;
    int calls;
    int receipts;
    int first_seconds;
} rows[failure_category_COUNT] = {
#define RETRY(category, class, sends, calls, receipts, first_seconds) \
    [failure_category_##category] = {failure_class_##class, sends, calls, receipts, first_seconds},
#include "domain/retry.def"
#undef RETRY
};

static enum failure_category known(enum failure_category category)
{
    assert(category < failure_category_COUNT);
    return category == failure_category_NONE ? failure_category_unknown : category;
}

void retry_default(struct retry_table *out)
{
    for (int i = 0; i < failure_category_COUNT; i++) {
        enum failure_category category = known((enum failure_category)i);
        out->rules[i] = (struct retry_rule){
            .sends = rows[category].sends,
            .calls = rows[category].calls,
            .receipts = rows[category].receipts,
            .first = SECONDS(rows[category].first_seconds),
        };
    }
}

enum failure_class retry_class(enum failure_class told, enum failure_category category)
{
    return told != failure_class_NONE ? told : rows[known(category)].class;
}

bool retry_is_providers(enum failure_class class, enum failure_category category)
{
    switch (known(category)) {
    case failure_category_network:
    case failure_category_timeout:
    case failure_category_rate_limited:
    case failure_category_provider_error:
    case failure_category_auth:
        return true;
    case failure_category_NONE:
    case failure_category_invalid_number:
    case failure_category_opted_out:
    case failure_category_carrier_rejected:
    case failure_category_unreachable:
    case failure_category_no_answer:
    case failure_category_busy:
    case failure_category_rejected_content:
    case failure_category_unknown:
    case failure_category_COUNT:
        break;
    }
    return class == failure_class_OURS;
}

static int limit_of(const struct retry_rule *rule, const struct retry_facts *facts)
{
    if (facts->is_mendable) {
        return facts->configured > 0 ? facts->configured : 1; /* It is not the same request. */
    }
    int limit = facts->is_call                ? rule->calls
                : facts->stage == RETRY_ENDED ? rule->receipts
                                              : rule->sends;
    return limit == RETRY_CONFIGURED ? facts->configured : limit;
}

static bool may_work_later(const struct retry_facts *facts)
{
    switch (facts->stage) {
    case RETRY_NOT_SENT:
        return true;
    case RETRY_REFUSED:
        return facts->is_mendable ||
               (!facts->is_call && (facts->is_temporary || facts->class == failure_class_AGAIN));
    case RETRY_ENDED:
        return !facts->is_call && facts->class == failure_class_AGAIN;
    }
    return false;
}

bool retry_again(const struct retry_table *table, const struct retry_facts *facts,
                 struct duration *wait)
{
    assert(facts->tries >= 1);
    const struct retry_rule *rule = &table->rules[known(facts->category)];
    if (!may_work_later(facts) || facts->tries > limit_of(rule, facts)) {
        return false;
    }
    struct duration first = rule->first.us > 0 ? rule->first : facts->configured_first;
    *wait = backoff(first, facts->tries);
    if (wait->us < facts->asked_for.us) {
        *wait = facts->asked_for;
    }
    return true;
}

bool poll_again(bool is_called_back, int64_t polls, struct duration *wait)
{
    assert(polls >= 0);
    int64_t most = is_called_back ? POLLS_MAX : UNCALLED_POLLS_MAX;
    struct duration first = is_called_back ? MINUTES(5) : SECONDS(10);
    *wait = backoff(first, polls >= most ? 1 : (int)polls + 1);
    return polls < most;
}
