/* channel/speech: text made fit to be read out by a voice (K7).
 *
 * Pure. URLs and the marks of Markdown and HTML vanish, quotes are plain, white space is single.
 * Three digits or more in a row are spelled ("4. 2. 7."), but for years and for numbers with
 * separators (1,500; 10:30). Source: protocols.md 1.6. */
#ifndef TOCSIN_CHANNEL_SPEECH_H
#define TOCSIN_CHANNEL_SPEECH_H

#include "base/arena.h"
#include "base/buf.h"

struct str speech_of(struct str text, struct arena *arena);
/* Every letter and digit on its own: "12a" as "1. 2. a.". */
struct str speech_spell(struct str code, struct arena *arena);
/* At most `max` bytes, ending with a sentence where there is one, else with a word. */
struct str speech_cut(struct str speech, size_t max);
/* About how long a voice takes for it, at fifteen characters a second. */
int64_t speech_seconds(struct str speech);

#endif
