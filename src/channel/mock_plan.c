#include "channel/mock_plan.h"

#include <assert.h>
#include <string.h>

enum {
    DELIVERED_AFTER_S = 1,
    BUSY_AFTER_S = 1,
    PICKED_UP_AFTER_S = 5,
    OVER_AFTER_S = 20,
    OVER_AFTER_KEY_S = 2,
    RUNG_OUT_AFTER_S = 45,
    ANSWER_AFTER_S = 3
};

static const char *const action_words[MOCK_ACTION_COUNT] = {
    [MOCK_DEFAULT] = "default", [MOCK_PRESS] = "press",     [MOCK_REPLY] = "reply",
    [MOCK_IGNORE] = "ignore",   [MOCK_BUSY] = "busy",       [MOCK_VOICEMAIL] = "voicemail",
    [MOCK_REFUSE] = "refuse",   [MOCK_TIMEOUT] = "timeout", [MOCK_UNREACHABLE] = "unreachable",
};

static const enum failure_category refusals[] = {
    failure_category_invalid_number,
    failure_category_opted_out,
    failure_category_auth,
    failure_category_rate_limited,
    failure_category_carrier_rejected,
    failure_category_rejected_content,
    failure_category_provider_error,
};

const char *mock_action_word(enum mock_action action)
{
    assert(action < MOCK_ACTION_COUNT);
    return action_words[action];
}

enum err mock_action_parse(struct str word, enum mock_action *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(action_words); i++) {
        if (str_equal_nocase(word, str_from(action_words[i]))) {
            *out = (enum mock_action)i;
            return OK;
        }
    }
    return E_INVALID;
}

bool mock_channel_is_carried(enum channel channel)
{
    return channel == channel_EMAIL || channel == channel_SMS || channel == channel_WHATSAPP ||
           channel == channel_CALL;
}

bool mock_refusal_parse(struct str code, enum failure_category *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        if (str_equal_text(code, failure_category_names.names[refusals[i]])) {
            *out = refusals[i];
            return true;
        }
    }
    return false;
}

/* What stands behind the first word, by action. */
static enum err check_detail(const struct mock_behaviour *behaviour, struct problem *problem)
{
    struct str detail = behaviour->detail;
    enum failure_category category = failure_category_NONE;
    switch (behaviour->action) {
    case MOCK_PRESS:
        if (detail.len != 1 || detail.ptr[0] == '\0' ||
            strchr("0123456789*#", detail.ptr[0]) == NULL) {
            return problem_set(problem, E_INVALID, "do", "\"press\" needs one key: 0-9, * or #.");
        }
        return OK;
    case MOCK_REPLY:
        if (detail.len == 0 || detail.len > MOCK_REPLY_BYTES_MAX || !str_is_utf8(detail)) {
            return problem_set(problem, E_INVALID, "do", "\"reply\" needs a text of 1 to %d bytes.",
                               MOCK_REPLY_BYTES_MAX);
        }
        return OK;
    case MOCK_REFUSE:
        if (!mock_refusal_parse(detail, &category)) {
            return problem_set(
                problem, E_INVALID, "do",
                "\"refuse\" needs one of: invalid_number opted_out auth rate_limited "
                "carrier_rejected rejected_content provider_error.");
        }
        return OK;
    case MOCK_DEFAULT:
    case MOCK_IGNORE:
    case MOCK_BUSY:
    case MOCK_VOICEMAIL:
    case MOCK_TIMEOUT:
    case MOCK_UNREACHABLE:
    case MOCK_ACTION_COUNT:
        break;
    }
    if (detail.len > 0) {
        return problem_set(problem, E_INVALID, "do", "\"%s\" takes nothing behind it.",
                           mock_action_word(behaviour->action));
    }
    return OK;
}

static enum err check_channel(enum channel channel, enum mock_action action,
                              struct problem *problem)
{
    if (!mock_channel_is_carried(channel)) {
        return problem_set(problem, E_INVALID, "channel",
                           "The mock carries EMAIL, SMS, WHATSAPP and CALL.");
    }
    bool for_calls = action == MOCK_PRESS || action == MOCK_BUSY || action == MOCK_VOICEMAIL;
    bool for_texts = action == MOCK_REPLY;
    if (for_calls && channel != channel_CALL) {
        return problem_set(problem, E_INVALID, "channel", "\"%s\" is for CALL.",
                           mock_action_word(action));
    }
    if (for_texts && channel != channel_SMS && channel != channel_WHATSAPP) {
        return problem_set(problem, E_INVALID, "channel", "\"reply\" is for SMS and WHATSAPP.");
    }
    return OK;
}

enum err mock_behaviour_parse(enum channel channel, struct str action, int64_t after_seconds,
                              struct mock_behaviour *out, struct problem *problem)
{
    struct str rest = str_trim(action);
    size_t space = str_find_byte(rest, ' ', 0);
    struct mock_behaviour behaviour = {.detail = str_trim(str_slice(rest, space, rest.len))};
    enum err err = mock_action_parse(str_slice(rest, 0, space), &behaviour.action);
    if (err || behaviour.action == MOCK_DEFAULT) {
        return problem_set(
            problem, E_INVALID, "do",
            "Use press KEY, reply TEXT, ignore, busy, voicemail, refuse CODE, timeout or "
            "unreachable.");
    }
    TRY(check_detail(&behaviour, problem));
    TRY(check_channel(channel, behaviour.action, problem));
    if (after_seconds > MOCK_AFTER_SECONDS_MAX) {
        return problem_set(problem, E_INVALID, "afterSeconds", "At most %d.",
                           MOCK_AFTER_SECONDS_MAX);
    }
    behaviour.after_seconds = after_seconds < 0 ? ANSWER_AFTER_S : after_seconds;
    *out = behaviour;
    return OK;
}

static struct mock_step state_step(int64_t seconds, enum message_state state,
                                   enum receipt_level level)
{
    return (struct mock_step){
        .after = SECONDS(seconds), .kind = MOCK_EVENT_STATE, .state = state, .level = level};
}

static size_t plan_message(const struct mock_behaviour *behaviour, struct mock_step *out)
{
    out[0] = state_step(DELIVERED_AFTER_S, message_state_DELIVERED, receipt_level_REACHED);
    if (behaviour->action != MOCK_REPLY) {
        return 1;
    }
    out[1] = (struct mock_step){.after = SECONDS(DELIVERED_AFTER_S + behaviour->after_seconds),
                                .kind = MOCK_EVENT_REPLY};
    return 2;
}

static size_t plan_answered_call(const struct mock_behaviour *behaviour, struct mock_step *out)
{
    bool is_machine = behaviour->action == MOCK_VOICEMAIL;
    enum receipt_level level = is_machine ? receipt_level_REACHED : receipt_level_HUMAN;
    int64_t over = OVER_AFTER_S;
    size_t count = 0;
    out[count++] = state_step(PICKED_UP_AFTER_S, message_state_ANSWERED, level);
    if (behaviour->action == MOCK_PRESS) {
        int64_t key = PICKED_UP_AFTER_S + behaviour->after_seconds;
        over = key + OVER_AFTER_KEY_S > over ? key + OVER_AFTER_KEY_S : over;
        out[count++] = (struct mock_step){.after = SECONDS(key), .kind = MOCK_EVENT_KEY};
    }
    out[count] = state_step(over, message_state_ANSWERED, level);
    out[count++].is_end = true;
    for (size_t i = 0; i < count; i++) {
        out[i].is_machine = is_machine;
    }
    return count;
}

size_t mock_plan(enum channel channel, const struct mock_behaviour *behaviour,
                 struct mock_step out[static MOCK_STEPS_MAX])
{
    if (channel != channel_CALL) {
        return plan_message(behaviour, out);
    }
    if (behaviour->action == MOCK_IGNORE) {
        out[0] = state_step(RUNG_OUT_AFTER_S, message_state_NO_ANSWER, receipt_level_LEFT);
    } else if (behaviour->action == MOCK_BUSY) {
        out[0] = state_step(BUSY_AFTER_S, message_state_BUSY, receipt_level_LEFT);
    } else {
        return plan_answered_call(behaviour, out);
    }
    out[0].is_end = true;
    return 1;
}
