#include "service/open_subjects.h"

#include "domain/incident.h"
#include "service/answers.h"
#include "service/meetings.h"
#include "store/inbound.h"
#include "store/incidents.h"

static const struct duration looked_back = SECONDS_INIT(48 * 3600);

struct instant open_subjects_since(const struct op *op)
{
    return instant_sub(op->now, looked_back);
}

static bool is_listed(const struct open_subjects *subjects, struct id id)
{
    for (size_t i = 0; i < subjects->count; i++) {
        if (id_equal(subjects->items[i].id, id)) {
            return true;
        }
    }
    return false;
}

static void judge_incident(const struct incident *incident, struct open_subject *out)
{
    out->waits |=
        incident->state == incident_state_OPEN || incident->state == incident_state_ESCALATING;
    out->is_live |= incident_is_open((enum incident_state)incident->state);
}

static enum err judge_meeting(struct op *op, struct open_subject *out)
{
    struct meeting meeting = {0};
    struct incident incident = {0};
    TRY(db_get(op->db, TABLE_meetings, out->id, op->arena, &meeting));
    out->title = meeting.title;
    out->waits = meeting_takes_place(meeting.status) &&
                 meeting.checkin_status == checkin_status_NONE &&
                 instant_before(op->now, meeting.ends_at);
    out->is_live = out->waits;
    enum err err =
        incidents_open_of_meeting(op->db, op->arena, meeting.id, meeting.user_id, &incident);
    if (err == OK) {
        judge_incident(&incident, out);
    }
    return err == E_NOT_FOUND ? OK : err;
}

static enum err judge(struct op *op, struct open_subject *out)
{
    struct incident incident = {0};
    if (is_about_own_meeting(&out->last)) {
        return judge_meeting(op, out);
    }
    TRY(db_get(op->db, TABLE_incidents, out->id, op->arena, &incident));
    out->title = incident.title;
    judge_incident(&incident, out);
    return OK;
}

static enum err add(struct op *op, const struct message *message, struct open_subjects *out)
{
    struct id id = is_about_own_meeting(message) ? message->meeting_id : message->subject_id;
    if (is_listed(out, id) || out->count == SUBJECTS_MAX) {
        return OK;
    }
    struct open_subject *subject = &out->items[out->count];
    *subject = (struct open_subject){.id = id, .user = message->user_id, .last = *message};
    enum err err = judge(op, subject);
    out->count += err == OK ? 1 : 0;
    return err == E_NOT_FOUND ? OK : err;
}

static void sort_newest_first(struct open_subjects *subjects)
{
    for (size_t i = 1; i < subjects->count; i++) {
        struct open_subject moved = subjects->items[i];
        size_t at = i;
        while (at > 0 && subjects->items[at - 1].last.id.value < moved.last.id.value) {
            subjects->items[at] = subjects->items[at - 1];
            at--;
        }
        subjects->items[at] = moved;
    }
}

enum err open_subjects_add(struct op *op, const struct list *users, enum message_target target,
                           struct open_subjects *out)
{
    const struct user *people = users->items;
    for (size_t i = 0; i < users->count; i++) {
        struct list messages = {0};
        struct spoken_to whom = {people[i].id, target, open_subjects_since(op)};
        TRY(messages_to_person(op->db, op->arena, &whom, &messages));
        for (size_t j = 0; j < messages.count; j++) {
            TRY(add(op, &((const struct message *)messages.items)[j], out));
        }
    }
    sort_newest_first(out);
    return OK;
}
