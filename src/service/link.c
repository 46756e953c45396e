#include "service/link.h"

#include <string.h>

enum {
    ID_BYTES = 8,
    EXPIRY_BYTES = 4,
    MAC_BYTES = 12,
    TOKEN_BYTES = ID_BYTES + EXPIRY_BYTES + MAC_BYTES,
    TOKEN_CHARS = 32
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { SIGNED_BYTES = ID_BYTES + EXPIRY_BYTES + 1 };

/* The purpose is signed with the rest, but does not travel: whoever opens a token knows it. */
static struct str signed_text(enum link_purpose purpose, const uint8_t token[static TOKEN_BYTES],
                              char out[static SIGNED_BYTES])
{
    static const char letters[] = {
        [LINK_MEETING] = '\0', [LINK_UNSUBSCRIBE] = 'u', [LINK_STEP] = 's', [LINK_DISPATCH] = 'd'};
    memcpy(out, token, ID_BYTES + EXPIRY_BYTES);
    out[ID_BYTES + EXPIRY_BYTES] = letters[purpose];
    return (struct str){out, SIGNED_BYTES - (purpose == LINK_MEETING ? 1 : 0)};
}

static void sign_token(const struct op *op, enum link_purpose purpose,
                       const uint8_t token[static TOKEN_BYTES], uint8_t mac[static MAC_BYTES])
{
    uint8_t full[SHA256_BYTES];
    char text[SIGNED_BYTES];
    seal_sign(op->site->seal, signed_text(purpose, token, text), full);
    memcpy(mac, full, MAC_BYTES);
}

/* As the key before the present one signed it, while that counts. */
static bool sign_before(const struct op *op, enum link_purpose purpose,
                        const uint8_t token[static TOKEN_BYTES], uint8_t mac[static MAC_BYTES])
{
    uint8_t full[SHA256_BYTES];
    char text[SIGNED_BYTES];
    if (!seal_sign_before(op->site->seal, signed_text(purpose, token, text), op->now, full)) {
        return false;
    }
    memcpy(mac, full, MAC_BYTES);
    return true;
}

static void put_number(uint8_t *bytes, uint64_t number, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        bytes[i] = (uint8_t)number;
        number >>= 8;
    }
}

static uint64_t get_number(const uint8_t *bytes, int count)
{
    uint64_t number = 0;
    for (int i = 0; i < count; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

struct str link_token(const struct op *op, const struct link_facts *facts, struct arena *arena)
{
    uint8_t token[TOKEN_BYTES];
    put_number(token, (uint64_t)facts->id.value, ID_BYTES);
    put_number(token + ID_BYTES, facts->number, EXPIRY_BYTES);
    sign_token(op, facts->purpose, token, token + ID_BYTES + EXPIRY_BYTES);
    char text[TOKEN_CHARS];
    for (int i = 0; i < TOKEN_BYTES / 3; i++) {
        uint64_t bits = get_number(token + 3 * i, 3);
        for (int j = 0; j < 4; j++) {
            text[4 * i + j] = alphabet[bits >> (18 - 6 * j) & 63];
        }
    }
    return arena_str(arena, (struct str){text, sizeof text});
}

struct str link_for_meeting(const struct op *op, const struct meeting *meeting)
{
    if (op->site->public_url.len == 0) {
        return STR_NONE;
    }
    int64_t minutes =
        duration_seconds((struct duration){instant_add(meeting->ends_at, DAYS(1)).us}) / 60;
    struct link_facts facts = {LINK_MEETING, meeting->id, (uint32_t)minutes};
    struct str token = link_token(op, &facts, op->arena);
    return arena_printf(op->arena, "%.*s/l/%.*s", STR_FMT(op->site->public_url), STR_FMT(token));
}

struct str link_for_step(const struct op *op, const struct step *step)
{
    if (op->site->public_url.len == 0) {
        return STR_NONE;
    }
    struct link_facts facts = {.purpose = LINK_STEP, .id = step->id};
    struct str token = link_token(op, &facts, op->arena);
    return arena_printf(op->arena, "%.*s/s/%.*s", STR_FMT(op->site->public_url), STR_FMT(token));
}

struct str link_for_dispatch(const struct op *op, const struct dispatch_technician *technician)
{
    if (op->site->public_url.len == 0) {
        return STR_NONE;
    }
    int64_t minutes = instant_ms(instant_add(op->now, DAYS(1))) / 60000;
    struct link_facts facts = {LINK_DISPATCH, technician->id, (uint32_t)minutes};
    struct str token = link_token(op, &facts, op->arena);
    return arena_printf(op->arena, "%.*s/d/%.*s", STR_FMT(op->site->public_url), STR_FMT(token));
}

static enum err decode(struct str text, uint8_t out[static TOKEN_BYTES])
{
    if (text.len != TOKEN_CHARS) {
        return E_NOT_FOUND;
    }
    for (int i = 0; i < TOKEN_BYTES / 3; i++) {
        uint64_t bits = 0;
        for (int j = 0; j < 4; j++) {
            const char *at = memchr(alphabet, text.ptr[4 * i + j], sizeof alphabet - 1);
            if (at == NULL) {
                return E_NOT_FOUND;
            }
            bits = bits << 6 | (uint64_t)(at - alphabet);
        }
        put_number(out + 3 * i, bits, 3);
    }
    return OK;
}

enum err link_token_open(struct op *op, struct str token, struct link_facts *out)
{
    uint8_t bytes[TOKEN_BYTES];
    uint8_t mac[MAC_BYTES];
    if (decode(token, bytes) != OK) {
        return op_fail(op, E_NOT_FOUND, NULL, "this link is not complete");
    }
    sign_token(op, out->purpose, bytes, mac);
    struct str given = {(const char *)bytes + ID_BYTES + EXPIRY_BYTES, MAC_BYTES};
    bool is_ours = equal_in_constant_time(given, (struct str){(const char *)mac, MAC_BYTES});
    if (!is_ours && sign_before(op, out->purpose, bytes, mac)) {
        is_ours = equal_in_constant_time(given, (struct str){(const char *)mac, MAC_BYTES});
    }
    if (!is_ours) {
        return op_fail(op, E_NOT_FOUND, NULL, "this link is not one of ours");
    }
    out->id.value = (int64_t)get_number(bytes, ID_BYTES);
    out->number = (uint32_t)get_number(bytes + ID_BYTES, EXPIRY_BYTES);
    return OK;
}

enum err link_open(struct op *op, struct str token, struct id *meeting)
{
    struct link_facts facts = {.purpose = LINK_MEETING};
    TRY(link_token_open(op, token, &facts));
    *meeting = facts.id;
    if (instant_before(instant_from_ms((int64_t)facts.number * 60000), op->now)) {
        return op_fail(op, E_GONE, NULL, "this link has ended");
    }
    return OK;
}

/* Whether the token of a link to one of our pages begins at `at`. */
static bool is_token(struct str text, size_t at)
{
    enum { PLACE = 3 }; /* "/s/" */
    bool has_room = at >= PLACE && text.len - at >= TOKEN_CHARS;
    const char *place = has_room ? text.ptr + at - PLACE : NULL;
    bool is_page = has_room && place[0] == '/' && place[2] == '/' &&
                   memchr("sdlu", place[1], sizeof "sdlu" - 1) != NULL;
    for (size_t i = 0; is_page && i < TOKEN_CHARS; i++) {
        is_page = memchr(alphabet, text.ptr[at + i], sizeof alphabet - 1) != NULL;
    }
    return is_page;
}

struct str link_shown_text(const struct op *op, struct str text)
{
    bool is_hidden = op->actor.scope == key_scope_READER || op->actor.scope == key_scope_RESPONDER;
    if (!is_hidden || !str_is_set(text)) {
        return text;
    }
    struct buf shown = {.arena = op->arena};
    for (size_t at = 0; at < text.len;) {
        if (is_token(text, at)) {
            buf_add_text(&shown, "…");
            at += TOKEN_CHARS;
        } else {
            buf_add_byte(&shown, text.ptr[at++]);
        }
    }
    return buf_str(&shown);
}
