#include "store/campaigns.h"

#include <assert.h>

enum err campaigns_get(struct db *db, struct arena *arena, struct id id, struct campaign *out)
{
    return db_get(db, TABLE_campaigns, id, arena, out);
}

enum err campaigns_add(struct db *db, struct arena *arena, const struct campaign *campaign)
{
    return db_insert(db, TABLE_campaigns, arena, campaign);
}

enum err campaigns_change(struct db *db, struct arena *arena, const struct campaign *campaign)
{
    return db_update(db, TABLE_campaigns, arena, campaign);
}

static struct value user_value(struct str user)
{
    return value_text(str_is_set(user) ? user : STR(""));
}

enum err campaigns_page(struct db *db, struct arena *arena, const struct campaign_page *page,
                        struct list *out)
{
    int64_t before = id_is_set(page->before) ? page->before.value : INT64_MAX;
    return db_all(db, S_campaigns_page, (struct db_into){TABLE_campaigns, arena}, out,
                  PARAMS(value_int(before), user_value(page->user), value_int(page->limit)));
}

enum err campaigns_count(struct db *db, struct str user, int64_t *out)
{
    return db_number(db, S_campaigns_count, out, PARAMS(user_value(user)));
}

static struct params params_of(const struct campaign_walk *walk, struct value out[static 3])
{
    out[0] = value_id(walk->campaign);
    out[1] = value_int(walk->after.value);
    out[2] = value_int((int64_t)walk->max);
    return (struct params){out, 3};
}

enum err campaign_calls_page(struct db *db, struct arena *arena, const struct campaign_walk *walk,
                             struct list *out)
{
    struct value values[3];
    return db_all_bare(db, S_campaign_calls_page, (struct db_into){TABLE_scheduled_calls, arena},
                       out, params_of(walk, values));
}

struct id_scan {
    struct id *out;
    size_t count;
    size_t max;
};

static enum err take_id(void *context, const struct value *columns)
{
    struct id_scan *scan = context;
    assert(scan->count < scan->max);
    scan->out[scan->count++] = (struct id){columns[0].number};
    return OK;
}

enum err campaign_calls_open(struct db *db, const struct campaign_walk *walk, struct id *out,
                             size_t *count)
{
    struct id_scan scan = {.out = out, .max = walk->max};
    struct value values[3];
    TRY(db_each(db, S_campaign_calls_open, &scan, take_id, params_of(walk, values)));
    *count = scan.count;
    return OK;
}

static enum err take_left(void *context, const struct value *columns)
{
    struct campaign_outlook *outlook = context;
    assert(outlook->count < outlook->max);
    struct str hours = columns[2].text;
    outlook->rows[outlook->count++] = (struct campaign_left){
        .due_at = instant_from_ms(columns[0].number),
        .calls = columns[1].number,
        .hours = hours.len == 0 ? STR_NONE : arena_str(outlook->arena, hours),
        .timezone = arena_str(outlook->arena, columns[3].text),
        .has_timezone = columns[4].number != 0,
        .is_series = columns[5].number != 0,
    };
    return OK;
}

enum err campaign_calls_left(struct db *db, struct id campaign, struct campaign_outlook *out)
{
    out->count = 0;
    return db_each(db, S_campaign_calls_left, out, take_left,
                   PARAMS(value_id(campaign), value_int((int64_t)out->max)));
}

struct left_scan {
    struct campaign_outlook *outlook;
    struct sealer sealer;
};

static enum err take_left_one(void *context, const struct value *columns)
{
    struct left_scan *scan = context;
    struct arena *arena = scan->outlook->arena;
    struct seal_place place = {db_table_name(TABLE_scheduled_calls), "phone", {columns[6].number}};
    struct str phone = STR_NONE;
    TRY(take_left(scan->outlook, columns));
    if (columns[7].type == VALUE_BYTES &&
        scan->sealer.open(scan->sealer.context, arena, place, columns[7].text, &phone) == OK) {
        scan->outlook->rows[scan->outlook->count - 1].phone = phone;
    }
    return OK;
}

enum err campaign_calls_left_each(struct db *db, struct id campaign, struct campaign_outlook *out)
{
    struct left_scan scan = {out, seal_as_sealer(db_seal(db))};
    out->count = 0;
    return db_each(db, S_campaign_calls_left_each, &scan, take_left_one,
                   PARAMS(value_id(campaign), value_int((int64_t)out->max)));
}
