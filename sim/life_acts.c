#include "sim/life.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

static int below(struct life *life, int limit)
{
    return (int)rng_below(&life->rng, (uint64_t)limit);
}

static bool chance(struct life *life, unsigned part, unsigned whole)
{
    return rng_chance(&life->rng, part, whole);
}

static const char *pick(struct life *life, const char *const *words, size_t count)
{
    return words[rng_below(&life->rng, count)];
}

struct life_person *life_person(struct life *life)
{
    return &life->people[rng_below(&life->rng, LIFE_PEOPLE)];
}

struct str life_uuid(struct life *life, const struct value *value)
{
    char text[ID_TEXT_MAX];
    struct id id = {value->number};
    return arena_str(life->scratch, id_format(life->world->plant.site.id_key, id, text));
}

/* A random row's id as the UUID of the API; STR_NONE where the query has none. */
struct str life_pick_id(struct life *life, const char *sql)
{
    struct peek rows = peek_rows(&life->world->store, life->scratch, sql, 1);
    if (rows.rows == 0) {
        return STR_NONE;
    }
    return life_uuid(life, peek_cell(&rows, rng_below(&life->rng, rows.rows), 0));
}

struct str life_answer_text(struct life *life, const char *member)
{
    struct str body = life->world->answer.body;
    size_t at = str_find(body, str_from(member));
    size_t from = at + strlen(member);
    return at == body.len
               ? STR_NONE
               : arena_str(life->arena, str_slice(body, from, str_find_byte(body, '"', from)));
}

static struct str random_members(struct life *life, int number)
{
    static const char *const zones[] = {"UTC", "America/New_York", "Asia/Kolkata",
                                        "Australia/Lord_Howe"};
    struct buf out = {.arena = life->arena};
    buf_printf(&out, "{\"name\":\"P%d\",\"timezone\":\"%s\"", number,
               pick(life, zones, ARRAY_LENGTH(zones)));
    if (chance(life, 9, 10)) {
        buf_printf(&out, ",\"phone\":\"+1415555010%d\"", number);
    }
    if (chance(life, 9, 10)) {
        buf_printf(&out, ",\"email\":\"p%d@example.com\"", number);
    }
    if (chance(life, 1, 4)) {
        buf_add_text(&out, ",\"preferredChannel\":\"WHATSAPP\"");
    }
    if (chance(life, 1, 3)) {
        buf_printf(&out, ",\"quietHours\":{\"start\":\"%02d:%02d\",\"end\":\"%02d:00\"}",
                   below(life, 24), below(life, 60), below(life, 24));
    }
    if (chance(life, 1, 6)) {
        buf_add_text(&out, ",\"callOptIn\":false");
    }
    if (chance(life, 1, 2)) {
        buf_printf(&out, ",\"emergencyContact\":{\"name\":\"E%d\",\"phone\":\"+1415555019%d\"}",
                   number, number);
    }
    buf_add_byte(&out, '}');
    return buf_str(&out);
}

void life_people_born(struct life *life)
{
    for (int i = 0; i < LIFE_PEOPLE; i++) {
        struct life_person *person = &life->people[i];
        int status = life_ask(life, HTTP_POST, "/api/v1/users", random_members(life, i));
        person->id = life_answer_text(life, "\"id\":\"");
        person->phone = arena_printf(life->arena, "+1415555010%d", i);
        person->email = arena_printf(life->arena, "p%d@example.com", i);
        person->feed_url = arena_printf(life->arena, "https://cal.example/%d.ics", i);
        life_say(life, "person %d: %d", i, status);
        if (chance(life, 1, 2)) {
            char path[TEXT_MAX];
            snprintf(path, sizeof path, "/api/v1/users/%.*s/calendars", STR_FMT(person->id));
            struct str body = arena_printf(life->scratch, "{\"kind\":\"ics\",\"url\":\"%.*s\"}",
                                           STR_FMT(person->feed_url));
            life_say(life, "its calendar: %d", life_ask(life, HTTP_POST, path, body));
        }
    }
}

static void push(struct life *life, const struct life_person *person, int number,
                 const char *status)
{
    char start[INSTANT_TEXT_MAX];
    char end[INSTANT_TEXT_MAX];
    struct instant *known = &life->starts[number % LIFE_STARTS];
    struct instant at = *known;
    if (number == life->pushed || !instant_is_set(at) || chance(life, 1, 2)) {
        at = instant_add(world_now(life->world), SECONDS(rng_between(&life->rng, -300, 5400)));
    }
    /* Sometimes the old start is kept in mind, so that a meeting moves away and back. */
    *known = number == life->pushed || chance(life, 1, 2) ? at : *known;
    instant_format(at, start);
    instant_format(instant_add(at, MINUTES(1 + below(life, 60))), end);
    struct str body = arena_printf(
        life->scratch,
        "{\"userId\":\"%.*s\",\"events\":[{\"externalId\":\"m%d\",\"title\":\"M%d\",\"startsAt\":"
        "\"%s\",\"endsAt\":\"%s\",\"status\":\"%s\"}]}",
        STR_FMT(person->id), number, number, start, end, status);
    int code = life_ask(life, HTTP_POST, "/calendar/sync", body);
    life_say(life, "push m%d of %.*s at %s %s: %d", number, STR_FMT(person->email), start, status,
             code);
}

void life_push(struct life *life)
{
    push(life, &life->people[life->pushed % LIFE_PEOPLE], life->pushed, "SCHEDULED");
    life->pushed++;
}

void life_change_meeting(struct life *life)
{
    static const char *const states[] = {"SCHEDULED", "SCHEDULED", "CANCELLED", "DECLINED",
                                         "TENTATIVE"};
    if (life->pushed > 0) {
        int back = below(life, life->pushed < 8 ? life->pushed : 8);
        push(life, &life->people[(life->pushed - 1 - back) % LIFE_PEOPLE], life->pushed - 1 - back,
             pick(life, states, ARRAY_LENGTH(states)));
    }
}

/* Mostly by the meeting's own person, and mostly about one that is near. */
void life_check_in(struct life *life)
{
    struct str sql =
        arena_printf(life->scratch,
                     "SELECT id, user_id FROM meetings ORDER BY abs(starts_at - %lld), id LIMIT 5",
                     (long long)instant_ms(world_now(life->world)));
    struct peek rows = peek_rows(&life->world->store, life->scratch, sql.ptr, 2);
    if (rows.rows == 0) {
        return;
    }
    size_t row = rng_below(&life->rng, rows.rows);
    struct str user =
        chance(life, 7, 8) ? life_uuid(life, peek_cell(&rows, row, 1)) : life_person(life)->id;
    char path[TEXT_MAX];
    snprintf(path, sizeof path, "/meetings/%.*s/checkin",
             STR_FMT(life_uuid(life, peek_cell(&rows, row, 0))));
    bool is_joining = chance(life, 2, 3);
    struct str body = arena_printf(
        life->scratch, "{\"userId\":\"%.*s\",\"status\":\"%s\",\"force\":%s}", STR_FMT(user),
        is_joining ? "JOINED" : "MISSED", chance(life, 1, 3) ? "true" : "false");
    life_say(life, "%s %s: %d", path, is_joining ? "JOINED" : "MISSED",
             life_ask(life, HTTP_POST, path, body));
}

/* Good events before a wrong one: the good ones must leave no trace. */
void life_refused_push(struct life *life)
{
    char start[INSTANT_TEXT_MAX];
    instant_format(instant_add(world_now(life->world), MINUTES(1 + below(life, 60))), start);
    struct str body = arena_printf(
        life->scratch,
        "{\"userId\":\"%.*s\",\"events\":[{\"externalId\":\"never\",\"startsAt\":\"%s\"},"
        "{\"externalId\":\"wrong\",\"startsAt\":\"%s\",\"endsAt\":\"2026-01-01T00:00:00Z\"}]}",
        STR_FMT(life_person(life)->id), start, start);
    life_say(life, "a push that is refused: %d", life_ask(life, HTTP_POST, "/calendar/sync", body));
}

void life_mock(struct life *life, struct str to, const char *channel, const char *action)
{
    struct str body = arena_printf(
        life->scratch, "{\"phone\":\"%.*s\",\"channel\":\"%s\",\"do\":\"%s\",\"afterSeconds\":%d}",
        STR_FMT(to), channel, action, below(life, 60));
    life_say(life, "%.*s will %s on %s: %d", STR_FMT(to), action, channel,
             life_ask(life, HTTP_POST, "/api/v1/mock/answers", body));
}

void life_script_phone(struct life *life)
{
    static const char *const calls[] = {"press 1", "press 2", "ignore", "busy", "voicemail"};
    static const char *const texts[] = {"reply in", "reply 2", "reply what?", "ignore"};
    const struct life_person *person = life_person(life);
    if (life->has_carrier) {
        life_handset(life, person->phone);
    } else if (chance(life, 1, 2)) {
        life_mock(life, person->phone, "CALL", pick(life, calls, ARRAY_LENGTH(calls)));
    } else {
        life_mock(life, person->phone, chance(life, 1, 2) ? "SMS" : "WHATSAPP",
                  pick(life, texts, ARRAY_LENGTH(texts)));
    }
}

void life_incident(struct life *life)
{
    static const char *const verbs[] = {"acknowledge", "escalate", "resolve", "cancel"};
    struct str id = life_pick_id(life, "SELECT id FROM incidents ORDER BY id DESC LIMIT 5");
    char path[TEXT_MAX];
    if (!str_is_set(id) || chance(life, 1, 3)) {
        struct str body = arena_printf(
            life->scratch, "{\"title\":\"I\",\"userId\":\"%.*s\",\"policy\":\"%s\"}",
            STR_FMT(life_person(life)->id), chance(life, 1, 2) ? "default" : "missed-meeting");
        life_say(life, "an incident: %d", life_ask(life, HTTP_POST, "/incidents", body));
        return;
    }
    snprintf(path, sizeof path, "/incidents/%.*s/%s", STR_FMT(id),
             pick(life, verbs, ARRAY_LENGTH(verbs)));
    life_say(life, "%s: %d", path, life_ask(life, HTTP_POST, path, STR_NONE));
}

void life_change_person(struct life *life)
{
    const struct life_person *person = life_person(life);
    char path[TEXT_MAX];
    snprintf(path, sizeof path, "/api/v1/users/%.*s", STR_FMT(person->id));
    struct str body = arena_printf(
        life->scratch,
        "{\"quietHours\":{\"start\":\"%02d:00\",\"end\":\"%02d:30\"},\"callOptIn\":%s}",
        below(life, 24), below(life, 24), chance(life, 3, 4) ? "true" : "false");
    life_say(life, "%.*s changes: %d", STR_FMT(person->email),
             life_ask(life, HTTP_PATCH, path, body));
}

void life_sync(struct life *life)
{
    struct str body =
        arena_printf(life->scratch, "{\"userId\":\"%.*s\"}", STR_FMT(life_person(life)->id));
    life_say(life, "sync: %d", life_ask(life, HTTP_POST, "/calendar/sync", body));
}

void life_nothing(struct life *life)
{
    (void)life;
}

/* What comes next of what somebody can answer: its row, whom it is about, when, and which. */
static const char next_answerable[] =
    "SELECT m.id, m.user_id, a.due_at AS due, 0 FROM alerts a JOIN meetings m ON m.id=a.meeting_id"
    " WHERE a.status='PENDING' UNION ALL SELECT incident_id, 0, scheduled_at, 1 FROM steps"
    " WHERE status='PENDING' UNION ALL SELECT id, user_id, check_at, 0 FROM meetings"
    " WHERE check_at IS NOT NULL ORDER BY due LIMIT 1";

void life_last_second(struct life *life)
{
    enum { ID, USER, DUE, IS_INCIDENT, COLUMNS };
    struct peek rows = peek_rows(&life->world->store, life->scratch, next_answerable, COLUMNS);
    char path[TEXT_MAX];
    if (rows.rows == 0) {
        return;
    }
    int64_t due_us = peek_cell(&rows, 0, DUE)->number * 1000;
    int64_t until = due_us - SECONDS(1).us - world_now(life->world).us;
    struct str id = life_uuid(life, peek_cell(&rows, 0, ID));
    if (until <= 0 || until > HOURS(2).us) {
        return;
    }
    life_pass(life, (struct duration){until});
    if (peek_cell(&rows, 0, IS_INCIDENT)->number != 0) {
        static const char *const verbs[] = {"acknowledge", "resolve", "cancel"};
        snprintf(path, sizeof path, "/incidents/%.*s/%s", STR_FMT(id),
                 pick(life, verbs, ARRAY_LENGTH(verbs)));
        life_say(life, "a second before: %s: %d", path, life_ask(life, HTTP_POST, path, STR_NONE));
        return;
    }
    struct str body = arena_printf(life->scratch, "{\"userId\":\"%.*s\",\"status\":\"JOINED\"}",
                                   STR_FMT(life_uuid(life, peek_cell(&rows, 0, USER))));
    snprintf(path, sizeof path, "/meetings/%.*s/checkin", STR_FMT(id));
    life_say(life, "a second before: %s JOINED: %d", path, life_ask(life, HTTP_POST, path, body));
}
