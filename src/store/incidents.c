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

/* How a page is read: by which index, and whether what it must look at is bounded by what it
 * shows. */
enum reading { READ_STATE, READ_USER, READ_ALL, READ_SOME_OF_USER, READ_SOME };

static const struct {
    enum statement page;
    enum statement count;
} readings[] = {
    [READ_STATE] = {S_incidents_of_state, S_incidents_of_state_count},
    [READ_USER] = {S_incidents_of_user, S_incidents_all_of_user_count},
    [READ_ALL] = {S_incidents_page, S_incidents_all_count},
    [READ_SOME_OF_USER] = {S_incidents_of_user, S_incidents_of_user_count},
    [READ_SOME] = {S_incidents_page, S_incidents_count},
};

static enum reading reading_of(const struct incident_page *page)
{
    bool is_whole = page->state == 0 && page->severity == 0 && !str_is_set(page->dedup_key) &&
                    !str_is_set(page->policy);
    bool has_user = id_is_set(page->user);
    if (page->state == incident_state_OPEN || page->state == incident_state_ACKNOWLEDGED ||
        page->state == incident_state_ESCALATING) {
        return READ_STATE;
    }
    if (is_whole) {
        return has_user ? READ_USER : READ_ALL;
    }
    return has_user ? READ_SOME_OF_USER : READ_SOME;
}

bool incidents_page_is_long(const struct incident_page *page)
{
    enum reading reading = reading_of(page);
    return reading == READ_SOME_OF_USER || reading == READ_SOME;
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
    enum reading reading = reading_of(page);
    TRY(reading == READ_USER  ? db_number(db, S_incidents_all_of_user_count, total, PARAMS(user))
        : reading == READ_ALL ? db_number(db, S_incidents_all_count, total, NO_PARAMS)
                              : db_number(db, readings[reading].count, total,
                                          PARAMS(state, user, severity, key, policy)));
    return db_all(
        db, readings[reading].page, incidents_into(arena), out,
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
                          value_time(step->executed_at), value_text(step->error_message),
                          value_time(step->failed_at)));
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

enum err steps_cancel_pending(struct db *db, struct id incident, struct str reason,
                              int64_t *cancelled)
{
    return db_change(db, S_steps_cancel, cancelled, PARAMS(value_id(incident), value_text(reason)));
}

enum err steps_open_count(struct db *db, struct id incident, int64_t *out)
{
    return db_number(db, S_steps_open, out, PARAMS(value_id(incident)));
}

enum err steps_answerable_until(struct db *db, const struct incident *incident,
                                const struct answer_waits *waits, struct instant *out)
{
    int64_t until_ms = 0;
    TRY(db_number(db, S_steps_answerable, &until_ms,
                  PARAMS(value_id(incident->id), value_int(incident->round),
                         value_int(duration_ms(waits->call)),
                         value_int(duration_ms(waits->text)))));
    *out = instant_from_ms(until_ms);
    return OK;
}

enum err steps_asking(struct db *db, struct arena *arena, struct id user, struct list *out)
{
    return db_all(db, S_steps_asking, (struct db_into){TABLE_steps, arena}, out,
                  PARAMS(value_id(user)));
}

enum err steps_reached(struct db *db, struct id incident, struct id user, bool *out)
{
    int64_t count = 0;
    TRY(db_number(db, S_steps_reached, &count, PARAMS(value_id(incident), value_id(user))));
    *out = count > 0;
    return OK;
}
