#include "api/stream_recent.h"

#include "base/memory.h"
#include "model/json.h"

#include <stdlib.h>

enum { EVENTS_AT_ONCE = 256, ITEMS_MAX = 4096, TEXT_MAX = 1 << 20 };

_Static_assert(event_kind_COUNT <= 64, "the kinds of a filter are bits");

struct recent_event {
    struct id id;
    struct id user;
    int kind;
    size_t end; /* In the text; it begins where the one before ends. */
};

void recent_restart(struct recent_events *recent, struct id from)
{
    recent->after = recent->until = from;
    recent->count = 0;
    buf_clear(&recent->text);
}

void recent_free(struct recent_events *recent)
{
    buf_free(&recent->text);
    free(recent->items);
    *recent = (struct recent_events){0};
}

void stream_write_event(struct op *op, const struct event *event, struct buf *out)
{
    struct json_context context = {
        .arena = op->arena, .id_key = op->site->id_key, .is_list_view = true};
    buf_printf(out, "id: %.*s\nevent: %s\ndata: ", STR_FMT(op_id_text(op, event->id)),
               enum_name(&event_kind_names, event->kind));
    record_to_json(&context, out, &event_record, event);
    buf_add_text(out, "\n\n");
}

bool stream_wants(const struct stream_filter *filter, struct id user, int kind)
{
    bool is_about = !id_is_set(filter->user) || id_equal(filter->user, user);
    return is_about && (filter->kinds == 0 || (filter->kinds >> kind & 1) != 0);
}

static void append(struct recent_events *recent, struct op *op, const struct event *event)
{
    if (recent->count == recent->cap) {
        recent->cap = recent->cap == 0 ? EVENTS_AT_ONCE : recent->cap * 2;
        recent->items = memory_grow(recent->items, recent->cap, sizeof *recent->items);
    }
    stream_write_event(op, event, &recent->text);
    recent->items[recent->count++] =
        (struct recent_event){event->id, event->user_id, event->kind, recent->text.len};
}

enum err recent_extend(struct recent_events *recent, struct op *op, struct id last)
{
    struct event_span span = {.after = recent->until, .until = last, .rows = EVENTS_AT_ONCE};
    struct list events = {0};
    TRY(events_of_span(op, &span, &events));
    if (recent->count + events.count > ITEMS_MAX || recent->text.len > TEXT_MAX) {
        recent_restart(recent, recent->until);
    }
    const struct event *items = events.items;
    for (size_t i = 0; i < events.count; i++) {
        append(recent, op, &items[i]);
    }
    recent->until = span.until;
    return OK;
}

bool recent_covers(const struct recent_events *recent, struct id position)
{
    return position.value >= recent->after.value;
}

/* The first item behind a position. */
static size_t first_behind(const struct recent_events *recent, struct id position)
{
    size_t low = 0;
    size_t high = recent->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (recent->items[middle].id.value <= position.value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void recent_take(const struct recent_events *recent, const struct stream_filter *filter,
                 struct id *position, struct buf *out, size_t enough)
{
    for (size_t i = first_behind(recent, *position); i < recent->count; i++) {
        const struct recent_event *item = &recent->items[i];
        size_t begin = i == 0 ? 0 : recent->items[i - 1].end;
        if (out->len >= enough) {
            return;
        }
        if (stream_wants(filter, item->user, item->kind)) {
            buf_add(out, (struct str){recent->text.ptr + begin, item->end - begin});
        }
        *position = item->id;
    }
    if (position->value < recent->until.value) {
        *position = recent->until;
    }
}
