#include "service/dispatch_answers.h"

#include "service/dispatch_internal.h"
#include "service/messages.h"
#include "service/operator.h"
#include "store/people.h"

static enum err stop_asking_all(struct op *op, struct dispatch_case *dispatch)
{
    TRY(dispatch_disarm(op, &dispatch->row));
    return messages_stop_subject(op, dispatch->row.id, "accepted");
}

static enum err tell_recovered(struct op *op, const struct dispatch *dispatch)
{
    return operator_recovered(
        op, &(struct operator_note){
                .key = arena_printf(op->arena, "dispatch:%.*s", STR_FMT(dispatch->call_id)),
                .title = arena_printf(op->arena, "dispatch %.*s has been taken after all",
                                      STR_FMT(dispatch->call_id)),
                .text = arena_printf(op->arena,
                                     "A technician has accepted dispatch %.*s. Nothing is left to "
                                     "do.",
                                     STR_FMT(dispatch->call_id)),
                .subject = dispatch->id,
                .subject_type = subject_type_DISPATCH});
}

static enum err accept(struct op *op, struct dispatch_case *dispatch,
                       struct dispatch_technician *technician, enum dispatch_method method)
{
    struct dispatch *row = &dispatch->row;
    enum dispatch_state before = (enum dispatch_state)row->state;
    enum dispatch_state to = dispatch_state_NONE;
    TRY(dispatch_step(before, dispatch_move_accept, &to, op->problem));
    technician->outcome = technician_outcome_ACCEPTED;
    technician->answered_at = op->now;
    row->state = (int)to;
    row->position = technician->position;
    row->accepted_by = technician->user_id;
    row->accepted_at = row->updated_at = op->now;
    row->next_at = INSTANT_NONE;
    TRY(db_update(op->db, TABLE_dispatch_technicians, op->arena, technician));
    TRY(db_update(op->db, TABLE_dispatches, op->arena, row));
    TRY(dispatch_tell(op, row,
                      &(struct dispatch_fact){.kind = dispatch_event_kind_ACCEPTED,
                                              .method = method,
                                              .technician = technician,
                                              .result = STR("accepted"),
                                              .before = before}));
    TRY(stop_asking_all(op, dispatch));
    return before == dispatch_state_EXHAUSTED ? tell_recovered(op, row) : OK;
}

static enum err decline(struct op *op, struct dispatch_case *dispatch,
                        struct dispatch_technician *technician, enum dispatch_method method)
{
    struct dispatch *row = &dispatch->row;
    enum dispatch_state same = dispatch_state_NONE;
    TRY(dispatch_step((enum dispatch_state)row->state, dispatch_move_ask, &same, op->problem));
    technician->outcome = technician_outcome_DECLINED;
    technician->answered_at = op->now;
    TRY(db_update(op->db, TABLE_dispatch_technicians, op->arena, technician));
    TRY(dispatch_tell(op, row,
                      &(struct dispatch_fact){.kind = dispatch_event_kind_DECLINED,
                                              .method = method,
                                              .technician = technician,
                                              .result = STR("declined")}));
    TRY(messages_stop_person(op, row->id, technician->user_id, "declined"));
    if (technician->position != row->position) {
        return OK;
    }
    TRY(dispatch_disarm(op, row));
    return dispatch_pass_on(op, dispatch, STR("the technician before declined"));
}

enum err answer_dispatch(struct op *op, const struct dispatch_answer *answer, bool *repeated)
{
    struct dispatch_case dispatch = {0};
    struct user person = {0};
    TRY(dispatch_load(op, answer->dispatch, &dispatch));
    struct dispatch_technician *technician = dispatch_technician_of(&dispatch, answer->user);
    if (technician == NULL) {
        return op_fail(op, E_FORBIDDEN, "userId", "is not one of the technicians of this dispatch");
    }
    enum err err = users_get(op->db, op->arena, answer->user, &person);
    if (err == E_NOT_FOUND) {
        return op_fail(op, E_FORBIDDEN, "userId", "was removed");
    }
    TRY(err);
    *repeated = dispatch.row.state == dispatch_state_ACCEPTED && answer->accepts
                    ? id_equal(dispatch.row.accepted_by, answer->user)
                    : !answer->accepts && technician->outcome == technician_outcome_DECLINED;
    if (*repeated) {
        return OK;
    }
    return answer->accepts ? accept(op, &dispatch, technician, answer->method)
                           : decline(op, &dispatch, technician, answer->method);
}

static enum err tell_backed_out(struct op *op, const struct dispatch *dispatch)
{
    return operator_tell(
        op, &(struct operator_note){
                .key = arena_printf(op->arena, "dispatch:%.*s:back", STR_FMT(dispatch->call_id)),
                .title = arena_printf(op->arena, "the technician who has dispatch %.*s can't come",
                                      STR_FMT(dispatch->call_id)),
                .text = arena_printf(op->arena,
                                     "Whoever accepted dispatch %.*s has answered no since. The "
                                     "dispatch stays with them until you cancel it; open another "
                                     "one for the caller, or reach them by phone.",
                                     STR_FMT(dispatch->call_id)),
                .subject = dispatch->id,
                .subject_type = subject_type_DISPATCH});
}

/* Told as an event: whoever looks at the dispatch sees that this person would have come. A no of
 * the one who has it is what only an operator can mend. */
static enum err note_too_late(struct op *op, const struct dispatch_answer *answer,
                              enum answer_effect *out)
{
    struct dispatch_case dispatch = {0};
    TRY(dispatch_load(op, answer->dispatch, &dispatch));
    bool is_theirs = dispatch.row.state == dispatch_state_ACCEPTED &&
                     id_equal(dispatch.row.accepted_by, answer->user);
    *out = is_theirs ? ANSWER_STILL_YOURS : answer->accepts ? ANSWER_TOO_LATE : ANSWER_REFUSED;
    TRY(dispatch_tell(
        op, &dispatch.row,
        &(struct dispatch_fact){.kind = dispatch_event_kind_TOO_LATE,
                                .method = answer->method,
                                .technician = dispatch_technician_of(&dispatch, answer->user),
                                .result = is_theirs         ? STR("declined after accepting")
                                          : answer->accepts ? STR("accepted too late")
                                                            : STR("declined too late")}));
    return is_theirs ? tell_backed_out(op, &dispatch.row) : OK;
}

enum err finish_dispatch(struct op *op, struct id id, struct id user)
{
    struct dispatch_case dispatch = {0};
    enum dispatch_state to = dispatch_state_NONE;
    TRY(dispatch_load(op, id, &dispatch));
    struct dispatch *row = &dispatch.row;
    TRY(dispatch_step((enum dispatch_state)row->state, dispatch_move_complete, &to, op->problem));
    struct dispatch_fact fact = {.kind = dispatch_event_kind_COMPLETED,
                                 .method = dispatch_method_API,
                                 .technician = dispatch_technician_of(&dispatch, user),
                                 .result = STR("completed"),
                                 .before = (enum dispatch_state)row->state};
    row->state = (int)to;
    row->ended_at = row->updated_at = op->now;
    row->resolution = arena_printf(op->arena, "completed by %.*s", STR_FMT(op->actor.name));
    TRY(db_update(op->db, TABLE_dispatches, op->arena, row));
    return dispatch_tell(op, row, &fact);
}

static enum dispatch_method method_of(enum checkin_source source)
{
    switch (source) {
    case checkin_source_AUTO_CALL:
        return dispatch_method_KEY;
    case checkin_source_MANUAL_SMS:
        return dispatch_method_REPLY;
    case checkin_source_LINK:
        return dispatch_method_LINK;
    case checkin_source_API:
    case checkin_source_NONE:
    case checkin_source_COUNT:
        break;
    }
    return dispatch_method_API;
}

static enum err take_yes_or_no(struct op *op, const struct dispatch_answer *answer,
                               enum answer_effect *out)
{
    bool repeated = false;
    enum err err = answer_dispatch(op, answer, &repeated);
    if (err == E_TRANSITION) {
        return note_too_late(op, answer, out);
    }
    if (err == E_FORBIDDEN || err == E_NOT_FOUND) {
        *out = ANSWER_REFUSED;
        return OK;
    }
    *out = repeated ? ANSWER_REPEATED : ANSWER_TAKEN;
    return err;
}

/* "Done" of whoever has it. */
static enum err take_done(struct op *op, const struct dispatch_answer *answer,
                          enum answer_effect *out)
{
    struct dispatch dispatch = {0};
    *out = ANSWER_REFUSED;
    TRY(db_get(op->db, TABLE_dispatches, answer->dispatch, op->arena, &dispatch));
    if (!id_equal(dispatch.accepted_by, answer->user)) {
        return OK;
    }
    if (dispatch.state == dispatch_state_COMPLETED) {
        *out = ANSWER_REPEATED;
        return OK;
    }
    if (dispatch.state != dispatch_state_ACCEPTED) {
        return OK;
    }
    *out = ANSWER_TAKEN;
    return finish_dispatch(op, answer->dispatch, answer->user);
}

enum err take_dispatch_answer(struct op *op, const struct person_answer *given,
                              enum answer_effect *out)
{
    struct dispatch_answer answer = {.dispatch = given->message->subject_id,
                                     .user = given->message->user_id,
                                     .method = method_of(given->source)};
    *out = ANSWER_REFUSED;
    switch (given->word) {
    case REPLY_JOINED:
    case REPLY_ACKNOWLEDGE:
    case REPLY_ACCEPT:
        answer.accepts = true;
        return take_yes_or_no(op, &answer, out);
    case REPLY_MISSED:
    case REPLY_DECLINE:
        return take_yes_or_no(op, &answer, out);
    case REPLY_RESOLVE:
        return take_done(op, &answer, out);
    case REPLY_UNKNOWN:
    case REPLY_STOP:
    case REPLY_START:
    case REPLY_HELP:
    case REPLY_WORD_COUNT:
        break;
    }
    return OK;
}
