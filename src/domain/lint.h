/* domain/lint: what will not work as whoever wrote it may think: in a ladder, for a person, in a
 * rotation (requirement E8).
 *
 * Pure. Each question is about the facts that it is given; who must be asked about, and what is
 * said to people, is service/lint's. */
#ifndef TOCSIN_DOMAIN_LINT_H
#define TOCSIN_DOMAIN_LINT_H

#include "domain/oncall.h"
#include "domain/policy.h"
#include "domain/reach.h"

/* Calls of one step that take longer than this come too late for the last ones. */
#define LINT_CALLS_MAX SECONDS(60)
/* What is taken for the length of a meeting where none is at hand. */
#define LINT_MEETING MINUTES(60)

/* Whether every step goes by one way, which is then `out`. */
bool lint_has_one_way(const struct policy_rules *rules, enum wanted *out);

/* How long a ladder climbs, with all its rounds. */
struct duration lint_climb(const struct policy_rules *rules);
/* Whether it still climbs when a meeting of this length is over. It begins `grace` after the start.
 */
bool lint_outlasts(const struct policy_rules *rules, struct duration grace,
                   struct duration meeting);

/* The most calls that fall due at one instant, where PERSON and EMERGENCY_CONTACT may stand for
 * `people` at once; `step` counts from 0. */
struct lint_burst {
    int64_t calls;
    int step;
};
struct lint_burst lint_most_calls(const struct policy_rules *rules, int64_t people);
/* How long so many calls take at a pace in thousandths a second; nothing for a pace of 0. */
struct duration lint_calls_time(int64_t calls, int64_t rate_milli);

/* By how many ways somebody can be reached at all: email, texts, calls. */
int lint_ways(const struct reach *reach, const struct reach_limits *limits);

/* Whether clocks are put forward over the handoff time of a layer between two instants; `out` is
 * the first handoff that happens at the end of such a gap instead. */
struct lint_span {
    struct instant from;
    struct instant to;
};
bool lint_handoff_in_gap(const struct oncall_layer *layer, const struct zone *zone,
                         struct lint_span span, struct instant *out);

#endif
