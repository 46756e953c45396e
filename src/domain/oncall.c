#include "domain/oncall.h"

#include <assert.h>

enum { DAY_SECONDS = 86400, WEEK_DAYS = 7 };

static const int64_t MICROSECONDS_PER_SECOND = 1000000;
/* Longer than any clock was ever moved. */
static const struct duration MOVE_MAX = SECONDS_INIT(2 * DAY_SECONDS);
static const struct instant NEVER = {INT64_MAX};

static int64_t floor_divide(int64_t a, int64_t b)
{
    assert(b > 0);
    return a / b - (a % b < 0 ? 1 : 0);
}

static struct instant instant_of_second(int64_t second)
{
    return (struct instant){second * MICROSECONDS_PER_SECOND};
}

/* The latest that the wall clock has ever shown at `at`, in seconds since 1970 of the same clock.
 * It is what it shows, but for the second pass of a fold, where it is the end of the first. This
 * only grows, so that a boundary is passed once. */
static int64_t wall_reached(const struct zone *zone, struct instant at)
{
    assert(zone != NULL && at.us >= 0 && at.us / MICROSECONDS_PER_SECOND < ONCALL_SECOND_MAX);
    int64_t second = floor_divide(at.us, MICROSECONDS_PER_SECOND);
    int64_t reached = second + zone_offset_at(zone, at);
    struct instant moved = instant_sub(at, MOVE_MAX);
    while (zone_next_transition(zone, moved, &moved) && moved.us <= at.us) {
        int64_t last = moved.us / MICROSECONDS_PER_SECOND - 1;
        int64_t shown = last + zone_offset_at(zone, instant_of_second(last));
        reached = shown > reached ? shown : reached;
    }
    return reached;
}

/* The first instant at which the wall clock shows `wall` or later: what wall_reached() is the
 * inverse of. */
static struct instant instant_of_wall(const struct zone *zone, int64_t wall)
{
    struct instant shown = zone_to_instant(zone, civil_from_seconds(wall), NULL);
    struct instant moved = instant_sub(shown, MOVE_MAX);
    while (zone_next_transition(zone, moved, &moved) && moved.us < shown.us) {
        int64_t second = moved.us / MICROSECONDS_PER_SECOND;
        if (second + zone_offset_at(zone, moved) >= wall) {
            return moved;
        }
    }
    return shown;
}

/* How long a shift is: in hours that elapse, or by the wall clock. */
static int64_t period_seconds(const struct oncall_layer *layer)
{
    assert(layer->interval > 0);
    switch (layer->kind) {
    case rotation_kind_HOURLY:
        return layer->interval * 3600;
    case rotation_kind_DAILY:
        return layer->interval * DAY_SECONDS;
    case rotation_kind_WEEKLY:
        return layer->interval * DAY_SECONDS * WEEK_DAYS;
    case rotation_kind_NONE:
    case rotation_kind_COUNT:
        break;
    }
    assert(false && "a rotation has a kind");
    return DAY_SECONDS;
}

/* The wall clock at which the shift that is under way at the start began: the last handoff time, of
 * the right day, that had been reached. */
static int64_t first_handoff(const struct oncall_layer *layer, const struct zone *zone)
{
    int64_t reached = wall_reached(zone, layer->start);
    int64_t time = layer->handoff_minute * 60;
    int64_t day = floor_divide(reached - time, DAY_SECONDS);
    if (layer->kind == rotation_kind_WEEKLY) {
        day -= (weekday_of_days(day) - layer->handoff_day + WEEK_DAYS) % WEEK_DAYS;
    }
    return day * DAY_SECONDS + time;
}

static int64_t shift_number(const struct oncall_layer *layer, const struct zone *zone,
                            struct instant at, int64_t wall)
{
    int64_t period = period_seconds(layer);
    if (layer->kind == rotation_kind_HOURLY) {
        int64_t elapsed = instant_since(at, layer->start).us;
        return floor_divide(elapsed, period * MICROSECONDS_PER_SECOND);
    }
    return floor_divide(wall - first_handoff(layer, zone), period);
}

static struct instant shift_start(const struct oncall_layer *layer, const struct zone *zone,
                                  int64_t number)
{
    int64_t period = period_seconds(layer);
    if (layer->kind == rotation_kind_HOURLY) {
        return instant_add(layer->start, SECONDS(number * period));
    }
    return instant_of_wall(zone, first_handoff(layer, zone) + number * period);
}

/* The window that begins on a day, by the wall clock; `weekday` is that of the day. */
struct wall_window {
    int64_t from;
    int64_t until;
};

static bool window_of_day(const struct oncall_window *window, int64_t day, int weekday,
                          struct wall_window *out)
{
    assert(window->from >= 0 && window->from < 1440 && window->until >= 0 && window->until < 1440);
    int64_t until_day = window->until > window->from ? day : day + 1;
    *out = (struct wall_window){day * DAY_SECONDS + window->from * 60,
                                until_day * DAY_SECONDS + window->until * 60};
    return (window->days >> weekday & 1) != 0;
}

static bool windows_cover(const struct oncall_layer *layer, int64_t wall)
{
    int64_t today = floor_divide(wall, DAY_SECONDS);
    for (int64_t day = today - 1; day <= today && layer->window_count > 0; day++) {
        int weekday = weekday_of_days(day);
        for (size_t i = 0; i < layer->window_count; i++) {
            struct wall_window hours;
            bool is_one = window_of_day(&layer->windows[i], day, weekday, &hours);
            if (is_one && wall >= hours.from && wall < hours.until) {
                return true;
            }
        }
    }
    return layer->window_count == 0;
}

static void take_earlier(int64_t candidate, int64_t after, int64_t *best)
{
    if (candidate > after && candidate < *best) {
        *best = candidate;
    }
}

/* The next wall clock at which a window begins or ends; INT64_MAX without windows. Each day of the
 * week comes within eight days; what begins on a later day cannot come before the end of this one.
 */
static int64_t windows_change(const struct oncall_layer *layer, int64_t wall)
{
    int64_t today = floor_divide(wall, DAY_SECONDS);
    int64_t best = INT64_MAX;
    for (int64_t day = today - 1; day <= today + WEEK_DAYS && best >= day * DAY_SECONDS; day++) {
        int weekday = weekday_of_days(day);
        for (size_t i = 0; i < layer->window_count; i++) {
            struct wall_window hours;
            if (window_of_day(&layer->windows[i], day, weekday, &hours)) {
                take_earlier(hours.from, wall, &best);
                take_earlier(hours.until, wall, &best);
            }
        }
    }
    return best;
}

static struct oncall_ruling layer_ruling(const struct oncall_layer *layer, const struct zone *zone,
                                         struct instant at, int64_t wall)
{
    assert(layer->member_count > 0);
    if (instant_before(at, layer->start)) {
        return (struct oncall_ruling){.verdict = oncall_verdict_NOT_BEGUN};
    }
    if (instant_is_set(layer->end) && !instant_before(at, layer->end)) {
        return (struct oncall_ruling){.verdict = oncall_verdict_ENDED};
    }
    int64_t shift = shift_number(layer, zone, at, wall);
    assert(shift >= 0);
    if (!windows_cover(layer, wall)) {
        return (struct oncall_ruling){.verdict = oncall_verdict_RESTRICTED, .shift = shift};
    }
    struct oncall_member member = layer->members[(uint64_t)shift % layer->member_count];
    enum oncall_verdict verdict =
        member.is_removed ? oncall_verdict_REMOVED : oncall_verdict_ON_CALL;
    return (struct oncall_ruling){.verdict = verdict, .member = member, .shift = shift};
}

struct oncall_ruling oncall_layer_at(const struct oncall_layer *layer, const struct zone *zone,
                                     struct instant at)
{
    assert(layer != NULL && zone != NULL);
    return layer_ruling(layer, zone, at, wall_reached(zone, at));
}

/* Until when the ruling of a layer holds at least; NEVER for good. */
static struct instant layer_change(const struct oncall_layer *layer, const struct zone *zone,
                                   struct instant at)
{
    if (instant_before(at, layer->start)) {
        return layer->start;
    }
    bool has_end = instant_is_set(layer->end);
    if (has_end && !instant_before(at, layer->end)) {
        return NEVER;
    }
    struct instant best = has_end ? layer->end : NEVER;
    int64_t wall = wall_reached(zone, at);
    int64_t boundary = windows_change(layer, wall);
    if (layer->member_count > 1) {
        int64_t next = shift_number(layer, zone, at, wall) + 1;
        best = instant_min(best, shift_start(layer, zone, next));
    }
    if (boundary != INT64_MAX) {
        best = instant_min(best, instant_of_wall(zone, boundary));
    }
    assert(instant_before(at, best));
    return best;
}

bool oncall_override_covers(const struct oncall_override *override, struct instant at)
{
    assert(override != NULL);
    return !instant_before(at, override->start) && instant_before(at, override->end);
}

struct oncall_ruling oncall_override_ruling(const struct oncall_override *override)
{
    assert(override != NULL);
    enum oncall_verdict verdict = override->member.is_removed        ? oncall_verdict_REMOVED
                                  : id_is_set(override->member.user) ? oncall_verdict_ON_CALL
                                                                     : oncall_verdict_NOBODY;
    return (struct oncall_ruling){.verdict = verdict, .member = override->member};
}

struct oncall_shift oncall_shift_at(const struct oncall_layer *layer, const struct zone *zone,
                                    struct instant at)
{
    assert(layer != NULL && zone != NULL && !instant_before(at, layer->start));
    int64_t number = shift_number(layer, zone, at, wall_reached(zone, at));
    struct oncall_shift shift = {shift_start(layer, zone, number),
                                 shift_start(layer, zone, number + 1)};
    shift.start = instant_max(shift.start, layer->start);
    if (instant_is_set(layer->end)) {
        shift.end = instant_min(shift.end, layer->end);
    }
    return shift;
}

/* Of the reasons for a gap, how much one says. */
static int weight(enum oncall_verdict verdict)
{
    static const int weights[oncall_verdict_COUNT] = {
        [oncall_verdict_REMOVED] = 4,
        [oncall_verdict_RESTRICTED] = 3,
        [oncall_verdict_NOT_BEGUN] = 2,
        [oncall_verdict_ENDED] = 1,
    };
    assert(verdict > oncall_verdict_NONE && verdict < oncall_verdict_COUNT);
    return weights[verdict];
}

/* Takes a rule, the highest first, into the answer; true when it decides. */
static bool answer_by(struct oncall_answer *answer, enum oncall_source source, size_t index,
                      struct oncall_ruling ruling)
{
    assert(source != ONCALL_BY_NOTHING);
    bool decides =
        ruling.verdict == oncall_verdict_ON_CALL || ruling.verdict == oncall_verdict_NOBODY;
    enum oncall_verdict before = answer->ruling.verdict;
    if (decides || before == oncall_verdict_NONE || weight(ruling.verdict) > weight(before)) {
        *answer = (struct oncall_answer){.source = source, .index = index, .ruling = ruling};
    }
    if (ruling.verdict == oncall_verdict_ON_CALL) {
        answer->user = ruling.member.user;
    }
    return decides;
}

static bool overrides_answer(const struct oncall_schedule *schedule, struct instant at,
                             struct oncall_answer *answer)
{
    for (size_t i = schedule->override_count; i-- > 0;) {
        const struct oncall_override *override = &schedule->overrides[i];
        if (oncall_override_covers(override, at) &&
            answer_by(answer, ONCALL_BY_OVERRIDE, i, oncall_override_ruling(override))) {
            return true;
        }
    }
    return false;
}

struct oncall_answer oncall_at(const struct oncall_schedule *schedule, struct instant at)
{
    assert(schedule != NULL && schedule->layer_count <= ONCALL_LAYERS_MAX);
    struct oncall_answer answer = {0};
    if (overrides_answer(schedule, at, &answer)) {
        return answer;
    }
    int64_t wall = wall_reached(schedule->zone, at);
    for (size_t i = schedule->layer_count; i-- > 0;) {
        const struct oncall_layer *layer = &schedule->layers[i];
        if (answer_by(&answer, ONCALL_BY_LAYER, i, layer_ruling(layer, schedule->zone, at, wall))) {
            break;
        }
    }
    return answer;
}

/* The first instant after `at` at which an override begins or ends. */
static struct instant overrides_change(const struct oncall_schedule *schedule, struct instant at)
{
    int64_t best = NEVER.us;
    for (size_t i = 0; i < schedule->override_count; i++) {
        take_earlier(schedule->overrides[i].start.us, at.us, &best);
        take_earlier(schedule->overrides[i].end.us, at.us, &best);
    }
    return (struct instant){best};
}

bool oncall_next_change(const struct oncall_schedule *schedule, struct instant at,
                        struct instant *out)
{
    assert(schedule != NULL && out != NULL);
    *out = overrides_change(schedule, at);
    for (size_t i = 0; i < schedule->layer_count; i++) {
        *out = instant_min(*out, layer_change(&schedule->layers[i], schedule->zone, at));
    }
    return out->us != NEVER.us;
}

/* Asks again only the layers whose rulings end by walk->at. */
static void walk_refresh(struct oncall_walk *walk)
{
    const struct oncall_schedule *schedule = walk->schedule;
    for (size_t i = 0; i < schedule->layer_count; i++) {
        if (!instant_before(walk->at, walk->changes[i])) {
            walk->rulings[i] = oncall_layer_at(&schedule->layers[i], schedule->zone, walk->at);
            walk->changes[i] = layer_change(&schedule->layers[i], schedule->zone, walk->at);
        }
    }
}

struct oncall_walk oncall_walk(const struct oncall_schedule *schedule, struct instant from,
                               struct instant to)
{
    assert(schedule != NULL && schedule->layer_count <= ONCALL_LAYERS_MAX);
    struct oncall_walk walk = {.schedule = schedule, .at = from, .to = to};
    for (size_t i = 0; i < schedule->layer_count; i++) {
        walk.changes[i] = from;
    }
    return walk;
}

/* The answer at walk->at, and until when it holds at least. */
static struct oncall_answer walk_answer(struct oncall_walk *walk, struct instant *until)
{
    const struct oncall_schedule *schedule = walk->schedule;
    struct oncall_answer answer = {0};
    walk_refresh(walk);
    *until = instant_min(walk->to, overrides_change(schedule, walk->at));
    bool is_decided = overrides_answer(schedule, walk->at, &answer);
    for (size_t i = schedule->layer_count; i-- > 0;) {
        *until = instant_min(*until, walk->changes[i]);
        is_decided = is_decided || answer_by(&answer, ONCALL_BY_LAYER, i, walk->rulings[i]);
    }
    return answer;
}

/* The same person by the same rule; of two gaps, for the same reason. */
static bool answers_equal(const struct oncall_answer *a, const struct oncall_answer *b)
{
    return id_equal(a->user, b->user) && a->source == b->source && a->index == b->index &&
           a->ruling.verdict == b->ruling.verdict &&
           id_equal(a->ruling.member.user, b->ruling.member.user);
}

bool oncall_walk_next(struct oncall_walk *walk, struct oncall_span *out)
{
    assert(walk != NULL && out != NULL);
    if (!instant_before(walk->at, walk->to)) {
        return false;
    }
    struct instant until;
    *out = (struct oncall_span){.start = walk->at};
    out->answer = walk_answer(walk, &until);
    while (instant_before(until, walk->to)) {
        walk->at = until;
        struct oncall_answer next = walk_answer(walk, &until);
        if (!answers_equal(&out->answer, &next)) {
            out->end = walk->at;
            return true;
        }
    }
    walk->at = walk->to;
    out->end = walk->to;
    return true;
}
