/* service/accounts: how people sign in with a password, and what they may then do (requirement X1).
 *
 * An account belongs to a person; an admin makes it and sets its first password, the person changes
 * it. A password has at least 12 characters, of any kind, is not its login and not easy to guess;
 * it is kept as an Argon2id hash (store/password), which is sealed, so that the store alone does
 * not let anybody try passwords. A person with an email gets a mail when it is set or changed. Any
 * change of role or password, and the account's end, ends the sessions that were begun by signing
 * in.
 *
 * Hashing takes long: `prepare` functions do it on another thread than the executor's, which then
 * looks whether the account is still the one that was compared. */
#ifndef TOCSIN_SERVICE_ACCOUNTS_H
#define TOCSIN_SERVICE_ACCOUNTS_H

#include "service/op.h"
#include "store/accounts.h"

enum { PASSWORD_CHARACTERS_MIN = 12 };

/* What a preparation has found out. */
struct password_proof {
    bool is_good;       /* What was given is the password of `account`. */
    struct id account;  /* Unset where there is none of this login. */
    struct str encoded; /* What it was compared with. */
    struct str made;    /* The hash of a new password, or of the same by today's parameters. */
};

NODISCARD enum err prepare_sign_in(struct op *op, const struct session_input *input,
                                   const void **out);
NODISCARD enum err prepare_account(struct op *op, const struct account *input, const void **out);
NODISCARD enum err prepare_password(struct op *op, const struct password_input *input,
                                    const void **out);

/* The account that was compared, if it is still as it was then: E_NOT_FOUND otherwise. */
NODISCARD enum err account_proved(struct op *op, const struct password_proof *proof,
                                  struct account *out);
/* Of no effect for a person who has none. */
NODISCARD enum err account_person_removed(struct op *op, struct id user);

NODISCARD enum err put_account(struct op *op, const void *input, void *output);
NODISCARD enum err get_account(struct op *op, const void *input, void *output);
NODISCARD enum err delete_account(struct op *op, const void *input, void *output);
NODISCARD enum err change_password(struct op *op, const void *input, void *output);

#endif
