#include "service/dispatches.h"

#include "service/dispatch_answers.h"
#include "service/dispatch_internal.h"
#include "service/messages.h"
#include "store/archive.h"
#include "store/dispatches.h"
#include "store/people.h"

#include <stdio.h>

/* A request by hand without a number is the last one once more: its answer was lost, the button was
 * pressed twice, or the attempt that was missed has just been made after all. */
static const struct duration same_by_hand = SECONDS_INIT(10);

static const char nobody_left[] = "Nobody is left who could be asked.";

static enum err show(struct op *op, const struct dispatch_case *dispatch, struct dispatch *out)
{
    *out = dispatch->row;
    out->status = out->state;
    out->technicians = (struct list){dispatch->technicians, dispatch->count};
    return dispatch_events_of(op->db, op->arena, out->id, &out->events);
}

static enum err find(struct op *op, struct str call_id, struct dispatch_case *out)
{
    *out = (struct dispatch_case){0};
    TRY(op_not_found(op, dispatches_by_call(op->db, op->arena, call_id, &out->row), "dispatch"));
    return dispatch_load_technicians(op, out);
}

/* A person's own key sees what asks that person; to others of them there is nothing here. */
static enum err may_see(struct op *op, struct dispatch_case *dispatch)
{
    bool is_theirs = op->actor.scope != key_scope_USER ||
                     dispatch_technician_of(dispatch, op->actor.user) != NULL;
    return is_theirs ? OK : op_may_read(op, ID_NONE);
}

static enum err check_technicians(struct op *op, const struct dispatch_input *given)
{
    const struct technician_id *ids = given->technicians.items;
    for (size_t i = 0; i < given->technicians.count; i++) {
        char field[48];
        struct user user = {0};
        snprintf(field, sizeof field, "technicians[%zu]", i);
        for (size_t j = 0; j < i; j++) {
            if (id_equal(ids[i].user_id, ids[j].user_id)) {
                return op_fail(op, E_INVALID, field, "is there twice");
            }
        }
        enum err err = users_get(op->db, op->arena, ids[i].user_id, &user);
        if (err == E_NOT_FOUND) {
            return op_fail(op, E_INVALID, field, "names nobody that is known");
        }
        TRY(err);
    }
    return OK;
}

static bool is_same(const struct dispatch_case *known, const struct dispatch_input *given,
                    enum urgency level)
{
    const struct technician_id *ids = given->technicians.items;
    bool same = str_equal(known->row.caller_phone, given->caller_phone) &&
                known->row.level == (int)level &&
                str_equal(known->row.issue_summary, given->issue_summary) &&
                known->count == given->technicians.count;
    for (size_t i = 0; same && i < known->count; i++) {
        same = id_equal(known->technicians[i].user_id, ids[i].user_id);
    }
    return same;
}

/* One that is archived is not there to be shown, and must not be opened a second time. */
static enum err refuse_archived(struct op *op, struct str call_id)
{
    bool is_archived = false;
    TRY(archived_dispatch(op->db, call_id, &is_archived));
    return is_archived
               ? op_fail(op, E_DUPLICATE, "callId",
                         "is that of a dispatch that is over and archived; a new call needs "
                         "a key of its own")
               : OK;
}

/* A caller that lost our answer asks again and gets the same dispatch. */
static enum err answer_known(struct op *op, const struct dispatch_input *given, enum urgency level,
                             struct dispatch *out, bool *is_known)
{
    struct dispatch_case known = {0};
    enum err err = dispatches_by_call(op->db, op->arena, given->call_id, &known.row);
    *is_known = err == OK;
    if (err != OK) {
        return err == E_NOT_FOUND ? refuse_archived(op, given->call_id) : err;
    }
    TRY(dispatch_load_technicians(op, &known));
    if (!is_same(&known, given, level)) {
        return op_fail(op, E_DUPLICATE, "callId",
                       "is that of a dispatch with other facts; a new call needs a key of its own");
    }
    op->is_known = true;
    return show(op, &known, out);
}

static enum err insert(struct op *op, const struct dispatch_input *given,
                       struct dispatch_case *dispatch)
{
    const struct technician_id *ids = given->technicians.items;
    dispatch->row.id = op_new_id(op);
    dispatch->row.created_at = dispatch->row.updated_at = op->now;
    dispatch->count = given->technicians.count;
    dispatch->technicians = ARENA_NEW_ARRAY(op->arena, struct dispatch_technician, dispatch->count);
    TRY(db_insert(op->db, TABLE_dispatches, op->arena, &dispatch->row));
    for (size_t i = 0; i < dispatch->count; i++) {
        dispatch->technicians[i] = (struct dispatch_technician){
            .id = op_new_id(op),
            .dispatch_id = dispatch->row.id,
            .position = (int64_t)i + 1,
            .user_id = ids[i].user_id,
            .outcome = technician_outcome_WAITING,
        };
        TRY(db_insert(op->db, TABLE_dispatch_technicians, op->arena, &dispatch->technicians[i]));
    }
    return dispatch_tell(op, &dispatch->row,
                         &(struct dispatch_fact){
                             .kind = dispatch_event_kind_OPENED,
                             .method = dispatch_method_API,
                             .result = str_from(enum_name(&urgency_names, dispatch->row.level))});
}

enum err open_dispatch(struct op *op, const void *input, void *output)
{
    const struct dispatch_input *given = input;
    enum urgency level = given->level == 0 ? urgency_NORMAL : (enum urgency)given->level;
    enum dispatch_state to = dispatch_state_NONE;
    bool is_known = false;
    TRY(op_may_respond(op, ID_NONE));
    TRY(answer_known(op, given, level, output, &is_known));
    if (is_known) {
        return OK;
    }
    TRY(check_technicians(op, given));
    struct dispatch_case dispatch = {.row = {.call_id = given->call_id,
                                             .caller_phone = given->caller_phone,
                                             .level = (int)level,
                                             .issue_summary = given->issue_summary,
                                             .state = dispatch_state_NEW}};
    TRY(insert(op, given, &dispatch));
    TRY(dispatch_step(dispatch_state_NEW, dispatch_move_ask, &to, op->problem));
    dispatch.row.state = (int)to;
    TRY(dispatch_pass_on(op, &dispatch, STR_NONE));
    return show(op, &dispatch, output);
}

enum err dispatch_of_path(struct op *op, struct dispatch_case *out)
{
    TRY(find(op, op->path_text, out));
    return may_see(op, out);
}

enum err get_dispatch(struct op *op, const void *input, void *output)
{
    (void)input;
    struct dispatch_case dispatch = {0};
    TRY(dispatch_of_path(op, &dispatch));
    return show(op, &dispatch, output);
}

enum err list_dispatches(struct op *op, const void *input, void *output)
{
    const struct dispatch_list_input *wanted = input;
    struct dispatch_list *out = output;
    struct dispatch_page page = {
        .state = wanted->state, .user = wanted->user_id, .limit = page_limit(wanted->limit) + 1};
    if (op->actor.scope == key_scope_USER && !id_is_set(page.user)) {
        page.user = op->actor.user;
    }
    TRY(op_may_read(op, page.user));
    TRY(op_cursor(op, wanted->cursor, &page.before));
    if (dispatches_page_is_long(&page) && op_goes_aside(op)) {
        return OK;
    }
    TRY(dispatches_page(op->db, op->arena, &page, &out->dispatches, &out->total));
    bool has_more = page_trim(op, &out->dispatches, page.limit - 1);
    struct dispatch *shown = ARENA_NEW_ARRAY(op->arena, struct dispatch, out->dispatches.count + 1);
    for (size_t i = 0; i < out->dispatches.count; i++) {
        shown[i] = ((const struct dispatch *)out->dispatches.items)[i];
        shown[i].status = shown[i].state;
    }
    out->dispatches.items = shown;
    if (has_more) {
        out->cursor = op_cursor_text(op, shown[out->dispatches.count - 1].id);
    }
    return OK;
}

/* Who answers: the one that is named, the one whose key it is, or the one whose turn it is. */
static enum err who_answers(struct op *op, struct dispatch_case *dispatch, struct id given,
                            struct id *out)
{
    struct dispatch_technician *current = dispatch_current(dispatch);
    *out = given;
    if (!id_is_set(given) && op->actor.scope == key_scope_USER) {
        *out = op->actor.user;
    } else if (!id_is_set(given) && current != NULL) {
        *out = current->user_id;
    }
    TRY(op_may_respond(op, *out));
    return id_is_set(*out) ? OK
                           : op_fail(op, E_INVALID, "userId",
                                     "is required while it is nobody's turn: who answers?");
}

static enum err take_answer_of(struct op *op, const struct dispatch_answer_input *given,
                               bool accepts, void *output)
{
    struct dispatch_case dispatch = {0};
    struct dispatch_answer answer = {.accepts = accepts, .method = dispatch_method_API};
    enum dispatch_state ignored = dispatch_state_NONE;
    bool repeated = false;
    TRY(dispatch_of_path(op, &dispatch));
    if (dispatch.row.state != dispatch_state_ACCEPTED && !dispatch_waits(dispatch.row.state)) {
        return dispatch_step((enum dispatch_state)dispatch.row.state,
                             accepts ? dispatch_move_accept : dispatch_move_ask, &ignored,
                             op->problem);
    }
    TRY(who_answers(op, &dispatch, given->user_id, &answer.user));
    answer.dispatch = dispatch.row.id;
    TRY(answer_dispatch(op, &answer, &repeated));
    TRY(dispatch_load(op, answer.dispatch, &dispatch));
    return show(op, &dispatch, output);
}

enum err accept_dispatch(struct op *op, const void *input, void *output)
{
    return take_answer_of(op, input, true, output);
}

enum err decline_dispatch(struct op *op, const void *input, void *output)
{
    return take_answer_of(op, input, false, output);
}

enum err complete_dispatch(struct op *op, const void *input, void *output)
{
    (void)input;
    struct dispatch_case dispatch = {0};
    TRY(dispatch_of_path(op, &dispatch));
    /* Whoever has it may say so; others of its technicians may not. */
    bool is_theirs =
        op->actor.scope == key_scope_USER && (!id_is_set(dispatch.row.accepted_by) ||
                                              id_equal(dispatch.row.accepted_by, op->actor.user));
    TRY(op_may_respond(op, is_theirs ? op->actor.user : ID_NONE));
    TRY(finish_dispatch(op, dispatch.row.id, dispatch.row.accepted_by));
    TRY(dispatch_load(op, dispatch.row.id, &dispatch));
    return show(op, &dispatch, output);
}

static enum err call_off(struct op *op, struct dispatch_case *dispatch)
{
    struct dispatch *row = &dispatch->row;
    enum dispatch_state before = (enum dispatch_state)row->state;
    enum dispatch_state to = dispatch_state_NONE;
    TRY(dispatch_step(before, dispatch_move_cancel, &to, op->problem));
    row->state = (int)to;
    row->position = 0;
    row->next_at = INSTANT_NONE;
    row->ended_at = row->updated_at = op->now;
    row->resolution = arena_printf(op->arena, "called off by %.*s", STR_FMT(op->actor.name));
    TRY(db_update(op->db, TABLE_dispatches, op->arena, row));
    TRY(dispatch_tell(op, row,
                      &(struct dispatch_fact){.kind = dispatch_event_kind_CANCELLED,
                                              .method = dispatch_method_API,
                                              .result = row->resolution,
                                              .before = before}));
    TRY(dispatch_disarm(op, row));
    TRY(messages_stop_subject(op, row->id, "called_off"));
    return before == dispatch_state_ACCEPTED
               ? dispatch_notify(op, row, row->accepted_by, text_key_DISPATCH_CALLED_OFF)
               : OK;
}

enum err cancel_dispatch(struct op *op, const void *input, void *output)
{
    (void)input;
    struct dispatch_case dispatch = {0};
    TRY(find(op, op->path_text, &dispatch));
    TRY(op_may_respond(op, ID_NONE));
    TRY(call_off(op, &dispatch));
    return show(op, &dispatch, output);
}

static enum err fire(struct op *op, struct dispatch_case *dispatch,
                     struct dispatch_manual_result *out)
{
    struct dispatch *row = &dispatch->row;
    int64_t before = row->attempt;
    TRY(dispatch_tell(op, row,
                      &(struct dispatch_fact){
                          .kind = dispatch_event_kind_MANUAL,
                          .method = dispatch_method_API,
                          .technician = dispatch_current(dispatch),
                          .result = arena_printf(op->arena, "attempt %lld asked for by %.*s",
                                                 (long long)before + 1, STR_FMT(op->actor.name))}));
    TRY(dispatch_disarm(op, row));
    TRY(dispatch_go_on(op, dispatch, STR("manual")));
    out->fired = row->attempt > before;
    out->attempt = row->attempt;
    out->state = row->state;
    out->message = out->fired
                       ? arena_printf(op->arena, "Attempt %lld was made.", (long long)row->attempt)
                       : str_from(nobody_left);
    return OK;
}

/* The number of the attempt that was asked for by hand, or made up for, a moment ago; 0 for none.
 */
static enum err made_just_now(struct op *op, const struct dispatch *dispatch, int64_t *out)
{
    struct list events = {0};
    struct instant since = instant_sub(op->now, same_by_hand);
    *out = 0;
    TRY(dispatch_events_of(op->db, op->arena, dispatch->id, &events));
    for (size_t i = 0; i < events.count; i++) {
        const struct dispatch_event *event = list_item(&events, &dispatch_event_record, i);
        bool is_meant = event->kind == dispatch_event_kind_MANUAL ||
                        event->kind == dispatch_event_kind_RECOVERED;
        if (is_meant && instant_before(since, event->created_at)) {
            *out = event->attempt_number + 1;
        }
    }
    return OK;
}

/* Whether this was done before: `number` is the attempt that is asked for, 0 for the next one. */
static enum err is_done(struct op *op, const struct dispatch *dispatch, int64_t number,
                        struct dispatch_manual_result *out, bool *done)
{
    int64_t just_now = 0;
    *done = number > 0 && number <= dispatch->attempt;
    if (*done) {
        out->attempt = number;
        out->message = arena_printf(op->arena, "Attempt %lld was made before; nothing was done.",
                                    (long long)number);
    }
    if (number > 0) {
        return OK;
    }
    TRY(made_just_now(op, dispatch, &just_now));
    *done = just_now > 0;
    if (just_now > dispatch->attempt) {
        out->attempt = dispatch->attempt;
        out->message = str_from(nobody_left);
    } else if (*done) {
        out->attempt = just_now;
        out->message = arena_printf(op->arena,
                                    "Attempt %lld was made a moment ago; nothing was done. "
                                    "Give its number to make attempt %lld now.",
                                    (long long)just_now, (long long)dispatch->attempt + 1);
    }
    return OK;
}

enum err trigger_dispatch(struct op *op, const void *input, void *output)
{
    const struct dispatch_manual_input *given = input;
    struct dispatch_manual_result *out = output;
    struct dispatch_case dispatch = {0};
    enum dispatch_state same = dispatch_state_NONE;
    TRY(op_may_respond(op, ID_NONE));
    TRY(find(op, given->call_id, &dispatch));
    *out = (struct dispatch_manual_result){.call_id = given->call_id, .state = dispatch.row.state};
    int64_t made = dispatch.row.attempt;
    bool done = false;
    TRY(is_done(op, &dispatch.row, given->attempt, out, &done));
    if (done) {
        return OK;
    }
    TRY(dispatch_step((enum dispatch_state)dispatch.row.state, dispatch_move_ask, &same,
                      op->problem));
    if (given->attempt > made + 1) {
        return op_fail(op, E_INVALID, "attempt", "must be at most %lld, which is the next one",
                       (long long)made + 1);
    }
    return fire(op, &dispatch, out);
}

enum err dispatches_recover(struct op *op)
{
    int64_t open = 0;
    int64_t overdue = 0;
    TRY(dispatches_open_count(op->db, &open));
    TRY(dispatches_overdue_count(op->db, op->now, &overdue));
    if (open > 0) {
        op_log(op, LOG_INFO, LOG_RECOVERY,
               "%lld dispatches go on, %lld of them were due while nobody ran", (long long)open,
               (long long)overdue);
    }
    return OK;
}
