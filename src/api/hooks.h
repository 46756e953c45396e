/* api/hooks: what providers tell us over HTTP: /webhooks/{provider}/{hook} (requirement V2).
 *
 * No key is asked for: the provider's own signature, made over the configured public URL with the
 * raw path and query, is (never the Host header or what a proxy adds). One that does not fit is
 * E_FORBIDDEN and changes nothing. What was said is taken in one operation of the executor, and the
 * provider is answered after its commit, or with 503, so that it says it again. Any Content-Type is
 * taken; bodies end at 256 KiB. Threads: hook_read belongs to the HTTP thread, the rest to the
 * executor's. */
#ifndef TOCSIN_API_HOOKS_H
#define TOCSIN_API_HOOKS_H

#include "model/http.h"
#include "service/op.h"

struct api_call;

enum { HOOK_BODY_BYTES_MAX = 256 * 1024 };

/* Refusals are counted, and written to the log at most once in ten seconds. */
struct hook_log {
    struct instant written_at;
    int64_t refused;
};

/* Checks and reads the request into call->input. E_NOT_FOUND, E_TOO_LARGE, E_FORBIDDEN, E_INVALID
 * with the field. A HEAD is not signed and says nothing: it is to be answered at once, 200 and
 * text/plain, which is how Exotel looks whether somebody is there. */
NODISCARD enum err hook_read(struct api_call *call, struct hook_log *log, struct problem *problem);
NODISCARD enum err take_hook(struct op *op, const void *input, void *output);
/* What the provider is answered once that is durable. */
void hook_answer(struct api_call *call, struct http_response *out);

#endif
