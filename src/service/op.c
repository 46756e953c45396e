#include "service/op.h"

#include "base/memory.h"
#include "model/json.h"
#include "store/callees.h"
#include "store/kept.h"
#include "store/settings.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_TEXT_MAX = 512, PAGE_ITEMS = 100 };

enum err writer_begin(struct writer *writer, struct db *db)
{
    int64_t highest = 0;
    TRY(audit_open(db, &writer->chain));
    TRY(settings_highest_id(db, &highest));
    TRY(call_shelf_open(&writer->call_shelf, db));
    writer->ids.last = highest > writer->ids.last ? highest : writer->ids.last;
    return OK;
}

enum err writer_remember(struct writer *writer, struct db *db, bool is_alone)
{
    db_keep_rows(db);
    TRY(callees_watch(db));
    return is_alone ? call_shelf_begin_new(&writer->call_shelf, db) : OK;
}

struct op op_started(struct op op)
{
    op.corrupt_before = db_corrupt_rows(op.db);
    return op;
}

struct id op_new_id(struct op *op)
{
    assert(op->writer != NULL);
    return id_next(&op->writer->ids, op->now);
}

void op_effect(struct op *op, struct effect effect)
{
    assert(op->writer != NULL);
    struct effects *effects = &op->writer->effects;
    if (effects->count == effects->cap) {
        size_t cap = effects->cap == 0 ? 256 : effects->cap * 2;
        effects->items = memory_grow(effects->items, cap, sizeof *effects->items);
        effects->cap = cap;
    }
    effects->items[effects->count++] = effect;
}

void op_decided(struct op *op)
{
    if (!op->keeps_way_back) {
        db_decided(op->db);
    }
}

struct writer_mark writer_enter(struct writer *writer)
{
    writer->call_deltas.fenced = writer->call_deltas.count;
    return (struct writer_mark){writer->chain, writer->last_event, writer->effects.count,
                                writer->call_deltas.count, writer->queue};
}

void writer_disturb(struct writer *writer)
{
    for (size_t i = 0; i < CALM_PROVIDERS; i++) {
        writer->calm[i] = (struct calm_provider){.provider = NULL};
    }
}

void writer_go_back(struct writer *writer, const struct writer_mark *mark)
{
    writer_disturb(writer);
    writer->chain = mark->chain;
    writer->last_event = mark->last_event;
    writer->effects.count = mark->effects;
    writer->call_deltas.count = mark->call_deltas;
    writer->queue = mark->queue;
}

void writer_forget(struct writer *writer)
{
    writer_disturb(writer);
    writer->effects.count = 0;
    writer->call_deltas.count = writer->call_deltas.fenced = 0;
    agent_cache_free(&writer->agents);
}

void writer_free(struct writer *writer)
{
    writer_forget(writer);
    free(writer->effects.items);
    writer->effects = (struct effects){0};
    call_deltas_free(&writer->call_deltas);
    hours_cache_free(&writer->hours);
}

bool op_goes_aside(struct op *op)
{
    op->wants_aside = !op->is_aside;
    return op->wants_aside;
}

enum err op_read(struct op *op, enum err (*read)(struct op *, const void *, void *),
                 const void *input, void *output)
{
    TRY(db_begin_read(op->db));
    enum err err = read(op, input, output);
    db_end_read(op->db);
    return err;
}

/* Whether a message is the rest of a sentence that begins with its field. */
static bool wants_subject(const char *text)
{
    static const struct str verbs[] = {
        STR_INIT("must "), STR_INIT("is "),    STR_INIT("are "),
        STR_INIT("was "),  STR_INIT("does "),  STR_INIT("stands "),
        STR_INIT("goes "), STR_INIT("names "), STR_INIT("cannot "),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        if (str_starts(str_from(text), verbs[i])) {
            return true;
        }
    }
    return false;
}

enum err op_fail(struct op *op, enum err err, const char *field, const char *format, ...)
{
    char text[LOG_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return field != NULL && wants_subject(text)
               ? problem_set(op->problem, err, field, "%s %s", field, text)
               : problem_set(op->problem, err, field, "%s", text);
}

enum err op_refuse(struct op *op, enum err err, const char *field, const char *text)
{
    op->refusal = op_fail(op, err, field, "%s", text);
    return OK;
}

enum err op_not_found(struct op *op, enum err err, const char *what)
{
    return err == E_NOT_FOUND ? op_fail(op, E_NOT_FOUND, NULL, "there is no such %s", what) : err;
}

void op_log(const struct op *op, enum log_level level, enum log_area area, const char *format, ...)
{
    if (op->site->log == NULL || level < op->site->log->least) {
        return;
    }
    char text[LOG_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_write(op->site->log, level, area, op->request, "%s", text);
}

struct str op_id_text(const struct op *op, struct id id)
{
    if (!id_is_set(id)) {
        return STR_NONE;
    }
    char *text = arena_alloc(op->arena, ID_TEXT_MAX);
    return id_format(op->site->id_key, id, text);
}

enum err op_may_read(struct op *op, struct id user)
{
    if (op->actor.scope != key_scope_USER || (id_is_set(user) && id_equal(op->actor.user, user))) {
        return OK;
    }
    return op_fail(op, E_FORBIDDEN, NULL, "this key sees one person's own subjects only");
}

enum err op_may_respond(struct op *op, struct id user)
{
    if (op->actor.scope == key_scope_READER) {
        return op_fail(op, E_FORBIDDEN, NULL, "this key may read only");
    }
    return op_may_read(op, user);
}

enum err op_may_change(struct op *op, struct id user)
{
    if (op->actor.scope == key_scope_RESPONDER) {
        return op_fail(op, E_FORBIDDEN, NULL, "this key reads and answers; it changes no settings");
    }
    return op_may_respond(op, user);
}

enum err op_may_administer(struct op *op)
{
    TRY(op_may_change(op, ID_NONE));
    return op->actor.scope == key_scope_ADMIN
               ? OK
               : op_fail(op, E_FORBIDDEN, NULL, "this takes a key of scope ADMIN");
}

enum err op_audit(struct op *op, struct audit_entry entry)
{
    struct audit_event event = {
        .at = op->now,
        .actor = op->actor.name,
        .action = str_from(entry.action),
        .subject_type = entry.subject_type,
        .subject_id = entry.subject,
        .user_id = entry.user,
        .before = entry.before,
        .after = entry.after,
        .reason = entry.reason,
    };
    return audit_append(op->db, op->arena, &op->writer->chain, &event);
}

struct str op_record_text(const struct op *op, const struct record *record, const void *object)
{
    struct json_context context = {
        .arena = op->arena, .id_key = op->site->id_key, .is_list_view = true};
    struct buf text = {.arena = op->arena};
    record_to_json(&context, &text, record, object);
    return buf_str(&text);
}

struct str op_whole_text(const struct op *op, const struct record *record, const void *object)
{
    struct json_context context = {.arena = op->arena, .id_key = op->site->id_key};
    struct buf text = {.arena = op->arena};
    record_to_json(&context, &text, record, object);
    return buf_str(&text);
}

enum err op_cursor(struct op *op, struct str cursor, struct id *out)
{
    if (str_is_set(cursor) && (str_to_int(cursor, &out->value) != OK || out->value <= 0)) {
        return op_fail(op, E_INVALID, "cursor", "must be the cursor of the page before");
    }
    return OK;
}

struct str op_cursor_text(const struct op *op, struct id last)
{
    return arena_printf(op->arena, "%lld", (long long)last.value);
}

int64_t page_limit(int64_t wanted)
{
    return wanted == 0 ? PAGE_ITEMS : wanted;
}

bool page_trim(const struct op *op, struct list *list, int64_t limit)
{
    int64_t left_out = db_corrupt_rows(op->db) - op->corrupt_before;
    bool has_more = list->count > 0 && (int64_t)list->count + left_out > limit;
    list->count = (int64_t)list->count > limit ? (size_t)limit : list->count;
    return has_more;
}

struct str op_cut_page(const struct op *op, const struct page_cut *cut, struct list *list)
{
    const struct field *field = &cut->record->fields[record_field_index(cut->record, "id")];
    size_t first = 0;
    const struct id *id = NULL;
    while (first < list->count) {
        id = record_member_const(list_item(list, cut->record, first), field);
        if (id->value > cut->after.value) {
            break;
        }
        first++;
    }
    if (first > 0) {
        *list = (struct list){list_item(list, cut->record, first), list->count - first};
    }
    if (!page_trim(op, list, page_limit(cut->limit))) {
        return STR_NONE;
    }
    id = record_member_const(list_item(list, cut->record, list->count - 1), field);
    return op_cursor_text(op, *id);
}

const struct zone *op_zone(const struct op *op, struct str name)
{
    const struct zone *zone = str_is_set(name) ? zoneinfo_find(op->site->zones, name) : NULL;
    if (zone == NULL) {
        zone = zoneinfo_find(op->site->zones, op->site->default_timezone);
    }
    if (zone == NULL) {
        zone = zoneinfo_find(op->site->zones, STR("UTC"));
    }
    assert(zone != NULL);
    return zone;
}
