#include "service/oncall.h"
#include "service/oncall_plan.h"
#include "service/operator.h"
#include "store/oncall.h"

enum { PREVIEW_SPANS_MAX = 1000, SCHEDULES_A_TURN = 10 };

enum err oncall_check_instant(struct op *op, const char *field, struct instant at)
{
    if (at.us < 0 || at.us / 1000000 >= ONCALL_SECOND_MAX) {
        return op_fail(op, E_INVALID, field, "must lie between 1970 and 2390");
    }
    return OK;
}

enum err oncall_period(struct op *op, struct instant *from, struct instant *to)
{
    *from = instant_is_set(*from) ? *from : op->now;
    TRY(oncall_check_instant(op, "from", *from));
    *to = instant_is_set(*to) ? *to : instant_add(*from, DAYS(ONCALL_AHEAD_DAYS));
    TRY(oncall_check_instant(op, "to", *to));
    if (!instant_before(*from, *to) ||
        instant_since(*to, *from).us > DAYS(ONCALL_PERIOD_DAYS_MAX).us) {
        return op_fail(op, E_INVALID, "to", "must be after from, and at most %d days later",
                       ONCALL_PERIOD_DAYS_MAX);
    }
    return OK;
}

struct oncall_span_view oncall_view_span(struct op *op, const struct oncall_plan *plan,
                                         const struct oncall_span *span, struct oncall_names *names)
{
    return (struct oncall_span_view){
        .start = span->start,
        .end = span->end,
        .user_id = span->answer.user,
        .user_name = names == NULL ? STR_NONE : oncall_name(op, names, span->answer.user),
        .reason = oncall_reason(op, plan, &span->answer, names),
    };
}

void oncall_spans(struct op *op, const struct span_query *query, struct oncall_names *names,
                  struct span_result *out)
{
    struct oncall_span_view *views =
        ARENA_NEW_ARRAY(op->arena, struct oncall_span_view, (size_t)query->limit + 1);
    struct oncall_walk walk = oncall_walk(&query->plan->rules, query->from, query->to);
    struct oncall_span span;
    int64_t gap_us = 0;
    *out = (struct span_result){.views.items = views};
    while (oncall_walk_next(&walk, &span)) {
        bool is_gap = !id_is_set(span.answer.user);
        gap_us += is_gap ? instant_since(span.end, span.start).us : 0;
        if (query->gaps_only && !is_gap) {
            continue;
        }
        bool is_wanted = out->total >= query->first && (int64_t)out->views.count < query->limit;
        if (is_wanted) {
            views[out->views.count++] = oncall_view_span(op, query->plan, &span, names);
        }
        out->total++;
    }
    int64_t whole_us = instant_since(query->to, query->from).us;
    out->gap_seconds = gap_us / 1000000;
    out->coverage_percent = (whole_us - gap_us) * 100 / whole_us;
}

/* The cursor of the next page counts spans. */
static struct str next_cursor(const struct op *op, const struct span_query *query,
                              const struct span_result *result)
{
    int64_t shown = query->first + (int64_t)result->views.count;
    return shown < result->total ? op_cursor_text(op, (struct id){shown}) : STR_NONE;
}

/* A page of the spans of a period, or of its gaps only. */
static enum err list_spans(struct op *op, const struct spans_input *wanted, bool gaps_only,
                           struct span_list *out)
{
    struct oncall_names names = {.count = 0};
    struct oncall_plan plan;
    struct span_result result;
    struct id first = ID_NONE;
    struct span_query query = {
        .plan = &plan, .from = wanted->from, .to = wanted->to, .gaps_only = gaps_only};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &first));
    TRY(oncall_period(op, &query.from, &query.to));
    TRY(oncall_plan_load(op, op->path_id, query.from, query.to, &plan));
    TRY(oncall_plan_mark_removed(op, &plan));
    query.first = first.value;
    query.limit = page_limit(wanted->limit);
    oncall_spans(op, &query, &names, &result);
    *out = (struct span_list){
        .from = query.from,
        .to = query.to,
        .coverage_percent = result.coverage_percent,
        .spans = result.views,
        .total = result.total,
        .cursor = next_cursor(op, &query, &result),
    };
    return OK;
}

enum err list_schedule_spans(struct op *op, const void *input, void *output)
{
    return list_spans(op, input, false, output);
}

enum err list_schedule_gaps(struct op *op, const void *input, void *output)
{
    const struct page_input *page = input;
    struct spans_input wanted = {.limit = page->limit, .cursor = page->cursor};
    struct span_list list = {0};
    TRY(list_spans(op, &wanted, true, &list));
    *(struct gap_list *)output = (struct gap_list){
        .from = list.from,
        .to = list.to,
        .coverage_percent = list.coverage_percent,
        .gaps = list.spans,
        .total = list.total,
        .cursor = list.cursor,
    };
    return OK;
}

static enum err check_preview(struct op *op, const struct schedule_preview_input *wanted)
{
    TRY(schedule_check(op, wanted->schedule, "schedule."));
    for (size_t i = 0; i < wanted->overrides.count; i++) {
        struct str prefix = arena_printf(op->arena, "overrides[%zu].", i);
        TRY(schedule_override_check(op, list_item(&wanted->overrides, &schedule_override_record, i),
                                    prefix.ptr));
    }
    return OK;
}

enum err preview_schedule(struct op *op, const void *input, void *output)
{
    const struct schedule_preview_input *wanted = input;
    struct oncall_names names = {.count = 0};
    struct oncall_plan plan;
    struct span_query query = {
        .plan = &plan, .from = wanted->from, .to = wanted->to, .limit = PREVIEW_SPANS_MAX};
    struct span_result spans;
    struct span_result gaps;
    TRY(op_may_read(op, ID_NONE));
    TRY(check_preview(op, wanted));
    TRY(oncall_period(op, &query.from, &query.to));
    TRY(oncall_plan_make(op, wanted->schedule, &wanted->overrides, &plan));
    oncall_spans(op, &query, &names, &spans);
    query.gaps_only = true;
    oncall_spans(op, &query, &names, &gaps);
    *(struct schedule_preview *)output = (struct schedule_preview){
        .from = query.from,
        .to = query.to,
        .coverage_percent = spans.coverage_percent,
        .spans = spans.views,
        .gaps = gaps.views,
        .total = spans.total,
    };
    return OK;
}

static struct operator_note note_of(struct op *op, const struct schedule *schedule)
{
    struct str id = op_id_text(op, schedule->id);
    return (struct operator_note){
        .key = arena_printf(op->arena, "gaps:%.*s", STR_FMT(id)),
        .subject_type = subject_type_SCHEDULE,
        .subject = schedule->id,
    };
}

static enum err tell(struct op *op, const struct schedule *schedule, const struct span_result *gaps)
{
    struct operator_note note = note_of(op, schedule);
    const struct oncall_span_view *first = gaps->views.items;
    char start[INSTANT_TEXT_MAX];
    char end[INSTANT_TEXT_MAX];
    note.title = arena_printf(op->arena, "nobody is on call in \"%.*s\" for a while",
                              STR_FMT(schedule->name));
    note.text = arena_printf(
        op->arena,
        "In the next %d days nobody is on call for %lld h %lld min, in %lld %s. The first is "
        "from %.*s to %.*s: %.*s. Add a layer or an override, or say with alarmGaps that gaps are "
        "meant.",
        ONCALL_AHEAD_DAYS, (long long)(gaps->gap_seconds / 3600),
        (long long)(gaps->gap_seconds / 60 % 60), (long long)gaps->total,
        gaps->total == 1 ? "gap" : "gaps", STR_FMT(instant_format(first->start, start)),
        STR_FMT(instant_format(first->end, end)), STR_FMT(first->reason));
    return operator_tell(op, &note);
}

enum err oncall_forget_gaps(struct op *op, const struct schedule *schedule)
{
    struct operator_note note = note_of(op, schedule);
    note.title = arena_printf(op->arena, "\"%.*s\" has no gaps any more", STR_FMT(schedule->name));
    note.text = arena_printf(op->arena,
                             "Somebody is on call for all of the next %d days, or nobody asks any "
                             "more.",
                             ONCALL_AHEAD_DAYS);
    return operator_recovered(op, &note);
}

enum err oncall_tell_gaps(struct op *op, struct id schedule)
{
    struct oncall_plan plan;
    struct span_result gaps;
    struct instant to = instant_add(op->now, DAYS(ONCALL_AHEAD_DAYS));
    struct span_query query = {
        .plan = &plan, .from = op->now, .to = to, .gaps_only = true, .limit = 1};
    TRY(oncall_plan_load(op, schedule, op->now, to, &plan));
    TRY(oncall_plan_mark_removed(op, &plan));
    oncall_spans(op, &query, NULL, &gaps);
    bool is_alarm = plan.schedule.alarms_gaps && gaps.total > 0;
    return is_alarm ? tell(op, &plan.schedule, &gaps) : oncall_forget_gaps(op, &plan.schedule);
}

enum err oncall_look_for_gaps(struct op *op, struct night_walk *walk)
{
    struct schedule_page page = {
        .after = walk->after, .id_key = op->site->id_key, .limit = SCHEDULES_A_TURN};
    struct list schedules = {0};
    TRY(schedules_page(op->db, op->arena, &page, &schedules));
    for (size_t i = 0; i < schedules.count; i++) {
        const struct schedule *schedule = list_item(&schedules, &schedule_record, i);
        TRY(schedule->layers.count == 0 ? OK : oncall_tell_gaps(op, schedule->id));
        walk->after = schedule->id;
    }
    walk->is_done = schedules.count < SCHEDULES_A_TURN;
    return OK;
}
