/* service/call_words: why a call runs at another time than the one asked for, in words: "Saturday
 * is closed: Monday 09:00", "02:30 does not exist on 29 March: 03:30".
 *
 * Pure but for the arena. The clocks in a sentence are those of the move's zone: of the business
 * hours, or of the callee for legal hours. A day is named where it is another one, its date where
 * it is a week or more away. */
#ifndef TOCSIN_SERVICE_CALL_WORDS_H
#define TOCSIN_SERVICE_CALL_WORDS_H

#include "base/arena.h"
#include "domain/call_hours.h"

struct str call_move_words(struct arena *arena, const struct call_move *move);
/* A wall clock that does not exist, and what runs in its place. */
struct str call_gap_words(struct arena *arena, struct civil wall, struct civil runs);
/* "2026-03-29T03:30:00+02:00" */
struct str call_local_text(struct arena *arena, const struct zone *zone, struct instant at);

#endif
