#include "sim/scenario_internal.h"

/* The meeting's view; NULL after a failure. json_decref is owed. */
static json_t *look_meeting(struct scenario *scenario, struct str name)
{
    struct str id = scenario_get(scenario, name);
    if (!str_is_set(id)) {
        enum err ignored = scenario_fail(scenario, "there is no meeting %.*s", STR_FMT(name));
        (void)ignored;
        return NULL;
    }
    return scenario_look(scenario, "/api/v1/meetings/%.*s", STR_FMT(id));
}

static enum err compare_alert(struct scenario *scenario, json_t *alerts, struct str rest)
{
    int64_t stage = 0;
    TRY(scenario_count(scenario, words_next(&rest), &stage));
    struct str status = words_next(&rest);
    size_t index = 0;
    json_t *alert = NULL;
    json_t *found = NULL;
    json_array_foreach(alerts, index, alert)
    {
        if (json_integer_value(json_object_get(alert, "stage")) == stage) {
            found = alert;
        }
    }
    if (!scenario_is(scenario, json_object_get(found, "status"), status)) {
        return scenario_fail(scenario, "stage %lld is %.*s among %.*s", (long long)stage,
                             STR_FMT(scenario_text(scenario, json_object_get(found, "status"))),
                             STR_FMT(str_cut_utf8(scenario_text(scenario, alerts), 1500)));
    }
    return scenario_compare(scenario, rest, found, "the alert");
}

static enum err expect_alert_in(struct scenario *scenario, struct str rest, struct str member)
{
    json_t *view = look_meeting(scenario, words_next(&rest));
    if (view == NULL) {
        return E_INVALID;
    }
    enum err err = compare_alert(scenario, scenario_member(view, member), rest);
    json_decref(view);
    return err;
}

enum err expect_alert(struct scenario *scenario, struct str rest)
{
    return expect_alert_in(scenario, rest, STR(".data.alerts"));
}

enum err expect_earlier(struct scenario *scenario, struct str rest)
{
    return expect_alert_in(scenario, rest, STR(".data.earlierAlerts"));
}

enum err expect_alerts(struct scenario *scenario, struct str rest)
{
    int64_t wanted = 0;
    json_t *view = look_meeting(scenario, words_next(&rest));
    if (view == NULL) {
        return E_INVALID;
    }
    int64_t seen = (int64_t)json_array_size(scenario_member(view, STR(".data.alerts")));
    json_decref(view);
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    return seen == wanted ? OK : scenario_fail(scenario, "there are %lld alerts", (long long)seen);
}

enum err expect_meeting(struct scenario *scenario, struct str rest)
{
    json_t *view = look_meeting(scenario, words_next(&rest));
    if (view == NULL) {
        return E_INVALID;
    }
    json_t *meeting = scenario_member(view, STR(".data"));
    json_t *status = json_object_get(meeting, "status");
    enum err err = scenario_is(scenario, status, words_next(&rest))
                       ? scenario_compare(scenario, rest, meeting, "the meeting")
                       : scenario_fail(scenario, "the meeting is %.*s",
                                       STR_FMT(scenario_text(scenario, status)));
    json_decref(view);
    return err;
}

static enum err count_fitting(struct scenario *scenario, json_t *items, struct str rest)
{
    int64_t wanted = 0;
    int64_t seen = 0;
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(items, index, item)
    {
        seen += scenario_fits(scenario, rest, item);
    }
    return seen == wanted
               ? OK
               : scenario_fail(scenario, "there are %lld: %.*s", (long long)seen,
                               STR_FMT(str_cut_utf8(scenario_text(scenario, items), 1700)));
}

enum err expect_meetings(struct scenario *scenario, struct str rest)
{
    struct str user = scenario_get(scenario, words_next(&rest));
    json_t *list =
        scenario_look(scenario, "/api/v1/meetings?userId=%.*s&limit=1000", STR_FMT(user));
    enum err err = count_fitting(scenario, scenario_member(list, STR(".data.meetings")), rest);
    json_decref(list);
    return err;
}

static json_t *look_messages(struct scenario *scenario, struct str *rest)
{
    struct str user = scenario_get(scenario, words_next(rest));
    struct str channel = words_next(rest);
    return scenario_look(scenario, "/api/v1/messages?userId=%.*s&channel=%.*s&limit=1000",
                         STR_FMT(user), STR_FMT(channel));
}

enum err expect_messages(struct scenario *scenario, struct str rest)
{
    json_t *list = look_messages(scenario, &rest);
    enum err err = count_fitting(scenario, scenario_member(list, STR(".data.messages")), rest);
    json_decref(list);
    return err;
}

static enum err compare_message(struct scenario *scenario, json_t *messages, struct str rest)
{
    int64_t number = 0;
    TRY(scenario_count(scenario, words_next(&rest), &number));
    struct str state = words_next(&rest);
    json_t *message = json_array_get(messages, (size_t)(number - 1));
    json_t *seen = json_object_get(message, "state");
    struct str after = rest;
    if (!scenario_is(scenario, seen, state)) {
        return scenario_fail(scenario, "message %lld is %.*s among %.*s", (long long)number,
                             STR_FMT(scenario_text(scenario, seen)),
                             STR_FMT(str_cut_utf8(scenario_text(scenario, messages), 1700)));
    }
    if (str_equal(words_next(&after), STR("at"))) {
        struct str time = words_next(&after);
        seen = json_object_get(message, "sentAt");
        rest = after;
        if (!scenario_is(scenario, seen, time)) {
            return scenario_fail(scenario, "it was sent at %.*s",
                                 STR_FMT(scenario_text(scenario, seen)));
        }
    }
    return scenario_compare(scenario, rest, message, "the message");
}

enum err expect_message(struct scenario *scenario, struct str rest)
{
    json_t *list = look_messages(scenario, &rest);
    enum err err = compare_message(scenario, scenario_member(list, STR(".data.messages")), rest);
    json_decref(list);
    return err;
}

enum err expect_wire(struct scenario *scenario, struct str rest)
{
    struct str to = words_next(&rest);
    struct str channel = words_next(&rest);
    int64_t wanted = 0;
    int64_t seen = 0;
    struct instant at = INSTANT_NONE;
    struct instant last = INSTANT_NONE;
    char text[INSTANT_TEXT_MAX];
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    if (str_equal(words_next(&rest), STR("at"))) {
        TRY(scenario_time(scenario, words_next(&rest), &at));
    }
    for (size_t i = 0; i < scenario->world->journal_count; i++) {
        const struct mock_line *line = &scenario->world->journal_lines[i];
        bool fits = line->kind == MOCK_LINE_SEND && str_equal_nocase(line->to, to) &&
                    str_equal_text(channel, enum_name(&channel_names, (int)line->channel));
        if (fits) {
            seen++;
            last = line->at;
        }
    }
    seen += scenario_facts(scenario, CARRIER_ACCEPTED, scenario_channel(channel), to, &last);
    if (seen != wanted) {
        return scenario_fail(scenario, "the carrier accepted %lld", (long long)seen);
    }
    instant_format(last, text);
    return !instant_is_set(at) || at.us == last.us
               ? OK
               : scenario_fail(scenario, "the last was accepted at %s", text);
}

enum err expect_hung_up(struct scenario *scenario, struct str rest)
{
    int64_t wanted = 0;
    int64_t seen = 0;
    struct instant last = INSTANT_NONE;
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    for (size_t i = 0; i < scenario->world->journal_count; i++) {
        seen += scenario->world->journal_lines[i].kind == MOCK_LINE_CANCEL;
    }
    seen += scenario_facts(scenario, CARRIER_STOPPED, channel_NONE, STR_NONE, &last);
    return seen == wanted ? OK
                          : scenario_fail(scenario, "the carrier hung up %lld", (long long)seen);
}

/* The id of an incident: that of a meeting's, or a variable's value. */
static struct str incident_of(struct scenario *scenario, struct str word)
{
    struct str id = scenario_get(scenario, word);
    if (!str_is_set(id)) {
        return word; /* $ID was already put in its place. */
    }
    json_t *view = scenario_look(scenario, "/api/v1/meetings/%.*s", STR_FMT(id));
    struct str incident = scenario_text(scenario, scenario_member(view, STR(".data.incidentId")));
    json_decref(view);
    return incident;
}

enum err expect_incident(struct scenario *scenario, struct str rest)
{
    struct str id = incident_of(scenario, words_next(&rest));
    json_t *view = scenario_look(scenario, "/api/v1/incidents/%.*s", STR_FMT(id));
    json_t *incident = scenario_member(view, STR(".data"));
    json_t *state = json_object_get(incident, "state");
    enum err err = scenario_is(scenario, state, words_next(&rest))
                       ? scenario_compare(scenario, rest, incident, "the incident")
                       : scenario_fail(scenario, "the incident is %.*s: %.*s",
                                       STR_FMT(scenario_text(scenario, state)),
                                       STR_FMT(scenario_text(scenario, view)));
    json_decref(view);
    return err;
}

static enum err compare_step(struct scenario *scenario, json_t *steps, struct str rest)
{
    int64_t level = 0;
    TRY(scenario_count(scenario, words_next(&rest), &level));
    struct str status = words_next(&rest);
    json_t *step = json_array_get(steps, (size_t)(level - 1));
    json_t *seen = json_object_get(step, "status");
    if (!scenario_is(scenario, seen, status)) {
        return scenario_fail(scenario, "step %lld is %.*s among %.*s", (long long)level,
                             STR_FMT(scenario_text(scenario, seen)),
                             STR_FMT(str_cut_utf8(scenario_text(scenario, steps), 1500)));
    }
    return scenario_compare(scenario, rest, step, "the step");
}

enum err expect_step(struct scenario *scenario, struct str rest)
{
    struct str id = incident_of(scenario, words_next(&rest));
    json_t *view = scenario_look(scenario, "/api/v1/incidents/escalations/%.*s", STR_FMT(id));
    enum err err = compare_step(scenario, scenario_member(view, STR(".data.steps")), rest);
    json_decref(view);
    return err;
}

enum err expect_audit(struct scenario *scenario, struct str rest)
{
    struct str word = words_next(&rest);
    struct str action = words_next(&rest);
    struct str count = words_next(&rest);
    struct str id = scenario_get(scenario, word);
    int64_t wanted = -1;
    int64_t seen = 0;
    if (str_is_set(count)) {
        TRY(scenario_count(scenario, count, &wanted));
    }
    if (!str_is_set(id)) {
        id = word;
    }
    json_t *list = scenario_look(scenario, "/api/v1/audit?subjectId=%.*s&limit=1000", STR_FMT(id));
    json_t *events = scenario_member(list, STR(".data.events"));
    struct buf actions = {.arena = scenario->arena};
    size_t index = 0;
    json_t *event = NULL;
    json_array_foreach(events, index, event)
    {
        struct str name = scenario_text(scenario, json_object_get(event, "action"));
        seen += words_match(name, action);
        buf_printf(&actions, "%.*s ", STR_FMT(name));
    }
    json_decref(list);
    bool is_right = wanted < 0 ? seen > 0 : seen == wanted;
    return is_right ? OK
                    : scenario_fail(scenario, "it is there %lld times among %.*s", (long long)seen,
                                    STR_FMT(buf_str(&actions)));
}

enum err expect_calendar(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    struct str owner = arena_printf(scenario->arena, "%.*s_owner", STR_FMT(name));
    json_t *list = scenario_look(scenario, "/api/v1/users/%.*s/calendars",
                                 STR_FMT(scenario_get(scenario, owner)));
    size_t index = 0;
    json_t *calendar = NULL;
    json_t *found = NULL;
    json_array_foreach(scenario_member(list, STR(".data.calendars")), index, calendar)
    {
        bool is_it =
            scenario_is(scenario, json_object_get(calendar, "id"), scenario_get(scenario, name));
        found = is_it ? calendar : found;
    }
    json_t *status = json_object_get(found, "status");
    enum err err = scenario_is(scenario, status, words_next(&rest))
                       ? scenario_compare(scenario, rest, found, "the calendar")
                       : scenario_fail(scenario, "the calendar is %.*s: %.*s",
                                       STR_FMT(scenario_text(scenario, status)),
                                       STR_FMT(scenario_text(scenario, found)));
    json_decref(list);
    return err;
}

enum err expect_health(struct scenario *scenario, struct str rest)
{
    json_t *health = scenario_look(scenario, "/health");
    json_t *status = json_object_get(health, "status");
    enum err err =
        scenario_is(scenario, status, words_next(&rest))
            ? scenario_compare(scenario, rest, health, "health")
            : scenario_fail(scenario, "health is %.*s", STR_FMT(scenario_text(scenario, health)));
    json_decref(health);
    return err;
}
