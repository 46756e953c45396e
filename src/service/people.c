#include "service/people.h"

#include "service/accounts.h"
#include "service/call_endings.h"
#include "service/dispatch_outcomes.h"
#include "service/engine.h"
#include "service/ladder.h"
#include "service/lint.h"
#include "service/meetings.h"
#include "service/night.h"
#include "service/suppressions.h"
#include "store/people.h"

enum err check_timezone(struct op *op, const char *field, struct str name)
{
    if (!str_is_set(name) || zoneinfo_find(op->site->zones, name) != NULL) {
        return OK;
    }
    return op_fail(op, E_TIMEZONE, field, "\"%.*s\" is not an IANA time zone such as Europe/Madrid",
                   STR_FMT(name));
}

static enum err check_user(struct op *op, struct user *user)
{
    TRY(check_timezone(op, "timezone", user->timezone));
    if (user->preferred_channel != 0 && user->preferred_channel != channel_SMS &&
        user->preferred_channel != channel_WHATSAPP) {
        return op_fail(op, E_INVALID, "preferredChannel", "must be SMS or WHATSAPP");
    }
    if (str_is_set(user->quiet_start) != str_is_set(user->quiet_end)) {
        return op_fail(op, E_INVALID, "quietHours", "must have both start and end");
    }
    return OK;
}

static enum err audit_user(struct op *op, const char *action, const struct user *before,
                           const struct user *after)
{
    return op_audit(
        op, (struct audit_entry){
                .action = action,
                .subject_type = subject_type_USER,
                .subject = after->id,
                .user = after->id,
                .before = before == NULL ? STR_NONE : op_record_text(op, &user_record, before),
                .after = op_record_text(op, &user_record, after),
            });
}

enum err create_user(struct op *op, const void *input, void *output)
{
    struct user *user = output;
    *user = *(const struct user *)input;
    TRY(op_may_change(op, ID_NONE));
    TRY(check_user(op, user));
    user->id = op_new_id(op);
    user->created_at = user->updated_at = op->now;
    TRY(users_put(op->db, op->arena, user));
    TRY(audit_user(op, "USER_CREATED", NULL, user));
    return lint_user_saved(op, user);
}

enum err list_users(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct user_list *out = output;
    struct id after = ID_NONE;
    int64_t limit = page_limit(wanted->limit);
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &after));
    TRY(users_page(op->db, op->arena, after, limit + 1, &out->users));
    TRY(users_count(op->db, &out->total));
    const struct user *users = out->users.items;
    if (page_trim(op, &out->users, limit)) {
        out->cursor = op_cursor_text(op, users[out->users.count - 1].id);
    }
    return OK;
}

static enum err load_user(struct op *op, struct user *out)
{
    return op_not_found(op, users_get(op->db, op->arena, op->path_id, out), "user");
}

enum err get_user(struct op *op, const void *input, void *output)
{
    (void)input;
    TRY(op_may_read(op, op->path_id));
    return load_user(op, output);
}

/* P4: who edits an address means it: it is used again, the old one too, should it come back. */
static enum err lift_edited(struct op *op, const struct user *before, const struct user *after)
{
    static const struct {
        const char *member;
        enum channel channels[3];
    } members[] = {
        {"email", {channel_EMAIL}},
        {"phone", {channel_SMS, channel_CALL, channel_WHATSAPP}},
        {"whatsapp", {channel_WHATSAPP}},
        {"emergency_phone", {channel_SMS, channel_CALL, channel_WHATSAPP}},
        {"emergency_email", {channel_EMAIL}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        size_t index = record_field_index(&user_record, members[i].member);
        const struct field *field = &user_record.fields[index];
        const struct str *old = record_member_const(before, field);
        const struct str *new = record_member_const(after, field);
        for (size_t j = 0; j < 3 && presence_has(op->given, index); j++) {
            enum channel channel = members[i].channels[j];
            TRY(channel == channel_NONE ? OK : suppression_lift(op, channel, *old, LIFT_EDITED));
            TRY(channel == channel_NONE ? OK : suppression_lift(op, channel, *new, LIFT_EDITED));
        }
    }
    return OK;
}

enum err change_user(struct op *op, const void *input, void *output)
{
    struct user *user = output;
    struct user before = {0};
    TRY(op_may_change(op, op->path_id));
    TRY(load_user(op, &before));
    *user = before;
    record_merge(&user_record, op->given, input, user);
    if (!str_is_set(user->name)) {
        return op_fail(op, E_INVALID, "name", "must not be null");
    }
    TRY(check_user(op, user));
    user->updated_at = op->now;
    TRY(users_change(op->db, op->arena, user));
    TRY(lift_edited(op, &before, user));
    TRY(audit_user(op, "USER_CHANGED", &before, user));
    return lint_user_saved(op, user);
}

enum err delete_user(struct op *op, const void *input, void *output)
{
    (void)input;
    struct user user = {0};
    TRY(op_may_change(op, ID_NONE));
    TRY(load_user(op, &user));
    TRY(cancel_meetings_of(op, user.id, "person_removed"));
    TRY(calls_person_removed(op, user.id));
    TRY(account_person_removed(op, user.id));
    TRY(api_keys_revoke_of_user(op->db, user.id, op->now));
    TRY(lint_forget(op, subject_type_USER, user.id));
    user.deleted_at = user.updated_at = op->now;
    TRY(users_change(op->db, op->arena, &user));
    TRY(dispatches_person_removed(op, user.id));
    TRY(ladders_person_removed(op, user.id));
    TRY(night_look_for_gaps(op));
    *(struct removed *)output = (struct removed){.id = user.id, .deleted = true};
    return audit_user(op, "USER_REMOVED", &user, &user);
}

enum err verify_audit(struct op *op, const void *input, void *output)
{
    struct audit_state *out = output;
    struct problem problem = {0};
    (void)input;
    TRY(op_may_read(op, ID_NONE));
    enum err err = audit_verify(op->db, &out->checked, &problem);
    TRY(err == E_CORRUPT ? OK : err);
    out->is_whole = err == OK;
    out->problem = err == OK ? STR_NONE : arena_printf(op->arena, "%s", problem.message);
    out->at = op->now;
    return OK;
}

enum err list_audit(struct op *op, const void *input, void *output)
{
    const struct audit_list_input *wanted = input;
    struct audit_list *out = output;
    struct id after = ID_NONE;
    struct audit_page page = {.subject = wanted->subject_id,
                              .user = wanted->user_id,
                              .is_newest_first = wanted->newest,
                              .limit = page_limit(wanted->limit) + 1};
    if (op->actor.scope == key_scope_USER && !id_is_set(page.user)) {
        page.user = op->actor.user;
    }
    TRY(op_may_read(op, page.user));
    TRY(op_cursor(op, wanted->cursor, &after));
    page.after = after.value;
    TRY(audit_page(op->db, op->arena, &page, &out->events, &out->total));
    const struct audit_event *events = out->events.items;
    if (page_trim(op, &out->events, page.limit - 1)) {
        out->cursor = op_cursor_text(op, (struct id){events[out->events.count - 1].seq});
    }
    return OK;
}
