#include "service/night.h"

#include "service/engine.h"
#include "service/lint.h"
#include "service/notifications.h"
#include "service/oncall.h"
#include "service/retention.h"
#include "service/sources.h"
#include "store/settings.h"

enum { NIGHT_HOUR = 3 };

/* These timers are Tocsin's own; their subjects are names for them. */
static const struct id whole_house = {1};
static const struct id gaps_alone = {2};
static const struct id old_rows = {3};

static const struct str night_setting = STR_INIT("night.place");
static const struct str gaps_setting = STR_INIT("night.gaps");

static enum err (*const walks[])(struct op *op, struct night_walk *walk) = {
    lint_some_policies,   lint_some_schedules,  lint_some_people,
    oncall_look_for_gaps, notifications_forget, forget_source_alerts,
};

/* After the walks of the lint, whose findings are told. */
enum { WALKS_OF_LINT = 3 };

struct night {
    int64_t walk; /* Which of them it is at. */
    struct night_walk place;
};

static enum err read_setting(struct op *op, struct str name, struct str *out)
{
    *out = STR_NONE;
    enum err err = settings_get(op->db, op->arena, name, out);
    return err == E_NOT_FOUND ? OK : err;
}

static enum err read_night(struct op *op, struct night *out)
{
    struct str text = STR_NONE;
    struct str walk = STR_NONE;
    struct str after = STR_NONE;
    *out = (struct night){0};
    TRY(read_setting(op, night_setting, &text));
    if (!str_is_set(text)) {
        return OK;
    }
    bool is_whole = str_split(&text, ' ', &walk) && str_split(&text, ' ', &after) &&
                    str_to_int(walk, &out->walk) == OK &&
                    str_to_int(after, &out->place.after.value) == OK &&
                    str_to_int(text, &out->place.added) == OK;
    bool is_known = out->walk >= 0 && out->walk < (int64_t)ARRAY_LENGTH(walks);
    return is_whole && is_known ? OK : E_CORRUPT;
}

static enum err write_night(struct op *op, const struct night *night)
{
    return settings_put(op->db, night_setting,
                        arena_printf(op->arena, "%lld %lld %lld", (long long)night->walk,
                                     (long long)night->place.after.value,
                                     (long long)night->place.added));
}

static struct instant next_night(struct instant now)
{
    int64_t day = now.us / DAYS(1).us;
    struct instant night = {day * DAYS(1).us + HOURS(NIGHT_HOUR).us};
    return instant_before(now, night) ? night : instant_add(night, DAYS(1));
}

/* A portion of the walk that it is at; what is done with is followed by the next walk at once, so
 * that a small house needs one turn. */
static enum err go_on(struct op *op, struct night *night)
{
    while (night->walk < (int64_t)ARRAY_LENGTH(walks)) {
        TRY(walks[night->walk](op, &night->place));
        if (!night->place.is_done) {
            return OK;
        }
        night->walk++;
        night->place.after = ID_NONE;
        TRY(night->walk == WALKS_OF_LINT ? lint_ended(op, night->place.added) : OK);
    }
    return OK;
}

static enum err gaps_go_on(struct op *op, struct timer *timer)
{
    struct str text = STR_NONE;
    struct night_walk walk = {0};
    TRY(read_setting(op, gaps_setting, &text));
    if (str_is_set(text) && str_to_int(text, &walk.after.value) != OK) {
        return E_CORRUPT;
    }
    TRY(oncall_look_for_gaps(op, &walk));
    if (!walk.is_done) {
        timer_run_again(op, timer, op->now);
    }
    return settings_put(
        op->db, gaps_setting,
        arena_printf(op->arena, "%lld", walk.is_done ? 0LL : (long long)walk.after.value));
}

static enum err sweep_go_on(struct op *op, struct timer *timer)
{
    struct instant next = INSTANT_NONE;
    bool is_over = false;
    TRY(retention_sweep(op, &next, &is_over));
    timer_run_again(op, timer, is_over ? next_night(op->now) : next);
    return OK;
}

/* The timer NIGHTLY. */
enum err run_night(struct op *op, struct timer *timer)
{
    struct night night = {0};
    if (id_equal(timer->subject_id, gaps_alone)) {
        return gaps_go_on(op, timer);
    }
    if (id_equal(timer->subject_id, old_rows)) {
        return sweep_go_on(op, timer);
    }
    TRY(read_night(op, &night));
    TRY(go_on(op, &night));
    bool is_over = night.walk == (int64_t)ARRAY_LENGTH(walks);
    timer_run_again(op, timer, is_over ? next_night(op->now) : op->now);
    if (is_over) {
        night = (struct night){0};
    }
    return write_night(op, &night);
}

static enum err arm(struct op *op, struct id subject, struct instant due_at)
{
    struct timer timer = {0};
    enum err err = timers_of_subject(op->db, op->arena, timer_kind_NIGHTLY, subject, &timer);
    return err != E_NOT_FOUND ? err
                              : timer_arm(op, (struct timer_request){timer_kind_NIGHTLY, subject,
                                                                     due_at, PRIORITY_LOW});
}

enum err night_arm(struct op *op)
{
    TRY(arm(op, whole_house, next_night(op->now)));
    return arm(op, old_rows, next_night(op->now));
}

enum err night_look_for_gaps(struct op *op)
{
    TRY(settings_put(op->db, gaps_setting, STR("0")));
    return arm(op, gaps_alone, op->now);
}
