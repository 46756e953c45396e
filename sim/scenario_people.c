#include "sim/scenario_internal.h"

#include <stdlib.h>
#include <string.h>

static enum err members_of(struct scenario *scenario, struct str text, json_t **out)
{
    json_error_t error;
    *out = text.len == 0 ? json_object() : json_loadb(text.ptr, text.len, 0, &error);
    return *out != NULL ? OK : scenario_fail(scenario, "the members are no JSON: %s", error.text);
}

/* The text of an object, which is given up. */
static struct str dump(struct scenario *scenario, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    struct str result = arena_str(scenario->arena, str_from(text));
    free(text);
    json_decref(object);
    return result;
}

static void set_text(json_t *object, const char *member, struct str text)
{
    json_object_set_new(object, member, json_stringn(text.ptr, text.len));
}

static struct str path_of(struct scenario *scenario, const char *format, struct str id)
{
    struct buf path = {.arena = scenario->arena};
    struct str rest = str_from(format);
    size_t mark = str_find_byte(rest, '%', 0);
    buf_add(&path, str_slice(rest, 0, mark));
    buf_add(&path, id);
    buf_add(&path, str_slice(rest, mark + 1, rest.len));
    return buf_str(&path);
}

/* $name is the id in the last answer, where that was a success. */
static enum err take_id(struct scenario *scenario, struct str name, struct str member)
{
    json_t *id = scenario_member(scenario->answer, member);
    return json_is_string(id) ? scenario_set(scenario, name, scenario_text(scenario, id)) : OK;
}

enum err do_user(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    json_t *members = NULL;
    TRY(members_of(scenario, words_next(&rest), &members));
    if (json_object_get(members, "name") == NULL) {
        set_text(members, "name", name);
    }
    struct str body = dump(scenario, members);
    if (scenario->person_count == PEOPLE_MAX) {
        return scenario_fail(scenario, "more than %d people", PEOPLE_MAX);
    }
    scenario->people[scenario->person_count++] =
        (struct scenario_person){arena_str(scenario->arena, name), body};
    TRY(scenario_request(scenario, HTTP_POST, STR("/api/v1/users"), body));
    return take_id(scenario, name, STR(".data.id"));
}

enum err do_change(struct scenario *scenario, struct str rest)
{
    struct str id = scenario_get(scenario, words_next(&rest));
    return scenario_request(scenario, HTTP_PATCH, path_of(scenario, "/api/v1/users/%", id),
                            str_trim(rest));
}

enum err do_remove(struct scenario *scenario, struct str rest)
{
    struct str id = scenario_get(scenario, words_next(&rest));
    return scenario_request(scenario, HTTP_DELETE, path_of(scenario, "/api/v1/users/%", id),
                            STR_NONE);
}

enum err do_key(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    struct str id = scenario_get(scenario, words_next(&rest));
    TRY(scenario_request(scenario, HTTP_POST, path_of(scenario, "/api/v1/users/%/keys", id),
                         STR("{\"name\":\"a key\"}")));
    return take_id(scenario, name, STR(".data.key"));
}

enum err do_as(struct scenario *scenario, struct str rest)
{
    struct str word = words_next(&rest);
    scenario->key = str_equal(word, STR("admin"))    ? STR(WORLD_ADMIN_KEY)
                    : str_equal(word, STR("nobody")) ? STR_NONE
                                                     : arena_str(scenario->arena, word);
    return OK;
}

static void set_time(json_t *object, const char *member, struct instant at)
{
    char text[INSTANT_TEXT_MAX];
    set_text(object, member, instant_format(at, text));
}

/* The id of a meeting by what its source calls it. */
static enum err learn_meeting(struct scenario *scenario, const struct scenario_meeting *meeting)
{
    struct str user = scenario_get(scenario, meeting->user);
    json_t *list =
        scenario_look(scenario, "/api/v1/meetings?userId=%.*s&limit=1000", STR_FMT(user));
    json_t *meetings = scenario_member(list, STR(".data.meetings"));
    size_t index = 0;
    json_t *item = NULL;
    enum err err = OK;
    json_array_foreach(meetings, index, item)
    {
        if (scenario_is(scenario, json_object_get(item, "externalId"), meeting->name)) {
            err = scenario_set(scenario, meeting->name,
                               scenario_text(scenario, json_object_get(item, "eventId")));
        }
    }
    json_decref(list);
    return err;
}

static enum err push(struct scenario *scenario, const struct scenario_meeting *meeting)
{
    json_t *event = NULL;
    TRY(members_of(scenario, meeting->members, &event));
    set_text(event, "externalId", meeting->name);
    set_text(event, "title", meeting->title);
    set_time(event, "startsAt", meeting->start);
    set_time(event, "endsAt", instant_add(meeting->start, meeting->length));
    if (str_is_set(meeting->status)) {
        set_text(event, "status", meeting->status);
    }
    json_t *body = json_object();
    set_text(body, "userId", scenario_get(scenario, meeting->user));
    json_object_set_new(body, "events", json_pack("[o]", event));
    TRY(scenario_request(scenario, HTTP_POST, STR("/calendar/sync"), dump(scenario, body)));
    if (scenario->status != 200 || str_is_set(scenario_get(scenario, meeting->name))) {
        return OK;
    }
    return learn_meeting(scenario, meeting);
}

enum err do_meeting(struct scenario *scenario, struct str rest)
{
    TRY(scenario_needs_world(scenario));
    if (scenario->meeting_count == PLANNED_MAX) {
        return scenario_fail(scenario, "more than %d meetings", PLANNED_MAX);
    }
    struct scenario_meeting *meeting = &scenario->meetings[scenario->meeting_count];
    meeting->name = arena_str(scenario->arena, words_next(&rest));
    meeting->user = arena_str(scenario->arena, words_next(&rest));
    TRY(scenario_time(scenario, words_next(&rest), &meeting->start));
    TRY(scenario_duration(scenario, words_next(&rest), &meeting->length));
    meeting->title = arena_str(scenario->arena, words_next(&rest));
    meeting->members = arena_str(scenario->arena, words_next(&rest));
    if (scenario_person_of(scenario, meeting->user) == NULL) {
        return scenario_fail(scenario, "nobody is called %.*s", STR_FMT(meeting->user));
    }
    scenario->meeting_count++;
    return push(scenario, meeting);
}

static enum err push_again(struct scenario *scenario, struct str rest, struct str status)
{
    struct scenario_meeting *meeting = scenario_meeting_of(scenario, words_next(&rest));
    if (meeting == NULL) {
        return scenario_fail(scenario, "this scenario has pushed no such meeting");
    }
    if (str_is_set(status)) {
        meeting->status = status;
    } else {
        TRY(scenario_time(scenario, words_next(&rest), &meeting->start));
    }
    return push(scenario, meeting);
}

enum err do_move(struct scenario *scenario, struct str rest)
{
    return push_again(scenario, rest, STR_NONE);
}

enum err do_cancel(struct scenario *scenario, struct str rest)
{
    return push_again(scenario, rest, STR("CANCELLED"));
}

enum err do_decline(struct scenario *scenario, struct str rest)
{
    return push_again(scenario, rest, STR("DECLINED"));
}

enum err do_restore(struct scenario *scenario, struct str rest)
{
    return push_again(scenario, rest, STR("SCHEDULED"));
}

enum err do_find(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    struct str user = scenario_get(scenario, words_next(&rest));
    struct str title = words_next(&rest);
    struct str time = words_next(&rest);
    json_t *list =
        scenario_look(scenario, "/api/v1/meetings?userId=%.*s&limit=1000", STR_FMT(user));
    json_t *meetings = scenario_member(list, STR(".data.meetings"));
    size_t index = 0;
    json_t *item = NULL;
    struct str found = STR_NONE;
    json_array_foreach(meetings, index, item)
    {
        bool fits =
            scenario_is(scenario, json_object_get(item, "title"), title) &&
            (!str_is_set(time) || scenario_is(scenario, json_object_get(item, "startsAt"), time));
        if (fits && !str_is_set(found)) {
            found = scenario_text(scenario, json_object_get(item, "eventId"));
        }
    }
    struct str seen = scenario_text(scenario, meetings);
    json_decref(list);
    return str_is_set(found) ? scenario_set(scenario, name, found)
                             : scenario_fail(scenario, "there is no such meeting among %.*s",
                                             STR_FMT(str_cut_utf8(seen, 1500)));
}

enum err do_sync(struct scenario *scenario, struct str rest)
{
    json_t *body = json_object();
    set_text(body, "userId", scenario_get(scenario, words_next(&rest)));
    return scenario_request(scenario, HTTP_POST, STR("/calendar/sync"), dump(scenario, body));
}

enum err do_calendar(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    struct str user = words_next(&rest);
    struct str kind = words_next(&rest);
    struct str key = STR_NONE;
    struct str value = STR_NONE;
    json_t *body = json_object();
    set_text(body, "kind", kind);
    if (str_equal(kind, STR("upload"))) {
        set_text(body, "ics", scenario->heredoc);
    } else {
        set_text(body, "url", words_next(&rest));
    }
    while (words_option(&rest, &key, &value)) {
        set_text(body, arena_cstr(scenario->arena, key), value);
    }
    struct str path = path_of(scenario, "/api/v1/users/%/calendars", scenario_get(scenario, user));
    TRY(scenario_request(scenario, HTTP_POST, path, dump(scenario, body)));
    TRY(take_id(scenario, name, STR(".data.id")));
    struct str owner = arena_printf(scenario->arena, "%.*s_owner", STR_FMT(name));
    return scenario_set(scenario, owner, scenario_get(scenario, user));
}

enum err do_drop(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    struct str owner = arena_printf(scenario->arena, "%.*s_owner", STR_FMT(name));
    struct str path =
        arena_printf(scenario->arena, "/api/v1/users/%.*s/calendars/%.*s",
                     STR_FMT(scenario_get(scenario, owner)), STR_FMT(scenario_get(scenario, name)));
    return scenario_request(scenario, HTTP_DELETE, path, STR_NONE);
}

struct str scenario_address(struct scenario *scenario, struct str word, struct str channel)
{
    const struct scenario_person *person = scenario_person_of(scenario, word);
    if (person == NULL) {
        return word;
    }
    json_t *members = json_loadb(person->members.ptr, person->members.len, 0, NULL);
    json_t *phone = json_object_get(members, "phone");
    json_t *own = json_object_get(members, str_equal(channel, STR("EMAIL"))      ? "email"
                                           : str_equal(channel, STR("WHATSAPP")) ? "whatsapp"
                                                                                 : "phone");
    struct str address = scenario_text(scenario, own == NULL ? phone : own);
    json_decref(members);
    return address;
}

enum err do_phone(struct scenario *scenario, struct str rest)
{
    struct str who = words_next(&rest);
    struct str line = rest;
    struct str channel = words_next(&rest);
    struct str action = str_trim(rest);
    TRY(scenario_needs_world(scenario));
    if (world_has_carrier(scenario->world, scenario_channel(channel))) {
        return scenario_script_carrier(scenario, scenario_address(scenario, who, channel), line);
    }
    size_t after = str_find(action, STR(" after "));
    json_t *body = json_object();
    set_text(body, "phone", scenario_address(scenario, who, channel));
    set_text(body, "channel", channel);
    set_text(body, "do", str_slice(action, 0, after));
    if (after < action.len) {
        int64_t seconds = 0;
        enum err err = scenario_count(scenario, str_slice(action, after + 7, action.len), &seconds);
        json_object_set_new(body, "afterSeconds", json_integer(seconds));
        if (err != OK) {
            json_decref(body);
            return err;
        }
    }
    return scenario_request(scenario, HTTP_POST, STR("/api/v1/mock/answers"), dump(scenario, body));
}

enum err do_link(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    struct str id = scenario_get(scenario, words_next(&rest));
    struct str reader = scenario_get(scenario, words_next(&rest));
    json_t *list =
        scenario_look(scenario, "/api/v1/messages?subjectId=%.*s%s%.*s&limit=1000", STR_FMT(id),
                      str_is_set(reader) ? "&userId=" : "", STR_FMT(reader));
    json_t *messages = scenario_member(list, STR(".data.messages"));
    struct str path = STR_NONE;
    for (size_t i = json_array_size(messages); i > 0 && !str_is_set(path); i--) {
        struct str text =
            scenario_text(scenario, json_object_get(json_array_get(messages, i - 1), "text"));
        size_t of_meeting = str_find(text, STR("/l/"));
        size_t of_step = str_find(text, STR("/s/"));
        size_t at = of_meeting < text.len ? of_meeting
                    : of_step < text.len  ? of_step
                                          : str_find(text, STR("/d/"));
        path = at < text.len ? str_slice(text, at, at + 35) : STR_NONE;
    }
    json_decref(list);
    return str_is_set(path) ? scenario_set(scenario, name, path)
                            : scenario_fail(scenario, "no message about it has a link");
}

enum err do_checkin(struct scenario *scenario, struct str rest)
{
    struct str id = scenario_get(scenario, words_next(&rest));
    json_t *body = json_object();
    set_text(body, "userId", scenario_get(scenario, words_next(&rest)));
    set_text(body, "status", words_next(&rest));
    if (str_equal(words_next(&rest), STR("force"))) {
        json_object_set_new(body, "force", json_true());
    }
    return scenario_request(scenario, HTTP_POST, path_of(scenario, "/meetings/%/checkin", id),
                            dump(scenario, body));
}
