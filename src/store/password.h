/* store/password: Argon2id hashes of passwords (RFC 9106), by libsodium, in its encoded form, which
 * holds the salt and the parameters: they may change, and old ones are still verified.
 *
 * 64 MiB and two passes: 121 ms of one core of the machine that this was measured on, above what
 * OWASP asks for at least (19 MiB, two passes). So neither is for the executor's thread.
 *
 * How soon a password would be guessed is libzxcvbn's to say, which knows those that leaked. */
#ifndef TOCSIN_STORE_PASSWORD_H
#define TOCSIN_STORE_PASSWORD_H

#include "base/arena.h"

/* E_UNAVAILABLE where the memory cannot be had. */
NODISCARD enum err password_encode(struct arena *arena, struct str password, struct str *out);
/* An absent `encoded` takes as long as one, and is never the password's. */
bool password_is(struct arena *arena, struct str encoded, struct str password);
/* Whether it is among what is tried first: known passwords and words, dates, keys that lie side by
 * side, repeats, and `login`, alone or in a row (libzxcvbn: below 2^27 guesses). A millisecond. */
bool password_is_easy(struct arena *arena, struct str password, struct str login);
/* Whether it was made with other parameters than password_encode takes today. */
bool password_is_outdated(struct arena *arena, struct str encoded);

#endif
