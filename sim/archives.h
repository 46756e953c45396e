/* sim/archives: the archive files of a world, as the database knows them.
 *
 * What counts of a file is what the rows of `archives` say; what stands behind is of a portion that
 * was never committed. For one thread. */
#ifndef TOCSIN_SIM_ARCHIVES_H
#define TOCSIN_SIM_ARCHIVES_H

#include "sim/world.h"

/* How many files there are; -1 with what is wrong in `broken` where one is not what the database
 * knows of it: too short, another number of rows, another hash. */
int64_t archives_whole(struct world *world, struct arena *arena, struct str *broken);

/* Each line that counts; false where `each` said so. */
bool archives_each_line(const struct world *world, struct arena *arena, void *context,
                        bool (*each)(void *context, struct str line));

struct archives_row {
    struct str table;
    int64_t id;
    int64_t meeting_id; /* 0 where it has none. */
};
/* The row in a line. False for what is no line. */
bool archives_row_of(struct arena *arena, struct str line, struct archives_row *out);

/* Puts each row of the files into the table `archived` of the invariants, where they have grown
 * since `*bytes`. False with the sentence that is broken. */
bool archives_hold(struct world *world, struct arena *arena, int64_t *bytes, struct str *broken);

#endif
