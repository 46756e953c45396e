/* service/page_words: what the pages behind links say, by the words of channel/texts.def.
 *
 * Pure but for the time zone of page_time. `word` is one of the WORDs named PAGE_…, BUTTON_… or
 * UNSUBSCRIBE_…. */
#ifndef TOCSIN_SERVICE_PAGE_WORDS_H
#define TOCSIN_SERVICE_PAGE_WORDS_H

#include "service/op.h"

struct str page_word(struct str language, const char *word);
/* "Hello Ana" */
struct str page_greeting(struct str language, struct str name, struct arena *arena);
/* The language of ours that an Accept-Language header likes best; English where it names none. */
struct str page_language(struct str accept_language);
/* "09:30 on Tuesday, 6 January (Europe/Madrid)", in the person's own language and time. */
struct str page_time(struct op *op, const struct user *user, struct instant at);

#endif
