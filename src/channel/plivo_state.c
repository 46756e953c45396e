#include "channel/plivo.h"

/* What a hangup code (HangupCauseCode) makes of a call, where it tells more than CallStatus. Codes
 * that are not listed are failures. */
struct hangup_row {
    const char *code;
    enum message_state state;
};

/* clang-format off */
static const struct hangup_row hangup_rows[] = {
    {"4000", message_state_ANSWERED},  /* Normal. */
    {"4010", message_state_ANSWERED},  /* The end of our document. */
    {"4020", message_state_ANSWERED},
    {"4030", message_state_ANSWERED},
    {"6000", message_state_ANSWERED},  /* Our time limit. */
    {"9110", message_state_ANSWERED},
    {"3000", message_state_NO_ANSWER},
    {"6010", message_state_NO_ANSWER}, /* It rang out. */
    {"9100", message_state_NO_ANSWER}, /* A machine. */
    {"3010", message_state_BUSY},
    {"3020", message_state_BUSY},      /* Rejected. */
    {"3100", message_state_BUSY},
    {"3110", message_state_BUSY},      /* Declined. */
    {"1000", message_state_CANCELLED},
    {"9000", message_state_CANCELLED},
};

/* CallStatus. */
static const struct telephony_state call_words[] = {
    {"queued",      message_state_SENT,        receipt_level_ACCEPTED, false},
    {"ringing",     message_state_SENT,        receipt_level_LEFT,     false},
    {"in-progress", message_state_ANSWERED,    receipt_level_REACHED,  false},
    {"completed",   message_state_ANSWERED,    receipt_level_REACHED,  true},
    {"busy",        message_state_BUSY,        receipt_level_LEFT,     true},
    {"timeout",     message_state_NO_ANSWER,   receipt_level_LEFT,     true},
    {"no-answer",   message_state_NO_ANSWER,   receipt_level_LEFT,     true},
    {"cancel",      message_state_CANCELLED,   receipt_level_ACCEPTED, true},
    {"failed",      message_state_FAILED,      receipt_level_ACCEPTED, true},
};

/* Status and message_state. */
static const struct telephony_state text_words[] = {
    {"queued",      message_state_SENT,        receipt_level_ACCEPTED, false},
    {"sent",        message_state_SENT,        receipt_level_LEFT,     false},
    {"delivered",   message_state_DELIVERED,   receipt_level_REACHED,  true},
    {"read",        message_state_DELIVERED,   receipt_level_REACHED,  true},
    {"undelivered", message_state_UNDELIVERED, receipt_level_LEFT,     true},
    {"failed",      message_state_FAILED,      receipt_level_ACCEPTED, true},
    {"rejected",    message_state_FAILED,      receipt_level_ACCEPTED, true},
};
/* clang-format on */

static void take_row(const struct telephony_state *row, struct provider_news *news)
{
    news->state = row->state;
    news->level = row->level;
    news->is_end = row->is_end;
}

static enum message_state state_of_hangup(struct str code)
{
    for (size_t i = 0; i < ARRAY_LENGTH(hangup_rows); i++) {
        if (str_equal_text(code, hangup_rows[i].code)) {
            return hangup_rows[i].state;
        }
    }
    return message_state_FAILED;
}

static enum receipt_level level_of_end(enum message_state state)
{
    if (state == message_state_ANSWERED) {
        return receipt_level_REACHED;
    }
    return state == message_state_BUSY || state == message_state_NO_ANSWER ? receipt_level_LEFT
                                                                           : receipt_level_ACCEPTED;
}

/* 0 says that Plivo does not know either; then the word decides. */
static bool tells_hangup(struct str code)
{
    return telephony_count(code) > 0;
}

void plivo_read_call_state(struct str word, struct str hangup_code, struct provider_news *news,
                           struct arena *arena)
{
    news->kind = NEWS_NONE;
    news->channel = channel_CALL;
    news->provider_state = telephony_word(word, arena);
    const struct telephony_state *row =
        telephony_state_find(call_words, ARRAY_LENGTH(call_words), word);
    if (tells_hangup(hangup_code)) {
        news->state = state_of_hangup(hangup_code);
        news->level = level_of_end(news->state);
        news->is_end = true;
        news->is_machine = str_equal_text(hangup_code, "9100");
    } else if (row != NULL) {
        take_row(row, news);
    } else {
        return;
    }
    news->kind = NEWS_STATE;
    bool is_failure = news->is_end && news->state != message_state_ANSWERED &&
                      news->state != message_state_CANCELLED;
    if (is_failure) {
        bool has_reason = tells_hangup(hangup_code) || news->state == message_state_FAILED;
        telephony_explain(PLIVO, PLIVO_TITLE, has_reason ? hangup_code : STR_NONE, news, arena);
    }
}

/* Codes of texts and of hangups are two lists of Plivo's that share the number 1000, and may be
 * filled up with zeros. */
static struct str code_of_text(struct str code)
{
    while (code.len > 1 && code.ptr[0] == '0') {
        code = str_slice(code, 1, code.len);
    }
    return str_equal_text(code, "1000") ? STR("sms-1000") : code;
}

void plivo_read_text_state(struct str word, struct str error_code, struct provider_news *news,
                           struct arena *arena)
{
    const struct telephony_state *row =
        telephony_state_find(text_words, ARRAY_LENGTH(text_words), word);
    news->kind = row == NULL ? NEWS_NONE : NEWS_STATE;
    news->channel = channel_SMS;
    news->provider_state = telephony_word(word, arena);
    if (row == NULL) {
        return;
    }
    take_row(row, news);
    if (news->is_end && news->state != message_state_DELIVERED) {
        telephony_explain(PLIVO, PLIVO_TITLE, code_of_text(error_code), news, arena);
    }
}
