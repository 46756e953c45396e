/* channel/sms_text: how a text travels as SMS, and how to make it cheaper without changing what it
 * says (V9).
 *
 * Pure. GSM-7 carries 160 septets in one segment or 153 in each of several; characters of the
 * extension table take two septets, which stay together. One character outside both tables makes
 * the whole text UCS-2: 70 code units, or 67 each, and a surrogate pair stays together. Source:
 * 3GPP TS 23.038 6.2.1 and 6.2.1.1, TS 23.040 9.2.3.24.1. */
#ifndef TOCSIN_CHANNEL_SMS_TEXT_H
#define TOCSIN_CHANNEL_SMS_TEXT_H

#include "base/arena.h"
#include "base/buf.h"

struct sms_size {
    bool is_gsm7;
    size_t units;      /* Septets, or UTF-16 code units. */
    size_t segments;   /* At least 1: an empty text is a message, too. */
    size_t units_left; /* In the last segment. */
};

/* `text` is UTF-8; what is not counts as one character outside GSM-7 a byte. */
struct sms_size sms_measure(struct str text);
size_t sms_segments(struct str text);

/* Typographic quotes, dashes, ellipses, bullets and spaces become their plain forms, and invisible
 * characters are left out. Everything else stays as it is. */
void sms_add_plain(struct buf *out, struct str text);

/* Letters with marks that GSM-7 does not have become the letters alone: "a" for "á". Characters
 * that have no such form stay. */
void sms_add_without_marks(struct buf *out, struct str text);
/* The text as it goes out: plain, and without marks too where that takes fewer segments; so a name
 * keeps its marks as long as they cost nothing. */
void sms_add_cheapest(struct buf *out, struct str text, struct arena *arena);
/* The characters that make the text UCS-2, each once, at most 20. */
void sms_add_forcing(struct buf *out, struct str text);

#endif
