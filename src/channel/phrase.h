/* channel/phrase: times of day, dates and "two minutes ago" as a language says them.
 *
 * Internal to render. Pure; the forms are WORDs of channel/texts.def. In those, %c stands for the
 * time of day, which is CLOCK (SPOKEN in speech; _ONE where the hour is 1, SPOKEN_SHARP on the full
 * hour), %w weekday, %d day, %m month, %y year; in a time of day %h is "09:05", %H and %M are the
 * numbers without zeros, %i is "05". */
#ifndef TOCSIN_CHANNEL_PHRASE_H
#define TOCSIN_CHANNEL_PHRASE_H

#include "channel/render.h"

struct phrase {
    struct str language;
    bool is_spoken;
    struct arena *arena;
};

/* `facts->at` in its zone, with the day where that is not today's. */
struct str phrase_time(const struct phrase *phrase, const struct render_facts *facts);
/* "just now", "a minute ago", "two hours ago"; what lies ahead counts as now. */
struct str phrase_ago(const struct phrase *phrase, struct duration since);

#endif
