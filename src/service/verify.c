#include "service/verify.h"

#include "store/call_counts.h"
#include "store/job_counts.h"
#include "store/verify.h"

enum { PERIOD_DAYS_MAX = 400 };

static const struct duration usual = SECONDS_INIT(24 * 3600);

static enum err period_of(struct op *op, const struct verify_input *wanted,
                          struct verify_period *out)
{
    struct instant to = instant_is_set(wanted->to) ? wanted->to : op->now;
    to = instant_min(to, op->now);
    struct instant from = instant_is_set(wanted->from) ? wanted->from : instant_sub(to, usual);
    if (!instant_before(from, to)) {
        return op_fail(op, E_INVALID, "from", "must be before to, and before now");
    }
    if (instant_since(to, from).us > DAYS(PERIOD_DAYS_MAX).us) {
        return op_fail(op, E_INVALID, "from", "must be at most %d days before to", PERIOD_DAYS_MAX);
    }
    *out = (struct verify_period){from, to};
    return OK;
}

enum err show_verify(struct op *op, const void *input, void *output)
{
    struct verify_report *out = output;
    struct verify_period period = {0};
    int64_t jobs_wrong = 0;
    if (op->actor.scope == key_scope_USER) {
        return op_fail(op, E_FORBIDDEN, NULL, "the account is about everybody");
    }
    TRY(period_of(op, input, &period));
    *out = (struct verify_report){.from = period.from, .to = period.to};
    TRY(verify_groups(op->db, op->arena, &period, &out->groups));
    TRY(verify_reasons(op->db, op->arena, &period, &out->skipped));
    TRY(verify_counts(op->db, &period, out));
    TRY(call_counts_wrong(op->db, &out->counters_wrong));
    TRY(job_counts_wrong(op->db, &jobs_wrong));
    out->counters_wrong += jobs_wrong;
    const struct verify_group *groups = out->groups.items;
    for (size_t i = 0; i < out->groups.count; i++) {
        out->due += groups[i].due;
        out->lost += groups[i].lost;
    }
    out->lost += out->dispatches_stuck;
    out->is_whole = out->lost == 0 && out->counters_wrong == 0;
    return OK;
}
