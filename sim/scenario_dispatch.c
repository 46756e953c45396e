/* What a scenario may expect of dispatches. */
#include "sim/scenario_internal.h"

static json_t *look(struct scenario *scenario, struct str call_id)
{
    return scenario_look(scenario, "/api/dispatch/%.*s", STR_FMT(call_id));
}

enum err expect_dispatch(struct scenario *scenario, struct str rest)
{
    json_t *view = look(scenario, words_next(&rest));
    json_t *dispatch = scenario_member(view, STR(".data"));
    json_t *state = json_object_get(dispatch, "state");
    enum err err = scenario_is(scenario, state, words_next(&rest))
                       ? scenario_compare(scenario, rest, dispatch, "the dispatch")
                       : scenario_fail(scenario, "the dispatch is %.*s: %.*s",
                                       STR_FMT(scenario_text(scenario, state)),
                                       STR_FMT(str_cut_utf8(scenario_text(scenario, view), 1700)));
    json_decref(view);
    return err;
}

enum err expect_technician(struct scenario *scenario, struct str rest)
{
    json_t *view = look(scenario, words_next(&rest));
    int64_t position = 0;
    enum err err = scenario_count(scenario, words_next(&rest), &position);
    struct str wanted = words_next(&rest);
    json_t *technician =
        json_array_get(scenario_member(view, STR(".data.technicians")), (size_t)(position - 1));
    json_t *outcome = json_object_get(technician, "outcome");
    if (err == OK && !scenario_is(scenario, outcome, wanted)) {
        err = scenario_fail(scenario, "technician %lld is %.*s", (long long)position,
                            STR_FMT(scenario_text(scenario, outcome)));
    }
    err = err == OK ? scenario_compare(scenario, rest, technician, "the technician") : err;
    json_decref(view);
    return err;
}

static enum err count_events(struct scenario *scenario, json_t *events, struct str rest)
{
    struct str kind = words_next(&rest);
    int64_t wanted = 0;
    int64_t seen = 0;
    size_t index = 0;
    json_t *event = NULL;
    struct buf list = {.arena = scenario->arena};
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    json_array_foreach(events, index, event)
    {
        struct str is = scenario_text(scenario, json_object_get(event, "kind"));
        bool fits = words_match(is, kind) && scenario_fits(scenario, rest, event);
        seen += fits ? 1 : 0;
        buf_printf(&list, "%.*s %.*s #%.*s %.*s %.*s; ", STR_FMT(is),
                   STR_FMT(scenario_text(scenario, json_object_get(event, "method"))),
                   STR_FMT(scenario_text(scenario, json_object_get(event, "attemptNumber"))),
                   STR_FMT(scenario_text(scenario, json_object_get(event, "deliveryStatus"))),
                   STR_FMT(scenario_text(scenario, json_object_get(event, "result"))));
    }
    return seen == wanted
               ? OK
               : scenario_fail(scenario, "%lld, not %lld, among %.*s", (long long)seen,
                               (long long)wanted, STR_FMT(str_cut_utf8(buf_str(&list), 1700)));
}

enum err expect_dispatched(struct scenario *scenario, struct str rest)
{
    json_t *view = look(scenario, words_next(&rest));
    enum err err = count_events(scenario, scenario_member(view, STR(".data.events")), rest);
    json_decref(view);
    return err;
}
