/* net/http_tls: the certificate of the HTTP server, which can be read again while it runs.
 *
 * TLS 1.2 and 1.3 (RFC 8446), forward secrecy and authenticated ciphers alone, no renegotiation, no
 * compression, ALPN "http/1.1". Connections keep the certificate that they began with. Errors:
 * E_INVALID with a reason where the files cannot be read, do not belong together, or the key wants
 * a password. Threads: any. Owner: http_tls_free, after the server. */
#ifndef TOCSIN_NET_HTTP_TLS_H
#define TOCSIN_NET_HTTP_TLS_H

#include "base/err.h"
#include "base/time.h"

struct http_tls;
struct ssl_st;

/* Two files in PEM; the first has the whole chain, the server's own certificate first. */
NODISCARD enum err http_tls_new(const char *certificate, const char *key, struct http_tls **out,
                                struct problem *problem);
/* Reads both files again. Where they cannot be used all stays as it was. */
NODISCARD enum err http_tls_reload(struct http_tls *tls, struct problem *problem);
void http_tls_free(struct http_tls **tls);
/* Until when the certificate is valid. */
struct instant http_tls_ends_at(struct http_tls *tls);
/* A session on a socket, which it does not own; NULL where there is no memory. For the server. */
struct ssl_st *http_tls_accept(struct http_tls *tls, int fd);

#endif
