#include "service/dispatch_internal.h"

#include "service/engine.h"
#include "service/events.h"
#include "service/notifications.h"
#include "store/dispatches.h"

enum err dispatch_load_technicians(struct op *op, struct dispatch_case *dispatch)
{
    struct list list = {0};
    TRY(dispatch_technicians_of(op->db, op->arena, dispatch->row.id, &list));
    const struct dispatch_technician *items = list.items;
    dispatch->count = list.count;
    dispatch->technicians = ARENA_NEW_ARRAY(op->arena, struct dispatch_technician, list.count + 1);
    for (size_t i = 0; i < list.count; i++) {
        dispatch->technicians[i] = items[i];
    }
    return OK;
}

enum err dispatch_load(struct op *op, struct id id, struct dispatch_case *out)
{
    *out = (struct dispatch_case){0};
    TRY(db_get(op->db, TABLE_dispatches, id, op->arena, &out->row));
    return dispatch_load_technicians(op, out);
}

struct dispatch_technician *dispatch_current(struct dispatch_case *dispatch)
{
    for (size_t i = 0; i < dispatch->count; i++) {
        if (dispatch->technicians[i].position == dispatch->row.position) {
            return &dispatch->technicians[i];
        }
    }
    return NULL;
}

struct dispatch_technician *dispatch_technician_of(struct dispatch_case *dispatch, struct id user)
{
    for (size_t i = 0; i < dispatch->count; i++) {
        if (id_equal(dispatch->technicians[i].user_id, user)) {
            return &dispatch->technicians[i];
        }
    }
    return NULL;
}

enum dispatch_method dispatch_method_of(enum channel channel)
{
    switch (channel) {
    case channel_IN_APP:
        return dispatch_method_IN_APP;
    case channel_EMAIL:
        return dispatch_method_EMAIL;
    case channel_SMS:
        return dispatch_method_SMS;
    case channel_WHATSAPP:
        return dispatch_method_WHATSAPP;
    case channel_CALL:
        return dispatch_method_CALL;
    case channel_WEBHOOK:
    case channel_NONE:
    case channel_COUNT:
        break;
    }
    return dispatch_method_ENGINE;
}

static enum event_kind told_as(enum dispatch_event_kind kind)
{
    static const enum event_kind kinds[dispatch_event_kind_COUNT] = {
        [dispatch_event_kind_OPENED] = event_kind_DISPATCH_OPENED,
        [dispatch_event_kind_ATTEMPT] = event_kind_DISPATCH_ATTEMPT,
        [dispatch_event_kind_NEXT_CHANNEL] = event_kind_DISPATCH_ATTEMPT,
        [dispatch_event_kind_SKIPPED] = event_kind_DISPATCH_ATTEMPT,
        [dispatch_event_kind_RECEIPT] = event_kind_DISPATCH_RECEIPT,
        [dispatch_event_kind_ACCEPTED] = event_kind_DISPATCH_ACCEPTED,
        [dispatch_event_kind_DECLINED] = event_kind_DISPATCH_DECLINED,
        [dispatch_event_kind_TOO_LATE] = event_kind_DISPATCH_RECEIPT,
        [dispatch_event_kind_NO_ANSWER] = event_kind_DISPATCH_ATTEMPT,
        [dispatch_event_kind_MANUAL] = event_kind_DISPATCH_ATTEMPT,
        [dispatch_event_kind_RECOVERED] = event_kind_DISPATCH_ATTEMPT,
        [dispatch_event_kind_EXHAUSTED] = event_kind_DISPATCH_EXHAUSTED,
        [dispatch_event_kind_CANCELLED] = event_kind_DISPATCH_CANCELLED,
        [dispatch_event_kind_COMPLETED] = event_kind_DISPATCH_COMPLETED,
    };
    return kinds[kind];
}

/* What becomes of messages has a trail of its own: message_events. */
static enum err audit_fact(struct op *op, const struct dispatch *dispatch,
                           const struct dispatch_event *event, enum dispatch_state before)
{
    const char *kind = enum_name(&dispatch_event_kind_names, event->kind);
    const char *state = enum_name(&dispatch_state_names, dispatch->state);
    const char *was =
        before == dispatch_state_NONE ? state : enum_name(&dispatch_state_names, (int)before);
    if (event->kind == dispatch_event_kind_RECEIPT) {
        return OK;
    }
    return op_audit(
        op, (struct audit_entry){
                .action = arena_printf(op->arena, "DISPATCH_%s", kind).ptr,
                .subject_type = subject_type_DISPATCH,
                .subject = dispatch->id,
                .user = event->user_id,
                .before = event->kind == dispatch_event_kind_OPENED ? STR_NONE : str_from(was),
                .after = str_from(state),
                .reason = event->result});
}

static void take_message(const struct op *op, const struct message *message,
                         struct dispatch_event *event)
{
    bool is_receipt = event->kind == dispatch_event_kind_RECEIPT;
    event->message_id = message->id;
    event->message_sid = message->provider_id;
    event->delivery_status = message->state;
    event->sent_at = is_receipt ? message->sent_at : op->now;
}

enum err dispatch_tell(struct op *op, const struct dispatch *dispatch,
                       const struct dispatch_fact *fact)
{
    struct dispatch_event event = {
        .id = id_is_set(fact->id) ? fact->id : op_new_id(op),
        .dispatch_id = dispatch->id,
        .call_id = dispatch->call_id,
        .kind = (int)fact->kind,
        .method = (int)fact->method,
        .created_at = op->now,
        .attempt_number = fact->attempt == 0 ? dispatch->attempt : fact->attempt,
        .result = fact->result,
    };
    if (fact->technician != NULL) {
        event.user_id = fact->technician->user_id;
        event.position = fact->technician->position;
    }
    if (fact->message != NULL) {
        take_message(op, fact->message, &event);
    }
    TRY(db_insert(op->db, TABLE_dispatch_events, op->arena, &event));
    TRY(audit_fact(op, dispatch, &event, fact->before));
    const char *delivery = enum_name(&message_state_names, event.delivery_status);
    op_log(op, fact->kind == dispatch_event_kind_EXHAUSTED ? LOG_ERROR : LOG_INFO, LOG_DISPATCH,
           "%.*s %s by %s, attempt %lld, technician %lld%s%s: %.*s", STR_FMT(dispatch->call_id),
           enum_name(&dispatch_event_kind_names, event.kind),
           enum_name(&dispatch_method_names, event.method), (long long)event.attempt_number,
           (long long)event.position, delivery == NULL ? "" : ", ",
           delivery == NULL ? "" : delivery, STR_FMT(event.result));
    return event_tell(
        op, &(struct event_facts){.kind = told_as(fact->kind),
                                  .subject_type = subject_type_DISPATCH,
                                  .subject = dispatch->id,
                                  .user = event.user_id,
                                  .call_id = dispatch->call_id,
                                  .data = op_record_text(op, &dispatch_event_record, &event)});
}

enum err dispatch_disarm(struct op *op, const struct dispatch *dispatch)
{
    return timers_cancel(op->db, timer_kind_DISPATCH, dispatch->id, op->now);
}
