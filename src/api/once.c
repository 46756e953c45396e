#include "api/once.h"

static bool has_key(const struct api_call *call)
{
    return str_is_set(call->request.idempotency_key) && route_is_idempotent(call->route);
}

enum err once_check(const struct api_call *call, struct problem *problem)
{
    return has_key(call) ? idempotency_check(call->request.idempotency_key, problem) : OK;
}

void once_name(struct api_call *call)
{
    const struct http_request *request = &call->request;
    struct str secret = request->authorization;
    if (!has_key(call)) {
        return;
    }
    secret = str_trim(str_slice(secret, str_find_byte(secret, ' ', 0), secret.len));
    call->once = idempotency_of(call->site, call->arena,
                                &(struct idempotent_request){
                                    .secret = secret,
                                    .key = request->idempotency_key,
                                    .path = request->path,
                                    .query = request->query,
                                    .body = request->body,
                                    .is_json = call_has_json(call),
                                });
}

enum err once_find(struct api_call *call, struct op *op)
{
    if (!str_is_set(call->once.who.now)) {
        return OK;
    }
    TRY(idempotency_find(op, &call->once, &call->kept));
    call->is_replay = call->kept.status != 0;
    return OK;
}

enum err once_keep(struct api_call *call, struct op *op)
{
    struct buf body = {.arena = call->arena};
    if (!str_is_set(call->once.who.now)) {
        return OK;
    }
    call_write_success(call, &body);
    call->kept = (struct kept_answer){call_status(call), buf_str(&body)};
    return idempotency_keep(op, &call->once, &call->kept);
}
