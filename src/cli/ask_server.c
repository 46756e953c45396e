#include "cli/ask_server.h"

#include "app/wire.h"
#include "cli/ask_network.h"
#include "service/keys.h"

enum { ANSWER_BYTES_MAX = 1024 * 1024 };

/* Where it listens, as seen from this machine. */
static enum err base_url(struct op *op, struct str listen, struct str *out)
{
    struct str host = STR_NONE;
    uint16_t port = 0;
    TRY(parse_listen(op->arena, listen, &host, &port, op->problem));
    if (port == 0) {
        return op_fail(op, E_CONFLICT, NULL,
                       "a server runs, and TOCSIN_LISTEN does not say at which port; ask it at "
                       "/api/v1/keys");
    }
    host = str_equal(host, STR("0.0.0.0")) ? STR("127.0.0.1") : host;
    host = str_equal(host, STR("::")) ? STR("::1") : host;
    bool is_v6 = str_contains(host, STR(":"));
    *out = arena_printf(op->arena, "http://%s%.*s%s:%d", is_v6 ? "[" : "", STR_FMT(host),
                        is_v6 ? "]" : "", (int)port);
    return OK;
}

static enum err read_answer(struct op *op, const struct wire_answer *answer,
                            const struct json_node **out)
{
    const struct json_node *root = NULL;
    if (answer->outcome != WIRE_ANSWERED) {
        return op_fail(op, E_UNAVAILABLE, NULL,
                       "a server uses the store, and does not answer: %.*s",
                       STR_FMT(answer->reason));
    }
    enum err err = json_tree_read(op->arena, answer->body, &root);
    if (err == OK && answer->status < 300) {
        *out = json_tree_member(root, "data");
        return OK;
    }
    struct str said = json_tree_text(json_tree_member(root, "error"), "message");
    return op_fail(op, E_CONFLICT, NULL, "the server says %d: %.*s", answer->status,
                   STR_FMT(str_is_set(said) ? said : STR("nothing that can be read")));
}

enum err ask_server(struct op *op, const struct server_request *request,
                    const struct json_node **out)
{
    struct wire_answer answer = {0};
    struct str base = STR_NONE;
    TRY(base_url(op, request->listen, &base));
    struct str pass = host_pass(op);
    struct str bearer = arena_printf(op->arena, "Bearer %.*s", STR_FMT(pass));
    struct wire_request wire = {
        .kind = WIRE_HTTP,
        .timeout = SECONDS(10),
        .http = {.method = str_from(request->method),
                 .url = arena_printf(op->arena, "%.*s%.*s", STR_FMT(base), STR_FMT(request->path)),
                 .headers = {{STR("Authorization"), bearer},
                             {STR("Content-Type"), STR("application/json")}},
                 .header_count = 2,
                 .body = request->body,
                 .body_bytes_max = ANSWER_BYTES_MAX}};
    TRY(ask_network(op->site->log, &wire, op->arena, &answer, op->problem));
    return read_answer(op, &answer, out);
}
