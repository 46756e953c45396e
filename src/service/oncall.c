#include "service/oncall.h"

#include "service/oncall_plan.h"
#include "store/oncall.h"

enum { YEAR_DAYS = 366 };

enum err oncall_person(struct op *op, struct id schedule, struct instant at, struct id *out)
{
    struct oncall_plan plan;
    struct oncall_answer answer;
    *out = ID_NONE;
    TRY(oncall_plan_load(op, schedule, at, instant_add(at, MILLISECONDS(1)), &plan));
    TRY(oncall_plan_answer(op, &plan, at, &answer));
    *out = answer.user;
    return OK;
}

/* The schedules that are asked about: one, by id or name, or a page of all. */
static enum err find_schedules(struct op *op, const struct oncall_input *wanted, struct list *out,
                               struct oncall_list *list)
{
    struct schedule *one = ARENA_NEW(op->arena, struct schedule);
    struct id id = ID_NONE;
    if (str_is_set(wanted->schedule)) {
        bool is_id = id_parse(op->site->id_key, wanted->schedule, &id) == OK;
        enum err err = is_id ? db_get(op->db, TABLE_schedules, id, op->arena, one)
                             : schedules_by_name(op->db, op->arena, wanted->schedule, one);
        *out = (struct list){one, 1};
        list->total = 1;
        return op_not_found(op, err, "schedule");
    }
    struct schedule_page page = {.id_key = op->site->id_key,
                                 .limit = page_limit(wanted->limit) + 1};
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(schedules_page(op->db, op->arena, &page, out));
    TRY(schedules_count(op->db, &list->total));
    const struct schedule *schedules = out->items;
    if (page_trim(op, out, page.limit - 1)) {
        list->cursor = op_cursor_text(op, schedules[out->count - 1].id);
    }
    return OK;
}

/* Until when the answer at `at` holds. */
static struct instant answer_until(const struct oncall_plan *plan, struct instant at,
                                   struct instant end)
{
    struct oncall_walk walk = oncall_walk(&plan->rules, at, end);
    struct oncall_span span;
    bool has_change = oncall_walk_next(&walk, &span) && instant_before(span.end, end);
    return has_change ? span.end : INSTANT_NONE;
}

static enum err view_oncall(struct op *op, struct id schedule, const struct oncall_input *wanted,
                            struct oncall_view *out)
{
    struct oncall_names names = {.count = 0};
    struct oncall_plan plan;
    struct instant end = instant_add(wanted->at, DAYS(YEAR_DAYS));
    TRY(oncall_plan_load(op, schedule, wanted->at, end, &plan));
    TRY(oncall_plan_mark_removed(op, &plan));
    struct oncall_answer answer = oncall_at(&plan.rules, wanted->at);
    *out = (struct oncall_view){
        .schedule_id = schedule,
        .schedule = plan.schedule.name,
        .timezone = plan.schedule.timezone,
        .is_covered = id_is_set(answer.user),
        .user_id = answer.user,
        .user_name = oncall_name(op, &names, answer.user),
        .until = answer_until(&plan, wanted->at, end),
        .reason = oncall_reason(op, &plan, &answer, &names),
    };
    if (wanted->explain) {
        out->explain = oncall_explain(op, &plan, wanted->at, &names);
    }
    return OK;
}

enum err show_oncall(struct op *op, const void *input, void *output)
{
    struct oncall_input wanted = *(const struct oncall_input *)input;
    struct oncall_list *out = output;
    struct list schedules = {0};
    TRY(op_may_read(op, ID_NONE));
    wanted.at = instant_is_set(wanted.at) ? wanted.at : op->now;
    TRY(oncall_check_instant(op, "at", wanted.at));
    TRY(oncall_check_instant(op, "at", instant_add(wanted.at, DAYS(YEAR_DAYS))));
    TRY(find_schedules(op, &wanted, &schedules, out));
    struct oncall_view *views = ARENA_NEW_ARRAY(op->arena, struct oncall_view, schedules.count + 1);
    for (size_t i = 0; i < schedules.count; i++) {
        const struct schedule *schedule = list_item(&schedules, &schedule_record, i);
        enum err err = view_oncall(op, schedule->id, &wanted, &views[i]);
        /* One that cannot be read does not hide the others. */
        bool is_lost = err == E_CORRUPT && !str_is_set(wanted.schedule);
        if (is_lost) {
            views[i] = (struct oncall_view){.schedule_id = schedule->id,
                                            .schedule = schedule->name,
                                            .reason = STR("its layers cannot be read")};
        }
        TRY(is_lost ? OK : err);
    }
    out->at = wanted.at;
    out->oncall = (struct list){views, schedules.count};
    return OK;
}
