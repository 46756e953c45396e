#include "sim/world_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A request of ours whose answer is still to come. */
struct world_sending {
    struct world_sending *next;
    struct instant at;
    struct work *work;
};

/* A provider's request to one of our webhooks that is under way. */
struct world_hooking {
    struct world_hooking *next;
    struct world *world;
    struct arena *arena;
    uint64_t ticket;
    bool is_answered;
};

static struct str setting(const struct world *world, const char *name)
{
    struct str value = STR("");
    size_t len = strlen(name);
    for (size_t i = 0; world->settings[i] != NULL; i++) {
        const char *text = world->settings[i];
        if (strncmp(text, name, len) == 0 && text[len] == '=') {
            value = str_from(text + len + 1);
        }
    }
    return value;
}

static struct carrier_account account(const struct world *world, const char *const names[static 5],
                                      const char *base_url)
{
    struct carrier_account account = {
        .base_url = setting(world, names[0]),
        .account = setting(world, names[1]),
        .token = setting(world, names[2]),
        .key = setting(world, names[3]),
        .secret = setting(world, names[4]),
    };
    if (account.account.len == 0) {
        account.base_url = STR("");
    } else if (account.base_url.len == 0) {
        account.base_url = str_from(base_url);
    }
    return account;
}

void world_configure_carrier(struct world *world)
{
    static const char *const names[CARRIER_BRAND_COUNT][5] = {
        {"TWILIO_API_BASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY_SID",
         "TWILIO_API_KEY_SECRET"},
        {"PLIVO_API_BASE_URL", "PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN", "", ""},
        {"EXOTEL_API_BASE_URL", "EXOTEL_ACCOUNT_SID", "", "EXOTEL_API_KEY", "EXOTEL_API_TOKEN"}};
    static const char *const urls[CARRIER_BRAND_COUNT] = {
        "https://api.twilio.com", "https://api.plivo.com", "https://api.exotel.com"};
    struct carrier_config config = {.public_url = world->plant.config.public_url};
    for (int i = 0; i < CARRIER_BRAND_COUNT; i++) {
        config.accounts[i] = account(world, names[i], urls[i]);
    }
    carrier_configure(world->carrier, &config);
}

/* The carrier has a clock of its own, which nobody steps. */
static struct instant carrier_now(const struct world *world)
{
    return world_to_carrier(world, world_now(world));
}

struct instant world_to_carrier(const struct world *world, struct instant at)
{
    return (struct instant){at.us - world->skew_us};
}

struct instant world_from_carrier(const struct world *world, struct instant at)
{
    return (struct instant){at.us + world->skew_us};
}

/* Whether people on this channel are reached through a provider that the carrier plays. */
bool world_has_carrier(const struct world *world, enum channel channel)
{
    struct str list = channel == channel_CALL ? setting(world, "CALL_PROVIDER")
                      : channel == channel_SMS || channel == channel_WHATSAPP
                          ? setting(world, "SMS_PROVIDER")
                          : STR("");
    return str_contains(list, STR("twilio")) || str_contains(list, STR("plivo")) ||
           str_contains(list, STR("exotel"));
}

void world_ask_carrier(struct world *world, uint64_t ticket, const struct wire_request *request)
{
    struct carrier_reply reply;
    struct arena *arena = arena_new();
    carrier_request(world->carrier, carrier_now(world), request, arena, &reply);
    struct world_sending *sending = world_must(calloc(1, sizeof *sending));
    sending->at = reply.at;
    sending->work = courier_answer(executor_courier(world->room.executor), ticket, &reply.answer);
    arena_free(&arena);
    struct world_sending **place = &world->sendings;
    while (*place != NULL && (*place)->at.us <= reply.at.us) {
        place = &(*place)->next;
    }
    sending->next = *place;
    *place = sending;
}

static void hear(struct world *world, uint64_t ticket, const struct http_response *response)
{
    struct carrier_heard heard = {0};
    if (response != NULL) {
        heard = (struct carrier_heard){response->status, response->content_type, response->body};
    }
    carrier_answered(world->carrier, carrier_now(world), ticket, &heard);
}

static void take_reply(void *context, const struct http_response *response)
{
    struct world_hooking *hooking = context;
    struct world *world = hooking->world;
    bool is_lost = world->store.has_crashed || world->is_stopping;
    hooking->is_answered = true;
    hear(world, hooking->ticket, is_lost ? NULL : response);
}

static enum http_method method_of(struct str name)
{
    return str_equal_text(name, "GET") ? HTTP_GET : HTTP_POST;
}

static struct http_request request_of(struct arena *arena, const struct carrier_hook *hook)
{
    size_t host = str_find(hook->url, STR("//")) + 2;
    struct str target = str_slice(hook->url, str_find_byte(hook->url, '/', host), hook->url.len);
    target = arena_str(arena, target);
    size_t mark = str_find_byte(target, '?', 0);
    struct http_header *headers = ARENA_NEW_ARRAY(arena, struct http_header, CARRIER_HEADERS_MAX);
    for (size_t i = 0; i < hook->header_count; i++) {
        headers[i] = (struct http_header){arena_str(arena, hook->headers[i].name),
                                          arena_str(arena, hook->headers[i].value)};
    }
    return (struct http_request){
        .method = method_of(hook->method),
        .path = str_slice(target, 0, mark),
        .query = mark < target.len ? str_slice(target, mark + 1, target.len) : STR_NONE,
        .content_type = arena_str(arena, hook->content_type),
        .body = arena_str(arena, hook->body),
        .peer = STR("198.51.100.7"),
        .extensions = headers,
        .extension_count = hook->header_count,
    };
}

static void call_hook(struct world *world, const struct carrier_hook *hook)
{
    if (!world->is_up) {
        hear(world, hook->ticket, NULL);
        return;
    }
    struct world_hooking *hooking = world_must(calloc(1, sizeof *hooking));
    *hooking = (struct world_hooking){
        .next = world->hookings, .world = world, .arena = arena_new(), .ticket = hook->ticket};
    world->hookings = hooking;
    struct http_request request = request_of(hooking->arena, hook);
    api_handle(world->api, &request, hooking->arena,
               (struct api_reply){.context = hooking, .send = take_reply});
}

static void sweep_hookings(struct world *world, bool also_unanswered)
{
    struct world_hooking **place = &world->hookings;
    while (*place != NULL) {
        struct world_hooking *hooking = *place;
        if (!hooking->is_answered && !also_unanswered) {
            place = &hooking->next;
            continue;
        }
        *place = hooking->next;
        if (!hooking->is_answered) {
            hear(world, hooking->ticket, NULL);
        }
        arena_free(&hooking->arena);
        free(hooking);
    }
}

bool world_run_carrier(struct world *world)
{
    struct carrier_hook hook;
    bool did = false;
    sweep_hookings(world, false);
    while (world->sendings != NULL && world->sendings->at.us <= carrier_now(world).us) {
        struct world_sending *sending = world->sendings;
        world->sendings = sending->next;
        world_take_work(world, sending->work);
        free(sending);
        did = true;
    }
    while (carrier_take(world->carrier, carrier_now(world), &hook)) {
        call_hook(world, &hook);
        did = true;
    }
    return did;
}

bool world_next_carrier(const struct world *world, struct instant *at)
{
    struct instant tick = INSTANT_NONE;
    bool has_tick = carrier_next(world->carrier, &tick);
    if (world->sendings != NULL) {
        tick = has_tick ? instant_min(tick, world->sendings->at) : world->sendings->at;
    }
    *at = world_from_carrier(world, tick);
    return has_tick || world->sendings != NULL;
}

/* The server is gone: nobody hears the answers, and the webhooks' connections break. */
void world_drop_carrier(struct world *world)
{
    while (world->sendings != NULL) {
        struct world_sending *sending = world->sendings;
        world->sendings = sending->next;
        sending->work->done(sending->work, OK, &sending->work->problem);
        free(sending);
    }
    sweep_hookings(world, true);
}
