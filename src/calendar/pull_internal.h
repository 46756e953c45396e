/* calendar/pull_internal: what pull.c, feed.c and caldav.c share, and nobody else sees. */
#ifndef TOCSIN_CALENDAR_PULL_INTERNAL_H
#define TOCSIN_CALENDAR_PULL_INTERNAL_H

#include "calendar/pull.h"

enum { PULL_TIMEOUT_SECONDS = 30, PULL_REDIRECTS_MAX = 5 };

struct caldav;

struct pull {
    struct arena *arena;
    struct pull_source source; /* Its texts are copies; `known` is borrowed. */
    struct str url;            /* The source's, with https for webcal. */
    struct caldav *caldav;     /* PULL_CALDAV */
};

/* PULL_FAILED with what the outcome or the status of `answer` means, and what it says to the
 * caller. */
enum pull_state pull_failed(const struct pull *pull, const struct wire_answer *answer,
                            struct pull_result *result);
/* PULL_FAILED with a sentence of its own. */
enum pull_state pull_refused(struct pull_result *result, struct str reason);
/* A value that may be sent back in a header: printable and not beyond reason. Absent otherwise. */
struct str pull_header_value(const struct pull *pull, struct str value);
void pull_add_header(struct wire_request *request, struct str name, struct str value);

struct wire_request feed_request(const struct pull *pull);
enum pull_state feed_answer(struct pull *pull, const struct wire_answer *answer,
                            struct pull_result *result);

void caldav_begin(struct pull *pull, struct wire_request *first);
enum pull_state caldav_answer(struct pull *pull, const struct wire_answer *answer,
                              struct wire_request *next, struct pull_result *result);

#endif
