/* app/rehearsal_rows: what a run left behind in its store, read once, for its timeline and its
 * summary. Inside of the rehearsal. Everything lives in the arena of the operation that reads. */
#ifndef TOCSIN_APP_REHEARSAL_ROWS_H
#define TOCSIN_APP_REHEARSAL_ROWS_H

#include "app/rehearsal_internal.h"

struct rehearsed_rows {
    struct rehearsal *rehearsal;
    struct op *op;
    struct incident *incidents; /* By id, as the next four. */
    size_t incident_count;
    struct step *steps;
    size_t step_count;
    struct meeting *meetings;
    size_t meeting_count;
    struct alert *alerts;
    size_t alert_count;
    struct message *messages; /* With their texts and transitions. */
    size_t message_count;
    struct audit_event *audit; /* As it was written. */
    size_t audit_count;
};

NODISCARD enum err rehearsed_rows_read(struct rehearsal *rehearsal, struct op *op,
                                       struct rehearsed_rows *out);
const struct incident *rehearsed_incident(const struct rehearsed_rows *rows, struct id id);
const struct step *rehearsed_step(const struct rehearsed_rows *rows, struct id id);
const struct alert *rehearsed_alert(const struct rehearsed_rows *rows, struct id id);
const struct meeting *rehearsed_meeting(const struct rehearsed_rows *rows, struct id id);

/* How somebody is called in answers. */
struct str rehearsed_name(const struct rehearsed_rows *rows, struct id user, int target);
/* "2026-03-29 03:30:00 CEST", on the clock of that person. */
struct str rehearsed_local(const struct rehearsed_rows *rows, struct id user, struct instant at);

/* _summary: fills all but the timeline and what was skipped. */
void rehearsed_summary(const struct rehearsed_rows *rows, struct simulated_run *out);

#endif
