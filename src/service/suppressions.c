#include "service/suppressions.h"

#include "service/messages.h"
#include "store/delivery.h"
#include "store/people.h"

static enum err audit(struct op *op, const char *action, const struct suppression *row,
                      const char *reason)
{
    char masked[MASKED_MAX];
    const char *channel = enum_name(&channel_names, row->channel);
    struct str address =
        row->channel == channel_EMAIL ? STR("an address") : mask_phone(row->address, masked);
    return op_audit(op, (struct audit_entry){
                            .action = action,
                            .subject_type = subject_type_USER,
                            .subject = row->user_id,
                            .user = row->user_id,
                            .after = arena_printf(op->arena, "%s %.*s", channel, STR_FMT(address)),
                            .reason = str_from(reason)});
}

enum err suppress(struct op *op, const struct suppress_request *request)
{
    struct suppression row = {0};
    enum err err =
        suppressions_of_address(op->db, op->arena, request->channel, request->address, &row);
    if (err != E_NOT_FOUND) {
        return err;
    }
    row = (struct suppression){
        .id = op_new_id(op),
        .channel = (int)request->channel,
        .address_hash = seal_lookup_hash(op->site->seal, op->arena, request->address),
        .address = request->address,
        .user_id = request->user,
        .category = (int)request->category,
        .provider = request->provider,
        .code = request->code,
        .created_at = op->now,
    };
    const char *category = enum_name(&failure_category_names, row.category);
    TRY(db_insert(op->db, TABLE_suppressions, op->arena, &row));
    op_log(op, LOG_WARN, LOG_WORKER, "an address is not used by %s any more: %s",
           enum_name(&channel_names, row.channel), category);
    return audit(op, "ADDRESS_SUPPRESSED", &row, category);
}

enum err suppression_lift(struct op *op, enum channel channel, struct str address,
                          enum lift_reason reason)
{
    static const char *const reasons[] = {
        [LIFT_EDITED] = "the person was edited",
        [LIFT_START] = "START",
        [LIFT_HEARD] = "a message came from it",
    };
    struct suppression row = {0};
    if (!str_is_set(address)) {
        return OK;
    }
    enum err err = suppressions_of_address(op->db, op->arena, channel, address, &row);
    if (err != OK) {
        return err == E_NOT_FOUND ? OK : err;
    }
    bool is_opt_out = row.category == failure_category_opted_out;
    bool is_over = reason == LIFT_EDITED || is_opt_out == (reason == LIFT_START);
    if (!is_over) {
        return OK;
    }
    TRY(suppressions_lift(op->db, row.id, op->now));
    return audit(op, "ADDRESS_IN_USE_AGAIN", &row, reasons[reason]);
}

enum err suppression_of(struct op *op, enum channel channel, struct str address,
                        enum failure_category *out)
{
    struct suppression row = {0};
    *out = failure_category_NONE;
    if (!str_is_set(address)) {
        return OK;
    }
    enum err err = suppressions_of_address(op->db, op->arena, channel, address, &row);
    if (err == OK) {
        *out = (enum failure_category)row.category;
    }
    return err == E_NOT_FOUND ? OK : err;
}

enum err list_suppressions(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct page_cut cut = {.record = &suppression_record, .limit = wanted->limit};
    struct suppression_list *out = output;
    struct user user = {0};
    TRY(op_may_read(op, op->path_id));
    TRY(op_cursor(op, wanted->cursor, &cut.after));
    TRY(op_not_found(op, users_get(op->db, op->arena, op->path_id, &user), "user"));
    TRY(suppressions_of_user(op->db, op->arena, user.id, &out->suppressions));
    out->total = (int64_t)out->suppressions.count;
    out->cursor = op_cut_page(op, &cut, &out->suppressions);
    return OK;
}
