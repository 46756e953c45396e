#include "store/accounts.h"

#include "store/seal_keys.h"

static struct lookup login_lookup(struct db *db, struct arena *arena, struct str login)
{
    struct buf text = {.arena = arena};
    buf_add_text(&text, "login ");
    buf_add_lower(&text, login);
    return seal_lookup(db_seal(db), arena, buf_str(&text));
}

enum err accounts_by_login(struct db *db, struct arena *arena, struct str login,
                           struct account *out)
{
    struct lookup hash = login_lookup(db, arena, login);
    return db_one(db, S_account_by_login, (struct db_into){TABLE_accounts, arena}, out,
                  PARAMS(value_bytes(hash.now), value_bytes(hash.before)));
}

enum err accounts_by_subject(struct db *db, struct arena *arena, const struct lookup *hash,
                             struct account *out)
{
    return db_one(db, S_account_by_subject, (struct db_into){TABLE_accounts, arena}, out,
                  PARAMS(value_bytes(hash->now), value_bytes(hash->before)));
}

enum err accounts_of_user(struct db *db, struct arena *arena, struct id user, struct account *out)
{
    return db_one(db, S_account_of_user, (struct db_into){TABLE_accounts, arena}, out,
                  PARAMS(value_id(user)));
}

/* While the data key is changed a row may have the hash of the key before, which the table does not
 * see to be the same. */
static enum err refuse_taken(struct db *db, struct arena *arena, const struct account *account)
{
    struct account other = {0};
    if (!seal_has_before(db_seal(db))) {
        return OK;
    }
    enum err err = accounts_by_login(db, arena, account->login, &other);
    if (err != OK) {
        return err == E_NOT_FOUND ? OK : err;
    }
    return id_equal(other.id, account->id) ? OK : E_DUPLICATE;
}

enum err accounts_put(struct db *db, struct arena *arena, struct account *account)
{
    TRY(refuse_taken(db, arena, account));
    account->login_hash = login_lookup(db, arena, account->login).now;
    return db_insert(db, TABLE_accounts, arena, account);
}

enum err accounts_change(struct db *db, struct arena *arena, struct account *account)
{
    TRY(refuse_taken(db, arena, account));
    account->login_hash = login_lookup(db, arena, account->login).now;
    return db_update(db, TABLE_accounts, arena, account);
}

enum err accounts_have_passwords(struct db *db, bool *out)
{
    int64_t count = 0;
    TRY(db_number(db, S_account_passwords, &count, NO_PARAMS));
    *out = count > 0;
    return OK;
}

enum err accounts_remove(struct db *db, struct id user, int64_t *removed)
{
    return db_change(db, S_account_remove, removed, PARAMS(value_id(user)));
}

enum err sessions_page(struct db *db, struct arena *arena, const struct session_page *page,
                       struct list *out, int64_t *total)
{
    TRY(db_number(
        db, S_sessions_count, total,
        PARAMS(value_time(page->now), value_int(page->user.value), value_int(page->own.value))));
    return db_all(db, S_sessions_page, (struct db_into){TABLE_api_keys, arena}, out,
                  PARAMS(value_time(page->now), value_int(page->user.value),
                         value_int(page->own.value), value_int(page->after.value),
                         value_int(page->limit)));
}

enum err sessions_end_of_user(struct db *db, struct id user, struct id kept, struct instant now)
{
    return db_run(db, S_sessions_end_of_user,
                  PARAMS(value_id(user), value_int(kept.value), value_time(now)));
}
