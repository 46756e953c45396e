#include "store/meetings.h"
#include "store/kept.h"

#include <assert.h>

static struct db_into meetings_into(struct arena *arena)
{
    return (struct db_into){TABLE_meetings, arena};
}

enum err meetings_by_external(struct db *db, struct arena *arena, struct id user,
                              struct str external_id, struct meeting *out)
{
    return db_one(db, S_meeting_by_external, meetings_into(arena), out,
                  PARAMS(value_id(user), value_text(external_id)));
}

enum err meetings_of_calendar(struct db *db, struct arena *arena, const struct calendar_part *part,
                              struct list *out)
{
    return db_all(db, S_meetings_of_calendar, meetings_into(arena), out,
                  PARAMS(value_id(part->calendar), value_int(part->resource.value),
                         value_int(instant_ms(part->window.from)),
                         value_int(instant_ms(part->window.to))));
}

enum err meetings_ahead(struct db *db, struct arena *arena, struct id user, struct instant from,
                        struct list *out)
{
    return db_all(db, S_meetings_ahead, meetings_into(arena), out,
                  PARAMS(value_id(user), value_int(instant_ms(from))));
}

enum err meetings_page(struct db *db, struct arena *arena, const struct meeting_page *page,
                       struct list *out, int64_t *total)
{
    struct value from = value_int(instant_ms(page->window.from));
    struct value to = value_int(instant_ms(page->window.to));
    if (!id_is_set(page->user)) {
        TRY(db_number(db, S_meetings_of_all_count, total, PARAMS(from, to)));
        return db_all(db, S_meetings_of_all, meetings_into(arena), out,
                      PARAMS(value_int(page->after.value), from, to, value_int(page->limit)));
    }
    TRY(db_number(db, S_meetings_of_user_count, total, PARAMS(value_id(page->user), from, to)));
    return db_all(db, S_meetings_of_user, meetings_into(arena), out,
                  PARAMS(value_id(page->user), from, to, value_int(instant_ms(page->after_start)),
                         value_int(page->after.value), value_int(page->limit)));
}

enum err alerts_of_meeting(struct db *db, struct arena *arena, struct id meeting, struct list *out)
{
    return db_all(db, S_alerts_of_meeting, (struct db_into){TABLE_alerts, arena}, out,
                  PARAMS(value_id(meeting)));
}

enum err alerts_claim(struct db *db, const struct alert *alert)
{
    const struct alert *kept = db_kept(db, TABLE_alerts, alert->id);
    bool is_pending = kept != NULL && kept->status == alert_status_PENDING;
    TRY(db_move_known(db, S_alert_claim, is_pending,
                      PARAMS(value_id(alert->id), value_time(alert->claimed_at),
                             value_enum(&channel_names, alert->channel),
                             value_id(alert->message_id), value_text(alert->reason))));
    if (kept != NULL) {
        struct alert claimed = *kept;
        claimed.status = alert_status_SENDING;
        claimed.claimed_at = alert->claimed_at;
        claimed.channel = alert->channel;
        claimed.message_id = alert->message_id;
        claimed.reason = alert->reason;
        db_keep(db, TABLE_alerts, &claimed);
    }
    return OK;
}

enum err alerts_skip(struct db *db, struct id id, struct instant now, struct str reason)
{
    return db_move(db, S_alert_skip, PARAMS(value_id(id), value_time(now), value_text(reason)));
}

enum err alerts_end(struct db *db, const struct alert *alert)
{
    return db_move(db, S_alert_end,
                   PARAMS(value_id(alert->id), value_enum(&alert_status_names, alert->status),
                          value_time(alert->sent_at), value_text(alert->reason)));
}

enum err alerts_set_message(struct db *db, struct id id, struct id message)
{
    return db_run(db, S_alert_message, PARAMS(value_id(id), value_id(message)));
}

enum err alerts_onward(struct db *db, const struct alert *alert)
{
    return db_run(db, S_alert_onward,
                  PARAMS(value_id(alert->id), value_id(alert->message_id),
                         value_enum(&channel_names, alert->channel), value_text(alert->reason)));
}

enum err alerts_cancel_pending(struct db *db, struct id meeting, struct str reason,
                               int64_t *cancelled)
{
    return db_change(db, S_alerts_cancel, cancelled, PARAMS(value_id(meeting), value_text(reason)));
}

enum err meetings_was_joined(struct db *db, struct id id, bool *out)
{
    int64_t is_joined = 0;
    TRY(db_number(db, S_meeting_joined, &is_joined, PARAMS(value_id(id))));
    *out = is_joined != 0;
    return OK;
}

enum err meetings_checked(struct db *db, struct id id)
{
    return db_run(db, S_meeting_checked, PARAMS(value_id(id)));
}

static enum err take_checked(void *context, const struct value *columns)
{
    struct checks *checks = context;
    size_t i = 0;
    while (i < checks->count && checks->ids[i].value != columns[0].number) {
        i++;
    }
    assert(i < checks->count);
    checks->is_ended[i] =
        true; /* The first of two for one meeting, which had another time before. */
    return OK;
}

enum err meetings_joined_checked(struct db *db, struct instant now, struct checks *checks)
{
    struct value values[1 + CHECKS_TOGETHER] = {value_time(now)};
    assert(checks->count <= CHECKS_TOGETHER);
    for (size_t i = 0; i < CHECKS_TOGETHER; i++) {
        checks->is_ended[i] = false;
        values[1 + i] = value_int(i < checks->count ? checks->ids[i].value : 0);
    }
    return db_change_each(db, S_meetings_joined_checked, checks, take_checked,
                          (struct params){values, ARRAY_LENGTH(values)});
}

enum err checkins_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                             struct list *out)
{
    return db_all(db, S_checkins_of_meeting, (struct db_into){TABLE_checkins, arena}, out,
                  PARAMS(value_id(meeting)));
}

enum err checkins_last(struct db *db, struct arena *arena, struct id meeting, struct checkin *out)
{
    return db_one(db, S_checkin_last, (struct db_into){TABLE_checkins, arena}, out,
                  PARAMS(value_id(meeting)));
}
