#include "store/messages.h"
#include "store/kept.h"

enum { CALLS_PER_PERSON = 2 };

static const struct duration unnamed_older = SECONDS_INIT(600);

static struct db_into messages_into(struct arena *arena)
{
    return (struct db_into){TABLE_messages, arena};
}

/* The lowest and the highest id that an instant can have. */
static struct value id_at(struct instant at)
{
    return value_int(instant_ms(at) << ID_COUNTER_BITS);
}

enum err messages_add(struct db *db, struct arena *arena, const struct message *message)
{
    struct message_body body = {message->id, message->text, message->html, message->invite};
    bool has_body = str_is_set(body.text) || str_is_set(body.html) || str_is_set(body.invite);
    /* Whoever asks for another attempt may be late; a first one is asked for by what was decided.
     */
    TRY(message->attempt > 1 ? db_insert_new(db, TABLE_messages, arena, message)
                             : db_insert(db, TABLE_messages, arena, message));
    return has_body ? db_insert(db, TABLE_message_bodies, arena, &body) : OK;
}

enum err messages_body(struct db *db, struct arena *arena, struct message *message)
{
    struct message_body body = {0};
    enum err err = db_get(db, TABLE_message_bodies, message->id, arena, &body);
    if (err == OK) {
        message->text = body.text;
        message->html = body.html;
        message->invite = body.invite;
    }
    return err == E_NOT_FOUND ? OK : err;
}

enum err messages_claim(struct db *db, struct id id, struct instant now, struct str provider)
{
    const struct message *kept = db_kept(db, TABLE_messages, id);
    bool is_queued = kept != NULL && kept->state == message_state_QUEUED;
    TRY(db_move_known(db, S_message_claim, is_queued,
                      PARAMS(value_id(id), value_time(now), value_text(provider))));
    if (kept != NULL) {
        struct message claimed = *kept;
        claimed.state = message_state_SENDING;
        claimed.claimed_at = now;
        claimed.provider = provider;
        db_keep(db, TABLE_messages, &claimed);
    }
    return OK;
}

enum err messages_sent(struct db *db, struct id id, struct instant now, struct str provider_id)
{
    const struct message *kept = db_kept(db, TABLE_messages, id);
    bool is_sending = kept != NULL && kept->state == message_state_SENDING;
    TRY(db_move_known(db, S_message_sent, is_sending,
                      PARAMS(value_id(id), value_time(now), value_text(provider_id))));
    if (kept != NULL) {
        struct message sent = *kept;
        sent.state = message_state_SENT;
        sent.receipt_level = receipt_level_ACCEPTED;
        sent.sent_at = now;
        sent.provider_id = provider_id;
        sent.error = sent.code = STR_NONE;
        sent.category = 0;
        db_keep(db, TABLE_messages, &sent);
    }
    return OK;
}

enum err messages_unclear(struct db *db, const struct message *message)
{
    return db_move(db, S_message_unclear,
                   PARAMS(value_id(message->id), value_text(message->error),
                          value_enum(&failure_category_names, message->category),
                          value_text(message->code)));
}

enum err messages_failed(struct db *db, const struct message *message)
{
    return db_move(
        db, S_message_failed,
        PARAMS(value_id(message->id), value_time(message->ended_at), value_text(message->error),
               value_enum(&failure_category_names, message->category), value_text(message->code),
               value_enum(&failure_class_names, message->failure_class)));
}

enum err messages_cancel(struct db *db, struct id id, struct instant now, struct str reason)
{
    return db_move(db, S_message_cancel, PARAMS(value_id(id), value_time(now), value_text(reason)));
}

enum err messages_receipt(struct db *db, const struct message *message)
{
    return db_move(
        db, S_message_receipt,
        PARAMS(value_id(message->id), value_enum(&message_state_names, message->state),
               value_enum(&receipt_level_names, message->receipt_level),
               value_time(message->delivered_at), value_time(message->ended_at),
               value_text(message->error), value_enum(&failure_category_names, message->category),
               value_text(message->code), value_enum(&failure_class_names, message->failure_class),
               value_text(message->provider_id), value_text(message->provider_state),
               value_int(message->cost_micros), value_text(message->currency),
               value_int(message->duration_seconds)));
}

enum err messages_of_step(struct db *db, struct arena *arena, const struct message *message,
                          struct list *out)
{
    return db_all(
        db, S_messages_of_step, messages_into(arena), out,
        PARAMS(value_id(message->step_id), value_enum(&message_target_names, message->target)));
}

enum err messages_by_provider_id(struct db *db, struct arena *arena, struct str provider,
                                 struct str provider_id, struct message *out)
{
    return db_one(db, S_message_of_provider, messages_into(arena), out,
                  PARAMS(value_text(provider_id), value_text(provider)));
}

enum err messages_named(struct db *db, struct arena *arena, struct str provider_id,
                        struct list *out)
{
    return db_all(db, S_messages_named, messages_into(arena), out, PARAMS(value_text(provider_id)));
}

enum err messages_provider_id_taken(struct db *db, const struct message *message,
                                    struct str provider_id, bool *out)
{
    int64_t count = 0;
    TRY(db_number(
        db, S_messages_of_provider_id, &count,
        PARAMS(value_text(provider_id), value_text(message->provider), value_id(message->id))));
    *out = count > 0;
    return OK;
}

enum err messages_unnamed_beside(struct db *db, const struct message *message, struct instant after,
                                 struct instant until, bool *out)
{
    struct id since = id_floor(instant_sub(message->created_at, unnamed_older));
    int64_t count = 0;
    TRY(db_number(db, S_messages_unnamed, &count,
                  PARAMS(value_id(message->user_id), value_id(since), value_id(message->id),
                         value_enum(&channel_names, message->channel),
                         value_enum(&message_target_names, message->target), value_time(after),
                         value_time(until))));
    *out = count > 0;
    return OK;
}

enum err messages_count_poll(struct db *db, struct id id, struct instant now)
{
    return db_run(db, S_message_asked, PARAMS(value_id(id), value_time(now)));
}

enum err messages_set_provider_id(struct db *db, struct id id, struct str provider_id)
{
    return db_run(db, S_message_provider_id, PARAMS(value_id(id), value_text(provider_id)));
}

enum err messages_claim_again(struct db *db, struct id id, struct instant at)
{
    return db_run(db, S_message_claim_again, PARAMS(value_id(id), value_time(at)));
}

enum err messages_stopped(struct db *db, struct id id, struct instant at)
{
    return db_run(db, S_message_stopped, PARAMS(value_id(id), value_time(at)));
}

enum err messages_on_their_way(struct db *db, struct arena *arena, struct list *out)
{
    return db_all(db, S_messages_on_their_way, messages_into(arena), out, NO_PARAMS);
}

enum err calls_to_stop(struct db *db, struct arena *arena, struct instant since, struct list *out)
{
    return db_all(db, S_calls_to_stop, messages_into(arena), out, PARAMS(id_at(since)));
}

enum err messages_ahead(struct db *db, const struct message *message, int64_t *count,
                        int64_t *segments)
{
    struct value values[] = {
        value_text(message->provider),
        value_text(str_from(enum_name(&channel_names, message->channel))),
        value_int(message->priority),
        value_id(message->id),
    };
    struct params params = {values, ARRAY_LENGTH(values)};
    TRY(db_number(db, S_messages_ahead, count, params));
    return db_number(db, S_messages_segments_ahead, segments, params);
}

enum err messages_way_count(struct db *db, int64_t *out)
{
    return db_number(db, S_messages_way_count, out, NO_PARAMS);
}

enum err messages_open_of_subject(struct db *db, struct arena *arena, struct id subject,
                                  struct list *out)
{
    return db_all(db, S_messages_open_of_subject, messages_into(arena), out,
                  PARAMS(value_id(subject)));
}

enum err messages_last_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                                  struct id user, struct message *out)
{
    return db_one(db, S_message_last_of_meeting, messages_into(arena), out,
                  PARAMS(value_id(meeting), value_id(user)));
}

enum err messages_failed_since(struct db *db, struct instant since, int64_t *out)
{
    return db_number(db, S_messages_failed_since, out, PARAMS(id_at(since)));
}

enum err messages_unreceipted(struct db *db, struct instant from, struct instant to, int64_t *out)
{
    return db_number(db, S_messages_unreceipted, out, PARAMS(id_at(from), id_at(to)));
}

enum err messages_page(struct db *db, struct arena *arena, const struct message_page *page,
                       struct list *out, int64_t *total)
{
    struct value channel = value_text(
        page->channel == 0 ? STR("") : str_from(enum_name(&channel_names, page->channel)));
    struct value user = value_int(page->user.value);
    bool is_newest = page->is_newest_first;
    bool is_first = !id_is_set(page->after);
    struct value after = value_int(is_newest && is_first ? INT64_MAX : page->after.value);
    struct value limit = value_int(page->limit);
    if (id_is_set(page->subject)) {
        struct value subject = value_id(page->subject);
        TRY(db_number(db, S_messages_of_subject_count, total, PARAMS(subject, user, channel)));
        return db_all(db, is_newest ? S_messages_of_subject_newest : S_messages_of_subject,
                      messages_into(arena), out, PARAMS(subject, after, user, channel, limit));
    }
    if (id_is_set(page->user)) {
        TRY(db_number(db, S_messages_of_user_count, total, PARAMS(user, channel)));
        return db_all(db, is_newest ? S_messages_of_user_newest : S_messages_of_user,
                      messages_into(arena), out, PARAMS(user, after, channel, limit));
    }
    TRY(db_number(db, S_messages_count, total, PARAMS(user, channel)));
    return db_all(db, is_newest ? S_messages_page_newest : S_messages_page, messages_into(arena),
                  out, PARAMS(after, user, channel, limit));
}

enum err call_slots_free(struct db *db, struct id meeting, struct id user,
                         enum message_target target, int64_t *out)
{
    int64_t taken = 0;
    TRY(db_number(
        db, S_slots_taken, &taken,
        PARAMS(value_id(meeting), value_id(user), value_enum(&message_target_names, target))));
    *out = CALLS_PER_PERSON - taken;
    return OK;
}

enum err call_slots_take(struct db *db, const struct call_place *place)
{
    int64_t left = 0;
    TRY(call_slots_free(db, place->meeting, place->user, place->target, &left));
    if (left <= 0) {
        return E_RATE_LIMITED;
    }
    int64_t changed = 0;
    TRY(db_change(db, S_slot_take, &changed,
                  PARAMS(value_id(place->meeting), value_id(place->user),
                         value_enum(&message_target_names, place->target),
                         value_id(place->message))));
    return changed == 1 ? OK : E_RATE_LIMITED;
}

enum err call_slots_give_back_step(struct db *db, struct id step, bool is_repeat)
{
    return db_run(db, S_slot_give_back_step, PARAMS(value_id(step), value_int(is_repeat)));
}

enum err call_slots_give_back(struct db *db, struct id message)
{
    return db_run(db, S_slot_give_back, PARAMS(value_id(message)));
}

enum err call_logs_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                              struct list *out)
{
    return db_all(db, S_calls_of_meeting, (struct db_into){TABLE_call_logs, arena}, out,
                  PARAMS(value_id(meeting)));
}
