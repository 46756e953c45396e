#include "service/oncall_plan.h"

#include <assert.h>

struct str oncall_name(struct op *op, struct oncall_names *names, struct id user)
{
    struct user row = {0};
    for (size_t i = 0; i < names->count; i++) {
        if (id_equal(names->ids[i], user)) {
            return names->names[i];
        }
    }
    bool is_there =
        id_is_set(user) && db_get_brief(op->db, TABLE_users, user, op->arena, &row) == OK;
    struct str name = is_there ? row.name : STR_NONE;
    if (names->count < ARRAY_LENGTH(names->ids)) {
        names->ids[names->count] = user;
        names->names[names->count++] = name;
    }
    return name;
}

static struct str time_words(struct op *op, struct instant at)
{
    char text[INSTANT_TEXT_MAX];
    return arena_str(op->arena, instant_format(at, text));
}

static const struct schedule_layer *layer_row(const struct oncall_plan *plan, size_t index)
{
    return list_item(&plan->schedule.layers, &schedule_layer_record, index);
}

static const struct schedule_override *override_row(const struct oncall_plan *plan, size_t index)
{
    return list_item(&plan->overrides, &schedule_override_record, index);
}

struct str oncall_rule_words(struct op *op, const struct oncall_plan *plan,
                             enum oncall_source source, size_t index)
{
    if (source == ONCALL_BY_NOTHING) {
        return STR("no rule");
    }
    if (source == ONCALL_BY_OVERRIDE) {
        const struct schedule_override *row = override_row(plan, index);
        return arena_printf(op->arena, "the override from %.*s to %.*s",
                            STR_FMT(time_words(op, row->starts_at)),
                            STR_FMT(time_words(op, row->ends_at)));
    }
    struct str name = layer_row(plan, index)->name;
    return str_is_set(name) ? arena_printf(op->arena, "layer %zu (%.*s)", index + 1, STR_FMT(name))
                            : arena_printf(op->arena, "layer %zu", index + 1);
}

static struct str removed_words(struct op *op, struct str rule, struct id user,
                                struct oncall_names *names)
{
    struct str name = names == NULL ? STR_NONE : oncall_name(op, names, user);
    return str_is_set(name)
               ? arena_printf(op->arena, "%.*s: it is the turn of %.*s, who was removed",
                              STR_FMT(rule), STR_FMT(name))
               : arena_printf(op->arena, "%.*s: it is the turn of a person who was removed",
                              STR_FMT(rule));
}

struct str oncall_reason(struct op *op, const struct oncall_plan *plan,
                         const struct oncall_answer *answer, struct oncall_names *names)
{
    struct str rule = oncall_rule_words(op, plan, answer->source, answer->index);
    switch (answer->ruling.verdict) {
    case oncall_verdict_ON_CALL:
        return rule;
    case oncall_verdict_NOBODY:
        return arena_printf(op->arena, "%.*s: nobody", STR_FMT(rule));
    case oncall_verdict_REMOVED:
        return removed_words(op, rule, answer->ruling.member.user, names);
    case oncall_verdict_RESTRICTED:
        return STR("no layer covers this time of day or day of the week");
    case oncall_verdict_NOT_BEGUN:
        return STR("no layer has begun yet");
    case oncall_verdict_ENDED:
        return STR("every layer has ended");
    case oncall_verdict_NONE:
    case oncall_verdict_COVERED:
    case oncall_verdict_COUNT:
        break;
    }
    return STR("there are no rules");
}

/* A rule says what it says; below the one that decides it could at most have said so. */
static void take_ruling(struct oncall_rule_view *view, const struct oncall_ruling *ruling,
                        bool *is_decided)
{
    view->user_id = ruling->member.user;
    view->verdict = (int)ruling->verdict;
    bool decides =
        ruling->verdict == oncall_verdict_ON_CALL || ruling->verdict == oncall_verdict_NOBODY;
    if (decides && *is_decided) {
        view->verdict = oncall_verdict_COVERED;
    }
    *is_decided = *is_decided || decides;
}

static const char *verdict_words(int verdict)
{
    static const char *const words[oncall_verdict_COUNT] = {
        [oncall_verdict_ON_CALL] = "is on call",
        [oncall_verdict_NOBODY] = "says that nobody is on call",
        [oncall_verdict_REMOVED] = "would be on call, but was removed",
        [oncall_verdict_RESTRICTED] = "does not cover this time of day or day of the week",
        [oncall_verdict_NOT_BEGUN] = "has not begun",
        [oncall_verdict_ENDED] = "has ended",
        [oncall_verdict_COVERED] = "does not count: a rule above decides",
    };
    assert(verdict > 0 && verdict < oncall_verdict_COUNT);
    return words[verdict];
}

/* "Layer 2 (Nights): Ana is on call, in shift 14 from … to …" */
static struct str sentence(struct op *op, const struct oncall_rule_view *view)
{
    struct buf text = {.arena = op->arena};
    bool has_person =
        view->verdict == oncall_verdict_ON_CALL || view->verdict == oncall_verdict_REMOVED;
    buf_printf(&text, "%.*s", STR_FMT(view->rule));
    if (has_person && str_is_set(view->user_name)) {
        buf_printf(&text, ": %.*s", STR_FMT(view->user_name));
    }
    buf_printf(&text, " %s", verdict_words(view->verdict));
    if (has_person && view->layer > 0) {
        buf_printf(&text, ", in the shift from %.*s to %.*s",
                   STR_FMT(time_words(op, view->shift_start)),
                   STR_FMT(time_words(op, view->shift_end)));
    }
    return buf_str(&text);
}

static struct oncall_rule_view view_override(struct op *op, const struct oncall_plan *plan,
                                             size_t index)
{
    const struct oncall_override *override = &plan->rules.overrides[index];
    return (struct oncall_rule_view){
        .rule = oncall_rule_words(op, plan, ONCALL_BY_OVERRIDE, index),
        .override_id = override_row(plan, index)->id,
        .shift_start = override->start,
        .shift_end = override->end,
    };
}

static struct oncall_rule_view view_layer(struct op *op, const struct oncall_plan *plan,
                                          size_t index, struct instant at)
{
    const struct oncall_layer *layer = &plan->rules.layers[index];
    struct oncall_rule_view view = {
        .rule = oncall_rule_words(op, plan, ONCALL_BY_LAYER, index),
        .layer = (int64_t)index + 1,
    };
    bool has_ended = instant_is_set(layer->end) && !instant_before(at, layer->end);
    if (!instant_before(at, layer->start) && !has_ended) {
        struct oncall_shift shift = oncall_shift_at(layer, plan->rules.zone, at);
        view.shift_start = shift.start;
        view.shift_end = shift.end;
    }
    return view;
}

struct list oncall_explain(struct op *op, const struct oncall_plan *plan, struct instant at,
                           struct oncall_names *names)
{
    const struct oncall_schedule *rules = &plan->rules;
    struct oncall_rule_view *views = ARENA_NEW_ARRAY(
        op->arena, struct oncall_rule_view, rules->override_count + rules->layer_count + 1);
    size_t count = 0;
    bool is_decided = false;
    for (size_t i = rules->override_count; i-- > 0;) {
        if (oncall_override_covers(&rules->overrides[i], at)) {
            struct oncall_ruling ruling = oncall_override_ruling(&rules->overrides[i]);
            views[count] = view_override(op, plan, i);
            take_ruling(&views[count++], &ruling, &is_decided);
        }
    }
    for (size_t i = rules->layer_count; i-- > 0;) {
        struct oncall_ruling ruling = oncall_layer_at(&rules->layers[i], rules->zone, at);
        views[count] = view_layer(op, plan, i, at);
        take_ruling(&views[count++], &ruling, &is_decided);
    }
    for (size_t i = 0; i < count; i++) {
        views[i].user_name = oncall_name(op, names, views[i].user_id);
        views[i].text = sentence(op, &views[i]);
    }
    return (struct list){views, count};
}
