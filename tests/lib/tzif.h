/* tests/lib/tzif: small TZif files, put together by hand so that no test depends on the machine's
 * tzdata, and the zones and instants of tests.
 *
 * A zone borrows its file, which stays where it is as long as the zone is used.
 * Errors: a file that does not fit or cannot be read, and a text that is no instant, end the test.
 * Threads: any. */
#ifndef TOCSIN_TESTS_LIB_TZIF_H
#define TOCSIN_TESTS_LIB_TZIF_H

#include "domain/zone.h"

#include <stddef.h>
#include <stdint.h>

struct tzif {
    uint8_t bytes[512];
    size_t len;
};

struct tzif_transition {
    int64_t at;
    uint8_t type;
};

struct tzif_type {
    int32_t offset;
    uint8_t is_dst;
    uint8_t name; /* Where its abbreviation begins. */
};

struct tzif_source {
    struct tzif_type types[4];
    uint32_t type_count;
    struct tzif_transition transitions[8];
    uint32_t transition_count;
    char names[32]; /* Each with its NUL. */
    uint32_t names_bytes;
    const char *footer;
};

struct tzif tzif_build(const struct tzif_source *source);

/* An hour ahead of UTC, and two in summer. */
struct tzif berlin_file(void);
/* From ten hours behind to fourteen ahead: there was no 30 December 2011. */
struct tzif apia_file(void);
/* The same offset for ever, in seconds and as its footer says it. */
struct tzif fixed_file(int32_t offset, const char *footer);

struct zone zone_of(const struct tzif *file);
struct instant at(const char *text);

#endif
