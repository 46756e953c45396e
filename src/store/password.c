#include "store/password.h"

#include <sodium.h>
#include <zxcvbn.h>

enum { PASSES = 2, MEMORY_BYTES = 64 << 20, GUESSES_BITS_MIN = 27, JUDGED_BYTES_MAX = 128 };

/* Of nobody's password, by the same parameters: who asks cannot tell that there is no account. */
static const char nobodys[] = "$argon2id$v=19$m=65536,t=2,p=1$"
                              "erbjK/kop2ve0K9rkLlYqA$CpjIhEAe9yOu34OUTUiQ5wEeHuUL/tSCNZer3Dh3jh0";

enum err password_encode(struct arena *arena, struct str password, struct str *out)
{
    char *text = arena_alloc(arena, crypto_pwhash_STRBYTES);
    if (crypto_pwhash_str_alg(text, password.ptr, password.len, PASSES, MEMORY_BYTES,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return E_UNAVAILABLE;
    }
    *out = str_from(text);
    return OK;
}

bool password_is(struct arena *arena, struct str encoded, struct str password)
{
    const char *text = str_is_set(encoded) ? arena_cstr(arena, encoded) : nobodys;
    bool is_same = crypto_pwhash_str_verify(text, password.ptr, password.len) == 0;
    return is_same && str_is_set(encoded);
}

bool password_is_easy(struct arena *arena, struct str password, struct str login)
{
    struct str part = str_slice(password, 0, JUDGED_BYTES_MAX);
    struct str name = str_slice(login, 0, str_find_byte(login, '@', 0));
    const char *words[] = {"tocsin", arena_cstr(arena, login), arena_cstr(arena, name), NULL};
    return ZxcvbnMatch(arena_cstr(arena, part), words, NULL) < GUESSES_BITS_MIN;
}

bool password_is_outdated(struct arena *arena, struct str encoded)
{
    return crypto_pwhash_str_needs_rehash(arena_cstr(arena, encoded), PASSES, MEMORY_BYTES) != 0;
}
