#include "api/api.h"

#include "api/auth.h"
#include "api/once.h"
#include "api/session.h"
#include "api/sources.h"
#include "api/stream.h"
#include "base/memory.h"
#include "model/json.h"
#include "net/uri.h"
#include "service/sync.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ASIDES_MAX = 4 };

struct api {
    struct api_config config;
    struct auth *auth;
    struct source_gate *gate;
    struct stream_hub *streams;
    struct sign_in_limit *attempts;
    struct hook_log hook_log;
    struct hash_key request_key; /* Makes request ids that do not repeat after a restart. */
    uint64_t requests;
    struct buf openapi; /* Empty until somebody asks for it. */
    _Atomic int asides; /* Given to the worker and not answered. */
};

enum err api_new(const struct api_config *config, struct api **out)
{
    struct api *api = memory_new(sizeof *api);
    api->config = *config;
    api->auth = auth_new(config->requests_per_second);
    api->attempts = sign_in_limit_new();
    api->gate = source_gate_new(config->source_requests_per_second);
    api->streams = stream_hub_new(&(struct stream_config){.site = config->site,
                                                          .reader = config->reader,
                                                          .auth = api->auth,
                                                          .streams_max = config->streams_max,
                                                          .heartbeat = config->heartbeat});
    api->request_key = (struct hash_key){random_number(), random_number()};
    *out = api;
    return OK;
}

void api_free(struct api **api)
{
    if (*api != NULL) {
        stream_hub_free(&(*api)->streams);
        auth_free(&(*api)->auth);
        source_gate_free(&(*api)->gate);
        sign_in_limit_free(&(*api)->attempts);
        buf_free(&(*api)->openapi);
        free(*api);
        *api = NULL;
    }
}

struct duration api_tick(struct api *api, struct instant now)
{
    return stream_tick(api->streams, now);
}

static struct op op_of(struct api *api, struct api_call *call, struct problem *problem)
{
    return op_started((struct op){
        .now = api->config.site->clock.now(api->config.site->clock.context),
        .arena = call->arena,
        .db = api->config.reader,
        .site = api->config.site,
        .actor = call->work.actor,
        .request = str_from(call->request_id),
        .problem = problem,
        .given = call->given,
        .path_id = call->path_id,
        .path_id2 = call->path_id2,
        .path_text = call->path_text,
    });
}

static enum err run_function(struct work *work, struct op *op)
{
    struct api_call *call = (struct api_call *)work;
    op->given = call->given;
    op->path_id = call->path_id;
    op->path_id2 = call->path_id2;
    op->path_text = call->path_text;
    op->prepared = call->prepared;
    op->wait = NULL;
    op->is_known = false;
    if (call->has_run) {
        free(call->wait);
        call->wait = NULL;
        memset(call->output, 0, call->route->output->size);
    }
    call->has_run = true;
    TRY(once_find(call, op));
    if (call->is_replay) {
        return OK;
    }
    op->refusal = OK;
    enum err err = call->route->function(op, call->input, call->output);
    call->is_known = op->is_known;
    call->wait = op->wait;
    call->refusal = op->refusal;
    bool is_kept = err == OK && call->wait == NULL && call->refusal == OK;
    return is_kept ? once_keep(call, op) : err;
}

static void answer_waiter(struct sync_wait *wait)
{
    struct api_call *call = wait->context;
    struct sync_result *result = call->output;
    *result = wait->result;
    result->success = wait->error[0] == '\0';
    result->error = result->success ? STR_NONE : arena_str(call->arena, str_from(wait->error));
    free(wait);
    call_answer(call, OK, &call->work.problem);
}

static void end_write(struct work *work, enum err err, const struct problem *problem)
{
    struct api_call *call = (struct api_call *)work;
    if (call->wait != NULL && err == OK) {
        call->wait->context = call;
        call->wait->done = answer_waiter;
        sync_wait_begin(call->wait);
        return;
    }
    free(call->wait);
    enum err said = err == OK ? call->refusal : err;
    if (said == OK && call->is_attempt) {
        sign_in_limit_forgive(call->api->attempts, &call->attempt);
    }
    call_answer(call, said, problem);
}

static struct api_call *call_of_errand(struct errand *errand)
{
    return (struct api_call *)(void *)((char *)errand - offsetof(struct api_call, errand));
}

static void run_preparation(struct errand *errand, struct db *reader)
{
    struct api_call *call = call_of_errand(errand);
    struct api *api = call->api;
    struct problem problem = {0};
    struct op op = op_of(api, call, &problem);
    op.db = reader;
    once_name(call);
    enum err err = once_find(call, &op);
    if (err == OK && !call->is_replay) {
        err = route_prepare(call->route, &op, call->input, &call->prepared);
    }
    if (err != OK || call->is_replay) {
        call_answer(call, err, &problem);
        return;
    }
    (api->config.offload == NULL ? api->config.submit : api->config.submit_now)(api->config.context,
                                                                                &call->work);
}

/* A read that takes long. */
static void run_aside(struct errand *errand, struct db *reader)
{
    struct api_call *call = call_of_errand(errand);
    struct problem problem = {0};
    struct op op = op_of(call->api, call, &problem);
    op.db = reader;
    op.is_aside = true;
    enum err err = call->route->function(&op, call->input, call->output);
    atomic_fetch_sub(&call->api->asides, 1);
    call_answer(call, err, &problem);
}

/* Whoever tries passwords is slowed down, by whose account it is and from where. */
static enum err limit_attempts(struct api *api, struct api_call *call, struct problem *problem)
{
    struct op op = op_of(api, call, problem);
    call->is_attempt = session_is_attempt(call, &op);
    return call->is_attempt
               ? sign_in_limit_take(api->attempts, &op, &call->attempt, &call->retry_after_seconds)
               : OK;
}

static void give_errand(struct api *api, struct api_call *call)
{
    if (api->config.offload == NULL) {
        call->errand.run(&call->errand, api->config.reader);
        return;
    }
    bool is_remote = call->route->style == ROUTE_REDIRECT;
    (is_remote ? api->config.offload_elsewhere : api->config.offload)(api->config.context,
                                                                      &call->errand);
}

/* Few at a time, since each may take seconds. What others send goes first, and waits for the one
 * that is being worked on at most. */
static void begin_aside(struct api *api, struct api_call *call)
{
    struct problem problem = {0};
    if (atomic_fetch_add(&api->asides, 1) >= ASIDES_MAX) {
        atomic_fetch_sub(&api->asides, 1);
        call->retry_after_seconds = 1;
        call_answer(call,
                    problem_set(&problem, E_RATE_LIMITED, NULL,
                                "%d requests of this kind are being worked on", ASIDES_MAX),
                    &problem);
        return;
    }
    call->errand.run = run_aside;
    call->errand.may_wait = true;
    give_errand(api, call);
}

/* The clock moves before the operation runs: who asks again must be known before. */
static void move_clock(struct api *api, struct api_call *call)
{
    const struct clock_input *input = call->input;
    struct problem problem = {0};
    struct op op = op_of(api, call, &problem);
    once_name(call);
    enum err err = once_find(call, &op);
    if (err != OK || call->is_replay) {
        call_answer(call, err, &problem);
        return;
    }
    api->config.advance(api->config.context, &call->work, input->seconds);
}

static void start_work(struct api *api, struct api_call *call)
{
    call->api = api;
    if (call->route->kind == ROUTE_ASIDE) {
        begin_aside(api, call);
        return;
    }
    call->work.arena = call->arena;
    call->work.request = str_from(call->request_id);
    call->work.run = run_function;
    call->work.done = end_write;
    if (call->route->kind == ROUTE_CLOCK) {
        move_clock(api, call);
        return;
    }
    bool is_long = call->request.body.len >= LONG_BODY_BYTES || route_has_password(call->route) ||
                   route_asks_elsewhere(call->route);
    if (!route_has_preparation(call->route) || !is_long) {
        once_name(call);
        api->config.submit(api->config.context, &call->work);
        return;
    }
    call->errand.run = run_preparation;
    call->errand.may_wait = route_has_password(call->route);
    give_errand(api, call);
}

static enum err no_such_path(struct api_call *call, struct problem *problem)
{
    if (call->match.methods == 0) {
        return problem_set(problem, E_NOT_FOUND, NULL, "there is no such path; see /openapi.json");
    }
    return problem_set(problem, E_METHOD, NULL, "this path does not take %s",
                       http_method_name(call->request.method));
}

static enum err admit(struct api *api, struct api_call *call, struct problem *problem)
{
    call->route = call->match.route;
    if (call->route == NULL) {
        return no_such_path(call, problem);
    }
    if (call->route->kind == ROUTE_CLOCK && api->config.advance == NULL) {
        return problem_set(problem, E_NOT_FOUND, NULL,
                           "the clock is the real one; start with --clock virtual to move it");
    }
    call->work.actor = (struct actor){.name = STR("link"), .scope = key_scope_ADMIN};
    TRY(session_admit(call, problem));
    if (route_needs_key(call->route)) {
        struct op op = op_of(api, call, problem);
        TRY(auth_check(api->auth, &op, call->request.authorization, &call->work.actor,
                       &call->retry_after_seconds));
        /* Who may change nothing need not hear what is wrong with the body. The clock moves before
         * the operation runs, and it is everybody's. */
        op.actor = call->work.actor;
        if (call->route->kind == ROUTE_CLOCK) {
            TRY(op_may_change(&op, ID_NONE));
        } else if (call->route->kind == ROUTE_WRITE && call->route->method != HTTP_GET &&
                   !route_is_own(call->route)) {
            TRY(route_responds(call->route) ? op_may_respond(&op, op.actor.user)
                                            : op_may_change(&op, op.actor.user));
        }
    }
    TRY(once_check(call, problem));
    if (call->route->style == ROUTE_SOURCE) {
        struct op op = op_of(api, call, problem);
        return visit_read(call, api->gate, &op);
    }
    if (call->route->style == ROUTE_HOOK) {
        return hook_read(call, &api->hook_log, problem);
    }
    TRY(call_read_input(call, problem));
    return limit_attempts(api, call, problem);
}

static void name_request(struct api *api, struct api_call *call)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = ++api->requests;
    uint64_t hash =
        hash_bytes(api->request_key, (struct str){(const char *)&number, sizeof number});
    for (int i = 15; i >= 0; i--) {
        call->request_id[i] = digits[hash & 0xf];
        hash >>= 4;
    }
    call->request_id[16] = '\0';
}

void api_handle(struct api *api, const struct http_request *request, struct arena *arena,
                struct api_reply reply)
{
    struct api_call *call = ARENA_NEW(arena, struct api_call);
    struct problem problem = {0};
    *call = (struct api_call){
        .site = api->config.site, .request = *request, .arena = arena, .reply = reply};
    name_request(api, call);
    if (call_answer_builtin(call, &api->openapi)) {
        return;
    }
    call->match = route_find(request->method, request->path);
    if (path_is_builtin(request->path)) {
        call->match.methods = 1u << HTTP_GET;
    }
    enum err err = admit(api, call, &problem);
    if (err != OK) {
        call_answer(call, err, &problem);
        return;
    }
    if (call->route->style == ROUTE_HOOK && request->method == HTTP_HEAD) {
        call_answer(call, OK, &problem);
        return;
    }
    if (call->route->kind != ROUTE_READ) {
        start_work(api, call);
        return;
    }
    struct op op = op_of(api, call, &problem);
    if (call->route->style == ROUTE_STREAM) {
        err = stream_begin(api->streams, call, &op);
        if (err != OK) {
            call_answer(call, err, &problem);
        }
        return;
    }
    err = op_read(&op, call->route->function, call->input, call->output);
    if (err == OK && op.wants_aside) {
        call->api = api;
        begin_aside(api, call);
        return;
    }
    call_answer(call, err, &problem);
}
