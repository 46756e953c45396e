#include "service/personal.h"

#include "service/people.h"
#include "store/accounts.h"
#include "store/messages.h"
#include "store/people.h"
#include "store/personal.h"

enum { EVENTS_AT_ONCE = 500 };

/* Who was removed can still be shown what is left, and erased. */
static enum err load(struct op *op, struct user *out)
{
    return op_not_found(op, db_get(op->db, TABLE_users, op->path_id, op->arena, out), "user");
}

static enum err audit_of(struct op *op, struct arena *arena, int64_t after, struct list *out)
{
    struct audit_page page = {.user = op->path_id, .after = after, .limit = EVENTS_AT_ONCE};
    int64_t total = 0;
    return audit_page(op->db, arena, &page, out, &total);
}

/* --- Shown --- */

static enum err add_bodies(struct op *op, struct list *messages)
{
    const struct message *items = messages->items;
    struct message *whole = ARENA_NEW_ARRAY(op->arena, struct message, messages->count + 1);
    for (size_t i = 0; i < messages->count; i++) {
        whole[i] = items[i];
        TRY(messages_body(op->db, op->arena, &whole[i]));
    }
    messages->items = whole;
    return OK;
}

static enum err add_account(struct op *op, struct person_export *out)
{
    struct account *account = ARENA_NEW(op->arena, struct account);
    enum err err = accounts_of_user(op->db, op->arena, op->path_id, account);
    out->account = err == OK ? account : NULL;
    return err == E_NOT_FOUND ? OK : err;
}

static enum err add_audit(struct op *op, struct person_export *out)
{
    struct audit_page page = {.user = op->path_id, .limit = EXPORT_ROWS_MAX + 1};
    int64_t total = 0;
    TRY(audit_page(op->db, op->arena, &page, &out->audit_events, &total));
    return total > EXPORT_ROWS_MAX ? E_TOO_LARGE : OK;
}

enum err export_person(struct op *op, const void *input, void *output)
{
    (void)input;
    struct person_export *out = output;
    struct user *user = ARENA_NEW(op->arena, struct user);
    bool is_own = id_is_set(op->actor.user) && id_equal(op->actor.user, op->path_id);
    TRY(is_own ? OK : op_may_administer(op));
    TRY(load(op, user));
    *out = (struct person_export){.made_at = op->now, .user = user};
    TRY(add_account(op, out));
    TRY(api_keys_of_user(op->db, op->arena, user->id, &out->keys));
    enum err err = personal_read(op->db, op->arena, user->id, EXPORT_ROWS_MAX, out);
    err = err == OK ? add_audit(op, out) : err;
    if (err == E_TOO_LARGE) {
        return op_fail(op, E_TOO_LARGE, NULL, "there are more than %d rows of one kind",
                       EXPORT_ROWS_MAX);
    }
    TRY(err);
    return add_bodies(op, &out->messages);
}

/* --- Erased --- */

static enum err erase_audit(struct op *op)
{
    struct arena *arena = arena_new();
    struct list events = {0};
    int64_t after = 0;
    enum err err = OK;
    do {
        arena_reset(arena);
        err = audit_of(op, arena, after, &events);
        for (size_t i = 0; i < events.count && err == OK; i++) {
            struct audit_event event = ((const struct audit_event *)events.items)[i];
            after = event.seq;
            err = audit_erase(op->db, arena, &event);
        }
    } while (err == OK && events.count == EVENTS_AT_ONCE);
    arena_free(&arena);
    return err;
}

static enum err erase_user(struct op *op, const struct user *user)
{
    struct user nobody = {.id = user->id,
                          .name = STR("(erased)"),
                          .created_at = user->created_at,
                          .updated_at = op->now,
                          .deleted_at = user->deleted_at};
    return users_change(op->db, op->arena, &nobody);
}

enum err erase_person(struct op *op, const void *input, void *output)
{
    struct user user = {0};
    TRY(op_may_administer(op));
    TRY(load(op, &user));
    if (!instant_is_set(user.deleted_at)) {
        TRY(delete_user(op, input, output));
        TRY(load(op, &user));
    }
    TRY(personal_erase(op->db, user.id));
    TRY(erase_audit(op));
    TRY(erase_user(op, &user));
    *(struct removed *)output = (struct removed){.id = user.id, .deleted = true};
    return op_audit(op, (struct audit_entry){.action = "USER_ERASED",
                                             .subject_type = subject_type_USER,
                                             .subject = user.id,
                                             .user = user.id});
}
