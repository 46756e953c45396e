#include "sim/carrier_internal.h"

#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct brand *const brands[CARRIER_BRAND_COUNT] = {&brand_twilio, &brand_plivo,
                                                                &brand_exotel};

static const char *const fact_names[CARRIER_FACT_KIND_COUNT] = {
    "accepted", "refused", "rang",    "picked-up", "spoke",  "pressed",
    "arrived",  "wrote",   "stopped", "ended",     "forged", "wrong"};

const struct brand *brand_of(enum carrier_brand brand)
{
    return brands[brand];
}

const char *carrier_brand_name(enum carrier_brand brand)
{
    return brands[brand]->name;
}

bool carrier_brand_find(struct str name, enum carrier_brand *out)
{
    for (int i = 0; i < CARRIER_BRAND_COUNT; i++) {
        if (str_equal_text(name, brands[i]->name)) {
            *out = (enum carrier_brand)i;
            return true;
        }
    }
    return false;
}

const char *carrier_fact_name(enum carrier_fact_kind kind)
{
    return fact_names[kind];
}

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

struct carrier *carrier_new(void)
{
    struct carrier *carrier = must(calloc(1, sizeof *carrier));
    carrier->arena = arena_new();
    return carrier;
}

void carrier_free(struct carrier **carrier)
{
    if (*carrier == NULL) {
        return;
    }
    free((*carrier)->by_id);
    free((*carrier)->ticks);
    free((*carrier)->facts);
    arena_free(&(*carrier)->arena);
    free(*carrier);
    *carrier = NULL;
}

void carrier_configure(struct carrier *carrier, const struct carrier_config *config)
{
    carrier->public_url = arena_str(carrier->arena, config->public_url);
    for (int i = 0; i < CARRIER_BRAND_COUNT; i++) {
        const struct carrier_account *given = &config->accounts[i];
        carrier->brands[i].account = (struct carrier_account){
            .base_url = arena_str(carrier->arena, given->base_url),
            .account = arena_str(carrier->arena, given->account),
            .token = arena_str(carrier->arena, given->token),
            .key = arena_str(carrier->arena, given->key),
            .secret = arena_str(carrier->arena, given->secret),
        };
    }
}

void carrier_note(struct carrier *carrier, enum carrier_fact_kind kind, struct instant at,
                  const struct item *item, struct str text)
{
    if (carrier->fact_count == carrier->fact_cap) {
        carrier->fact_cap = carrier->fact_cap == 0 ? 64 : carrier->fact_cap * 2;
        carrier->facts = must(realloc(carrier->facts, carrier->fact_cap * sizeof *carrier->facts));
    }
    carrier->facts[carrier->fact_count++] = (struct carrier_fact){
        .kind = kind,
        .at = at,
        .brand = item->brand,
        .channel = item->channel,
        .number = item->to,
        .id = item->id,
        .attempt = item->attempt,
        .text = arena_str(carrier->arena, text),
        .is_excused = item->is_excused,
    };
}

void carrier_note_wrong(struct ask *ask, const char *what, struct str detail)
{
    struct item nobody = {.brand = ask->brand};
    carrier_note(ask->carrier, CARRIER_WRONG, ask->now, &nobody,
                 arena_printf(ask->arena, "%s %.*s", what, STR_FMT(detail)));
}

size_t carrier_facts(const struct carrier *carrier, const struct carrier_fact **out)
{
    *out = carrier->facts;
    return carrier->fact_count;
}

int64_t carrier_requests(const struct carrier *carrier, enum carrier_brand brand)
{
    return carrier->brands[brand].requests;
}

static size_t place_of(const struct carrier *carrier, struct str id)
{
    static const struct hash_key key = {1, 2};
    size_t at = hash_bytes(key, id) & (carrier->by_id_cap - 1);
    struct item *item = NULL;
    while ((item = carrier->by_id[at]) != NULL && !str_equal(item->id, id) &&
           !(str_is_set(item->request_id) && str_equal(item->request_id, id))) {
        at = (at + 1) & (carrier->by_id_cap - 1);
    }
    return at;
}

struct item *item_find(const struct carrier *carrier, struct str id)
{
    return carrier->by_id_cap == 0 ? NULL : carrier->by_id[place_of(carrier, id)];
}

static void put(struct carrier *carrier, struct item *item)
{
    carrier->by_id[place_of(carrier, item->id)] = item;
    if (str_is_set(item->request_id)) {
        carrier->by_id[place_of(carrier, item->request_id)] = item;
    }
}

void item_know(struct carrier *carrier, struct item *item)
{
    item->next = carrier->items;
    carrier->items = item;
    carrier->item_count++;
    if (carrier->item_count * 4 <= carrier->by_id_cap) {
        put(carrier, item);
        return;
    }
    carrier->by_id_cap = carrier->by_id_cap == 0 ? 256 : carrier->by_id_cap * 2;
    carrier->by_id = must(realloc(carrier->by_id, carrier->by_id_cap * sizeof(struct item *)));
    memset(carrier->by_id, 0, carrier->by_id_cap * sizeof(struct item *));
    for (struct item *each = carrier->items; each != NULL; each = each->next) {
        put(carrier, each);
    }
}

struct item *item_new(struct ask *ask, enum channel channel)
{
    struct item *item = ARENA_NEW(ask->carrier->arena, struct item);
    *item = (struct item){
        .brand = ask->brand, .channel = channel, .created_at = ask->now, .ring_seconds = 60};
    return item;
}

/* --- Faults --- */

static bool is_down(struct brand_state *state, struct instant now)
{
    if (state->is_down && instant_is_set(state->down_until) && state->down_until.us <= now.us) {
        state->is_down = false;
    }
    return state->is_down;
}

static const struct fault *take_fault(struct brand_state *state, enum operation operation)
{
    struct fault **place = &state->faults;
    for (; *place != NULL; place = &(*place)->next) {
        struct fault *fault = *place;
        if (fault->operation != OP_ANY && fault->operation != operation) {
            continue;
        }
        if (fault->times > 0 && --fault->times == 0) {
            *place = fault->next;
        }
        return fault;
    }
    return NULL;
}

static void answer(struct ask *ask, struct wire_answer *out)
{
    struct str type = ask->body.len > 0 && ask->body.ptr[0] == '<' ? STR("application/xml")
                                                                   : STR("application/json");
    *out = (struct wire_answer){
        .outcome = WIRE_ANSWERED,
        .status = ask->status,
        .body = arena_str(ask->arena, ask->body),
        .content_type = type,
        .final_url = arena_str(ask->arena, ask->http->url),
        .date = {ask->now.us - ask->now.us % SECONDS(1).us},
    };
}

static void no_answer(const struct fault *fault, struct wire_answer *out)
{
    switch (fault->kind) {
    case FAULT_TIMEOUT:
    case FAULT_TIMEOUT_AFTER:
        *out = (struct wire_answer){
            .outcome = WIRE_UNKNOWN, .timed_out = true, .reason = STR("no answer in time")};
        break;
    case FAULT_RESET:
    case FAULT_RESET_AFTER:
        *out = (struct wire_answer){.outcome = WIRE_UNKNOWN, .reason = STR("connection reset")};
        break;
    case FAULT_REFUSED:
        *out = (struct wire_answer){.outcome = WIRE_NOT_SENT, .reason = STR("connection refused")};
        break;
    case FAULT_STATUS:
    case FAULT_STATUS_AFTER:
    case FAULT_NONSENSE:
    case FAULT_SLOW:
        break;
    }
}

static bool is_before(const struct fault *fault)
{
    return fault->kind == FAULT_STATUS || fault->kind == FAULT_TIMEOUT ||
           fault->kind == FAULT_RESET || fault->kind == FAULT_REFUSED;
}

static bool has_login(const struct ask *ask)
{
    const struct carrier_account *account = &ask->carrier->brands[ask->brand].account;
    const struct wire_http *http = ask->http;
    bool is_account =
        str_equal(http->username, account->account) && str_equal(http->password, account->token);
    bool is_key = str_is_set(account->key) && account->key.len > 0 &&
                  str_equal(http->username, account->key) &&
                  str_equal(http->password, account->secret);
    return is_account || is_key;
}

/* A request that might have stopped a call was not heard. */
static void excuse_all(struct carrier *carrier, enum carrier_brand brand)
{
    for (struct item *item = carrier->items; item != NULL; item = item->next) {
        item->is_excused = item->is_excused || item->brand == brand;
    }
}

static void handle(struct ask *ask, const struct fault *fault, struct carrier_reply *out)
{
    const struct brand *brand = brand_of(ask->brand);
    if (fault != NULL && is_before(fault)) {
        if (fault->kind == FAULT_STATUS) {
            brand->refuse(ask, fault->status, NULL);
        }
    } else if (!has_login(ask)) {
        brand->refuse(ask, 401, NULL);
    } else {
        brand->handle(ask);
    }
    if (fault != NULL && fault->kind == FAULT_STATUS_AFTER) {
        brand->refuse(ask, fault->status, NULL);
    }
    if (fault != NULL && fault->kind == FAULT_NONSENSE) {
        ask->body = STR("<html>Welcome to nginx!</html>");
    }
    answer(ask, &out->answer);
    if (fault != NULL) {
        no_answer(fault, &out->answer);
        out->answer.retry_after_seconds =
            out->answer.outcome == WIRE_ANSWERED ? fault->retry_after : 0;
    }
    bool is_early = ask->carrier->brands[ask->brand].callbacks.answer_delay.us > 0;
    if (ask->is_created && (is_early || (fault != NULL && !is_before(fault)))) {
        ask->carrier->items->is_excused = true;
    }
    if (ask->operation == OP_CANCEL && fault != NULL) {
        excuse_all(ask->carrier, ask->brand);
    }
}

static bool find_brand(const struct carrier *carrier, struct str url, enum carrier_brand *out)
{
    for (int i = 0; i < CARRIER_BRAND_COUNT; i++) {
        struct str base = carrier->brands[i].account.base_url;
        if (base.len > 0 && str_starts(url, base)) {
            *out = (enum carrier_brand)i;
            return true;
        }
    }
    return false;
}

static struct str header_of(const struct wire_http *http, struct str name)
{
    for (size_t i = 0; i < http->header_count; i++) {
        if (str_equal_nocase(http->headers[i].name, name)) {
            return http->headers[i].value;
        }
    }
    return STR_NONE;
}

void carrier_request(struct carrier *carrier, struct instant now,
                     const struct wire_request *request, struct arena *arena,
                     struct carrier_reply *out)
{
    struct ask ask = {.carrier = carrier, .now = now, .http = &request->http, .arena = arena};
    *out = (struct carrier_reply){.at = now};
    assert(request->kind == WIRE_HTTP);
    if (!find_brand(carrier, request->http.url, &ask.brand)) {
        out->answer =
            (struct wire_answer){.outcome = WIRE_NOT_SENT, .reason = STR("could not resolve host")};
        return;
    }
    struct brand_state *state = &carrier->brands[ask.brand];
    state->requests++;
    if (is_down(state, now)) {
        excuse_all(carrier, ask.brand);
        out->answer =
            (struct wire_answer){.outcome = WIRE_NOT_SENT, .reason = STR("connection refused")};
        return;
    }
    ask.query.arena = ask.fields.arena = arena;
    struct str base = url_base(request->http.url);
    ask.path = str_slice(base, state->account.base_url.len, base.len);
    fields_read(&ask.query, url_query(request->http.url));
    struct str type = header_of(&request->http, STR("Content-Type"));
    if (str_starts_nocase(type, STR("application/x-www-form-urlencoded"))) {
        fields_read(&ask.fields, request->http.body);
    }
    ask.operation = brand_of(ask.brand)->classify(&ask);
    const struct fault *fault = take_fault(state, ask.operation);
    handle(&ask, fault, out);
    if (out->answer.outcome == WIRE_UNKNOWN && out->answer.timed_out) {
        out->at = instant_add(now, request->timeout);
    } else if (ask.operation == OP_CREATE) {
        out->at = instant_add(now, state->callbacks.answer_delay);
    }
    if (fault != NULL && fault->kind == FAULT_SLOW) {
        out->at = instant_add(now, (struct duration){request->timeout.us / 2});
    }
}

const char *item_word(const struct item *item)
{
    return brand_of(item->brand)->word(item);
}
