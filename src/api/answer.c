#include "api/call.h"

#include "api/assets.h"
#include "api/session.h"
#include "api/sources.h"
#include "model/json.h"
#include "service/page_words.h"

#include <assert.h>

static void add_error(struct buf *out, const struct problem *problem, enum err err)
{
    buf_printf(out, "{\"success\":false,\"error\":{\"code\":\"%s\",\"message\":", err_code(err));
    bool has_text = problem->message[0] != '\0' && problem->err == err;
    json_add_text(out, str_from(has_text ? problem->message : err_meaning(err)));
    if (problem->field[0] != '\0' && problem->err == err) {
        buf_add_text(out, ",\"field\":");
        json_add_text(out, str_from(problem->field));
    }
    if (problem->from != NULL && problem->err == err) {
        buf_printf(out, ",\"from\":\"%s\",\"to\":\"%s\"", problem->from, problem->to);
    }
    buf_add_byte(out, '}');
}

static void end_error(struct buf *out, struct str request_id)
{
    if (request_id.len > 0) {
        buf_printf(out, ",\"requestId\":\"%.*s\"", STR_FMT(request_id));
    }
    buf_add_byte(out, '}');
}

void api_error(const struct problem *problem, struct str request_id, struct arena *arena,
               struct http_response *out)
{
    struct buf body = {.arena = arena};
    add_error(&body, problem, problem->err);
    end_error(&body, request_id);
    *out = (struct http_response){
        .status = err_http_status(problem->err),
        .content_type = STR("application/json"),
        .body = buf_str(&body),
        .request_id = request_id,
        .no_store = true,
    };
}

/* "GET, POST" */
static struct str allowed_methods(struct arena *arena, unsigned methods)
{
    struct buf out = {.arena = arena};
    for (int method = HTTP_GET; method <= HTTP_DELETE; method++) {
        if ((methods >> method & 1) != 0) {
            buf_printf(&out, "%s%s", out.len == 0 ? "" : ", ",
                       http_method_name((enum http_method)method));
        }
    }
    return buf_str(&out);
}

void call_write_success(struct api_call *call, struct buf *body)
{
    const struct route *route = call->route;
    struct json_context context = {.arena = call->arena, .id_key = call->site->id_key};
    /* Whoever lists people or messages sees the last digits of numbers only (P6). */
    context.is_list_view = route->output != &user_record && route->output != &dispatch_record &&
                           route->output != &scheduled_call_record &&
                           route->output != &person_export_record;
    if (route->style == ROUTE_DATA || route->style == ROUTE_SOURCE ||
        route->style == ROUTE_SIGN_IN || route->style == ROUTE_SIGN_OUT) {
        buf_add_text(body, "{\"success\":true,\"data\":");
        record_to_json(&context, body, route->output, call->output);
        buf_add_byte(body, '}');
        return;
    }
    record_to_json(&context, body, route->output, call->output);
}

int call_status(const struct api_call *call)
{
    if (call->route->style == ROUTE_BARE) {
        /* A supervisor that only looks at the status must see a store that is broken. */
        const struct health *health = call->output;
        return str_equal(health->status, STR("failing")) ? 503 : 200;
    }
    return call->is_known && call->route->status == 201 ? 200 : call->route->status;
}

/* The person's, where the link names one; else what the browser asks for. */
static struct str page_language_of(const struct api_call *call)
{
    struct str language = STR_NONE;
    if (call->output != NULL && call->route->output == &unsubscribe_view_record) {
        language = ((const struct unsubscribe_view *)call->output)->language;
    } else if (call->output != NULL && call->route->output == &dispatch_page_view_record) {
        language = ((const struct dispatch_page_view *)call->output)->language;
    } else if (call->output != NULL && call->route->output == &incident_link_view_record) {
        language = ((const struct incident_link_view *)call->output)->language;
    } else if (call->output != NULL) {
        language = ((const struct link_view *)call->output)->language;
    }
    return str_is_set(language) ? language : page_language(call->request.accept_language);
}

static void answer_page(struct api_call *call, enum err err, struct http_response *out)
{
    struct buf body = {.arena = call->arena};
    if (err != OK) {
        page_write_error(&body, page_language_of(call), err);
    } else if (call->route->output == &unsubscribe_view_record) {
        page_write_unsubscribe(&body, call->output);
    } else if (call->route->output == &dispatch_page_view_record) {
        page_write_dispatch(&body, call->output);
    } else if (call->route->output == &incident_link_view_record) {
        page_write_incident(&body, call->output);
    } else {
        page_write(&body, call->output);
    }
    out->status = err == OK ? 200 : err_http_status(err);
    out->content_type = STR("text/html; charset=utf-8");
    out->body = buf_str(&body);
}

/* Strong: the same tag is the same bytes. */
static struct str tag_of(struct arena *arena, struct str body)
{
    uint8_t digest[SHA256_BYTES];
    sha256(body, digest);
    return arena_printf(arena, "\"%.*s\"", STR_FMT(hex_text(arena, digest, SHA256_BYTES / 2)));
}

/* RFC 9110 13.1.2: one of a list, or any. A weak tag compares like a strong one here. */
static bool tag_is_among(struct str list, struct str tag)
{
    struct str one = STR_NONE;
    while (str_split(&list, ',', &one)) {
        one = str_trim(one);
        one = str_starts(one, STR("W/")) ? str_slice(one, 2, one.len) : one;
        if (str_equal(one, tag) || str_equal(one, STR("*"))) {
            return true;
        }
    }
    return false;
}

/* A file may be kept, but must be asked for again before it is used. */
static void answer_file(struct api_call *call, struct http_response *out)
{
    const struct file_view *file = call->output;
    struct http_header *headers = ARENA_NEW_ARRAY(call->arena, struct http_header, 2);
    headers[0] = (struct http_header){STR("ETag"), tag_of(call->arena, file->body)};
    headers[1] = (struct http_header){STR("Cache-Control"), STR("private, no-cache")};
    bool is_known = tag_is_among(call->request.if_none_match, headers[0].value);
    out->status = is_known ? 304 : 200;
    out->content_type = is_known ? STR_NONE : file->content_type;
    out->body = is_known ? STR("") : file->body;
    out->headers = headers;
    out->header_count = 2;
    out->no_store = false;
}

/* The name is ours, so that nothing in it needs quoting; what has none is not to be kept. */
static void answer_download(struct api_call *call, struct http_response *out)
{
    const struct download_view *file = call->output;
    struct http_header *headers = ARENA_NEW_ARRAY(call->arena, struct http_header, 2);
    headers[0] = (struct http_header){
        STR("Content-Disposition"),
        arena_printf(call->arena, "attachment; filename=\"%.*s\"", STR_FMT(file->name))};
    headers[1] = (struct http_header){
        STR("Link"), arena_printf(call->arena, "<%.*s>; rel=\"next\"", STR_FMT(file->next))};
    out->status = call->route->status;
    out->content_type = file->content_type;
    out->body = file->body;
    out->headers = headers;
    out->header_count = !str_is_set(file->name) ? 0 : str_is_set(file->next) ? 2 : 1;
}

static void answer_kept(const struct api_call *call, struct http_response *out)
{
    static const struct http_header replayed = {STR_INIT("Idempotency-Replayed"), STR_INIT("true")};
    out->status = call->kept.status;
    out->body = call->kept.body;
    out->headers = &replayed;
    out->header_count = call->is_replay ? 1 : 0;
}

/* RFC 9110 11.6.1: a 401 says how to authenticate. */
static const struct http_header challenge = {STR_INIT("WWW-Authenticate"),
                                             STR_INIT("Bearer realm=\"tocsin\"")};

/* The token of a one-tap link is a key to it. */
static struct str path_for_log(const struct api_call *call)
{
    if (call->route != NULL && call->route->style == ROUTE_FILE) {
        return STR("/i/…");
    }
    bool is_page = call->route != NULL && call->route->style == ROUTE_PAGE;
    bool is_link = str_contains(call->request.path, STR("/l/")) ||
                   str_contains(call->request.path, STR("/u/")) ||
                   str_contains(call->request.path, STR("/d/")) ||
                   str_contains(call->request.path, STR("/i/")) ||
                   str_contains(call->request.path, STR("/s/"));
    return is_page || is_link ? STR("/l/…") : path_without_secrets(call->request.path, call->arena);
}

static void log_answer(const struct api_call *call, enum err err, int status)
{
    const struct log *log = call->site->log;
    enum log_level level = err == OK ? LOG_DEBUG : LOG_INFO;
    /* The path is not written for a line that nobody reads. */
    if (log == NULL || level < log->least) {
        return;
    }
    log_write(log, level, LOG_HTTP, str_from(call->request_id), "%s %.*s %d",
              http_method_name(call->request.method), STR_FMT(path_for_log(call)), status);
}

/* To the provider, or back to the dashboard, which asks who has signed in. */
static void answer_redirect(struct api_call *call, struct http_response *out)
{
    bool is_start = call->route->output == &oidc_session_start_record;
    const struct oidc_session_start *start = call->output;
    out->status = call->route->status;
    out->location = is_start ? start->location : STR("/");
    out->content_type = STR_NONE;
    out->body = STR("");
    if (is_start) {
        session_set_oidc_cookie(call, start->secret, out);
    } else {
        session_set_both_cookies(call, ((const struct session *)call->output)->secret, out);
    }
}

static void answer_cookie(struct api_call *call, struct http_response *out)
{
    if (call->route->style == ROUTE_SIGN_IN) {
        session_set_cookie(call, ((const struct session *)call->output)->secret, out);
    } else if (call->route->style == ROUTE_SIGN_OUT) {
        session_set_cookie(call, STR(""), out);
    }
}

void call_answer(struct api_call *call, enum err error, const struct problem *said)
{
    enum err err = route_error(call->route, error);
    assert(err != OK || call->route != NULL);
    struct problem named = *said;
    const struct problem *problem = &named;
    named.err = named.err == error ? err : named.err;
    struct http_response response = {.content_type = STR("application/json"),
                                     .request_id = str_from(call->request_id),
                                     .no_store = true};
    struct buf body = {.arena = call->arena};
    if (call->route != NULL && call->route->style == ROUTE_PAGE) {
        answer_page(call, err, &response);
    } else if (err == OK && call->route->style == ROUTE_FILE) {
        answer_file(call, &response);
    } else if (err == OK && call->route->style == ROUTE_REDIRECT) {
        answer_redirect(call, &response);
    } else if (err == OK && call->route->style == ROUTE_HOOK) {
        hook_answer(call, &response);
    } else if (err == OK && call->route->style == ROUTE_DOWNLOAD) {
        answer_download(call, &response);
    } else if (err == OK && call->kept.status != 0) {
        answer_kept(call, &response);
    } else if (err == OK) {
        call_write_success(call, &body);
        response.status = call_status(call);
        response.body = buf_str(&body);
        answer_cookie(call, &response);
    } else {
        add_error(&body, problem, err);
        end_error(&body, response.request_id);
        response.status = err_http_status(err);
        response.body = buf_str(&body);
        response.retry_after_seconds = call->retry_after_seconds;
        if (err == E_UNAVAILABLE && response.retry_after_seconds == 0) {
            response.retry_after_seconds = 1; /* As often as the store is probed. */
        }
        response.allow =
            err == E_METHOD ? allowed_methods(call->arena, call->match.methods) : STR_NONE;
        if (err == E_UNAUTHENTICATED) {
            response.headers = &challenge;
            response.header_count = 1;
        }
    }
    log_answer(call, err, response.status);
    call->reply.send(call->reply.context, &response);
}

bool path_is_builtin(struct str path)
{
    return str_equal(path, STR("/livez")) || str_equal(path, STR("/readyz")) ||
           str_equal(path, STR("/openapi.json")) || asset_is_path(path);
}

bool call_answer_builtin(struct api_call *call, struct buf *openapi)
{
    struct http_response response = {.status = 200,
                                     .content_type = STR("application/json"),
                                     .request_id = str_from(call->request_id),
                                     .no_store = true};
    struct stats *stats = call->site->stats;
    struct str path = call->request.path;
    if (call->request.method != HTTP_GET && call->request.method != HTTP_HEAD) {
        return false;
    }
    if (str_equal(path, STR("/livez"))) {
        response.body = STR("{\"status\":\"alive\"}");
    } else if (str_equal(path, STR("/readyz"))) {
        bool is_ready = atomic_load(&stats->is_ready) && !atomic_load(&stats->is_stopping) &&
                        !atomic_load(&stats->store_is_broken);
        response.status = is_ready ? 200 : 503;
        response.body =
            is_ready ? STR("{\"status\":\"ready\"}") : STR("{\"status\":\"not ready\"}");
    } else if (str_equal(path, STR("/openapi.json"))) {
        if (openapi->len == 0) {
            openapi_write(openapi, call->site->version);
        }
        response.body = buf_str(openapi);
    } else if (!asset_answer(&call->request, call->arena, &response)) {
        return false;
    }
    call->reply.send(call->reply.context, &response);
    return true;
}
