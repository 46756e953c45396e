#include "store/inbound.h"

static struct value id_at(struct instant at)
{
    return value_int(instant_ms(at) << ID_COUNTER_BITS);
}

enum err inbound_texts_put(struct db *db, struct arena *arena, struct inbound_text *text)
{
    text->sender_hash = seal_lookup_hash(db_seal(db), arena, text->sender);
    return db_insert(db, TABLE_inbound_texts, arena, text);
}

enum err inbound_texts_get(struct db *db, struct arena *arena, struct str provider,
                           struct str provider_id, struct inbound_text *out)
{
    return db_one(db, S_inbound_text, (struct db_into){TABLE_inbound_texts, arena}, out,
                  PARAMS(value_text(provider), value_text(provider_id)));
}

enum err inbound_texts_wrong(struct db *db, struct arena *arena, struct str sender,
                             struct instant since, int64_t *out)
{
    struct lookup hash = seal_lookup(db_seal(db), arena, sender);
    return db_number(db, S_inbound_wrong, out,
                     PARAMS(value_bytes(hash.now), id_at(since), value_bytes(hash.before)));
}

enum err short_codes_of_user(struct db *db, struct arena *arena, struct id user, struct list *out)
{
    return db_all(db, S_codes_of_user, (struct db_into){TABLE_short_codes, arena}, out,
                  PARAMS(value_id(user)));
}

enum err short_codes_remove(struct db *db, struct id id)
{
    return db_run(db, S_code_remove, PARAMS(value_id(id)));
}

enum err messages_to_person(struct db *db, struct arena *arena, const struct spoken_to *whom,
                            struct list *out)
{
    return db_all(db, S_messages_to_person, (struct db_into){TABLE_messages, arena}, out,
                  PARAMS(value_id(whom->user), id_at(whom->since),
                         value_enum(&message_target_names, whom->target)));
}

enum err asked_elsewhere(struct db *db, const struct asked_query *query, bool *out)
{
    int64_t meetings = 0;
    int64_t incidents = 0;
    int64_t dispatches = 0;
    TRY(db_number(db, S_asked_of_meetings, &meetings,
                  PARAMS(value_id(query->user), id_at(query->since), value_id(query->subject),
                         value_time(query->now))));
    if (meetings == 0) {
        TRY(db_number(
            db, S_asked_of_incidents, &incidents,
            PARAMS(value_id(query->user), id_at(query->since), value_id(query->subject))));
    }
    if (meetings + incidents == 0) {
        TRY(db_number(
            db, S_asked_of_dispatches, &dispatches,
            PARAMS(value_id(query->user), id_at(query->since), value_id(query->subject))));
    }
    *out = meetings + incidents + dispatches > 0;
    return OK;
}

enum err message_events_heard(struct db *db, struct id message, struct str word, int64_t *out)
{
    return db_number(db, S_message_heard, out, PARAMS(value_id(message), value_text(word)));
}

enum err messages_await_answer(struct db *db, const struct awaited *awaited, bool *out)
{
    int64_t ignored = 0;
    enum err err = db_number(db, S_messages_await_answer, &ignored,
                             PARAMS(id_at(awaited->since), value_text(awaited->provider),
                                    value_int(awaited->with_calls)));
    *out = err == OK;
    return err == E_NOT_FOUND ? OK : err;
}

enum err audit_last_action(struct db *db, struct arena *arena, struct id subject, struct str action,
                           struct audit_event *out)
{
    return db_one(db, S_audit_last_action, (struct db_into){TABLE_audit_events, arena}, out,
                  PARAMS(value_id(subject), value_text(action)));
}
