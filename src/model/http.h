/* model/http: what comes in and goes out over the wire, as values. Only net/ turns them into bytes
 * on a socket.
 *
 * Everything is borrowed from the arena of whoever made it; nothing here owns memory. */
#ifndef TOCSIN_MODEL_HTTP_H
#define TOCSIN_MODEL_HTTP_H

#include "base/time.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};

struct http_header {
    struct str name;
    struct str value;
};

/* A request that reached us, complete and within its limits. `path` is percent-decoded by segment
 * later, so it is raw here; `query` is raw, without '?'. `peer` is the address without port. */
struct http_request {
    enum http_method method;
    struct str path;
    struct str query;
    struct str authorization; /* STR_NONE where absent. */
    struct str content_type;
    struct str idempotency_key;
    struct str if_none_match;
    struct str accept;
    struct str accept_language;
    struct str cookie;
    struct str host;
    struct str origin;
    struct str fetch_site; /* Sec-Fetch-Site: where a browser's request comes from. */
    struct str accept_encoding;
    struct str last_event_id;
    struct str peer;
    struct str body;
    const struct http_header *extensions; /* Headers named X-…, the names in lower case. */
    size_t extension_count;
};

struct http_response {
    int status;
    struct str content_type;
    struct str body;
    struct str allow;    /* For 405, STR_NONE otherwise. */
    struct str location; /* For 201 and redirects. */
    struct str request_id;
    int64_t retry_after_seconds;       /* 0 for none. */
    bool no_store;                     /* Cache-Control: no-store */
    const struct http_header *headers; /* Others, such as ETag or Set-Cookie; NULL for none. */
    size_t header_count;
};

/* Something to send: an HTTP request (feeds, providers), one SMTP transaction, or a word to the
 * mock network inside the process. */
enum wire_kind { WIRE_HTTP, WIRE_SMTP, WIRE_MOCK };

enum { WIRE_HEADERS_MAX = 16 };

struct wire_http {
    struct str method; /* "GET", "POST", "PROPFIND", "REPORT", … */
    struct str url;
    struct http_header headers[WIRE_HEADERS_MAX];
    size_t header_count;
    struct str body;
    struct str username; /* Basic authentication where set. */
    struct str password;
    int redirects_max;     /* 0: a redirect is an answer like any other. */
    size_t body_bytes_max; /* A longer answer fails with WIRE_TOO_LARGE. */
    bool user_given_url; /* Apply the private-address guard (X4) unless the configuration allows it.
                          */
};

enum smtp_security { SMTP_PLAIN, SMTP_STARTTLS, SMTP_TLS };

struct wire_smtp {
    struct str host;
    int port;
    enum smtp_security security;
    struct str ehlo_name;
    struct str username; /* No AUTH where absent. */
    struct str password;
    struct str ca_file; /* A private CA, absent for the system's. */
    struct str from;    /* Envelope sender. */
    struct str to;      /* One recipient a transaction. */
    struct str message; /* The whole RFC 5322 message, CRLF line ends, not dot-stuffed. */
};

/* For channel/mock_network, which stands in for a carrier. */
enum mock_verb { MOCK_SEND, MOCK_FIND, MOCK_CANCEL };

struct wire_mock {
    enum mock_verb verb;
    struct str attempt; /* Our attempt id; what FIND looks for. */
    struct str channel; /* "EMAIL", "SMS", "WHATSAPP", "CALL" */
    struct str to;
    struct str text;
    struct str provider_id; /* CANCEL */
    struct str carrier;     /* The name of the provider that is played. */
};

struct wire_request {
    enum wire_kind kind;
    struct duration timeout;
    struct wire_http http;
    struct wire_smtp smtp;
    struct wire_mock mock;
};

/* How far a request got, told apart as protocols.md 0.1 needs it. */
enum wire_outcome {
    WIRE_ANSWERED,    /* status (and for HTTP headers and body) are valid. */
    WIRE_NOT_SENT,    /* DNS, connection refused, TLS failure: nothing reached them. */
    WIRE_UNKNOWN,     /* Timed out or reset after the request may have reached them. */
    WIRE_REFUSED_URL, /* Bad URL, scheme, or an address that the guard forbids. */
    WIRE_TOO_LARGE,   /* The answer was over body_bytes_max. */
    WIRE_REDIRECTS    /* More redirects than redirects_max (a loop). */
};

struct wire_answer {
    enum wire_outcome outcome;
    int status; /* HTTP status or SMTP reply code. */
    bool timed_out;
    bool tls_failed;   /* WIRE_NOT_SENT for want of acceptable TLS: a fault of configuration, trying
                          again won't help. */
    struct str reason; /* For people: "could not resolve host", "550 5.1.1 No such user". */
    struct str body;   /* Decoded from gzip. For SMTP the last reply line. */
    struct str etag;
    struct str last_modified;
    struct str content_type;
    struct str final_url;
    int64_t retry_after_seconds;
    struct instant date; /* HTTP: their clock when they answered, to the second; may be absent. */
    struct instant heard_at; /* Ours when that came; absent where nobody noted it. */
};

#endif
