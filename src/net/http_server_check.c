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
    {STR_INIT("Host"), offsetof(struct http_request, host), false},
    {STR_INIT("Origin"), offsetof(struct http_request, origin), true},
    {STR_INIT("Sec-Fetch-Site"), offsetof(struct http_request, fetch_site), true},
    {STR_INIT("Accept-Encoding"), offsetof(struct http_request, accept_encoding), false},
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

static const char bare_newline[] = "A line of the head ends without CR and LF.";

/* Signatures of providers come in headers named X-…; more of them than this are left out. */
enum { EXTENSIONS_MAX = 32 };

/* What has come apart: a line of the head, its end cut off. */
struct head_lines {
    char *at;
    char *end;
};

struct header_scan {
    struct http_exchange *exchange;
    struct http_header *extensions;
    struct request_facts *facts;
    const char *complaint; /* NULL while all is well. */
    int status;            /* What is answered then. */
    int hosts;
    int lengths;
    int encodings;
    bool host_is_optional; /* In HTTP/1.0. */
};

/* Of letters, digits and the characters in `others`. */
static bool is_made_of(struct str s, const char *others)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool alnum = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (c == '\0' || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* RFC 9110 5.6.2. */
static bool is_token(struct str s)
{
    return s.len > 0 && is_made_of(s, "!#$%&'*+-.^_`|~");
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

/* A host and a port, as far as it matters: nothing that would end it in a URL, or would be a user's
 * name (RFC 9112 3.2, RFC 3986 3.2.2). It may be empty. */
static bool is_authority(struct str s)
{
    return is_made_of(s, "-._~%!$&'()*+,;=:[]");
}

/* Digits only (RFC 9110 8.6). What is too much for 64 bits is too much for us in any case. */
static const char *length_parse(struct str text, uint64_t *out)
{
    uint64_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c < '0' || c > '9') {
            return "The Content-Length is not a number.";
        }
        uint64_t digit = (uint64_t)(c - '0');
        length = length > (UINT64_MAX - digit) / 10 ? UINT64_MAX / 10 : length * 10 + digit;
    }
    *out = length;
    return text.len > 0 ? NULL : "The Content-Length is not a number.";
}

static bool has_word(struct str list, struct str wanted)
{
    struct str word;
    while (str_split(&list, ',', &word)) {
        if (str_equal_nocase(str_trim(word), wanted)) {
            return true;
        }
    }
    return false;
}

/* RFC 9110 7.6.1: a list of words, of which two are ours. It may go on in a second header, and
 * "close" counts wherever it stands (RFC 9112 9.3). */
static void connection_words(struct request_facts *facts, struct str value)
{
    facts->asks_end = facts->asks_end || has_word(value, STR("close"));
    facts->keeps_alive = facts->keeps_alive || has_word(value, STR("keep-alive"));
}

/* RFC 9112 6.1 and 6.3: what is encoded in another way before it is cut into chunks we do not
 * understand; what is not cut into chunks at last, or twice, has no end that could be known. */
static void encoding_header(struct header_scan *scan, struct str value)
{
    struct str others = str_slice(value, 0, value.len < 7 ? 0 : value.len - 7);
    bool ends_chunked = str_equal_nocase(str_slice(value, others.len, value.len), STR("chunked"));
    scan->encodings++;
    scan->facts->is_chunked = ends_chunked && others.len == 0;
    if (!scan->facts->is_chunked) {
        bool is_list = ends_chunked && str_ends(str_trim(others), STR(","));
        scan->status = is_list && !has_word(others, STR("chunked")) ? 501 : 400;
        scan->complaint = "Only the chunked transfer encoding is supported.";
    } else if (scan->facts->is_http_1_0) {
        scan->complaint = "HTTP/1.0 has no transfer encodings.";
    }
}

/* True where the header is one that frames the message or steers the connection. */
static bool framing_header(struct header_scan *scan, struct str name, struct str value)
{
    if (str_equal_nocase(name, STR("Host"))) {
        scan->hosts++;
        scan->complaint = is_authority(value) ? NULL : "The Host is malformed.";
        return false; /* It is kept, too. */
    } else if (str_equal_nocase(name, STR("Content-Length"))) {
        scan->lengths++;
        scan->facts->has_length = true;
        scan->complaint = length_parse(value, &scan->facts->content_length);
    } else if (str_equal_nocase(name, STR("Transfer-Encoding"))) {
        encoding_header(scan, value);
    } else if (str_equal_nocase(name, STR("Connection"))) {
        connection_words(scan->facts, value);
    } else if (str_equal_nocase(name, STR("Expect"))) {
        scan->facts->expects_continue = has_word(value, STR("100-continue"));
    } else {
        return false;
    }
    return true;
}

static bool kept_header(struct header_scan *scan, struct str name, struct str value)
{
    char *request = (char *)&scan->exchange->request;
    for (size_t i = 0; i < ARRAY_LENGTH(kept_headers); i++) {
        const struct kept_header *kept = &kept_headers[i];
        if (name.len != kept->name.len || !str_equal_nocase(name, kept->name)) {
            continue;
        }
        struct str slot;
        memcpy(&slot, request + kept->offset, sizeof slot);
        if (str_is_set(slot) && kept->single) {
            scan->complaint = "A header that may stand once stands twice.";
        } else if (!str_is_set(slot)) {
            memcpy(request + kept->offset, &value, sizeof value);
        }
        return true;
    }
    return false;
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
        (struct http_header){lower_case(arena, name), value};
}

/* A line ends with CRLF, which is cut off; NULL where one ends with LF alone. RFC 9112 2.2 lets a
 * server take that, but where a proxy in front does not, the two see different heads. */
static char *next_line(struct head_lines *lines, size_t *len)
{
    char *line = lines->at;
    char *newline = memchr(line, '\n', (size_t)(lines->end - line));
    assert(newline != NULL && "the end of the head was found");
    if (newline == line || newline[-1] != '\r') {
        return NULL;
    }
    *len = (size_t)(newline - 1 - line);
    lines->at = newline + 1;
    return line;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Values are terminated, as all text that was ever copied into an arena is. */
static void scan_header(struct header_scan *scan, char *line, size_t len)
{
    char *colon = memchr(line, ':', len);
    struct str name = {line, colon == NULL ? 0 : (size_t)(colon - line)};
    /* White space before the colon hides a header from one of two parsers in a row (RFC 9112 5.1),
     * and so does a line that goes on with the one before. */
    if (!is_token(name)) {
        scan->complaint = "A header is malformed.";
        return;
    }
    char *value = colon + 1;
    char *end = line + len;
    while (value < end && is_space(*value)) {
        value++;
    }
    while (end > value && is_space(end[-1])) {
        end--;
    }
    struct str text = {value, (size_t)(end - value)};
    if (has_control(text)) {
        scan->complaint = "A header is malformed.";
        return;
    }
    *end = '\0';
    if (!framing_header(scan, name, text) && !kept_header(scan, name, text)) {
        extension_header(scan, name, text);
    }
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
    bool has_no_path = false;
    size_t scheme = str_starts_nocase(target, STR("http://"))    ? 7
                    : str_starts_nocase(target, STR("https://")) ? 8
                                                                 : 0;
    if (scheme > 0) {
        struct str rest = str_slice(target, scheme, target.len);
        size_t end = 0;
        while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?') {
            end++;
        }
        /* RFC 9110 4.2.1, 4.2.4: a host there must be, and no user. */
        if (end == 0 || !is_authority(str_slice(rest, 0, end))) {
            return "The host of the request target is malformed.";
        }
        target = str_slice(rest, end, rest.len);
        has_no_path = target.len == 0 || target.ptr[0] == '?';
    }
    if (!has_no_path && !str_starts(target, STR("/")) && !str_equal_text(target, "*")) {
        return "The request target is neither a path nor a URL.";
    }
    size_t question = str_find_byte(target, '?', 0);
    request->path = has_no_path ? STR("/") : str_slice(target, 0, question);
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

struct request_line {
    struct str method;
    struct str target;
    struct str version;
};

/* The target is what stands between the first space and the last. */
static const char *request_line_split(char *line, size_t len, struct request_line *out)
{
    char *first = memchr(line, ' ', len);
    char *last = line + len;
    while (first != NULL && last > first && *last != ' ') {
        last--;
    }
    if (first == NULL || last == first) {
        return "The request line is malformed.";
    }
    *last = '\0';
    out->method = (struct str){line, (size_t)(first - line)};
    out->target = (struct str){first + 1, (size_t)(last - first - 1)};
    out->version = (struct str){last + 1, (size_t)(line + len - last - 1)};
    return is_token(out->method) ? NULL : "The method is malformed.";
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.0", or a later one of the first kind, which understands 1.1. */
static bool version_parse(struct str version, struct request_facts *facts,
                          struct request_fault *fault)
{
    bool is_http = version.len == 8 && str_starts(version, STR("HTTP/")) &&
                   is_digit(version.ptr[5]) && version.ptr[6] == '.' && is_digit(version.ptr[7]);
    if (!is_http) {
        fault->message = "The version is malformed.";
        return false;
    }
    if (version.ptr[5] != '1') {
        *fault = (struct request_fault){E_INVALID, 505, "Only HTTP/1.1 is spoken here."};
        return false;
    }
    facts->is_http_1_0 = version.ptr[7] == '0';
    facts->keeps_alive = !facts->is_http_1_0;
    return true;
}

const struct request_fault *head_too_long(struct str head)
{
    static const struct request_fault head_is = {E_TOO_LARGE, 431,
                                                 "The header block is over 8 KiB."};
    static const struct request_fault target_is = {E_TOO_LARGE, 414,
                                                   "The request target is over 8 KiB."};
    return str_find_byte(head, '\n', 0) < HEADER_BYTES_MAX ? &head_is : &target_is;
}

/* Up to the empty line. */
static void scan_headers(struct header_scan *scan, struct head_lines *lines)
{
    size_t len = 1;
    while (scan->complaint == NULL && len > 0) {
        char *line = next_line(lines, &len);
        if (line == NULL) {
            scan->complaint = bare_newline;
        } else if (len > 0) {
            scan_header(scan, line, len);
        }
    }
}

bool request_check(struct http_exchange *exchange, char *head, size_t len,
                   struct request_facts *out, struct request_fault *fault)
{
    struct http_request *request = &exchange->request;
    struct head_lines lines = {head, head + len};
    struct request_line first = {STR_NONE, STR_NONE, STR_NONE};
    size_t line_len = 0;
    *out = (struct request_facts){0};
    *fault = (struct request_fault){E_INVALID, 400, NULL};
    if (len > HEADER_BYTES_MAX) {
        *fault = *head_too_long((struct str){head, len});
        return false;
    }
    char *line = next_line(&lines, &line_len);
    fault->message = line == NULL ? bare_newline : request_line_split(line, line_len, &first);
    if (fault->message != NULL || !version_parse(first.version, out, fault)) {
        return false;
    }
    struct header_scan scan = {
        .exchange = exchange, .facts = out, .status = 400, .host_is_optional = out->is_http_1_0};
    scan_headers(&scan, &lines);
    fault->message = framing_complaint(&scan);
    fault->status = scan.status;
    if (fault->message == NULL) {
        fault->message = target_split(request, first.target);
    }
    request->method = method_parse(first.method);
    struct str peer = str_from(exchange->connection->peer);
    const struct proxies *trusted = exchange->connection->server->config.trusted;
    request->peer =
        arena_str(exchange->arena, trusted == NULL ? peer : proxies_client(trusted, peer, request));
    return fault->message == NULL;
}
