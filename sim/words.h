/* sim/words: the words of a scenario's line.
 *
 * Words are separated by spaces. "…" is one word without its quotes, {…} and […] are one word with
 * their brackets, and key="a b" is one word. Pure; nothing is kept. */
#ifndef TOCSIN_SIM_WORDS_H
#define TOCSIN_SIM_WORDS_H

#include "base/arena.h"

/* The next word of `rest`, STR_NONE at the end. A quoted word may be empty. */
struct str words_next(struct str *rest);
/* The next word where it is key=value; false, and `rest` untouched, where it is not. Quotes around
 * the value go. */
bool words_option(struct str *rest, struct str *key, struct str *value);
/* Whether `text` is `pattern`, in which '*' stands for anything. */
bool words_match(struct str text, struct str pattern);

#endif
