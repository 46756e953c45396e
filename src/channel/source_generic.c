#include "channel/source.h"

#include "model/json_pointer.h"

#include <assert.h>
#include <stdio.h>

enum { PLACE_MAX = 24, WORD_MAX = 64 };

static const struct source_mapping defaults = {
    .title = STR_INIT("{/title|/summary|/message}"),
    .severity = STR_INIT("{/severity|/priority}"),
    .dedup_key = STR_INIT("{/dedupKey|/dedup_key|/fingerprint|/id}"),
    .status = STR_INIT("{/status|/state|/event_action}"),
    .details = STR_INIT("{/details|/description}"),
};

/* One event on its way into a report. */
struct reading {
    const struct source_mapping *mapping; /* NULL for the defaults. */
    const struct json_node *root;
    struct arena *arena;
    struct json_nodes used;
    char place[PLACE_MAX]; /* "[3]." in an array, "" otherwise. */
};

static struct str choose(struct str own, struct str otherwise)
{
    return str_is_set(own) ? own : otherwise;
}

static struct str fill(struct reading *reading, struct str own, struct str otherwise)
{
    return mapping_fill(choose(own, otherwise), reading->root, reading->arena, &reading->used);
}

static void read_details(struct reading *reading, struct source_report *out)
{
    struct buf details = {.arena = reading->arena};
    bool has_own = reading->mapping != NULL && str_is_set(reading->mapping->details);
    struct str text = has_own ? reading->mapping->details : defaults.details;
    const struct json_node *node = mapping_node(text, reading->root);
    bool is_nested =
        node != NULL && (node->kind == JSON_KIND_OBJECT || node->kind == JSON_KIND_ARRAY);
    if (has_own && is_nested) {
        source_add_details(&details, STR(""), node, NULL);
    } else {
        source_add_text(&details,
                        mapping_fill(text, reading->root, reading->arena, &reading->used));
    }
    if (!has_own) {
        source_add_details(&details, STR(""), reading->root, &reading->used);
    }
    struct str whole = str_trim(buf_str(&details));
    out->details = whole.len > 0 ? whole : STR_NONE;
}

static enum err refuse(const struct reading *reading, const char *member, struct problem *problem,
                       const char *advice)
{
    char field[WORD_MAX];
    snprintf(field, sizeof field, "%s%s", reading->place, member);
    return problem_set(problem, E_INVALID, field, "%s", advice);
}

static enum err read_event(struct reading *reading, struct source_report *out,
                           struct problem *problem)
{
    static const struct source_mapping nothing = {0};
    const struct source_mapping *own = reading->mapping == NULL ? &nothing : reading->mapping;
    if (reading->root->kind != JSON_KIND_OBJECT) {
        return refuse(reading, "event", problem, "an event must be a JSON object");
    }
    out->signal = source_signal(reading->mapping, fill(reading, own->status, defaults.status));
    out->title =
        source_line(reading->arena, fill(reading, own->title, defaults.title), SOURCE_TITLE_MAX);
    out->severity =
        source_severity(reading->mapping, fill(reading, own->severity, defaults.severity));
    out->dedup_key = source_key(reading->arena, fill(reading, own->dedup_key, defaults.dedup_key));
    read_details(reading, out);
    bool ends = out->signal == alert_signal_RESOLVED || out->signal == alert_signal_ACKNOWLEDGED;
    if (out->signal == alert_signal_FIRING && !str_is_set(out->title)) {
        return refuse(reading, "title", problem,
                      "has no text: the mapping's title, or title, summary or message");
    }
    if (ends && !str_is_set(out->dedup_key)) {
        return refuse(reading, "dedupKey", problem,
                      "is missing: what is over, or taken, is found by the key that it began with");
    }
    return OK;
}

enum err source_read_generic(const struct source_body *body, const struct json_node *root,
                             struct arena *arena, struct source_batch *out, struct problem *problem)
{
    bool has_items = body->mapping != NULL && str_is_set(body->mapping->items);
    const struct json_node *items =
        has_items ? json_pointer_find(root, body->mapping->items) : root;
    assert(root != NULL);
    if (has_items && items == NULL) {
        return problem_set(problem, E_INVALID, "items", "there is nothing at %.*s",
                           STR_FMT(str_cut_utf8(body->mapping->items, WORD_MAX)));
    }
    bool is_array = items->kind == JSON_KIND_ARRAY;
    size_t count = is_array ? items->count : 1;
    if (count > SOURCE_EVENTS_MAX) {
        return problem_set(problem, E_INVALID, "body", "holds %zu events; send at most %d at once",
                           count, SOURCE_EVENTS_MAX);
    }
    out->items = ARENA_NEW_ARRAY(arena, struct source_report, count);
    for (size_t i = 0; i < count; i++) {
        struct reading reading = {
            .mapping = body->mapping, .root = is_array ? &items->items[i] : items, .arena = arena};
        if (is_array) {
            snprintf(reading.place, sizeof reading.place, "[%zu].", i);
        }
        TRY(read_event(&reading, &out->items[i], problem));
        out->count++;
    }
    return OK;
}
