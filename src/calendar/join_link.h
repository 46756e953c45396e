/* calendar/join_link: the one link by which a meeting is joined.
 *
 * Looked for in the order of protocols.md 5.1: CONFERENCE, X-GOOGLE-CONFERENCE,
 * X-MICROSOFT-SKYPETEAMSMEETINGURL, X-MICROSOFT-ONLINEMEETINGCONFLINK, URL, LOCATION, DESCRIPTION,
 * X-ALT-DESC. The first five (and a LOCATION that is nothing but a link) say themselves what they
 * are, so any https link counts; in free text only the hosts of join_hosts.def do. Only https,
 * never with a user name in front of the host. Pure. Ownership: the answer is borrowed, or in the
 * arena. */
#ifndef TOCSIN_CALENDAR_JOIN_LINK_H
#define TOCSIN_CALENDAR_JOIN_LINK_H

#include "base/arena.h"

enum { JOIN_CONFERENCES_MAX = 8 };

/* The values of one event, absent where it has none. */
struct join_sources {
    struct str conferences[JOIN_CONFERENCES_MAX];
    size_t conference_count;
    struct str google;
    struct str teams;
    struct str online_meeting;
    struct str url;
    struct str location;
    struct str description;
    struct str html_description;
};

/* STR_NONE where there is none. */
struct str join_link_find(struct arena *arena, const struct join_sources *sources);
/* The first meeting link in free text or HTML. */
struct str join_link_in_text(struct arena *arena, struct str text);

#endif
