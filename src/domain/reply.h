/* domain/reply: what somebody means who answers a message (requirement V4).
 *
 * Pure. Forgiving: case, accents, quotes, punctuation and spaces do not matter, English, Spanish,
 * German and Hindi (in either script) are understood whoever writes (reply_words.def), several
 * phrases of one meaning may follow each other ("Yes, on my way!"), and small talk around them is
 * passed over. Anything that says two things, or something else as well, is UNKNOWN: a guess would
 * be worse than a question. The carrier's words (STOP, START, HELP and their kin) count only when
 * they are all of the message, and are never read as ours; "CANCEL" and "END" are among them. A
 * short code such as "12a" (one to four digits and a letter) may stand before or behind the words;
 * with nothing else the word is UNKNOWN and the code is set. Two different codes make it UNKNOWN
 * without a code. */
#ifndef TOCSIN_DOMAIN_REPLY_H
#define TOCSIN_DOMAIN_REPLY_H

#include "base/str.h"

enum { REPLY_CODE_MAX = 6, REPLY_BYTES_MAX = 320 };

enum reply_word {
    REPLY_UNKNOWN,
    REPLY_JOINED, /* Also a yes to anything else that was asked. */
    REPLY_MISSED, /* Also a no. */
    REPLY_ACKNOWLEDGE,
    REPLY_RESOLVE,
    REPLY_ACCEPT,
    REPLY_DECLINE,
    REPLY_STOP,
    REPLY_START,
    REPLY_HELP,
    REPLY_WORD_COUNT
};

struct reply {
    enum reply_word word;
    char code[REPLY_CODE_MAX]; /* Lower case; "" for none. */
};

/* "JOINED" and so on. */
const char *reply_word_name(enum reply_word word);
/* Texts over REPLY_BYTES_MAX, and what is not UTF-8, are UNKNOWN. */
struct reply reply_read(struct str text);

#endif
