#include "domain/breaker.h"
#include "service/courier.h"
#include "service/degraded.h"
#include "service/providers.h"
#include "store/providers.h"

static const struct duration failures_span = SECONDS_INIT(7 * 86400);

enum { PERMILLE = 1000, MILLI = 1000 };

static const char *unit_of(enum channel channel)
{
    return channel == channel_CALL ? "call" : channel == channel_SMS ? "segment" : "message";
}

static struct str rate_text(struct op *op, int64_t milli)
{
    if (milli == 0) {
        return STR_NONE;
    }
    long long whole = milli / MILLI;
    return milli % MILLI == 0 ? arena_printf(op->arena, "%lld", whole)
                              : arena_printf(op->arena, "%lld.%03d", whole, (int)(milli % MILLI));
}

static int64_t position_of(const struct site *site, const struct provider *provider,
                           enum channel channel)
{
    const struct provider_list *list = &site->delivery.lists[channel];
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == provider) {
            return (int64_t)i + 1;
        }
    }
    return site->providers[channel] == provider;
}

static void view_lane(struct op *op, const struct provider *provider, enum channel channel,
                      struct provider_lane *out)
{
    *out = (struct provider_lane){
        .channel = (int)channel,
        .position = position_of(op->site, provider, channel),
        .limit = rate_text(op, provider_rate(op->site, provider, channel)),
        .unit = str_from(unit_of(channel)),
    };
    if (op->writer == NULL || op->writer->courier == NULL) {
        return;
    }
    struct lane_address address = {provider, channel, STR_NONE};
    struct lane_view view = {0};
    lanes_look(courier_lanes(op->writer->courier), &address, op->now, &view);
    out->under_way = view.under_way;
    out->waiting = view.waiting;
    out->expected_seconds = (view.to_last.us + 999999) / 1000000;
    if (id_is_set(view.oldest)) {
        int64_t since_ms = instant_ms(op->now) - (view.oldest.value >> ID_COUNTER_BITS);
        out->oldest_seconds = since_ms < 0 ? 0 : since_ms / 1000;
    }
}

static void view_lanes(struct op *op, const struct provider *provider, unsigned used,
                       struct list *out)
{
    struct provider_lane *lanes = ARENA_NEW_ARRAY(op->arena, struct provider_lane, channel_COUNT);
    size_t count = 0;
    for (enum channel channel = channel_EMAIL; channel < channel_COUNT; channel++) {
        if ((used >> channel & 1) != 0) {
            view_lane(op, provider, channel, &lanes[count++]);
        }
    }
    *out = (struct list){lanes, count};
}

static void view_degraded(struct op *op, const struct provider *provider, unsigned used,
                          struct list *out)
{
    const char *texts[DEGRADED_MAX];
    size_t count = provider_degraded(op->site, provider, used, texts);
    struct provider_note_view *notes =
        ARENA_NEW_ARRAY(op->arena, struct provider_note_view, DEGRADED_MAX);
    for (size_t i = 0; i < count; i++) {
        notes[i].text = str_from(texts[i]);
    }
    *out = (struct list){notes, count};
}

static enum err view_provider(struct op *op, const struct provider *provider, unsigned used,
                              struct provider_view *out)
{
    struct provider_state state = {.breaker = breaker_state_CLOSED};
    struct str name = str_from(provider->name);
    enum err err = provider_states_get(op->db, op->arena, name, &state);
    if (err != OK && err != E_NOT_FOUND) {
        return err;
    }
    *out = (struct provider_view){
        .name = name,
        .breaker = state.breaker,
        .failures = state.failures,
        .opened_at = state.opened_at,
        .retry_at = state.retry_at,
        .last_error = state.last_error,
        .last_code = state.last_code,
        .last_category = state.last_category,
        .last_error_at = state.last_error_at,
        .last_success_at = state.last_success_at,
    };
    view_lanes(op, provider, used, &out->channels);
    view_degraded(op, provider, used, &out->degraded);
    return OK;
}

/* Runs where the queues are, with the executor, but changes nothing: a reader may ask. */
enum err list_providers(struct op *op, const void *input, void *output)
{
    (void)input;
    struct provider_list_view *out = output;
    const struct provider *const *all = NULL;
    size_t total = providers_all(&all);
    size_t count = 0;
    TRY(op_may_read(op, ID_NONE));
    struct provider_view *views = ARENA_NEW_ARRAY(op->arena, struct provider_view, total);
    for (size_t i = 0; i < total; i++) {
        unsigned used = provider_channels(op->site, all[i]);
        bool is_shown =
            used != 0 && (all[i] != &provider_webhook || str_is_set(op->site->operator_webhook));
        if (is_shown) {
            TRY(view_provider(op, all[i], used, &views[count++]));
        }
    }
    out->providers = (struct list){views, count};
    return OK;
}

static const struct failure_row *total_of(const struct failure_rows *totals,
                                          const struct failure_row *row)
{
    for (size_t i = 0; i < totals->count; i++) {
        const struct failure_row *total = &totals->items[i];
        if (total->channel == row->channel && str_equal(total->provider, row->provider)) {
            return total;
        }
    }
    return NULL;
}

static void set_rate(struct failure_count *out, int64_t attempts)
{
    /* What failed before it was handed over is no attempt, but did fail. */
    out->attempts = attempts > out->count ? attempts : out->count;
    out->permille = out->attempts == 0 ? 0 : out->count * PERMILLE / out->attempts;
}

static void count_categories(struct op *op, const struct failure_rows *failures,
                             const struct failure_rows *totals, struct failures_view *out)
{
    struct failure_count *items =
        ARENA_NEW_ARRAY(op->arena, struct failure_count, failures->count + 1);
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_row *row = &failures->items[i];
        const struct failure_row *total = total_of(totals, row);
        items[i] = (struct failure_count){.provider = row->provider,
                                          .channel = row->channel,
                                          .category = row->category,
                                          .count = row->count,
                                          .newest_at = row->newest_at};
        set_rate(&items[i], total == NULL ? 0 : total->count);
        out->failures += row->count;
    }
    out->categories = (struct list){items, failures->count};
}

static void count_totals(struct op *op, const struct failure_rows *failures,
                         const struct failure_rows *totals, struct failures_view *out)
{
    struct failure_count *items =
        ARENA_NEW_ARRAY(op->arena, struct failure_count, totals->count + 1);
    for (size_t i = 0; i < totals->count; i++) {
        const struct failure_row *total = &totals->items[i];
        items[i] = (struct failure_count){.provider = total->provider, .channel = total->channel};
        for (size_t j = 0; j < failures->count; j++) {
            const struct failure_row *row = &failures->items[j];
            if (total_of(totals, row) == total) {
                items[i].count += row->count;
                items[i].newest_at = instant_max(items[i].newest_at, row->newest_at);
            }
        }
        set_rate(&items[i], total->count);
        out->attempts += total->count;
    }
    out->totals = (struct list){items, totals->count};
}

enum err list_failures(struct op *op, const void *input, void *output)
{
    const struct failures_input *given = input;
    struct failures_view *out = output;
    struct failure_rows failures = {.arena = op->arena};
    struct failure_rows totals = {.arena = op->arena};
    TRY(op_may_read(op, ID_NONE));
    out->to = instant_is_set(given->to) ? given->to : op->now;
    out->from = instant_is_set(given->from) ? given->from : instant_sub(out->to, failures_span);
    if (!instant_before(out->from, out->to)) {
        return op_fail(op, E_INVALID, "from", "from must be before to");
    }
    struct failure_query query = {out->from, out->to, given->provider};
    TRY(messages_failures(op->db, &query, &failures));
    TRY(messages_totals(op->db, &query, &totals));
    count_categories(op, &failures, &totals, out);
    count_totals(op, &failures, &totals, out);
    return OK;
}
