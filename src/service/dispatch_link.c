#include "service/dispatches.h"

#include "channel/render.h"
#include "domain/dispatch.h"
#include "service/dispatch_answers.h"
#include "service/link.h"
#include "service/messages.h"
#include "store/dispatches.h"
#include "store/people.h"

static enum err fill(struct op *op, const struct dispatch_technician *technician,
                     struct dispatch_page_view *out)
{
    struct dispatch dispatch = {0};
    struct user user = {0};
    TRY(op_not_found(
        op, db_get(op->db, TABLE_dispatches, technician->dispatch_id, op->arena, &dispatch),
        "dispatch"));
    TRY(op_not_found(op, users_get(op->db, op->arena, technician->user_id, &user), "person"));
    bool is_theirs = id_equal(dispatch.accepted_by, user.id);
    *out = (struct dispatch_page_view){
        .language = render_language(user.locale),
        .name = user.name,
        .title = dispatch.issue_summary,
        .is_open = dispatch_waits((enum dispatch_state)dispatch.state),
        .outcome = technician->outcome,
    };
    if (out->is_open || (is_theirs && !dispatch_is_over((enum dispatch_state)dispatch.state))) {
        out->phone = dispatch.caller_phone;
    }
    return OK;
}

/* The language first: what is said of a link that has ended is said in it, too. */
static enum err open_page(struct op *op, struct str token, struct dispatch_page_view *out,
                          struct dispatch_technician *technician)
{
    struct link_facts facts = {.purpose = LINK_DISPATCH};
    TRY(link_token_open(op, token, &facts));
    TRY(op_not_found(op,
                     db_get(op->db, TABLE_dispatch_technicians, facts.id, op->arena, technician),
                     "dispatch"));
    TRY(fill(op, technician, out));
    if (instant_before(instant_from_ms((int64_t)facts.number * 60000), op->now)) {
        out->phone = STR_NONE;
        return op_fail(op, E_GONE, NULL, "this link has ended");
    }
    return OK;
}

enum err show_dispatch_link(struct op *op, const void *input, void *output)
{
    const struct dispatch_link_input *given = input;
    return open_page(op, given->token, output, &(struct dispatch_technician){0});
}

/* Whoever opened the link has got the message that brought it: the newest, as a rule. An answer
 * without a message is one all the same. */
static enum err answer(struct op *op, const struct dispatch_technician *technician, bool accepts)
{
    struct message message = {.subject_type = subject_type_DISPATCH,
                              .subject_id = technician->dispatch_id,
                              .user_id = technician->user_id};
    struct person_answer given = {.message = &message,
                                  .word = accepts ? REPLY_ACCEPT : REPLY_DECLINE,
                                  .source = checkin_source_LINK,
                                  .heard = STR("link")};
    enum answer_effect ignored = ANSWER_REFUSED;
    enum err err = dispatch_last_message(op->db, op->arena, technician->dispatch_id,
                                         technician->user_id, &message);
    if (err != OK && err != E_NOT_FOUND) {
        return err;
    }
    return err == OK ? take_answer(op, &given, &ignored)
                     : take_dispatch_answer(op, &given, &ignored);
}

enum err answer_dispatch_link(struct op *op, const void *input, void *output)
{
    const struct dispatch_link_input *given = input;
    struct dispatch_technician technician = {0};
    TRY(open_page(op, given->token, output, &technician));
    if (given->answer == dispatch_reply_NONE) {
        return op_fail(op, E_INVALID, "answer", "must be ACCEPT or DECLINE");
    }
    TRY(answer(op, &technician, given->answer == dispatch_reply_ACCEPT));
    TRY(db_get(op->db, TABLE_dispatch_technicians, technician.id, op->arena, &technician));
    return fill(op, &technician, output);
}
