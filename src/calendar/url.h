/* calendar/url: as much of a URL (RFC 3986) as links in calendars and CalDAV hrefs need.
 *
 * Pure text. Only http and https are URLs here; a user name in the authority is refused, since in a
 * link it hides the true host and in a source it would put a password where it gets logged.
 * Ownership: parts are borrowed from the text; what is made new is in the arena. */
#ifndef TOCSIN_CALENDAR_URL_H
#define TOCSIN_CALENDAR_URL_H

#include "base/arena.h"

enum { URL_BYTES_MAX = 4000 };

struct url {
    bool is_https;
    struct str origin;    /* "https://cal.example.org:8443" */
    struct str authority; /* "cal.example.org:8443" */
    struct str host;      /* "cal.example.org", "[::1]" */
    struct str path;      /* "/dav/alice/", "" where there is none. */
    struct str rest;      /* The query and the fragment, "" where there are none. */
};

/* False for what is not an absolute http or https URL in printable ASCII of at most URL_BYTES_MAX
 * bytes. */
bool url_split(struct str text, struct url *out);
/* The URL that `reference` (absolute, "//host/…", "/path" or "name") means in a document at `base`,
 * which must be a URL. */
struct str url_resolve(struct arena *arena, struct str base, struct str reference);
/* A form of an href in which two spellings of one resource are equal: the path alone,
 * percent-decoded but for "%2F". */
struct str url_href_key(struct arena *arena, struct str base, struct str href);

#endif
