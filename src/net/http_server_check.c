#include "net/http_server_internal.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* The headers that a request keeps. A single one may not be repeated: two different answers to one
 * question are an attack. */
struct kept_header {
    struct str name;
    size_t offset;
    bool single;
};

static const struct kept_header kept_headers[] = {
    {STR_INIT("Authorization"), offsetof(struct http_request, authorization), true},
    {STR_INIT("Content-Type"), offsetof(struct http_request, content_type), true},
    {STR_INIT("Idempotency-Key"), offsetof(struct http_request, idempotency_key), true},
    {STR_INIT("If-None-Match"), offsetof(struct http_request, if_none_match), false},
    {STR_INIT("Accept"), offsetof(struct http_request, accept), false},
    {STR_INIT("Accept-Language"), offsetof(struct http_request, accept_language), false},
    {STR_INIT("Cookie"), offsetof(struct http_request, cookie), false},
    {STR_INIT("Last-Event-ID"), offsetof(struct http_request, last_event_id), true},
};

struct method_name {
    struct str name;
    enum http_method method;
};

static const struct method_name method_names[] = {
    {STR_INIT("GET"), HTTP_GET},         {STR_INIT("HEAD"), HTTP_HEAD},
    {STR_INIT("POST"), HTTP_POST},       {STR_INIT("PUT"), HTTP_PUT},
    {STR_INIT("PATCH"), HTTP_PATCH},     {STR_INIT("DELETE"), HTTP_DELETE},
    {STR_INIT("OPTIONS"), HTTP_OPTIONS},
};

/* Signatures of providers come in headers named X-…; more of them than this are left out. */
enum { EXTENSIONS_MAX = 32 };

struct header_scan {
    struct http_exchange *exchange;
    struct http_header *extensions;
    struct request_facts *facts;
    const char *complaint; /* NULL while all is well. */
    int hosts;
    int lengths;
    int encodings;
    bool host_is_optional; /* In HTTP/1.0. */
};

/* RFC 9110 5.6.2. */
static bool is_token(struct str s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool alnum = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (c == '\0' || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return s.len > 0;
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char byte = (unsigned char)s.ptr[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return true;
        }
    }
    return false;
}

static void framing_header(struct header_scan *scan, struct str name, struct str value)
{
    int64_t length = 0;
    if (str_equal_nocase(name, STR("Host"))) {
        scan->hosts++;
    } else if (str_equal_nocase(name, STR("Content-Length"))) {
        scan->lengths++;
        if (str_to_int(str_trim(value), &length) != OK || length < 0) {
            scan->complaint = "The Content-Length is not a number.";
        }
        scan->facts->content_length = (uint64_t)length;
    } else if (str_equal_nocase(name, STR("Transfer-Encoding"))) {
        scan->encodings++;
        scan->facts->chunked = str_equal_nocase(value, STR("chunked"));
        if (!scan->facts->chunked) {
            scan->complaint = "Only the chunked transfer encoding is supported.";
        }
    } else if (str_equal_nocase(name, STR("Expect"))) {
        scan->facts->expects_continue = true;
    }
}

static void kept_header(struct header_scan *scan, struct str name, struct str value)
{
    char *request = (char *)&scan->exchange->request;
    for (size_t i = 0; i < ARRAY_LENGTH(kept_headers); i++) {
        const struct kept_header *kept = &kept_headers[i];
        if (!str_equal_nocase(name, kept->name)) {
            continue;
        }
        struct str slot;
        memcpy(&slot, request + kept->offset, sizeof slot);
        if (str_is_set(slot) && kept->single) {
            scan->complaint = "A header that may stand once stands twice.";
        } else if (!str_is_set(slot)) {
            slot = arena_str(scan->exchange->arena, value);
            memcpy(request + kept->offset, &slot, sizeof slot);
        }
        return;
    }
}

static struct str lower_case(struct arena *arena, struct str name)
{
    char *text = arena_alloc(arena, name.len + 1);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return (struct str){text, name.len};
}

static void extension_header(struct header_scan *scan, struct str name, struct str value)
{
    struct http_request *request = &scan->exchange->request;
    struct arena *arena = scan->exchange->arena;
    if (!str_starts_nocase(name, STR("x-")) || request->extension_count == EXTENSIONS_MAX) {
        return;
    }
    if (scan->extensions == NULL) {
        scan->extensions = ARENA_NEW_ARRAY(arena, struct http_header, EXTENSIONS_MAX);
        request->extensions = scan->extensions;
    }
    scan->extensions[request->extension_count++] =
        (struct http_header){lower_case(arena, name), arena_str(arena, value)};
}

static enum MHD_Result scan_header(void *context, enum MHD_ValueKind kind, const char *key,
                                   const char *text)
{
    struct header_scan *scan = context;
    struct str name = str_from(key);
    struct str value = text == NULL ? STR("") : str_from(text);
    (void)kind;
    /* White space before the colon hides a header from one of two parsers in a row (RFC 9112 5.1).
     */
    if (!is_token(name) || has_control(value)) {
        scan->complaint = "A header is malformed.";
        return MHD_NO;
    }
    framing_header(scan, name, value);
    kept_header(scan, name, value);
    extension_header(scan, name, value);
    return scan->complaint == NULL ? MHD_YES : MHD_NO;
}

/* Two ways to frame one body are how requests are smuggled past a proxy (RFC 9112 6.1, 6.3). */
static const char *framing_complaint(const struct header_scan *scan)
{
    if (scan->complaint != NULL) {
        return scan->complaint;
    }
    if (scan->hosts != 1 && !(scan->hosts == 0 && scan->host_is_optional)) {
        return scan->hosts == 0 ? "There is no Host." : "There is more than one Host.";
    }
    if (scan->lengths > 1 || scan->encodings > 1) {
        return "The length of the body is given more than once.";
    }
    if (scan->lengths > 0 && scan->encodings > 0) {
        return "Content-Length and Transfer-Encoding exclude each other.";
    }
    return NULL;
}

/* Takes origin form ("/a?b"), absolute form ("http://host/a?b"), which servers must understand, and
 * "*". */
static const char *target_split(struct http_request *request, struct str target)
{
    for (size_t i = 0; i < target.len; i++) {
        unsigned char byte = (unsigned char)target.ptr[i];
        if (byte <= 0x20 || byte >= 0x7f || byte == '#') {
            return "The request target has a character that must be escaped.";
        }
    }
    size_t scheme = str_starts_nocase(target, STR("http://"))    ? 7
                    : str_starts_nocase(target, STR("https://")) ? 8
                                                                 : 0;
    if (scheme > 0) {
        struct str rest = str_slice(target, scheme, target.len);
        size_t slash = str_find_byte(rest, '/', 0);
        target = slash < rest.len ? str_slice(rest, slash, rest.len) : STR("/");
    }
    if (!str_starts(target, STR("/")) && !str_equal_text(target, "*")) {
        return "The request target is neither a path nor a URL.";
    }
    size_t question = str_find_byte(target, '?', 0);
    request->path = str_slice(target, 0, question);
    request->query = question < target.len ? str_slice(target, question + 1, target.len) : STR("");
    return NULL;
}

static enum http_method method_parse(struct str name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(method_names); i++) {
        if (str_equal(name, method_names[i].name)) {
            return method_names[i].method;
        }
    }
    return HTTP_OTHER;
}

bool request_check(struct http_exchange *exchange, const struct request_line *line,
                   struct request_facts *out, struct request_fault *fault)
{
    struct http_connection *connection = exchange->connection;
    struct http_request *request = &exchange->request;
    struct str target = request->path; /* The whole of it, kept when the first line came. */
    *out = (struct request_facts){0};
    *fault = (struct request_fault){E_INVALID, MHD_HTTP_BAD_REQUEST, NULL};
    if (MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
            ->header_size > HEADER_BYTES_MAX) {
        *fault = (struct request_fault){E_TOO_LARGE, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                                        "The header block is over 8 KiB."};
        return false;
    }
    struct header_scan scan = {.exchange = exchange,
                               .facts = out,
                               .host_is_optional = str_equal_text(line->version, "HTTP/1.0")};
    MHD_get_connection_values(connection->mhd, MHD_HEADER_KIND, scan_header, &scan);
    fault->message = framing_complaint(&scan);
    if (fault->message == NULL && !is_token(line->method)) {
        fault->message = "The method is malformed.";
    }
    if (fault->message == NULL) {
        fault->message = target_split(request, target);
    }
    request->method = method_parse(line->method);
    request->peer = arena_str(exchange->arena, str_from(connection->peer));
    return fault->message == NULL;
}
