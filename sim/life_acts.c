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

static struct life_person *pick_person(struct life *life)
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
static struct str pick_id(struct life *life, const char *sql)
{
    struct peek rows = peek_rows(&life->world->store, life->scratch, sql, 1);
    if (rows.rows == 0) {
        return STR_NONE;
    }
    return life_uuid(life, peek_cell(&rows, rng_below(&life->rng, rows.rows), 0));
}

static struct str ask_text(struct life *life, const char *member)
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
        person->id = ask_text(life, "\"id\":\"");
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

static void act_push(struct life *life)
{
    push(life, &life->people[life->pushed % LIFE_PEOPLE], life->pushed, "SCHEDULED");
    life->pushed++;
}

static void act_change_meeting(struct life *life)
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
static void act_check_in(struct life *life)
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
        chance(life, 7, 8) ? life_uuid(life, peek_cell(&rows, row, 1)) : pick_person(life)->id;
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
static void act_refused(struct life *life)
{
    char start[INSTANT_TEXT_MAX];
    instant_format(instant_add(world_now(life->world), MINUTES(1 + below(life, 60))), start);
    struct str body = arena_printf(
        life->scratch,
        "{\"userId\":\"%.*s\",\"events\":[{\"externalId\":\"never\",\"startsAt\":\"%s\"},"
        "{\"externalId\":\"wrong\",\"startsAt\":\"%s\",\"endsAt\":\"2026-01-01T00:00:00Z\"}]}",
        STR_FMT(pick_person(life)->id), start, start);
    life_say(life, "a push that is refused: %d", life_ask(life, HTTP_POST, "/calendar/sync", body));
}

static void act_script(struct life *life)
{
    static const char *const calls[] = {
        "press 1", "press 2", "ignore",      "busy",        "voicemail",
        "timeout", "timeout", "unreachable", "refuse auth", "refuse provider_error"};
    static const char *const texts[] = {"reply in",
                                        "reply 2",
                                        "reply what?",
                                        "ignore",
                                        "timeout",
                                        "timeout",
                                        "unreachable",
                                        "unreachable",
                                        "refuse rate_limited",
                                        "refuse invalid_number"};
    static const char *const mails[] = {"timeout", "unreachable", "refuse rejected_content",
                                        "ignore"};
    const struct life_person *person = pick_person(life);
    int which = below(life, 4);
    if (life->has_carrier && which < 3) {
        life_handset(life, person->phone);
        return;
    }
    const char *channel = which == 0   ? "CALL"
                          : which == 1 ? "SMS"
                          : which == 2 ? "WHATSAPP"
                                       : "EMAIL";
    const char *action = which == 0   ? pick(life, calls, ARRAY_LENGTH(calls))
                         : which == 3 ? pick(life, mails, ARRAY_LENGTH(mails))
                                      : pick(life, texts, ARRAY_LENGTH(texts));
    struct str body = arena_printf(
        life->scratch, "{\"phone\":\"%.*s\",\"channel\":\"%s\",\"do\":\"%s\",\"afterSeconds\":%d}",
        STR_FMT(which == 3 ? person->email : person->phone), channel, action, below(life, 60));
    life_say(life, "%.*s will %s on %s: %d", STR_FMT(person->email), action, channel,
             life_ask(life, HTTP_POST, "/api/v1/mock/answers", body));
}

static void add_event_text(struct buf *out, const struct life_event *event)
{
    char text[INSTANT_TEXT_MAX];
    char basic[INSTANT_TEXT_MAX] = "";
    size_t len = 0;
    instant_format(event->start, text);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != '-' && *c != ':') {
            basic[len++] = *c;
        }
    }
    buf_printf(out,
               "BEGIN:VEVENT\r\nUID:e%d@example\r\nDTSTAMP:20260101T000000Z\r\nSEQUENCE:%d\r\n"
               "DTSTART:%s\r\nDURATION:PT30M\r\nSUMMARY:E%d\r\n%sEND:VEVENT\r\n",
               event->number, event->sequence, basic, event->number,
               event->is_cancelled ? "STATUS:CANCELLED\r\n" : "");
}

static void publish(struct life *life, const struct life_person *person)
{
    struct buf body = {.arena = life->scratch};
    buf_add_text(&body, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//sim//EN\r\n");
    for (size_t i = 0; i < person->event_count; i++) {
        add_event_text(&body, &person->events[i]);
    }
    buf_add_text(&body, "END:VCALENDAR\r\n");
    struct feed feed = {.url = person->feed_url,
                        .status = 200,
                        .content_type = STR("text/calendar"),
                        .body = buf_str(&body)};
    feeds_put(&life->world->feeds, &feed);
}

static struct instant whole_second(struct instant at)
{
    return (struct instant){at.us - at.us % SECONDS(1).us};
}

static void act_feed(struct life *life)
{
    struct life_person *person = pick_person(life);
    struct instant start = whole_second(
        instant_add(world_now(life->world), SECONDS(rng_between(&life->rng, 0, 5400))));
    struct life_event *event = &person->events[rng_below(&life->rng, LIFE_EVENTS_MAX)];
    bool is_new = event >= person->events + person->event_count;
    if (is_new) {
        event = &person->events[person->event_count++];
    }
    if (is_new || chance(life, 1, 3)) {
        *event = (struct life_event){.number = life->events++, .start = start};
    } else {
        event->sequence++;
        event->start = chance(life, 1, 2) ? start : event->start;
        event->is_cancelled = chance(life, 1, 3);
    }
    publish(life, person);
    life_say(life, "the feed of %.*s has e%d%s", STR_FMT(person->email), event->number,
             event->is_cancelled ? ", cancelled" : "");
}

static void act_feed_fails(struct life *life)
{
    static const int codes[] = {500, 503, 404, 429, 401, 304, 204};
    const struct life_person *person = pick_person(life);
    struct feed feed = {.url = person->feed_url, .status = codes[below(life, 7)]};
    if (chance(life, 1, 2)) {
        static const enum feed_mode modes[] = {FEED_HANGS, FEED_REFUSES, FEED_REDIRECTS};
        feed.mode = modes[below(life, 3)];
    }
    feeds_put(&life->world->feeds, &feed);
    life_say(life, "the feed of %.*s fails: %d %d", STR_FMT(person->email), (int)feed.mode,
             feed.status);
}

static void act_incident(struct life *life)
{
    static const char *const verbs[] = {"acknowledge", "escalate", "resolve", "cancel"};
    struct str id = pick_id(life, "SELECT id FROM incidents ORDER BY id DESC LIMIT 5");
    char path[TEXT_MAX];
    if (!str_is_set(id) || chance(life, 1, 3)) {
        struct str body = arena_printf(
            life->scratch, "{\"title\":\"I\",\"userId\":\"%.*s\",\"policy\":\"%s\"}",
            STR_FMT(pick_person(life)->id), chance(life, 1, 2) ? "default" : "missed-meeting");
        life_say(life, "an incident: %d", life_ask(life, HTTP_POST, "/incidents", body));
        return;
    }
    snprintf(path, sizeof path, "/incidents/%.*s/%s", STR_FMT(id),
             pick(life, verbs, ARRAY_LENGTH(verbs)));
    life_say(life, "%s: %d", path, life_ask(life, HTTP_POST, path, STR_NONE));
}

static void act_change_person(struct life *life)
{
    const struct life_person *person = pick_person(life);
    char path[TEXT_MAX];
    snprintf(path, sizeof path, "/api/v1/users/%.*s", STR_FMT(person->id));
    struct str body = arena_printf(
        life->scratch,
        "{\"quietHours\":{\"start\":\"%02d:00\",\"end\":\"%02d:30\"},\"callOptIn\":%s}",
        below(life, 24), below(life, 24), chance(life, 3, 4) ? "true" : "false");
    life_say(life, "%.*s changes: %d", STR_FMT(person->email),
             life_ask(life, HTTP_PATCH, path, body));
}

static void act_sync(struct life *life)
{
    struct str body =
        arena_printf(life->scratch, "{\"userId\":\"%.*s\"}", STR_FMT(pick_person(life)->id));
    life_say(life, "sync: %d", life_ask(life, HTTP_POST, "/calendar/sync", body));
}

static void act_disk(struct life *life)
{
    life->world->store.refuse = chance(life, 1, 4) ? REFUSE_ALL : 1 + below(life, 3);
    life_say(life, "the disk refuses %d", (int)life->world->store.refuse);
}

static void act_disk_ok(struct life *life)
{
    life->world->store.refuse = 0;
    life_say(life, "the disk is well");
}

static void act_crash(struct life *life)
{
    life->world->store.crash_in = 1 + below(life, 5);
    life->world->store.crash_after = chance(life, 1, 2);
    life_say(life, "a crash %s commit %d", life->world->store.crash_after ? "after" : "before",
             (int)life->world->store.crash_in);
}

static void act_restart(struct life *life)
{
    bool is_long = chance(life, 1, 3);
    life_say(life, "down%s", is_long ? " for a while" : " and up");
    world_stop(life->world);
    if (is_long) {
        world_advance(life->world, SECONDS(rng_below(&life->rng, 1200)));
    }
    /* A server cannot start while its disk takes nothing; somebody makes room first. */
    life->world->store.refuse = 0;
    life->world->store.crash_in = 0;
    if (world_start(life->world) != OK) {
        snprintf(life->failure, sizeof life->failure, "the server does not start");
    }
    world_settle(life->world);
}

static void act_jump(struct life *life)
{
    int64_t by = rng_between(&life->rng, 1, 600);
    life_say(life, "the clock jumps %d s", (int)by);
    world_step_clock(life->world, SECONDS(by).us);
}

static void act_provider(struct life *life)
{
    if (life->has_carrier) {
        life_provider(life);
    }
}

static void act_nothing(struct life *life)
{
    (void)life;
}

void life_act(struct life *life)
{
    static const struct {
        int weight;
        void (*act)(struct life *life);
    } acts[] = {
        {20, act_push},     {10, act_change_meeting}, {16, act_check_in}, {22, act_script},
        {10, act_feed},     {4, act_feed_fails},      {5, act_incident},  {2, act_change_person},
        {8, life_dispatch}, {45, life_calls},         {3, act_sync},      {5, act_refused},
        {4, act_disk},      {6, act_disk_ok},         {7, act_crash},     {4, act_restart},
        {1, act_jump},      {8, act_provider},        {20, act_nothing}};
    int sum = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(acts); i++) {
        sum += acts[i].weight;
    }
    int at = below(life, sum);
    for (size_t i = 0; i < ARRAY_LENGTH(acts); i++) {
        if (at < acts[i].weight) {
            acts[i].act(life);
            return;
        }
        at -= acts[i].weight;
    }
}
