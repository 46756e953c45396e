/* service/oncall: who is on call (requirement E9).
 *
 * Schedules, their overrides and what is said about them. One set of rules (domain/oncall) answers
 * steps of ladders, the API, previews, gaps and the calendars that people subscribe to. Where it is
 * the turn of somebody who was removed, the rule below decides; where none is left, it is a gap
 * with that reason. Changing a schedule changes what it says of the past too: the audit trail has
 * what it said before. */
#ifndef TOCSIN_SERVICE_ONCALL_H
#define TOCSIN_SERVICE_ONCALL_H

#include "service/night.h"

/* The person on call in a schedule at an instant; ID_NONE for nobody (a gap). E_NOT_FOUND for a
 * schedule that does not exist or was removed. */
NODISCARD enum err oncall_person(struct op *op, struct id schedule, struct instant at,
                                 struct id *out);

/* A portion of a night: the operator is told of schedules with gaps in the next 30 days, each once
 * (key "gaps:ID"), and again when they are mended. */
NODISCARD enum err oncall_look_for_gaps(struct op *op, struct night_walk *walk);

NODISCARD enum err create_schedule(struct op *op, const void *input, void *output);
NODISCARD enum err list_schedules(struct op *op, const void *input, void *output);
NODISCARD enum err get_schedule(struct op *op, const void *input, void *output);
NODISCARD enum err replace_schedule(struct op *op, const void *input, void *output);
NODISCARD enum err delete_schedule(struct op *op, const void *input, void *output);

NODISCARD enum err create_schedule_override(struct op *op, const void *input, void *output);
NODISCARD enum err list_schedule_overrides(struct op *op, const void *input, void *output);
NODISCARD enum err delete_schedule_override(struct op *op, const void *input, void *output);

NODISCARD enum err show_oncall(struct op *op, const void *input, void *output);
NODISCARD enum err list_schedule_spans(struct op *op, const void *input, void *output);
NODISCARD enum err list_schedule_gaps(struct op *op, const void *input, void *output);
NODISCARD enum err preview_schedule(struct op *op, const void *input, void *output);

NODISCARD enum err create_schedule_feed(struct op *op, const void *input, void *output);
NODISCARD enum err list_schedule_feeds(struct op *op, const void *input, void *output);
NODISCARD enum err revoke_schedule_feed(struct op *op, const void *input, void *output);
NODISCARD enum err revoke_schedule_feeds(struct op *op, const void *input, void *output);
/* A file (file_view): the calendar behind a secret address. E_NOT_FOUND, E_GONE. */
NODISCARD enum err show_schedule_feed(struct op *op, const void *input, void *output);

#endif
