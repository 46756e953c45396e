#include "net/http_client_internal.h"

#include "base/memory.h"
#include "net/uri.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { URL_BYTES_MAX = 8192, HEADER_VALUE_MAX = 2048, METHOD_BYTES_MAX = 32 };

/* Repeating one of these does no more than doing it once (RFC 9110 9.2.2, RFC 4918, RFC 3253). */
static const struct str idempotent_methods[] = {
    STR_INIT("GET"),     STR_INIT("HEAD"),     STR_INIT("PUT"),    STR_INIT("DELETE"),
    STR_INIT("OPTIONS"), STR_INIT("PROPFIND"), STR_INIT("REPORT"),
};

/* What a redirect to somewhere else must not carry along. */
static const struct str credential_headers[] = {
    STR_INIT("Authorization"),
    STR_INIT("Proxy-Authorization"),
    STR_INIT("Cookie"),
    STR_INIT("Host"),
};

static bool is_in(const struct str *names, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal_nocase(names[i], name)) {
            return true;
        }
    }
    return false;
}

static struct str url_part(struct arena *arena, CURLU *url, CURLUPart part)
{
    char *text = NULL;
    unsigned flags = part == CURLUPART_PORT                                 ? CURLU_DEFAULT_PORT
                     : part == CURLUPART_USER || part == CURLUPART_PASSWORD ? CURLU_URLDECODE
                                                                            : 0;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
        return STR_NONE;
    }
    struct str copy = arena_str(arena, str_from(text));
    curl_free(text);
    return copy;
}

/* User and password are taken out of the text, so that they are neither logged nor sent on by a
 * redirect. */
static const char *hop_read(struct arena *arena, CURLU *url, struct hop *hop)
{
    struct str scheme = url_part(arena, url, CURLUPART_SCHEME);
    struct str host = url_part(arena, url, CURLUPART_HOST);
    if (!str_equal_text(scheme, "http") && !str_equal_text(scheme, "https")) {
        return "the URL is neither http nor https";
    }
    if (!str_is_set(host) || host.len == 0) {
        return "the URL has no host";
    }
    hop->username = url_part(arena, url, CURLUPART_USER);
    hop->password = url_part(arena, url, CURLUPART_PASSWORD);
    (void)curl_url_set(url, CURLUPART_USER, NULL, 0);
    (void)curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
    (void)curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    struct str port = url_part(arena, url, CURLUPART_PORT);
    hop->origin =
        arena_printf(arena, "%.*s://%.*s:%.*s", STR_FMT(scheme), STR_FMT(host), STR_FMT(port));
    hop->url = url_part(arena, url, CURLUPART_URL);
    return str_is_set(hop->url) ? NULL : "the URL is malformed";
}

static const char *url_parse(struct arena *arena, struct str text, struct hop *hop)
{
    if (!str_is_set(text) || text.len == 0 || text.len > URL_BYTES_MAX || has_control_bytes(text)) {
        return "the URL is malformed";
    }
    if (str_starts_nocase(text, STR("webcal://"))) {
        text = arena_printf(arena, "https%.*s", STR_FMT(str_slice(text, 6, text.len)));
    }
    CURLU *url = curl_url();
    if (url == NULL) {
        memory_is_out();
    }
    const char *complaint = "the URL is malformed";
    if (curl_url_set(url, CURLUPART_URL, arena_cstr(arena, text), CURLU_NON_SUPPORT_SCHEME) ==
        CURLUE_OK) {
        complaint = hop_read(arena, url, hop);
    }
    curl_url_cleanup(url);
    return complaint;
}

static const char *request_complaint(const struct wire_http *http)
{
    if (!str_is_set(http->method) || http->method.len == 0 || http->method.len > METHOD_BYTES_MAX) {
        return "the method is malformed";
    }
    for (size_t i = 0; i < http->method.len; i++) {
        char c = http->method.ptr[i];
        if (!(c >= 'A' && c <= 'Z') && c != '-') {
            return "the method is malformed";
        }
    }
    for (size_t i = 0; i < http->header_count; i++) {
        const struct http_header *header = &http->headers[i];
        if (header->name.len == 0 || has_control_bytes(header->name) ||
            has_control_bytes(header->value) ||
            str_find_byte(header->name, ':', 0) < header->name.len ||
            str_find_byte(header->name, ' ', 0) < header->name.len) {
            return "a header is malformed";
        }
    }
    return NULL;
}

bool http_check(struct transfer *transfer, struct str *host_key, struct str *reason)
{
    const struct wire_http *http = &transfer->request.http;
    struct hop *hop = &transfer->hop;
    const char *complaint = request_complaint(http);
    if (complaint == NULL) {
        complaint = url_parse(transfer->arena, http->url, hop);
    }
    if (complaint != NULL) {
        *reason = str_from(complaint);
        return false;
    }
    hop->method = http->method;
    hop->with_body = str_is_set(http->body);
    hop->with_credentials = true;
    if (str_is_set(http->username)) {
        hop->username = http->username;
        hop->password = http->password;
    }
    *host_key = hop->origin;
    return true;
}

static bool will_follow(const struct transfer *transfer)
{
    int status = transfer->status;
    return transfer->request.http.redirects_max > 0 && str_is_set(transfer->location) &&
           (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t len = size * count;
    if (will_follow(transfer)) {
        return len;
    }
    if (len > transfer->request.http.body_bytes_max - transfer->body.len) {
        transfer->too_large = true;
        return 0;
    }
    buf_add(&transfer->body, (struct str){bytes, len});
    return len;
}

/* The first of each counts, and none longer than anybody needs: what a stranger sends is bounded
 * before it is kept. */
static void keep_value(struct transfer *transfer, struct str value, struct str *slot)
{
    if (!str_is_set(*slot) && value.len <= HEADER_VALUE_MAX) {
        *slot = arena_str(transfer->arena, value);
    }
}

/* A status line opens a block: what an interim answer (1xx) said is forgotten. */
static void status_line(struct transfer *transfer, struct str line)
{
    struct str rest = str_slice(line, str_find_byte(line, ' ', 0) + 1, line.len);
    int64_t status = 0;
    transfer->status = str_to_int(str_slice(rest, 0, 3), &status) == OK ? (int)status : 0;
    transfer->head_complete = false;
    transfer->location = STR_NONE;
    transfer->answer.etag = STR_NONE;
    transfer->answer.last_modified = STR_NONE;
    transfer->answer.content_type = STR_NONE;
    transfer->answer.date = INSTANT_NONE;
}

/* 1970's first second is what a clock tells that was never set. */
static void keep_date(struct transfer *transfer, struct str value)
{
    const int64_t seconds_max = INSTANT_YEARS_END.us / SECONDS(1).us;
    time_t seconds =
        value.len <= HEADER_VALUE_MAX ? curl_getdate(arena_cstr(transfer->arena, value), NULL) : -1;
    if (seconds > 0 && seconds <= seconds_max && !instant_is_set(transfer->answer.date)) {
        transfer->answer.date = (struct instant){SECONDS(seconds).us};
    }
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct str line = str_trim((struct str){bytes, size * count});
    if (str_starts(line, STR("HTTP/"))) {
        status_line(transfer, line);
        return size * count;
    }
    transfer->head_complete = transfer->head_complete || line.len == 0;
    size_t colon = str_find_byte(line, ':', 0);
    struct str name = str_slice(line, 0, colon);
    struct str value = str_trim(str_slice(line, colon + 1, line.len));
    if (str_equal_nocase(name, STR("ETag"))) {
        keep_value(transfer, value, &transfer->answer.etag);
    } else if (str_equal_nocase(name, STR("Last-Modified"))) {
        keep_value(transfer, value, &transfer->answer.last_modified);
    } else if (str_equal_nocase(name, STR("Content-Type"))) {
        keep_value(transfer, value, &transfer->answer.content_type);
    } else if (str_equal_nocase(name, STR("Date"))) {
        keep_date(transfer, value);
    } else if (str_equal_nocase(name, STR("Location"))) {
        keep_value(transfer, value, &transfer->location);
    }
    return size * count;
}

static bool ip_is_public(const char *ip)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_storage address = {0};
    if (inet_pton(AF_INET, ip, &in.sin_addr) == 1) {
        memcpy(&address, &in, sizeof in);
    } else if (inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1) {
        memcpy(&address, &in6, sizeof in6);
    } else {
        return false;
    }
    return address_is_public((const struct sockaddr *)&address);
}

/* Called when the connection stands and nothing of the request has left. Two things are stopped
 * here: a user's URL on a connection that an unguarded request had opened, where no socket is made
 * and the guard is not asked; and curl's own repetition of a request on a fresh connection when a
 * kept one broke, which may double what is not idempotent. */
static int before_sending(void *context, char *peer, char *local, int peer_port, int local_port)
{
    struct transfer *transfer = context;
    const struct wire_http *http = &transfer->request.http;
    (void)local;
    (void)peer_port;
    (void)local_port;
    if (!transfer_may_leave(transfer)) {
        return CURL_PREREQFUNC_ABORT;
    }
    if (http->user_given_url && !transfer->lane->config->allow_private && !ip_is_public(peer)) {
        transfer->address_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    bool may_repeat =
        is_in(idempotent_methods, ARRAY_LENGTH(idempotent_methods), transfer->hop.method);
    if (++transfer->sends > 1 && !may_repeat) {
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

static void list_add(struct transfer *transfer, const char *line)
{
    struct curl_slist *list = curl_slist_append(transfer->list, line);
    if (list == NULL) {
        memory_is_out();
    }
    transfer->list = list;
}

static bool header_goes_along(const struct hop *hop, struct str name)
{
    if (!hop->with_credentials &&
        is_in(credential_headers, ARRAY_LENGTH(credential_headers), name)) {
        return false;
    }
    return hop->with_body || !str_starts_nocase(name, STR("Content-"));
}

static void headers_prepare(struct transfer *transfer)
{
    const struct wire_http *http = &transfer->request.http;
    const struct hop *hop = &transfer->hop;
    bool typed = false;
    for (size_t i = 0; i < http->header_count; i++) {
        struct str name = http->headers[i].name;
        struct str value = http->headers[i].value;
        if (!header_goes_along(hop, name)) {
            continue;
        }
        typed = typed || str_equal_nocase(name, STR("Content-Type"));
        struct str line = value.len == 0 ? arena_printf(transfer->arena, "%.*s;", STR_FMT(name))
                                         : arena_printf(transfer->arena, "%.*s: %.*s",
                                                        STR_FMT(name), STR_FMT(value));
        list_add(transfer, line.ptr);
    }
    /* curl would call every body a form, and would wait a second for a "100 Continue" that few
     * servers send. */
    if (!typed) {
        list_add(transfer, "Content-Type:");
    }
    list_add(transfer, "Expect:");
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->list);
}

static void method_prepare(struct transfer *transfer)
{
    const struct hop *hop = &transfer->hop;
    CURL *easy = transfer->easy;
    if (hop->with_body || str_equal_text(hop->method, "POST")) {
        struct str body = hop->with_body ? transfer->request.http.body : STR("");
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.ptr);
    } else if (str_equal_text(hop->method, "HEAD")) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, arena_cstr(transfer->arena, hop->method));
}

void http_prepare(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    struct arena *arena = transfer->arena;
    const struct hop *hop = &transfer->hop;
    transfer->sends = 0;
    transfer->sockets_opened = 0;
    transfer->address_refused = false;
    transfer->status = 0;
    transfer->head_complete = false;
    transfer->location = STR_NONE;
    transfer->answer = (struct wire_answer){0};
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_URL, arena_cstr(arena, hop->url));
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_sending);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    if (str_is_set(transfer->lane->config->user_agent)) {
        curl_easy_setopt(easy, CURLOPT_USERAGENT,
                         arena_cstr(arena, transfer->lane->config->user_agent));
    }
    if (hop->with_credentials && str_is_set(hop->username)) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, arena_cstr(arena, hop->username));
        curl_easy_setopt(easy, CURLOPT_PASSWORD,
                         str_is_set(hop->password) ? arena_cstr(arena, hop->password) : "");
    }
    method_prepare(transfer);
    headers_prepare(transfer);
}

/* Resolves Location against where we are. NULL where the hop stands, a complaint otherwise. */
static const char *next_hop(struct transfer *transfer, struct hop *next)
{
    const char *complaint = "the redirect leads to a malformed URL";
    CURLU *url = curl_url();
    if (url == NULL) {
        memory_is_out();
    }
    struct arena *arena = transfer->arena;
    if (curl_url_set(url, CURLUPART_URL, arena_cstr(arena, transfer->hop.url), 0) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_URL, arena_cstr(arena, transfer->location),
                     CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) == CURLUE_OK) {
        complaint = hop_read(arena, url, next);
    }
    curl_url_cleanup(url);
    return complaint;
}

/* RFC 9110 15.4: 303 always becomes GET, 301 and 302 turn a POST into GET as everybody does, 307
 * and 308 keep all. */
static void hop_inherit(const struct transfer *transfer, struct hop *next)
{
    const struct hop *before = &transfer->hop;
    bool was_head = str_equal_text(before->method, "HEAD");
    bool becomes_get = (transfer->status == 303 && !was_head) ||
                       (transfer->status < 303 && str_equal_text(before->method, "POST"));
    next->method = becomes_get ? STR("GET") : before->method;
    next->with_body = before->with_body && !becomes_get;
    next->with_credentials =
        before->with_credentials && str_equal_nocase(before->origin, next->origin);
    if (!str_is_set(next->username)) {
        next->username = before->username;
        next->password = before->password;
    }
}

bool http_follow(struct transfer *transfer)
{
    struct hop next = {0};
    if (!will_follow(transfer)) {
        return false;
    }
    if (transfer->redirects >= transfer->request.http.redirects_max) {
        transfer->answer.outcome = WIRE_REDIRECTS;
        transfer->answer.reason = STR("too many redirects");
        return false;
    }
    const char *complaint = next_hop(transfer, &next);
    if (complaint != NULL) {
        transfer->answer.outcome = WIRE_REFUSED_URL;
        transfer->answer.reason = str_from(complaint);
        return false;
    }
    hop_inherit(transfer, &next);
    transfer->hop = next;
    transfer->redirects++;
    return true;
}

static enum wire_outcome outcome_of(const struct transfer *transfer, CURLcode code, long bytes_sent)
{
    /* curl is content with a header block that was cut short. */
    if (code == CURLE_OK) {
        return transfer->head_complete ? WIRE_ANSWERED : WIRE_UNKNOWN;
    }
    if (transfer->too_large) {
        return WIRE_TOO_LARGE;
    }
    bool forbidden = transfer->address_refused && bytes_sent == 0 &&
                     (transfer->sockets_opened == 0 || code == CURLE_ABORTED_BY_CALLBACK);
    bool unusable = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    if (forbidden || (unusable && bytes_sent == 0)) {
        return WIRE_REFUSED_URL;
    }
    return bytes_sent == 0 ? WIRE_NOT_SENT : WIRE_UNKNOWN;
}

void http_answer(struct transfer *transfer, CURLcode code)
{
    struct wire_answer *answer = &transfer->answer;
    long bytes_sent = 0;
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes_sent);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
    answer->outcome = outcome_of(transfer, code, bytes_sent);
    answer->final_url = transfer->hop.url;
    if (answer->outcome == WIRE_REFUSED_URL && transfer->address_refused) {
        answer->reason = STR("the URL leads to an address that is not public");
    } else if (answer->outcome == WIRE_TOO_LARGE) {
        answer->reason = STR("the answer is larger than allowed");
    } else if (code == CURLE_OK && answer->outcome == WIRE_UNKNOWN) {
        answer->reason = STR("the answer was cut short");
    } else if (transfer->sends > 1 && code == CURLE_ABORTED_BY_CALLBACK) {
        answer->reason = STR("the connection was lost before the answer");
    }
    if (answer->outcome != WIRE_ANSWERED) {
        return;
    }
    answer->status = (int)status;
    answer->reason = arena_printf(transfer->arena, "HTTP %ld", status);
    answer->body = transfer->body.len > 0 ? buf_str(&transfer->body) : STR("");
    answer->retry_after_seconds = retry_after > 0 ? (int64_t)retry_after : 0;
}
