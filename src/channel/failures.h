/* channel/failures: what the error codes of the providers mean for us: one table, failures.def.
 *
 * Pure. `class` says what to do, `category` what to count it as (requirement V5). Source:
 * protocols.md 1.14, 2.6, 2.7, 3, 8. */
#ifndef TOCSIN_CHANNEL_FAILURES_H
#define TOCSIN_CHANNEL_FAILURES_H

#include "base/str.h"
#include "model/enums.h"

struct failure {
    const char *provider;
    const char *code;
    enum failure_class class; /* 0: benign, or not known what to do about it. */
    enum failure_category category;
    const char *doc; /* One sentence without a full stop, fit to be shown. */
};

/* NULL for a code that the table does not have. */
const struct failure *failure_find(const char *provider, struct str code);
/* At least so long until the same is tried again by the same provider; 0 where that is up to the
 * category. */
int failure_wait_seconds(struct str provider, struct str code);
/* All rows, for documents and tests. */
size_t failures_all(const struct failure **out);

#endif
