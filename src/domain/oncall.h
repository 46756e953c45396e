/* domain/oncall: who is on call at an instant, and why (requirement E9).
 *
 * Pure. A schedule has layers, the lowest first. A layer hands over among its members in their
 * order: HOURLY every `interval` elapsed hours from its start, DAILY and WEEKLY every `interval`
 * days or weeks at a wall-clock time of the schedule's zone. Its first member has the shift that is
 * under way at the start. Restrictions are wall-clock windows [from, until); one whose `until` is
 * not after its `from` ends on the next day, and its days of the week are those on which it begins.
 * A higher layer wins over a lower one, an override over all layers, and of overrides the one made
 * last. Where it is the turn of somebody who was removed, the next rule decides.
 * A wall-clock boundary happens at the first instant at which the clock shows it or later: in a gap
 * the instant after it, in a fold the first of two. Shifts on both sides use that same instant, so
 * there is no hole and no overlap. Nothing walks: every answer is arithmetic, and costs the same
 * after a day and after a century. Instants are at or after 1970 and before ONCALL_SECOND_MAX. A
 * schedule borrows what it points to. */
#ifndef TOCSIN_DOMAIN_ONCALL_H
#define TOCSIN_DOMAIN_ONCALL_H

#include "domain/zone.h"
#include "model/enums.h"

enum {
    ONCALL_LAYERS_MAX = 10,
    ONCALL_MEMBERS_MAX = 100,
    ONCALL_WINDOWS_MAX = 20,
    ONCALL_EVERY_DAY = 0x7F
};

/* 2390-01-01T00:00:00Z, in time for zones to know every transition that follows. */
#define ONCALL_SECOND_MAX INT64_C(13253932800)

struct oncall_member {
    struct id user; /* Unset in an override that says that nobody is on call. */
    bool is_removed;
};

struct oncall_window {
    int from; /* Minutes since local midnight, 0 to 1439. */
    int until;
    unsigned days; /* Bit 0 is Sunday. */
};

struct oncall_layer {
    enum rotation_kind kind;
    int64_t interval;
    int handoff_minute; /* DAILY and WEEKLY. */
    int handoff_day;    /* WEEKLY: 0 is Sunday. */
    struct instant start;
    struct instant end; /* Unset for none. */
    const struct oncall_member *members;
    size_t member_count;
    const struct oncall_window *windows; /* None: at all times. */
    size_t window_count;
};

struct oncall_override {
    struct instant start;
    struct instant end;
    struct oncall_member member;
};

struct oncall_schedule {
    const struct zone *zone;
    const struct oncall_layer *layers;
    size_t layer_count;
    const struct oncall_override *overrides; /* In the order in which they were made. */
    size_t override_count;
};

/* What a rule says by itself. `member` is whose turn it is: set for ON_CALL, REMOVED and NOBODY. */
struct oncall_ruling {
    enum oncall_verdict verdict;
    struct oncall_member member;
    int64_t shift; /* Layers: handoffs since the start. */
};

enum oncall_source { ONCALL_BY_NOTHING, ONCALL_BY_LAYER, ONCALL_BY_OVERRIDE };

struct oncall_answer {
    struct id user; /* Unset for nobody: a gap. */
    enum oncall_source source;
    size_t index; /* Of the layer or override that decides. */
    /* For a gap: the verdict of the rule that comes nearest to a person (NOBODY, else REMOVED,
     * RESTRICTED, NOT_BEGUN, ENDED), with whose turn it would have been. */
    struct oncall_ruling ruling;
};

struct oncall_answer oncall_at(const struct oncall_schedule *schedule, struct instant at);
struct oncall_ruling oncall_layer_at(const struct oncall_layer *layer, const struct zone *zone,
                                     struct instant at);
bool oncall_override_covers(const struct oncall_override *override, struct instant at);
/* By itself, while it covers. */
struct oncall_ruling oncall_override_ruling(const struct oncall_override *override);
/* When the shift of a layer at `at` began and when it hands over, restrictions aside. */
struct oncall_shift {
    struct instant start;
    struct instant end;
};
struct oncall_shift oncall_shift_at(const struct oncall_layer *layer, const struct zone *zone,
                                    struct instant at);

/* The first instant after `at` at which some rule may say something else; false for never. */
bool oncall_next_change(const struct oncall_schedule *schedule, struct instant at,
                        struct instant *out);

/* A time for which the answer is the same. */
struct oncall_span {
    struct instant start;
    struct instant end;
    struct oncall_answer answer;
};

/* Walks over the spans of [from, to), which cover it without a hole. The schedule must outlive the
 * walk. */
struct oncall_walk {
    const struct oncall_schedule *schedule;
    struct instant at;
    struct instant to;
    struct oncall_ruling rulings[ONCALL_LAYERS_MAX];
    struct instant changes[ONCALL_LAYERS_MAX]; /* Until when each of them holds. */
};

struct oncall_walk oncall_walk(const struct oncall_schedule *schedule, struct instant from,
                               struct instant to);
bool oncall_walk_next(struct oncall_walk *walk, struct oncall_span *out);

#endif
