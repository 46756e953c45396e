/* service/heartbeats: check-ins that must come every so often, or an incident opens (requirement
 * I4).
 *
 * A heartbeat is waited for from its first beat on: every_seconds and grace_seconds after the last
 * one it is late, its incident opens, and the next beat resolves that. A beat changes one row; the
 * timer is armed once and, when it is due, looks at when the last beat was. Who beats shows the
 * token in the path and nothing else. While it is paused a beat is counted and nothing is waited
 * for. When we were away ourselves (or the store took no changes), a beat may have been lost with
 * it: then it is late one period after that at the earliest, or an hour where the period is longer.
 */
#ifndef TOCSIN_SERVICE_HEARTBEATS_H
#define TOCSIN_SERVICE_HEARTBEATS_H

#include "service/op.h"

NODISCARD enum err create_heartbeat(struct op *op, const void *input, void *output);
NODISCARD enum err list_heartbeats(struct op *op, const void *input, void *output);
NODISCARD enum err get_heartbeat(struct op *op, const void *input, void *output);
NODISCARD enum err change_heartbeat(struct op *op, const void *input, void *output);
NODISCARD enum err delete_heartbeat(struct op *op, const void *input, void *output);
NODISCARD enum err rotate_heartbeat(struct op *op, const void *input, void *output);
NODISCARD enum err pause_heartbeat(struct op *op, const void *input, void *output);
NODISCARD enum err resume_heartbeat(struct op *op, const void *input, void *output);
NODISCARD enum err take_beat(struct op *op, const void *input, void *output);

#endif
