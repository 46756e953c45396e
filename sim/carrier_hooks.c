#include "sim/carrier_internal.h"

enum { RETRIES_DEFAULT = 1, RETRIES_MAX = 5, RETRY_SECONDS = 1, BETWEEN_MS = 100 };

struct str hook_place_of(const struct carrier *carrier, enum carrier_brand brand, const char *name)
{
    if (carrier->public_url.len == 0) {
        return STR_NONE;
    }
    return arena_printf(carrier->arena, "%.*s/webhooks/%s/%s", STR_FMT(carrier->public_url),
                        brand_of(brand)->name, name);
}

/* A request to `url` with these fields, in its query where it is a GET. */
static struct hook *hook_new(struct carrier *carrier, struct item *item, struct str url,
                             bool is_get, struct fields *form)
{
    struct hook *hook = ARENA_NEW(carrier->arena, struct hook);
    const struct brand_state *state = &carrier->brands[item->brand];
    int64_t tries = RETRIES_DEFAULT;
    struct str wanted = url_fragment_get(carrier->arena, url, "rc");
    if (str_is_set(wanted) && str_to_int(wanted, &tries) == OK) {
        tries = tries < 0 ? 0 : tries > RETRIES_MAX ? RETRIES_MAX : tries;
    }
    struct str policy = url_fragment_get(carrier->arena, url, "rp");
    *hook = (struct hook){.item = item,
                          .tries_left = (int)tries,
                          .tries_all = str_is_set(policy) && str_contains(policy, STR("all"))};
    hook->call.url = url_without_fragment(url);
    hook->call.method = is_get ? STR("GET") : STR("POST");
    if (is_get) {
        bool has_query = url_query(url).len > 0;
        hook->call.url = arena_printf(carrier->arena, "%.*s%s%.*s", STR_FMT(hook->call.url),
                                      has_query ? "&" : "?", STR_FMT(fields_write(form)));
        form = NULL;
    } else {
        hook->call.content_type = STR("application/x-www-form-urlencoded");
        hook->call.body = fields_write(form);
    }
    hook->is_forged = state->callbacks.are_forged;
    struct str token = hook->is_forged ? STR("not-the-token") : state->account.token;
    brand_of(item->brand)->sign(carrier, hook, form, token);
    return hook;
}

static void plan(struct carrier *carrier, struct instant at, struct hook *hook)
{
    tick_add(carrier, at, TICK_HOOK, hook->item)->hook = hook;
}

static struct hook *copy_of(struct carrier *carrier, const struct hook *hook)
{
    struct hook *copy = ARENA_NEW(carrier->arena, struct hook);
    *copy = *hook;
    return copy;
}

static void plan_as_faulty(struct carrier *carrier, struct instant now, struct hook *hook)
{
    const struct callbacks *callbacks = &carrier->brands[hook->item->brand].callbacks;
    struct instant at = instant_add(now, callbacks->delay);
    if (callbacks->are_lost) {
        return;
    }
    plan(carrier, at, hook);
    if (callbacks->are_twice) {
        plan(carrier, instant_add(at, SECONDS(RETRY_SECONDS)), copy_of(carrier, hook));
    }
}

/* The last first, once nothing is to follow. */
static void release_held(struct carrier *carrier, struct instant now, struct item *item)
{
    struct instant at = now;
    while (item->held != NULL) {
        struct hook *hook = item->held;
        item->held = hook->next;
        hook->next = NULL;
        plan_as_faulty(carrier, at, hook);
        at = instant_add(at, MILLISECONDS(BETWEEN_MS));
    }
}

void hook_tell_state(struct carrier *carrier, struct instant now, struct item *item)
{
    struct fields form = {.arena = carrier->arena};
    struct str url = brand_of(item->brand)->tell_state(carrier, item, &form);
    const struct callbacks *callbacks = &carrier->brands[item->brand].callbacks;
    if (str_is_set(url) && url.len > 0) {
        bool is_ring = item->state == ITEM_RINGING && item->uses_get[URL_RING];
        struct hook *hook =
            hook_new(carrier, item, url, is_ring || item->uses_get[URL_STATUS], &form);
        hook->purpose = HOOK_TELLS_STATE;
        item->sequence++;
        if (callbacks->are_reversed) {
            hook->next = item->held;
            item->held = hook;
        } else {
            plan_as_faulty(carrier, now, hook);
        }
    }
    if (item_is_over(item) || item->state == ITEM_DELIVERED) {
        release_held(carrier, now, item);
    }
}

void hook_ask_page(struct carrier *carrier, struct instant now, struct item *item,
                   const struct page_verb *verb, struct str keys)
{
    struct fields form = {.arena = carrier->arena};
    struct str url = verb == NULL ? item->urls[URL_VOICE] : verb->url;
    bool is_get = verb == NULL ? item->uses_get[URL_VOICE]
                               : str_is_set(verb->method) && str_equal_text(verb->method, "GET");
    if (!str_is_set(url) || url.len == 0) {
        item_to(carrier, now, item, ITEM_COMPLETED);
        return;
    }
    brand_of(item->brand)->tell_page(carrier, item, keys, &form);
    struct hook *hook = hook_new(carrier, item, url, is_get, &form);
    hook->purpose = HOOK_ASKS_PAGE;
    plan(carrier, now, hook);
}

void hook_tell_machine(struct carrier *carrier, struct instant now, struct item *item)
{
    struct fields form = {.arena = carrier->arena};
    struct str url = item->urls[URL_MACHINE];
    if (!str_is_set(url) || url.len == 0) {
        return;
    }
    brand_of(item->brand)->tell_machine(carrier, item, &form);
    struct hook *hook = hook_new(carrier, item, url, item->uses_get[URL_MACHINE], &form);
    hook->purpose = HOOK_TELLS_MACHINE;
    plan_as_faulty(carrier, now, hook);
}

void hook_tell_text(struct carrier *carrier, struct instant now, struct item *text)
{
    struct fields form = {.arena = carrier->arena};
    struct str url = hook_place_of(carrier, text->brand, "sms");
    if (!str_is_set(url) || text->brand == CARRIER_EXOTEL) {
        return; /* Exotel's is set in its dashboard, with a token that nobody here knows. */
    }
    brand_of(text->brand)->tell_text(carrier, text, &form);
    struct hook *hook = hook_new(carrier, text, url, false, &form);
    hook->purpose = HOOK_TELLS_TEXT;
    plan_as_faulty(carrier, now, hook);
}

bool carrier_take(struct carrier *carrier, struct instant now, struct carrier_hook *out)
{
    const struct tick *first = NULL;
    while ((first = tick_first(carrier)) != NULL && first->at.us <= now.us) {
        struct tick tick = tick_take(carrier);
        if (tick.kind != TICK_HOOK) {
            item_tick(carrier, &tick);
            continue;
        }
        struct hook *hook = tick.hook;
        hook->ticket = hook->call.ticket = ++carrier->serial;
        hook->next = carrier->open;
        carrier->open = hook;
        *out = hook->call;
        return true;
    }
    return false;
}

static struct hook *take_open(struct carrier *carrier, uint64_t ticket)
{
    for (struct hook **place = &carrier->open; *place != NULL; place = &(*place)->next) {
        struct hook *hook = *place;
        if (hook->ticket == ticket) {
            *place = hook->next;
            hook->next = NULL;
            return hook;
        }
    }
    return NULL;
}

/* What the provider would hold against us. A refused connection and 5xx are faults of the day. */
static void judge(struct carrier *carrier, struct instant now, const struct hook *hook,
                  const struct carrier_heard *heard)
{
    struct str said = arena_printf(carrier->arena, "%d to %.*s %.*s", heard->status,
                                   STR_FMT(hook->call.method), STR_FMT(url_base(hook->call.url)));
    if (hook->is_forged) {
        carrier_note(carrier, CARRIER_FORGED, now, hook->item,
                     arena_printf(carrier->arena, "%d", heard->status));
        return;
    }
    bool is_branch = brand_of(hook->item->brand)->branches_by_status && heard->status == 302;
    bool is_refused = heard->status >= 300 && heard->status < 500 && !is_branch;
    bool is_empty = heard->status == 200 && heard->body.len == 0 && heard->content_type.len == 0;
    if (is_refused || (is_empty && hook->item->brand == CARRIER_TWILIO)) {
        carrier_note(carrier, CARRIER_WRONG, now, hook->item, said);
    }
}

static bool is_worth_again(const struct hook *hook, int status)
{
    return hook->tries_left > 0 && !hook->is_forged &&
           (status == 0 || (status >= 400 && hook->tries_all));
}

static void take_reply(struct carrier *carrier, struct instant now, const struct hook *hook,
                       const struct carrier_heard *heard)
{
    struct str reply = STR_NONE;
    struct str wrong = STR_NONE;
    bool is_xml = heard->status == 200 && heard->body.len > 0;
    if (!is_xml || hook->item->brand == CARRIER_EXOTEL) {
        return;
    }
    if (page_read_reply(carrier->arena, heard->body, &reply, &wrong) != OK) {
        carrier_note(carrier, CARRIER_WRONG, now, hook->item, wrong);
    } else if (str_is_set(reply)) {
        carrier_note(carrier, CARRIER_ARRIVED, now, hook->item, reply);
    }
}

void carrier_answered(struct carrier *carrier, struct instant now, uint64_t ticket,
                      const struct carrier_heard *heard)
{
    struct hook *hook = take_open(carrier, ticket);
    if (hook == NULL) {
        return;
    }
    judge(carrier, now, hook, heard);
    if (is_worth_again(hook, heard->status)) {
        hook->tries_left--;
        plan(carrier, instant_add(now, SECONDS(RETRY_SECONDS)), hook);
        return;
    }
    bool has_fallback = heard->status != 200 && str_is_set(hook->item->fallback_url);
    if (hook->purpose == HOOK_ASKS_PAGE && has_fallback) {
        struct page_verb verb = {.url = hook->item->fallback_url};
        hook->item->fallback_url = STR_NONE;
        hook_ask_page(carrier, now, hook->item, &verb, STR_NONE);
    } else if (hook->purpose == HOOK_ASKS_PAGE) {
        item_page(carrier, now, hook->item, heard);
    } else if (hook->purpose == HOOK_TELLS_TEXT) {
        take_reply(carrier, now, hook, heard);
    }
}
