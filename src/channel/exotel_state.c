#include "channel/exotel.h"

/* clang-format off */
static const struct telephony_state call_words[] = {
    {"queued",      message_state_SENT,      receipt_level_ACCEPTED, false},
    {"ringing",     message_state_SENT,      receipt_level_LEFT,     false},
    {"in-progress", message_state_ANSWERED,  receipt_level_REACHED,  false},
    {"completed",   message_state_ANSWERED,  receipt_level_REACHED,  true},
    {"busy",        message_state_BUSY,      receipt_level_LEFT,     true},
    {"no-answer",   message_state_NO_ANSWER, receipt_level_LEFT,     true},
    {"canceled",    message_state_CANCELLED, receipt_level_ACCEPTED, true},
    {"cancelled",   message_state_CANCELLED, receipt_level_ACCEPTED, true},
    {"failed",      message_state_FAILED,    receipt_level_ACCEPTED, true},
};

/* "sent" is said of texts that went to the operator as well as of delivered ones: see below. */
static const struct telephony_state text_words[] = {
    {"queued",      message_state_SENT,        receipt_level_ACCEPTED, false},
    {"sending",     message_state_SENT,        receipt_level_ACCEPTED, false},
    {"submitted",   message_state_SENT,        receipt_level_LEFT,     false},
    {"sent",        message_state_SENT,        receipt_level_LEFT,     false},
    {"delivered",   message_state_DELIVERED,   receipt_level_REACHED,  true},
    {"undelivered", message_state_UNDELIVERED, receipt_level_LEFT,     true},
    {"expired",     message_state_UNDELIVERED, receipt_level_LEFT,     true},
    {"failed",      message_state_FAILED,      receipt_level_ACCEPTED, true},
    {"failed-dnd",  message_state_FAILED,      receipt_level_ACCEPTED, true},
    {"failed_dnd",  message_state_FAILED,      receipt_level_ACCEPTED, true},
};
/* clang-format on */

static bool take_word(const struct telephony_state *row, struct str word,
                      struct provider_news *news, struct arena *arena)
{
    news->kind = row == NULL ? NEWS_NONE : NEWS_STATE;
    news->provider_state = telephony_word(word, arena);
    if (row == NULL) {
        return false;
    }
    news->state = row->state;
    news->level = row->level;
    news->is_end = row->is_end;
    return true;
}

void exotel_read_call_state(struct str status, struct provider_news *news, struct arena *arena)
{
    const struct telephony_state *row =
        telephony_state_find(call_words, ARRAY_LENGTH(call_words), status);
    news->channel = channel_CALL;
    if (take_word(row, status, news, arena) && news->is_end &&
        news->state != message_state_ANSWERED && news->state != message_state_CANCELLED) {
        telephony_explain(EXOTEL, EXOTEL_TITLE, STR_NONE, news, arena);
    }
}

static bool is_dnd(const struct exotel_text_state *state)
{
    return str_equal_nocase(state->status, STR("failed-dnd")) ||
           str_equal_nocase(state->status, STR("failed_dnd"));
}

void exotel_read_text_state(const struct exotel_text_state *state, struct provider_news *news,
                            struct arena *arena)
{
    const struct telephony_state *row =
        telephony_state_find(text_words, ARRAY_LENGTH(text_words), state->status);
    news->channel = channel_SMS;
    if (!take_word(row, state->status, news, arena)) {
        return;
    }
    /* Exotel's two tables of codes disagree: the words decide, the code is only kept. */
    if (str_equal_nocase(state->status, STR("sent")) &&
        str_equal_nocase(state->detail, STR("DELIVERED_TO_HANDSET"))) {
        news->state = message_state_DELIVERED;
        news->level = receipt_level_REACHED;
        news->is_end = true;
    }
    news->code = telephony_word(state->code, arena);
    if (news->is_end && news->state != message_state_DELIVERED) {
        telephony_explain(EXOTEL, EXOTEL_TITLE, is_dnd(state) ? STR("23005") : state->code, news,
                          arena);
    }
}

/* Ten digits are a number of India, with 0 or 91 in front. */
struct str exotel_number(struct str text, struct arena *arena)
{
    enum { INDIAN_DIGITS = 10 };
    struct str number = str_trim(text);
    if (str_starts(number, STR("+"))) {
        return telephony_number(number, arena);
    }
    bool is_trunk = number.len == INDIAN_DIGITS + 1 && number.ptr[0] == '0' && number.ptr[1] != '0';
    bool is_bare = number.len == INDIAN_DIGITS && number.ptr[0] != '0';
    if (is_trunk || is_bare) {
        struct str digits = str_slice(number, is_trunk ? 1 : 0, number.len);
        return telephony_number(arena_printf(arena, "+91%.*s", STR_FMT(digits)), arena);
    }
    bool has_country = number.len == INDIAN_DIGITS + 2 && str_starts(number, STR("91"));
    return has_country ? telephony_number(number, arena) : STR_NONE;
}
