#include "store/providers.h"

enum err provider_states_get(struct db *db, struct arena *arena, struct str provider,
                             struct provider_state *out)
{
    return db_one(db, S_provider_state_of, (struct db_into){TABLE_provider_states, arena}, out,
                  PARAMS(value_text(provider)));
}

enum err provider_states_put(struct db *db, struct arena *arena, const struct provider_state *state,
                             bool is_new)
{
    return is_new ? db_insert(db, TABLE_provider_states, arena, state)
                  : db_update(db, TABLE_provider_states, arena, state);
}

enum err operator_notes_add(struct db *db, struct str key, struct instant now,
                            struct instant forget, bool *is_new)
{
    int64_t added = 0;
    TRY(db_run(db, S_operator_notes_forget, PARAMS(value_time(forget))));
    TRY(db_change(db, S_operator_note_add, &added, PARAMS(value_text(key), value_time(now))));
    *is_new = added > 0;
    return OK;
}

enum err operator_notes_remove(struct db *db, struct str key, bool *was_told)
{
    int64_t removed = 0;
    TRY(db_change(db, S_operator_note_remove, &removed, PARAMS(value_text(key))));
    *was_told = removed > 0;
    return OK;
}

enum err spend_counts_get(struct db *db, int64_t day, struct str scope, int64_t *out)
{
    *out = 0;
    enum err err = db_number(db, S_spend_count, out, PARAMS(value_int(day), value_text(scope)));
    return err == E_NOT_FOUND ? OK : err;
}

enum err spend_counts_add(struct db *db, int64_t day, struct str scope)
{
    return db_run(db, S_spend_add, PARAMS(value_int(day), value_text(scope)));
}

enum err spend_counts_forget(struct db *db, int64_t before_day)
{
    return db_run(db, S_spend_forget, PARAMS(value_int(before_day)));
}

enum err messages_paid_of_subject(struct db *db, struct id subject, int64_t *out)
{
    return db_number(db, S_messages_paid_of_subject, out, PARAMS(value_id(subject)));
}

enum err messages_first_of_subject(struct db *db, struct id subject, struct id *out)
{
    return db_number(db, S_messages_first_of_subject, &out->value, PARAMS(value_id(subject)));
}

enum err messages_of_step_by(struct db *db, const struct message *message, struct str provider,
                             int64_t *out)
{
    return db_number(db, S_messages_of_step_by, out,
                     PARAMS(value_id(message->step_id),
                            value_enum(&message_target_names, message->target),
                            value_text(provider)));
}

static int find_name(const struct enum_names *names, const struct value *value)
{
    for (int i = 1; value->type == VALUE_TEXT && i < names->count; i++) {
        if (str_equal_text(value->text, names->names[i])) {
            return i;
        }
    }
    return 0;
}

static enum err take_failure(void *context, const struct value *columns)
{
    struct failure_rows *rows = context;
    if (rows->count == rows->cap) {
        size_t cap = rows->cap == 0 ? 16 : rows->cap * 2;
        struct failure_row *items = ARENA_NEW_ARRAY(rows->arena, struct failure_row, cap);
        for (size_t i = 0; i < rows->count; i++) {
            items[i] = rows->items[i];
        }
        rows->items = items;
        rows->cap = cap;
    }
    rows->items[rows->count++] = (struct failure_row){
        .provider = arena_str(rows->arena, columns[0].text),
        .channel = find_name(&channel_names, &columns[1]),
        .category = find_name(&failure_category_names, &columns[2]),
        .count = columns[3].number,
        .newest_at = instant_from_ms(columns[4].number),
    };
    return OK;
}

static enum err read_rows(struct db *db, enum statement which, const struct failure_query *query,
                          struct failure_rows *out)
{
    struct str provider = str_is_set(query->provider) ? query->provider : STR("");
    return db_each(db, which, out, take_failure,
                   PARAMS(value_int(instant_ms(query->from) << ID_COUNTER_BITS),
                          value_int(instant_ms(query->to) << ID_COUNTER_BITS),
                          value_text(provider)));
}

enum err messages_failures(struct db *db, const struct failure_query *query,
                           struct failure_rows *out)
{
    return read_rows(db, S_messages_failures, query, out);
}

enum err messages_totals(struct db *db, const struct failure_query *query, struct failure_rows *out)
{
    return read_rows(db, S_messages_totals, query, out);
}

enum { CURRENCIES_MAX = 16 };

struct cost_rows {
    struct arena *arena;
    struct incident_cost_item *items;
    size_t count;
};

static enum err take_cost(void *context, const struct value *columns)
{
    struct cost_rows *rows = context;
    if (rows->count < CURRENCIES_MAX) {
        rows->items[rows->count++] =
            (struct incident_cost_item){.currency = arena_str(rows->arena, columns[0].text),
                                        .messages = columns[1].number,
                                        .cost_micros = columns[2].number};
    }
    return OK;
}

enum err messages_costs(struct db *db, struct arena *arena, struct id subject, struct list *out)
{
    struct cost_rows rows = {arena,
                             ARENA_NEW_ARRAY(arena, struct incident_cost_item, CURRENCIES_MAX), 0};
    TRY(db_each(db, S_messages_costs, &rows, take_cost, PARAMS(value_id(subject))));
    *out = (struct list){rows.items, rows.count};
    return OK;
}
