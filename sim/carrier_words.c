#include "sim/carrier_internal.h"
#include "sim/words.h"

#include <string.h>

enum { EARLY_SECONDS = 10 };

const char *const carrier_help =
    "phone NUMBER CALL|SMS|WHATSAPP [always] press KEYS|reply TEXT|ignore|busy|voicemail|reject|"
    "invalid|landline|off|undelivered CODE|refuse CODE|deliver [after SECONDS]\n"
    "write NUMBER SMS|WHATSAPP [PROVIDER] TEXT: the person writes without being asked\n"
    "PROVIDER fault create|find|poll|cancel|inbox|any STATUS|STATUS-after|timeout|timeout-after|"
    "reset|reset-after|refused|nonsense|slow [times N|always] [retry SECONDS]\n"
    "PROVIDER callbacks ok|early|twice|reversed|lost|forged|lying|slow SECONDS\n"
    "PROVIDER queue SECONDS: how long a call waits there before it is dialled\n"
    "PROVIDER pages N: a page of a list holds N at most (twilio)\n"
    "PROVIDER down [DURATION] | PROVIDER up | PROVIDER well: no faults any more\n";

struct saying {
    struct carrier *carrier;
    struct instant now;
    struct str *wrong;
};

static enum err fail(const struct saying *saying, const char *what, struct str word)
{
    *saying->wrong = arena_printf(saying->carrier->arena, "%s: \"%.*s\"", what, STR_FMT(word));
    return E_INVALID;
}

static bool read_channel(struct str word, enum channel *out)
{
    static const struct {
        const char *name;
        enum channel channel;
    } names[] = {{"CALL", channel_CALL}, {"SMS", channel_SMS}, {"WHATSAPP", channel_WHATSAPP}};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (str_equal_text(word, names[i].name)) {
            *out = names[i].channel;
            return true;
        }
    }
    return false;
}

static const char *const action_words[HANDSET_ACTION_COUNT] = {
    [HANDSET_DEFAULT] = "deliver",   [HANDSET_PRESS] = "press",
    [HANDSET_REPLY] = "reply",       [HANDSET_IGNORE] = "ignore",
    [HANDSET_BUSY] = "busy",         [HANDSET_VOICEMAIL] = "voicemail",
    [HANDSET_REJECT] = "reject",     [HANDSET_INVALID] = "invalid",
    [HANDSET_LANDLINE] = "landline", [HANDSET_UNDELIVERED] = "undelivered",
    [HANDSET_REFUSE] = "refuse",     [HANDSET_OFF] = "off"};

static enum err read_handset(const struct saying *saying, struct str text, struct handset *out)
{
    struct str rest = text;
    struct str word = words_next(&rest);
    for (int i = 0; i < HANDSET_ACTION_COUNT; i++) {
        if (str_equal_text(word, action_words[i])) {
            struct str detail = str_trim(rest);
            if (detail.len >= 2 && detail.ptr[0] == '"') {
                detail = str_slice(detail, 1, detail.len - 1);
            }
            out->action = (enum handset_action)i;
            out->detail = arena_str(saying->carrier->arena, detail);
            return OK;
        }
    }
    return fail(saying, "a handset can't do that", word);
}

static enum err say_phone(const struct saying *saying, struct str rest)
{
    struct script script = {.handset.after_seconds = -1};
    struct arena *arena = saying->carrier->arena;
    script.number = arena_str(arena, words_next(&rest));
    struct str channel = words_next(&rest);
    if (!read_channel(channel, &script.channel)) {
        return fail(saying, "no channel", channel);
    }
    rest = str_trim(rest);
    if (str_starts(rest, STR("always "))) {
        script.is_lasting = true;
        rest = str_trim(str_slice(rest, 7, rest.len));
    }
    size_t after = str_find(rest, STR(" after "));
    struct str seconds = str_slice(rest, after + 7, rest.len);
    if (after < rest.len && str_to_int(seconds, &script.handset.after_seconds) != OK) {
        return fail(saying, "no number of seconds", seconds);
    }
    TRY(read_handset(saying, str_slice(rest, 0, after), &script.handset));
    struct script *kept = ARENA_NEW(arena, struct script);
    struct script **last = &saying->carrier->scripts;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *kept = script;
    *last = kept;
    return OK;
}

/* What was last sent to the number, so that the answer goes to where it came from. */
static const struct item *last_to(const struct carrier *carrier, struct str number,
                                  enum channel channel)
{
    for (struct item *each = carrier->items; each != NULL; each = each->next) {
        if (!each->is_inbound && each->channel == channel && str_equal(each->to, number)) {
            return each;
        }
    }
    return NULL;
}

static enum err say_write(const struct saying *saying, struct str rest)
{
    struct carrier *carrier = saying->carrier;
    struct item about = {.from = STR("+15005550006")};
    about.to = arena_str(carrier->arena, words_next(&rest));
    struct str channel = words_next(&rest);
    if (!read_channel(channel, &about.channel)) {
        return fail(saying, "no channel", channel);
    }
    const struct item *last = last_to(carrier, about.to, about.channel);
    about = last != NULL ? *last : about;
    struct str after = rest;
    if (carrier_brand_find(words_next(&after), &about.brand)) {
        rest = after;
    }
    struct str text = str_trim(rest);
    if (text.len >= 2 && text.ptr[0] == '"') {
        text = str_slice(text, 1, text.len - 1);
    }
    person_writes(carrier, saying->now, &about, text);
    return OK;
}

static bool read_kind(struct str word, struct fault *out)
{
    static const struct {
        const char *name;
        enum carrier_fault_kind kind;
    } kinds[] = {{"timeout", FAULT_TIMEOUT}, {"timeout-after", FAULT_TIMEOUT_AFTER},
                 {"reset", FAULT_RESET},     {"reset-after", FAULT_RESET_AFTER},
                 {"refused", FAULT_REFUSED}, {"nonsense", FAULT_NONSENSE},
                 {"slow", FAULT_SLOW}};
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (str_equal_text(word, kinds[i].name)) {
            out->kind = kinds[i].kind;
            return true;
        }
    }
    int64_t status = 0;
    size_t dash = str_find(word, STR("-after"));
    out->kind = dash < word.len ? FAULT_STATUS_AFTER : FAULT_STATUS;
    if (str_to_int(str_slice(word, 0, dash), &status) != OK || status < 300 || status > 599) {
        return false;
    }
    out->status = (int)status;
    return true;
}

static enum err say_fault(const struct saying *saying, struct brand_state *state, struct str rest)
{
    static const char *const operations[] = {
        [OP_CREATE] = "create", [OP_FIND] = "find",   [OP_POLL] = "poll", [OP_CANCEL] = "cancel",
        [OP_INBOX] = "inbox",   [OP_OTHER] = "other", [OP_ANY] = "any"};
    struct fault *fault = ARENA_NEW(saying->carrier->arena, struct fault);
    struct fault **last = &state->faults;
    struct str word = words_next(&rest);
    size_t at = 0;
    while (at < ARRAY_LENGTH(operations) && !str_equal_text(word, operations[at])) {
        at++;
    }
    *fault = (struct fault){.operation = (enum operation)at, .times = 1};
    struct str kind = words_next(&rest);
    if (at == ARRAY_LENGTH(operations) || !read_kind(kind, fault)) {
        return fail(saying, "no such fault", at == ARRAY_LENGTH(operations) ? word : kind);
    }
    while (str_is_set(word = words_next(&rest))) {
        bool is_always = str_equal_text(word, "always");
        int64_t *place = str_equal_text(word, "retry") ? &fault->retry_after : &fault->times;
        if (is_always) {
            fault->times = -1;
        } else if (str_to_int(words_next(&rest), place) != OK) {
            return fail(saying, "a number is missing after", word);
        }
    }
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = fault;
    return OK;
}

static enum err say_callbacks(const struct saying *saying, struct brand_state *state,
                              struct str rest)
{
    struct str word = words_next(&rest);
    int64_t seconds = 0;
    struct callbacks *callbacks = &state->callbacks;
    if (str_equal_text(word, "ok")) {
        *callbacks = (struct callbacks){0};
    } else if (str_equal_text(word, "early")) {
        callbacks->answer_delay = SECONDS(EARLY_SECONDS);
    } else if (str_equal_text(word, "twice")) {
        callbacks->are_twice = true;
    } else if (str_equal_text(word, "reversed")) {
        callbacks->are_reversed = true;
    } else if (str_equal_text(word, "lost")) {
        callbacks->are_lost = true;
    } else if (str_equal_text(word, "forged")) {
        callbacks->are_forged = true;
    } else if (str_equal_text(word, "lying")) {
        callbacks->are_lies = true;
    } else if (str_equal_text(word, "slow") && str_to_int(words_next(&rest), &seconds) == OK) {
        callbacks->delay = SECONDS(seconds);
    } else {
        return fail(saying, "callbacks can't be", word);
    }
    return OK;
}

static enum err say_down(const struct saying *saying, struct brand_state *state, struct str rest)
{
    struct str word = words_next(&rest);
    struct duration length = {0};
    state->is_down = true;
    state->down_until = INSTANT_NONE;
    if (!str_is_set(word)) {
        return OK;
    }
    if (duration_parse(word, &length) != OK) {
        return fail(saying, "no length of time", word);
    }
    state->down_until = instant_add(saying->now, length);
    return OK;
}

static enum err say_provider(const struct saying *saying, struct brand_state *state,
                             struct str rest)
{
    struct str word = words_next(&rest);
    int64_t seconds = 0;
    if (str_equal_text(word, "fault")) {
        return say_fault(saying, state, rest);
    }
    if (str_equal_text(word, "callbacks")) {
        return say_callbacks(saying, state, rest);
    }
    if (str_equal_text(word, "down")) {
        return say_down(saying, state, rest);
    }
    if (str_equal_text(word, "queue") && str_to_int(words_next(&rest), &seconds) == OK) {
        state->queue = SECONDS(seconds);
        return OK;
    }
    if (str_equal_text(word, "pages") && str_to_int(words_next(&rest), &state->page_max) == OK) {
        return OK;
    }
    bool is_well = str_equal_text(word, "well");
    if (!is_well && !str_equal_text(word, "up")) {
        return fail(saying, "a provider can't do that", word);
    }
    state->is_down = false;
    if (is_well) {
        state->faults = NULL;
        state->callbacks = (struct callbacks){0};
        state->queue = (struct duration){0};
    }
    return OK;
}

enum err carrier_say(struct carrier *carrier, struct instant now, struct str sentence,
                     struct str *wrong)
{
    struct saying saying = {carrier, now, wrong};
    enum carrier_brand brand = CARRIER_TWILIO;
    struct str word = words_next(&sentence);
    if (str_equal_text(word, "phone")) {
        return say_phone(&saying, sentence);
    }
    if (str_equal_text(word, "write")) {
        return say_write(&saying, sentence);
    }
    if (carrier_brand_find(word, &brand)) {
        return say_provider(&saying, &carrier->brands[brand], sentence);
    }
    return fail(&saying, "nothing begins with", word);
}
