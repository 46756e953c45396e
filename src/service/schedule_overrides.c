#include "service/oncall.h"
#include "service/oncall_plan.h"
#include "store/oncall.h"
#include "store/people.h"

enum { OVERRIDES_AHEAD_MAX = 1000 };

static const char *place_of(struct op *op, const char *prefix, const char *member)
{
    return arena_printf(op->arena, "%s%s", prefix, member).ptr;
}

enum err schedule_override_check(struct op *op, const struct schedule_override *override,
                                 const char *prefix)
{
    const char *who = place_of(op, prefix, "userId");
    const char *end = place_of(op, prefix, "end");
    struct str ignored = STR_NONE;
    TRY(oncall_check_instant(op, place_of(op, prefix, "start"), override->starts_at));
    TRY(oncall_check_instant(op, end, override->ends_at));
    if (!instant_before(override->starts_at, override->ends_at)) {
        return op_fail(op, E_INVALID, end, "must be after the start");
    }
    if (id_is_set(override->user_id) == override->is_nobody) {
        return op_fail(op, E_INVALID, who, "give either userId or \"nobody\": true");
    }
    enum err err =
        override->is_nobody ? OK : users_zone(op->db, op->arena, override->user_id, &ignored);
    return err == E_NOT_FOUND ? op_fail(op, E_INVALID, who, "there is no such person") : err;
}

static enum err load_schedule(struct op *op, struct schedule *out)
{
    enum err err = schedules_get(op->db, op->arena, op->site->id_key, op->path_id, out);
    return op_not_found(op, err, "schedule");
}

/* The schedule is of a new revision, and may have other gaps. */
static enum err changed(struct op *op, struct id schedule)
{
    TRY(schedules_touch(op->db, schedule, op->now));
    return oncall_tell_gaps(op, schedule);
}

static enum err audit_override(struct op *op, const char *action,
                               const struct schedule_override *override, bool is_new)
{
    struct str text = op_record_text(op, &schedule_override_record, override);
    return op_audit(op, (struct audit_entry){.action = action,
                                             .subject_type = subject_type_SCHEDULE,
                                             .subject = override->schedule_id,
                                             .user = override->user_id,
                                             .before = is_new ? STR_NONE : text,
                                             .after = is_new ? text : STR_NONE});
}

enum err create_schedule_override(struct op *op, const void *input, void *output)
{
    struct schedule_override *override = output;
    struct schedule schedule = {0};
    int64_t ahead = 0;
    *override = *(const struct schedule_override *)input;
    TRY(op_may_change(op, ID_NONE));
    TRY(load_schedule(op, &schedule));
    TRY(schedule_override_check(op, override, ""));
    if (!instant_before(op->now, override->ends_at)) {
        return op_fail(op, E_INVALID, "end", "must be in the future");
    }
    TRY(overrides_count(op->db, schedule.id, op->now, &ahead));
    if (ahead >= OVERRIDES_AHEAD_MAX) {
        return op_fail(op, E_CONFLICT, NULL, "a schedule has at most %d overrides ahead",
                       OVERRIDES_AHEAD_MAX);
    }
    override->id = op_new_id(op);
    override->schedule_id = schedule.id;
    override->created_at = op->now;
    TRY(db_insert(op->db, TABLE_schedule_overrides, op->arena, override));
    TRY(audit_override(op, "OVERRIDE_CREATED", override, true));
    return changed(op, schedule.id);
}

enum err list_schedule_overrides(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct schedule_override_list *out = output;
    struct schedule schedule = {0};
    struct override_page page = {.limit = page_limit(wanted->limit) + 1};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(load_schedule(op, &schedule));
    page.schedule = schedule.id;
    TRY(overrides_page(op->db, op->arena, &page, &out->overrides));
    TRY(overrides_count(op->db, schedule.id, INSTANT_NONE, &out->total));
    const struct schedule_override *overrides = out->overrides.items;
    if (page_trim(op, &out->overrides, page.limit - 1)) {
        out->cursor = op_cursor_text(op, overrides[out->overrides.count - 1].id);
    }
    return OK;
}

/* What has been on call until now has been; the rest of it is withdrawn. */
enum err delete_schedule_override(struct op *op, const void *input, void *output)
{
    (void)input;
    struct schedule_override row = {0};
    TRY(op_may_change(op, ID_NONE));
    enum err err = db_get(op->db, TABLE_schedule_overrides, op->path_id2, op->arena, &row);
    bool is_theirs =
        err == OK && id_equal(row.schedule_id, op->path_id) && !instant_is_set(row.deleted_at);
    TRY(op_not_found(op, err == OK && !is_theirs ? E_NOT_FOUND : err, "override"));
    if (!instant_before(op->now, row.ends_at)) {
        return op_fail(op, E_CONFLICT, NULL, "this override is over; it stays to explain the past");
    }
    TRY(audit_override(op, "OVERRIDE_REMOVED", &row, false));
    /* Rows count milliseconds. */
    if (instant_ms(row.starts_at) < instant_ms(op->now)) {
        row.ends_at = op->now;
    } else {
        row.deleted_at = op->now;
    }
    TRY(db_update(op->db, TABLE_schedule_overrides, op->arena, &row));
    *(struct removed *)output = (struct removed){.id = row.id, .deleted = true};
    return changed(op, row.schedule_id);
}
