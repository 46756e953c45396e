#include "model/json.h"
#include "model/json_tree.h"
#include "service/bulk.h"

#include <assert.h>
#include <stdio.h>

/* A request on its way from text to a plan. */
struct making {
    struct op *op;
    const struct bulk_input *input;
    struct bulk_text text;
    struct record call_record; /* schedule_call_input, without what a campaign may say for it. */
    struct bulk_plan *plan;
};

static struct field *copy_fields(struct arena *arena, const struct record *record)
{
    struct field *fields = ARENA_NEW_ARRAY(arena, struct field, record->field_count);
    for (size_t i = 0; i < record->field_count; i++) {
        fields[i] = record->fields[i];
    }
    return fields;
}

/* A call of which the campaign may say who speaks, and whose it is. */
static struct record record_of_calls(struct arena *arena)
{
    static const char *const members[] = {"agent_id", "user_id"};
    struct record record = schedule_call_input_record;
    struct field *fields = copy_fields(arena, &record);
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        struct field *field = &fields[record_field_index(&record, members[i])];
        field->flags = (field->flags & ~(unsigned)F_REQUIRED) | F_NULLABLE;
    }
    record.fields = fields;
    return record;
}

static struct json_context context_of(const struct op *op)
{
    return (struct json_context){
        .arena = op->arena, .id_key = op->site->id_key, .problem = op->problem};
}

/* The members beside the calls, which stand there as an empty list. */
static enum err read_rest(struct making *making, struct bulk_input *out)
{
    struct op *op = making->op;
    struct json_context context = context_of(op);
    struct record record = bulk_input_record;
    struct field *fields = copy_fields(op->arena, &record);
    fields[record_field_index(&record, "calls")].min = 0;
    record.fields = fields;
    enum err err = record_from_json(&context, &record, making->text.rest, out, NULL);
    if (err != OK && op->problem->field[0] == '\0') {
        struct str text = bulk_text_rest_in_place(op->arena, &making->text);
        err = record_from_json(&context, &record, text, out, NULL);
    }
    TRY(err);
    if (out->calls.count > 0) {
        return op_fail(op, E_INVALID, "calls", "calls must be written without escapes");
    }
    return making->text.count > 0 ? OK
                                  : op_fail(op, E_INVALID, "calls",
                                            "calls must have from 1 to %d items", BULK_CALLS_MAX);
}

/* What lines and lists alone have in the query; `*has_any` also where it is of no use. */
static enum err query_options(struct making *making, struct bulk_input *out, bool *has_any)
{
    const struct bulk_input *input = making->input;
    struct campaign *campaign = ARENA_NEW(making->op->arena, struct campaign);
    bool is_of_campaign =
        id_is_set(input->new_agent_id) || str_is_set(input->new_user_id) || input->new_pace > 0;
    *campaign = (struct campaign){.name = input->new_name,
                                  .agent_id = input->new_agent_id,
                                  .user_id = input->new_user_id,
                                  .calls_per_minute = input->new_pace};
    *out = (struct bulk_input){.campaign_id = input->into_id, .mode = input->how};
    out->campaign = str_is_set(input->new_name) ? campaign : NULL;
    *has_any =
        is_of_campaign || out->campaign != NULL || id_is_set(input->into_id) || input->how != 0;
    return is_of_campaign && out->campaign == NULL
               ? op_fail(making->op, E_INVALID, "campaign", "campaign is required: its name")
               : OK;
}

/* Options from where they stand: in the object, or in the query where there is none. */
static enum err read_options(struct making *making, struct id *into)
{
    struct op *op = making->op;
    struct bulk_plan *plan = making->plan;
    struct bulk_input given = {.mode = 0};
    bool has_query = false;
    TRY(query_options(making, &given, &has_query));
    if (making->text.form == BULK_OBJECT) {
        TRY(read_rest(making, &given));
    }
    if (making->text.form == BULK_OBJECT && has_query) {
        return op_fail(op, E_INVALID, NULL,
                       "mode, campaign and campaignId belong into the object, beside calls");
    }
    plan->mode = given.mode == 0 ? bulk_mode_each : (enum bulk_mode)given.mode;
    plan->campaign = (struct campaign){0};
    if (given.campaign != NULL) {
        plan->campaign = *(const struct campaign *)given.campaign;
    }
    *into = given.campaign_id;
    return id_is_set(*into) && given.campaign != NULL
               ? op_fail(op, E_INVALID, "campaignId",
                         "stands in place of campaign; leave one of them out")
               : OK;
}

static enum err find_campaign(struct making *making)
{
    struct op *op = making->op;
    struct campaign *campaign = &making->plan->campaign;
    struct id into = ID_NONE;
    TRY(read_options(making, &into));
    if (id_is_set(into)) {
        return campaign_for_calls(op, into, campaign);
    }
    return str_is_set(campaign->name) ? campaign_check_new(op, campaign) : OK;
}

/* What a call leaves out comes from its campaign. */
static enum err complete(struct making *making, struct schedule_call_input *call)
{
    const struct campaign *campaign = &making->plan->campaign;
    if (!id_is_set(call->agent_id)) {
        call->agent_id = campaign->agent_id;
    }
    if (!str_is_set(call->user_id)) {
        call->user_id = campaign->user_id;
    }
    if (!id_is_set(call->agent_id)) {
        return op_fail(making->op, E_INVALID, "agentId", "agentId is required; it must be a UUID");
    }
    return str_is_set(call->user_id) ? OK
                                     : op_fail(making->op, E_INVALID, "userId",
                                               "userId is required; it must be a string");
}

static enum err read_piece(struct making *making, const struct bulk_piece *piece,
                           struct schedule_call_input *out)
{
    struct json_context context = context_of(making->op);
    if (piece->text.len > BULK_PIECE_BYTES_MAX) {
        return op_fail(making->op, E_INVALID, NULL, "a call must have at most %d bytes",
                       BULK_PIECE_BYTES_MAX);
    }
    TRY(record_from_json(&context, &making->call_record, piece->text, out, NULL));
    return complete(making, out);
}

static enum err plan_piece(struct making *making, const struct bulk_piece *piece,
                           struct scheduled_call *out)
{
    struct op *op = making->op;
    struct schedule_call_input *given = ARENA_NEW(op->arena, struct schedule_call_input);
    struct call_order order = {.input = given, .memory = making->plan->memory};
    *op->problem = (struct problem){0};
    TRY(read_piece(making, piece, given));
    TRY(scheduled_call_may_change(op, given->user_id));
    TRY(call_memory_agent(op, order.memory, given->agent_id, &order.agent));
    return scheduled_call_plan(op, &order, out);
}

/* What is wrong with one of many calls is not wrong with "the body"; of a line, which is named
 * beside it, the column is all that is left to say. */
static void name_piece(struct making *making)
{
    struct arena *arena = making->op->arena;
    struct problem *problem = making->op->problem;
    struct str text = arena_str(arena, str_from(problem->message));
    struct str body = STR("The body ");
    struct str place = STR("(line 1, ");
    bool is_line = making->text.form == BULK_LINES;
    if (!str_starts(text, body)) {
        return;
    }
    size_t at = is_line ? str_find(text, place) : text.len;
    size_t behind = at == text.len ? at : at + place.len;
    problem_set(problem, problem->err, NULL, "the %s %.*s%s%.*s", is_line ? "line" : "call",
                STR_FMT(str_slice(text, body.len, at)), at == text.len ? "" : "(",
                STR_FMT(str_slice(text, behind, text.len)));
}

/* JSON that is none cannot be told from what was meant around it: then nothing of the body is
 * taken. The fault is named by its place in the body. */
static enum err refuse_syntax(struct making *making, const struct bulk_piece *piece)
{
    struct op *op = making->op;
    struct schedule_call_input ignored;
    struct json_context context = context_of(op);
    const struct json_node *root = NULL;
    if (making->text.form == BULK_LINES || json_tree_read(op->arena, piece->text, &root) == OK) {
        return OK;
    }
    struct str text = bulk_text_piece_in_place(op->arena, &making->text, piece);
    enum err err = record_from_json(&context, &making->call_record, text, &ignored, NULL);
    assert(err != OK);
    return err;
}

/* "field" of the call, or "calls[6].field" of the request. */
static struct str field_of(const struct making *making, size_t at, const char *field)
{
    const char *list = making->text.form == BULK_OBJECT ? "calls" : "";
    if (making->text.form == BULK_LINES) {
        return arena_printf(making->op->arena, "%s", field);
    }
    return arena_printf(making->op->arena, "%s[%zu]%s%s", list, at, field[0] == '\0' ? "" : ".",
                        field);
}

static void note_error(struct making *making, size_t at, enum err err)
{
    struct op *op = making->op;
    struct bulk_plan *plan = making->plan;
    const struct problem *problem = op->problem;
    struct bulk_error *error = ARENA_NEW(op->arena, struct bulk_error);
    enum err named = err == E_CONFLICT ? E_OPERATION : err;
    error->code = str_from(err_code(named));
    error->message = arena_str(
        op->arena, str_from(problem->message[0] != '\0' ? problem->message : err_meaning(err)));
    if (problem->field[0] != '\0') {
        error->field = arena_str(op->arena, str_from(problem->field));
    }
    plan->items[at].error = error;
    plan->wrong++;
}

static enum err plan_one(struct making *making, size_t at)
{
    const struct bulk_piece *piece = &making->text.pieces[at];
    struct bulk_plan *plan = making->plan;
    plan->items[at].line = piece->line;
    enum err err = plan_piece(making, piece, &plan->calls[at]);
    if (err == OK) {
        return OK;
    }
    if (err_http_status(err) >= 500) {
        return err;
    }
    if (making->op->problem->field[0] == '\0') {
        TRY(refuse_syntax(making, piece));
        name_piece(making);
    }
    if (plan->mode == bulk_mode_each) {
        note_error(making, at, err);
        return OK;
    }
    /* All or nothing: the first that is wrong says why it is nothing. */
    struct problem first = *making->op->problem;
    struct str field = field_of(making, at, first.field);
    return op_fail(making->op, err, arena_cstr(making->op->arena, field), "%s %lld: %s",
                   making->text.form == BULK_LINES ? "line" : "call", (long long)piece->line,
                   first.message[0] == '\0' ? err_meaning(err) : first.message);
}

enum err bulk_plan_make(struct op *op, const struct bulk_input *input, struct bulk_plan *out)
{
    struct making making = {.op = op, .input = input, .plan = out};
    *out = (struct bulk_plan){0};
    TRY(op_may_change(op, op->actor.user));
    TRY(bulk_text_read(op->arena, input->body, input->is_lines, &making.text, op->problem));
    making.call_record = record_of_calls(op->arena);
    TRY(find_campaign(&making));
    out->form = making.text.form;
    out->count = making.text.count;
    out->items = ARENA_NEW_ARRAY(op->arena, struct bulk_item, out->count);
    out->calls = ARENA_NEW_ARRAY(op->arena, struct scheduled_call, out->count);
    out->memory = call_memory_new(op->arena, out->count);
    for (size_t i = 0; i < out->count; i++) {
        TRY(plan_one(&making, i));
    }
    return OK;
}
