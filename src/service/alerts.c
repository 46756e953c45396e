#include "service/alerts.h"

#include "service/engine.h"
#include "service/meetings.h"
#include "service/person.h"
#include "service/spend.h"
#include "service/trail.h"
#include "service/wording.h"
#include "store/meetings.h"
#include "store/people.h"

static const struct duration call_window = SECONDS_INIT(180);

static const struct stage_rule *stage_rule_of(const struct op *op, int64_t number)
{
    const struct rules *rules = &op->site->rules;
    for (size_t i = 0; i < rules->stage_count; i++) {
        if (rules->stages[i].number == number) {
            return &rules->stages[i];
        }
    }
    return NULL;
}

static bool was_sent_for_this_start(const struct list *earlier, const struct alert *alert)
{
    const struct alert *old = earlier->items;
    for (size_t i = 0; i < earlier->count; i++) {
        bool is_same = old[i].stage == alert->stage && old[i].due_at.us == alert->due_at.us;
        if (is_same &&
            (old[i].status == alert_status_DELIVERED || old[i].status == alert_status_SENDING)) {
            return true;
        }
    }
    return false;
}

static enum err plan_stage(struct op *op, const struct meeting *meeting,
                           const struct stage_rule *stage, const struct list *earlier)
{
    struct stage_times times = stage_times(stage, meeting->starts_at);
    struct alert alert = {
        .id = op_new_id(op),
        .meeting_id = meeting->id,
        .user_id = meeting->user_id,
        .generation = meeting->generation,
        .alert_type = str_from(stage->alert_type),
        .stage = stage->number,
        .channel = (int)channel_of_wanted(stage->wanted),
        .status = alert_status_PENDING,
        .due_at = times.due_at,
        .valid_until = times.valid_until,
    };
    enum stage_action action = stage_decide(times, op->now);
    if (action == STAGE_TOO_LATE || was_sent_for_this_start(earlier, &alert)) {
        alert.status = alert_status_SKIPPED;
        alert.reason = action == STAGE_TOO_LATE ? STR("found_too_late") : STR("already_sent");
        alert.claimed_at = op->now;
        TRY(db_insert(op->db, TABLE_alerts, op->arena, &alert));
        return audit_alert(op, &alert, alert_status_PENDING);
    }
    TRY(db_insert(op->db, TABLE_alerts, op->arena, &alert));
    return timer_arm(
        op, (struct timer_request){timer_kind_ALERT, alert.id, instant_max(alert.due_at, op->now),
                                   stage->wanted == WANTED_CALL ? PRIORITY_HIGH : PRIORITY_MEDIUM});
}

static bool is_planned(const struct op *op, const struct meeting *meeting)
{
    return meeting_takes_place(meeting->status) && !meeting->is_all_day &&
           !meeting->is_transparent && !instant_before(meeting->ends_at, op->now);
}

/* Of a meeting that is seen for the first time long after it began nobody was asked, so nobody is
 * accused. */
struct instant plan_check(const struct op *op, const struct meeting *meeting)
{
    struct instant grace_ends = instant_add(meeting->starts_at, op->site->grace);
    bool is_late = instant_before(grace_ends, op->now);
    return is_planned(op, meeting) && !is_late ? grace_ends : INSTANT_NONE;
}

enum err plan_alerts(struct op *op, const struct meeting *meeting)
{
    if (!is_planned(op, meeting)) {
        return OK;
    }
    struct list earlier = {0};
    if (meeting->generation > 1) {
        TRY(alerts_of_meeting(op->db, op->arena, meeting->id, &earlier));
    }
    for (size_t i = 0; i < op->site->rules.stage_count; i++) {
        TRY(plan_stage(op, meeting, &op->site->rules.stages[i], &earlier));
    }
    return instant_is_set(meeting->check_at)
               ? timer_arm(op, (struct timer_request){timer_kind_MISSED_CHECK, meeting->id,
                                                      meeting->check_at, PRIORITY_MEDIUM})
               : OK;
}

static enum err audit_cancelled(struct op *op, const struct list *alerts, const char *reason)
{
    for (size_t i = 0; i < alerts->count; i++) {
        struct alert alert = ((const struct alert *)alerts->items)[i];
        if (alert.status == alert_status_PENDING) {
            alert.status = alert_status_CANCELLED;
            alert.reason = str_from(reason);
            TRY(audit_alert(op, &alert, alert_status_PENDING));
        }
    }
    return OK;
}

/* What is still SENDING when nothing is on its way any more waits for its next try, which finds out
 * by itself. The stage has not been sent, and must not look so when the meeting is planned anew. */
static enum err end_waiting(struct op *op, const struct list *alerts, const char *reason)
{
    for (size_t i = 0; i < alerts->count; i++) {
        struct alert alert = ((const struct alert *)alerts->items)[i];
        if (alert.status != alert_status_SENDING) {
            continue;
        }
        TRY(db_get(op->db, TABLE_alerts, alert.id, op->arena, &alert));
        if (alert.status != alert_status_SENDING) {
            continue;
        }
        alert.status = alert_status_SKIPPED;
        alert.reason = str_from(reason);
        TRY(alerts_end(op->db, &alert));
        TRY(audit_alert(op, &alert, alert_status_SENDING));
    }
    return OK;
}

enum err cancel_alerts(struct op *op, const struct meeting *meeting, const char *reason)
{
    int64_t cancelled = 0;
    struct list alerts = {0};
    TRY(alerts_of_meeting(op->db, op->arena, meeting->id, &alerts));
    TRY(audit_cancelled(op, &alerts, reason));
    TRY(alerts_cancel_pending(op->db, meeting->id, str_from(reason), &cancelled));
    if (cancelled > 0) {
        op_log(op, LOG_INFO, LOG_RULE_ENGINE, "%lld alerts cancelled: %s", (long long)cancelled,
               reason);
    }
    TRY(messages_stop_subject(op, meeting->id, reason));
    return end_waiting(op, &alerts, reason);
}

static enum err skip_stage(struct op *op, struct alert *alert, const char *reason)
{
    alert->status = alert_status_SKIPPED;
    alert->reason = str_from(reason);
    TRY(alerts_skip(op->db, alert->id, op->now, str_from(reason)));
    op_log(op, LOG_INFO, LOG_RULE_ENGINE, "stage %lld %.*s skipped: %s", (long long)alert->stage,
           STR_FMT(alert->alert_type), reason);
    return audit_alert(op, alert, alert_status_PENDING);
}

static enum err choose(struct op *op, const struct alert *alert, const struct meeting *meeting,
                       const struct user *user, struct reach_choice *out)
{
    const struct stage_rule *stage = stage_rule_of(op, alert->stage);
    struct reach reach = {0};
    struct reach_limits limits = person_limits(op);
    int64_t left = 0;
    TRY(person_reach(op, user, &reach));
    TRY(call_slots_free(op->db, meeting->id, user->id, message_target_PERSON, &left));
    limits.calls_left = (int)left;
    limits.in_call_window = instant_before(op->now, meeting->starts_at) &&
                            !instant_before(op->now, instant_sub(meeting->starts_at, call_window));
    if (stage == NULL) {
        *out = (struct reach_choice){REACH_SKIP, (enum channel)alert->channel,
                                     "stage_removed_from_rules"};
        return OK;
    }
    *out = reach_choose(stage->wanted, &reach, &limits);
    return OK;
}

/* What a stage is about, whichever message carries it. */
struct stage_facts {
    const struct alert *alert;
    const struct meeting *meeting;
    const struct user *user;
};

static enum err plan_message(struct op *op, const struct stage_facts *facts, enum channel channel,
                             struct message_plan *out)
{
    const struct alert *alert = facts->alert;
    const struct meeting *meeting = facts->meeting;
    *out = (struct message_plan){
        .subject_type = subject_type_MEETING,
        .subject = meeting->id,
        .step = alert->id,
        .meeting = meeting->id,
        .user = facts->user->id,
        .target = message_target_PERSON,
        .channel = channel,
        .recipient = recipient_of(facts->user, message_target_PERSON, channel),
        .due_at = alert->due_at,
        .valid_until = alert->valid_until,
        .priority = channel == channel_CALL ? PRIORITY_HIGH : PRIORITY_MEDIUM,
    };
    enum text_key key = text_key_NONE;
    if (text_key_parse(alert->alert_type, &key) != OK) {
        key = channel == channel_EMAIL ? text_key_MEETING_UPCOMING_EMAIL
                                       : text_key_MEETING_URGENT_MESSAGE;
    }
    return word_message(op, &(struct wording){.key = key, .user = facts->user, .meeting = meeting},
                        out);
}

static enum err send_stage(struct op *op, struct alert *alert, const struct meeting *meeting,
                           const struct user *user, const struct reach_choice *choice)
{
    struct message_plan plan = {0};
    struct stage_facts facts = {alert, meeting, user};
    const char *too_dear = NULL;
    TRY(plan_message(op, &facts, choice->channel, &plan));
    TRY(spend_allows(op, &plan, &too_dear));
    if (too_dear != NULL) {
        struct reach_choice unpaid = {0};
        TRY(person_unpaid(op, user, message_target_PERSON, too_dear, &unpaid));
        return unpaid.outcome == REACH_SEND ? send_stage(op, alert, meeting, user, &unpaid)
                                            : skip_stage(op, alert, too_dear);
    }
    op_decided(op);
    TRY(message_queue(op, &plan, &alert->message_id));
    alert->claimed_at = op->now;
    alert->channel = (int)choice->channel;
    alert->status = alert_status_SENDING;
    alert->reason = str_from(choice->reason);
    TRY(alerts_claim(op->db, alert));
    op_log(op, LOG_INFO, LOG_RULE_ENGINE, "stage %lld %.*s goes out by %s%s%s",
           (long long)alert->stage, STR_FMT(alert->alert_type),
           enum_name(&channel_names, alert->channel), choice->reason == NULL ? "" : ": ",
           choice->reason == NULL ? "" : choice->reason);
    return audit_alert(op, alert, alert_status_PENDING);
}

enum err alert_goes_on(struct op *op, const struct message *failed, const struct onward *onward,
                       bool *went)
{
    struct alert alert = {0};
    struct meeting meeting = {0};
    struct user user = {0};
    struct reach reach = {0};
    struct reach_limits limits = person_limits(op);
    struct message_plan plan = {0};
    const char *too_dear = NULL;
    *went = false;
    TRY(db_get(op->db, TABLE_alerts, failed->step_id, op->arena, &alert));
    TRY(db_get(op->db, TABLE_meetings, alert.meeting_id, op->arena, &meeting));
    TRY(db_get(op->db, TABLE_users, alert.user_id, op->arena, &user));
    TRY(person_reach(op, &user, &reach));
    reach.tried = onward->tried;
    struct reach_choice choice =
        reach_onward((enum channel)failed->channel, onward->reason, &reach, &limits);
    if (choice.outcome != REACH_SEND || instant_is_set(user.deleted_at)) {
        return OK;
    }
    struct stage_facts facts = {&alert, &meeting, &user};
    TRY(plan_message(op, &facts, choice.channel, &plan));
    TRY(spend_allows(op, &plan, &too_dear));
    if (too_dear != NULL) {
        return OK;
    }
    plan.attempt = onward->attempt;
    TRY(message_queue(op, &plan, &alert.message_id));
    alert.channel = (int)choice.channel;
    alert.reason = str_from(choice.reason);
    TRY(alerts_onward(op->db, &alert));
    *went = true;
    op_log(op, LOG_WARN, LOG_RULE_ENGINE, "stage %lld %.*s goes on by %s: %s",
           (long long)alert.stage, STR_FMT(alert.alert_type),
           enum_name(&channel_names, alert.channel), choice.reason);
    return op_audit(
        op, (struct audit_entry){.action = "ALERT_GOES_ON",
                                 .subject_type = subject_type_MEETING,
                                 .subject = meeting.id,
                                 .user = user.id,
                                 .before = str_from(enum_name(&channel_names, failed->channel)),
                                 .after = str_from(enum_name(&channel_names, alert.channel)),
                                 .reason = alert.reason});
}

static const char *why_not(const struct op *op, const struct alert *alert,
                           const struct meeting *meeting, const struct user *user)
{
    if (instant_is_set(user->deleted_at)) {
        return "person_removed";
    }
    if (!user->calendar_enabled) {
        return "calendar_disabled";
    }
    if (meeting->checkin_status != checkin_status_NONE) {
        return "already_answered";
    }
    struct stage_times times = {alert->due_at, alert->valid_until};
    return stage_decide(times, op->now) == STAGE_TOO_LATE ? "interval_passed" : NULL;
}

enum err fire_alert(struct op *op, struct timer *timer)
{
    struct alert alert = {0};
    struct meeting meeting = {0};
    struct user user = {0};
    TRY(db_get(op->db, TABLE_alerts, timer->subject_id, op->arena, &alert));
    if (alert.status != alert_status_PENDING) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_meetings, alert.meeting_id, op->arena, &meeting));
    TRY(db_get(op->db, TABLE_users, alert.user_id, op->arena, &user));
    const char *reason = why_not(op, &alert, &meeting, &user);
    if (reason != NULL) {
        return skip_stage(op, &alert, reason);
    }
    struct reach_choice choice = {0};
    TRY(choose(op, &alert, &meeting, &user, &choice));
    if (choice.outcome != REACH_SEND) {
        if (choice.channel == channel_CALL) {
            TRY(log_refused_call(op, meeting.id, user.id, &choice));
        }
        return skip_stage(op, &alert, choice.reason);
    }
    return send_stage(op, &alert, &meeting, &user, &choice);
}
