#include "channel/invite.h"

#include "channel/mailbox.h"
#include "model/content_line.h"

enum { UID_BYTES_MAX = 1024 };

/* A quoted parameter value. A quote in it is written as ^', a caret as ^^ (RFC 6868). */
static void add_common_name(struct buf *line, struct str name)
{
    if (name.len == 0) {
        return;
    }
    buf_add_text(line, ";CN=\"");
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"') {
            buf_add_text(line, "^'");
        } else if (name.ptr[i] == '^') {
            buf_add_text(line, "^^");
        } else {
            buf_add_byte(line, name.ptr[i]);
        }
    }
    buf_add_text(line, "\"");
}

static void add_person(struct buf *out, struct buf *line, const char *opening,
                       const struct mailbox *person)
{
    buf_add_text(line, opening);
    add_common_name(line, person->name);
    buf_add_text(line, ":mailto:");
    buf_add(line, person->address);
    content_line_end(out, line);
}

static bool url_is_web(struct str url)
{
    if (!str_starts_nocase(url, STR("https://")) && !str_starts_nocase(url, STR("http://"))) {
        return false;
    }
    return text_is_one_line(url) && !str_contains(url, STR(" "));
}

static enum err check_texts(const struct invite_facts *facts, struct problem *problem)
{
    if (facts->uid.len == 0 || facts->uid.len > UID_BYTES_MAX || !text_is_one_line(facts->uid)) {
        return problem_set(problem, E_INVALID, "uid", "It must be 1 to %d bytes on one line.",
                           UID_BYTES_MAX);
    }
    if (!str_is_utf8(facts->summary) || !str_is_utf8(facts->description) ||
        !str_is_utf8(facts->location)) {
        return problem_set(problem, E_INVALID, "summary", "Texts must be UTF-8 without NUL.");
    }
    if (facts->url.len > 0 && !text_is_one_line(facts->url)) {
        return problem_set(problem, E_INVALID, "url",
                           "Line breaks and control characters are not allowed.");
    }
    return OK;
}

static enum err check_facts(const struct invite_facts *facts, struct problem *problem)
{
    TRY(check_texts(facts, problem));
    if (facts->sequence < 0 || facts->sequence > INT32_MAX) {
        return problem_set(problem, E_INVALID, "sequence", "It must be from 0 to %d.", INT32_MAX);
    }
    if (facts->start.us <= 0 || facts->stamp.us <= 0) {
        return problem_set(problem, E_INVALID, "start", "A start after 1970 is needed.");
    }
    if (instant_before(facts->end, facts->start)) {
        return problem_set(problem, E_INVALID, "end", "The end must not be before the start.");
    }
    if (!address_is_valid(facts->attendee) || !text_is_one_line(facts->attendee_name)) {
        return problem_set(problem, E_INVALID, "attendee",
                           "A plain address, and a name on one line, is needed.");
    }
    return OK;
}

static void add_event(struct buf *out, struct buf *line, const struct invite_facts *facts)
{
    content_line_text(out, line, "UID", facts->uid);
    content_line_time(out, line, "DTSTAMP", facts->stamp);
    content_line_int(out, line, "SEQUENCE", facts->sequence);
    content_line_time(out, line, "DTSTART", facts->start);
    if (instant_before(facts->start, facts->end)) {
        content_line_time(out, line, "DTEND", facts->end);
    }
    content_line_text(out, line, "SUMMARY", facts->summary);
    content_line_text(out, line, "DESCRIPTION", facts->description);
    content_line_text(out, line, "LOCATION", facts->location);
    if (url_is_web(facts->url)) {
        buf_add_text(line, "URL:"); /* A URI is not a text: nothing is escaped. */
        buf_add(line, facts->url);
        content_line_end(out, line);
    }
}

enum err invite_write(const struct invite_facts *facts, struct arena *arena, struct str *out,
                      struct problem *problem)
{
    struct mailbox organizer;
    struct mailbox attendee = {.name = facts->attendee_name, .address = facts->attendee};
    TRY(mailbox_parse(facts->organizer, "EMAIL_FROM", &organizer, problem));
    TRY(check_facts(facts, problem));
    struct buf text = {.arena = arena};
    struct buf line = {.arena = arena};
    buf_add_text(&text, "BEGIN:VCALENDAR\r\n"
                        "VERSION:2.0\r\n"
                        "PRODID:-//Tocsin//Tocsin//EN\r\n"
                        "CALSCALE:GREGORIAN\r\n"
                        "METHOD:REQUEST\r\n"
                        "BEGIN:VEVENT\r\n");
    add_event(&text, &line, facts);
    add_person(&text, &line, "ORGANIZER", &organizer);
    /* Answers come by our link, so none is asked for by mail. */
    add_person(&text, &line, "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE",
               &attendee);
    buf_add_text(&text, "STATUS:CONFIRMED\r\n"
                        "TRANSP:OPAQUE\r\n"
                        "END:VEVENT\r\n"
                        "END:VCALENDAR\r\n");
    *out = buf_str(&text);
    return OK;
}
