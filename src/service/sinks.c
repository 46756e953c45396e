#include "service/sinks.h"

#include "calendar/url.h"
#include "service/engine.h"
#include "store/events.h"
#include "store/sinks.h"

/* The writer counts nothing: a sink that was away for a month has half a million events to go. */
static enum err load(struct op *op, struct sink *out)
{
    TRY(op_not_found(op, db_get(op->db, TABLE_sinks, op->path_id, op->arena, out), "sink"));
    out->waiting = out->dead_letters = -1;
    return OK;
}

static enum err audit_sink(struct op *op, const char *action, const struct sink *before,
                           const struct sink *after)
{
    return op_audit(
        op, (struct audit_entry){
                .action = action,
                .subject_type = subject_type_INTEGRATION,
                .subject = before != NULL ? before->id : after->id,
                .before = before == NULL ? STR_NONE : op_record_text(op, &sink_record, before),
                .after = after == NULL ? STR_NONE : op_record_text(op, &sink_record, after)});
}

static enum err count(struct op *op, struct sink *sink)
{
    TRY(sink_waiting_count(op->db, sink->taken_id, &sink->waiting));
    return dead_letters_count(op->db, sink->id, &sink->dead_letters);
}

/* --- What a sink needs --- */

static enum err check_absent(struct op *op, struct str text, const char *field, const char *kind)
{
    return str_is_set(text) ? op_fail(op, E_INVALID, field, "does not go with kind %s", kind) : OK;
}

static enum err check_given(struct op *op, struct str text, const char *field, const char *kind)
{
    return str_is_set(text) ? OK : op_fail(op, E_INVALID, field, "is required for kind %s", kind);
}

static enum err check_airtable(struct op *op, struct sink *sink)
{
    TRY(check_given(op, sink->base, "airtable.base", "AIRTABLE"));
    TRY(check_given(op, sink->base_table, "airtable.table", "AIRTABLE"));
    TRY(check_given(op, sink->token, "airtable.token", "AIRTABLE"));
    TRY(check_absent(op, sink->url, "webhook.url", "AIRTABLE"));
    for (size_t i = 0; i < sink->token.len; i++) {
        if (sink->token.ptr[i] <= ' ' || sink->token.ptr[i] >= 0x7F) {
            return op_fail(op, E_INVALID, "airtable.token", "must be a token without spaces");
        }
    }
    return check_absent(op, sink->secret, "webhook.secret", "AIRTABLE");
}

static enum err check_webhook(struct op *op, struct sink *sink)
{
    struct url url = {0};
    TRY(check_given(op, sink->url, "webhook.url", "WEBHOOK"));
    TRY(check_absent(op, sink->base, "airtable.base", "WEBHOOK"));
    TRY(check_absent(op, sink->base_table, "airtable.table", "WEBHOOK"));
    TRY(check_absent(op, sink->token, "airtable.token", "WEBHOOK"));
    if (!url_split(sink->url, &url)) {
        return op_fail(op, E_INVALID, "webhook.url",
                       "must be an http or https URL without a user name");
    }
    sink->host = arena_str(op->arena, url.host);
    return OK;
}

static enum err check_sink(struct op *op, struct sink *sink)
{
    if (!str_is_set(sink->name)) {
        return op_fail(op, E_INVALID, "name", "must not be null");
    }
    return sink->kind == sink_kind_AIRTABLE ? check_airtable(op, sink) : check_webhook(op, sink);
}

/* --- Verbs --- */

enum err create_sink(struct op *op, const void *input, void *output)
{
    struct sink *sink = output;
    int64_t count = 0;
    *sink = *(const struct sink *)input;
    TRY(op_may_administer(op));
    TRY(check_sink(op, sink));
    TRY(sinks_count(op->db, &count));
    if (count >= SINKS_MAX) {
        return op_fail(op, E_CONFLICT, NULL, "there are %d sinks already; remove one", SINKS_MAX);
    }
    sink->id = op_new_id(op);
    sink->state = sink_state_OK;
    sink->created_at = sink->updated_at = op->now;
    TRY(events_last(op->db, &sink->taken_id));
    sink->is_asleep = true;
    TRY(db_insert(op->db, TABLE_sinks, op->arena, sink));
    return audit_sink(op, "SINK_ADDED", NULL, sink);
}

enum err list_sinks(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct sink_list *out = output;
    struct id after = ID_NONE;
    int64_t limit = page_limit(wanted->limit);
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &after));
    TRY(sinks_count(op->db, &out->total));
    TRY(sinks_page(op->db, op->arena, after, limit + 1, &out->sinks));
    bool has_more = page_trim(op, &out->sinks, limit);
    struct sink *sinks = ARENA_NEW_ARRAY(op->arena, struct sink, out->sinks.count + 1);
    for (size_t i = 0; i < out->sinks.count; i++) {
        sinks[i] = ((const struct sink *)out->sinks.items)[i];
        TRY(count(op, &sinks[i]));
    }
    out->sinks.items = sinks;
    if (has_more) {
        out->cursor = op_cursor_text(op, sinks[out->sinks.count - 1].id);
    }
    return OK;
}

enum err get_sink(struct op *op, const void *input, void *output)
{
    (void)input;
    TRY(op_may_read(op, ID_NONE));
    TRY(load(op, output));
    return count(op, output);
}

/* Whatever was wrong with it may be mended: it begins anew, where it stopped. */
static void forgive(struct sink *sink)
{
    sink->failures = sink->refused = sink->suspects = 0;
    sink->retry_at = INSTANT_NONE;
    sink->is_asleep = false;
}

static enum err save(struct op *op, struct sink *sink)
{
    sink->updated_at = op->now;
    TRY(db_update(op->db, TABLE_sinks, op->arena, sink));
    return sink_is_told(sink) ? sink_rouse(op, sink) : OK;
}

static enum err check_change(struct op *op, const struct sink *before, const struct sink *after)
{
    bool is_same = str_equal(before->base, after->base) &&
                   str_equal(before->base_table, after->base_table) &&
                   str_equal(before->token, after->token) && str_equal(before->url, after->url) &&
                   str_equal(before->secret, after->secret);
    if (after->kind != before->kind) {
        return op_fail(op, E_INVALID, "kind", "cannot be changed; add another sink");
    }
    if (before->is_own && (!is_same || !after->enabled)) {
        return op_fail(op, E_CONFLICT, NULL,
                       "this sink comes from the environment: change AIRTABLE_* or "
                       "EVENT_WEBHOOK_* there, or pause it");
    }
    return OK;
}

enum err change_sink(struct op *op, const void *input, void *output)
{
    struct sink *sink = output;
    struct sink before = {0};
    TRY(op_may_administer(op));
    TRY(load(op, &before));
    *sink = before;
    record_merge(&sink_record, op->given, input, sink);
    TRY(check_change(op, &before, sink));
    TRY(check_sink(op, sink));
    forgive(sink);
    TRY(save(op, sink));
    return audit_sink(op, "SINK_CHANGED", &before, sink);
}

enum err delete_sink(struct op *op, const void *input, void *output)
{
    (void)input;
    struct sink sink = {0};
    TRY(op_may_administer(op));
    TRY(load(op, &sink));
    if (sink.is_own) {
        return op_fail(op, E_CONFLICT, NULL,
                       "this sink comes from the environment: remove AIRTABLE_* or "
                       "EVENT_WEBHOOK_* there and start again");
    }
    TRY(timers_cancel(op->db, timer_kind_SINK, sink.id, op->now));
    TRY(sinks_remove(op->db, sink.id));
    *(struct removed *)output = (struct removed){.id = sink.id, .deleted = true};
    return audit_sink(op, "SINK_REMOVED", &sink, NULL);
}

enum err pause_sink(struct op *op, const void *input, void *output)
{
    (void)input;
    struct sink *sink = output;
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, sink));
    struct sink before = *sink;
    sink->state = sink_state_PAUSED;
    TRY(save(op, sink));
    return audit_sink(op, "SINK_PAUSED", &before, sink);
}

enum err resume_sink(struct op *op, const void *input, void *output)
{
    (void)input;
    struct sink *sink = output;
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, sink));
    struct sink before = *sink;
    sink->state = sink_state_OK;
    forgive(sink);
    TRY(save(op, sink));
    return audit_sink(op, "SINK_RESUMED", &before, sink);
}

/* --- Once more --- */

/* The id before the first event that is meant. */
static enum err parse_from(struct op *op, struct str from, struct id *out)
{
    struct instant at = INSTANT_NONE;
    if (id_parse(op->site->id_key, from, out) == OK) {
        out->value--;
        return OK;
    }
    if (instant_parse(from, &at) != OK) {
        return op_fail(op, E_INVALID, "from", "must be the id of an event, or an ISO 8601 time");
    }
    out->value = (instant_ms(at) << ID_COUNTER_BITS) - 1;
    return OK;
}

static enum err send_back(struct op *op, struct str from, struct sink *sink)
{
    struct id start = ID_NONE;
    TRY(parse_from(op, from, &start));
    if (start.value > sink->taken_id.value) {
        return op_fail(op, E_INVALID, "from",
                       "must not be after what the sink was told last (lastEventId)");
    }
    sink->taken_id.value = start.value < 0 ? 0 : start.value;
    return OK;
}

enum err replay_sink(struct op *op, const void *input, void *output)
{
    const struct sink_replay_input *wanted = input;
    struct sink *sink = output;
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, sink));
    struct sink before = *sink;
    if (!str_is_set(wanted->from) && !wanted->dead_letters) {
        return op_fail(op, E_INVALID, "from", "is required unless deadLetters is true");
    }
    if (str_is_set(wanted->from)) {
        TRY(send_back(op, wanted->from, sink));
    }
    if (wanted->dead_letters) {
        TRY(dead_letters_repeat(op->db, sink->id));
    }
    forgive(sink);
    TRY(save(op, sink));
    return audit_sink(op, "SINK_REPLAYED", &before, sink);
}

static enum err show_event(struct op *op, struct sink_dead_letter *letter)
{
    struct event *event = ARENA_NEW(op->arena, struct event);
    enum err err = db_get(op->db, TABLE_events, letter->event_id, op->arena, event);
    if (err == OK) {
        letter->event = event;
    }
    return err == E_NOT_FOUND || err == E_CORRUPT ? OK : err;
}

enum err list_dead_letters(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct sink_dead_letter_list *out = output;
    struct sink sink = {0};
    int64_t limit = page_limit(wanted->limit);
    struct dead_letter_page page = {.limit = limit + 1};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(load(op, &sink));
    page.sink = sink.id;
    TRY(dead_letters_count(op->db, sink.id, &out->total));
    TRY(dead_letters_page(op->db, op->arena, &page, &out->dead_letters));
    bool has_more = page_trim(op, &out->dead_letters, limit);
    size_t count = out->dead_letters.count;
    struct sink_dead_letter *letters =
        ARENA_NEW_ARRAY(op->arena, struct sink_dead_letter, count + 1);
    for (size_t i = 0; i < count; i++) {
        letters[i] = ((const struct sink_dead_letter *)out->dead_letters.items)[i];
        TRY(show_event(op, &letters[i]));
    }
    out->dead_letters.items = letters;
    if (has_more) {
        out->cursor = op_cursor_text(op, letters[count - 1].id);
    }
    return OK;
}
