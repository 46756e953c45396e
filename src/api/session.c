#include "api/session.h"

#include "net/uri.h"
#include "service/oidc.h"
#include "service/sessions.h"

static bool is_by_https(const struct api_call *call)
{
    return str_starts(call->site->public_url, STR("https://"));
}

/* "__Host-tocsin_session=": by https a browser lets nobody else set a cookie with such a prefix
 * (RFC 6265bis). */
static struct str cookie_begin(const struct api_call *call, const char *prefix, const char *name)
{
    return arena_printf(call->arena, "%s%s=", is_by_https(call) ? prefix : "", name);
}

static struct str session_begin(const struct api_call *call)
{
    return cookie_begin(call, "__Host-", "tocsin_session");
}

/* It is sent to one path alone, which __Host- does not allow. */
static struct str oidc_begin(const struct api_call *call)
{
    return cookie_begin(call, "__Secure-", "tocsin_oidc");
}

static struct str cookie_value(struct str cookies, struct str begin)
{
    struct str one = STR_NONE;
    while (str_split(&cookies, ';', &one)) {
        one = str_trim(one);
        if (str_starts(one, begin)) {
            return str_slice(one, begin.len, one.len);
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
    struct str secret = cookie_value(request->cookie, session_begin(call));
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
        .network = address_network(call->arena, call->request.peer),
        .login = is_sign_in ? ((const struct session_input *)call->input)->login
                            : op_id_text(op, call->work.actor.user),
    };
    return true;
}

static const char *secure_of(const struct api_call *call)
{
    return is_by_https(call) ? "; Secure" : "";
}

static struct http_header session_cookie(const struct api_call *call, struct str secret)
{
    struct str begin = session_begin(call);
    return (struct http_header){
        STR("Set-Cookie"),
        arena_printf(call->arena, "%.*s%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
                     STR_FMT(begin), STR_FMT(secret), secret.len == 0 ? 0 : SESSION_HOURS * 3600,
                     secure_of(call)),
    };
}

static struct http_header oidc_cookie(const struct api_call *call, struct str secret)
{
    struct str begin = oidc_begin(call);
    return (struct http_header){
        STR("Set-Cookie"),
        arena_printf(call->arena,
                     "%.*s%.*s; Path=" OIDC_CALLBACK "; HttpOnly; SameSite=Lax; Max-Age=%d%s",
                     STR_FMT(begin), STR_FMT(secret), secret.len == 0 ? 0 : OIDC_MINUTES * 60,
                     secure_of(call)),
    };
}

void session_set_cookie(struct api_call *call, struct str secret, struct http_response *out)
{
    struct http_header *header = ARENA_NEW(call->arena, struct http_header);
    *header = session_cookie(call, secret);
    out->headers = header;
    out->header_count = 1;
}

void session_read_oidc(struct api_call *call)
{
    struct oidc_input *input = call->input;
    struct str query = call->request.query;
    input->is_answer = call->route->output == &session_record;
    input->cookie = cookie_value(call->request.cookie, oidc_begin(call));
    /* The provider may say more, such as who it is: nothing of that is looked at. */
    if (uri_query_get(call->arena, query, "code", &input->code) != OK ||
        uri_query_get(call->arena, query, "state", &input->state) != OK) {
        input->code = input->state = STR_NONE;
    }
}

void session_set_oidc_cookie(struct api_call *call, struct str secret, struct http_response *out)
{
    struct http_header *header = ARENA_NEW(call->arena, struct http_header);
    *header = oidc_cookie(call, secret);
    out->headers = header;
    out->header_count = 1;
}

void session_set_both_cookies(struct api_call *call, struct str secret, struct http_response *out)
{
    struct http_header *headers = ARENA_NEW_ARRAY(call->arena, struct http_header, 2);
    headers[0] = session_cookie(call, secret);
    headers[1] = oidc_cookie(call, STR(""));
    out->headers = headers;
    out->header_count = 2;
}
