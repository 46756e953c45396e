#include "service/events.h"

#include "service/sinks.h"
#include "store/events.h"
#include "store/sinks.h"

#include <assert.h>

enum err event_tell(struct op *op, const struct event_facts *facts)
{
    assert(facts->kind != event_kind_NONE && facts->subject_type != subject_type_NONE);
    struct event event = {
        .id = op_new_id(op),
        .at = op->now,
        .kind = facts->kind,
        .subject_type = facts->subject_type,
        .subject_id = facts->subject,
        .user_id = facts->user,
        .call_id = facts->call_id,
        .data = facts->data,
    };
    TRY(db_insert(op->db, TABLE_events, op->arena, &event));
    op->writer->last_event = event.id;
    return event_is_for_sinks(facts->kind) ? sinks_wake_all(op) : OK;
}

enum err list_events(struct op *op, const void *input, void *output)
{
    const struct event_list_input *wanted = input;
    struct event_list *out = output;
    int64_t limit = page_limit(wanted->limit);
    struct event_page page = {
        .reading = {.limit = limit + 1}, .subject = wanted->subject_id, .kind = wanted->kind};
    if (op->actor.scope == key_scope_USER) {
        page.reading.user = op->actor.user;
    }
    TRY(op_cursor(op, wanted->cursor, &page.reading.after));
    TRY(events_page(op->db, op->arena, &page, &out->events, &out->total));
    if (page_trim(op, &out->events, limit)) {
        const struct event *events = out->events.items;
        out->cursor = op_cursor_text(op, events[out->events.count - 1].id);
    }
    return OK;
}

enum err events_of_span(struct op *op, struct event_span *span, struct list *out)
{
    struct event_reading reading = {.after = span->after, .user = span->user, .limit = span->rows};
    return events_until(op->db, op->arena, &reading, &span->until, out);
}

static enum err read_kinds(struct op *op, struct str text, int64_t *out)
{
    struct str one = STR_NONE;
    uint64_t kinds = 0;
    while (str_is_set(text) && str_split(&text, ',', &one)) {
        int kind = 0;
        if (enum_parse(&event_kind_names, one, &kind) != OK) {
            return op_fail(op, E_INVALID, "kinds",
                           "must be types of events with commas between, such as %s,%s",
                           enum_name(&event_kind_names, event_kind_INCIDENT_OPENED),
                           enum_name(&event_kind_names, event_kind_NOTIFICATION_ADDED));
        }
        kinds |= (uint64_t)1 << kind;
    }
    *out = (int64_t)kinds;
    return OK;
}

/* An id that is not there any more, or is none that this store gave out. */
static enum err find_place(struct op *op, struct str after, struct stream_view *out)
{
    struct event event = {0};
    struct id newest = {atomic_load(&op->site->stats->last_event)};
    out->after = newest;
    if (!str_is_set(after)) {
        return OK;
    }
    if (str_equal(after, STR("0"))) {
        out->after = ID_NONE;
        return OK;
    }
    if (id_parse(op->site->id_key, after, &out->after) != OK) {
        return op_fail(op, E_INVALID, "after", "must be the id of an event, or 0 for the oldest");
    }
    enum err err = db_get_brief(op->db, TABLE_events, out->after, op->arena, &event);
    out->is_lost = err == E_NOT_FOUND;
    if (out->after.value > newest.value) {
        out->after = newest;
    }
    return err == E_NOT_FOUND ? OK : err;
}

enum err open_stream(struct op *op, const void *input, void *output)
{
    const struct stream_input *wanted = input;
    struct stream_view *out = output;
    bool is_persons_key = op->actor.scope == key_scope_USER;
    out->user_id = is_persons_key && !id_is_set(wanted->user_id) ? op->actor.user : wanted->user_id;
    TRY(op_may_read(op, out->user_id));
    TRY(read_kinds(op, wanted->kinds, &out->kinds));
    out->messages = wanted->messages;
    return find_place(op, wanted->after, out);
}
