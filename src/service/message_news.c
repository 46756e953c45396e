#include "service/message_internal.h"

#include "domain/receipt.h"
#include "service/call_outcomes.h"
#include "service/outcomes.h"
#include "service/polls.h"
#include "store/delivery.h"

#include "model/json.h"

static const struct duration early_keep = SECONDS_INIT(600);

static bool is_failure(enum message_state state)
{
    return state == message_state_UNDELIVERED || state == message_state_NO_ANSWER ||
           state == message_state_BUSY || state == message_state_FAILED;
}

static enum failure_category category_of(const struct provider_news *news, enum message_state state)
{
    if (news->category != failure_category_NONE) {
        return news->category;
    }
    return state == message_state_BUSY          ? failure_category_busy
           : state == message_state_NO_ANSWER   ? failure_category_no_answer
           : state == message_state_UNDELIVERED ? failure_category_unreachable
                                                : failure_category_unknown;
}

/* Why it did not get through; gone where the person has answered after all. */
static void take_cause(const struct provider_news *news, struct message *message)
{
    enum message_state state = (enum message_state)message->state;
    if (is_failure(state) && news->state == state) {
        enum failure_category category = category_of(news, state);
        message->error = str_is_set(news->error) ? news->error
                                                 : str_from(enum_name(&message_state_names, state));
        message->category = (int)category;
        message->code = news->code;
        message->failure_class = (int)retry_class(news->class, category);
    } else if (news->is_machine && message->receipt_level < receipt_level_HUMAN) {
        message->error = STR("voicemail");
        message->category = failure_category_no_answer;
    } else if (message->receipt_level >= receipt_level_HUMAN && !is_failure(state) &&
               str_equal(message->error, STR("voicemail"))) {
        message->error = STR_NONE;
        message->category = 0;
    }
}

/* What is no step forward: what it cost, how long it was, what it is called. True where any is new.
 */
static bool take_facts(const struct provider_news *news, struct message *message)
{
    struct message before = *message;
    if (str_is_set(news->provider_id)) {
        message->provider_id = news->provider_id;
    }
    if (str_is_set(news->currency) && news->cost_micros >= 0) {
        message->cost_micros = news->cost_micros;
        message->currency = news->currency;
    }
    if (news->duration_seconds > 0) {
        message->duration_seconds = news->duration_seconds;
    }
    return !str_equal(before.provider_id, message->provider_id) ||
           before.cost_micros != message->cost_micros ||
           !str_equal(before.currency, message->currency) ||
           before.duration_seconds != message->duration_seconds;
}

static void stamp(const struct op *op, const struct provider_news *news, struct message *message)
{
    bool has_arrived =
        message->state == message_state_DELIVERED || message->state == message_state_ANSWERED;
    bool is_over = news->is_end || is_failure((enum message_state)message->state) ||
                   message->state == message_state_CANCELLED;
    if (has_arrived && !instant_is_set(message->delivered_at)) {
        message->delivered_at = op->now;
    }
    if (is_over && !instant_is_set(message->ended_at)) {
        message->ended_at = op->now;
    }
}

/* Only what was taken and did not arrive is followed: a call that rang out, or that a machine took,
 * is what ladders are for. */
static enum err follow_end(struct op *op, struct message *message, enum message_state before,
                           bool is_told)
{
    struct message_failure ended = {.stage = RETRY_ENDED, .is_told = is_told};
    bool is_lost =
        message->state == message_state_UNDELIVERED || message->state == message_state_FAILED;
    if (!is_lost || message->state == (int)before) {
        return OK;
    }
    op_log(op, LOG_WARN, message->channel == channel_CALL ? LOG_CALL : LOG_WORKER,
           "%s %s: category=%s", enum_name(&channel_names, message->channel),
           enum_name(&message_state_names, message->state),
           enum_name(&failure_category_names, message->category));
    return message_follow(op, message, &ended);
}

/* A call is over when it is hung up; a text when it has arrived, or never will. */
static bool is_over(const struct message *message)
{
    bool is_settled = message->channel != channel_CALL &&
                      message_state_is_end((enum message_state)message->state);
    return is_settled || instant_is_set(message->ended_at);
}

static enum err apply(struct op *op, struct message *message, const struct provider_news *news,
                      enum message_source source)
{
    struct receipt known = {(enum message_state)message->state,
                            (enum receipt_level)message->receipt_level};
    struct receipt now = known;
    bool was_over = is_over(message);
    bool is_ending = news->is_end && !instant_is_set(message->ended_at);
    bool is_first_word = news->is_machine && !str_equal(message->error, STR("voicemail")) &&
                         message->receipt_level < receipt_level_HUMAN;
    if (known.state == message_state_QUEUED) {
        return OK; /* Nothing has left; whoever says so is mistaken. */
    }
    bool is_step = receipt_apply(known, (struct receipt){news->state, news->level}, &now) ||
                   is_ending || is_first_word;
    bool is_fact = take_facts(news, message);
    if (!is_step && !is_fact) {
        return OK;
    }
    if (known.state == message_state_SENDING) {
        /* The news overtook the provider's own answer: it was taken, or there would be no news.
         * What came even earlier may have made the message more than this says. */
        TRY(message_accept(op, message, source, message->provider_id));
        TRY(db_get(op->db, TABLE_messages, message->id, op->arena, message));
        if (message->state != message_state_SENT) {
            return apply(op, message, news, source);
        }
        take_facts(news, message);
    }
    message->state = (int)now.state;
    message->receipt_level = (int)(now.level > (enum receipt_level)message->receipt_level
                                       ? now.level
                                       : (enum receipt_level)message->receipt_level);
    if (is_step) {
        message->provider_state =
            str_is_set(news->provider_state) ? news->provider_state : message->provider_state;
        take_cause(news, message);
        stamp(op, news, message);
    }
    if (message->target == message_target_CALLEE) {
        op_decided(op);
    }
    TRY(messages_receipt(op->db, message));
    if (!is_step) {
        return OK;
    }
    TRY(message_note(op, message, source, news->is_machine ? STR("voicemail") : news->error));
    TRY(source == message_source_PERSON ? OK : poll_heard(op, message));
    if (message->target == message_target_CALLEE) {
        TRY(call_message_heard(op, message));
    }
    TRY(follow_end(op, message, known.state, news->class != failure_class_NONE));
    return is_over(message) && !was_over ? outcome_over(op, message) : OK;
}

static struct kept_news keep(const struct provider_news *news, enum message_source source)
{
    return (struct kept_news){
        .source = (int)source,
        .state = (int)news->state,
        .level = (int)news->level,
        .is_end = news->is_end,
        .is_machine = news->is_machine,
        .provider_state = news->provider_state,
        .code = news->code,
        .error = news->error,
        .category = (int)news->category,
        .failure_class = (int)news->class,
        .cost_micros = news->cost_micros,
        .currency = news->currency,
        .duration_seconds = news->duration_seconds,
    };
}

static struct provider_news unpack(const struct kept_news *kept, struct str provider_id)
{
    return (struct provider_news){
        .kind = NEWS_STATE,
        .provider_id = provider_id,
        .state = (enum message_state)kept->state,
        .level = (enum receipt_level)kept->level,
        .is_end = kept->is_end,
        .is_machine = kept->is_machine,
        .provider_state = kept->provider_state,
        .sequence = -1,
        .code = kept->code,
        .error = kept->error,
        .category = (enum failure_category)kept->category,
        .class = (enum failure_class)kept->failure_class,
        .cost_micros = kept->cost_micros,
        .currency = kept->currency,
        .duration_seconds = kept->duration_seconds,
    };
}

/* An id that nobody knows may be one that is about to be written. */
static enum err keep_early(struct op *op, const struct provider *provider,
                           const struct provider_news *news, enum message_source source)
{
    struct kept_news kept = keep(news, source);
    struct early_news row = {
        .id = op_new_id(op),
        .provider = str_from(provider->name),
        .provider_id = news->provider_id,
        .news = op_record_text(op, &kept_news_record, &kept),
        .received_at = op->now,
    };
    TRY(early_news_forget(op->db, instant_sub(op->now, early_keep)));
    return db_insert(op->db, TABLE_early_news, op->arena, &row);
}

static struct early_query kept_for(const struct op *op, const struct message *message)
{
    return (struct early_query){.provider = message->provider,
                                .provider_id = message->provider_id,
                                .since = instant_sub(op->now, early_keep)};
}

enum err message_take_early_news(struct op *op, const struct message *message)
{
    struct early_query query = kept_for(op, message);
    struct list rows = {0};
    const struct provider *provider = provider_find(message->provider);
    if (provider == NULL || provider == &provider_mock || !str_is_set(message->provider_id)) {
        return OK;
    }
    TRY(early_news_of(op->db, op->arena, &query, &rows));
    const struct early_news *items = rows.items;
    for (size_t i = 0; i < rows.count; i++) {
        struct problem problem = {0};
        struct json_context context = {
            .arena = op->arena, .id_key = op->site->id_key, .problem = &problem};
        struct kept_news kept = {0};
        struct message fresh = {0};
        if (record_from_json(&context, &kept_news_record, items[i].news, &kept, NULL) != OK) {
            op_log(op, LOG_WARN, LOG_WORKER, "kept news could not be read: %s", problem.message);
            continue;
        }
        struct provider_news news = unpack(&kept, message->provider_id);
        TRY(db_get(op->db, TABLE_messages, message->id, op->arena, &fresh));
        TRY(apply(op, &fresh, &news, (enum message_source)kept.source));
    }
    return rows.count == 0 ? OK : early_news_taken(op->db, &query);
}

static bool is_open(const struct message *message)
{
    bool is_going_on =
        message->state == message_state_SENDING || message->state == message_state_SENT ||
        (message->channel == channel_CALL && message->state == message_state_ANSWERED);
    return is_going_on && !instant_is_set(message->ended_at);
}

enum err message_unproven_since(struct op *op, const struct message *message, struct instant *out)
{
    struct early_query query = kept_for(op, message);
    struct list rows = {0};
    *out = INSTANT_NONE;
    if (!str_is_set(message->provider_id)) {
        return OK;
    }
    TRY(early_news_of(op->db, op->arena, &query, &rows));
    const struct early_news *items = rows.items;
    *out = rows.count > 0 ? items[0].received_at : INSTANT_NONE;
    return OK;
}

/* What nobody has signed gives no message another name. Of an end it only shows that the message
 * was taken, until the provider, which is asked at once, has answered. */
static enum err apply_unproven(struct op *op, const struct provider *provider,
                               struct message *message, const struct provider_news *news,
                               enum message_source source)
{
    struct provider_news told = *news;
    struct provider_news taken = {.kind = NEWS_STATE,
                                  .state = message_state_SENT,
                                  .level = receipt_level_ACCEPTED,
                                  .sequence = -1,
                                  .cost_micros = -1,
                                  .duration_seconds = -1};
    struct instant since = INSTANT_NONE;
    bool is_asked = false;
    if (str_is_set(message->provider_id)) {
        told.provider_id = message->provider_id;
    }
    if (!news->is_end || !is_open(message)) {
        return apply(op, message, &told, source);
    }
    taken.provider_id = told.provider_id;
    TRY(apply(op, message, &taken, source));
    TRY(message_unproven_since(op, message, &since));
    if (instant_is_set(since)) {
        return OK; /* The same once more, or something else: the answer will tell. */
    }
    TRY(poll_at_once(op, message, &is_asked));
    return is_asked ? keep_early(op, provider, &told, source) : apply(op, message, &told, source);
}

enum err message_take_unproven(struct op *op, const struct message *message)
{
    op_log(op, LOG_WARN, LOG_WORKER,
           "%.*s does not say what became of a message; what an unsigned callback said is taken",
           STR_FMT(message->provider));
    return message_take_early_news(op, message);
}

/* An email that is repeated keeps its id on the wire: what is told of that id concerns the attempt
 * that the provider took, and that one has the provider's name for it. */
static enum err find_taken(struct op *op, const struct provider *provider,
                           const struct provider_news *news, struct message *message)
{
    bool may_be_repeated = message->channel == channel_EMAIL &&
                           message->state == message_state_FAILED &&
                           !str_is_set(message->provider_id);
    struct message taken = {0};
    if (!may_be_repeated || !str_is_set(news->provider_id)) {
        return OK;
    }
    enum err err = messages_by_provider_id(op->db, op->arena, str_from(provider->name),
                                           news->provider_id, &taken);
    if (err == OK) {
        *message = taken;
    }
    return err == E_NOT_FOUND ? OK : err;
}

static enum err find(struct op *op, const struct provider *provider,
                     const struct provider_news *news, struct message *out)
{
    struct id attempt = ID_NONE;
    if (str_is_set(news->attempt) && id_parse(op->site->id_key, news->attempt, &attempt) == OK) {
        enum err err = db_get(op->db, TABLE_messages, attempt, op->arena, out);
        /* One provider cannot speak for another's: what signs nothing has the token of any. */
        bool is_theirs = err != OK || str_equal_text(out->provider, provider->name);
        if (err != E_NOT_FOUND && is_theirs) {
            return err == OK ? find_taken(op, provider, news, out) : err;
        }
    }
    if (!str_is_set(news->provider_id)) {
        return E_NOT_FOUND;
    }
    return messages_by_provider_id(op->db, op->arena, str_from(provider->name), news->provider_id,
                                   out);
}

enum err message_take_news(struct op *op, const struct provider *provider,
                           const struct provider_news *news, enum message_source source)
{
    struct message message = {0};
    enum err err = find(op, provider, news, &message);
    if (err == E_NOT_FOUND) {
        return str_is_set(news->provider_id) ? keep_early(op, provider, news, source) : OK;
    }
    TRY(err);
    return news->is_unproven ? apply_unproven(op, provider, &message, news, source)
                             : apply(op, &message, news, source);
}

/* The provider has answered: an end that nobody signed is forgotten, whether this is that end, or
 * the provider has said too often that there is none. */
static enum err judge_unproven(struct op *op, const struct message *message)
{
    struct early_query query = kept_for(op, message);
    struct instant since = INSTANT_NONE;
    bool is_over = instant_is_set(message->ended_at);
    bool is_denied = false;
    TRY(message_unproven_since(op, message, &since));
    if (!instant_is_set(since)) {
        return OK;
    }
    TRY(is_over ? OK : poll_goes_on(op, message, since, &is_denied));
    if (is_denied) {
        op_log(op, LOG_WARN, LOG_WORKER,
               "an unsigned callback said that a message by %.*s had ended, which is not so",
               STR_FMT(message->provider));
    }
    return is_over || is_denied ? early_news_taken(op->db, &query) : OK;
}

enum err message_take_poll(struct op *op, struct message *message, const struct provider_news *news)
{
    if (news->kind != NEWS_STATE) {
        return OK;
    }
    TRY(apply(op, message, news, message_source_POLL));
    return judge_unproven(op, message);
}

enum err message_confirm(struct op *op, const struct message *message, struct str word)
{
    struct message answered = *message;
    bool is_open = message->state == message_state_SENDING || message->state == message_state_SENT;
    enum message_state reached =
        message->channel == channel_CALL ? message_state_ANSWERED : message_state_DELIVERED;
    if (is_open && message->channel == channel_CALL && !str_starts(word, STR("key"))) {
        return OK; /* A text or a link says nothing about a call that is being placed or rings. */
    }
    struct provider_news news = {
        .kind = NEWS_STATE,
        .state = is_open ? reached : (enum message_state)message->state,
        .level = receipt_level_CONFIRMED,
        .provider_state = word,
        .sequence = -1,
        .cost_micros = -1,
        .duration_seconds = -1,
    };
    return apply(op, &answered, &news, message_source_PERSON);
}

enum err message_seen(struct op *op, struct id id)
{
    struct message message = {0};
    enum err err = db_get(op->db, TABLE_messages, id, op->arena, &message);
    if (err != OK) {
        return err == E_NOT_FOUND ? OK : err;
    }
    struct provider_news news = {
        .kind = NEWS_STATE,
        .state = (enum message_state)message.state,
        .level = receipt_level_REACHED,
        .provider_state = STR("seen"),
        .sequence = -1,
        .cost_micros = -1,
        .duration_seconds = -1,
    };
    return apply(op, &message, &news, message_source_PERSON);
}
