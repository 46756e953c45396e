#include "channel/form.h"
#include "channel/twilio.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum { SIGNATURE_BYTES = 28 /* base64 of SHA-1 */, SPELLINGS_MAX = 3 };

/* An URL cut around its host: "https://", "user@host" or "[::1]", ":8443", and all behind it. */
struct url_parts {
    struct str scheme;
    struct str host;
    struct str port; /* With its colon; empty where none is written. */
    struct str rest;
};

static struct url_parts cut_url(struct str url)
{
    size_t scheme = str_find(url, STR("://"));
    size_t host = scheme < url.len ? scheme + 3 : 0;
    size_t end = host;
    while (end < url.len && url.ptr[end] != '/' && url.ptr[end] != '?') {
        end++;
    }
    size_t colon = end;
    for (size_t i = end; i > host && url.ptr[i - 1] != ']' && url.ptr[i - 1] != '@'; i--) {
        colon = url.ptr[i - 1] == ':' ? i - 1 : colon;
    }
    return (struct url_parts){.scheme = str_slice(url, 0, host),
                              .host = str_slice(url, host, colon),
                              .port = str_slice(url, colon, end),
                              .rest = str_slice(url, end, url.len)};
}

static struct str join_url(const struct url_parts *parts, struct str port, struct arena *arena)
{
    return arena_printf(arena, "%.*s%.*s%.*s%.*s", STR_FMT(parts->scheme), STR_FMT(parts->host),
                        STR_FMT(port), STR_FMT(parts->rest));
}

/* The ways in which Twilio may have written the URL that it signed: as it stands, without its port,
 * and with the default port written out. */
static size_t spell_url(struct str url, struct arena *arena, struct str out[static SPELLINGS_MAX])
{
    struct url_parts parts = cut_url(str_slice(url, 0, str_find_byte(url, '#', 0)));
    size_t count = 0;
    out[count++] = join_url(&parts, parts.port, arena);
    if (parts.port.len > 0) {
        out[count++] = join_url(&parts, STR_NONE, arena);
        return count;
    }
    bool is_tls = str_starts_nocase(parts.scheme, STR("https:"));
    out[count++] = join_url(&parts, is_tls ? STR(":443") : STR(":80"), arena);
    return count;
}

static int compare_pairs(const void *left, const void *right)
{
    const struct form_pair *a = left;
    const struct form_pair *b = right;
    int by_name = str_compare(a->name, b->name);
    return by_name != 0 ? by_name : str_compare(a->value, b->value);
}

/* Names by their bytes, each with its values: the same pair counts once. */
static struct str join_fields(const struct form *form, struct arena *arena)
{
    struct form_pair *pairs = ARENA_NEW_ARRAY(arena, struct form_pair, form->count);
    for (size_t i = 0; i < form->count; i++) {
        pairs[i] = form->pairs[i];
    }
    if (form->count > 0) {
        qsort(pairs, form->count, sizeof pairs[0], compare_pairs);
    }
    struct buf out = {.arena = arena};
    for (size_t i = 0; i < form->count; i++) {
        if (i == 0 || compare_pairs(&pairs[i - 1], &pairs[i]) != 0) {
            buf_add(&out, pairs[i].name);
            buf_add(&out, pairs[i].value);
        }
    }
    return buf_str(&out);
}

static bool token_signed(struct str token, struct str text, struct str signature)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned char wanted[SIGNATURE_BYTES + 1];
    unsigned len = 0;
    if (token.len == 0 || signature.len != SIGNATURE_BYTES) {
        return false;
    }
    HMAC(EVP_sha1(), token.ptr, (int)token.len, (const unsigned char *)text.ptr, text.len, digest,
         &len);
    EVP_EncodeBlock(wanted, digest, (int)len);
    return CRYPTO_memcmp(wanted, signature.ptr, SIGNATURE_BYTES) == 0;
}

/* Every combination is computed, so that the time tells nothing. */
static bool is_signed(const struct provider_settings *settings, struct str url, struct str fields,
                      struct str signature, struct arena *arena)
{
    struct str tokens[] = {settings->twilio.auth_token, settings->twilio.auth_token_secondary};
    struct str spellings[SPELLINGS_MAX];
    size_t count = spell_url(url, arena, spellings);
    bool fits = false;
    for (size_t i = 0; i < count; i++) {
        struct buf text = {.arena = arena};
        buf_add(&text, spellings[i]);
        buf_add(&text, fields); /* Which may hold a NUL. */
        for (size_t t = 0; t < ARRAY_LENGTH(tokens); t++) {
            fits |= token_signed(tokens[t], buf_str(&text), signature);
        }
    }
    return fits;
}

/* The hash that Twilio puts into the URL of a request whose body is no form. */
static bool body_hash_fits(struct str body, struct str hash)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char text[2 * SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)body.ptr, body.len, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    return hash.len == sizeof text && CRYPTO_memcmp(hash.ptr, text, sizeof text) == 0;
}

static bool is_form(struct str content_type)
{
    struct str type = str_trim(str_slice(content_type, 0, str_find_byte(content_type, ';', 0)));
    return str_equal_nocase(type, STR("application/x-www-form-urlencoded"));
}

static struct str signature_of(const struct hook_call *call)
{
    for (size_t i = 0; i < call->header_count; i++) {
        if (str_equal_nocase(call->headers[i].name, STR("x-twilio-signature"))) {
            return str_trim(call->headers[i].value);
        }
    }
    return STR_NONE;
}

enum err twilio_check_hook(const struct provider_settings *settings, const struct hook_call *call,
                           struct arena *arena)
{
    struct form form = {0};
    struct str hash = STR_NONE;
    form_get(arena, call->query, "bodySHA256", &hash);
    bool has_hash = str_is_set(hash);
    bool has_fields = !call->is_get && !has_hash && is_form(call->content_type);
    if (has_fields && form_parse(arena, call->body, &form) != OK) {
        return E_FORBIDDEN;
    }
    /* What no signature covers is not looked at: a body is signed by its fields or by its hash. */
    bool is_covered = has_fields || call->is_get ||
                      (has_hash ? body_hash_fits(call->body, hash) : call->body.len == 0);
    bool fits =
        is_signed(settings, call->url, join_fields(&form, arena), signature_of(call), arena);
    return fits && is_covered ? OK : E_FORBIDDEN;
}
