/* calendar/caldav_xml: WebDAV multistatus answers as plain values, and the bodies of our requests.
 *
 * libxml2 without network, entities or DTD: a document with a DOCTYPE is refused. Names are told by
 * namespace URI, never by prefix; properties count only from a propstat whose status is 2xx.
 * Ownership: copies in the arena. Threads: reentrant.
 * Errors: E_INVALID (not a multistatus), E_TOO_LARGE.
 * Source: RFC 4918 14, RFC 4791, RFC 6578, CalendarServer's ctag. */
#ifndef TOCSIN_CALENDAR_CALDAV_XML_H
#define TOCSIN_CALENDAR_CALDAV_XML_H

#include "base/arena.h"

enum { DAV_RESPONSES_MAX = 60000 };

struct dav_response {
    struct str href;
    int status; /* Of the response itself, 0 where only its properties have one. */
    struct str etag;
    struct str calendar_data;
    struct str display_name;
    struct str ctag;
    struct str sync_token;
    struct str principal_href; /* current-user-principal */
    struct str home_href;      /* The first calendar-home-set. */
    bool is_collection;
    bool is_calendar;
    bool
        holds_events; /* By supported-calendar-component-set; true where the server does not say. */
    bool can_sync;    /* supported-report-set has sync-collection. */
};

struct dav_multistatus {
    struct dav_response *responses;
    size_t count;
    struct str sync_token;
};

NODISCARD enum err dav_parse(struct arena *arena, struct str body, struct dav_multistatus *out,
                             struct problem *problem);

/* PROPFIND: what is this, whose is it, has it changed? */
struct str dav_body_probe(void);
/* PROPFIND: which resources, with their ETags. */
struct str dav_body_list(void);
/* REPORT sync-collection since `token`, "" for all. */
struct str dav_body_sync(struct arena *arena, struct str token);
/* REPORT calendar-multiget. */
struct str dav_body_multiget(struct arena *arena, const struct str *hrefs, size_t count);

#endif
