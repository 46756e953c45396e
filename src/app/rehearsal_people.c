#include "app/rehearsal_internal.h"
#include "model/records.h"
#include "store/delivery.h"
#include "store/oncall.h"
#include "store/people.h"
#include "store/settings.h"

#include <string.h>

/* Who is on call may have begun before. */
enum { OVERRIDE_SECONDS_BEFORE = 86400 };

const struct user *rehearsal_person(const struct rehearsal *rehearsal, struct id id)
{
    for (size_t i = 0; i < rehearsal->person_count; i++) {
        if (id_equal(rehearsal->people[i].id, id)) {
            return &rehearsal->people[i];
        }
    }
    return NULL;
}

const struct zone *rehearsal_zone(const struct rehearsal *rehearsal, struct id person)
{
    const struct user *user = rehearsal_person(rehearsal, person);
    struct op *op = rehearsal->facts;
    return op_zone(op, user == NULL || !str_is_set(user->timezone)
                           ? rehearsal->live->default_timezone
                           : user->timezone);
}

void rehearsal_add_person(struct rehearsal *rehearsal, const struct user *user)
{
    if (rehearsal->person_count == rehearsal->person_cap) {
        size_t cap = rehearsal->person_cap == 0 ? 8 : 2 * rehearsal->person_cap;
        struct user *people = ARENA_NEW_ARRAY(rehearsal->arena, struct user, cap);
        if (rehearsal->person_count > 0) {
            memcpy(people, rehearsal->people, rehearsal->person_count * sizeof *people);
        }
        rehearsal->people = people;
        rehearsal->person_cap = cap;
    }
    rehearsal->people[rehearsal->person_count++] = *user;
}

enum err rehearsal_copy_person(struct rehearsal *rehearsal, struct op *op, struct id id)
{
    struct user user = {0};
    struct list suppressions = {0};
    if (!id_is_set(id) || rehearsal_person(rehearsal, id) != NULL) {
        return OK;
    }
    if (rehearsal->facts->db == NULL) {
        return E_NOT_FOUND;
    }
    TRY(db_get(rehearsal->facts->db, TABLE_users, id, op->arena, &user));
    TRY(users_put(op->db, op->arena, &user));
    TRY(suppressions_of_user(rehearsal->facts->db, op->arena, id, &suppressions));
    for (size_t i = 0; i < suppressions.count; i++) {
        struct suppression row = ((const struct suppression *)suppressions.items)[i];
        row.address_hash = seal_lookup_hash(op->site->seal, op->arena, row.address);
        TRY(db_insert(op->db, TABLE_suppressions, op->arena, &row));
    }
    rehearsal_add_person(rehearsal, &user);
    return OK;
}

/* Who is not there any more is nobody here either, as for the engine. */
enum err rehearsal_copy_if_known(struct rehearsal *rehearsal, struct op *op, struct id id)
{
    enum err err = rehearsal_copy_person(rehearsal, op, id);
    return err == E_NOT_FOUND ? OK : err;
}

static enum err copy_members(struct rehearsal *rehearsal, struct op *op,
                             const struct schedule *schedule)
{
    for (size_t i = 0; i < schedule->layers.count; i++) {
        const struct schedule_layer *layer =
            &((const struct schedule_layer *)schedule->layers.items)[i];
        for (size_t j = 0; j < layer->members.count; j++) {
            const struct schedule_member *member =
                &((const struct schedule_member *)layer->members.items)[j];
            TRY(rehearsal_copy_if_known(rehearsal, op, member->user_id));
        }
    }
    return OK;
}

enum err rehearsal_copy_schedule(struct rehearsal *rehearsal, struct op *op, struct id id)
{
    struct schedule schedule = {0};
    struct schedule known = {0};
    struct list overrides = {0};
    struct override_period period = {
        .schedule = id,
        .from = instant_sub(rehearsal->start, SECONDS(OVERRIDE_SECONDS_BEFORE)),
        .to = instant_add(rehearsal->until, SECONDS(1))};
    enum err err = rehearsal->facts->db != NULL ? schedules_get(rehearsal->facts->db, op->arena,
                                                                op->site->id_key, id, &schedule)
                                                : E_NOT_FOUND;
    bool is_copied = db_get(op->db, TABLE_schedules, id, op->arena, &known) == OK;
    if (err == E_NOT_FOUND || is_copied) {
        return OK;
    }
    TRY(err);
    TRY(copy_members(rehearsal, op, &schedule));
    TRY(db_insert(op->db, TABLE_schedules, op->arena, &schedule));
    TRY(overrides_between(rehearsal->facts->db, op->arena, &period, &overrides));
    for (size_t i = 0; i < overrides.count; i++) {
        const struct schedule_override *override =
            &((const struct schedule_override *)overrides.items)[i];
        TRY(rehearsal_copy_if_known(rehearsal, op, override->user_id));
        TRY(db_insert(op->db, TABLE_schedule_overrides, op->arena, override));
    }
    return OK;
}

/* New rows have ids of their own, none that a row has which is copied. Where the past is rehearsed
 * they go back in time as the clock does. */
enum err rehearsal_begin_ids(const struct rehearsal *rehearsal, struct op *op)
{
    int64_t highest = 0;
    if (rehearsal->facts->db == NULL) {
        return OK;
    }
    TRY(settings_highest_id(rehearsal->facts->db, &highest));
    bool is_past =
        instant_before(instant_add(rehearsal->start, SECONDS(1)), id_instant((struct id){highest}));
    if (!is_past && highest > op->writer->ids.last) {
        op->writer->ids.last = highest;
    }
    return OK;
}
