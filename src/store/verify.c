#include "store/verify.h"

enum { KINDS = 3, REASONS_MAX = 200, ON_TIME_MS = 1000 };

struct groups {
    struct verify_group items[KINDS];
    size_t count;
};

static int64_t number_of(const struct value *value)
{
    return value->type == VALUE_INT ? value->number : 0;
}

static enum err take_group(void *context, const struct value *columns)
{
    struct groups *groups = context;
    struct verify_group *group = &groups->items[groups->count++];
    *group = (struct verify_group){
        .due = number_of(&columns[0]),
        .on_time = number_of(&columns[1]),
        .late = number_of(&columns[2]),
        .late_max_ms = number_of(&columns[3]),
        .skipped = number_of(&columns[4]),
        .cancelled = number_of(&columns[5]),
        .failed = number_of(&columns[6]),
        .under_way = number_of(&columns[7]),
        .lost = number_of(&columns[8]),
    };
    return OK;
}

static enum err take_calls(void *context, const struct value *columns)
{
    struct groups *groups = context;
    TRY(take_group(groups, columns));
    groups->items[groups->count - 1].moved = number_of(&columns[9]);
    return OK;
}

enum err verify_groups(struct db *db, struct arena *arena, const struct verify_period *period,
                       struct list *out)
{
    struct groups *groups = ARENA_NEW(arena, struct groups);
    struct params params =
        PARAMS(value_time(period->from), value_time(period->to), value_int(ON_TIME_MS));
    TRY(db_each(db, S_verify_alerts, groups, take_group, params));
    groups->items[0].kind = STR("ALERT");
    TRY(db_each(db, S_verify_steps, groups, take_group, params));
    groups->items[1].kind = STR("STEP");
    TRY(db_each(db, S_verify_calls, groups, take_calls, params));
    groups->items[2].kind = STR("SCHEDULED_CALL");
    *out = (struct list){groups->items, groups->count};
    return OK;
}

struct reasons {
    struct arena *arena;
    struct verify_reason *items;
    size_t count;
};

static enum err take_reason(void *context, const struct value *columns)
{
    struct reasons *reasons = context;
    if (reasons->count < REASONS_MAX) {
        reasons->items[reasons->count++] =
            (struct verify_reason){.kind = arena_str(reasons->arena, columns[0].text),
                                   .reason = arena_str(reasons->arena, columns[1].text),
                                   .count = number_of(&columns[2])};
    }
    return OK;
}

enum err verify_reasons(struct db *db, struct arena *arena, const struct verify_period *period,
                        struct list *out)
{
    struct reasons reasons = {.arena = arena,
                              .items = ARENA_NEW_ARRAY(arena, struct verify_reason, REASONS_MAX)};
    TRY(db_each(db, S_verify_reasons, &reasons, take_reason,
                PARAMS(value_time(period->from), value_time(period->to))));
    *out = (struct list){reasons.items, reasons.count};
    return OK;
}

enum err verify_counts(struct db *db, const struct verify_period *period, struct verify_report *out)
{
    struct params params = PARAMS(value_time(period->from), value_time(period->to));
    TRY(db_number(db, S_verify_repeated, &out->repeated, params));
    TRY(db_number(db, S_verify_quarantined, &out->quarantined, params));
    return db_number(db, S_verify_dispatches, &out->dispatches_stuck, params);
}
