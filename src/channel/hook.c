#include "channel/news.h"

#include "base/buf.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

enum { TOKEN_BYTES = 16, DIGEST_BYTES = 32 };

static const char *const names[HOOK_COUNT] = {
    [HOOK_SMS_STATUS] = "sms-status",
    [HOOK_CALL_STATUS] = "call-status",
    [HOOK_VOICE] = "voice",
    [HOOK_GATHER] = "gather",
    [HOOK_SMS] = "sms",
};

enum hook hook_find(struct str name)
{
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        if (str_equal_text(name, names[hook])) {
            return hook;
        }
    }
    return HOOK_COUNT;
}

const char *hook_name(enum hook hook)
{
    return hook < HOOK_COUNT ? names[hook] : "";
}

static struct str token_of(const struct provider_settings *settings, struct str attempt,
                           struct arena *arena)
{
    unsigned char digest[DIGEST_BYTES];
    unsigned len = 0;
    HMAC(EVP_sha256(), settings->hook_key.ptr, (int)settings->hook_key.len,
         (const unsigned char *)attempt.ptr, attempt.len, digest, &len);
    struct buf text = {.arena = arena};
    for (size_t i = 0; i < TOKEN_BYTES; i++) {
        buf_add_byte(&text, "0123456789abcdef"[digest[i] >> 4]);
        buf_add_byte(&text, "0123456789abcdef"[digest[i] & 15]);
    }
    return buf_str(&text);
}

struct str hook_url(const struct provider_settings *settings, const struct hook_place *place,
                    struct arena *arena)
{
    if (!str_is_set(settings->public_url)) {
        return STR_NONE;
    }
    struct str token = token_of(settings, place->attempt, arena);
    return arena_printf(arena, "%.*s/webhooks/%s/%s?attempt=%.*s&token=%.*s%.*s",
                        STR_FMT(settings->public_url), place->provider, hook_name(place->hook),
                        STR_FMT(place->attempt), STR_FMT(token), STR_FMT(place->fragment));
}

bool hook_token_fits(const struct provider_settings *settings, struct str attempt, struct str token)
{
    struct arena *arena = arena_new();
    struct str wanted = token_of(settings, attempt, arena);
    bool fits = settings->hook_key.len > 0 && attempt.len > 0 && token.len == wanted.len &&
                CRYPTO_memcmp(token.ptr, wanted.ptr, wanted.len) == 0;
    arena_free(&arena);
    return fits;
}
