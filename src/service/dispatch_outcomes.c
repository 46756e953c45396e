#include "service/dispatch_outcomes.h"

#include "service/dispatch_asks.h"
#include "service/person.h"
#include "service/spend.h"
#include "store/dispatches.h"
#include "store/people.h"

static bool is_asking(const struct message *message)
{
    return id_is_set(message->step_id) && message->target == message_target_PERSON;
}

static enum err load_way(struct op *op, const struct message *message, struct dispatch_event *out)
{
    return db_get(op->db, TABLE_dispatch_events, message->step_id, op->arena, out);
}

enum err dispatch_stale(struct op *op, const struct message *message, const char **reason)
{
    struct dispatch_event way = {0};
    struct dispatch dispatch = {0};
    struct user user = {0};
    *reason = NULL;
    if (!is_asking(message)) {
        return OK;
    }
    TRY(load_way(op, message, &way));
    TRY(db_get(op->db, TABLE_dispatches, message->subject_id, op->arena, &dispatch));
    if (dispatch.state != dispatch_state_DISPATCHING) {
        *reason = "no_longer_dispatching";
        return OK;
    }
    if (dispatch.position != way.position) {
        *reason = "next_technician";
        return OK;
    }
    enum err err = users_get(op->db, op->arena, message->user_id, &user);
    *reason = err == E_NOT_FOUND ? "person_removed" : NULL;
    return err == E_NOT_FOUND ? OK : err;
}

static struct dispatch_technician technician_of_way(const struct dispatch_event *way)
{
    return (struct dispatch_technician){.user_id = way->user_id, .position = way->position};
}

static struct str result_of(const struct message *message, struct str detail)
{
    return str_is_set(message->error) ? message->error
           : str_is_set(detail)       ? detail
                                      : str_from(enum_name(&message_state_names, message->state));
}

enum err dispatch_receipt(struct op *op, const struct message *message, struct str detail)
{
    struct dispatch_event way = {0};
    struct dispatch dispatch = {0};
    bool is_inside =
        message->state == message_state_QUEUED || message->state == message_state_SENDING;
    if (!is_asking(message) || is_inside) {
        return OK;
    }
    TRY(load_way(op, message, &way));
    bool is_known = way.delivery_status == message->state &&
                    id_equal(way.message_id, message->id) &&
                    str_equal(way.message_sid, message->provider_id);
    if (is_known) {
        return OK;
    }
    way.delivery_status = message->state;
    way.message_sid = message->provider_id;
    way.message_id = message->id;
    TRY(db_update(op->db, TABLE_dispatch_events, op->arena, &way));
    TRY(db_get(op->db, TABLE_dispatches, way.dispatch_id, op->arena, &dispatch));
    struct dispatch_technician technician = technician_of_way(&way);
    return dispatch_tell(
        op, &dispatch,
        &(struct dispatch_fact){.kind = dispatch_event_kind_RECEIPT,
                                .method = dispatch_method_of((enum channel)message->channel),
                                .technician = &technician,
                                .message = message,
                                .attempt = way.attempt_number,
                                .result = result_of(message, detail)});
}

static unsigned channel_bit(int method)
{
    for (int channel = channel_IN_APP; channel <= channel_CALL; channel++) {
        if ((int)dispatch_method_of((enum channel)channel) == method) {
            return 1u << channel;
        }
    }
    return 0;
}

/* The other ways of the same attempt: whether one may still bring an answer, and by which channels
 * (bits) they went. */
struct other_ways {
    bool may_answer;
    unsigned tried;
};

static enum err look_at_others(struct op *op, const struct dispatch_event *way,
                               struct other_ways *out)
{
    struct list ways = {0};
    *out = (struct other_ways){0};
    TRY(dispatch_attempt_ways(op->db, op->arena, way->dispatch_id, way->attempt_number, &ways));
    const struct dispatch_event *items = ways.items;
    for (size_t i = 0; i < ways.count; i++) {
        int status = items[i].delivery_status;
        bool is_lost = status == message_state_FAILED || status == message_state_UNDELIVERED ||
                       status == message_state_CANCELLED;
        if (!id_equal(items[i].id, way->id)) {
            out->may_answer = out->may_answer || !is_lost;
            out->tried |= channel_bit(items[i].method);
        }
    }
    return OK;
}

static enum err give_up_on(struct op *op, struct dispatch_technician *technician)
{
    technician->outcome = technician_outcome_UNREACHABLE;
    return db_update(op->db, TABLE_dispatch_technicians, op->arena, technician);
}

/* Nothing reaches them: the next one is asked at once. */
static enum err pass_over(struct op *op, struct dispatch_case *dispatch,
                          const struct dispatch_technician *technician, const char *why_not)
{
    TRY(dispatch_tell(op, &dispatch->row,
                      &(struct dispatch_fact){.kind = dispatch_event_kind_SKIPPED,
                                              .method = dispatch_method_ENGINE,
                                              .technician = technician,
                                              .result = str_from(why_not)}));
    TRY(dispatch_disarm(op, &dispatch->row));
    return dispatch_pass_on(op, dispatch, STR_NONE);
}

enum err dispatch_way_failed(struct op *op, const struct message *message)
{
    struct dispatch_event way = {0};
    struct dispatch_case dispatch = {0};
    struct user user = {0};
    const char *why_not = NULL;
    struct other_ways others = {0};
    if (!is_asking(message)) {
        return OK;
    }
    TRY(load_way(op, message, &way));
    TRY(dispatch_load(op, way.dispatch_id, &dispatch));
    struct dispatch_technician *technician = dispatch_current(&dispatch);
    bool is_latest = dispatch.row.state == dispatch_state_DISPATCHING && technician != NULL &&
                     technician->position == way.position &&
                     technician->outcome == technician_outcome_ASKED &&
                     dispatch.row.attempt == way.attempt_number;
    TRY(look_at_others(op, &way, &others));
    if (!is_latest || others.may_answer) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_users, way.user_id, op->arena, &user));
    struct dispatch_ask ask = {.dispatch = &dispatch.row, .user = &user};
    TRY(dispatch_reachable(op, &ask, &why_not));
    if (why_not == NULL) {
        return OK; /* A follow-up may get through. */
    }
    TRY(give_up_on(op, technician));
    return pass_over(op, &dispatch, technician, why_not);
}

enum err dispatches_person_removed(struct op *op, struct id user)
{
    struct list open = {0};
    TRY(dispatches_asking(op->db, op->arena, user, &open));
    for (size_t i = 0; i < open.count; i++) {
        const struct dispatch *row = list_item(&open, &dispatch_record, i);
        struct dispatch_case dispatch = {.row = *row};
        TRY(dispatch_load_technicians(op, &dispatch));
        struct dispatch_technician *technician = dispatch_technician_of(&dispatch, user);
        TRY(give_up_on(op, technician));
        TRY(messages_stop_person(op, row->id, user, "person_removed"));
        TRY(pass_over(op, &dispatch, technician, "person_removed"));
    }
    return OK;
}

enum err dispatch_next_message(struct op *op, const struct message *message)
{
    struct dispatch_event way = {0};
    if (!is_asking(message)) {
        return OK;
    }
    TRY(load_way(op, message, &way));
    way.message_id = message->id;
    way.delivery_status = message->state;
    way.message_sid = STR_NONE;
    return db_update(op->db, TABLE_dispatch_events, op->arena, &way);
}

static enum err send_onward(struct op *op, struct dispatch_event *way,
                            const struct dispatch *dispatch, struct message_plan *plan,
                            const char *reason)
{
    struct message message = {.state = message_state_QUEUED};
    struct dispatch_technician technician = technician_of_way(way);
    TRY(message_queue(op, plan, &message.id));
    way->method = (int)dispatch_method_of(plan->channel);
    way->message_id = message.id;
    way->message_sid = STR_NONE;
    way->delivery_status = message.state;
    TRY(db_update(op->db, TABLE_dispatch_events, op->arena, way));
    return dispatch_tell(op, dispatch,
                         &(struct dispatch_fact){.kind = dispatch_event_kind_NEXT_CHANNEL,
                                                 .method = (enum dispatch_method)way->method,
                                                 .technician = &technician,
                                                 .message = &message,
                                                 .attempt = way->attempt_number,
                                                 .result = str_from(reason)});
}

/* A call that does not get through is no reason for a second text. */
enum err dispatch_goes_on(struct op *op, const struct message *failed, const struct onward *onward,
                          bool *went)
{
    struct dispatch_event way = {0};
    struct dispatch_case dispatch = {0};
    struct user user = {0};
    struct reach reach = {0};
    struct reach_limits limits = person_limits(op);
    struct message_plan plan = {0};
    const char *too_dear = NULL;
    struct other_ways others = {0};
    *went = false;
    TRY(load_way(op, failed, &way));
    TRY(look_at_others(op, &way, &others));
    TRY(dispatch_load(op, way.dispatch_id, &dispatch));
    TRY(db_get(op->db, TABLE_users, way.user_id, op->arena, &user));
    TRY(person_reach(op, &user, &reach));
    reach.tried = onward->tried | others.tried;
    struct reach_choice choice =
        reach_onward((enum channel)failed->channel, onward->reason, &reach, &limits);
    if (others.may_answer || choice.outcome != REACH_SEND) {
        return OK;
    }
    struct dispatch_ask ask = {.dispatch = &dispatch.row,
                               .technician = dispatch_technician_of(&dispatch, way.user_id),
                               .user = &user};
    TRY(dispatch_word(op, &ask, choice.channel, &plan));
    TRY(spend_allows(op, &plan, &too_dear));
    if (too_dear != NULL) {
        return OK;
    }
    plan.step = way.id;
    plan.attempt = onward->attempt;
    *went = true;
    return send_onward(op, &way, &dispatch.row, &plan, choice.reason);
}
