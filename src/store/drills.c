#include "store/drills.h"

enum { FAILURES_MAX = 32 };

enum err drills_page(struct db *db, struct arena *arena, const struct drill_page *page,
                     struct list *out, int64_t *total)
{
    struct value user = value_int(page->user.value);
    int64_t before = id_is_set(page->before) ? page->before.value : INT64_MAX;
    TRY(db_number(db, S_drills_count, total, PARAMS(user)));
    return db_all(db, S_drills_page, (struct db_into){TABLE_drills, arena}, out,
                  PARAMS(value_int(before), user, value_int(page->limit)));
}

enum err drills_of_incident(struct db *db, struct arena *arena, struct id incident,
                            struct drill *out)
{
    return db_one(db, S_drill_of_incident, (struct db_into){TABLE_drills, arena}, out,
                  PARAMS(value_id(incident)));
}

enum err drills_unconfirmed(struct db *db, struct id incident, int64_t *out)
{
    return db_number(db, S_drill_unconfirmed, out, PARAMS(value_id(incident)));
}

struct failures {
    struct arena *arena;
    struct drill_failure *items;
    size_t count;
};

static enum err take_failure(void *context, const struct value *columns)
{
    struct failures *failures = context;
    if (failures->count == FAILURES_MAX) {
        return OK;
    }
    struct drill_failure *failure = &failures->items[failures->count++];
    *failure = (struct drill_failure){.provider = arena_str(failures->arena, columns[1].text),
                                      .count = columns[2].number};
    return enum_parse(&channel_names, columns[0].text, &failure->channel);
}

enum err drills_failures(struct db *db, struct arena *arena, struct id incident, struct list *out)
{
    struct failures failures = {arena, ARENA_NEW_ARRAY(arena, struct drill_failure, FAILURES_MAX),
                                0};
    TRY(db_each(db, S_drill_failures, &failures, take_failure, PARAMS(value_id(incident))));
    *out = (struct list){failures.items, failures.count};
    return OK;
}

/* No row and no time are the same. */
static struct instant time_of(const struct value *value)
{
    return value->type == VALUE_INT ? instant_from_ms(value->number) : INSTANT_NONE;
}

enum err messages_confirmed_at(struct db *db, struct id message, struct instant *out)
{
    int64_t at = 0;
    TRY(db_number(db, S_message_confirmed_at, &at, PARAMS(value_id(message))));
    *out = at == 0 ? INSTANT_NONE : instant_from_ms(at);
    return OK;
}

struct reach_rows {
    struct reach_row *items;
    size_t count;
};

static enum err take_reach_row(void *context, const struct value *columns)
{
    struct reach_rows *rows = context;
    int channel = 0;
    int level = 0;
    TRY(enum_parse(&channel_names, columns[0].text, &channel));
    if (columns[1].type == VALUE_TEXT) {
        TRY(enum_parse(&receipt_level_names, columns[1].text, &level));
    }
    struct instant sent_at = time_of(&columns[4]);
    rows->items[rows->count++] = (struct reach_row){
        .channel = (enum channel)channel,
        .level = (enum receipt_level)level,
        .is_of_meeting = str_equal(columns[2].text, STR("MEETING")),
        .sent_at = instant_is_set(sent_at) ? sent_at : time_of(&columns[3]),
        .confirmed_at = time_of(&columns[5]),
    };
    return OK;
}

enum err reach_rows(struct db *db, struct id user, struct instant since,
                    struct reach_row out[static REACH_ROWS_MAX], size_t *count)
{
    struct reach_rows rows = {out, 0};
    int64_t first = instant_ms(since) << ID_COUNTER_BITS;
    TRY(db_each(db, S_reach_messages, &rows, take_reach_row,
                PARAMS(value_id(user), value_int(first), value_int(REACH_ROWS_MAX))));
    *count = rows.count;
    return OK;
}
