#include "service/lint.h"
#include "service/oncall.h"
#include "service/oncall_plan.h"
#include "service/people.h"
#include "store/oncall.h"
#include "store/people.h"

#include <assert.h>

/* Where in the body something is wrong. */
static const char *layer_place(struct op *op, const char *prefix, size_t index, const char *member)
{
    return arena_printf(op->arena, "%slayers[%zu].%s", prefix, index, member).ptr;
}

static enum err check_person(struct op *op, const char *field, struct id user)
{
    struct str ignored = STR_NONE;
    enum err err = users_zone(op->db, op->arena, user, &ignored);
    return err == E_NOT_FOUND ? op_fail(op, E_INVALID, field, "there is no such person") : err;
}

static enum err check_rotation(struct op *op, const struct schedule_layer *layer, size_t index,
                               const char *prefix)
{
    bool has_time = str_is_set(layer->handoff_time);
    bool has_day = layer->handoff_day != weekday_NONE;
    bool is_hourly = layer->kind == rotation_kind_HOURLY;
    bool is_weekly = layer->kind == rotation_kind_WEEKLY;
    if (has_time == is_hourly) {
        return op_fail(op, E_INVALID, layer_place(op, prefix, index, "rotation.handoffTime"),
                       is_hourly ? "HOURLY counts its hours from the start; leave it out"
                                 : "DAILY and WEEKLY need the local time of the handoff");
    }
    if (has_day != is_weekly) {
        return op_fail(op, E_INVALID, layer_place(op, prefix, index, "rotation.handoffDay"),
                       is_weekly ? "WEEKLY needs the day of the handoff" : "only WEEKLY has a day");
    }
    TRY(oncall_check_instant(op, layer_place(op, prefix, index, "rotation.start"),
                             layer->starts_at));
    const char *end = layer_place(op, prefix, index, "rotation.end");
    TRY(oncall_check_instant(op, end, layer->ends_at));
    if (instant_is_set(layer->ends_at) && !instant_before(layer->starts_at, layer->ends_at)) {
        return op_fail(op, E_INVALID, end, "must be after the start");
    }
    return OK;
}

static enum err check_layer(struct op *op, const struct schedule_layer *layer, size_t index,
                            const char *prefix)
{
    TRY(check_rotation(op, layer, index, prefix));
    for (size_t i = 0; i < layer->members.count; i++) {
        const struct schedule_member *item = list_item(&layer->members, &schedule_member_record, i);
        struct str member = arena_printf(op->arena, "members[%zu].userId", i);
        TRY(check_person(op, layer_place(op, prefix, index, member.ptr), item->user_id));
    }
    return OK;
}

static bool is_one_line(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

enum err schedule_check(struct op *op, const struct schedule *schedule, const char *prefix)
{
    TRY(check_timezone(op, arena_printf(op->arena, "%s%s", prefix, "timezone").ptr,
                       schedule->timezone));
    if (text_is_uuid(schedule->name)) {
        return op_fail(op, E_INVALID, arena_printf(op->arena, "%s%s", prefix, "name").ptr,
                       "must not look like an id");
    }
    if (!is_one_line(schedule->name)) {
        return op_fail(op, E_INVALID, arena_printf(op->arena, "%s%s", prefix, "name").ptr,
                       "must be one line without control characters");
    }
    for (size_t i = 0; i < schedule->layers.count; i++) {
        TRY(check_layer(op, list_item(&schedule->layers, &schedule_layer_record, i), i, prefix));
    }
    return OK;
}

/* An interval that was left out is 1. */
static void fill_in(struct op *op, struct schedule *schedule)
{
    size_t count = schedule->layers.count;
    struct schedule_layer *layers = ARENA_NEW_ARRAY(op->arena, struct schedule_layer, count + 1);
    for (size_t i = 0; i < count; i++) {
        layers[i] =
            *(const struct schedule_layer *)list_item(&schedule->layers, &schedule_layer_record, i);
        layers[i].interval = layers[i].interval > 0 ? layers[i].interval : 1;
    }
    schedule->layers.items = layers;
    schedule_layers_write(op->arena, op->site->id_key, schedule);
}

static enum err check_name(struct op *op, const struct schedule *schedule)
{
    struct schedule other = {0};
    enum err err = schedules_by_name(op->db, op->arena, schedule->name, &other);
    if (err == OK && !id_equal(other.id, schedule->id)) {
        return op_fail(op, E_DUPLICATE, "name", "another schedule is called so");
    }
    return err == E_NOT_FOUND ? OK : err;
}

static enum err audit_schedule(struct op *op, const char *action, const struct schedule *before,
                               const struct schedule *after)
{
    const struct schedule *either = after != NULL ? after : before;
    assert(either != NULL);
    return op_audit(
        op, (struct audit_entry){
                .action = action,
                .subject_type = subject_type_SCHEDULE,
                .subject = either->id,
                .before = before == NULL ? STR_NONE : op_record_text(op, &schedule_record, before),
                .after = after == NULL ? STR_NONE : op_record_text(op, &schedule_record, after)});
}

/* What follows from a schedule that was saved. */
static enum err look_over(struct op *op, struct schedule *schedule)
{
    TRY(lint_schedule_saved(op, schedule->id, &schedule->findings));
    return oncall_tell_gaps(op, schedule->id);
}

enum err create_schedule(struct op *op, const void *input, void *output)
{
    struct schedule *schedule = output;
    *schedule = *(const struct schedule *)input;
    TRY(op_may_change(op, ID_NONE));
    TRY(schedule_check(op, schedule, ""));
    TRY(check_name(op, schedule));
    fill_in(op, schedule);
    schedule->id = op_new_id(op);
    schedule->revision = 1;
    schedule->created_at = schedule->updated_at = op->now;
    TRY(db_insert(op->db, TABLE_schedules, op->arena, schedule));
    TRY(audit_schedule(op, "SCHEDULE_CREATED", NULL, schedule));
    return look_over(op, schedule);
}

static enum err load(struct op *op, struct schedule *out)
{
    enum err err = schedules_get(op->db, op->arena, op->site->id_key, op->path_id, out);
    return op_not_found(op, err, "schedule");
}

enum err list_schedules(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct schedule_list *out = output;
    struct schedule_page page = {.id_key = op->site->id_key,
                                 .limit = page_limit(wanted->limit) + 1};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(schedules_page(op->db, op->arena, &page, &out->schedules));
    TRY(schedules_count(op->db, &out->total));
    const struct schedule *schedules = out->schedules.items;
    if (page_trim(op, &out->schedules, page.limit - 1)) {
        out->cursor = op_cursor_text(op, schedules[out->schedules.count - 1].id);
    }
    return OK;
}

enum err get_schedule(struct op *op, const void *input, void *output)
{
    (void)input;
    TRY(op_may_read(op, ID_NONE));
    return load(op, output);
}

enum err replace_schedule(struct op *op, const void *input, void *output)
{
    struct schedule *schedule = output;
    struct schedule before = {0};
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, &before));
    *schedule = *(const struct schedule *)input;
    schedule->id = before.id;
    TRY(schedule_check(op, schedule, ""));
    TRY(check_name(op, schedule));
    fill_in(op, schedule);
    schedule->revision = before.revision + 1;
    schedule->created_at = before.created_at;
    schedule->updated_at = op->now;
    TRY(db_update(op->db, TABLE_schedules, op->arena, schedule));
    TRY(audit_schedule(op, "SCHEDULE_CHANGED", &before, schedule));
    return look_over(op, schedule);
}

enum err delete_schedule(struct op *op, const void *input, void *output)
{
    (void)input;
    struct schedule schedule = {0};
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, &schedule));
    schedule.deleted_at = schedule.updated_at = op->now;
    schedule.revision++;
    TRY(db_update(op->db, TABLE_schedules, op->arena, &schedule));
    TRY(schedule_feeds_revoke(op->db, schedule.id, op->now));
    TRY(lint_forget(op, subject_type_SCHEDULE, schedule.id));
    TRY(oncall_forget_gaps(op, &schedule));
    *(struct removed *)output = (struct removed){.id = schedule.id, .deleted = true};
    return audit_schedule(op, "SCHEDULE_REMOVED", &schedule, NULL);
}
