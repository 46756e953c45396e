#include "api/session.h"

#include "service/sessions.h"

#define COOKIE_NAME "tocsin_session"

static struct str cookie_value(struct str cookies)
{
    struct str name = STR(COOKIE_NAME "=");
    struct str one = STR_NONE;
    while (str_split(&cookies, ';', &one)) {
        one = str_trim(one);
        if (str_starts(one, name)) {
            return str_slice(one, name.len, one.len);
        }
    }
    return STR_NONE;
}

/* Every browser that keeps cookies SameSite=Strict says one of the two. */
static bool is_own_page(const struct http_request *request)
{
    struct str separator = STR("://");
    if (str_is_set(request->fetch_site)) {
        return str_equal(request->fetch_site, STR("same-origin"));
    }
    size_t at = str_find(request->origin, separator);
    return at < request->origin.len &&
           str_equal_nocase(str_slice(request->origin, at + separator.len, request->origin.len),
                            request->host);
}

enum err session_admit(struct api_call *call, struct problem *problem)
{
    struct http_request *request = &call->request;
    bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;
    if (str_is_set(request->authorization)) {
        return OK;
    }
    struct str secret = cookie_value(request->cookie);
    if (secret.len == 0) {
        return OK;
    }
    if (!reads && !is_own_page(request)) {
        return problem_set(problem, E_FORBIDDEN, NULL,
                           "a browser's session changes things from this server's own pages only");
    }
    request->authorization = arena_printf(call->arena, "Bearer %.*s", STR_FMT(secret));
    return OK;
}

bool session_is_attempt(struct api_call *call, const struct op *op)
{
    bool is_sign_in = call->route->style == ROUTE_SIGN_IN;
    if (!is_sign_in && call->route->input != &password_input_record) {
        return false;
    }
    call->attempt = (struct sign_in_attempt){
        .address = call->request.peer,
        .login = is_sign_in ? ((const struct session_input *)call->input)->login
                            : op_id_text(op, call->work.actor.user),
    };
    return true;
}

void session_set_cookie(struct api_call *call, struct str secret, struct http_response *out)
{
    struct http_header *header = ARENA_NEW(call->arena, struct http_header);
    bool is_secure = str_starts(call->site->public_url, STR("https://"));
    *header = (struct http_header){
        STR("Set-Cookie"),
        arena_printf(call->arena,
                     COOKIE_NAME "=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
                     STR_FMT(secret), secret.len == 0 ? 0 : SESSION_HOURS * 3600,
                     is_secure ? "; Secure" : ""),
    };
    out->headers = header;
    out->header_count = 1;
}
