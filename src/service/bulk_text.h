/* service/bulk_text: the body of a bulk request in pieces, so that no tree of all of it is ever
 * made.
 *
 * Pure but for the arena. A body is an object with the member `calls`, a list alone, or lines
 * (NDJSON). Nothing here judges JSON: it finds where one call ends and the next begins, in one
 * pass, and whoever reads the pieces refuses what is none. In lines CR LF ends a line too, blank
 * ones count and are passed over. A byte order mark before it all is passed over. Errors: E_INVALID
 * for a list that does not end, for more than BULK_CALLS_MAX calls, and for more than
 * BULK_REST_BYTES_MAX beside them. */
#ifndef TOCSIN_SERVICE_BULK_TEXT_H
#define TOCSIN_SERVICE_BULK_TEXT_H

#include "base/arena.h"

enum { BULK_CALLS_MAX = 10000, BULK_PIECE_BYTES_MAX = 1 << 16, BULK_REST_BYTES_MAX = 1 << 16 };

enum bulk_form { BULK_OBJECT, BULK_LIST, BULK_LINES };

struct bulk_piece {
    struct str text; /* One call. */
    int64_t line;    /* Of the body, or the place in the list; 1 for the first. */
};

struct bulk_text {
    struct str body;
    enum bulk_form form;
    struct bulk_piece *pieces;
    size_t count;
    struct str rest; /* BULK_OBJECT: the body with an empty list in place of the calls. */
    size_t first;    /* Where the list begins and ends; both the body's end for none. */
    size_t last;
};

NODISCARD enum err bulk_text_read(struct arena *arena, struct str body, bool is_lines,
                                  struct bulk_text *out, struct problem *problem);
/* A piece of a list where it stood, behind as much white space as there was text before it; and the
 * rest around as much. What finds a fault there names the line and column of the body. For faults
 * only, since it is as long as the body. */
struct str bulk_text_piece_in_place(struct arena *arena, const struct bulk_text *text,
                                    const struct bulk_piece *piece);
struct str bulk_text_rest_in_place(struct arena *arena, const struct bulk_text *text);

#endif
