#include "calendar/shifts.h"

#include "model/content_line.h"

void shifts_begin(struct buf *out, const struct shift_calendar *calendar)
{
    struct buf line = {.arena = out->arena};
    buf_add_text(out, "BEGIN:VCALENDAR\r\n"
                      "VERSION:2.0\r\n"
                      "PRODID:-//Tocsin//Tocsin//EN\r\n"
                      "CALSCALE:GREGORIAN\r\n"
                      "METHOD:PUBLISH\r\n");
    content_line_text(out, &line, "NAME", calendar->name);
    content_line_text(out, &line, "X-WR-CALNAME", calendar->name);
    buf_add_text(out, "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n"
                      "X-PUBLISHED-TTL:PT15M\r\n");
}

void shifts_add(struct buf *out, const struct shift_calendar *calendar,
                const struct shift_event *event)
{
    struct buf line = {.arena = out->arena};
    buf_add_text(out, "BEGIN:VEVENT\r\n");
    content_line_text(out, &line, "UID", event->uid);
    content_line_time(out, &line, "DTSTAMP", calendar->changed_at);
    content_line_time(out, &line, "LAST-MODIFIED", calendar->changed_at);
    content_line_int(out, &line, "SEQUENCE", calendar->sequence);
    content_line_time(out, &line, "DTSTART", event->start);
    content_line_time(out, &line, "DTEND", event->end);
    content_line_text(out, &line, "SUMMARY", event->summary);
    content_line_text(out, &line, "DESCRIPTION", event->description);
    buf_add_text(out, "STATUS:CONFIRMED\r\n"
                      "TRANSP:TRANSPARENT\r\n"
                      "END:VEVENT\r\n");
}

void shifts_end(struct buf *out)
{
    buf_add_text(out, "END:VCALENDAR\r\n");
}
