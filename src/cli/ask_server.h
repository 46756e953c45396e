/* cli/ask_server: what a command wants of the server that runs on this machine, since a store has
 * one writer.
 *
 * The request carries a pass that is made with the data key (service/keys, host_pass), so that
 * whoever has the store needs no key of the API. Errors name what the server said. */
#ifndef TOCSIN_CLI_ASK_SERVER_H
#define TOCSIN_CLI_ASK_SERVER_H

#include "model/json_tree.h"
#include "service/op.h"

struct server_request {
    const char *method;
    struct str path;
    struct str body;   /* JSON, or STR_NONE. */
    struct str listen; /* TOCSIN_LISTEN */
};

/* `out` is the answer's data, in the operation's arena. */
NODISCARD enum err ask_server(struct op *op, const struct server_request *request,
                              const struct json_node **out);

#endif
