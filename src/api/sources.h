/* api/sources: what is posted with a key in its path: messages of alert sources, and beats
 * (requirement I4).
 *
 * The key is looked up before anything else is looked at; a signature is asked for where the
 * integration has a secret. A source that sends faster than it may gets 503 with Retry-After, never
 * 429: Alertmanager tries again after a 5xx and gives a whole group up after any 4xx (protocols.md
 * 7.1). Short bodies are read here, long ones by the worker, so that neither holds the executor up.
 * Threads: the HTTP thread. */
#ifndef TOCSIN_API_SOURCES_H
#define TOCSIN_API_SOURCES_H

#include "service/op.h"

struct api_call;
struct source_gate;

/* At most so many messages a second of one integration; 0 for no limit. */
struct source_gate *source_gate_new(int64_t requests_per_second);
void source_gate_free(struct source_gate **gate);

/* Reads the request into call->input. E_NOT_FOUND for an unknown key, E_FORBIDDEN for a signature
 * that does not fit, E_UNAVAILABLE over the limit, E_INVALID with the member. */
NODISCARD enum err visit_read(struct api_call *call, struct source_gate *gate, struct op *op);

/* The path as logs may have it: keys, tokens and what links end with are left out. */
struct str path_without_secrets(struct str path, struct arena *arena);

#endif
