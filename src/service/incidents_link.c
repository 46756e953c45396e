#include "channel/render.h"
#include "service/answers.h"
#include "service/incidents.h"
#include "service/link.h"
#include "service/page_words.h"
#include "store/people.h"

enum { SHOWN_DAYS = 7 };

/* What a token opens: the step that it names, and whom that reached. */
struct opened {
    struct step step;
    struct incident incident;
    struct user user;
};

static enum err open_token(struct op *op, struct str token, struct opened *out)
{
    struct link_facts facts = {.purpose = LINK_STEP};
    TRY(link_token_open(op, token, &facts));
    TRY(op_not_found(op, db_get(op->db, TABLE_steps, facts.id, op->arena, &out->step), "step"));
    TRY(op_not_found(
        op, db_get(op->db, TABLE_incidents, out->step.incident_id, op->arena, &out->incident),
        "incident"));
    return op_not_found(op, users_get(op->db, op->arena, out->step.user_id, &out->user), "person");
}

enum err incident_taker_name(struct op *op, const struct incident *incident, struct str *out)
{
    struct user user = {0};
    *out = STR_NONE;
    if (!id_is_set(incident->acknowledged_by)) {
        return OK;
    }
    enum err err = users_get(op->db, op->arena, incident->acknowledged_by, &user);
    *out = incident->taken_as == target_kind_EMERGENCY_CONTACT ? user.emergency_name : user.name;
    return err == E_NOT_FOUND ? OK : err;
}

static struct str title_of(struct op *op, const struct opened *opened)
{
    const struct incident *incident = &opened->incident;
    struct str mark = page_word(render_language(opened->user.locale), "DRILL");
    return incident->kind == incident_kind_DRILL
               ? arena_printf(op->arena, "%.*s %.*s", STR_FMT(mark), STR_FMT(incident->title))
               : incident->title;
}

/* Whoever has answered a drill sees that it was taken, though it goes on for the others. */
static enum err show_drill(struct op *op, const struct opened *opened,
                           struct incident_link_view *out)
{
    struct message message = {0};
    enum err err =
        db_get_brief(op->db, TABLE_messages, opened->step.message_id, op->arena, &message);
    if (err != OK || message.receipt_level != receipt_level_CONFIRMED ||
        opened->incident.state != incident_state_ESCALATING) {
        return err == E_NOT_FOUND ? OK : err;
    }
    out->state = incident_state_ACKNOWLEDGED;
    out->is_yours = true;
    out->can_take = out->can_pass_on = false;
    return OK;
}

static enum err fill(struct op *op, const struct opened *opened, struct incident_link_view *out)
{
    const struct incident *incident = &opened->incident;
    bool is_contact = opened->step.target == message_target_EMERGENCY_CONTACT;
    bool is_taken = incident->state == incident_state_ACKNOWLEDGED;
    bool is_same_way = is_contact == (incident->taken_as == target_kind_EMERGENCY_CONTACT);
    bool waits = incident->state == incident_state_OPEN ||
                 incident_is_climbing((enum incident_state)incident->state,
                                      instant_is_set(incident->lease_lapsed_at));
    *out = (struct incident_link_view){
        .language = render_language(opened->user.locale),
        .name = is_contact ? opened->user.emergency_name : opened->user.name,
        .title = title_of(op, opened),
        .when = page_time(op, &opened->user, incident->created_at),
        .state = incident->state,
        .is_yours = is_taken && is_same_way && id_equal(incident->acknowledged_by, opened->user.id),
        .can_take = waits || (is_taken && instant_is_set(incident->lease_until)),
        .can_pass_on = waits,
    };
    if (incident->kind == incident_kind_DRILL) {
        return show_drill(op, opened, out);
    }
    return is_taken && !out->is_yours ? incident_taker_name(op, incident, &out->by) : OK;
}

/* A link has no end of its own. For a while it shows how the incident ended; then it tells whoever
 * finds it nothing. */
static bool is_long_over(const struct op *op, const struct incident *incident)
{
    return !incident_is_open((enum incident_state)incident->state) &&
           instant_before(instant_add(instant_max(incident->resolved_at, incident->cancelled_at),
                                      DAYS(SHOWN_DAYS)),
                          op->now);
}

enum err show_incident_link(struct op *op, const void *input, void *output)
{
    const struct link_input *given = input;
    struct incident_link_view *view = output;
    struct opened opened = {0};
    TRY(open_token(op, given->token, &opened));
    if (is_long_over(op, &opened.incident)) {
        view->language = render_language(opened.user.locale);
        return op_fail(op, E_GONE, NULL, "this link has ended with its incident");
    }
    return fill(op, &opened, view);
}

static enum reply_word word_of(enum incident_answer answer)
{
    switch (answer) {
    case incident_answer_ACKNOWLEDGE:
        return REPLY_ACKNOWLEDGE;
    case incident_answer_RESOLVE:
        return REPLY_RESOLVE;
    case incident_answer_PASS_ON:
        return REPLY_MISSED;
    case incident_answer_NONE:
    case incident_answer_COUNT:
        break;
    }
    return REPLY_UNKNOWN;
}

enum err answer_incident_link(struct op *op, const void *input, void *output)
{
    const struct incident_link_input *given = input;
    struct incident_link_view *view = output;
    struct opened opened = {0};
    struct message message = {0};
    enum answer_effect effect = ANSWER_REFUSED;
    TRY(open_token(op, given->token, &opened));
    TRY(fill(op, &opened, view)); /* An error is told in the reader's language. */
    if (given->answer == incident_answer_NONE) {
        return op_fail(op, E_INVALID, "answer", "must be ACKNOWLEDGE, RESOLVE or PASS_ON");
    }
    if (!incident_is_open((enum incident_state)opened.incident.state)) {
        return op_fail(op, E_GONE, NULL, "this link has ended with its incident");
    }
    TRY(op_not_found(op,
                     db_get(op->db, TABLE_messages, opened.step.message_id, op->arena, &message),
                     "message"));
    struct person_answer answer = {.message = &message,
                                   .word = word_of((enum incident_answer)given->answer),
                                   .source = checkin_source_LINK,
                                   .heard = STR("link")};
    TRY(take_answer(op, &answer, &effect));
    if (effect == ANSWER_REFUSED) {
        return op_fail(op, E_CONFLICT, NULL, "somebody has taken it meanwhile");
    }
    TRY(open_token(op, given->token, &opened));
    TRY(fill(op, &opened, view));
    view->is_passed_on = given->answer == incident_answer_PASS_ON;
    return OK;
}
