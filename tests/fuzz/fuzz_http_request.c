/* fuzz_http_request: any bytes as a request. What is accepted has a path, one Host and one framing,
 * and its texts are free of line ends; the body is taken in pieces of any size, whose cuts do not
 * matter. */
#include "net/http_server_internal.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 512, PIECE_MAX = 7 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool has_line_end(struct str s)
{
    return str_find_byte(s, '\n', 0) < s.len || str_find_byte(s, '\r', 0) < s.len;
}

/* A line that ends with LF alone is one line for some and two for others. */
static bool has_whole_lines(struct str head)
{
    for (size_t at = str_find_byte(head, '\n', 0); at < head.len;
         at = str_find_byte(head, '\n', at + 1)) {
        if (at == 0 || head.ptr[at - 1] != '\r') {
            return false;
        }
    }
    return true;
}

static void check_request(const struct http_request *request)
{
    const struct str texts[] = {request->path,          request->query,  request->authorization,
                                request->content_type,  request->cookie, request->idempotency_key,
                                request->last_event_id, request->accept};
    expect(request->path.len > 0 && (request->path.ptr[0] == '/' || request->path.ptr[0] == '*'));
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        expect(!has_line_end(texts[i]));
    }
    for (size_t i = 0; i < request->extension_count; i++) {
        expect(str_starts(request->extensions[i].name, STR("x-")));
        expect(!has_line_end(request->extensions[i].value));
    }
}

/* Reads the body as a connection does that gets `piece` more bytes at a time, and returns what
 * became of it. */
static enum err read_body(struct http_exchange *exchange, const struct request_facts *facts,
                          struct str rest, size_t piece)
{
    size_t at = 0;
    size_t seen = 0;
    bool is_over = !facts->is_chunked && facts->content_length == 0;
    exchange->frame =
        (struct body_frame){.is_chunked = facts->is_chunked, .left = facts->content_length};
    exchange->phase = EXCHANGE_BODY;
    exchange->body_bytes_seen = 0;
    buf_clear(&exchange->body);
    while (!is_over) {
        size_t taken = 0;
        struct str bytes = str_slice(rest, at, seen);
        if (bytes.len > 0) {
            TRY(body_take(exchange, bytes, &taken, &is_over));
        }
        expect(taken <= bytes.len && exchange->body.len <= BODY_MAX);
        at += taken;
        if (taken == 0 && !is_over) {
            if (seen == rest.len) {
                return E_TIMEOUT; /* The rest is not there. */
            }
            seen = seen + piece < rest.len ? seen + piece : rest.len;
        }
    }
    return OK;
}

static void check_body(struct http_exchange *exchange, const struct request_facts *facts,
                       struct str rest, size_t piece)
{
    enum err whole = read_body(exchange, facts, rest, rest.len + 1);
    struct str body = arena_str(exchange->arena, buf_str(&exchange->body));
    enum err pieces = read_body(exchange, facts, rest, piece);
    expect(whole == pieces);
    expect(whole != OK || pieces != OK || str_equal(body, buf_str(&exchange->body)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct http_server server = {0};
    struct http_connection connection = {.server = &server, .peer = "127.0.0.1"};
    struct http_exchange exchange = {
        .connection = &connection, .arena = arena_new(), .body_bytes_max = BODY_MAX};
    struct request_facts facts;
    struct request_fault fault;
    struct str text = {(const char *)bytes, size};
    size_t end = str_find(text, STR("\r\n\r\n"));
    size_t len = end < size ? end + 4 : size;
    char *head = arena_alloc(exchange.arena, len + 5);
    memcpy(head, bytes, len);
    memcpy(head + len, "\r\n\r\n", 4);
    if (request_check(&exchange, head, end < size ? len : len + 4, &facts, &fault)) {
        check_request(&exchange.request);
        expect(has_whole_lines(str_slice(text, 0, len)));
        expect(!facts.is_chunked || facts.content_length == 0);
        check_body(&exchange, &facts, str_slice(text, len, size), 1 + size % PIECE_MAX);
    } else {
        expect(fault.message != NULL && fault.status >= 400);
    }
    buf_free(&exchange.body);
    arena_free(&exchange.arena);
    return 0;
}
