/* service/short_codes: "12a": by what a person names one of several open subjects (requirement V4).
 *
 * Per person the smallest free number of 1 to 99 with a letter. A code stands for its subject while
 * that is open, and for a day longer, so that a late answer never means another one. */
#ifndef TOCSIN_SERVICE_SHORT_CODES_H
#define TOCSIN_SERVICE_SHORT_CODES_H

#include "service/open_subjects.h"

/* For a text about `subject` (the meeting where there is one, else the incident): its code where
 * the person has another subject open, STR_NONE otherwise. */
NODISCARD enum err short_code_of(struct op *op, struct id user, struct id subject, struct str *out);
/* The same whatever else is open. */
NODISCARD enum err short_code_make(struct op *op, struct id user, struct id subject,
                                   struct str *out);
/* The one that a code stands for among those that the person was asked about; NULL for none. */
NODISCARD enum err short_code_find(struct op *op, const struct open_subjects *subjects,
                                   struct str code, const struct open_subject **out);

#endif
