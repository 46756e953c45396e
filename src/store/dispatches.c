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

enum err dispatches_page(struct db *db, struct arena *arena, const struct dispatch_page *page,
                         struct list *out, int64_t *total)
{
    struct value state = value_text(
        page->state == 0 ? STR("") : str_from(enum_name(&dispatch_state_names, page->state)));
    struct value user = value_int(page->user.value);
    int64_t before = id_is_set(page->before) ? page->before.value : INT64_MAX;
    TRY(db_number(db, S_dispatches_count, total, PARAMS(state, user)));
    return db_all(db, S_dispatches_page, (struct db_into){TABLE_dispatches, arena}, out,
                  PARAMS(value_int(before), state, user, value_int(page->limit)));
}

enum err dispatches_open_count(struct db *db, int64_t *out)
{
    return db_number(db, S_dispatches_open, out, NO_PARAMS);
}

enum err dispatches_overdue_count(struct db *db, struct instant now, int64_t *out)
{
    return db_number(db, S_dispatches_overdue, out, PARAMS(value_time(now)));
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
