#include "service/accounts.h"

#include "service/engine.h"
#include "service/person.h"
#include "service/wording.h"
#include "store/password.h"
#include "store/people.h"

#include <assert.h>

static enum err load_user(struct op *op, struct user *out)
{
    return op_not_found(op, users_get(op->db, op->arena, op->path_id, out), "user");
}

/* --- Before the executor --- */

static size_t characters_of(struct str text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; at++) {
        count += ((unsigned char)text.ptr[at] & 0xC0) != 0x80;
    }
    return count;
}

static enum err check_password(struct op *op, struct str password, struct str login)
{
    if (characters_of(password) < PASSWORD_CHARACTERS_MIN) {
        return op_fail(op, E_INVALID, "password", "must have at least %d characters",
                       PASSWORD_CHARACTERS_MIN);
    }
    if (str_equal_nocase(password, login)) {
        return op_fail(op, E_INVALID, "password", "must not be the login");
    }
    return password_is_easy(op->arena, password, login)
               ? op_fail(op, E_INVALID, "password",
                         "is too easy to guess: known passwords, names, dates and rows of keys are "
                         "tried first; a few words that do not belong together are better")
               : OK;
}

enum err prepare_sign_in(struct op *op, const struct session_input *input, const void **out)
{
    struct account account = {0};
    struct password_proof *proof = ARENA_NEW(op->arena, struct password_proof);
    *proof = (struct password_proof){0};
    *out = proof;
    if (!str_is_set(input->login) || !str_is_set(input->password)) {
        return OK; /* A key, or not enough of either. */
    }
    enum err err = accounts_by_login(op->db, op->arena, input->login, &account);
    if (err != OK && err != E_NOT_FOUND) {
        return err;
    }
    proof->account = account.id;
    proof->encoded = account.encoded;
    proof->is_good = password_is(op->arena, account.encoded, input->password);
    return proof->is_good && password_is_outdated(op->arena, account.encoded)
               ? password_encode(op->arena, input->password, &proof->made)
               : OK;
}

/* The one that was given, the one until now, or the person's email. */
static struct str login_of(const struct account *given, const struct account *known,
                           const struct user *user)
{
    return str_is_set(given->login)   ? str_trim(given->login)
           : str_is_set(known->login) ? known->login
                                      : user->email;
}

/* Whether there is such a person is for the executor to say. */
static enum err login_to_be(struct op *op, const struct account *given, struct str *out)
{
    struct account known = {0};
    struct user user = {0};
    enum err err = users_get(op->db, op->arena, op->path_id, &user);
    err = err == OK ? accounts_of_user(op->db, op->arena, user.id, &known) : err;
    *out = login_of(given, &known, &user);
    return err == E_NOT_FOUND ? OK : err;
}

enum err prepare_account(struct op *op, const struct account *input, const void **out)
{
    struct password_proof *proof = ARENA_NEW(op->arena, struct password_proof);
    *proof = (struct password_proof){0};
    *out = proof;
    TRY(op_may_administer(op));
    if (!str_is_set(input->password)) {
        return OK;
    }
    struct str login = STR_NONE;
    TRY(login_to_be(op, input, &login));
    TRY(check_password(op, input->password, login));
    return password_encode(op->arena, input->password, &proof->made);
}

static enum err own_account(struct op *op, struct account *out)
{
    enum err err = id_is_set(op->actor.user) && id_is_set(op->actor.session)
                       ? accounts_of_user(op->db, op->arena, op->actor.user, out)
                       : E_NOT_FOUND;
    return err == E_NOT_FOUND
               ? op_fail(op, E_FORBIDDEN, NULL,
                         "a password is changed by the person who has signed in with it")
               : err;
}

enum err prepare_password(struct op *op, const struct password_input *input, const void **out)
{
    struct account account = {0};
    struct password_proof *proof = ARENA_NEW(op->arena, struct password_proof);
    *out = proof;
    TRY(own_account(op, &account));
    TRY(check_password(op, input->password, account.login));
    *proof = (struct password_proof){.account = account.id, .encoded = account.encoded};
    proof->is_good = password_is(op->arena, account.encoded, input->current);
    return proof->is_good ? password_encode(op->arena, input->password, &proof->made) : OK;
}

/* --- In the executor --- */

enum err account_proved(struct op *op, const struct password_proof *proof, struct account *out)
{
    if (proof == NULL || !proof->is_good) {
        return E_NOT_FOUND;
    }
    TRY(db_get(op->db, TABLE_accounts, proof->account, op->arena, out));
    return str_equal(out->encoded, proof->encoded) ? OK : E_NOT_FOUND;
}

static enum err audit(struct op *op, const char *action, const struct account *before,
                      const struct account *after)
{
    const struct account *any = after != NULL ? after : before;
    assert(any != NULL);
    return op_audit(
        op, (struct audit_entry){
                .action = action,
                .subject_type = subject_type_USER,
                .subject = any->user_id,
                .user = any->user_id,
                .before = before == NULL ? STR_NONE : op_record_text(op, &account_record, before),
                .after = after == NULL ? STR_NONE : op_record_text(op, &account_record, after),
            });
}

static enum err choose_login(struct op *op, const struct account *given, const struct user *user,
                             struct account *account)
{
    struct account other = {0};
    struct str login = login_of(given, account, user);
    if (!str_is_set(login) || login.len < 3) {
        return op_fail(op, E_INVALID, "login", "is required for a person without an email");
    }
    enum err err = accounts_by_login(op->db, op->arena, login, &other);
    if (err != OK && err != E_NOT_FOUND) {
        return err;
    }
    if (err == OK && !id_equal(other.user_id, user->id)) {
        return op_fail(op, E_CONFLICT, "login", "is another person's");
    }
    account->login = login;
    return OK;
}

/* Whoever did not do it themselves learns of it. */
static enum err tell_password(struct op *op, const struct user *user)
{
    struct id ignored = ID_NONE;
    struct wording wording = {.key = text_key_PASSWORD_CHANGED, .user = user, .at = op->now};
    struct message_plan plan = {
        .subject_type = subject_type_USER,
        .subject = user->id,
        .user = user->id,
        .target = message_target_PERSON,
        .channel = channel_EMAIL,
        .recipient = user->email,
        .due_at = op->now,
        .valid_until = instant_add(op->now, DAYS(1)),
        .priority = PRIORITY_MEDIUM,
    };
    if (!str_is_set(user->email) || !person_limits(op).email_on) {
        return OK;
    }
    TRY(word_message(op, &wording, &plan));
    enum err err = message_queue(op, &plan, &ignored);
    return err == E_RATE_LIMITED ? OK : err;
}

/* Who made the change goes on, where it was about themselves. */
static enum err end_sessions(struct op *op, struct id user)
{
    return sessions_end_of_user(op->db, user, op->actor.session, op->now);
}

enum err put_account(struct op *op, const void *input, void *output)
{
    const struct account *given = input;
    const struct password_proof *proof = op->prepared;
    struct account *account = output;
    struct user user = {0};
    *account = (struct account){0};
    TRY(op_may_administer(op));
    TRY(load_user(op, &user));
    enum err err = accounts_of_user(op->db, op->arena, user.id, account);
    bool is_new = err == E_NOT_FOUND;
    if (err != OK && !is_new) {
        return err;
    }
    struct account before = *account;
    TRY(choose_login(op, given, &user, account));
    account->user_id = user.id;
    account->role = given->role;
    account->updated_at = op->now;
    if (str_is_set(given->password)) {
        if (proof == NULL || !str_is_set(proof->made)) {
            return op_fail(op, E_INTERNAL, NULL, "a password came without its hash");
        }
        account->encoded = proof->made;
        account->password_at = op->now;
        TRY(tell_password(op, &user));
    }
    if (is_new) {
        account->id = op_new_id(op);
        account->created_at = op->now;
        TRY(accounts_put(op->db, op->arena, account));
        return audit(op, "ACCOUNT_CREATED", NULL, account);
    }
    TRY(accounts_change(op->db, op->arena, account));
    TRY(audit(op, "ACCOUNT_CHANGED", &before, account));
    return end_sessions(op, user.id);
}

enum err get_account(struct op *op, const void *input, void *output)
{
    (void)input;
    struct user user = {0};
    TRY(op_may_read(op, op->path_id));
    TRY(load_user(op, &user));
    return op_not_found(op, accounts_of_user(op->db, op->arena, user.id, output), "account");
}

static enum err remove_account(struct op *op, const struct account *account)
{
    int64_t removed = 0;
    TRY(accounts_remove(op->db, account->user_id, &removed));
    TRY(audit(op, "ACCOUNT_REMOVED", account, NULL));
    return end_sessions(op, account->user_id);
}

enum err delete_account(struct op *op, const void *input, void *output)
{
    (void)input;
    struct user user = {0};
    struct account account = {0};
    TRY(op_may_administer(op));
    TRY(load_user(op, &user));
    TRY(op_not_found(op, accounts_of_user(op->db, op->arena, user.id, &account), "account"));
    *(struct removed *)output = (struct removed){.id = user.id, .deleted = true};
    return remove_account(op, &account);
}

enum err account_person_removed(struct op *op, struct id user)
{
    struct account account = {0};
    enum err err = accounts_of_user(op->db, op->arena, user, &account);
    return err == OK ? remove_account(op, &account) : err == E_NOT_FOUND ? OK : err;
}

enum err change_password(struct op *op, const void *input, void *output)
{
    (void)input;
    struct account *account = output;
    struct user user = {0};
    TRY(own_account(op, account));
    const struct password_proof *proof = op->prepared;
    enum err err = account_proved(op, proof, account);
    if (err == E_NOT_FOUND) {
        TRY(op_audit(op, (struct audit_entry){.action = "PASSWORD_REFUSED",
                                              .subject_type = subject_type_USER,
                                              .subject = op->actor.user,
                                              .user = op->actor.user}));
        return op_refuse(op, E_FORBIDDEN, "current", "is not the password");
    }
    TRY(err);
    struct account before = *account;
    account->encoded = proof->made;
    account->password_at = account->updated_at = op->now;
    TRY(accounts_change(op->db, op->arena, account));
    TRY(audit(op, "PASSWORD_CHANGED", &before, account));
    TRY(users_get(op->db, op->arena, account->user_id, &user));
    TRY(tell_password(op, &user));
    return end_sessions(op, account->user_id);
}
