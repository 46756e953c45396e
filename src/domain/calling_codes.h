/* domain/calling_codes: in which country a telephone number is, by its calling code.
 *
 * Pure. The table is calling_codes.def; the longest prefix decides, so that +1 876 is Jamaica and
 * +1 otherwise the United States. Countries are ISO 3166 codes as tzdata's zone.tab has them, by
 * which the caller finds their zones. A number that belongs to no country (satellite, freephone,
 * international networks) has none; nor has one that is not E.164. A country says where a number
 * was given out, not where its owner is. Source: ITU-T E.164 and its list of assigned codes; NANPA
 * for the area codes of +1. */
#ifndef TOCSIN_DOMAIN_CALLING_CODES_H
#define TOCSIN_DOMAIN_CALLING_CODES_H

#include "base/str.h"

enum { COUNTRY_BYTES = 3 };

/* False where the number belongs to no country; then *out is "". */
bool calling_country(struct str phone, char out[static COUNTRY_BYTES]);
/* Whether numbers are given out in a country: "GB" is one, "UK" is none. */
bool calling_country_is_known(struct str country);

#endif
