/* api/route: the table of routes, and finding the row for a request. Constant; no memory is made.
 */
#ifndef TOCSIN_API_ROUTE_H
#define TOCSIN_API_ROUTE_H

#include "model/http.h"
#include "model/records.h"
#include "service/op.h"

enum route_kind { ROUTE_READ, ROUTE_WRITE, ROUTE_CLOCK, ROUTE_ASIDE };
enum route_style {
    ROUTE_DATA,
    ROUTE_FLAT,
    ROUTE_PAGE,
    ROUTE_BARE,
    ROUTE_FILE,
    ROUTE_DOWNLOAD,
    ROUTE_HOOK,
    ROUTE_SOURCE,
    ROUTE_STREAM,
    ROUTE_SIGN_IN,
    ROUTE_REDIRECT,
    ROUTE_SIGN_OUT
};

struct route {
    enum http_method method;
    const char *method_name;
    const char *path;
    enum route_kind kind;
    enum err (*function)(struct op *op, const void *input, void *output);
    const char *name;           /* Of the function: the operationId. */
    const struct record *input; /* NULL for none. */
    const struct record *output;
    enum route_style style;
    int status;
    const char *doc;
};

/* What the path's placeholders stood for, raw. */
struct route_match {
    const struct route *route; /* NULL: see methods. */
    struct str id;
    struct str id2;
    struct str token;
    struct str provider;
    struct str hook;
    unsigned methods; /* Bits of the methods that the path has: 0 for an unknown path. */
};

struct route_match route_find(enum http_method method, struct str path);
size_t routes_all(const struct route **out);
const char *http_method_name(enum http_method method);
/* Whether the body may be left out: every member of it may be null. */
bool route_body_is_optional(const struct route *route);
/* What can be done with a request's body before the executor sees it. */
bool route_has_preparation(const struct route *route);
/* Its preparation asks a server elsewhere, and may wait for it. */
bool route_asks_elsewhere(const struct route *route);
/* However short the body: what a password costs is not for the executor. */
bool route_has_password(const struct route *route);
NODISCARD enum err route_prepare(const struct route *route, struct op *op, const void *input,
                                 const void **out);

/* Whether anybody with a key may call it about themselves: the end of a session, their password. */
bool route_is_own(const struct route *route);
/* Whether it answers what happens, which scope RESPONDER may; all else that changes is a setting.
 */
bool route_responds(const struct route *route);
/* Whether who asks must show a key or a session; links and webhooks are signed (X1). */
bool route_needs_key(const struct route *route);
/* Whether the documents have it below /api/v1. */
bool route_is_versioned(const struct route *route);
/* Whether its function reads the body as it came. */
bool route_takes_raw(const struct route *route);
/* Whether the body is many calls: JSON, or a line each. */
bool route_takes_bulk(const struct route *route);
/* Whether it honours an Idempotency-Key: what changes something and has a key and an answer in
 * JSON. */
bool route_is_idempotent(const struct route *route);
/* Whether its body may be text/plain, a line for an item. */
bool route_takes_lines(const struct route *route);
/* What it creates may be there already: then the answer is 200 (op->is_known). */
bool route_may_know(const struct route *route);

/* What an error is called on this route: scheduled calls and agents have codes of their own (S7).
 * `route` may be NULL. */
enum err route_error(const struct route *route, enum err err);

/* Whether the path takes bodies of 10 MiB (requirement X3). */
bool route_is_bulk(struct str path);

#endif
