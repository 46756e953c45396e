#include "channel/plivo.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

enum { DIGEST_BYTES = 32, BASE64_BYTES = 44 };

static struct str hmac_base64(struct str key, struct str text, struct arena *arena)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char encoded[BASE64_BYTES + 1];
    unsigned len = 0;
    HMAC(EVP_sha256(), key.ptr == NULL ? "" : key.ptr, (int)key.len,
         (const unsigned char *)text.ptr, text.len, digest, &len);
    int written = EVP_EncodeBlock(encoded, digest, DIGEST_BYTES);
    return arena_str(arena, (struct str){(const char *)encoded, (size_t)written});
}

static int compare_pairs(const void *left, const void *right)
{
    const struct form_pair *a = left;
    const struct form_pair *b = right;
    int by_name = str_compare(a->name, b->name);
    return by_name != 0 ? by_name : str_compare(a->value, b->value);
}

/* Fields sorted by name, and by value within one name; nothing is left out, also not what stands
 * there twice. */
static void add_sorted(struct buf *out, const struct form *form, const char *equals,
                       const char *separator)
{
    struct form_pair *pairs = ARENA_NEW_ARRAY(out->arena, struct form_pair, form->count);
    for (size_t i = 0; i < form->count; i++) {
        pairs[i] = form->pairs[i];
    }
    if (form->count > 1) {
        qsort(pairs, form->count, sizeof *pairs, compare_pairs);
    }
    for (size_t i = 0; i < form->count; i++) {
        buf_add_text(out, i > 0 ? separator : "");
        buf_add(out, pairs[i].name);
        buf_add_text(out, equals);
        buf_add(out, pairs[i].value);
    }
}

enum err plivo_sign(struct str token, const struct plivo_signed *what, struct arena *arena,
                    struct str *out)
{
    size_t mark = str_find_byte(what->url, '?', 0);
    struct form query = {0};
    struct form body = {0};
    TRY(form_parse(arena, str_slice(what->url, mark + 1, what->url.len), &query));
    if (!what->is_get) {
        TRY(form_parse(arena, what->body, &body));
    }
    /* What Plivo's own library does: a body without a query still brings a bare '?', and only
     * between the two stands a point. */
    struct buf text = {.arena = arena};
    buf_add(&text, str_slice(what->url, 0, mark));
    buf_add_text(&text, query.count > 0 || body.count > 0 ? "?" : "");
    add_sorted(&text, &query, "=", "&");
    buf_add_text(&text, query.count > 0 && body.count > 0 ? "." : "");
    add_sorted(&text, &body, "", "");
    buf_add_byte(&text, '.');
    buf_add(&text, what->nonce);
    *out = hmac_base64(token, buf_str(&text), arena);
    return OK;
}

struct str plivo_sign_v2(struct str token, struct str url, struct str nonce, struct arena *arena)
{
    struct buf text = {.arena = arena};
    buf_add(&text, str_slice(url, 0, str_find_byte(url, '?', 0)));
    buf_add(&text, nonce);
    return hmac_base64(token, buf_str(&text), arena);
}

static struct str header_of(const struct hook_call *call, const char *name)
{
    for (size_t i = 0; i < call->header_count; i++) {
        if (str_equal_nocase(call->headers[i].name, str_from(name))) {
            return call->headers[i].value;
        }
    }
    return STR_NONE;
}

/* A header may hold several signatures, made with several tokens. */
static bool holds(struct str header, struct str signature)
{
    bool fits = false;
    struct str one = STR_NONE;
    while (str_split(&header, ',', &one)) {
        one = str_trim(one);
        fits |= one.len == signature.len && CRYPTO_memcmp(one.ptr, signature.ptr, one.len) == 0;
    }
    return fits;
}

/* The older kind of signature covers neither the query nor the body. Of a call about an attempt our
 * own token says that at least the attempt is the one that was signed for. */
static bool is_signed_v2(const struct provider_settings *settings, const struct hook_call *call,
                         struct arena *arena)
{
    struct form query = {0};
    struct str v2 = header_of(call, "x-plivo-signature-v2");
    struct str nonce = header_of(call, "x-plivo-signature-v2-nonce");
    bool is_signed = v2.len > 0 && nonce.len > 0 &&
                     holds(v2, plivo_sign_v2(settings->plivo.auth_token, call->url, nonce, arena));
    if (!is_signed || call->hook == HOOK_SMS) {
        return is_signed;
    }
    return form_parse(arena, call->query, &query) == OK &&
           hook_token_fits(settings, form_text(&query, "attempt"), form_text(&query, "token"));
}

enum err plivo_check_hook(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena)
{
    struct str token = settings->plivo.auth_token;
    struct str v3 = header_of(call, "x-plivo-signature-v3");
    struct str main_account = header_of(call, "x-plivo-signature-ma-v3");
    struct str nonce = header_of(call, "x-plivo-signature-v3-nonce");
    if (token.len == 0) {
        return E_FORBIDDEN;
    }
    if (str_is_set(v3) || str_is_set(main_account) || str_is_set(nonce)) {
        struct plivo_signed what = {
            .url = call->url, .body = call->body, .nonce = nonce, .is_get = call->is_get};
        struct str signature = STR_NONE;
        bool is_signed = nonce.len > 0 && plivo_sign(token, &what, arena, &signature) == OK;
        return is_signed && (holds(v3, signature) || holds(main_account, signature)) ? OK
                                                                                     : E_FORBIDDEN;
    }
    /* The older kind counts only where the newer one is absent. */
    return is_signed_v2(settings, call, arena) ? OK : E_FORBIDDEN;
}
