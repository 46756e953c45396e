/* api/call: one request on its way through the API: the inside shared by api, answer and page. */
#ifndef TOCSIN_API_CALL_H
#define TOCSIN_API_CALL_H

#include "api/api.h"
#include "api/hooks.h"
#include "api/sign_in_limit.h"
#include "service/idempotency.h"

/* A body from this size on may hold a calendar, or alerts, that take long to read. */
enum { REQUEST_ID_MAX = 20, LONG_BODY_BYTES = 4096 };

struct api_call {
    struct work work; /* First: the executor sees only this. */
    struct errand errand;
    struct api *api;
    const void *prepared;
    const struct site *site;
    const struct route *route;
    struct route_match match;
    struct http_request request;
    struct arena *arena;
    struct api_reply reply;
    void *input;
    void *output;
    struct presence given;
    struct id path_id;
    struct id path_id2;
    struct str path_text;
    bool has_run; /* Its batch was refused then: it is done again. */
    struct sync_wait *wait;
    enum err refusal; /* What is answered although it was done; OK for what it did. */
    bool is_attempt;  /* It shows a secret that somebody may be guessing. */
    struct sign_in_attempt attempt;
    bool is_known;           /* What was to be created was there already. */
    struct idempotency once; /* Unset for a request without an Idempotency-Key. */
    struct kept_answer kept; /* Its answer, from before (is_replay) or just made; see api/once. */
    bool is_replay;
    int64_t retry_after_seconds;
    char request_id[REQUEST_ID_MAX];
};

/* Whether the body is meant for JSON, by its Content-Type. */
bool call_has_json(const struct api_call *call);
/* Reads path, query and body into the records of its route. */
NODISCARD enum err call_read_input(struct api_call *call, struct problem *problem);
/* The body and status of a success. */
void call_write_success(struct api_call *call, struct buf *body);
int call_status(const struct api_call *call);
/* Encodes the answer, or the error, and sends it. The call's memory is gone afterwards. */
void call_answer(struct api_call *call, enum err error, const struct problem *said);
/* The HTML of a one-tap link's page, and of the one that ends emails to an address, each in the
 * language of the view. */
void page_write(struct buf *out, const struct link_view *view);
void page_write_unsubscribe(struct buf *out, const struct unsubscribe_view *view);
/* The page that asks a technician. */
void page_write_dispatch(struct buf *out, const struct dispatch_page_view *view);
/* The page behind the link of a ladder's step. */
void page_write_incident(struct buf *out, const struct incident_link_view *view);
/* What is said on either instead when it failed with `err`. */
void page_write_error(struct buf *out, struct str language, enum err err);
/* The OpenAPI document, and the liveness paths: true when the path was one of those and is
 * answered. The document is made once, into `openapi`: anybody may ask for it without a key. */
bool call_answer_builtin(struct api_call *call, struct buf *openapi);
bool path_is_builtin(struct str path);
void openapi_write(struct buf *out, struct str version);

#endif
