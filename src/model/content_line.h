/* model/content_line: the lines of an iCalendar text that we write.
 *
 * A line is put together in a buf of its own and then ended: it is folded at 75 octets without
 * cutting a UTF-8 sequence, and CRLF ends every piece. In texts a line break becomes "\n"; other
 * control characters, which iCalendar has no way to write, become spaces.
 * Source: RFC 5545 3.1, 3.3.5, 3.3.11. */
#ifndef TOCSIN_MODEL_CONTENT_LINE_H
#define TOCSIN_MODEL_CONTENT_LINE_H

#include "base/buf.h"
#include "base/time.h"

/* Appends the line to `out`, and empties it. */
void content_line_end(struct buf *out, struct buf *line);
void content_line_add_escaped(struct buf *line, struct str text);
/* Whole lines. An empty or absent text makes none; a time is UTC, without fractions. */
void content_line_text(struct buf *out, struct buf *line, const char *name, struct str text);
void content_line_time(struct buf *out, struct buf *line, const char *name, struct instant at);
void content_line_int(struct buf *out, struct buf *line, const char *name, int64_t number);

#endif
