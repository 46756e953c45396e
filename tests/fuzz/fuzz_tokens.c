/* fuzz_tokens: any bytes as what opens something: the token of a link, the pass of a command, the
 * signature of a source, a sealed value. Nobody guesses one; one of ours opens, and not once a
 * single character of it was changed. The first four bytes choose what is made and what is changed
 * in it. */
#include "channel/source.h"
#include "service/keys.h"
#include "service/link.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct seal *the_seal(void)
{
    static struct seal *seal; /* Making one takes long; it never changes. */
    struct problem problem = {0};
    if (seal == NULL && seal_new(STR("a data key that nobody guesses"), &seal, &problem) != OK) {
        abort();
    }
    return seal;
}

/* Another character of the alphabet in its place. */
static struct str changed(struct arena *arena, struct str token, const uint8_t *choices)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *copy = arena_alloc(arena, token.len + 1);
    memcpy(copy, token.ptr, token.len);
    char *at = &copy[choices[1] % token.len];
    char other = alphabet[choices[2] % 64];
    *at = *at != other ? other : alphabet[(choices[2] + 1) % 64];
    return (struct str){copy, token.len};
}

static void try_link(struct op *op, struct str text, const uint8_t *choices)
{
    struct link_facts made = {.purpose = (enum link_purpose)(choices[0] % 4),
                              .id = {choices[1] * 12345 + 1},
                              .number = choices[2]};
    struct link_facts open = {.purpose = made.purpose};
    struct str token = link_token(op, &made, op->arena);
    assert(link_token_open(op, token, &open) == OK);
    assert(id_equal(open.id, made.id) && open.number == made.number);
    open.purpose = (enum link_purpose)((made.purpose + 1 + choices[3] % 3) % 4);
    assert(link_token_open(op, token, &open) == E_NOT_FOUND);
    open.purpose = made.purpose;
    assert(link_token_open(op, changed(op->arena, token, choices), &open) == E_NOT_FOUND);
    /* The fuzzer sees what is compared, so that it may bring one of ours for something else. */
    if (link_token_open(op, text, &open) == OK) {
        assert(str_equal(link_token(op, &open, op->arena), text));
    }
}

static void try_passes(const struct op *op, struct str text)
{
    assert(!host_pass_is_good(op, text));
    assert(!source_is_signed(STR("a secret of theirs"), STR_NONE, STR("{}"), text));
    assert(!source_is_signed(STR("a secret of theirs"), text, STR("{}"), text));
}

static void try_seal(struct arena *arena, struct seal *seal, struct str text)
{
    struct sealer sealer = seal_as_sealer(seal);
    struct seal_place place = {"users", "phone", {42}};
    struct seal_place other = {"users", "phone", {43}};
    struct str plain = STR_NONE;
    assert(sealer.open(sealer.context, arena, place, text, &plain) == E_CORRUPT);
    struct str sealed = sealer.seal(sealer.context, arena, place, text);
    assert(sealer.open(sealer.context, arena, place, sealed, &plain) == OK &&
           str_equal(plain, text));
    assert(sealer.open(sealer.context, arena, other, sealed, &plain) == E_CORRUPT);
}

/* Whoever may only read is not shown a token that acts. */
static void try_shown(struct op *op, struct str text, const uint8_t *choices)
{
    struct link_facts made = {.purpose = LINK_MEETING, .id = {choices[0] + 1}};
    struct str token = link_token(op, &made, op->arena);
    struct str told = arena_printf(op->arena, "%.*s https://t.example/l/%.*s",
                                   STR_FMT(str_slice(text, 0, 200)), STR_FMT(token));
    struct str page = arena_printf(op->arena, "/l/%.*s", STR_FMT(token));
    op->actor.scope = key_scope_READER;
    assert(!str_contains(link_shown_text(op, told), page));
    op->actor.scope = key_scope_ADMIN;
    assert(str_equal(link_shown_text(op, told), told));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 4) {
        return 0;
    }
    struct site site = {.seal = the_seal(), .public_url = STR("https://t.example")};
    struct problem problem = {0};
    struct op op = {.arena = arena_new(),
                    .site = &site,
                    .problem = &problem,
                    .now = {INT64_C(1767603600) * 1000000},
                    .actor = {.scope = key_scope_ADMIN}};
    struct str text = {(const char *)bytes + 4, size - 4};
    try_link(&op, text, bytes);
    try_passes(&op, text);
    try_seal(op.arena, site.seal, text);
    try_shown(&op, text, bytes);
    arena_free(&op.arena);
    return 0;
}
