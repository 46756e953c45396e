/* service/timeline: the one story of a subject (requirement I5): what changed and why, what became
 * of each message, what is still ahead, what it cost.
 *
 * Read from the trail, the messages and what is pending; nothing of it is stored. A meeting's story
 * holds that of its incident. Entries are ordered by time; cursors count entries. */
#ifndef TOCSIN_SERVICE_TIMELINE_H
#define TOCSIN_SERVICE_TIMELINE_H

#include "service/op.h"

NODISCARD enum err show_meeting_timeline(struct op *op, const void *input, void *output);
NODISCARD enum err show_incident_timeline(struct op *op, const void *input, void *output);
NODISCARD enum err show_call_timeline(struct op *op, const void *input, void *output);
NODISCARD enum err show_dispatch_timeline(struct op *op, const void *input, void *output);

#endif
