#include "service/courier.h"

#include "base/memory.h"
#include "service/courier_internal.h"
#include "service/inbox_pages.h"
#include "service/messages.h"
#include "service/providers.h"
#include "store/providers.h"

#include <assert.h>
#include <stdlib.h>

/* A lane of a provider that is out looks for another way at least so often. */
static const struct duration look_again = SECONDS_INIT(30);

enum { QUESTIONS_SHARE = 8, LANE_SHARE = 4, TAG_INBOX = 1000 };

struct courier *courier_new(const struct site *site, struct wire_port wire, int in_flight_max)
{
    struct courier *courier = memory_new(sizeof *courier);
    courier->site = site;
    courier->wire = wire;
    courier->sends_max = in_flight_max - in_flight_max / QUESTIONS_SHARE;
    courier->lanes = lanes_new(site, in_flight_max - in_flight_max / LANE_SHARE);
    lanes_limit(courier->lanes, wire.per_host_max - wire.per_host_max / QUESTIONS_SHARE);
    courier->questions_max = wire.per_host_max > 0 ? (wire.per_host_max + 1) / 2 : in_flight_max;
    flights_open(&courier->flights, in_flight_max);
    return courier;
}

void courier_free(struct courier **courier)
{
    if (*courier == NULL) {
        return;
    }
    again_free(*courier);
    flights_close(&(*courier)->flights);
    lanes_free(&(*courier)->lanes);
    due_heap_free(&(*courier)->express);
    due_heap_free(&(*courier)->intake);
    due_heap_free(&(*courier)->early);
    free(*courier);
    *courier = NULL;
}

static int inbox_tag(const struct provider *provider)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    for (size_t i = 0; i < count; i++) {
        if (providers[i] == provider) {
            return TAG_INBOX + (int)i;
        }
    }
    assert(!"every provider is in the registry");
    return TAG_INBOX;
}

void courier_expect(struct courier *courier, const struct effect *effect)
{
    struct due_entry entry = {.id = effect->id.value, .tag = (int32_t)effect->kind};
    if (effect->kind == EFFECT_SEND) {
        entry.priority = effect->priority;
        due_heap_push(&courier->intake, entry);
        return;
    }
    /* Stopping a call goes before everything, so that an answer is never overtaken by a page. */
    entry.priority = effect->kind == EFFECT_CANCEL ? -1 : 0;
    if (effect->inbox != NULL) {
        entry.priority = 1;
        entry.tag = inbox_tag(effect->inbox);
    }
    due_heap_push(&courier->express, entry);
}

/* What can wait: a call that is to be stopped cannot. */
static bool is_patient(enum question question)
{
    return question == ASK_FIND || question == ASK_POLL || question == ASK_INBOX;
}

static void uncount(struct courier *courier, const struct flight *flight)
{
    courier->questions -= is_patient(flight->question) ? 1 : 0;
    if (flight->lane >= 0) {
        lane_end(courier->lanes, flight->lane);
        courier->sends--;
    }
}

static struct flight *take_question(struct courier *courier, enum question question)
{
    courier->questions += is_patient(question) ? 1 : 0;
    return flights_take(&courier->flights, question);
}

void courier_land(struct courier *courier, struct flight *flight)
{
    uncount(courier, flight);
    flights_leave(&courier->flights, flight);
}

static void give_back(struct courier *courier, struct flight *flight)
{
    uncount(courier, flight);
    flights_give_back(&courier->flights, flight);
}

static int units_of(const struct message *message)
{
    bool has_segments = message->channel == channel_SMS && message->segments > 1;
    return has_segments ? (int)message->segments : 1;
}

static void log_claim(const struct op *op, const struct message *message)
{
    char masked[MASKED_MAX];
    if (message->channel != channel_CALL) {
        return;
    }
    op_log(op, LOG_INFO, LOG_CALL, "Provider=%.*s", STR_FMT(message->provider));
    op_log(op, LOG_INFO, LOG_CALL, "Initiating call to %s",
           mask_phone(message->recipient, masked).ptr);
}

static bool is_only_tested(const struct op *op, const struct message *message,
                           const struct provider *provider)
{
    const struct delivery_rules *rules = &op->site->delivery;
    bool is_test = rules->is_test || (rules->is_call_test && message->channel == channel_CALL);
    return is_test && provider != &provider_mock;
}

/* The provider would have taken it, as far as we can know (K8). */
static enum err settle_test(struct op *op, struct message *message, const struct flight *flight)
{
    const struct wire_request *request = &flight->request;
    char masked[MASKED_MAX];
    op_log(op, LOG_INFO, message->channel == channel_CALL ? LOG_CALL : LOG_WORKER,
           "test mode: %s to %s by %s was built and checked (%zu bytes to %.*s), not sent",
           enum_name(&channel_names, message->channel), mask_phone(message->recipient, masked).ptr,
           flight->provider->name,
           request->kind == WIRE_SMTP ? request->smtp.message.len : request->http.body.len,
           STR_FMT(request->kind == WIRE_SMTP ? request->smtp.host : request->http.method));
    struct verdict verdict = {
        .kind = VERDICT_ACCEPTED,
        .provider_id = arena_printf(op->arena, "TEST-%.*s", STR_FMT(flight->job.attempt)),
        .code = VERDICT_CODE_NOT_BUILT,
    };
    return message_settle_send(op, message, &verdict);
}

static enum err build(struct courier *courier, struct flight *flight, struct problem *problem)
{
    if (flight->provider == NULL) {
        return problem_set(problem, E_INVALID, NULL, "the provider is no longer configured");
    }
    return flight->provider->build_send(&courier->site->provider_settings, &flight->job,
                                        flight->arena, &flight->request, problem);
}

/* The message is claimed by the provider that `lane` is of, which lets it through. */
static enum err claim_send(struct courier *courier, struct op *op, struct message *message,
                           const struct provider *provider, int lane)
{
    struct instant ignored = INSTANT_NONE;
    struct problem problem = {0};
    struct str last_code = STR_NONE;
    message->provider = provider == NULL ? message->provider : str_from(provider->name);
    TRY(message_words(op, message));
    TRY(message_last_code(op, message, &last_code));
    op_decided(op);
    TRY(message_claimed(op, message));
    log_claim(op, message);
    struct flight *flight = flights_take(&courier->flights, ASK_SEND);
    flight->provider = provider;
    flight->lane = lane;
    courier->sends++;
    courier_describe(op, message, flight);
    flight->job.last_code = arena_str(flight->arena, last_code);
    lane_begin(courier->lanes, lane, units_of(message), op->now);
    enum err err = build(courier, flight, &problem);
    if (err == OK && !is_only_tested(op, message, provider)) {
        return provider_try(op, provider, &ignored);
    }
    enum err settled = OK;
    if (err == OK) {
        settled = settle_test(op, message, flight);
    } else {
        struct verdict refused = {.kind = VERDICT_REFUSED,
                                  .error = arena_str(op->arena, str_from(problem.message)),
                                  .code = VERDICT_CODE_NOT_BUILT,
                                  .category = failure_category_invalid_number};
        settled = message_settle_send(op, message, &refused);
    }
    give_back(courier, flight);
    return settled;
}

/* Its own provider, or, while that is out, another one of its list. `*wait_until` is set where none
 * lets it through. */
static enum err choose_provider(struct op *op, const struct message *message,
                                const struct provider **out, struct instant *wait_until)
{
    bool may = true;
    *out = site_provider(op->site, message->provider);
    *wait_until = INSTANT_NONE;
    if (*out == NULL) {
        return OK;
    }
    TRY(provider_lets_through(op, *out, &may));
    if (may) {
        return OK;
    }
    const struct provider *other = NULL;
    TRY(provider_first(op, (enum channel)message->channel, message->recipient, &other));
    if (other != NULL && other != *out) {
        TRY(provider_lets_through(op, other, &may));
    }
    if (may) {
        op_log(op, LOG_WARN, LOG_WORKER, "%s goes by %s, since %s is out",
               enum_name(&channel_names, message->channel), other->name, (*out)->name);
        *out = other;
        return OK;
    }
    struct instant latest = instant_add(op->now, look_again);
    TRY(provider_retry_at(op, *out, wait_until));
    *wait_until = instant_min(*wait_until, latest);
    return OK;
}

/* The first of a meeting's stage, or of an incident (V9). */
static enum err is_first(struct op *op, const struct message *message, bool *out)
{
    struct id first = message->id;
    *out = message->attempt == 1 && !message->is_repeat &&
           message->target != message_target_OPERATOR && id_is_set(message->subject_id) &&
           message->subject_type != subject_type_SYSTEM;
    if (*out && message->subject_type == subject_type_INCIDENT) {
        TRY(messages_first_of_subject(op->db, message->subject_id, &first));
        *out = id_equal(first, message->id);
    }
    return OK;
}

static enum err line_up(struct courier *courier, struct op *op, const struct message *message,
                        int lane)
{
    bool first = false;
    bool is_calls = message->target == message_target_CALLEE;
    TRY(is_calls ? OK : is_first(op, message, &first));
    lane_push(courier->lanes, lane,
              &(struct lane_entry){.message = message->id,
                                   .user = message->user_id,
                                   .rank = lane_rank_of(first, message->priority),
                                   .units = units_of(message)});
    return OK;
}

/* It was due by a clock that has been set back since. What goes on after an attempt that left by
 * that clock does not wait for an hour. */
static void wait_for_its_time(struct courier *courier, const struct message *message)
{
    due_heap_push(&courier->early, (struct due_entry){.due_ms = instant_ms(message->due_at),
                                                      .id = message->id.value,
                                                      .priority = (int32_t)message->priority});
}

/* A message whose turn it is, in the lane that it waited in, or that is new (`ticket` NULL). */
static enum err take_up(struct courier *courier, struct op *op, struct message *message,
                        const struct lane_ticket *ticket, int own_lane)
{
    const char *reason = NULL;
    const struct provider *provider = NULL;
    struct instant wait_until = INSTANT_NONE;
    if (message->state != message_state_QUEUED) {
        return OK;
    }
    TRY(message_stale(op, message, &reason));
    if (reason != NULL) {
        return message_drop(op, message, reason);
    }
    if (message->attempt == 1 && instant_ms(op->now) < instant_ms(message->due_at)) {
        wait_for_its_time(courier, message);
        return OK;
    }
    TRY(choose_provider(op, message, &provider, &wait_until));
    int lane =
        lanes_find(courier->lanes, &(struct lane_address){provider, (enum channel)message->channel,
                                                          message->from_number});
    bool must_wait = instant_is_set(wait_until);
    if (must_wait) {
        lane_hold(courier->lanes, lane, wait_until, op->now);
    }
    bool is_own = ticket != NULL && lane == own_lane;
    if (is_own && must_wait) {
        lane_put_back(courier->lanes, lane, ticket);
        return OK;
    }
    if (must_wait || !courier_has_place(courier) ||
        (!is_own && !lane_is_free(courier->lanes, lane, op->now))) {
        return line_up(courier, op, message, lane);
    }
    return claim_send(courier, op, message, provider, lane);
}

static enum err claim_message(struct courier *courier, struct op *op)
{
    struct message message = {0};
    struct lane_ticket ticket = {0};
    while (courier_is_early_due(courier, op->now)) {
        struct due_entry entry = due_heap_pop(&courier->early);
        entry.due_ms = 0;
        due_heap_push(&courier->intake, entry);
    }
    int lane = courier_has_place(courier) ? lanes_pick(courier->lanes, op->now) : -1;
    bool is_from_lane = lane >= 0 && (courier->is_lane_next || courier->intake.count == 0);
    courier->is_lane_next = !is_from_lane;
    if (is_from_lane) {
        ticket = lane_pop(courier->lanes, lane);
    } else if (courier->intake.count > 0) {
        ticket.message.value = due_heap_pop(&courier->intake).id;
    } else {
        return OK;
    }
    TRY(db_get(op->db, TABLE_messages, ticket.message, op->arena, &message));
    return take_up(courier, op, &message, is_from_lane ? &ticket : NULL, lane);
}

/* What a provider may still be asked about a message. A call that was cancelled while its provider
 * was taking it is asked for as well, to be stopped. */
static bool wants_fate(const struct message *message)
{
    return message->state == message_state_SENDING ||
           (message->state == message_state_CANCELLED && message->channel == channel_CALL &&
            !str_is_set(message->provider_id));
}

static bool is_known_there(const struct message *message)
{
    return str_is_set(message->provider_id) && !message_is_test(message);
}

static bool wants_poll(const struct message *message)
{
    return is_known_there(message) && !instant_is_set(message->ended_at);
}

static struct flight *ask(struct courier *courier, struct op *op, enum question question,
                          const struct message *message)
{
    struct flight *flight = take_question(courier, question);
    flight->provider = site_provider(op->site, message->provider);
    courier_describe(op, message, flight);
    return flight;
}

static enum err claim_find(struct courier *courier, struct op *op, struct message *message)
{
    const struct provider_settings *settings = &courier->site->provider_settings;
    bool is_fate = wants_fate(message);
    if (!is_fate && !wants_poll(message)) {
        return OK;
    }
    /* A text that is looked for there is known by its words. */
    TRY(is_fate && message->channel != channel_CALL ? messages_body(op->db, op->arena, message)
                                                    : OK);
    struct flight *flight = ask(courier, op, is_fate ? ASK_FIND : ASK_POLL, message);
    const struct provider *provider = flight->provider;
    enum err err =
        provider == NULL ? E_NOT_FOUND
        : is_fate ? provider->build_find(settings, &flight->job, flight->arena, &flight->request)
                  : provider->build_poll(settings, flight->job.channel,
                                         arena_str(flight->arena, message->provider_id),
                                         flight->arena, &flight->request);
    if (err == OK) {
        return OK;
    }
    give_back(courier, flight);
    return is_fate ? message_repeat(op, message) : OK;
}

static enum err claim_cancel(struct courier *courier, struct op *op, const struct message *message)
{
    struct flight *flight = ask(courier, op, ASK_CANCEL, message);
    bool can = flight->provider != NULL && is_known_there(message);
    if (can && flight->provider->build_cancel(&courier->site->provider_settings,
                                              arena_str(flight->arena, message->provider_id),
                                              flight->arena, &flight->request) == OK) {
        return OK;
    }
    give_back(courier, flight);
    return OK;
}

static enum err claim_inbox(struct courier *courier, struct op *op, int tag)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_state state = {0};
    assert(tag >= TAG_INBOX && (size_t)(tag - TAG_INBOX) < count);
    (void)count;
    const struct provider *provider = providers[tag - TAG_INBOX];
    enum err err = provider_states_get(op->db, op->arena, str_from(provider->name), &state);
    if (err != OK && err != E_NOT_FOUND) {
        return err;
    }
    struct flight *flight = take_question(courier, ASK_INBOX);
    flight->provider = provider;
    flight->begun_at = op->now;
    if (provider->build_inbox(&courier->site->provider_settings, inbox_since(&state, op->now),
                              flight->arena, &flight->request) != OK) {
        give_back(courier, flight);
    }
    return OK;
}

static enum err claim_express(struct courier *courier, struct op *op)
{
    struct due_entry entry = due_heap_pop(&courier->express);
    struct message message = {0};
    if (entry.tag >= TAG_INBOX) {
        return claim_inbox(courier, op, entry.tag);
    }
    TRY(db_get(op->db, TABLE_messages, (struct id){entry.id}, op->arena, &message));
    if (entry.tag == EFFECT_CANCEL) {
        return claim_cancel(courier, op, &message);
    }
    return claim_find(courier, op, &message);
}

enum err courier_claim(struct courier *courier, struct op *op)
{
    int claimed_before = courier->flights.claimed_count;
    bool is_express = courier_may_ask(courier);
    enum err err = again_is_due(courier, op->now) ? again_settle(courier, op)
                   : is_express                   ? claim_express(courier, op)
                                                  : claim_message(courier, op);
    struct flights *flights = &courier->flights;
    if (err != OK && flights->claimed_count > claimed_before) {
        give_back(courier, &flights->items[flights->claimed[flights->claimed_count - 1]]);
    }
    return err;
}

bool courier_has_claims(const struct courier *courier)
{
    return courier->flights.claimed_count > 0;
}

void courier_release(struct courier *courier)
{
    struct flights *flights = &courier->flights;
    int count = flights->claimed_count;
    again_committed(courier);
    flights->claimed_count = 0;
    for (int i = 0; i < count; i++) {
        struct flight *flight = &flights->items[flights->claimed[i]];
        if (flight->request.kind == WIRE_MOCK) {
            flight->request.mock.carrier = str_from(flight->provider->name);
        }
        courier->wire.submit(courier->wire.context, flights_ticket(flights, flight),
                             &flight->request);
    }
}

void courier_drop_claims(struct courier *courier)
{
    struct flights *flights = &courier->flights;
    again_undone(courier);
    while (flights->claimed_count > 0) {
        struct flight *flight = &flights->items[flights->claimed[--flights->claimed_count]];
        if (flight->question == ASK_CANCEL || flight->question == ASK_POLL) {
            bool is_cancel = flight->question == ASK_CANCEL;
            courier_expect(courier,
                           &(struct effect){.kind = is_cancel ? EFFECT_CANCEL : EFFECT_FIND,
                                            .id = flight->message});
        }
        courier_land(courier, flight);
    }
}
