/* X-Twilio-Signature: what Twilio's own library signed is believed, and nothing else is. */
#include "channel/form.h"
#include "channel/twilio.h"
#include "lib/places.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static enum err check(struct arena *arena, struct hook_call call, const char *token,
                      struct str signature)
{
    struct provider_settings settings = {.twilio.auth_token = str_from(token)};
    struct http_header header = {STR("x-twilio-signature"), signature};
    size_t mark = str_find_byte(call.url, '?', 0);
    call.query = str_slice(call.url, mark + 1, call.url.len);
    call.headers = &header;
    call.header_count = 1;
    return provider_twilio.check_hook(&settings, &call, arena);
}

static struct str sign(struct arena *arena, const char *token, struct str text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char out[64];
    unsigned len = 0;
    HMAC(EVP_sha1(), token, (int)strlen(token), (const unsigned char *)text.ptr, text.len, digest,
         &len);
    EVP_EncodeBlock(out, digest, (int)len);
    return arena_str(arena, str_from((const char *)out));
}

static const struct str form_type = STR_INIT("application/x-www-form-urlencoded; charset=UTF-8");
static const struct str documented_url = STR_INIT("https://mycompany.com/myapp.php?foo=1&bar=2");
static const struct str documented_body =
    STR_INIT("CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&From=%2B12349013030&"
             "To=%2B18005551212");
static const struct str documented_signature = STR_INIT("0/KCTR6DLpKmkAf8muzZqo1nDgQ=");

static struct hook_call documented_call(void)
{
    return (struct hook_call){.hook = HOOK_CALL_STATUS,
                              .url = documented_url,
                              .content_type = form_type,
                              .body = documented_body};
}

static void test_documented(void **state)
{
    struct hook_call call = documented_call();
    assert_int_equal(check(*state, call, "12345", documented_signature), OK);
    assert_int_equal(check(*state, call, "12346", documented_signature), E_FORBIDDEN);
    assert_int_equal(check(*state, call, "", documented_signature), E_FORBIDDEN);
    assert_int_equal(check(*state, call, "12345", STR("")), E_FORBIDDEN);
    assert_int_equal(check(*state, call, "12345", STR_NONE), E_FORBIDDEN);
    call.url = STR("https://mycompany.com/myapp.php?foo=1&bar=2#rc=3&rp=all");
    assert_int_equal(check(*state, call, "12345", documented_signature), OK);
}

/* One byte changed anywhere, and it is a stranger's. */
static void test_every_byte(void **state)
{
    struct hook_call call = documented_call();
    const struct str parts[] = {documented_url, documented_body, documented_signature};
    for (size_t part = 0; part < ARRAY_LENGTH(parts); part++) {
        for (size_t i = 0; i < parts[part].len; i++) {
            char *copy = arena_alloc(*state, parts[part].len + 1);
            memcpy(copy, parts[part].ptr, parts[part].len);
            copy[i] = (char)(copy[i] == 'x' ? 'y' : 'x');
            struct str damaged = {copy, parts[part].len};
            call.url = part == 0 ? damaged : documented_url;
            call.body = part == 1 ? damaged : documented_body;
            assert_int_equal(
                check(*state, call, "12345", part == 2 ? damaged : documented_signature),
                E_FORBIDDEN);
        }
    }
}

/* What the signature does not cover is not believed. */
static void test_uncovered(void **state)
{
    struct hook_call call = documented_call();
    struct str bare = sign(*state, "12345", documented_url);
    call.is_get = true;
    assert_int_equal(check(*state, call, "12345", bare), OK);
    assert_int_equal(check(*state, call, "12345", documented_signature), E_FORBIDDEN);
    call.is_get = false;
    assert_int_equal(check(*state, call, "12345", bare), E_FORBIDDEN);
    call.content_type = STR("application/json");
    assert_int_equal(check(*state, call, "12345", bare), E_FORBIDDEN);
    call.content_type = STR_NONE;
    assert_int_equal(check(*state, call, "12345", bare), E_FORBIDDEN);
    call.body = STR("");
    assert_int_equal(check(*state, call, "12345", bare), OK);
    call = documented_call();
    call.body = arena_printf(*state, "%.*s%%00&Digits=9", STR_FMT(documented_body));
    assert_int_equal(check(*state, call, "12345", documented_signature), E_FORBIDDEN);
    call.body = arena_printf(*state, "%.*s%%00more", STR_FMT(documented_body));
    assert_int_equal(check(*state, call, "12345", documented_signature), E_FORBIDDEN);
}

static void test_rotation(void **state)
{
    struct provider_settings settings = {.twilio.auth_token = STR("the new one"),
                                         .twilio.auth_token_secondary = STR("12345")};
    struct http_header header = {STR("X-Twilio-Signature"), documented_signature};
    struct hook_call call = documented_call();
    call.query = STR("foo=1&bar=2");
    call.headers = &header;
    call.header_count = 1;
    assert_int_equal(provider_twilio.check_hook(&settings, &call, *state), OK);
    settings.twilio.auth_token_secondary = STR_NONE;
    assert_int_equal(provider_twilio.check_hook(&settings, &call, *state), E_FORBIDDEN);
    /* The secret of an API key signs nothing. */
    settings.twilio.api_key_secret = STR("12345");
    assert_int_equal(provider_twilio.check_hook(&settings, &call, *state), E_FORBIDDEN);
}

static void test_ports(void **state)
{
    static const struct {
        const char *ours;
        const char *theirs;
        enum err err;
    } rows[] = {
        {"https://a.example/x", "https://a.example/x", OK},
        {"https://a.example/x", "https://a.example:443/x", OK},
        {"https://a.example:443/x", "https://a.example/x", OK},
        {"https://a.example:443/x", "https://a.example:443/x", OK},
        {"http://a.example/x", "http://a.example:80/x", OK},
        {"http://a.example:80/x", "http://a.example/x", OK},
        {"https://a.example:8443/x", "https://a.example/x", OK},
        {"https://a.example:8443/x", "https://a.example:8443/x", OK},
        {"https://u:p@a.example/x", "https://u:p@a.example:443/x", OK},
        {"https://u:p@a.example:8443/x", "https://u:p@a.example/x", OK},
        {"https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x", OK},
        {"https://[2001:db8::1]:8443/x", "https://[2001:db8::1]/x", OK},
        {"https://a.example?x:1", "https://a.example:443?x:1", OK},
        {"https://a.example/x:1", "https://a.example:443/x:1", OK},
        {"https://a.example/x", "https://a.example:8443/x", E_FORBIDDEN},
        {"https://a.example/x", "https://a.example:80/x", E_FORBIDDEN},
        {"http://a.example/x", "https://a.example/x", E_FORBIDDEN},
        {"https://a.example/x", "https://b.example/x", E_FORBIDDEN},
        {"https://a.example:8443/x", "https://a.example:443/x", E_FORBIDDEN},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct hook_call call = {.url = str_from(rows[i].ours), .is_get = true};
        struct str signature = sign(*state, "12345", str_from(rows[i].theirs));
        if (check(*state, call, "12345", signature) != rows[i].err) {
            fail_msg("%s signed as %s", rows[i].ours, rows[i].theirs);
        }
    }
}

static void test_body_hash(void **state)
{
    struct str url = STR("https://a.example/x?bodySHA256="
                         "e3536650ddcc58c0f0f8fc66a011a6b2ef84471b5890caecab4bd7a7b1da2bbf");
    struct str signature = sign(*state, "12345", url);
    struct hook_call call = {
        .url = url, .content_type = STR("application/json"), .body = STR("{\"a\":\"b\",\"n\":1}")};
    assert_int_equal(check(*state, call, "12345", signature), OK);
    call.body = STR("{\"a\":\"b\",\"n\":2}");
    assert_int_equal(check(*state, call, "12345", signature), E_FORBIDDEN);
    call.body = STR("");
    assert_int_equal(check(*state, call, "12345", signature), E_FORBIDDEN);
    /* Not even as a form, whose fields would then not be signed. */
    call.content_type = form_type;
    call.body = STR("Digits=1");
    assert_int_equal(check(*state, call, "12345", signature), E_FORBIDDEN);
}

/* --- The vectors that Twilio's library made --- */

static void add_values(struct buf *body, const struct json_node *field)
{
    const char *name = arena_cstr(body->arena, field->name);
    if (field->kind != JSON_KIND_ARRAY) {
        form_add(body, name, field->text);
    }
    for (size_t i = 0; field->kind == JSON_KIND_ARRAY && i < field->count; i++) {
        form_add(body, name, field->items[i].text);
    }
}

static struct hook_call vector_call(struct arena *arena, const struct json_node *vector)
{
    struct buf body = {.arena = arena};
    const struct json_node *params = json_tree_member(vector, "params");
    struct str raw = json_tree_text(vector, "body");
    buf_add(&body, STR(""));
    for (size_t i = params->count; i-- > 0;) { /* In another order than they are signed in. */
        add_values(&body, &params->items[i]);
    }
    return (struct hook_call){.url = json_tree_text(vector, "url"),
                              .content_type = str_is_set(raw) ? STR("application/json") : form_type,
                              .body = str_is_set(raw) ? raw : buf_str(&body)};
}

static void check_vector(struct arena *arena, const struct json_node *vector)
{
    const char *name = arena_cstr(arena, json_tree_text(vector, "name"));
    const char *token = arena_cstr(arena, json_tree_text(vector, "authToken"));
    struct str signature = json_tree_text(vector, "signature");
    struct hook_call call = vector_call(arena, vector);
    if (check(arena, call, token, signature) != OK) {
        fail_msg("%s is not believed", name);
    }
    struct str right = call.body;
    struct str fuller = arena_printf(arena, "%.*s&zz=1", STR_FMT(right));
    call.body = fuller;
    assert_int_equal(check(arena, call, token, signature), E_FORBIDDEN);
    call.body = right;
    assert_int_equal(check(arena, call, "54321", signature), E_FORBIDDEN);
    assert_int_equal(check(arena, call, token, str_slice(signature, 1, signature.len)),
                     E_FORBIDDEN);
    call.url = arena_printf(arena, "%.*s%s", STR_FMT(call.url),
                            str_contains(call.url, STR("?")) ? "&z=1" : "?z=1");
    assert_int_equal(check(arena, call, token, signature), E_FORBIDDEN);
}

static void test_vectors(void **state)
{
    char path[PLACE_MAX];
    size_t len = 0;
    if (!place_shared("counterparties/twilio/signature-vectors.jsonl", path)) {
        skip_because("the shared folder with Twilio's signatures is absent");
    }
    char *file = file_read(path, &len);
    struct str text = {file, len};
    size_t count = 0;
    struct str line = STR_NONE;
    while (str_split(&text, '\n', &line)) {
        const struct json_node *vector = NULL;
        if (json_tree_read(*state, line, &vector) == OK &&
            json_tree_text(vector, "signature").len > 0) {
            check_vector(*state, vector);
            count++;
        }
    }
    free(file);
    assert_int_equal(count, 12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_documented), TEST(test_every_byte), TEST(test_uncovered), TEST(test_rotation),
        TEST(test_ports),      TEST(test_body_hash),  TEST(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
