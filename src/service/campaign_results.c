#include "base/buf.h"
#include "service/campaigns.h"
#include "service/scheduled_calls.h"

#include <stdio.h>

enum { RESULTS_MAX = 10000, PAGE_CALLS = 500 };

static const char header[] =
    "scheduledCallId,userId,phoneNumber,status,outcome,attempts,requestedFor,scheduledFor,"
    "processedAt,completedAt,failedAt,cancelledAt,failureReason,metadata\r\n";

/* What a spreadsheet would take for a formula. */
static bool is_formula(struct str cell)
{
    static const char signs[] = "=+-@\t\r";
    return cell.len > 0 && str_find_byte(str_from(signs), cell.ptr[0], 0) < sizeof signs - 1;
}

/* RFC 4180: a cell is quoted where it must be, its quotes doubled; before one that a spreadsheet
 * would calculate stands an apostrophe. */
static void add_cell(struct buf *out, struct str cell)
{
    bool is_neutralised = is_formula(cell);
    bool is_quoted = is_neutralised;
    for (size_t i = 0; i < cell.len && !is_quoted; i++) {
        char c = cell.ptr[i];
        is_quoted = c == '"' || c == ',' || c == '\n' || c == '\r';
    }
    if (!is_quoted) {
        buf_add(out, cell);
        return;
    }
    buf_add_byte(out, '"');
    buf_add_text(out, is_neutralised ? "'" : "");
    for (size_t i = 0; i < cell.len; i++) {
        buf_add_text(out, cell.ptr[i] == '"' ? "\"" : "");
        buf_add_byte(out, cell.ptr[i]);
    }
    buf_add_byte(out, '"');
}

static void add_text(struct buf *out, struct str cell)
{
    buf_add_byte(out, ',');
    add_cell(out, cell);
}

static void add_time(struct buf *out, struct instant at)
{
    char text[INSTANT_TEXT_MAX];
    add_text(out, instant_is_set(at) ? instant_format(at, text) : STR(""));
}

/* As lists show numbers (P6). */
static void add_number(struct buf *out, struct str phone)
{
    buf_add_text(out, ",****");
    buf_add(out, str_slice(phone, phone.len < 4 ? 0 : phone.len - 4, phone.len));
}

static void add_row(const struct op *op, struct buf *out, const struct scheduled_call *call)
{
    char id[ID_TEXT_MAX];
    buf_add(out, id_format(op->site->id_key, call->id, id));
    add_text(out, call->user_id);
    add_number(out, call->phone);
    add_text(out, str_from(enum_name(&call_status_names, call->status)));
    add_text(out, str_from(enum_name(&call_outcome_names, call->outcome)));
    buf_add_byte(out, ',');
    buf_add_int(out, call->attempt);
    add_time(out, call->nominal_for);
    add_time(out, call->scheduled_for);
    add_time(out, call->processed_at);
    add_time(out, call->completed_at);
    add_time(out, call->failed_at);
    add_time(out, call->cancelled_at);
    add_text(out, call->failure_reason);
    add_text(out, call->metadata);
    buf_add_text(out, "\r\n");
}

/* What is read for one page is needed for that page alone. */
struct results {
    const struct campaign *campaign;
    struct arena *page;
    struct buf text;
    struct id after;
    int64_t left;
    bool has_more;
};

static enum err add_page(struct op *op, struct results *results)
{
    struct list calls = {0};
    int64_t wanted = results->left < PAGE_CALLS ? results->left : PAGE_CALLS;
    int64_t unreadable = db_corrupt_rows(op->db);
    arena_reset(results->page);
    struct campaign_walk walk = {results->campaign->id, results->after, (size_t)wanted + 1};
    TRY(campaign_calls_page(op->db, results->page, &walk, &calls));
    unreadable = db_corrupt_rows(op->db) - unreadable;
    results->has_more = (int64_t)calls.count + unreadable > wanted;
    size_t count = (int64_t)calls.count > wanted ? (size_t)wanted : calls.count;
    for (size_t i = 0; i < count; i++) {
        const struct scheduled_call *call = list_item(&calls, &scheduled_call_record, i);
        add_row(op, &results->text, call);
        results->after = call->id;
    }
    results->left -= wanted;
    return OK;
}

static enum err add_pages(struct op *op, struct results *results)
{
    enum err err = OK;
    results->page = arena_new();
    /* Parts that are joined are one table. */
    buf_add_text(&results->text, id_is_set(results->after) ? "" : header);
    do {
        err = add_page(op, results);
    } while (err == OK && results->has_more && results->left > 0);
    arena_free(&results->page);
    return err;
}

enum err show_campaign_results(struct op *op, const void *input, void *output)
{
    const struct campaign_results_input *wanted = input;
    struct download_view *out = output;
    struct campaign campaign = {0};
    int64_t limit = wanted->limit == 0 ? RESULTS_MAX : wanted->limit;
    struct results results = {.campaign = &campaign, .text = {.arena = op->arena}, .left = limit};
    TRY(op_not_found(op, campaigns_get(op->db, op->arena, op->path_id, &campaign), "campaign"));
    TRY(op_may_read(op, scheduled_call_person(op, campaign.user_id)));
    TRY(op_cursor(op, wanted->cursor, &results.after));
    bool is_first = !id_is_set(results.after);
    TRY(add_pages(op, &results));
    *out = (struct download_view){
        .content_type = is_first ? STR("text/csv; charset=utf-8; header=present")
                                 : STR("text/csv; charset=utf-8; header=absent"),
        .name = arena_printf(op->arena, "campaign-%.*s.csv", STR_FMT(op_id_text(op, campaign.id))),
        .body = buf_str(&results.text),
    };
    if (results.has_more) {
        out->next = arena_printf(op->arena, "?limit=%lld&cursor=%.*s", (long long)limit,
                                 STR_FMT(op_cursor_text(op, results.after)));
    }
    return OK;
}
