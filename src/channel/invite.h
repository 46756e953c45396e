/* channel/invite: an .ics that puts a meeting into somebody's calendar (METHOD:REQUEST).
 *
 * Pure: DTSTAMP is given. Times are UTC. A change keeps the uid and counts the sequence up. Lines
 * end with CRLF and are folded at 75 octets without cutting a UTF-8 sequence. In texts a line break
 * becomes "\n"; other control characters, which iCalendar has no way to write, become spaces.
 * Errors: E_INVALID names "uid", "sequence", "start", "end", "summary", "url", "EMAIL_FROM" or
 * "attendee".
 * Source: RFC 5545, RFC 5546 3.2.2, RFC 6868 (quotes in parameters). */
#ifndef TOCSIN_CHANNEL_INVITE_H
#define TOCSIN_CHANNEL_INVITE_H

#include "base/arena.h"
#include "base/time.h"

struct invite_facts {
    struct str uid;
    int64_t sequence;
    struct instant stamp;
    struct instant start;
    struct instant end;
    struct str summary;
    struct str description; /* May be absent, as may location, url and attendee_name. */
    struct str location;
    struct str url;       /* http or https; anything else is left out. */
    struct str organizer; /* EMAIL_FROM: an address, or a name with one. */
    struct str attendee;  /* An address. */
    struct str attendee_name;
};

NODISCARD enum err invite_write(const struct invite_facts *facts, struct arena *arena,
                                struct str *out, struct problem *problem);

#endif
