#include "net/http_tls.h"

#include "base/memory.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct http_tls {
    pthread_mutex_t lock; /* Of the next two. */
    SSL_CTX *context;
    struct instant ends_at;
    char *certificate;
    char *key;
};

/* A key with a password would ask for it on the terminal. */
static int refuse_password(char *out, int size, int is_writing, void *context)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

static int choose_protocol(SSL *session, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)session;
    (void)context;
    int found =
        SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, offered, offered_len);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static enum err fail(const char *path, const char *what, struct problem *problem)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    problem_set(problem, E_INVALID, NULL, "%s %s: %s", path, what,
                reason == NULL ? "nothing is known of why" : reason);
    ERR_clear_error();
    return E_INVALID;
}

static void set_rules(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    /* Clients come back with tickets, which need no memory of ours. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(context, refuse_password);
}

static struct instant end_of(const SSL_CTX *context)
{
    struct tm parts = {0};
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) {
        return INSTANT_NONE;
    }
    return (struct instant){(int64_t)timegm(&parts) * 1000000};
}

static enum err load(const struct http_tls *tls, SSL_CTX **out, struct problem *problem)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    enum err err = OK;
    if (context == NULL) {
        memory_is_out();
    }
    set_rules(context);
    if (SSL_CTX_use_certificate_chain_file(context, tls->certificate) != 1) {
        err = fail(tls->certificate, "cannot be read as certificates in PEM", problem);
    } else if (SSL_CTX_use_PrivateKey_file(context, tls->key, SSL_FILETYPE_PEM) != 1) {
        err = fail(tls->key, "cannot be read as the key of the certificate", problem);
    } else if (SSL_CTX_check_private_key(context) != 1) {
        err = fail(tls->key, "is not the key of the certificate", problem);
    }
    if (err != OK) {
        SSL_CTX_free(context);
        return err;
    }
    *out = context;
    return OK;
}

enum err http_tls_reload(struct http_tls *tls, struct problem *problem)
{
    SSL_CTX *fresh = NULL;
    TRY(load(tls, &fresh, problem));
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = fresh;
    tls->ends_at = end_of(fresh);
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old); /* Its connections hold it. */
    return OK;
}

static char *copy_of(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(memory_new(bytes), text, bytes);
}

enum err http_tls_new(const char *certificate, const char *key, struct http_tls **out,
                      struct problem *problem)
{
    struct http_tls *tls = memory_new(sizeof *tls);
    tls->certificate = copy_of(certificate);
    tls->key = copy_of(key);
    pthread_mutex_init(&tls->lock, NULL);
    enum err err = http_tls_reload(tls, problem);
    if (err != OK) {
        http_tls_free(&tls);
        return err;
    }
    *out = tls;
    return OK;
}

void http_tls_free(struct http_tls **tls)
{
    if (*tls == NULL) {
        return;
    }
    SSL_CTX_free((*tls)->context);
    pthread_mutex_destroy(&(*tls)->lock);
    free((*tls)->certificate);
    free((*tls)->key);
    free(*tls);
    *tls = NULL;
}

struct instant http_tls_ends_at(struct http_tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct instant ends_at = tls->ends_at;
    pthread_mutex_unlock(&tls->lock);
    return ends_at;
}

struct ssl_st *http_tls_accept(struct http_tls *tls, int fd)
{
    pthread_mutex_lock(&tls->lock);
    SSL *session = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    if (session != NULL && SSL_set_fd(session, fd) != 1) {
        SSL_free(session);
        return NULL;
    }
    if (session != NULL) {
        SSL_set_accept_state(session);
    }
    return session;
}
