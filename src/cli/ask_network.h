/* cli/ask_network: one request from a command, and its answer, by a client of its own.
 *
 * Blocks until the answer is there; the request's timeout bounds that. Errors: those of
 * http_client_start; what goes wrong later stands in the answer. Threads: any. */
#ifndef TOCSIN_CLI_ASK_NETWORK_H
#define TOCSIN_CLI_ASK_NETWORK_H

#include "base/arena.h"
#include "base/log.h"
#include "model/http.h"

/* Of the answer's texts, the reason, the body and its type are kept, in the arena. */
NODISCARD enum err ask_network(const struct log *log, const struct wire_request *request,
                               struct arena *arena, struct wire_answer *out,
                               struct problem *problem);

#endif
