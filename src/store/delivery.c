#include "store/delivery.h"

#include "store/callee_filter.h"
#include "store/db_internal.h"

enum err message_events_of(struct db *db, struct arena *arena, struct id message, struct list *out)
{
    return db_all(db, S_message_events_of, (struct db_into){TABLE_message_events, arena}, out,
                  PARAMS(value_id(message)));
}

enum err early_news_of(struct db *db, struct arena *arena, const struct early_query *query,
                       struct list *out)
{
    return db_all(db, S_early_news_of, (struct db_into){TABLE_early_news, arena}, out,
                  PARAMS(value_text(query->provider_id), value_text(query->provider),
                         value_time(query->since)));
}

enum err early_news_taken(struct db *db, const struct early_query *query)
{
    return db_run(db, S_early_news_taken,
                  PARAMS(value_text(query->provider_id), value_text(query->provider)));
}

enum err early_news_forget(struct db *db, struct instant before)
{
    return db_run(db, S_early_news_forget, PARAMS(value_time(before)));
}

enum err suppressions_any(struct db *db, bool *out)
{
    int64_t any = 0;
    *out = false;
    if (db->callees != NULL && db->callees->is_empty) {
        return OK;
    }
    TRY(db_number(db, S_suppressions_any, &any, NO_PARAMS));
    *out = any != 0;
    return OK;
}

enum err suppressions_of_address(struct db *db, struct arena *arena, enum channel channel,
                                 struct str address, struct suppression *out)
{
    struct lookup hash = seal_lookup(db_seal(db), arena, address);
    return db_one(db, S_suppression_of, (struct db_into){TABLE_suppressions, arena}, out,
                  PARAMS(value_enum(&channel_names, (int)channel), value_bytes(hash.now),
                         value_bytes(hash.before)));
}

enum err suppressions_lift(struct db *db, struct id id, struct instant now)
{
    return db_move(db, S_suppression_lift, PARAMS(value_id(id), value_time(now)));
}

enum err suppressions_of_user(struct db *db, struct arena *arena, struct id user, struct list *out)
{
    return db_all(db, S_suppressions_of_user, (struct db_into){TABLE_suppressions, arena}, out,
                  PARAMS(value_id(user)));
}
