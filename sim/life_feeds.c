/* The calendars of a random life: their events, and what their servers say of them. */
#include "sim/life.h"

#include <stdio.h>
#include <string.h>

static bool chance(struct life *life, unsigned part, unsigned whole)
{
    return rng_chance(&life->rng, part, whole);
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

static void put(struct life *life, const struct feed *feed, const char *mode)
{
    life_note(life, "feed %.*s status=%d type=%.*s%s <<END", STR_FMT(feed->url), feed->status,
              STR_FMT(feed->content_type), mode);
    buf_printf(&life->script, "%.*sEND\n", STR_FMT(feed->body));
    feeds_put(&life->world->feeds, feed);
}

static struct feed feed_of(const struct life_person *person, struct str body)
{
    return (struct feed){
        .url = person->feed_url, .status = 200, .content_type = STR("text/calendar"), .body = body};
}

/* The calendar with its first events. */
static struct str calendar_text(struct life *life, const struct life_person *person, size_t count)
{
    struct buf body = {.arena = life->scratch};
    buf_add_text(&body, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//sim//EN\r\n");
    for (size_t i = 0; i < count; i++) {
        add_event_text(&body, &person->events[i]);
    }
    buf_add_text(&body, "END:VCALENDAR\r\n");
    return buf_str(&body);
}

static void publish(struct life *life, struct life_person *person)
{
    struct str text = calendar_text(life, person, person->event_count);
    struct feed feed = feed_of(person, text);
    put(life, &feed, "");
    person->old_feed = person->new_feed;
    person->new_feed = arena_str(life->arena, text);
}

static struct instant whole_second(struct instant at)
{
    return (struct instant){at.us - at.us % SECONDS(1).us};
}

void life_change_feed(struct life *life)
{
    struct life_person *person = life_person(life);
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

static bool read_mode(struct str word, struct feed *feed, const char **out)
{
    static const struct {
        const char *word;
        enum feed_mode mode;
        const char *said;
    } modes[] = {{"hangs", FEED_HANGS, " hang"},
                 {"refuses", FEED_REFUSES, " refuse"},
                 {"redirects", FEED_REDIRECTS, " redirect"}};
    for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
        if (str_equal_text(word, modes[i].word)) {
            feed->mode = modes[i].mode;
            *out = modes[i].said;
            return true;
        }
    }
    return false;
}

/* 200, with what is not so. */
static void lie(struct life *life, const struct life_person *person, struct str word,
                struct feed *feed)
{
    struct str truth = calendar_text(life, person, person->event_count);
    if (str_equal_text(word, "page")) {
        feed->content_type = STR("text/html");
        feed->body = STR("<!doctype html><title>Log in</title>\n");
    } else if (str_equal_text(word, "half")) {
        feed->body =
            arena_printf(life->scratch, "%.*s\n", STR_FMT(str_slice(truth, 0, truth.len * 2 / 3)));
    } else if (str_equal_text(word, "empty")) {
        feed->body = calendar_text(life, person, 0);
    } else if (str_equal_text(word, "old")) {
        feed->body = str_is_set(person->old_feed) ? person->old_feed : truth;
    } else {
        feed->body = truth;
    }
}

void life_feed_fault(struct life *life, const char *detail)
{
    struct life_person *person = life_person(life);
    struct feed feed = feed_of(person, STR(""));
    struct str word = str_from(detail);
    const char *mode = "";
    int64_t status = 0;
    if (str_to_int(word, &status) == OK) {
        feed.status = (int)status;
    } else if (!read_mode(word, &feed, &mode)) {
        lie(life, person, word, &feed);
    }
    life_say(life, "the feed of %.*s: %s", STR_FMT(person->email), detail);
    put(life, &feed, mode);
}
