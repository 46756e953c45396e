#include "service/unsubscribe.h"

#include "channel/texts.h"
#include "service/link.h"
#include "service/person.h"
#include "service/suppressions.h"

enum { TARGET_SHIFT = 24, ADDRESS_BITS = 0xFFFFFF };

static struct str lower_of(const struct op *op, struct str address)
{
    struct buf lower = {.arena = op->arena};
    buf_add_lower(&lower, address);
    return buf_str(&lower);
}

/* The target in the upper byte, the address's hash below. */
static uint32_t number_in(enum message_target target, const uint8_t hash[static SHA256_BYTES])
{
    uint32_t bits = (uint32_t)hash[0] << 16 | (uint32_t)hash[1] << 8 | hash[2];
    return (uint32_t)target << TARGET_SHIFT | bits;
}

static uint32_t number_of(const struct op *op, enum message_target target, struct str address)
{
    uint8_t hash[SHA256_BYTES];
    seal_sign(op->site->seal, lower_of(op, address), hash);
    return number_in(target, hash);
}

/* As a link says it, of the present key or of the one before. */
static bool is_number_of(const struct op *op, uint32_t number, struct str address)
{
    uint8_t hash[SHA256_BYTES];
    enum message_target target = (enum message_target)(number >> TARGET_SHIFT);
    if (number_of(op, target, address) == number) {
        return true;
    }
    return seal_sign_before(op->site->seal, lower_of(op, address), op->now, hash) &&
           number_in(target, hash) == number;
}

struct str unsubscribe_url(const struct op *op, const struct message *message, struct arena *arena)
{
    enum message_target target = (enum message_target)message->target;
    bool is_ours = target != message_target_PERSON && target != message_target_EMERGENCY_CONTACT;
    if (message->channel != channel_EMAIL || is_ours || !id_is_set(message->user_id) ||
        op->site->public_url.len == 0) {
        return STR_NONE;
    }
    struct link_facts facts = {LINK_UNSUBSCRIBE, message->user_id,
                               number_of(op, target, message->recipient)};
    struct str token = link_token(op, &facts, op->arena);
    return arena_printf(arena, "%.*s/u/%.*s", STR_FMT(op->site->public_url), STR_FMT(token));
}

struct subscriber {
    struct user user;
    struct str address;
};

/* A contact reads what the person reads, as in their mails. */
static enum err open_token(struct op *op, struct str token, struct subscriber *out,
                           struct unsubscribe_view *view)
{
    struct link_facts facts = {.purpose = LINK_UNSUBSCRIBE};
    TRY(link_token_open(op, token, &facts));
    TRY(op_not_found(op, db_get(op->db, TABLE_users, facts.id, op->arena, &out->user), "person"));
    enum message_target target = (enum message_target)(facts.number >> TARGET_SHIFT);
    out->address = recipient_of(&out->user, target, channel_EMAIL);
    view->language = render_language(out->user.locale);
    bool is_same = str_is_set(out->address) && !instant_is_set(out->user.deleted_at) &&
                   is_number_of(op, facts.number, out->address);
    if (!is_same) {
        return op_fail(op, E_GONE, NULL, "no mail is sent to this address any more");
    }
    return OK;
}

/* "a…@example.com": enough to know it again. */
static struct str masked(struct op *op, struct str address)
{
    struct str domain = str_slice(address, str_find_byte(address, '@', 0), address.len);
    return arena_printf(op->arena, "%.*s…%.*s", STR_FMT(str_slice(address, 0, 1)), STR_FMT(domain));
}

static enum err fill_view(struct op *op, const struct subscriber *subscriber,
                          struct unsubscribe_view *out)
{
    enum failure_category category = failure_category_NONE;
    TRY(suppression_of(op, channel_EMAIL, subscriber->address, &category));
    struct str language = render_language(subscriber->user.locale);
    *out = (struct unsubscribe_view){
        .language = language,
        .address = masked(op, subscriber->address),
        .question = word_find(language, "UNSUBSCRIBE_ASK"),
        .button = word_find(language, "UNSUBSCRIBE_BUTTON"),
        .is_done = category != failure_category_NONE,
        .done = word_find(language, "UNSUBSCRIBE_DONE"),
    };
    return OK;
}

enum err show_unsubscribe(struct op *op, const void *input, void *output)
{
    const struct unsubscribe_input *given = input;
    struct subscriber subscriber = {0};
    TRY(open_token(op, given->token, &subscriber, output));
    return fill_view(op, &subscriber, output);
}

enum err unsubscribe(struct op *op, const void *input, void *output)
{
    const struct unsubscribe_input *given = input;
    struct subscriber subscriber = {0};
    TRY(open_token(op, given->token, &subscriber, output));
    struct suppress_request request = {.channel = channel_EMAIL,
                                       .address = subscriber.address,
                                       .user = subscriber.user.id,
                                       .category = failure_category_opted_out,
                                       .provider = STR("link"),
                                       .code = STR("unsubscribe")};
    TRY(suppress(op, &request));
    return fill_view(op, &subscriber, output);
}
