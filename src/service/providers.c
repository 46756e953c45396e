#include "service/providers.h"

#include "domain/breaker.h"
#include "service/operator.h"
#include "store/providers.h"

#include <string.h>

/* How often a row is written only to say that all is still well. */
static const struct duration success_every = SECONDS_INIT(60);

const struct provider *site_provider(const struct site *site, struct str name)
{
    for (size_t i = 0; i < site->stand_in_count; i++) {
        if (str_equal_text(name, site->stand_ins[i].name)) {
            return &site->stand_ins[i];
        }
    }
    return provider_find(name);
}

bool provider_is_played(const struct site *site, struct str name)
{
    return site->stand_in_count > 0 || str_equal_text(name, provider_mock.name);
}

struct provider_list provider_list_for(const struct site *site, enum channel channel,
                                       struct str recipient)
{
    const struct provider_route *best = NULL;
    for (size_t i = 0; i < site->delivery.route_count; i++) {
        const struct provider_route *route = &site->delivery.routes[i];
        if (route->channel == channel && number_prefix_fits(&route->prefix, recipient) &&
            (best == NULL || strlen(route->prefix.text) > strlen(best->prefix.text))) {
            best = route;
        }
    }
    struct provider_list list = best != NULL ? best->list : site->delivery.lists[channel];
    if (list.count == 0 && site->providers[channel] != NULL) {
        list = (struct provider_list){{site->providers[channel]}, 1};
    }
    return list;
}

int64_t provider_rate(const struct site *site, const struct provider *provider,
                      enum channel channel)
{
    for (size_t i = 0; i < site->delivery.pace_count; i++) {
        const struct provider_pace *pace = &site->delivery.paces[i];
        if (pace->provider == provider && pace->channel == channel) {
            return pace->rate_milli;
        }
    }
    return 0;
}

static bool has_breaker(const struct site *site, const struct provider *provider)
{
    return provider != &provider_mock || site->delivery.mock_has_breaker;
}

static struct breaker breaker_of(const struct provider_state *state)
{
    return (struct breaker){.state = (enum breaker_state)state->breaker,
                            .failures = state->failures,
                            .openings = state->openings,
                            .opened_at = state->opened_at,
                            .retry_at = state->retry_at};
}

static void keep_breaker(struct provider_state *state, const struct breaker *breaker)
{
    state->breaker = breaker->state == 0 ? breaker_state_CLOSED : (int)breaker->state;
    state->failures = breaker->failures;
    state->openings = breaker->openings;
    state->opened_at = breaker->opened_at;
    state->retry_at = breaker->retry_at;
}

/* A provider that nothing is known of yet is closed; its row is new. */
static enum err read_state(struct op *op, struct str name, struct provider_state *out, bool *is_new)
{
    enum err err = provider_states_get(op->db, op->arena, name, out);
    *is_new = err == E_NOT_FOUND;
    if (*is_new) {
        *out = (struct provider_state){.provider = name, .breaker = breaker_state_CLOSED};
        return OK;
    }
    return err;
}

static enum err write_state(struct op *op, struct provider_state *state, bool is_new)
{
    writer_disturb(op->writer);
    if (is_new) {
        state->id = op_new_id(op);
    }
    return provider_states_put(op->db, op->arena, state, is_new);
}

enum err provider_lets_through(struct op *op, const struct provider *provider, bool *out)
{
    struct provider_state state = {0};
    bool is_new = false;
    *out = true;
    if (!has_breaker(op->site, provider)) {
        return OK;
    }
    TRY(read_state(op, str_from(provider->name), &state, &is_new));
    struct breaker breaker = breaker_of(&state);
    *out = breaker_lets_through(&breaker, op->now);
    return OK;
}

enum err provider_retry_at(struct op *op, const struct provider *provider, struct instant *out)
{
    struct provider_state state = {0};
    bool is_new = false;
    TRY(read_state(op, str_from(provider->name), &state, &is_new));
    *out = state.retry_at;
    return OK;
}

enum err provider_try(struct op *op, const struct provider *provider, struct instant *wait_until)
{
    struct provider_state state = {0};
    bool is_new = false;
    *wait_until = INSTANT_NONE;
    if (!has_breaker(op->site, provider)) {
        return OK;
    }
    TRY(read_state(op, str_from(provider->name), &state, &is_new));
    struct breaker breaker = breaker_of(&state);
    if (!breaker_lets_through(&breaker, op->now)) {
        *wait_until = breaker.retry_at;
        return OK;
    }
    if (!breaker_try(&breaker, op->now)) {
        return OK;
    }
    op_log(op, LOG_INFO, LOG_WORKER, "provider %s is tried again", provider->name);
    keep_breaker(&state, &breaker);
    return write_state(op, &state, is_new);
}

enum err provider_first(struct op *op, enum channel channel, struct str recipient,
                        const struct provider **out)
{
    struct provider_list list = provider_list_for(op->site, channel, recipient);
    *out = list.items[0];
    for (size_t i = 0; i < list.count && list.count > 1; i++) {
        bool may = false;
        TRY(provider_lets_through(op, list.items[i], &may));
        if (may) {
            *out = list.items[i];
            return OK;
        }
    }
    return OK;
}

/* Without a step nobody knows which attempts belong together: the order of the list alone counts.
 */
static enum err was_used(struct op *op, const struct message *failed,
                         const struct provider *provider, bool *out)
{
    int64_t attempts = 0;
    *out = str_equal_text(failed->provider, provider->name);
    if (*out || !id_is_set(failed->step_id)) {
        return OK;
    }
    TRY(messages_of_step_by(op->db, failed, str_from(provider->name), &attempts));
    *out = attempts > 0;
    return OK;
}

enum err provider_next(struct op *op, const struct message *failed, const struct provider **out)
{
    struct provider_list list =
        provider_list_for(op->site, (enum channel)failed->channel, failed->recipient);
    bool is_after = id_is_set(failed->step_id);
    *out = NULL;
    for (size_t i = 0; i < list.count; i++) {
        bool is_used = false;
        bool may = false;
        TRY(was_used(op, failed, list.items[i], &is_used));
        if (!is_used && is_after) {
            TRY(provider_lets_through(op, list.items[i], &may));
        }
        if (may) {
            *out = list.items[i];
            return OK;
        }
        is_after = is_after || str_equal_text(failed->provider, list.items[i]->name);
    }
    return OK;
}

static struct str key_of(struct op *op, const char *what, struct str name)
{
    return arena_printf(op->arena, "%s:%.*s", what, STR_FMT(name));
}

static enum err tell_change(struct op *op, struct provider_state *state, enum breaker_change change)
{
    struct operator_note note = {.key = key_of(op, "provider", state->provider)};
    if (change == BREAKER_OPENED) {
        bool is_auth = state->last_category == failure_category_auth;
        struct str what =
            is_auth ? STR("cannot be used with our settings")
                    : arena_printf(op->arena, "failed %lld times in a row, the last time so",
                                   (long long)state->failures);
        note.title = arena_printf(op->arena, "%.*s does not work", STR_FMT(state->provider));
        note.text = arena_printf(
            op->arena,
            "The provider %.*s %.*s: %.*s Its messages go to the next provider of their channel, "
            "or wait. It is tried again by itself%s",
            STR_FMT(state->provider), STR_FMT(what), STR_FMT(state->last_error),
            is_auth ? "; please check its account and settings." : ".");
        note.words = text_key_OPERATOR_PROVIDER_FAILING;
        note.provider = state->provider;
        note.error = state->last_error;
        note.count = state->failures;
        state->told_at = op->now;
        return operator_tell(op, &note);
    }
    note.title = arena_printf(op->arena, "%.*s works again", STR_FMT(state->provider));
    note.text = arena_printf(op->arena, "The provider %.*s took a message again; what waited goes.",
                             STR_FMT(state->provider));
    note.words = text_key_OPERATOR_PROVIDER_RECOVERED;
    note.provider = state->provider;
    /* "It began just now" would be said of what is over; then it is not said when. */
    bool is_short = instant_since(op->now, state->told_at).us < MINUTES(1).us;
    note.since = is_short ? INSTANT_NONE : state->told_at;
    state->told_at = INSTANT_NONE;
    return operator_recovered(op, &note);
}

/* Something of ours that only an operator can mend, though the provider itself works. */
static enum err tell_ours(struct op *op, struct str provider, const struct verdict *verdict)
{
    if (verdict->class != failure_class_OURS || verdict->category == failure_category_auth) {
        return OK;
    }
    struct str code = str_is_set(verdict->code) ? verdict->code : STR("refused");
    struct operator_note note = {
        .key = arena_printf(op->arena, "ours:%.*s:%.*s", STR_FMT(provider),
                            STR_FMT(str_cut_utf8(code, 40))),
        .title = arena_printf(op->arena, "%.*s refuses our messages", STR_FMT(provider)),
        .text = arena_printf(op->arena,
                             "The provider %.*s refused a message for a reason that lies with our "
                             "account, settings or text (code %.*s): %.*s",
                             STR_FMT(provider), STR_FMT(code), STR_FMT(verdict->error)),
    };
    return operator_tell(op, &note);
}

static void keep_failure(struct op *op, struct provider_state *state, const struct verdict *verdict,
                         enum failure_category category)
{
    state->last_error = verdict->error;
    state->last_code = verdict->code;
    state->last_category = (int)category;
    state->last_error_at = op->now;
}

static enum failure_category category_of(const struct verdict *verdict)
{
    if (verdict->kind == VERDICT_ACCEPTED) {
        return failure_category_NONE;
    }
    return verdict->category == failure_category_NONE ? failure_category_unknown
                                                      : verdict->category;
}

static bool is_calm(const struct op *op, const struct provider *provider)
{
    for (size_t i = 0; i < CALM_PROVIDERS; i++) {
        const struct calm_provider *calm = &op->writer->calm[i];
        if (calm->provider == provider) {
            return instant_before(op->now, calm->until);
        }
    }
    return false;
}

/* The place of the provider itself, else a free one, else the first. */
static void note_calm(struct op *op, const struct provider *provider, struct instant until)
{
    struct calm_provider *calm = op->writer->calm;
    size_t at = 0;
    for (size_t i = CALM_PROVIDERS; i-- > 0;) {
        at = calm[i].provider == NULL ? i : at;
    }
    for (size_t i = 0; i < CALM_PROVIDERS; i++) {
        at = calm[i].provider == provider ? i : at;
    }
    calm[at] = (struct calm_provider){provider, until};
}

enum err provider_note(struct op *op, const struct message *message, const struct verdict *verdict)
{
    const struct provider *provider = site_provider(op->site, message->provider);
    struct provider_state state = {0};
    bool is_new = false;
    if (provider == NULL || str_equal(verdict->code, VERDICT_CODE_NOT_BUILT)) {
        return OK;
    }
    bool is_success = verdict->kind == VERDICT_ACCEPTED;
    if (is_success && is_calm(op, provider)) {
        return OK;
    }
    TRY(read_state(op, message->provider, &state, &is_new));
    struct breaker breaker = breaker_of(&state);
    enum failure_category category = category_of(verdict);
    enum breaker_change change = has_breaker(op->site, provider)
                                     ? breaker_take(&breaker, breaker_news_of(category), op->now)
                                     : BREAKER_SAME;
    bool is_same = breaker.state == breaker_of(&state).state && breaker.failures == state.failures;
    bool is_fresh = instant_is_set(state.last_success_at) &&
                    instant_since(op->now, state.last_success_at).us < success_every.us;
    if (is_success && is_same && is_fresh) {
        if (breaker.state == breaker_state_CLOSED && breaker.failures == 0) {
            note_calm(op, provider, instant_add(state.last_success_at, success_every));
        }
        return OK;
    }
    keep_breaker(&state, &breaker);
    if (is_success) {
        state.last_success_at = op->now;
    } else {
        keep_failure(op, &state, verdict, category);
    }
    if (change != BREAKER_SAME) {
        op_log(op, LOG_WARN, LOG_WORKER, "the breaker of %s %s", provider->name,
               change == BREAKER_OPENED ? "opens" : "closes");
    }
    /* The row first: by it the operator's message takes another way. */
    TRY(write_state(op, &state, is_new));
    if (change != BREAKER_SAME) {
        TRY(tell_change(op, &state, change));
        TRY(write_state(op, &state, false));
    }
    return tell_ours(op, message->provider, verdict);
}
