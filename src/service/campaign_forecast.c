#include "domain/calling_codes.h"
#include "domain/forecast.h"
#include "service/callable.h"
#include "service/campaigns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* So many rows are looked at; what is left beyond them is taken to be due like the last of them.
 * One operation that changes a campaign does not look through more. */
enum { ROWS_MAX = 2000, LOOKED_THROUGH_MAX = 5000 };

struct backlog {
    struct campaign_left left;
    char country[COUNTRY_BYTES]; /* Where legal hours ask for it; else none. */
};

struct outlook {
    struct backlog *rows;
    size_t count;
    int64_t calls; /* In these rows. */
    int64_t beyond;
    int64_t all;     /* Whatever their hours. */
    bool is_endless; /* A series is among them. */
};

static int compare_hours(const struct backlog *a, const struct backlog *b)
{
    int hours = str_compare(a->left.hours, b->left.hours);
    int zone = str_compare(a->left.timezone, b->left.timezone);
    if (hours != 0 || zone != 0) {
        return hours != 0 ? hours : zone;
    }
    return a->left.has_timezone != b->left.has_timezone
               ? a->left.has_timezone - b->left.has_timezone
               : strcmp(a->country, b->country);
}

static int compare_rows(const void *a, const void *b)
{
    const struct backlog *first = a;
    const struct backlog *second = b;
    int hours = compare_hours(first, second);
    int64_t one = first->left.due_at.us;
    int64_t other = second->left.due_at.us;
    return hours != 0 ? hours : (one > other) - (one < other);
}

/* In the order of their hours and times, those that have both in common as one. */
static void merge_alike(struct outlook *outlook)
{
    size_t kept = 0;
    if (outlook->count > 0) {
        qsort(outlook->rows, outlook->count, sizeof *outlook->rows, compare_rows);
    }
    for (size_t i = 0; i < outlook->count; i++) {
        if (kept > 0 && compare_rows(&outlook->rows[kept - 1], &outlook->rows[i]) == 0) {
            outlook->rows[kept - 1].left.calls += outlook->rows[i].left.calls;
        } else {
            outlook->rows[kept++] = outlook->rows[i];
        }
    }
    outlook->count = kept;
}

/* Calls whose hours are the same, from `first` on; returns how many rows those are. */
static size_t find_alike(const struct outlook *outlook, size_t first, int64_t *calls)
{
    size_t at = first;
    *calls = 0;
    while (at < outlook->count && compare_hours(&outlook->rows[first], &outlook->rows[at]) == 0) {
        *calls += outlook->rows[at++].left.calls;
    }
    *calls += at == outlook->count ? outlook->beyond : 0;
    return at - first;
}

static enum err end_of_alike(struct op *op, const struct campaign *campaign,
                             const struct outlook *alike, struct instant *end)
{
    struct call_guards guards = {0};
    struct duration step = {0};
    const struct campaign_left *first = &alike->rows[0].left;
    struct scheduled_call like = {
        .phone = first->phone, .timezone = first->timezone, .has_timezone = first->has_timezone};
    struct call_backlog *items = ARENA_NEW_ARRAY(op->arena, struct call_backlog, alike->count);
    TRY(call_guards_read(op, first->hours, &guards));
    callable_add_legal(op, &like, &guards);
    for (size_t i = 0; i < alike->count; i++) {
        items[i] = (struct call_backlog){instant_max(alike->rows[i].left.due_at, op->now),
                                         alike->rows[i].left.calls};
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

/* Legal hours are those of a callee's country, which only the number tells. */
static enum err read_left(struct op *op, struct id campaign, struct outlook *out)
{
    bool by_country = legal_hours_are_set(&op->site->legal_hours);
    struct campaign_outlook found = {.arena = op->arena,
                                     .rows =
                                         ARENA_NEW_ARRAY(op->arena, struct campaign_left, ROWS_MAX),
                                     .max = ROWS_MAX};
    TRY(by_country ? campaign_calls_left_each(op->db, campaign, &found)
                   : campaign_calls_left(op->db, campaign, &found));
    out->rows = ARENA_NEW_ARRAY(op->arena, struct backlog, found.count + 1);
    out->count = found.count;
    for (size_t i = 0; i < found.count; i++) {
        out->rows[i].left = found.rows[i];
        calling_country(found.rows[i].phone, out->rows[i].country);
        out->calls += found.rows[i].calls;
        out->is_endless = out->is_endless || found.rows[i].is_series;
    }
    merge_alike(out);
    return OK;
}

enum err campaign_foresee(struct op *op, struct campaign *campaign)
{
    const struct call_tally *progress = progress_of(campaign);
    int64_t left = progress->pending + progress->processing;
    struct outlook outlook = {.rows = NULL};
    campaign->expected_end = INSTANT_NONE;
    if (left == 0 || campaign->state != campaign_state_ACTIVE ||
        (op->writer != NULL && campaign_is_long(campaign))) {
        return OK;
    }
    TRY(read_left(op, campaign->id, &outlook));
    outlook.beyond = outlook.calls == ROWS_MAX ? left - outlook.calls : 0;
    outlook.all = outlook.calls + outlook.beyond;
    return outlook.is_endless ? OK : look_ahead(op, campaign, &outlook, &campaign->expected_end);
}
