/* model/formats: what a text must look like, beyond its length: FORMAT(name) in a record's table.
 *
 * Pure. A check says whether a text may be stored and used as what it claims to be, not whether the
 * thing exists. The
 * `pattern` of each says the same, or less, as a regular expression of ECMA-262 for the schema.
 * Source: E.164, RFC 5321 4.1.2 (as far as protocols.md 4 allows), RFC 3986, RFC 5646, the theory
 * file of tzdata. */
#ifndef TOCSIN_MODEL_FORMATS_H
#define TOCSIN_MODEL_FORMATS_H

#include "model/record.h"

extern const struct text_format format_e164;
/* One plain ASCII address of at most 254 bytes: nothing that could end an SMTP command or begin a
 * second address. */
extern const struct text_format format_email;
/* "00:00" to "23:59". */
extern const struct text_format format_hhmm;
/* The same with "24:00" for the end of a day. */
extern const struct text_format format_closing;
/* "2026-01-31", a day that exists. */
extern const struct text_format format_date;
bool date_parse(struct str text, struct date *out);
/* Such a day, or a name as format_holiday_name has it. */
extern const struct text_format format_holiday;
/* Lower-case words with dashes between them; a letter first. */
extern const struct text_format format_holiday_name;
/* A time with its offset, or a wall clock without one: "2026-01-31T09:00" with optional seconds. */
extern const struct text_format format_when;
/* A day, or a time with its offset. */
extern const struct text_format format_end_date;
/* Seconds since 1970 of that wall clock, as if it were UTC; false for what is of another form. */
bool wall_clock_parse(struct str text, int64_t *out);
/* A caller's own name of somebody: 1 to 100 characters that can be seen, spaces inside included. */
extern const struct text_format format_owner;
/* One digit. */
extern const struct text_format format_digit;
/* The lexical form of an IANA name; whether the machine knows the zone is found out later
 * (E_TIMEZONE). */
extern const struct text_format format_timezone;
/* A provider's name of a voice: 1 to 100 letters, digits and . _ : - */
extern const struct text_format format_voice;
/* A language tag whose language exists: the first part is one of ISO 639-1, or has three letters.
 */
extern const struct text_format format_language;
/* A language tag such as "en", "en-US" or "zh-Hant". */
extern const struct text_format format_locale;
/* An absolute http, https or webcal URL of at most 2048 bytes with a host, percent-encoded as RFC
 * 3986 has it. */
extern const struct text_format format_url;
/* "login.example.org:8443" of "https://login.example.org:8443/realms/x". */
struct str url_authority(struct str url);
/* A caller's own key: 1 to 255 bytes without control characters, not beginning or ending with a
 * space. */
extern const struct text_format format_dedup_key;
/* A name that others refer to: 1 to 64 lower-case letters, digits and single dashes between them.
 */
extern const struct text_format format_slug;
/* A caller's own key of a dispatch, fit to stand in a path: 1 to 100 letters, digits and ._:@~- */
extern const struct text_format format_call_id;

/* Days of the week and ranges of them, as SUN, MON-FRI or SAT,SUN; a range may go over the week's
 * end. */
extern const struct text_format format_weekdays;
/* Bit 0 is Sunday; false for what is not of that form. */
bool weekdays_parse(struct str text, unsigned *out);

#endif
