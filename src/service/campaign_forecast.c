#include "domain/forecast.h"
#include "service/callable.h"
#include "service/campaigns.h"

#include <assert.h>

/* So many rows are looked at; what is left beyond them is taken to be due like the last of them.
 * One operation that changes a campaign does not look through more. */
enum { ROWS_MAX = 2000, LOOKED_THROUGH_MAX = 5000 };

struct outlook {
    const struct campaign_left *rows;
    size_t count;
    int64_t calls; /* In these rows. */
    int64_t beyond;
    int64_t all; /* Whatever their hours. */
};

static bool are_alike(const struct campaign_left *a, const struct campaign_left *b)
{
    return str_equal(a->hours, b->hours) && str_equal(a->timezone, b->timezone) &&
           a->has_timezone == b->has_timezone;
}

/* Calls whose hours are the same, from `first` on; returns how many rows those are. */
static size_t find_alike(const struct outlook *outlook, size_t first, int64_t *calls)
{
    size_t at = first;
    *calls = 0;
    while (at < outlook->count && are_alike(&outlook->rows[first], &outlook->rows[at])) {
        *calls += outlook->rows[at++].calls;
    }
    *calls += at == outlook->count ? outlook->beyond : 0;
    return at - first;
}

static enum err end_of_alike(struct op *op, const struct campaign *campaign,
                             const struct outlook *alike, struct instant *end)
{
    struct call_guards guards = {0};
    struct duration step = {0};
    struct scheduled_call like = {.timezone = alike->rows[0].timezone,
                                  .has_timezone = alike->rows[0].has_timezone};
    struct call_backlog *items = ARENA_NEW_ARRAY(op->arena, struct call_backlog, alike->count);
    TRY(call_guards_read(op, alike->rows[0].hours, &guards));
    callable_add_legal(op, &like, &guards);
    for (size_t i = 0; i < alike->count; i++) {
        items[i] = (struct call_backlog){instant_max(alike->rows[i].due_at, op->now),
                                         alike->rows[i].calls};
    }
    items[alike->count - 1].count += alike->beyond;
    if (campaign->calls_per_minute > 0) {
        /* Its share of the pace. */
        assert(alike->calls > 0);
        step.us = MINUTES(1).us / campaign->calls_per_minute * alike->all / alike->calls;
    }
    return forecast_end(&guards.hours, items, alike->count, step, end);
}

static enum err look_ahead(struct op *op, const struct campaign *campaign,
                           const struct outlook *outlook, struct instant *end)
{
    for (size_t at = 0; at < outlook->count;) {
        struct outlook alike = {.rows = outlook->rows + at, .all = outlook->all};
        struct instant one = INSTANT_NONE;
        alike.count = find_alike(outlook, at, &alike.calls);
        at += alike.count;
        alike.beyond = at == outlook->count ? outlook->beyond : 0;
        enum err err = end_of_alike(op, campaign, &alike, &one);
        if (err == E_INVALID) {
            return OK; /* They never open. */
        }
        TRY(err);
        *end = instant_is_set(*end) ? instant_max(*end, one) : one;
    }
    return OK;
}

static const struct call_tally *progress_of(const struct campaign *campaign)
{
    return campaign->progress;
}

bool campaign_is_long(const struct campaign *campaign)
{
    return progress_of(campaign)->total > LOOKED_THROUGH_MAX;
}

enum err campaign_foresee(struct op *op, struct campaign *campaign)
{
    const struct call_tally *progress = progress_of(campaign);
    int64_t left = progress->pending + progress->processing;
    bool is_endless = false;
    campaign->expected_end = INSTANT_NONE;
    if (left == 0 || campaign->state != campaign_state_ACTIVE ||
        (op->writer != NULL && campaign_is_long(campaign))) {
        return OK;
    }
    struct campaign_outlook found = {.arena = op->arena,
                                     .rows =
                                         ARENA_NEW_ARRAY(op->arena, struct campaign_left, ROWS_MAX),
                                     .max = ROWS_MAX};
    TRY(campaign_calls_left(op->db, campaign->id, &found));
    struct outlook outlook = {.rows = found.rows, .count = found.count};
    for (size_t i = 0; i < found.count; i++) {
        outlook.calls += found.rows[i].calls;
        is_endless = is_endless || found.rows[i].is_series;
    }
    outlook.beyond = outlook.calls == ROWS_MAX ? left - outlook.calls : 0;
    outlook.all = outlook.calls + outlook.beyond;
    return is_endless ? OK : look_ahead(op, campaign, &outlook, &campaign->expected_end);
}
