#include "service/do_not_call.h"

#include "model/formats.h"
#include "service/events.h"
#include "store/callees.h"

enum { NUMBERS_MAX = 10000, ERRORS_SHOWN = 100, SHOWN_BYTES = 40 };

static struct str facts_of(const struct op *op, const struct do_not_call *row)
{
    struct callee_facts facts = {.phone = row->phone,
                                 .is_barred = !instant_is_set(row->lifted_at),
                                 .source = row->source,
                                 .call_id = row->call_id};
    return op_record_text(op, &callee_facts_record, &facts);
}

static enum err note_change(struct op *op, const char *action, struct id subject, struct str facts)
{
    TRY(op_audit(op, (struct audit_entry){.action = action,
                                          .subject_type = subject_type_CALLEE,
                                          .subject = subject,
                                          .after = facts}));
    return event_tell(op, &(struct event_facts){.kind = event_kind_CALLEE_CHANGED,
                                                .subject_type = subject_type_CALLEE,
                                                .subject = subject,
                                                .data = facts});
}

/* Without audit and event: for imports, which have one of each. */
static enum err put(struct op *op, const struct opt_out *request, struct do_not_call *out,
                    bool *known)
{
    struct lookup number = phone_lookup(op->db, op->arena, request->phone, STR_NONE);
    enum err err = do_not_call_of(op->db, op->arena, &number, out);
    *known = err == OK;
    if (err != E_NOT_FOUND) {
        return err;
    }
    *out = (struct do_not_call){.id = op_new_id(op),
                                .phone = request->phone,
                                .phone_hash = number.now,
                                .source = (int)request->source,
                                .reason = request->reason,
                                .call_id = request->call,
                                .created_at = op->now,
                                .created_by = op->actor.name};
    return db_insert(op->db, TABLE_do_not_call, op->arena, out);
}

enum err do_not_call_add(struct op *op, const struct opt_out *request, struct do_not_call *out,
                         bool *known)
{
    TRY(put(op, request, out, known));
    return *known ? OK : note_change(op, "DO_NOT_CALL_ADDED", out->id, facts_of(op, out));
}

static enum err lift(struct op *op, struct do_not_call *row)
{
    row->lifted_at = op->now;
    row->lifted_by = op->actor.name;
    TRY(do_not_call_lift(op->db, row));
    return note_change(op, "DO_NOT_CALL_LIFTED", row->id, facts_of(op, row));
}

enum err do_not_call_heard_start(struct op *op, struct str phone)
{
    struct do_not_call row = {0};
    struct lookup number = phone_lookup(op->db, op->arena, phone, STR_NONE);
    enum err err = do_not_call_of(op->db, op->arena, &number, &row);
    if (err != OK) {
        return err == E_NOT_FOUND ? OK : err;
    }
    return row.source == consent_source_REPLY ? lift(op, &row) : OK;
}

enum err add_do_not_call(struct op *op, const void *input, void *output)
{
    const struct do_not_call *given = input;
    struct opt_out request = {
        .phone = given->phone, .source = consent_source_API, .reason = given->reason};
    TRY(op_may_change(op, ID_NONE));
    return do_not_call_add(op, &request, output, &op->is_known);
}

enum err list_do_not_call(struct op *op, const void *input, void *output)
{
    const struct callee_list_input *wanted = input;
    struct do_not_call_list *out = output;
    struct callee_page page = {.limit = page_limit(wanted->limit) + 1};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &page.before));
    if (str_is_set(wanted->phone)) {
        page.number = phone_lookup(op->db, op->arena, wanted->phone, STR_NONE);
    }
    TRY(do_not_call_page(op->db, op->arena, &page, &out->numbers, &out->total));
    if (page_trim(op, &out->numbers, page.limit - 1)) {
        const struct do_not_call *rows = out->numbers.items;
        out->cursor = op_cursor_text(op, rows[out->numbers.count - 1].id);
    }
    return OK;
}

enum err lift_do_not_call(struct op *op, const void *input, void *output)
{
    (void)input;
    struct do_not_call row = {0};
    TRY(op_may_change(op, ID_NONE));
    enum err err = db_get(op->db, TABLE_do_not_call, op->path_id, op->arena, &row);
    TRY(op_not_found(op, err, "number on the do-not-call list"));
    *(struct removed *)output = (struct removed){.id = row.id, .deleted = true};
    return instant_is_set(row.lifted_at) ? OK : lift(op, &row);
}

/* The lines of a text as items of a list. Blank lines and comments keep their place and are
 * nothing. */
static void read_lines(struct op *op, struct str text, struct list *out)
{
    struct str bom = STR("\xef\xbb\xbf");
    struct str line = STR_NONE;
    struct phone_item *items = NULL;
    size_t count = 0;
    size_t lines = 1;
    text = str_starts(text, bom) ? str_slice(text, bom.len, text.len) : text;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n';
    }
    items = ARENA_NEW_ARRAY(op->arena, struct phone_item, lines);
    while (str_split(&text, '\n', &line)) {
        items[count++].phone = str_trim(line);
    }
    *out = (struct list){items, count};
}

static bool is_nothing(struct str line)
{
    return line.len == 0 || line.ptr[0] == '#';
}

static enum err check_amount(struct op *op, const struct list *items)
{
    const struct phone_item *numbers = items->items;
    size_t count = 0;
    for (size_t i = 0; i < items->count; i++) {
        count += is_nothing(numbers[i].phone) ? 0 : 1;
    }
    if (count == 0 || count > NUMBERS_MAX) {
        return op_fail(op, E_INVALID, "numbers", "must have 1 to %d numbers, not %zu", NUMBERS_MAX,
                       count);
    }
    return OK;
}

static void refuse_line(struct op *op, size_t line, struct str text,
                        struct number_import_result *out)
{
    struct number_refused *errors = (struct number_refused *)(uintptr_t)out->errors.items;
    out->refused++;
    if (out->errors.count < ERRORS_SHOWN) {
        struct str shown =
            str_is_utf8(text) ? str_cut_utf8(text, SHOWN_BYTES) : STR("(unreadable)");
        errors[out->errors.count++] = (struct number_refused){
            .line = (int64_t)line,
            .message =
                arena_printf(op->arena, "\"%.*s\" is not %s", STR_FMT(shown), format_e164.advice),
        };
    }
}

static enum err import_all(struct op *op, const struct list *items, struct str reason,
                           struct number_import_result *out)
{
    const struct phone_item *numbers = items->items;
    out->errors.items = ARENA_NEW_ARRAY(op->arena, struct number_refused, ERRORS_SHOWN);
    for (size_t i = 0; i < items->count; i++) {
        struct opt_out request = {
            .phone = numbers[i].phone, .source = consent_source_API, .reason = reason};
        struct do_not_call row = {0};
        bool is_known = false;
        if (is_nothing(request.phone)) {
            continue;
        }
        if (!format_e164.is_valid(request.phone)) {
            refuse_line(op, i + 1, request.phone, out);
            continue;
        }
        TRY(put(op, &request, &row, &is_known));
        out->added += is_known ? 0 : 1;
        out->known += is_known ? 1 : 0;
    }
    return OK;
}

enum err import_do_not_call(struct op *op, const void *input, void *output)
{
    const struct number_import *given = input;
    struct number_import_result *out = output;
    struct list items = given->numbers;
    TRY(op_may_change(op, ID_NONE));
    if (str_is_set(given->body)) {
        read_lines(op, given->body, &items);
    }
    TRY(check_amount(op, &items));
    TRY(import_all(op, &items, given->reason, out));
    if (out->added == 0) {
        return OK;
    }
    struct callee_facts facts = {
        .is_barred = true, .source = consent_source_API, .count = out->added};
    return note_change(op, "DO_NOT_CALL_IMPORTED", op_new_id(op),
                       op_record_text(op, &callee_facts_record, &facts));
}
