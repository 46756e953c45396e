/* sim/moves: which parts of a random life happen.
 *
 * Each step of a life has an act of its people, a fault and a pause, and each draws from random
 * numbers of its own, so that leaving one out does not change what the others are. As text:
 * "a3,a7-9,f2,p1-40" for acts 3, 7, 8 and 9, fault 2 and pauses 1 to 40. Steps count from 1.
 * Owner: moves_free. */
#ifndef TOCSIN_SIM_MOVES_H
#define TOCSIN_SIM_MOVES_H

#include "base/buf.h"

enum move_kind { MOVE_ACT, MOVE_FAULT, MOVE_PAUSE, MOVE_KIND_COUNT };

struct moves {
    unsigned char *kept; /* A set of kinds for each step; NULL where all of a life happens. */
    int64_t steps;       /* How many there are; a life that was cut ends with them. */
};

/* None at all of so many steps. */
struct moves moves_none(int64_t steps);
struct moves moves_copy(const struct moves *moves);
void moves_free(struct moves *moves);
bool moves_has(const struct moves *moves, enum move_kind kind, int64_t step);
void moves_set(struct moves *moves, enum move_kind kind, int64_t step, bool happens);
int64_t moves_count(const struct moves *moves, enum move_kind kind);
void moves_print(const struct moves *moves, struct buf *out);
/* E_INVALID for what is no list of moves. */
NODISCARD enum err moves_read(struct str text, struct moves *out);

#endif
