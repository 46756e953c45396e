/* service/oncall_plan: a schedule's rows as the rules that domain/oncall judges by, and its answers
 * in words (requirement E9). Inside of the on-call services. */
#ifndef TOCSIN_SERVICE_ONCALL_PLAN_H
#define TOCSIN_SERVICE_ONCALL_PLAN_H

#include "domain/oncall.h"
#include "service/op.h"

struct oncall_plan {
    struct schedule schedule;
    struct list overrides; /* Of struct schedule_override, in the order of rules.overrides. */
    struct oncall_schedule rules;
    struct oncall_member *members; /* Those of all layers, one layer after the other. */
    size_t member_count;
    struct oncall_override *overrides_made; /* What rules.overrides points to. */
};

/* With the overrides that have a part in [from, to). Nobody is marked as removed yet. E_NOT_FOUND.
 */
NODISCARD enum err oncall_plan_load(struct op *op, struct id schedule, struct instant from,
                                    struct instant to, struct oncall_plan *out);
/* From a schedule that need not be saved, with its overrides, which have passed their checks. */
NODISCARD enum err oncall_plan_make(struct op *op, const struct schedule *schedule,
                                    const struct list *overrides, struct oncall_plan *out);
/* Looks up every person of it. */
NODISCARD enum err oncall_plan_mark_removed(struct op *op, struct oncall_plan *plan);
/* The answer at one instant, for which only the person that it names is looked up. */
NODISCARD enum err oncall_plan_answer(struct op *op, struct oncall_plan *plan, struct instant at,
                                      struct oncall_answer *out);

/* Names of people, each read once. */
struct oncall_names {
    struct id ids[64];
    struct str names[64];
    size_t count;
};
/* A removed person's too; STR_NONE where there is none. */
struct str oncall_name(struct op *op, struct oncall_names *names, struct id user);

/* "layer 2 (Nights)", "an override" */
struct str oncall_rule_words(struct op *op, const struct oncall_plan *plan,
                             enum oncall_source source, size_t index);
/* Which rule decides, or why nobody is on call. `names` NULL: nobody is named. */
struct str oncall_reason(struct op *op, const struct oncall_plan *plan,
                         const struct oncall_answer *answer, struct oncall_names *names);
/* Every rule with what it says, the highest first. */
struct list oncall_explain(struct op *op, const struct oncall_plan *plan, struct instant at,
                           struct oncall_names *names);

/* What is asked of a period. `from` and `to` are filled in where they are absent; E_INVALID names
 * "from" or "to". */
enum { ONCALL_AHEAD_DAYS = 30, ONCALL_PERIOD_DAYS_MAX = 400 };
NODISCARD enum err oncall_period(struct op *op, struct instant *from, struct instant *to);
/* E_INVALID names `field`: on-call times lie between 1970 and 2390. */
NODISCARD enum err oncall_check_instant(struct op *op, const char *field, struct instant at);

/* `names` NULL: nobody is named. */
struct oncall_span_view oncall_view_span(struct op *op, const struct oncall_plan *plan,
                                         const struct oncall_span *span,
                                         struct oncall_names *names);

struct span_query {
    const struct oncall_plan *plan;
    struct instant from;
    struct instant to;
    bool gaps_only;
    int64_t first; /* How many to leave out. */
    int64_t limit;
};
struct span_result {
    struct list views; /* Of struct oncall_span_view. */
    int64_t total;
    int64_t gap_seconds;
    int64_t coverage_percent;
};
void oncall_spans(struct op *op, const struct span_query *query, struct oncall_names *names,
                  struct span_result *out);

/* The operator is told of gaps within ONCALL_AHEAD_DAYS, and when there are none any more. */
NODISCARD enum err oncall_tell_gaps(struct op *op, struct id schedule);
NODISCARD enum err oncall_forget_gaps(struct op *op, const struct schedule *schedule);

/* E_INVALID names the member, which stands behind `prefix` ("" or "schedule."). */
NODISCARD enum err schedule_check(struct op *op, const struct schedule *schedule,
                                  const char *prefix);
NODISCARD enum err schedule_override_check(struct op *op, const struct schedule_override *override,
                                           const char *prefix);

#endif
