#include "sim/carrier_internal.h"

enum {
    DIAL_MS = 200,
    RING_MS = 1000,
    BUSY_MS = 2000,
    REJECT_MS = 4000,
    PICK_UP_MS = 5000,
    LEAVE_MS = 500,
    ARRIVE_MS = 1000,
    MACHINE_MS = 3000,
    KEY_SECONDS = 3,
    WINDOW_HOURS = 24
};

static bool is_same_number(struct str a, struct str b)
{
    return str_equal(a, b);
}

static struct handset handset_take(struct carrier *carrier, struct str number, enum channel channel)
{
    struct script **place = &carrier->scripts;
    struct handset lasting = {.action = HANDSET_DEFAULT, .after_seconds = -1};
    for (; *place != NULL; place = &(*place)->next) {
        struct script *script = *place;
        if (script->channel != channel || !is_same_number(script->number, number)) {
            continue;
        }
        if (!script->is_lasting) {
            *place = script->next;
            return script->handset;
        }
        lasting = script->handset;
    }
    return lasting;
}

bool is_blocked(const struct carrier *carrier, const struct item *item)
{
    for (struct blocked *each = carrier->blocked; each != NULL; each = each->next) {
        if (each->brand == item->brand && each->channel == item->channel &&
            is_same_number(each->number, item->to)) {
            return true;
        }
    }
    return false;
}

/* Whether the person has written by WhatsApp within the last day. */
static bool has_window(const struct carrier *carrier, const struct item *item)
{
    for (struct item *each = carrier->items; each != NULL; each = each->next) {
        if (each->is_inbound && each->channel == item->channel &&
            is_same_number(each->to, item->to) &&
            instant_add(each->created_at, HOURS(WINDOW_HOURS)).us > item->created_at.us) {
            return true;
        }
    }
    return false;
}

/* Twilio's 21609 is about the callback's URL, which may not be there. */
static bool is_about_nothing(const struct item *item)
{
    return str_equal_text(item->handset.detail, "21609") && item->urls[URL_STATUS].len == 0;
}

static const char *refusal_of(const struct ask *ask, const struct item *item)
{
    const struct brand *brand = brand_of(item->brand);
    switch (item->handset.action) {
    case HANDSET_INVALID:
        return item->channel == channel_CALL && brand->invalid_call_code != NULL
                   ? brand->invalid_call_code
                   : brand->invalid_code;
    case HANDSET_LANDLINE:
        return item->channel == channel_CALL ? NULL : brand->landline_code;
    case HANDSET_REFUSE:
        return is_about_nothing(item) ? NULL : arena_cstr(ask->arena, item->handset.detail);
    case HANDSET_DEFAULT:
    case HANDSET_PRESS:
    case HANDSET_REPLY:
    case HANDSET_IGNORE:
    case HANDSET_BUSY:
    case HANDSET_VOICEMAIL:
    case HANDSET_REJECT:
    case HANDSET_UNDELIVERED:
    case HANDSET_OFF:
    case HANDSET_ACTION_COUNT:
        break;
    }
    return item->channel != channel_CALL && is_blocked(ask->carrier, item) ? brand->blocked_code
                                                                           : NULL;
}

static void at_ms(struct carrier *carrier, struct item *item, int64_t ms, enum item_state state)
{
    struct instant start = item->created_at;
    if (item->channel == channel_CALL) {
        start = instant_add(start, carrier->brands[item->brand].queue);
    }
    struct instant at = instant_add(start, MILLISECONDS(ms));
    tick_add(carrier, at, TICK_STATE, item)->state = state;
}

static void plan_call(struct carrier *carrier, struct item *item)
{
    at_ms(carrier, item, DIAL_MS, ITEM_INITIATED);
    if (item->handset.action == HANDSET_UNDELIVERED) {
        at_ms(carrier, item, RING_MS, ITEM_FAILED);
        return;
    }
    at_ms(carrier, item, RING_MS, ITEM_RINGING);
    switch (item->handset.action) {
    case HANDSET_BUSY:
        at_ms(carrier, item, BUSY_MS, ITEM_BUSY);
        break;
    case HANDSET_REJECT:
        at_ms(carrier, item, REJECT_MS, ITEM_BUSY);
        break;
    case HANDSET_IGNORE:
        at_ms(carrier, item, RING_MS + item->ring_seconds * 1000, ITEM_NO_ANSWER);
        break;
    case HANDSET_DEFAULT:
    case HANDSET_PRESS:
    case HANDSET_REPLY:
    case HANDSET_VOICEMAIL:
    case HANDSET_INVALID:
    case HANDSET_LANDLINE:
    case HANDSET_UNDELIVERED:
    case HANDSET_REFUSE:
    case HANDSET_OFF:
    case HANDSET_ACTION_COUNT:
        at_ms(carrier, item, PICK_UP_MS, ITEM_TALKING);
        break;
    }
}

static void plan_text(struct carrier *carrier, struct item *item)
{
    const struct handset *handset = &item->handset;
    bool is_slow = handset->action == HANDSET_DEFAULT || handset->action == HANDSET_IGNORE ||
                   handset->action == HANDSET_UNDELIVERED;
    int64_t end_ms =
        is_slow && handset->after_seconds > 0 ? handset->after_seconds * 1000 : ARRIVE_MS;
    if (item->channel == channel_WHATSAPP && !item->is_template && !has_window(carrier, item)) {
        item->code = STR("63016");
        at_ms(carrier, item, LEAVE_MS, ITEM_FAILED);
        return;
    }
    at_ms(carrier, item, LEAVE_MS, ITEM_SENT);
    if (handset->action != HANDSET_OFF) {
        at_ms(carrier, item, end_ms,
              handset->action == HANDSET_UNDELIVERED ? ITEM_UNDELIVERED : ITEM_DELIVERED);
    }
}

bool item_accept(struct ask *ask, struct item *item)
{
    struct carrier *carrier = ask->carrier;
    const struct brand *brand = brand_of(item->brand);
    item->handset = handset_take(carrier, item->to, item->channel);
    const char *refusal = refusal_of(ask, item);
    bool is_late = brand->refuses_late && item->handset.action != HANDSET_REFUSE;
    if (refusal != NULL && !is_late) {
        carrier_note(carrier, CARRIER_REFUSED, ask->now, item, str_from(refusal));
        brand->refuse(ask, 400, refusal);
        return false;
    }
    if (refusal != NULL) {
        item->handset = (struct handset){HANDSET_UNDELIVERED, str_from(refusal), 0};
    }
    if (item->handset.action == HANDSET_UNDELIVERED) {
        item->code = item->handset.detail;
    }
    item_know(carrier, item);
    carrier_note(carrier, CARRIER_ACCEPTED, ask->now, item, item->text);
    ask->is_created = true;
    if (item->channel == channel_CALL) {
        plan_call(carrier, item);
    } else {
        plan_text(carrier, item);
    }
    return true;
}

bool item_cancel(struct carrier *carrier, struct instant now, struct item *item)
{
    if (item_is_over(item)) {
        return false;
    }
    carrier_note(carrier, CARRIER_STOPPED, now, item, STR_NONE);
    item_to(carrier, now, item, item->state == ITEM_TALKING ? ITEM_COMPLETED : ITEM_CANCELED);
    return true;
}

static void pick_up(struct carrier *carrier, struct instant now, struct item *item)
{
    item->picked_up_at = now;
    carrier_note(carrier, CARRIER_PICKED_UP, now, item,
                 item->handset.action == HANDSET_VOICEMAIL ? STR("machine") : STR("human"));
    if (item->asks_machine) {
        tick_add(carrier, instant_add(now, MILLISECONDS(MACHINE_MS)), TICK_MACHINE, item);
    }
    if (str_is_set(item->inline_page)) {
        struct carrier_heard heard = {200, STR("text/xml"), item->inline_page};
        item_page(carrier, now, item, &heard);
    } else {
        hook_ask_page(carrier, now, item, NULL, STR_NONE);
    }
}

static void arrive(struct carrier *carrier, struct instant now, struct item *item)
{
    carrier_note(carrier, CARRIER_ARRIVED, now, item, item->text);
    if (item->handset.action == HANDSET_REPLY) {
        int64_t after = item->handset.after_seconds < 0 ? KEY_SECONDS : item->handset.after_seconds;
        tick_add(carrier, instant_add(now, SECONDS(after)), TICK_REPLY, item);
    }
}

void item_to(struct carrier *carrier, struct instant now, struct item *item, enum item_state state)
{
    item->state = state;
    if (item_is_over(item)) {
        item->ended_at = now;
        item->generation++;
    }
    hook_tell_state(carrier, now, item);
    if (state == ITEM_RINGING) {
        carrier_note(carrier, CARRIER_RANG, now, item, STR_NONE);
    } else if (state == ITEM_TALKING) {
        pick_up(carrier, now, item);
    } else if (state == ITEM_DELIVERED) {
        arrive(carrier, now, item);
    }
    if (item_is_over(item)) {
        carrier_note(carrier, CARRIER_ENDED, now, item, str_from(item_word(item)));
    }
}

/* --- What is said into a call --- */

static void next_verb(struct carrier *carrier, struct instant at, struct item *item)
{
    tick_add(carrier, at, TICK_VERB, item);
}

static int64_t say_prompts(struct carrier *carrier, struct instant now, struct item *item,
                           size_t count)
{
    int64_t seconds = 0;
    for (size_t i = 0; i < count; i++) {
        const struct page_verb *verb = &item->page.verbs[item->verb++];
        if (verb->kind == PAGE_SAY) {
            carrier_note(carrier, CARRIER_SPOKE, now, item, verb->text);
        }
        seconds += verb->kind == PAGE_SAY ? page_speech_seconds(verb->text) : verb->seconds;
    }
    return seconds;
}

/* When the person's next key comes, where it comes while the question is open. */
static bool key_comes(const struct item *item, struct instant now, struct instant until,
                      struct instant *out)
{
    const struct handset *handset = &item->handset;
    if (handset->action != HANDSET_PRESS || item->keys_pressed >= handset->detail.len) {
        return false;
    }
    int64_t after = handset->after_seconds < 0 ? KEY_SECONDS : handset->after_seconds;
    *out = instant_max(instant_add(item->picked_up_at, SECONDS(after)),
                       instant_add(now, MILLISECONDS(500)));
    return out->us <= until.us;
}

static void gather(struct carrier *carrier, struct instant now, struct item *item)
{
    const struct page_verb verb = item->page.verbs[item->verb++];
    int64_t seconds = verb.seconds + say_prompts(carrier, now, item, verb.prompts);
    struct instant until = instant_add(now, SECONDS(seconds));
    struct instant key_at = INSTANT_NONE;
    if (key_comes(item, now, until, &key_at)) {
        tick_add(carrier, key_at, TICK_KEY, item);
    } else {
        next_verb(carrier, until, item);
    }
}

/* The question is the last GATHER before the next verb. */
static void press(struct carrier *carrier, struct instant now, struct item *item)
{
    size_t at = item->verb;
    while (at > 0 && item->page.verbs[at - 1].kind != PAGE_GATHER) {
        at--;
    }
    struct page_verb verb = item->page.verbs[at == 0 ? 0 : at - 1];
    struct str key = str_slice(item->handset.detail, item->keys_pressed, item->keys_pressed + 1);
    item->keys_pressed++;
    carrier_note(carrier, CARRIER_PRESSED, now, item, key);
    hook_ask_page(carrier, now, item, &verb, key);
}

static void do_verb(struct carrier *carrier, struct instant now, struct item *item)
{
    if (item->verb >= item->page.count) {
        item_to(carrier, now, item, ITEM_COMPLETED);
        return;
    }
    const struct page_verb verb = item->page.verbs[item->verb];
    switch (verb.kind) {
    case PAGE_SAY:
    case PAGE_WAIT:
        next_verb(carrier, instant_add(now, SECONDS(say_prompts(carrier, now, item, 1))), item);
        break;
    case PAGE_GATHER:
        gather(carrier, now, item);
        break;
    case PAGE_HANG_UP:
        item_to(carrier, now, item, ITEM_COMPLETED);
        break;
    case PAGE_REDIRECT:
        hook_ask_page(carrier, now, item, &verb, STR_NONE);
        break;
    }
}

void item_page(struct carrier *carrier, struct instant now, struct item *item,
               const struct carrier_heard *heard)
{
    struct str wrong = STR_NONE;
    if (item->state != ITEM_TALKING) {
        return;
    }
    const struct brand *brand = brand_of(item->brand);
    bool is_branch = brand->branches_by_status && heard->status == 302;
    enum err err = heard->status == 200 || is_branch
                       ? brand->read_page(carrier, item, heard, &item->page, &wrong)
                       : E_UPSTREAM;
    item->verb = 0;
    if (err == OK) {
        do_verb(carrier, now, item);
        return;
    }
    if (str_is_set(wrong)) {
        carrier_note(carrier, CARRIER_WRONG, now, item, wrong);
    }
    item_to(carrier, now, item, ITEM_COMPLETED); /* "An application error has occurred." */
}

/* --- What people write --- */

static bool is_one_of(struct str text, const char *words)
{
    struct str rest = str_from(words);
    struct str word = STR_NONE;
    while (str_split(&rest, ' ', &word)) {
        if (str_equal_nocase(text, word)) {
            return true;
        }
    }
    return false;
}

static void unblock(struct carrier *carrier, const struct item *text)
{
    struct blocked **place = &carrier->blocked;
    while (*place != NULL) {
        struct blocked *each = *place;
        bool is_it = each->brand == text->brand && each->channel == text->channel &&
                     is_same_number(each->number, text->to);
        if (is_it) {
            *place = each->next;
        } else {
            place = &each->next;
        }
    }
}

/* The carrier itself takes some words, and tells us that it did. */
static void opt(struct carrier *carrier, struct item *text)
{
    struct str word = str_trim(text->text);
    if (text->channel != channel_SMS) {
        return;
    }
    if (is_one_of(word, "STOP UNSUBSCRIBE END QUIT STOPALL REVOKE OPTOUT CANCEL")) {
        struct blocked *blocked = ARENA_NEW(carrier->arena, struct blocked);
        *blocked = (struct blocked){carrier->blocked, text->brand, text->channel, text->to};
        carrier->blocked = blocked;
        text->code = STR("STOP");
    } else if (is_one_of(word, "START YES UNSTOP")) {
        unblock(carrier, text);
        text->code = STR("START");
    } else if (is_one_of(word, "HELP INFO")) {
        text->code = STR("HELP");
    }
}

void person_writes(struct carrier *carrier, struct instant now, const struct item *about,
                   struct str text)
{
    struct item *item = ARENA_NEW(carrier->arena, struct item);
    *item = (struct item){
        .brand = about->brand,
        .channel = about->channel,
        .to = about->to,
        .from = about->from,
        .text = arena_str(carrier->arena, text),
        .is_inbound = true,
        .state = ITEM_DELIVERED,
        .created_at = now,
        .id = arena_printf(carrier->arena, "SM%032llx",
                           (unsigned long long)(++carrier->serial + 0xfeed0000)),
    };
    item_know(carrier, item);
    carrier_note(carrier, CARRIER_WROTE, now, item, text);
    opt(carrier, item);
    hook_tell_text(carrier, now, item);
}

void item_tick(struct carrier *carrier, const struct tick *tick)
{
    struct item *item = tick->item;
    bool is_void = tick->generation != item->generation && tick->kind != TICK_REPLY;
    if (is_void) {
        return;
    }
    switch (tick->kind) {
    case TICK_STATE:
        item_to(carrier, tick->at, item, tick->state);
        break;
    case TICK_VERB:
        do_verb(carrier, tick->at, item);
        break;
    case TICK_KEY:
        press(carrier, tick->at, item);
        break;
    case TICK_MACHINE:
        hook_tell_machine(carrier, tick->at, item);
        break;
    case TICK_REPLY:
        person_writes(carrier, tick->at, item, item->handset.detail);
        break;
    case TICK_HOOK:
        break;
    }
}
