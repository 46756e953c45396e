#include "service/call_words.h"
#include "service/callable.h"
#include "service/holidays.h"
#include "service/scheduled_calls.h"

#include <assert.h>

enum { OCCURRENCES_SHOWN = 10 };

/* What is looked at for one preview. */
struct preview {
    const struct call_preview_input *given;
    struct scheduled_call call; /* What would be scheduled, as far as rules look at it. */
    const struct zone *zone;
    struct call_time time;
    struct call_guards guards;
    struct series_read *series; /* NULL for one call. */
};

static enum err read_times(struct op *op, struct preview *preview)
{
    const struct call_preview_input *given = preview->given;
    struct scheduled_call *call = &preview->call;
    call->phone = given->phone;
    call->timezone = given->timezone;
    call->has_timezone = str_is_set(given->timezone);
    TRY(call_zone(op, &call->timezone, &preview->zone));
    TRY(call_time_parse(op, given->scheduled_for, preview->zone, &preview->time));
    TRY(given->respects_hours ? call_hours_resolve(op, given->business_hours, call->timezone,
                                                   &preview->guards, &call->hours)
                              : call_hours_disregard(op, given->business_hours));
    if (str_is_set(call->phone)) {
        callable_add_legal(op, call, &preview->guards);
    }
    if (given->recurring == NULL) {
        return OK;
    }
    TRY(call_series_resolve(op, given->recurring, preview->zone, &preview->time,
                            &call->recurrence));
    preview->series = ARENA_NEW(op->arena, struct series_read);
    return call_series_read(op, call->recurrence, preview->zone, preview->series);
}

/* The first is the time that was asked for itself, also where its wall clock comes twice. */
static struct call_occurrence first_of(const struct preview *preview)
{
    struct call_occurrence first = {.number = 1,
                                    .place = 1,
                                    .at = preview->time.at,
                                    .wall = preview->time.wall,
                                    .runs = zone_to_civil(preview->zone, preview->time.at),
                                    .fit = ZONE_UNIQUE};
    first.fit = civil_equal(first.wall, first.runs) ? ZONE_UNIQUE : ZONE_GAP;
    return first;
}

static struct list reasons_of(struct op *op, const struct call_occurrence *occurrence,
                              const struct call_opening *opening)
{
    struct move_words *items = ARENA_NEW_ARRAY(op->arena, struct move_words, CALL_MOVES_MAX + 1);
    size_t count = 0;
    if (occurrence->fit == ZONE_GAP) {
        items[count++] = (struct move_words){
            move_reason_GAP, call_gap_words(op->arena, occurrence->wall, occurrence->runs)};
    }
    for (size_t i = 0; i < opening->move_count; i++) {
        items[count++] = (struct move_words){(int)opening->moves[i].reason,
                                             call_move_words(op->arena, &opening->moves[i])};
    }
    return (struct list){items, count};
}

static struct occurrence_view view_of(struct op *op, const struct preview *preview,
                                      const struct chain_call *call)
{
    const struct call_occurrence *occurrence = &call->occurrence;
    const struct call_opening *opening = &call->opening;
    struct occurrence_view view = {
        .number = occurrence->number,
        .requested_for = occurrence->at,
        .scheduled_for = opening->at,
        .local = call_local_text(op->arena, preview->zone, opening->at),
        .reasons = reasons_of(op, occurrence, opening),
        .skipped = occurrence->skipped,
    };
    view.is_moved = view.reasons.count > 0;
    return view;
}

/* As the calls themselves would follow one another: the next is made when the one before ends, here
 * at the instant at which it runs. */
static enum err list_calls(struct op *op, struct preview *preview, struct list *out)
{
    int64_t wanted = preview->given->count == 0 ? OCCURRENCES_SHOWN : preview->given->count;
    struct occurrence_view *views = ARENA_NEW_ARRAY(op->arena, struct occurrence_view, wanted);
    struct chain_call *calls = ARENA_NEW_ARRAY(op->arena, struct chain_call, wanted);
    struct call_occurrence first = first_of(preview);
    struct call_chain chain = {.zone = preview->zone, .hours = &preview->guards.hours};
    chain.series = preview->series == NULL ? NULL : &preview->series->series;
    size_t count = call_chain_list(&chain, &first, (size_t)wanted, calls);
    if (count == 0) {
        return callable_refuse_hours(op, &preview->call, &preview->guards,
                                     preview->given->business_hours != NULL);
    }
    TRY(scheduled_call_check_expiry(op, preview->given->expires_at, calls[0].opening.at));
    for (size_t i = 0; i < count; i++) {
        views[i] = view_of(op, preview, &calls[i]);
    }
    *out = (struct list){views, count};
    return OK;
}

static struct str join_reasons(struct op *op, const struct list *reasons)
{
    const struct move_words *items = reasons->items;
    struct buf text = {.arena = op->arena};
    for (size_t i = 0; i < reasons->count; i++) {
        buf_add_text(&text, i == 0 ? "" : "; ");
        buf_add(&text, items[i].words);
    }
    return reasons->count == 0 ? STR_NONE : buf_str(&text);
}

static enum err look_at_number(struct op *op, const struct preview *preview,
                               struct preview_view *out)
{
    struct call_permission permission = {.bar = CALL_MAY};
    out->legal_hours = callable_legal_text(op, &preview->call, &preview->guards);
    if (str_is_set(preview->call.phone)) {
        TRY(callable_ask_number(op, &preview->call, &permission));
    }
    out->may_be_called = permission.bar == CALL_MAY;
    out->refusal = permission.reason == NULL ? STR_NONE : str_from(permission.reason);
    return OK;
}

static enum err let_speak(struct op *op, const struct call_preview_input *given,
                          struct preview_view *out)
{
    struct agent agent = {0};
    struct agent_preview *speech = ARENA_NEW(op->arena, struct agent_preview);
    if (!id_is_set(given->agent_id)) {
        return OK;
    }
    enum err err = agent_load(op, given->agent_id, 0, &agent);
    TRY(agent_named(op, err, &agent));
    out->speech = speech;
    return agent_preview_speech(op, &agent, given->metadata, speech);
}

enum err preview_call(struct op *op, const void *input, void *output)
{
    struct preview *preview = ARENA_NEW(op->arena, struct preview);
    struct preview_view *out = output;
    preview->given = input;
    /* Nobody's call: it shows nothing of anybody. */
    if (str_is_set(preview->given->user_id)) {
        TRY(op_may_read(op, scheduled_call_person(op, preview->given->user_id)));
    }
    TRY(read_times(op, preview));
    *out = (struct preview_view){.timezone = preview->call.timezone};
    TRY(list_calls(op, preview, &out->occurrences));
    TRY(look_at_number(op, preview, out));
    if (preview->given->respects_hours) {
        TRY(holidays_warn(op, preview->given->business_hours, &out->warning));
    }
    TRY(let_speak(op, preview->given, out));
    const struct occurrence_view *first = out->occurrences.items;
    assert(out->occurrences.count > 0);
    out->scheduled_for = first->scheduled_for;
    out->is_moved = first->is_moved;
    out->reason = join_reasons(op, &first->reasons);
    return OK;
}
