/* channel/mime: a mail as the bytes that go behind DATA.
 *
 * Pure: no clock (the Date is given) and no chance (boundaries come from the attempt id, and are
 * counted up until they occur in no part). The Message-ID is <attempt@domain of the sender>, so
 * that a repeat after an unknown outcome is the same mail to whoever receives it twice. Shape: text
 * alone is text/plain; with HTML, multipart/alternative; with an invite, multipart/mixed of that
 * alternative (which then also has text/calendar, with the invite's METHOD) and the attachment
 * invite.ics.
 * Errors: E_INVALID names the field: "EMAIL_FROM", "to", "toName", "subject", "attempt", "thread",
 * "unsubscribe", "text", "html", "invite". A control character in anything that becomes a header is
 * refused, so that no header can be smuggled in. Line ends in text and HTML become CRLF, and a last
 * one is added where it is missing; an invite goes out byte by byte.
 * Source: RFC 5322, 2045, 2046, 2047, 3834 (Auto-Submitted), 6047 (invitations), 8058 (one click).
 * */
#ifndef TOCSIN_CHANNEL_MIME_H
#define TOCSIN_CHANNEL_MIME_H

#include "base/arena.h"
#include "base/time.h"

enum { MIME_TOKEN_BYTES_MAX = 48, MIME_SUBJECT_BYTES_MAX = 998 };

struct mime_mail {
    struct str from; /* EMAIL_FROM: an address, or a name with one. */
    struct str to;
    struct str to_name; /* May be absent, as may html, invite and thread. */
    struct str subject;
    struct str text;
    struct str html;
    struct str invite;
    struct str attempt;
    struct str thread;
    struct str unsubscribe_url; /* May be absent: where one click ends these mails (RFC 8058). */
    struct instant now;
};

NODISCARD enum err mime_write(const struct mime_mail *mail, struct arena *arena, struct str *out,
                              struct problem *problem);

#endif
