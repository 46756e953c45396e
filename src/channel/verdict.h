/* channel/verdict: what all providers share when they judge an answer.
 *
 * Internal to channel. Texts go into the arena. Errors shown to people carry no addresses, numbers
 * or secrets: what a peer wrote is quoted only through verdict_quote. Source: protocols.md 0.1,
 * requirements P6. */
#ifndef TOCSIN_CHANNEL_VERDICT_H
#define TOCSIN_CHANNEL_VERDICT_H

#include "channel/provider.h"

/* Judges an exchange that brought no answer. False for WIRE_ANSWERED, where `out` is left alone. */
bool verdict_unanswered(const struct wire_answer *answer, struct arena *arena, struct verdict *out);

/* A peer's words, fit to be shown and logged: on one line without any control character (C1 too,
 * which a terminal may obey), at most 160 bytes of UTF-8, and each word that holds an '@' or seven
 * digits in a row written as "****". */
struct str verdict_quote(struct str text, struct arena *arena);

#endif
