#include "service/oncall_plan.h"

#include "model/formats.h"
#include "store/oncall.h"
#include "store/people.h"

#include <assert.h>

/* "08:30", whose form was checked when it came in. */
static int minutes_of(struct str hhmm)
{
    if (!str_is_set(hhmm)) {
        return 0;
    }
    assert(hhmm.len == 5);
    const char *c = hhmm.ptr;
    return (c[0] - '0') * 600 + (c[1] - '0') * 60 + (c[3] - '0') * 10 + (c[4] - '0');
}

static struct oncall_window *make_windows(struct op *op, const struct list *list)
{
    struct oncall_window *out = ARENA_NEW_ARRAY(op->arena, struct oncall_window, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        const struct schedule_window *window = list_item(list, &schedule_window_record, i);
        out[i] = (struct oncall_window){minutes_of(window->from), minutes_of(window->until),
                                        ONCALL_EVERY_DAY};
        if (str_is_set(window->days) && !weekdays_parse(window->days, &out[i].days)) {
            out[i].days = ONCALL_EVERY_DAY;
        }
    }
    return out;
}

static struct oncall_layer make_layer(struct op *op, const struct schedule_layer *layer,
                                      struct oncall_member *members)
{
    for (size_t i = 0; i < layer->members.count; i++) {
        const struct schedule_member *member =
            list_item(&layer->members, &schedule_member_record, i);
        members[i] = (struct oncall_member){.user = member->user_id};
    }
    return (struct oncall_layer){
        .kind = (enum rotation_kind)layer->kind,
        .interval = layer->interval > 0 ? layer->interval : 1,
        .handoff_minute = minutes_of(layer->handoff_time),
        .handoff_day = layer->handoff_day > 0 ? layer->handoff_day - weekday_SUN : 0,
        .start = layer->starts_at,
        .end = layer->ends_at,
        .members = members,
        .member_count = layer->members.count,
        .windows = make_windows(op, &layer->windows),
        .window_count = layer->windows.count,
    };
}

static size_t count_members(const struct schedule *schedule)
{
    size_t count = 0;
    for (size_t i = 0; i < schedule->layers.count; i++) {
        const struct schedule_layer *layer =
            list_item(&schedule->layers, &schedule_layer_record, i);
        count += layer->members.count;
    }
    return count;
}

static struct oncall_override *make_overrides(struct op *op, const struct list *rows)
{
    struct oncall_override *out =
        ARENA_NEW_ARRAY(op->arena, struct oncall_override, rows->count + 1);
    for (size_t i = 0; i < rows->count; i++) {
        const struct schedule_override *row = list_item(rows, &schedule_override_record, i);
        out[i] = (struct oncall_override){row->starts_at, row->ends_at, {.user = row->user_id}};
    }
    return out;
}

enum err oncall_plan_make(struct op *op, const struct schedule *schedule,
                          const struct list *overrides, struct oncall_plan *out)
{
    size_t count = schedule->layers.count;
    struct oncall_layer *layers = ARENA_NEW_ARRAY(op->arena, struct oncall_layer, count + 1);
    *out = (struct oncall_plan){.schedule = *schedule, .overrides = *overrides};
    out->members = ARENA_NEW_ARRAY(op->arena, struct oncall_member, count_members(schedule) + 1);
    for (size_t i = 0; i < count; i++) {
        const struct schedule_layer *layer =
            list_item(&schedule->layers, &schedule_layer_record, i);
        layers[i] = make_layer(op, layer, out->members + out->member_count);
        out->member_count += layer->members.count;
    }
    out->overrides_made = make_overrides(op, overrides);
    out->rules = (struct oncall_schedule){
        .zone = op_zone(op, schedule->timezone),
        .layers = layers,
        .layer_count = count,
        .overrides = out->overrides_made,
        .override_count = overrides->count,
    };
    return OK;
}

enum err oncall_plan_load(struct op *op, struct id schedule, struct instant from, struct instant to,
                          struct oncall_plan *out)
{
    struct schedule row = {0};
    struct list overrides = {0};
    struct override_period period = {schedule, from, to};
    TRY(op_not_found(op, schedules_get(op->db, op->arena, op->site->id_key, schedule, &row),
                     "schedule"));
    TRY(overrides_between(op->db, op->arena, &period, &overrides));
    return oncall_plan_make(op, &row, &overrides, out);
}

static enum err is_gone(struct op *op, struct id user, bool *out)
{
    struct str ignored = STR_NONE;
    enum err err = users_zone(op->db, op->arena, user, &ignored);
    *out = err == E_NOT_FOUND;
    return *out ? OK : err;
}

/* Everywhere, as gone or there. */
static void mark(struct oncall_plan *plan, struct id user, bool is_removed)
{
    for (size_t i = 0; i < plan->member_count; i++) {
        if (id_equal(plan->members[i].user, user)) {
            plan->members[i].is_removed = is_removed;
        }
    }
    for (size_t i = 0; i < plan->rules.override_count; i++) {
        if (id_equal(plan->overrides_made[i].member.user, user)) {
            plan->overrides_made[i].member.is_removed = is_removed;
        }
    }
}

static bool stands_before(const struct oncall_plan *plan, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (id_equal(plan->members[i].user, plan->members[index].user)) {
            return true;
        }
    }
    return false;
}

enum err oncall_plan_mark_removed(struct op *op, struct oncall_plan *plan)
{
    bool is_removed = false;
    for (size_t i = 0; i < plan->member_count; i++) {
        if (!stands_before(plan, i)) {
            TRY(is_gone(op, plan->members[i].user, &is_removed));
            mark(plan, plan->members[i].user, is_removed);
        }
    }
    for (size_t i = 0; i < plan->rules.override_count; i++) {
        struct oncall_member *member = &plan->overrides_made[i].member;
        if (id_is_set(member->user) && !member->is_removed) {
            TRY(is_gone(op, member->user, &member->is_removed));
        }
    }
    return OK;
}

enum err oncall_plan_answer(struct op *op, struct oncall_plan *plan, struct instant at,
                            struct oncall_answer *out)
{
    bool is_removed = true;
    while (is_removed) {
        *out = oncall_at(&plan->rules, at);
        if (!id_is_set(out->user)) {
            return OK;
        }
        TRY(is_gone(op, out->user, &is_removed));
        if (is_removed) {
            mark(plan, out->user, true);
        }
    }
    return OK;
}
