#include "service/replies.h"

#include "service/answers.h"
#include "service/do_not_call.h"
#include "service/engine.h"
#include "service/incidents.h"
#include "service/short_codes.h"
#include "service/suppressions.h"
#include "service/wording.h"
#include "store/inbound.h"
#include "store/people.h"

enum { WRONG_MAX = 5, TEXT_BYTES_MAX = 2000, NAME_BYTES_MAX = 128 };

static const struct duration forgiven_after = SECONDS_INIT(24 * 3600);
static const struct duration reply_valid = SECONDS_INIT(600);

/* One text on its way to its meaning. */
struct incoming {
    const struct provider *provider;
    const struct provider_news *news;
    enum message_source source;
    struct reply reply;
    struct list users;    /* Who has the number: several people may share one. */
    struct list contacts; /* Whose emergency contact has it. */
    struct open_subjects *subjects;
    struct inbound_text row;
    struct wording wording; /* What is written back; text_key_NONE for nothing. */
};

static bool is_own_number(const struct provider_settings *settings, struct str number)
{
    const struct str own[] = {settings->twilio.from_number, settings->twilio.whatsapp_from,
                              settings->plivo.from_number, settings->exotel.caller_id,
                              settings->exotel.sms_from};
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++) {
        if (own[i].len > 0 && str_equal(own[i], number)) {
            return true;
        }
    }
    return false;
}

/* What stands in a row is readable text of a sane length, whatever came in. */
static struct str readable(struct str text, size_t bytes_max)
{
    return str_is_utf8(text) ? str_cut_utf8(text, bytes_max) : STR("(unreadable)");
}

/* Whoever has the number, or, for an emergency contact, the person that it is about. */
static const struct user *person_of(const struct incoming *text)
{
    const struct list lists[] = {text->users, text->contacts};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        const struct user *users = lists[i].items;
        for (size_t j = 0; j < lists[i].count; j++) {
            if (id_equal(users[j].id, text->row.user_id)) {
                return &users[j];
            }
        }
    }
    return NULL;
}

/* A yes re-enables who had sent STOP, at the carrier as here. From anybody else it is an answer,
 * though a carrier that minds STOP and START may call every yes a START. */
static enum err word_of_yes(struct op *op, const struct incoming *text, enum reply_word *out)
{
    enum failure_category suppressed = failure_category_NONE;
    TRY(suppression_of(op, text->news->channel, text->news->from, &suppressed));
    *out = suppressed == failure_category_opted_out ? REPLY_START : REPLY_UNKNOWN;
    return OK;
}

/* The carrier's word, whether it says so itself or we see it. */
static enum err carrier_word(struct op *op, const struct incoming *text, enum reply_word *out)
{
    struct str told = text->news->opt_out;
    if (str_equal_nocase(str_trim(text->news->text), STR("yes"))) {
        return word_of_yes(op, text, out);
    }
    *out = str_equal_nocase(told, STR("STOP"))    ? REPLY_STOP
           : str_equal_nocase(told, STR("START")) ? REPLY_START
           : str_equal_nocase(told, STR("HELP"))  ? REPLY_HELP
                                                  : text->reply.word;
    bool is_carriers = *out == REPLY_STOP || *out == REPLY_START || *out == REPLY_HELP;
    *out = is_carriers ? *out : REPLY_UNKNOWN;
    return OK;
}

static enum err take_carrier_word(struct op *op, struct incoming *text, enum reply_word word)
{
    text->row.meaning = str_from(reply_word_name(word));
    op_log(op, LOG_INFO, LOG_CHECKIN, "the carrier's word: %s", reply_word_name(word));
    if (word == REPLY_STOP) {
        struct suppress_request request = {.channel = text->news->channel,
                                           .address = text->news->from,
                                           .user = text->row.user_id,
                                           .category = failure_category_opted_out,
                                           .provider = text->row.provider,
                                           .code = STR("STOP")};
        struct opt_out never = {.phone = text->news->from, .source = consent_source_REPLY};
        struct do_not_call row = {0};
        bool is_known = false;
        TRY(suppress(op, &request));
        return do_not_call_add(op, &never, &row, &is_known);
    }
    if (word == REPLY_START) {
        TRY(do_not_call_heard_start(op, text->news->from));
        return suppression_lift(op, text->news->channel, text->news->from, LIFT_START);
    }
    return OK;
}

/* The newest that waits; where none does the newest at all, whose answer may be changed. */
static const struct open_subject *newest(const struct incoming *text)
{
    const struct open_subjects *subjects = text->subjects;
    const struct open_subject *any = NULL;
    bool is_dispatch_word = text->reply.word == REPLY_ACCEPT || text->reply.word == REPLY_DECLINE;
    for (size_t i = 0; i < subjects->count; i++) {
        const struct open_subject *subject = &subjects->items[i];
        bool is_dispatch = subject->last.subject_type == subject_type_DISPATCH;
        bool is_meant = text->reply.word == REPLY_RESOLVE ? subject->can_end : subject->waits;
        if (is_meant && (is_dispatch || !is_dispatch_word)) {
            return subject;
        }
        any = any == NULL && (is_dispatch || !is_dispatch_word) ? subject : any;
    }
    return any != NULL || subjects->count == 0 ? any : &subjects->items[0];
}

/* How many others wait, and the newest of them. */
static int64_t others_waiting(const struct incoming *text, const struct open_subject *chosen,
                              const struct open_subject **first)
{
    int64_t count = 0;
    *first = NULL;
    for (size_t i = 0; i < text->subjects->count; i++) {
        const struct open_subject *subject = &text->subjects->items[i];
        if (subject == chosen || !subject->waits) {
            continue;
        }
        *first = *first == NULL ? subject : *first;
        count++;
    }
    return count;
}

static void nothing_open(struct incoming *text)
{
    text->row.meaning = STR("NOTHING_OPEN");
    text->wording.key = text_key_REPLY_NOTHING_OPEN;
}

static enum err not_understood(struct op *op, struct incoming *text)
{
    char cut[CUT_MESSAGE_MAX];
    struct str heard = cut_message(text->row.text, cut);
    const struct open_subject *first = NULL;
    text->row.meaning = STR("NOT_UNDERSTOOD");
    text->wording.key = text_key_REPLY_NOT_UNDERSTOOD;
    if (others_waiting(text, NULL, &first) > 1) {
        text->wording.title = first->title;
        TRY(short_code_make(op, first->user, first->id, &text->wording.code));
    }
    return op_audit(op, (struct audit_entry){.action = "REPLY_NOT_UNDERSTOOD",
                                             .subject_type = subject_type_USER,
                                             .subject = text->row.user_id,
                                             .user = text->row.user_id,
                                             .after = arena_str(op->arena, heard)});
}

/* What the text is about needs no answer any more, or none of this kind. */
static enum err refused(struct op *op, struct incoming *text, const struct open_subject *chosen)
{
    const struct open_subject *other = NULL;
    int64_t others = others_waiting(text, chosen, &other);
    if (chosen->waits) {
        return not_understood(op, text);
    }
    nothing_open(text);
    if (others == 0) {
        return OK;
    }
    text->wording.key = text_key_REPLY_SETTLED;
    text->wording.title = chosen->title;
    text->wording.count = others;
    return short_code_make(op, other->user, other->id, &text->wording.code);
}

static enum err say_what_was_taken(struct op *op, struct incoming *text,
                                   const struct open_subject *chosen)
{
    const struct open_subject *other = NULL;
    int64_t others = others_waiting(text, chosen, &other);
    bool is_yes = text->reply.word == REPLY_ACCEPT || text->reply.word == REPLY_JOINED ||
                  text->reply.word == REPLY_ACKNOWLEDGE;
    text->wording.key =
        is_yes && str_is_set(chosen->phone) ? text_key_DISPATCH_YOURS : text_key_REPLY_TAKEN;
    text->wording.title = chosen->title;
    text->wording.phone = chosen->phone;
    if (others == 0 || text->reply.code[0] != '\0') {
        return OK;
    }
    text->wording.key = text_key_REPLY_WHICH;
    text->wording.count = others;
    return short_code_make(op, other->user, other->id, &text->wording.code);
}

static enum err say_who_has_it(struct op *op, struct incoming *text,
                               const struct open_subject *chosen)
{
    struct incident incident = {0};
    TRY(db_get(op->db, TABLE_incidents, chosen->last.subject_id, op->arena, &incident));
    nothing_open(text);
    text->wording.key = text_key_REPLY_TAKEN_ALREADY;
    text->wording.title = chosen->title;
    return incident_taker_name(op, &incident, &text->wording.by);
}

static enum err answer_subject(struct op *op, struct incoming *text,
                               const struct open_subject *chosen)
{
    enum answer_effect effect = ANSWER_REFUSED;
    struct person_answer answer = {.message = &chosen->last,
                                   .word = text->reply.word,
                                   .source = checkin_source_MANUAL_SMS,
                                   .heard = STR("reply"),
                                   .is_doubtful =
                                       text->reply.code[0] == '\0' && text->subjects->count > 1};
    text->row.user_id = chosen->user;
    text->row.subject_id = chosen->id;
    text->wording.is_drill = chosen->is_drill;
    TRY(take_answer(op, &answer, &effect));
    bool is_needless = effect == ANSWER_TOO_LATE || effect == ANSWER_STILL_YOURS;
    if (is_needless) {
        nothing_open(text);
        text->wording.title = chosen->title;
        text->wording.key = effect == ANSWER_TOO_LATE ? text_key_DISPATCH_ACCEPTED_ELSEWHERE
                                                      : text_key_DISPATCH_STILL_YOURS;
        return OK;
    }
    if (effect == ANSWER_TAKEN_ELSEWHERE) {
        return say_who_has_it(op, text, chosen);
    }
    if (effect == ANSWER_REFUSED) {
        return refused(op, text, chosen);
    }
    text->row.meaning =
        effect == ANSWER_TAKEN ? str_from(reply_word_name(text->reply.word)) : STR("REPEATED");
    return say_what_was_taken(op, text, chosen);
}

static enum err choose_subject(struct op *op, struct incoming *text)
{
    const struct open_subject *chosen = NULL;
    TRY(open_subjects_add(op, &text->users, message_target_PERSON, text->subjects));
    TRY(open_subjects_add(op, &text->contacts, message_target_EMERGENCY_CONTACT, text->subjects));
    if (text->reply.word == REPLY_UNKNOWN) {
        return not_understood(op, text);
    }
    if (text->reply.code[0] != '\0') {
        TRY(short_code_find(op, text->subjects, str_from(text->reply.code), &chosen));
        return chosen == NULL ? not_understood(op, text) : answer_subject(op, text, chosen);
    }
    chosen = newest(text);
    if (chosen == NULL) {
        nothing_open(text);
        return OK;
    }
    return answer_subject(op, text, chosen);
}

static enum err understand(struct op *op, struct incoming *text)
{
    enum reply_word carrier = REPLY_UNKNOWN;
    TRY(users_by_phone(op->db, op->arena, text->news->from, &text->users));
    TRY(users_by_emergency_phone(op->db, op->arena, text->news->from, &text->contacts));
    const struct list *known = text->users.count > 0 ? &text->users : &text->contacts;
    text->row.user_id = known->count > 0 ? ((const struct user *)known->items)[0].id : ID_NONE;
    TRY(carrier_word(op, text, &carrier));
    if (carrier != REPLY_UNKNOWN) {
        return take_carrier_word(op, text, carrier);
    }
    if (known->count == 0) {
        text->row.meaning = STR("UNKNOWN_NUMBER");
        return OK;
    }
    return choose_subject(op, text);
}

static bool is_wrong(struct str meaning)
{
    return str_equal(meaning, STR("NOT_UNDERSTOOD")) || str_equal(meaning, STR("NOTHING_OPEN")) ||
           str_equal(meaning, STR("REPEATED"));
}

static enum err word_answer(struct op *op, struct incoming *text)
{
    int64_t wrong = 0;
    enum failure_category suppressed = failure_category_NONE;
    if (text->wording.key == text_key_NONE) {
        return OK;
    }
    TRY(suppression_of(op, text->news->channel, text->news->from, &suppressed));
    if (suppressed == failure_category_opted_out) {
        return OK; /* It counts, and nothing is written to who sent STOP. */
    }
    TRY(inbound_texts_wrong(op->db, op->arena, text->row.sender,
                            instant_sub(op->now, forgiven_after), &wrong));
    if (is_wrong(text->row.meaning) && wrong >= WRONG_MAX) {
        op_log(op, LOG_WARN, LOG_CHECKIN, "%d texts in a row were of no use: not answered",
               WRONG_MAX);
        return OK;
    }
    text->wording.user = person_of(text);
    return word_reply(op, &text->wording, text->news->channel, &text->row.reply);
}

/* Whether the answer to the webhook brings the reply to who wrote: some providers' answers say
 * nothing to anybody, and nobody called who was asked. */
static bool is_carried(const struct op *op, const struct incoming *text)
{
    struct http_response with = {0};
    struct http_response without = {0};
    if (text->source != message_source_CALLBACK) {
        return false;
    }
    text->provider->write_answer(HOOK_SMS, text->row.reply, op->arena, &with);
    text->provider->write_answer(HOOK_SMS, STR_NONE, op->arena, &without);
    return !str_equal(with.body, without.body);
}

static enum err send_reply(struct op *op, const struct incoming *text)
{
    struct id ignored = ID_NONE;
    const struct user *person = person_of(text);
    struct message_plan plan = {
        .subject_type = subject_type_USER,
        .subject = text->row.user_id,
        .user = text->row.user_id,
        .target = text->users.count > 0 ? message_target_PERSON : message_target_EMERGENCY_CONTACT,
        .channel = text->news->channel,
        .recipient = text->news->from,
        .text = text->row.reply,
        .language = render_language(person == NULL ? STR_NONE : person->locale),
        .due_at = op->now,
        .valid_until = instant_add(op->now, reply_valid),
        .priority = PRIORITY_MEDIUM,
    };
    enum err err = message_queue(op, &plan, &ignored);
    return err == E_RATE_LIMITED ? OK : err;
}

static enum err note_text(struct op *op, const struct incoming *text, struct inbound_text *row)
{
    char masked[MASKED_MAX];
    op_log(op, LOG_INFO, LOG_CHECKIN, "reply from %s: %.*s",
           mask_phone(text->news->from, masked).ptr, STR_FMT(row->meaning));
    return inbound_texts_put(op->db, op->arena, row);
}

static struct inbound_text row_of(struct op *op, const struct incoming *text)
{
    const struct provider_news *news = text->news;
    struct inbound_text row = {
        .id = op_new_id(op),
        .provider = str_from(text->provider->name),
        .channel = (int)news->channel,
        .sender = readable(news->from, NAME_BYTES_MAX),
        .text = readable(str_is_set(news->text) ? news->text : STR(""), TEXT_BYTES_MAX),
        .received_at = op->now,
    };
    /* Without a name of its provider's it can't be told from another. */
    row.provider_id = str_is_set(news->provider_id) && news->provider_id.len > 0
                          ? readable(news->provider_id, NAME_BYTES_MAX)
                          : op_id_text(op, row.id);
    return row;
}

enum err take_text(struct op *op, const struct provider *provider, const struct provider_news *news,
                   enum message_source source, struct str *out)
{
    struct incoming text = {.provider = provider,
                            .news = news,
                            .source = source,
                            .reply = reply_read(news->text),
                            .subjects = ARENA_NEW(op->arena, struct open_subjects)};
    struct inbound_text known = {0};
    *out = STR_NONE;
    if (is_own_number(&op->site->provider_settings, news->from)) {
        op_log(op, LOG_INFO, LOG_CHECKIN, "a text from one of our own numbers is ignored");
        return OK;
    }
    text.row = row_of(op, &text);
    enum err err =
        inbound_texts_get(op->db, op->arena, text.row.provider, text.row.provider_id, &known);
    if (err != E_NOT_FOUND) {
        *out = err == OK ? known.reply : STR_NONE;
        return err;
    }
    /* Whoever writes from a number has it, whatever a provider said of it. */
    TRY(suppression_lift(op, news->channel, news->from, LIFT_HEARD));
    TRY(understand(op, &text));
    TRY(word_answer(op, &text));
    TRY(note_text(op, &text, &text.row));
    if (!str_is_set(text.row.reply)) {
        return OK;
    }
    if (!is_carried(op, &text)) {
        return send_reply(op, &text);
    }
    *out = text.row.reply;
    return OK;
}
