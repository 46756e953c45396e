#include "store/incidents.h"

static struct db_into incidents_into(struct arena *arena)
{
    return (struct db_into){TABLE_incidents, arena};
}

enum err incidents_open_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                                   struct id user, struct incident *out)
{
    return db_one(db, S_incident_open_of_meeting, incidents_into(arena), out,
                  PARAMS(value_id(meeting), value_id(user)));
}

enum err incidents_last_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                                   struct incident *out)
{
    return db_one(db, S_incident_last_of_meeting, incidents_into(arena), out,
                  PARAMS(value_id(meeting)));
}

enum err incidents_of_generation(struct db *db, struct id meeting, int64_t generation, int64_t *out)
{
    return db_number(db, S_incidents_of_generation, out,
                     PARAMS(value_id(meeting), value_int(generation)));
}

/* What a filter says where it is not set. */
static struct value text_or_any(struct str text)
{
    return value_text(str_is_set(text) ? text : STR(""));
}

static struct value enum_or_any(const struct enum_names *names, int value)
{
    return value_text(value == 0 ? STR("") : str_from(enum_name(names, value)));
}

enum err incidents_page(struct db *db, struct arena *arena, const struct incident_page *page,
                        struct list *out, int64_t *total)
{
    struct value state = enum_or_any(&incident_state_names, page->state);
    struct value severity = enum_or_any(&severity_names, page->severity);
    struct value key = text_or_any(page->dedup_key);
    struct value policy = text_or_any(page->policy);
    struct value user = value_int(page->user.value);
    int64_t before = id_is_set(page->before) ? page->before.value : INT64_MAX;
    TRY(db_number(db, S_incidents_count, total, PARAMS(state, user, severity, key, policy)));
    return db_all(
        db, S_incidents_page, incidents_into(arena), out,
        PARAMS(value_int(before), state, user, severity, key, policy, value_int(page->limit)));
}

enum err incidents_open_of_key(struct db *db, struct arena *arena, struct id source, struct str key,
                               struct incident *out)
{
    return db_one(db, S_incident_open_of_key, incidents_into(arena), out,
                  PARAMS(value_int(source.value), value_text(key)));
}

enum err steps_of_incident(struct db *db, struct arena *arena, struct id incident, struct list *out)
{
    return db_all(db, S_steps_of_incident, (struct db_into){TABLE_steps, arena}, out,
                  PARAMS(value_id(incident)));
}

enum err steps_claim(struct db *db, const struct step *step)
{
    return db_move(db, S_step_claim,
                   PARAMS(value_id(step->id), value_time(step->claimed_at),
                          value_enum(&channel_names, step->channel),
                          value_enum(&message_target_names, step->target),
                          value_id(step->message_id), value_text(step->reason),
                          value_id(step->user_id)));
}

enum err steps_skip(struct db *db, const struct step *step)
{
    return db_move(db, S_step_skip,
                   PARAMS(value_id(step->id), value_time(step->claimed_at),
                          value_text(step->reason), value_id(step->user_id)));
}

enum err steps_cancel(struct db *db, struct id id, struct str reason)
{
    return db_move(db, S_step_cancel, PARAMS(value_id(id), value_text(reason)));
}

enum err steps_end(struct db *db, const struct step *step)
{
    return db_move(db, S_step_end,
                   PARAMS(value_id(step->id), value_enum(&step_status_names, step->status),
                          value_time(step->executed_at), value_text(step->error_message)));
}

enum err steps_set_message(struct db *db, struct id id, struct id message)
{
    return db_run(db, S_step_message, PARAMS(value_id(id), value_id(message)));
}

enum err steps_onward(struct db *db, const struct step *step)
{
    return db_run(db, S_step_onward,
                  PARAMS(value_id(step->id), value_id(step->message_id),
                         value_enum(&channel_names, step->channel), value_text(step->reason)));
}

enum err steps_hurry(struct db *db, const struct step *step)
{
    return db_move(
        db, S_step_hurry,
        PARAMS(value_id(step->id), value_time(step->scheduled_at), value_text(step->reason)));
}

enum err steps_cancel_pending(struct db *db, struct id incident, struct instant now,
                              struct str reason, int64_t *cancelled)
{
    TRY(db_change(db, S_steps_cancel, cancelled, PARAMS(value_id(incident), value_text(reason))));
    return *cancelled == 0
               ? OK
               : db_run(db, S_timers_cancel_steps, PARAMS(value_id(incident), value_time(now)));
}

enum err steps_open_count(struct db *db, struct id incident, int64_t *out)
{
    return db_number(db, S_steps_open, out, PARAMS(value_id(incident)));
}

enum err steps_reached(struct db *db, struct id incident, struct id user, bool *out)
{
    int64_t count = 0;
    TRY(db_number(db, S_steps_reached, &count, PARAMS(value_id(incident), value_id(user))));
    *out = count > 0;
    return OK;
}
