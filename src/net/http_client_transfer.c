#include "net/http_client_internal.h"

#include "base/memory.h"
#include "net/uri.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Longer than this nobody takes to accept a connection; a short limit of its own makes for a prompt
 * WIRE_NOT_SENT. */
enum { CONNECT_TIMEOUT_MS = 10000 };

static struct wire_http http_copy(struct arena *arena, const struct wire_http *from)
{
    struct wire_http copy = *from;
    copy.method = arena_str(arena, from->method);
    copy.url = arena_str(arena, from->url);
    copy.body = arena_str(arena, from->body);
    copy.username = arena_str(arena, from->username);
    copy.password = arena_str(arena, from->password);
    assert(from->header_count <= WIRE_HEADERS_MAX);
    for (size_t i = 0; i < from->header_count; i++) {
        copy.headers[i].name = arena_str(arena, from->headers[i].name);
        copy.headers[i].value = arena_str(arena, from->headers[i].value);
    }
    return copy;
}

static struct wire_smtp smtp_copy(struct arena *arena, const struct wire_smtp *from)
{
    struct wire_smtp copy = *from;
    copy.host = arena_str(arena, from->host);
    copy.ehlo_name = arena_str(arena, from->ehlo_name);
    copy.username = arena_str(arena, from->username);
    copy.password = arena_str(arena, from->password);
    copy.ca_file = arena_str(arena, from->ca_file);
    copy.from = arena_str(arena, from->from);
    copy.to = arena_str(arena, from->to);
    copy.message = arena_str(arena, from->message);
    return copy;
}

struct transfer *transfer_new(const struct wire_request *request, uint64_t ticket)
{
    struct transfer *transfer = memory_new(sizeof *transfer);
    transfer->ticket = ticket;
    transfer->arena = arena_new();
    transfer->request.kind = request->kind;
    transfer->request.timeout = request->timeout;
    if (request->kind == WIRE_HTTP) {
        transfer->request.http = http_copy(transfer->arena, &request->http);
    } else if (request->kind == WIRE_SMTP) {
        transfer->request.smtp = smtp_copy(transfer->arena, &request->smtp);
    }
    return transfer;
}

bool transfer_may_leave(struct transfer *transfer)
{
    const struct http_client_config *config = transfer->lane->config;
    transfer->is_held_back =
        config->may_send != NULL && !config->may_send(config->context, transfer->stamp);
    return !transfer->is_held_back;
}

bool has_control_bytes(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char byte = (unsigned char)s.ptr[i];
        if (byte < 0x20 || byte == 0x7f) {
            return true;
        }
    }
    return false;
}

bool transfer_check(struct transfer *transfer, struct str *host_key, struct str *reason)
{
    if (transfer->request.timeout.us <= 0) {
        *reason = STR("the request has no timeout");
        return false;
    }
    switch (transfer->request.kind) {
    case WIRE_HTTP:
        return http_check(transfer, host_key, reason);
    case WIRE_SMTP:
        return smtp_check(transfer, host_key, reason);
    case WIRE_MOCK:
        break;
    }
    *reason = STR("a mock request does not leave the process");
    return false;
}

/* True where the request may reach this address. */
static bool address_is_allowed(struct transfer *transfer, const struct sockaddr *address)
{
    const struct wire_request *request = &transfer->request;
    if (request->kind == WIRE_HTTP) {
        return !request->http.user_given_url || transfer->lane->config->allow_private ||
               address_is_public(address);
    }
    bool bare_password = request->smtp.security == SMTP_PLAIN && str_is_set(request->smtp.username);
    return !bare_password || address_is_loopback(address);
}

static void socket_remember(struct lane *lane, int fd)
{
    if (lane->socket_count == lane->socket_room) {
        lane->socket_room = lane->socket_room * 2 + 16;
        lane->sockets = realloc(lane->sockets, lane->socket_room * sizeof lane->sockets[0]);
        if (lane->sockets == NULL) {
            memory_is_out();
        }
    }
    lane->sockets[lane->socket_count++] = fd;
}

static int close_socket(void *context, curl_socket_t fd)
{
    struct lane *lane = context;
    for (size_t i = 0; i < lane->socket_count; i++) {
        if (lane->sockets[i] == fd) {
            lane->sockets[i] = lane->sockets[--lane->socket_count];
            break;
        }
    }
    return close(fd);
}

/* After name resolution, for each address that is tried: the only place that a rebinding name can't
 * get around. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = context;
    (void)purpose;
    if (!address_is_allowed(transfer, &address->addr)) {
        transfer->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    transfer->sockets_opened++;
    if (transfer->request.kind == WIRE_SMTP) {
        socket_remember(transfer->lane, fd);
    }
    return fd;
}

static CURL *easy_take(struct lane *lane)
{
    CURL *easy = lane->spare_count > 0 ? lane->spare[--lane->spare_count] : curl_easy_init();
    if (easy == NULL) {
        memory_is_out();
    }
    return easy;
}

static void easy_give_back(struct lane *lane, CURL *easy)
{
    if (lane->spare_count == ARRAY_LENGTH(lane->spare)) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    lane->spare[lane->spare_count++] = easy;
}

static long ms_until(struct instant now, struct instant due)
{
    int64_t left = duration_ms(instant_since(due, now));
    return left < 1 ? 1 : (long)left;
}

void transfer_start(struct transfer *transfer)
{
    struct lane *lane = transfer->lane;
    CURL *easy = easy_take(lane);
    long timeout_ms = ms_until(lane->now, transfer->due);
    transfer->easy = easy;
    transfer->error[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : (long)CONNECT_TIMEOUT_MS);
    /* A proxy from the environment would resolve names behind the guard's back, and is no setting
     * of ours. */
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, lane);
    if (transfer->request.kind == WIRE_HTTP) {
        http_prepare(transfer);
    } else {
        smtp_prepare(transfer);
    }
    if (curl_multi_add_handle(lane->multi, easy) != CURLM_OK) {
        transfer_finish(transfer, CURLE_FAILED_INIT);
    }
}

static void easy_leave(struct transfer *transfer)
{
    if (transfer->easy == NULL) {
        return;
    }
    (void)curl_multi_remove_handle(transfer->lane->multi, transfer->easy);
    easy_give_back(transfer->lane, transfer->easy);
    transfer->easy = NULL;
    curl_slist_free_all(transfer->list);
    transfer->list = NULL;
}

/* The one place where `done` is called. */
static void transfer_end(struct transfer *transfer)
{
    struct lane *lane = transfer->lane;
    easy_leave(transfer);
    if (transfer->host != NULL) {
        hosts_release(lane, transfer);
    }
    lane_ends_transfer(lane);
    client_tell(lane->client, transfer->ticket, &transfer->answer);
    buf_free(&transfer->body);
    arena_free(&transfer->arena);
    free(transfer);
}

void transfer_refuse(struct transfer *transfer, enum wire_outcome outcome, struct str reason)
{
    transfer->answer = (struct wire_answer){.outcome = outcome, .reason = reason};
    transfer_end(transfer);
}

/* Codes of curl for "no TLS that we accept", all of them before a byte of the request left. A
 * connection that broke in the handshake has the first one, too, but no word of the TLS library. */
static bool is_tls_failure(CURLcode code, const char *text)
{
    if (code == CURLE_SSL_CONNECT_ERROR) {
        return strstr(text, "error:") != NULL && strstr(text, "unexpected eof") == NULL;
    }
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED ||
           code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_SSL_CIPHER || code == CURLE_SSL_ISSUER_ERROR ||
           code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
}

void transfer_finish(struct transfer *transfer, CURLcode code)
{
    const char *text = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
    transfer->answer.timed_out = code == CURLE_OPERATION_TIMEDOUT;
    transfer->answer.reason = transfer->is_held_back
                                  ? STR("it was not this node's to send any more")
                                  : arena_str(transfer->arena, str_from(text));
    if (transfer->request.kind == WIRE_HTTP) {
        http_answer(transfer, code);
    } else {
        smtp_answer(transfer, code);
    }
    transfer->answer.tls_failed =
        transfer->answer.outcome == WIRE_NOT_SENT && is_tls_failure(code, text);
    bool again = transfer->request.kind == WIRE_HTTP && transfer->answer.outcome == WIRE_ANSWERED &&
                 http_follow(transfer);
    if (!again) {
        transfer_end(transfer);
        return;
    }
    easy_leave(transfer);
    buf_clear(&transfer->body);
    transfer_start(transfer);
}
