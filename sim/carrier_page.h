/* sim/carrier_page: what a call is told to say, as the providers read it.
 *
 * TwiML and Plivo's XML are parsed strictly: an element, an attribute or a length that the provider
 * does not know is an error here, although the real one may only warn. Source: protocols.md 1.6
 * and 2.4. Everything lives in the arena. Threads: reentrant. */
#ifndef TOCSIN_SIM_CARRIER_PAGE_H
#define TOCSIN_SIM_CARRIER_PAGE_H

#include "base/arena.h"

enum page_verb_kind { PAGE_SAY, PAGE_WAIT, PAGE_GATHER, PAGE_HANG_UP, PAGE_REDIRECT };

enum { PAGE_VERBS_MAX = 32 };

struct page_verb {
    enum page_verb_kind kind;
    struct str text;     /* SAY */
    struct str language; /* SAY */
    int64_t seconds;     /* WAIT, and how long GATHER waits after its last prompt. */
    int64_t digits;      /* GATHER: how many; 0 for any number. */
    size_t prompts;      /* GATHER: so many of the verbs that follow belong to it. */
    struct str url;      /* GATHER, REDIRECT */
    struct str method;
};

struct page {
    struct page_verb verbs[PAGE_VERBS_MAX];
    size_t count;
};

/* E_INVALID with a sentence in `wrong`. */
NODISCARD enum err page_read_twiml(struct arena *arena, struct str text, struct page *out,
                                   struct str *wrong);
NODISCARD enum err page_read_plivo(struct arena *arena, struct str text, struct page *out,
                                   struct str *wrong);
/* E_INVALID, with a sentence, where a document's type does not have `wanted` in it. */
NODISCARD enum err page_check_type(struct arena *arena, struct str type, const char *wanted,
                                   struct str *wrong);
/* The texts of <Message> in the answer to an inbound text; STR_NONE where there is none. */
NODISCARD enum err page_read_reply(struct arena *arena, struct str text, struct str *out,
                                   struct str *wrong);

/* How long a voice takes for it. */
int64_t page_speech_seconds(struct str text);

#endif
