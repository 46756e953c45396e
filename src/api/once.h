/* api/once: requests with an Idempotency-Key, on their way through the API.
 *
 * What such a request was answered is made and kept in its own operation (service/idempotency), and
 * sent as it was kept, then and whenever it is repeated. A synchronisation that waits for calendars
 * is answered after its operation; it is not kept, and may be repeated anyhow. */
#ifndef TOCSIN_API_ONCE_H
#define TOCSIN_API_ONCE_H

#include "api/call.h"

/* E_INVALID for a key that is none; sets nothing on routes that honour no key. */
NODISCARD enum err once_check(const struct api_call *call, struct problem *problem);
/* Hashes the request: where it is cheap, or on a thread that has the time. Of no effect without a
 * key. */
void once_name(struct api_call *call);
/* Sets call->kept where the request was answered before. */
NODISCARD enum err once_find(struct api_call *call, struct op *op);
/* Within the operation, after all else. */
NODISCARD enum err once_keep(struct api_call *call, struct op *op);

#endif
