/* channel/mock_journal: the lines in which the mock carrier keeps what it knows.
 *
 * Internal to the mock carrier. A line is text without its newline: tab-separated fields, control
 * characters and '%' in them as %XX, and at the end a checksum of what stands before it, so that a
 * torn line is known as one. All kinds share one shape: mock1 kind at-µs channel to attempt repeat
 * serial action after-s detail checksum */
#ifndef TOCSIN_CHANNEL_MOCK_JOURNAL_H
#define TOCSIN_CHANNEL_MOCK_JOURNAL_H

#include "base/buf.h"
#include "channel/mock_plan.h"

enum mock_line_kind {
    MOCK_LINE_SEND,   /* An accepted send; `serial` is the script that it used up, 0 for none. */
    MOCK_LINE_SCRIPT, /* A script that was given. */
    MOCK_LINE_USED,   /* A script that was used up by a send that was not accepted. */
    MOCK_LINE_CANCEL, /* A call that was cancelled. */
    MOCK_LINE_KIND_COUNT
};

struct mock_line {
    enum mock_line_kind kind;
    struct instant at;
    enum channel channel;
    struct str to;
    struct str attempt;
    int64_t repeat; /* 1 for the first accepted send of an attempt. */
    int64_t serial;
    struct mock_behaviour behaviour;
};

void mock_line_write(const struct mock_line *line, struct buf *out);
/* E_INVALID for anything that mock_line_write did not write. A newline at the end is passed over.
 */
NODISCARD enum err mock_line_read(struct str text, struct arena *arena, struct mock_line *out);

#endif
