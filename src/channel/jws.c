#include "channel/jws.h"

#include "base/buf.h"
#include "model/json.h"
#include "model/json_tree.h"

#include <cjose/cjose.h>

enum { KEYS_MAX = 64, PARTS = 3 };

static bool is_allowed(const char *algorithm)
{
    static const char *const allowed[] = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                          "PS512", "ES256", "ES384", "ES512"};
    for (size_t i = 0; algorithm != NULL && i < ARRAY_LENGTH(allowed); i++) {
        if (str_equal_text(str_from(algorithm), allowed[i])) {
            return true;
        }
    }
    return false;
}

/* Without padding (RFC 7515 2). The library ends the program where one character is left over. */
static bool is_base64url(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        bool is_word = (byte | 32) >= 'a' && (byte | 32) <= 'z';
        if (!is_word && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '_') {
            return false;
        }
    }
    return text.len > 0 && text.len % 4 != 1;
}

static bool is_compact(struct str token)
{
    struct str part = STR_NONE;
    int parts = 0;
    while (str_split(&token, '.', &part)) {
        if (++parts > PARTS || !is_base64url(part)) {
            return false;
        }
    }
    return parts == PARTS;
}

/* NULL where it fits no token of this header. */
static const struct json_node *find_key(const struct json_node *keys, struct str kid)
{
    const struct json_node *found = NULL;
    size_t count = keys == NULL || keys->count > KEYS_MAX ? 0 : keys->count;
    for (size_t i = 0; i < count; i++) {
        const struct json_node *key = json_tree_item(keys, i);
        bool is_for_signing = !str_equal(json_tree_text(key, "use"), STR("enc"));
        bool is_named = !str_is_set(kid) || str_equal(json_tree_text(key, "kid"), kid);
        if (is_for_signing && is_named && str_is_set(kid)) {
            return key;
        }
        if (is_for_signing && is_named) {
            bool is_first = found == NULL;
            found = key;
            count = is_first ? count : 0; /* Two are one too many. */
            found = is_first ? found : NULL;
        }
    }
    return found;
}

/* The members of a public key and nothing else. */
static struct str public_key(struct arena *arena, const struct json_node *key)
{
    static const struct {
        const char *name;
        bool is_number;
    } members[] = {{"kty", false}, {"n", true}, {"e", true},
                   {"crv", false}, {"x", true}, {"y", true}};
    struct buf text = {.arena = arena};
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        struct str value = json_tree_text(key, members[i].name);
        if (members[i].is_number ? is_base64url(value) : str_is_set(value)) {
            buf_printf(&text, "%s\"%s\":", text.len == 0 ? "{" : ",", members[i].name);
            json_add_text(&text, value);
        }
    }
    buf_add(&text, text.len == 0 ? STR("{}") : STR("}"));
    return buf_str(&text);
}

static enum err open_with(struct arena *arena, cjose_jws_t *jws, struct str key_text,
                          struct str *payload)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    cjose_jwk_t *key = cjose_jwk_import(key_text.ptr, key_text.len, NULL);
    bool holds = key != NULL && cjose_jws_verify(jws, key, NULL) &&
                 cjose_jws_get_plaintext(jws, &bytes, &len, NULL);
    if (holds) {
        *payload = arena_str(arena, (struct str){(const char *)bytes, len});
    }
    cjose_jwk_release(key);
    return holds ? OK : E_FORBIDDEN;
}

static enum err open_imported(struct arena *arena, cjose_jws_t *jws, struct str key_set,
                              struct str *payload)
{
    const struct json_node *root = NULL;
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const char *kid = header == NULL ? NULL : cjose_header_get(header, CJOSE_HDR_KID, NULL);
    if (header == NULL || !is_allowed(cjose_header_get(header, CJOSE_HDR_ALG, NULL))) {
        return E_FORBIDDEN;
    }
    if (json_tree_read(arena, key_set, &root) != OK) {
        return E_FORBIDDEN;
    }
    const struct json_node *key = find_key(json_tree_member(root, "keys"), str_from(kid));
    return key == NULL ? E_NOT_FOUND : open_with(arena, jws, public_key(arena, key), payload);
}

enum err jws_open(struct arena *arena, struct str token, struct str key_set, struct str *payload)
{
    cjose_jws_t *jws = is_compact(token) ? cjose_jws_import(token.ptr, token.len, NULL) : NULL;
    if (jws == NULL) {
        return E_FORBIDDEN;
    }
    enum err err = open_imported(arena, jws, key_set, payload);
    cjose_jws_release(jws);
    return err;
}
