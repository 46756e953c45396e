#include "store/dispatches.h"

static struct db_into events_into(struct arena *arena)
{
    return (struct db_into){TABLE_dispatch_events, arena};
}

enum err dispatches_by_call(struct db *db, struct arena *arena, struct str call_id,
                            struct dispatch *out)
{
    return db_one(db, S_dispatch_by_call, (struct db_into){TABLE_dispatches, arena}, out,
                  PARAMS(value_text(call_id)));
}

/* Those that still seek somebody have an index of their own. */
static bool is_open(const struct dispatch_page *page)
{
    return page->state == dispatch_state_NEW || page->state == dispatch_state_DISPATCHING;
}

bool dispatches_page_is_long(const struct dispatch_page *page)
{
    return page->state != 0 && !is_open(page);
}

enum err dispatches_page(struct db *db, struct arena *arena, const struct dispatch_page *page,
                         struct list *out, int64_t *total)
{
    struct value state = value_text(
        page->state == 0 ? STR("") : str_from(enum_name(&dispatch_state_names, page->state)));
    struct value user = value_int(page->user.value);
    struct value before = value_int(id_is_set(page->before) ? page->before.value : INT64_MAX);
    struct value limit = value_int(page->limit);
    struct db_into into = {TABLE_dispatches, arena};
    if (is_open(page)) {
        TRY(db_number(db, S_dispatches_of_state_count, total, PARAMS(state, user)));
        return db_all(db, S_dispatches_of_state, into, out, PARAMS(before, state, user, limit));
    }
    if (page->state == 0 && id_is_set(page->user)) {
        TRY(db_number(db, S_dispatches_of_user_count, total, PARAMS(user)));
        return db_all(db, S_dispatches_of_user, into, out, PARAMS(before, user, limit));
    }
    TRY(page->state == 0 ? db_number(db, S_dispatches_all_count, total, NO_PARAMS)
                         : db_number(db, S_dispatches_count, total, PARAMS(state, user)));
    return db_all(db, S_dispatches_page, into, out, PARAMS(before, state, user, limit));
}

enum err dispatches_exhausted_since(struct db *db, struct instant since, int64_t *out)
{
    int64_t first = instant_ms(since) << ID_COUNTER_BITS;
    return db_number(db, S_dispatches_exhausted_since, out, PARAMS(value_int(first)));
}

enum err dispatches_open_count(struct db *db, int64_t *out)
{
    return db_number(db, S_dispatches_open, out, NO_PARAMS);
}

enum err dispatches_overdue_count(struct db *db, struct instant now, int64_t *out)
{
    return db_number(db, S_dispatches_overdue, out, PARAMS(value_time(now)));
}

enum err dispatches_asking(struct db *db, struct arena *arena, struct id user, struct list *out)
{
    return db_all(db, S_dispatches_asking, (struct db_into){TABLE_dispatches, arena}, out,
                  PARAMS(value_id(user)));
}

enum err dispatch_technicians_of(struct db *db, struct arena *arena, struct id dispatch,
                                 struct list *out)
{
    return db_all(db, S_technicians_of_dispatch,
                  (struct db_into){TABLE_dispatch_technicians, arena}, out,
                  PARAMS(value_id(dispatch)));
}

enum err dispatch_events_of(struct db *db, struct arena *arena, struct id dispatch,
                            struct list *out)
{
    return db_all(db, S_dispatch_events_of, events_into(arena), out, PARAMS(value_id(dispatch)));
}

enum err dispatch_attempt_ways(struct db *db, struct arena *arena, struct id dispatch,
                               int64_t attempt, struct list *out)
{
    return db_all(db, S_dispatch_attempt_ways, events_into(arena), out,
                  PARAMS(value_id(dispatch), value_int(attempt)));
}

enum err dispatch_last_message(struct db *db, struct arena *arena, struct id dispatch,
                               struct id user, struct message *out)
{
    return db_one(db, S_dispatch_last_message, (struct db_into){TABLE_messages, arena}, out,
                  PARAMS(value_id(dispatch), value_id(user)));
}
