#include "app/rehearsal_internal.h"

#include "base/memory.h"
#include "channel/mock_plan.h"
#include "model/formats.h"
#include "model/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOW_SECONDS = 10 };

static void add_address(struct rehearsed_answer *answer, struct str address)
{
    if (str_is_set(address) && answer->address_count < REHEARSAL_ADDRESSES_MAX) {
        answer->addresses[answer->address_count++] = address;
    }
}

static void add_addresses_of(struct rehearsed_answer *answer, const struct user *user)
{
    add_address(answer, user->email);
    add_address(answer, user->phone);
    add_address(answer, user->whatsapp);
}

static void add_named(const struct rehearsal *rehearsal, struct rehearsed_answer *answer,
                      struct str name)
{
    struct id id = ID_NONE;
    bool is_id = text_is_uuid(name) && id_parse(rehearsal->site.id_key, name, &id) == OK;
    for (size_t i = 0; i < rehearsal->person_count; i++) {
        const struct user *user = &rehearsal->people[i];
        if (is_id ? id_equal(user->id, id) : str_equal_nocase(user->name, name)) {
            add_addresses_of(answer, user);
        }
        if (str_equal_nocase(user->emergency_name, name)) {
            add_address(answer, user->emergency_phone);
            add_address(answer, user->emergency_email);
        }
    }
}

static bool is_address(struct str text)
{
    return str_starts(text, STR("+")) || str_contains(text, STR("@"));
}

static enum err find_addresses(const struct rehearsal *rehearsal, struct op *op,
                               const struct simulated_answer *given, size_t index,
                               struct rehearsed_answer *out)
{
    const struct user *person = rehearsal_person(rehearsal, rehearsal->person);
    if (str_is_set(given->person) && is_address(given->person)) {
        add_address(out, given->person);
    } else if (str_is_set(given->person)) {
        add_named(rehearsal, out, given->person);
    } else if (person != NULL) {
        add_addresses_of(out, person);
    }
    if (out->address_count > 0) {
        return OK;
    }
    char field[sizeof op->problem->field];
    snprintf(field, sizeof field, "answers[%zu].person", index);
    return op_fail(op, E_INVALID, field,
                   "must be somebody who has a part in it: by name, id, number or email address");
}

static enum err take_answer(const struct rehearsal *rehearsal, struct op *op,
                            const struct simulated_answer *given, size_t index,
                            struct rehearsed_answer *out)
{
    struct problem why = {0};
    struct mock_behaviour behaviour = {0};
    char field[sizeof op->problem->field];
    *out = (struct rehearsed_answer){
        .channel = (enum channel)given->channel,
        .action = given->action,
        .after_seconds = given->after_seconds > 0 ? given->after_seconds : -1,
        .nth = given->nth,
        .left = given->times > 0 ? given->times : 1,
    };
    if (mock_behaviour_parse(out->channel, out->action, out->after_seconds, &behaviour, &why) !=
        OK) {
        snprintf(field, sizeof field, "answers[%zu].%.30s", index, why.field);
        return op_fail(op, E_INVALID, field, "%s", why.message);
    }
    out->is_left_out = rehearsal->nobody_answers &&
                       (behaviour.action == MOCK_PRESS || behaviour.action == MOCK_REPLY);
    return find_addresses(rehearsal, op, given, index, out);
}

static enum err take_fault(const struct rehearsal *rehearsal, struct op *op,
                           const struct simulated_fault *given, size_t index,
                           struct rehearsed_fault *out)
{
    char field[sizeof op->problem->field];
    *out = (struct rehearsed_fault){
        .kind = (enum fault_kind)given->kind,
        .provider = given->provider,
        .from = given->from,
        .to = given->to,
        .delay = SECONDS(given->seconds > 0 ? given->seconds : SLOW_SECONDS),
    };
    for (int channel = 1; channel < channel_COUNT; channel++) {
        bool is_meant = given->channel == channel_NONE || given->channel == channel;
        bool is_theirs = !str_is_set(given->provider) ||
                         rehearsal_goes_by(rehearsal, (enum channel)channel, given->provider);
        if (is_meant && is_theirs && mock_channel_is_carried((enum channel)channel)) {
            out->channels |= 1u << channel;
        }
    }
    if (out->channels != 0) {
        return OK;
    }
    snprintf(field, sizeof field, "faults[%zu].%s", index,
             str_is_set(given->provider) ? "provider" : "channel");
    return op_fail(op, E_INVALID, field, "nothing goes this way");
}

enum err rehearsal_cast(struct rehearsal *rehearsal, struct op *op)
{
    const struct simulate_input *input = rehearsal->input;
    rehearsal->answers =
        ARENA_NEW_ARRAY(rehearsal->arena, struct rehearsed_answer, input->answers.count);
    rehearsal->faults =
        ARENA_NEW_ARRAY(rehearsal->arena, struct rehearsed_fault, input->faults.count);
    for (size_t i = 0; i < input->answers.count; i++) {
        TRY(take_answer(rehearsal, op, &((const struct simulated_answer *)input->answers.items)[i],
                        i, &rehearsal->answers[i]));
    }
    for (size_t i = 0; i < input->faults.count; i++) {
        TRY(take_fault(rehearsal, op, &((const struct simulated_fault *)input->faults.items)[i], i,
                       &rehearsal->faults[i]));
    }
    rehearsal->answer_count = input->answers.count;
    rehearsal->fault_count = input->faults.count;
    return OK;
}

static enum channel channel_of(struct str name)
{
    int value = 0;
    return enum_parse(&channel_names, name, &value) == OK ? (enum channel)value : channel_NONE;
}

static const struct rehearsed_fault *fault_at(const struct rehearsal *rehearsal,
                                              const struct wire_mock *mock)
{
    enum channel channel = channel_of(mock->channel);
    for (size_t i = 0; i < rehearsal->fault_count; i++) {
        const struct rehearsed_fault *fault = &rehearsal->faults[i];
        bool has_begun = fault->from.us <= rehearsal->now.us; /* 0 where it is absent. */
        bool is_over = instant_is_set(fault->to) && fault->to.us <= rehearsal->now.us;
        bool is_theirs = !str_is_set(fault->provider) || str_equal(fault->provider, mock->carrier);
        if ((fault->channels & 1u << channel) != 0 && is_theirs && has_begun && !is_over) {
            return fault;
        }
    }
    return NULL;
}

static int64_t count_message(struct rehearsal *rehearsal, struct str to, enum channel channel)
{
    struct rehearsed_count *count = rehearsal->counts;
    while (count != NULL && !(count->channel == channel && str_equal_nocase(count->to, to))) {
        count = count->next;
    }
    if (count == NULL) {
        count = ARENA_NEW(rehearsal->arena, struct rehearsed_count);
        *count = (struct rehearsed_count){rehearsal->counts, arena_str(rehearsal->arena, to),
                                          channel, 0};
        rehearsal->counts = count;
    }
    return ++count->count;
}

static bool is_to(const struct rehearsed_answer *answer, struct str to)
{
    for (size_t i = 0; i < answer->address_count; i++) {
        if (str_equal_nocase(answer->addresses[i], to)) {
            return true;
        }
    }
    return false;
}

/* What is said of the n-th message goes before what is said of the next one. An answer that is left
 * out is used up all the same. */
static struct rehearsed_answer *answer_to(struct rehearsal *rehearsal, struct str to,
                                          enum channel channel)
{
    struct rehearsed_answer *next = NULL;
    int64_t nth = count_message(rehearsal, to, channel);
    for (size_t i = 0; i < rehearsal->answer_count; i++) {
        struct rehearsed_answer *answer = &rehearsal->answers[i];
        bool is_meant = answer->channel == channel && answer->left > 0 && is_to(answer, to);
        if (is_meant && answer->nth == nth) {
            return answer;
        }
        bool is_any = answer->nth == 0 || (answer->nth < nth && answer->nth + answer->left > nth);
        if (is_meant && is_any && next == NULL) {
            next = answer;
        }
    }
    if (next != NULL && next->nth == 0) {
        next->left--;
    }
    return next;
}

static void script(struct rehearsal *rehearsal, const struct wire_mock *send, struct str action,
                   int64_t after_seconds)
{
    struct problem ignored = {0};
    struct mock_script script = {.to = send->to,
                                 .channel = channel_of(send->channel),
                                 .action = action,
                                 .after_seconds = after_seconds};
    /* Every action was looked at before; there is one script at a time. */
    (void)!mock_network_script(mock_port_network(rehearsal->room.mock), &script, &ignored);
}

static struct str action_of(const struct rehearsed_fault *fault)
{
    switch (fault == NULL ? fault_kind_NONE : fault->kind) {
    case fault_kind_SILENT:
        return STR("timeout");
    case fault_kind_FAILING:
        return STR("refuse provider_error");
    case fault_kind_LIMITING:
        return STR("refuse rate_limited");
    case fault_kind_NONE:
    case fault_kind_DOWN:
    case fault_kind_SLOW:
    case fault_kind_COUNT:
        break;
    }
    return STR_NONE;
}

/* The carrier gets it. What goes wrong there uses up nobody's answer. */
static void hand_over(struct rehearsal *rehearsal, uint64_t ticket,
                      const struct wire_request *request)
{
    const struct wire_mock *mock = &request->mock;
    enum channel channel = channel_of(mock->channel);
    if (mock->verb == MOCK_SEND) {
        struct str fails = action_of(fault_at(rehearsal, mock));
        struct rehearsed_answer *answer =
            str_is_set(fails) ? NULL : answer_to(rehearsal, mock->to, channel);
        if (str_is_set(fails)) {
            script(rehearsal, mock, fails, -1);
        } else if (answer != NULL && !answer->is_left_out) {
            script(rehearsal, mock, answer->action, answer->after_seconds);
        } else if (rehearsal->nobody_answers && channel == channel_CALL) {
            script(rehearsal, mock, STR("ignore"), -1);
        }
    }
    mock_port_submit(rehearsal->room.mock, executor_courier(rehearsal->room.executor), ticket,
                     request);
}

static void keep_waiting(struct rehearsal *rehearsal, uint64_t ticket,
                         const struct wire_request *request, struct duration delay)
{
    struct rehearsed_wait *wait = ARENA_NEW(rehearsal->arena, struct rehearsed_wait);
    struct rehearsed_wait **place = &rehearsal->waits;
    *wait = (struct rehearsed_wait){
        .at = instant_add(rehearsal->now, delay), .ticket = ticket, .request = *request};
    struct wire_mock *mock = &wait->request.mock;
    mock->attempt = arena_str(rehearsal->arena, mock->attempt);
    mock->channel = arena_str(rehearsal->arena, mock->channel);
    mock->to = arena_str(rehearsal->arena, mock->to);
    mock->text = arena_str(rehearsal->arena, mock->text);
    mock->provider_id = arena_str(rehearsal->arena, mock->provider_id);
    mock->carrier = arena_str(rehearsal->arena, mock->carrier);
    while (*place != NULL && (*place)->at.us <= wait->at.us) {
        place = &(*place)->next;
    }
    wait->next = *place;
    *place = wait;
}

static void refuse(struct rehearsal *rehearsal, uint64_t ticket)
{
    struct wire_answer answer = {.outcome = WIRE_NOT_SENT,
                                 .reason = STR("connection refused (rehearsed)")};
    struct work *work = courier_answer(executor_courier(rehearsal->room.executor), ticket, &answer);
    struct work **last = &rehearsal->inbox;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    work->next = NULL;
    *last = work;
}

void rehearsal_submit(void *context, uint64_t ticket, const struct wire_request *request)
{
    struct rehearsal *rehearsal = context;
    const struct rehearsed_fault *fault =
        request->kind == WIRE_MOCK ? fault_at(rehearsal, &request->mock) : NULL;
    /* Nothing else than the mock's requests is ever made here; if it were, it would not leave. */
    if (request->kind != WIRE_MOCK || (fault != NULL && fault->kind == fault_kind_DOWN)) {
        refuse(rehearsal, ticket);
    } else if (fault != NULL && fault->kind == fault_kind_SLOW) {
        keep_waiting(rehearsal, ticket, request, fault->delay);
    } else {
        hand_over(rehearsal, ticket, request);
    }
}

bool rehearsal_next_wait(const struct rehearsal *rehearsal, struct instant *at)
{
    if (rehearsal->waits == NULL) {
        return false;
    }
    *at = rehearsal->waits->at;
    return true;
}

void rehearsal_end_waits(struct rehearsal *rehearsal)
{
    while (rehearsal->waits != NULL && rehearsal->waits->at.us <= rehearsal->now.us) {
        struct rehearsed_wait *wait = rehearsal->waits;
        rehearsal->waits = wait->next;
        hand_over(rehearsal, wait->ticket, &wait->request);
    }
}

void rehearsal_drop(struct rehearsal *rehearsal)
{
    while (rehearsal->inbox != NULL) {
        struct work *work = rehearsal->inbox;
        rehearsal->inbox = work->next;
        work->done(work, E_UNAVAILABLE, &work->problem);
    }
}
