#include "store/callees.h"

#include "base/memory.h"
#include "store/callee_filter.h"
#include "store/db_internal.h"

static enum err take_state(void *context, const struct value *columns)
{
    struct callee_state *out = context;
    int category = 0;
    int consent = 0;
    out->is_on_list = columns[0].number != 0;
    if (columns[1].type == VALUE_TEXT) {
        TRY(enum_parse(&failure_category_names, columns[1].text, &category));
    }
    if (columns[2].type == VALUE_TEXT) {
        TRY(enum_parse(&consent_state_names, columns[2].text, &consent));
    }
    out->suppressed = (enum failure_category)category;
    out->consent = (enum consent_state)consent;
    return OK;
}

enum err callees_state(struct db *db, const struct lookup *number, struct callee_state *out)
{
    *out = (struct callee_state){.is_on_list = false};
    if (!callees_may_know(db, number)) {
        return OK;
    }
    return db_each(db, S_callee_state, out, take_state,
                   PARAMS(value_bytes(number->now), value_bytes(number->before)));
}

static enum err note_hash(void *context, const struct value *columns)
{
    struct callee_filter *filter = context;
    callee_filter_note(filter, columns[1].text);
    filter->last.value =
        columns[0].number > filter->last.value ? columns[0].number : filter->last.value;
    return columns[1].type == VALUE_BYTES ? OK : E_CORRUPT;
}

enum err callees_watch(struct db *db)
{
    if (db->callees == NULL) {
        db->callees = memory_new(sizeof *db->callees);
        db->callees->is_empty = true;
    }
    struct value since = value_int(db->callees->last.value);
    return db_each(db, S_callees_known, db->callees, note_hash, (struct params){&since, 1});
}

int64_t callees_noted(const struct db *db)
{
    return db->callees == NULL ? 0 : db->callees->notes;
}

bool callees_may_know(const struct db *db, const struct lookup *number)
{
    return db->callees == NULL || callee_filter_may_know(db->callees, number->now) ||
           callee_filter_may_know(db->callees, number->before);
}

enum err do_not_call_of(struct db *db, struct arena *arena, const struct lookup *number,
                        struct do_not_call *out)
{
    return db_one(db, S_do_not_call_of, (struct db_into){TABLE_do_not_call, arena}, out,
                  PARAMS(value_bytes(number->now), value_bytes(number->before)));
}

enum err do_not_call_lift(struct db *db, const struct do_not_call *row)
{
    return db_move(
        db, S_do_not_call_lift,
        PARAMS(value_id(row->id), value_time(row->lifted_at), value_text(row->lifted_by)));
}

static struct value before_value(struct id before)
{
    return value_int(id_is_set(before) ? before.value : INT64_MAX);
}

/* A number is on the list once or not at all. */
static enum err page_of_number(struct db *db, struct arena *arena, const struct callee_page *page,
                               struct list *out)
{
    struct do_not_call *row = ARENA_NEW(arena, struct do_not_call);
    enum err err = do_not_call_of(db, arena, &page->number, row);
    *out = (struct list){row, err == OK ? 1 : 0};
    return err == E_NOT_FOUND ? OK : err;
}

enum err do_not_call_page(struct db *db, struct arena *arena, const struct callee_page *page,
                          struct list *out, int64_t *total)
{
    if (str_is_set(page->number.now)) {
        TRY(page_of_number(db, arena, page, out));
        *total = (int64_t)out->count;
        return OK;
    }
    TRY(db_number(db, S_do_not_call_count, total, NO_PARAMS));
    return db_all(db, S_do_not_call_page, (struct db_into){TABLE_do_not_call, arena}, out,
                  PARAMS(before_value(page->before), value_int(page->limit)));
}

enum err consents_page(struct db *db, struct arena *arena, const struct callee_page *page,
                       struct list *out, int64_t *total)
{
    struct db_into into = {TABLE_callee_consents, arena};
    struct value before = before_value(page->before);
    if (!str_is_set(page->number.now)) {
        TRY(db_number(db, S_consents_count, total, NO_PARAMS));
        return db_all(db, S_consents_page, into, out, PARAMS(before, value_int(page->limit)));
    }
    struct value now = value_bytes(page->number.now);
    struct value earlier = value_bytes(page->number.before);
    TRY(db_number(db, S_consents_of_count, total, PARAMS(now, earlier)));
    return db_all(db, S_consents_of, into, out,
                  PARAMS(before, value_int(page->limit), now, earlier));
}

enum err holidays_named(struct db *db, struct arena *arena, struct str name,
                        struct holiday_calendar *out)
{
    return db_one(db, S_holidays_named, (struct db_into){TABLE_holiday_calendars, arena}, out,
                  PARAMS(value_text(name)));
}

enum err holidays_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                       struct list *out)
{
    return db_all(db, S_holidays_page, (struct db_into){TABLE_holiday_calendars, arena}, out,
                  PARAMS(value_int(after.value), value_int(limit)));
}

enum err holidays_count(struct db *db, int64_t *out)
{
    return db_number(db, S_holidays_count, out, NO_PARAMS);
}
