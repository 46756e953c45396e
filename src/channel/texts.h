/* channel/texts: the tables of channel/texts.def, looked up by language.
 *
 * Internal to render. A language falls back to its first part ("de-AT" to "de") and then to
 * English, row by row; English has everything, which the tests see to. */
#ifndef TOCSIN_CHANNEL_TEXTS_H
#define TOCSIN_CHANNEL_TEXTS_H

#include "channel/render.h"

struct str text_find(struct str language, enum text_key key, enum text_part wanted);
struct str word_find(struct str language, const char *name);
/* The WORD that names an occasion's keys, and whether its mail has the two buttons. */
const char *text_key_keys(enum text_key key);
bool text_key_asks(enum text_key key);

#endif
