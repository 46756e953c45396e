#include "service/consents.h"

#include "service/events.h"
#include "store/callees.h"

enum err add_consent(struct op *op, const void *input, void *output)
{
    struct callee_consent *row = output;
    *row = *(const struct callee_consent *)input;
    TRY(op_may_change(op, ID_NONE));
    row->id = op_new_id(op);
    row->phone_hash = phone_hash_of(op->db, op->arena, row->phone);
    row->source = consent_source_API;
    row->created_at = op->now;
    row->created_by = op->actor.name;
    TRY(db_insert(op->db, TABLE_callee_consents, op->arena, row));
    struct callee_facts facts = {.phone = row->phone, .state = row->state, .source = row->source};
    struct str text = op_record_text(op, &callee_facts_record, &facts);
    TRY(op_audit(op, (struct audit_entry){.action = "CONSENT_ADDED",
                                          .subject_type = subject_type_CALLEE,
                                          .subject = row->id,
                                          .after = text}));
    return event_tell(op, &(struct event_facts){.kind = event_kind_CALLEE_CHANGED,
                                                .subject_type = subject_type_CALLEE,
                                                .subject = row->id,
                                                .data = text});
}

enum err list_consents(struct op *op, const void *input, void *output)
{
    const struct callee_list_input *wanted = input;
    struct callee_consent_list *out = output;
    struct callee_page page = {.limit = page_limit(wanted->limit) + 1};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &page.before));
    if (str_is_set(wanted->phone)) {
        page.number = phone_lookup(op->db, op->arena, wanted->phone, STR_NONE);
    }
    TRY(consents_page(op->db, op->arena, &page, &out->consents, &out->total));
    if (page_trim(op, &out->consents, page.limit - 1)) {
        const struct callee_consent *rows = out->consents.items;
        out->cursor = op_cursor_text(op, rows[out->consents.count - 1].id);
    }
    return OK;
}
