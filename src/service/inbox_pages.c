#include "service/inbox_pages.h"

#include "channel/clocks.h"
#include "service/hooks.h"
#include "store/providers.h"

static const struct duration overlap = SECONDS_INIT(60);
static const struct duration first_back = SECONDS_INIT(600);

struct instant inbox_since(const struct provider_state *state, struct instant now)
{
    return instant_is_set(state->inbox_read_at) ? instant_sub(state->inbox_read_at, overlap)
                                                : instant_sub(now, first_back);
}

static bool is_answered(const struct wire_answer *answer)
{
    return answer->outcome == WIRE_ANSWERED && answer->status / 100 == 2;
}

/* E_NOT_FOUND: this page was the last. E_INVALID, E_TOO_LARGE: it was not, but no other is asked
 * for. */
static enum err build_more(const struct site *site, const struct flight *flight,
                           const struct wire_answer *answer, struct arena *arena,
                           struct wire_request *out)
{
    enum err err = flight->provider->build_inbox_more(&site->provider_settings, answer, arena, out);
    bool is_full = flight->pages != NULL && flight->pages->number + 1 >= INBOX_PAGES_MAX;
    return err == OK && is_full ? E_TOO_LARGE : err;
}

/* Each piece as if the provider had told it of its own accord. */
static enum err take_page(struct op *op, const struct provider *provider,
                          const struct provider_news *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hook_reply ignored = {0};
        TRY(take_news(op, provider, &items[i], message_source_POLL, &ignored));
    }
    return OK;
}

/* The first question goes by our clock, and may ask too late where theirs is behind: then the next
 * one asks for it all again. */
static struct instant read_until(const struct provider_state *state, const struct flight *flight,
                                 const struct wire_answer *answer)
{
    struct duration ahead = clock_ahead(answer, flight->begun_at);
    struct instant until = instant_add(flight->begun_at, ahead);
    bool was_late = !instant_is_set(state->inbox_read_at) && ahead.us < 0;
    return was_late ? instant_sub(until, first_back) : until;
}

static enum err move_on(struct op *op, const struct flight *flight,
                        const struct wire_answer *answer)
{
    struct provider_state state = {0};
    struct str name = str_from(flight->provider->name);
    enum err err = provider_states_get(op->db, op->arena, name, &state);
    bool is_new = err == E_NOT_FOUND;
    if (is_new) {
        state = (struct provider_state){
            .id = op_new_id(op), .provider = name, .breaker = breaker_state_CLOSED};
    } else {
        TRY(err);
    }
    state.inbox_read_at = read_until(&state, flight, answer);
    return provider_states_put(op->db, op->arena, &state, is_new);
}

enum err inbox_settle(struct op *op, const struct flight *flight, const struct wire_answer *answer)
{
    const struct provider *provider = flight->provider;
    const struct provider_news *items = NULL;
    struct wire_request ignored = {0};
    size_t count = 0;
    if (!is_answered(answer)) {
        op_log(op, LOG_WARN, LOG_WORKER, "the inbox of %s cannot be read (%d)", provider->name,
               answer->status);
        return OK;
    }
    enum err more = build_more(op->site, flight, answer, op->arena, &ignored);
    if (more == OK) {
        return OK;
    }
    if (more != E_NOT_FOUND) {
        op_log(op, LOG_ERROR, LOG_WORKER,
               "the inbox of %s has older texts, which are not read: the list of them %s",
               provider->name, more == E_TOO_LARGE ? "is too long" : "goes on elsewhere");
    }
    provider->read_inbox(answer, op->arena, &items, &count);
    TRY(take_page(op, provider, items, count));
    for (const struct inbox_page *page = flight->pages; page != NULL; page = page->newer) {
        TRY(take_page(op, provider, page->items, page->count));
    }
    return move_on(op, flight, answer);
}

/* What is read of an answer is gone with the answer. */
static const struct inbox_page *keep_page(struct flight *flight, const struct provider_news *items,
                                          size_t count)
{
    struct arena *arena = flight->arena;
    struct inbox_page *page = ARENA_NEW(arena, struct inbox_page);
    struct provider_news *kept = ARENA_NEW_ARRAY(arena, struct provider_news, count);
    for (size_t i = 0; i < count; i++) {
        kept[i] = (struct provider_news){
            .kind = items[i].kind,
            .provider_id = arena_str(arena, items[i].provider_id),
            .channel = items[i].channel,
            .sequence = items[i].sequence,
            .cost_micros = items[i].cost_micros,
            .duration_seconds = items[i].duration_seconds,
            .from = arena_str(arena, items[i].from),
            .to = arena_str(arena, items[i].to),
            .text = arena_str(arena, items[i].text),
            .opt_out = arena_str(arena, items[i].opt_out),
        };
    }
    *page = (struct inbox_page){.newer = flight->pages,
                                .items = kept,
                                .count = count,
                                .number = flight->pages == NULL ? 1 : flight->pages->number + 1};
    return page;
}

bool inbox_goes_on(const struct site *site, struct flight *flight, const struct wire_answer *answer)
{
    const struct provider_news *items = NULL;
    size_t count = 0;
    struct wire_request ignored = {0};
    struct arena *arena = arena_new();
    bool goes_on = is_answered(answer) && build_more(site, flight, answer, arena, &ignored) == OK &&
                   flight->provider->build_inbox_more(&site->provider_settings, answer,
                                                      flight->arena, &flight->request) == OK;
    if (goes_on) {
        flight->provider->read_inbox(answer, arena, &items, &count);
        flight->pages = keep_page(flight, items, count);
    }
    arena_free(&arena);
    return goes_on;
}
