#include "model/formats.h"
#include "model/json.h"
#include "service/holidays.h"
#include "service/occurrences.h"
#include "service/scheduled_calls.h"
#include "store/series.h"

static const char *when_text(struct op *op, const struct scheduled_call *call)
{
    char text[INSTANT_TEXT_MAX];
    return arena_cstr(op->arena, instant_format(call->scheduled_for, text));
}

/* What whoever schedules should know, as the rest of the sentence; absent for nothing. */
static enum err note_of(struct op *op, const struct schedule_call_input *given, struct str *out)
{
    struct str warning = STR_NONE;
    if (given->respects_hours) {
        TRY(holidays_warn(op, given->business_hours, &warning));
    }
    *out = !op->site->features.call
               ? STR(" Note: calls are switched off (FEATURE_CALL=false); it will not be made "
                     "unless that is changed by then.")
           : str_is_set(warning) ? arena_printf(op->arena, " Note: %.*s.", STR_FMT(warning))
                                 : STR("");
    return OK;
}

/* Which hours its time was moved into. */
static const char *moved_into(const struct op *op, const struct scheduled_call *call)
{
    bool has_legal = legal_hours_are_set(&op->site->legal_hours);
    return !str_is_set(call->hours) ? ", when legal hours open where the callee is"
           : has_legal              ? ", when business hours are open within legal hours"
                                    : ", when business hours open";
}

static void write_receipt(struct op *op, const struct scheduled_call *call, struct str note,
                          struct scheduled_call_receipt *out)
{
    bool is_moved = call->nominal_for.us != call->scheduled_for.us;
    *out = (struct scheduled_call_receipt){.id = call->id, .scheduled_for = call->scheduled_for};
    out->message = arena_printf(op->arena, "Call scheduled for %s%s.%.*s", when_text(op, call),
                                is_moved ? moved_into(op, call) : "", STR_FMT(note));
}

enum err schedule_call(struct op *op, const void *input, void *output)
{
    struct call_order order = {.input = input};
    struct scheduled_call call = {0};
    struct str note = STR_NONE;
    TRY(scheduled_call_may_change(op, order.input->user_id));
    TRY(scheduled_call_plan(op, &order, &call));
    TRY(note_of(op, order.input, &note));
    op_decided(op);
    TRY(scheduled_call_insert(op, &call));
    TRY(scheduled_call_audit(op,
                             &(struct call_change){.action = "CALL_SCHEDULED", .after = &call}));
    write_receipt(op, &call, note, output);
    return OK;
}

/* From the row's own text, which cannot be wrong unless the row is. */
static enum err read_part(struct op *op, const struct record *record, struct str text,
                          const void **out)
{
    struct json_context context = {.arena = op->arena, .id_key = op->site->id_key};
    void *part = arena_alloc(op->arena, record->size);
    *out = part;
    return record_from_json(&context, record, text, part, NULL) == OK ? OK : E_CORRUPT;
}

static enum err show_agent(struct op *op, struct scheduled_call *call)
{
    struct agent_entry entry = {0};
    struct call_agent *agent = ARENA_NEW(op->arena, struct call_agent);
    enum err err = db_get(op->db, TABLE_agents, call->agent_id, op->arena, &entry);
    TRY(err == E_NOT_FOUND ? E_CORRUPT : err);
    *agent = (struct call_agent){.id = entry.id, .name = entry.name};
    call->agent = agent;
    return OK;
}

static enum err show_series(struct op *op, struct scheduled_call *call)
{
    const void *part = NULL;
    struct call_recurrence *recurring = ARENA_NEW(op->arena, struct call_recurrence);
    TRY(read_part(op, &series_text_record, call->recurrence, &part));
    const struct series_text *series = part;
    *recurring = (struct call_recurrence){.frequency = series->frequency,
                                          .interval = series->interval,
                                          .end_date = series->end_date,
                                          .max_occurrences = series->max_occurrences,
                                          .rrule = series->rrule};
    call->recurring = recurring;
    return OK;
}

enum err scheduled_call_show(struct op *op, struct scheduled_call *call)
{
    call->priority_word = (int)scheduled_call_priority(call->priority);
    call->respects_hours = str_is_set(call->hours);
    call->is_recurring = str_is_set(call->recurrence);
    call->is_pending = call->status == call_status_pending;
    call->can_cancel = scheduled_call_waits(call);
    if (call->respects_hours) {
        TRY(read_part(op, &hours_input_record, call->hours, &call->business_hours));
    }
    if (call->is_recurring) {
        TRY(show_series(op, call));
    }
    return call->agent == NULL ? show_agent(op, call) : OK;
}

/* A day is read in DEFAULT_TIMEZONE; its end is that of the day. */
static enum err read_bound(struct op *op, struct str text, bool is_end, struct instant *out)
{
    int64_t seconds = 0;
    if (!str_is_set(text) || instant_parse(text, out) == OK) {
        return OK;
    }
    struct str midnight = arena_printf(op->arena, "%.*sT00:00", STR_FMT(text));
    if (!wall_clock_parse(midnight, &seconds)) {
        return op_fail(op, E_INVALID, is_end ? "endDate" : "startDate", "must be a time or a day");
    }
    struct civil wall = civil_add_days(civil_from_seconds(seconds), is_end ? 1 : 0);
    *out = zone_to_instant(op_zone(op, STR_NONE), wall, NULL);
    *out = is_end ? instant_sub(*out, MILLISECONDS(1)) : *out;
    return OK;
}

static int64_t of_status(const struct call_tally *tally, int status)
{
    switch ((enum call_status)status) {
    case call_status_pending:
        return tally->pending;
    case call_status_processing:
        return tally->processing;
    case call_status_completed:
        return tally->completed;
    case call_status_failed:
        return tally->failed;
    case call_status_cancelled:
        return tally->cancelled;
    case call_status_NONE:
    case call_status_COUNT:
        break;
    }
    return tally->total;
}

/* From the counters, but for filters that they do not know. */
static enum err count_calls(struct op *op, const struct call_page *page, int64_t *out)
{
    struct call_tally tally = {0};
    bool is_of_user = str_is_set(page->user);
    bool is_counted = !id_is_set(page->agent) && !instant_is_set(page->from) &&
                      !instant_is_set(page->until) && is_of_user != id_is_set(page->campaign);
    if (!is_counted) {
        return scheduled_calls_count(op->db, page, out);
    }
    TRY(call_counts_read(
        op->db, is_of_user ? count_scope_USER : count_scope_CAMPAIGN,
        is_of_user ? call_counts_owner(op->site, page->user) : page->campaign.value, &tally));
    *out = of_status(&tally, page->status);
    return OK;
}

static enum err read_filters(struct op *op, const struct scheduled_call_list_input *wanted,
                             struct call_page *out)
{
    *out = (struct call_page){.user = wanted->user_id,
                              .campaign = wanted->campaign_id,
                              .agent = wanted->agent_id,
                              .status = wanted->status,
                              .limit = page_limit(wanted->limit) + 1};
    if (op->actor.scope == key_scope_USER && !str_is_set(out->user)) {
        out->user = op_id_text(op, op->actor.user);
    }
    TRY(op_cursor(op, wanted->cursor, &out->before));
    if (!str_is_set(out->user) && !id_is_set(out->campaign)) {
        return op_fail(op, E_INVALID, "userId", "is required: whose calls?");
    }
    TRY(op_may_read(op, scheduled_call_person(op, out->user)));
    TRY(read_bound(op, wanted->start_date, false, &out->from));
    return read_bound(op, wanted->end_date, true, &out->until);
}

/* What cannot be read of one call does not hide the others, nor that there is such a call. */
static enum err show_listed(struct op *op, struct scheduled_call *call)
{
    enum err err = scheduled_call_show(op, call);
    if (!str_is_set(call->phone)) {
        call->warning = STR("Its number and metadata cannot be opened: the key that sealed them is "
                            "lost, or the row is damaged.");
    } else if (err == E_CORRUPT) {
        call->warning = STR("Its hours, its series or its agent cannot be read.");
    }
    return err == E_CORRUPT ? OK : err;
}

enum err list_scheduled_calls(struct op *op, const void *input, void *output)
{
    struct scheduled_call_list *out = output;
    struct call_page page = {0};
    TRY(read_filters(op, input, &page));
    TRY(scheduled_calls_page(op->db, op->arena, &page, &out->calls));
    TRY(count_calls(op, &page, &out->total));
    bool has_more = page_trim(op, &out->calls, page.limit - 1);
    struct scheduled_call *shown =
        ARENA_NEW_ARRAY(op->arena, struct scheduled_call, out->calls.count + 1);
    const struct scheduled_call *rows = out->calls.items;
    for (size_t i = 0; i < out->calls.count; i++) {
        shown[i] = rows[i];
        bool is_same = i > 0 && id_equal(shown[i - 1].agent_id, shown[i].agent_id);
        shown[i].agent = is_same ? shown[i - 1].agent : NULL;
        TRY(show_listed(op, &shown[i]));
    }
    out->calls.items = shown;
    if (has_more) {
        out->cursor = op_cursor_text(op, shown[out->calls.count - 1].id);
    }
    return OK;
}

static enum err no_such_call(struct op *op)
{
    return op_fail(op, E_CALL_NOT_FOUND, NULL, "there is no such scheduled call");
}

static enum err load(struct op *op, struct scheduled_call *out)
{
    enum err err = scheduled_calls_get(op->db, op->arena, op->path_id, out);
    return err == E_NOT_FOUND ? no_such_call(op) : err;
}

enum err get_scheduled_call(struct op *op, const void *input, void *output)
{
    (void)input;
    struct scheduled_call *call = output;
    TRY(load(op, call));
    TRY(op_may_read(op, scheduled_call_person(op, call->user_id)));
    return scheduled_call_show(op, call);
}

/* A call of this owner; to others there is nothing here. */
static enum err load_own(struct op *op, struct str user, struct scheduled_call *out)
{
    TRY(scheduled_call_may_change(op, user));
    TRY(load(op, out));
    return str_equal(out->user_id, user) ? OK : no_such_call(op);
}

/* Why this call cannot be changed any more, and what can be done instead. */
static enum err refuse_change(struct op *op, const struct scheduled_call *call, const char *what)
{
    struct id items[1];
    struct call_ids waiting = {.items = items, .max = 1};
    const char *status = enum_name(&call_status_names, call->status);
    if (call->status == call_status_processing) {
        return op_fail(op, E_OPERATION, NULL,
                       instant_is_set(call->next_run)
                           ? "only a pending call can be %s; this one waits for its next attempt, "
                             "and can be cancelled"
                           : "a call that is processing cannot be %s while an attempt is under "
                             "way; once that is over the call can be cancelled, or the next of its "
                             "series; a number on the do-not-call list is not called again",
                       what);
    }
    if (str_is_set(call->recurrence)) {
        struct id first = id_is_set(call->parent_id) ? call->parent_id : call->id;
        TRY(series_waiting(op->db, first, call->id, &waiting));
    }
    return waiting.count == 0
               ? op_fail(op, E_OPERATION, NULL, "only a pending call can be %s; this one is %s",
                         what, status)
               : op_fail(op, E_OPERATION, NULL,
                         "only a pending call can be %s; this one is %s; the next of its series is "
                         "%.*s",
                         what, status, STR_FMT(op_id_text(op, items[0])));
}

enum err cancel_scheduled_call(struct op *op, const void *input, void *output)
{
    const struct cancel_call_input *given = input;
    struct scheduled_call_receipt *out = output;
    struct scheduled_call call = {0};
    struct call_ending ending = {.why = "cancelled", .goes_on = given->only_this};
    TRY(load_own(op, given->user_id, &call));
    if (!scheduled_call_waits(&call)) {
        return refuse_change(op, &call, "cancelled");
    }
    TRY(scheduled_call_end_waiting(op, &call, &ending));
    if (!ending.goes_on) {
        TRY(scheduled_call_end_rest(op, &call, &ending));
    }
    *out = (struct scheduled_call_receipt){.id = call.id, .status = call.status};
    TRY(scheduled_call_follow(op, &call, &out->next_id));
    out->message = id_is_set(out->next_id)
                       ? STR("Call cancelled; the next of its series is scheduled.")
                       : STR("Call cancelled.");
    return OK;
}

enum err reschedule_call(struct op *op, const void *input, void *output)
{
    const struct reschedule_call_input *given = input;
    struct scheduled_call_receipt *out = output;
    struct scheduled_call call = {0};
    const struct zone *zone = NULL;
    struct call_time time = {0};
    TRY(load_own(op, given->user_id, &call));
    if (call.status != call_status_pending) {
        return refuse_change(op, &call, "rescheduled");
    }
    TRY(call_zone(op, &call.timezone, &zone));
    TRY(call_time_parse(op, given->scheduled_for, zone, &time));
    *out = (struct scheduled_call_receipt){.id = call.id};
    TRY(scheduled_call_set_time(op, &call, time.at, &out->next_id));
    out->scheduled_for = call.scheduled_for;
    out->message = arena_printf(
        op->arena, "Call rescheduled for %s%s.%s", when_text(op, &call),
        time.at.us == call.scheduled_for.us ? "" : moved_into(op, &call),
        id_is_set(out->next_id) ? " Its series stays where it is: the next one is scheduled." : "");
    return OK;
}
