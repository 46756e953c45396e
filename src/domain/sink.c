#include "domain/sink.h"

#include "domain/plan.h"

#include <assert.h>

static const struct duration first_wait = SECONDS_INIT(2);
static const struct duration longest_wait = SECONDS_INIT(300);
/* What a server may ask for; beyond that it is asked all the same. */
enum { RETRY_AFTER_MAX_SECONDS = 3600 };

int sink_batch(const struct sink_standing *standing, int most)
{
    assert(most >= 1);
    if (standing->suspects == 0) {
        return most;
    }
    int64_t half = standing->suspects / 2;
    return half < 1 ? 1 : half > most ? most : (int)half;
}

static struct duration longer(struct duration a, struct duration b)
{
    return a.us > b.us ? a : b;
}

static struct duration asked_for(const struct sink_report *report)
{
    int64_t seconds = report->retry_after_seconds;
    if (seconds <= 0) {
        return (struct duration){0};
    }
    return SECONDS(seconds > RETRY_AFTER_MAX_SECONDS ? RETRY_AFTER_MAX_SECONDS : seconds);
}

static struct duration doubled(const struct sink_standing *standing)
{
    struct duration wait =
        backoff(first_wait, standing->failures > 10 ? 10 : (int)standing->failures);
    return wait.us > longest_wait.us ? longest_wait : wait;
}

static void fail(struct sink_decision *decision, struct duration wait)
{
    decision->is_failing = true;
    decision->wait = wait;
    decision->needs_operator =
        decision->needs_operator || decision->standing.failures >= SINK_FAILURES_TOLD;
}

/* One dead letter after another: it is more likely the sink than the events. */
static void drop(struct sink_decision *decision)
{
    struct sink_standing *standing = &decision->standing;
    decision->drops_next = true;
    standing->failures = 0;
    standing->refused++;
    standing->suspects = standing->suspects > 0 ? standing->suspects - 1 : 0;
    if (standing->refused >= SINK_REFUSED_MAX) {
        decision->needs_operator = true;
        fail(decision, longest_wait);
    }
}

static void try_once_more(struct sink_decision *decision, const struct sink_report *report)
{
    decision->standing.failures++;
    if (decision->standing.failures >= SINK_TRIES_MAX) {
        drop(decision);
        return;
    }
    fail(decision, longer(doubled(&decision->standing), asked_for(report)));
}

static void take(struct sink_standing *standing, int confirmed)
{
    if (confirmed > 0) {
        standing->failures = standing->refused = 0;
        standing->suspects = standing->suspects > confirmed ? standing->suspects - confirmed : 0;
    }
}

struct sink_decision sink_decide(const struct sink_standing *standing,
                                 const struct sink_report *report)
{
    struct sink_decision decision = {.standing = *standing};
    assert(report->confirmed >= 0 && report->asked >= 1);
    take(&decision.standing, report->confirmed);
    switch (report->outcome) {
    case SINK_TAKEN:
        if (report->confirmed == 0) { /* It said yes and shows none of it. */
            try_once_more(&decision, report);
        }
        break;
    case SINK_LATER:
        decision.standing.failures++;
        fail(&decision, longer(doubled(&decision.standing), asked_for(report)));
        break;
    case SINK_LIMITED:
        decision.standing.failures++;
        fail(&decision, longer(SECONDS(SINK_LIMITED_SECONDS), asked_for(report)));
        break;
    case SINK_CLOSED:
        decision.standing.failures++;
        decision.needs_operator = true;
        fail(&decision, longest_wait);
        break;
    case SINK_BAD:
        if (report->asked == 1) {
            drop(&decision);
        } else {
            decision.standing.suspects = report->asked;
        }
        break;
    case SINK_REFUSED:
        try_once_more(&decision, report);
        break;
    case SINK_GONE:
        decision.is_paused = true;
        decision.needs_operator = true;
        break;
    }
    return decision;
}
