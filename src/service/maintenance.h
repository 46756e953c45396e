/* service/maintenance: windows in which alerts page nobody (requirement I4).
 *
 * What is reported inside a window opens its incident, which waits in OPEN; when the window ends
 * and it is still open, its ladder starts. Nothing that was reported is lost. A window is for one
 * source or for all; where several overlap, the last end counts. Ladders that climb already go on.
 */
#ifndef TOCSIN_SERVICE_MAINTENANCE_H
#define TOCSIN_SERVICE_MAINTENANCE_H

#include "service/op.h"

/* Until when the window that covers the source (an integration or a heartbeat; unset for incidents
 * of the API) lasts at op->now; unset for none. */
NODISCARD enum err maintenance_covers(struct op *op, struct id source, struct instant *until);

NODISCARD enum err create_window(struct op *op, const void *input, void *output);
NODISCARD enum err list_windows(struct op *op, const void *input, void *output);
NODISCARD enum err get_window(struct op *op, const void *input, void *output);
/* Both end it now, what waited for it is released in their order. E_CONFLICT for one that is over.
 */
NODISCARD enum err end_window(struct op *op, const void *input, void *output);
NODISCARD enum err delete_window(struct op *op, const void *input, void *output);

#endif
