#include "service/scheduled_calls.h"

static const struct duration span_max = SECONDS_INIT(62 * 86400);

static enum err check_span(struct op *op, const struct call_calendar_input *wanted)
{
    if (!instant_is_set(wanted->from) || !instant_is_set(wanted->to)) {
        return op_fail(op, E_INVALID, instant_is_set(wanted->from) ? "to" : "from",
                       "is required: a time such as 2026-01-05T00:00:00Z");
    }
    bool is_span = instant_before(wanted->from, wanted->to) &&
                   instant_since(wanted->to, wanted->from).us <= span_max.us;
    return is_span ? OK
                   : op_fail(op, E_INVALID, "to", "must be after from, and at most 62 days later");
}

enum err show_call_calendar(struct op *op, const void *input, void *output)
{
    const struct call_calendar_input *wanted = input;
    struct call_calendar *out = output;
    struct call_span span = {.user = wanted->user_id,
                             .campaign = wanted->campaign_id,
                             .from = wanted->from,
                             .to = wanted->to};
    TRY(check_span(op, wanted));
    if (op->actor.scope == key_scope_USER && !str_is_set(span.user)) {
        span.user = op_id_text(op, op->actor.user);
    }
    TRY(op_may_read(op, scheduled_call_person(op, span.user)));
    TRY(scheduled_calls_slots(op->db, op->arena, &span, &out->slots));
    const struct call_slot *slots = out->slots.items;
    for (size_t i = 0; i < out->slots.count; i++) {
        out->total += slots[i].pending + slots[i].processing + slots[i].completed +
                      slots[i].failed + slots[i].cancelled;
    }
    return OK;
}
