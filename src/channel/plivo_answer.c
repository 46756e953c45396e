#include "channel/find.h"
#include "channel/plivo.h"

#include "model/json_tree.h"

static const struct duration lists_lag = SECONDS_INIT(30);

/* The one id of an answer, which is a text or an array of texts. */
static struct str only_text(const struct json_node *node)
{
    if (node != NULL && node->kind == JSON_KIND_ARRAY) {
        node = json_tree_item(node, 0);
    }
    return node != NULL && node->kind == JSON_KIND_TEXT ? node->text : STR_NONE;
}

static bool is_filled(const struct json_node *node)
{
    return node != NULL &&
           (node->count > 0 || (node->kind == JSON_KIND_TEXT && node->text.len > 0));
}

/* Plivo says 202 even where it has taken none of the recipients. */
static void read_created(const struct json_node *root, int status, struct arena *arena,
                         struct verdict *out)
{
    if (is_filled(json_tree_member(root, "invalid_number"))) {
        *out = (struct verdict){.kind = VERDICT_REFUSED,
                                .class = failure_class_RECIPIENT,
                                .category = failure_category_invalid_number,
                                .error = STR("Plivo refused it: the number is not valid.")};
        return;
    }
    struct str request = only_text(json_tree_member(root, "request_uuid"));
    struct str message = only_text(json_tree_member(root, "message_uuid"));
    *out = (struct verdict){.kind = VERDICT_ACCEPTED};
    if (telephony_id_is_plain(request)) {
        out->provider_id = arena_printf(arena, PLIVO_REQUEST "%.*s", STR_FMT(request));
    } else if (telephony_id_is_plain(message)) {
        out->provider_id = arena_str(arena, message);
    } else {
        *out =
            (struct verdict){.kind = VERDICT_UNKNOWN, .category = failure_category_provider_error};
        out->error = arena_printf(arena, "Plivo answered with %d, but without an id.", status);
    }
}

void plivo_read_send(const struct send_job *job, const struct wire_answer *answer,
                     struct arena *arena, struct verdict *out)
{
    (void)job;
    if (verdict_unanswered(answer, arena, out)) {
        return;
    }
    const struct json_node *root = NULL;
    if (json_tree_read(arena, answer->body, &root) != OK) {
        root = NULL;
    }
    if (answer->status >= 200 && answer->status < 300) {
        read_created(root, answer->status, arena, out);
        return;
    }
    struct telephony_words words = {
        .provider = PLIVO, .title = PLIVO_TITLE, .message = json_tree_text(root, "error")};
    telephony_judge(answer, &words, arena, out);
}

static bool is_to(const struct json_node *object, struct str to, struct arena *arena)
{
    return str_equal(telephony_number(json_tree_text(object, "to_number"), arena), to);
}

/* The newest stands first. A call's times tell when it was dialled, which may be long after it was
 * taken. */
static void read_objects(struct find *find)
{
    static const struct duration utc = {0};
    bool is_call = find->job->channel == channel_CALL;
    for (size_t i = find->listed; i-- > 0;) {
        const struct json_node *object = json_tree_item(find->list, i);
        struct str id = json_tree_text(object, is_call ? "call_uuid" : "message_uuid");
        struct str at = json_tree_text(object, is_call ? "initiation_time" : "message_time");
        struct find_candidate candidate = {id, telephony_time(at, utc, find->arena)};
        if (!find_is_older(find, candidate.at) && telephony_id_is_plain(id) &&
            is_to(object, find->job->to, find->arena)) {
            find_offer(find, candidate);
        }
    }
}

void plivo_read_find(const struct send_job *job, const struct wire_answer *answer,
                     struct arena *arena, struct verdict *out)
{
    const struct json_node *root = NULL;
    bool is_read = answer->outcome == WIRE_ANSWERED && answer->status == 200 &&
                   json_tree_read(arena, answer->body, &root) == OK;
    const struct json_node *objects = json_tree_member(is_read ? root : NULL, "objects");
    if (objects == NULL || objects->kind != JSON_KIND_ARRAY) {
        telephony_ask_again(answer, PLIVO_TITLE, arena, out);
        return;
    }
    struct find find = {.job = job, .answer = answer, .arena = arena};
    find_begin(&find, objects, PLIVO_LIST_MAX);
    read_objects(&find);
    if (find_judge(&find, out)) {
        out->found_at = NULL;
        return;
    }
    /* Only finished calls are listed, and texts with a delay; a full page may hide ours. */
    bool is_covered = objects->count < PLIVO_LIST_MAX || find.has_older;
    bool is_sure = job->channel == channel_SMS && is_covered &&
                   instant_since(job->now, job->claimed_at).us > lists_lag.us;
    telephony_ask_again(answer, PLIVO_TITLE, arena, out);
    if (is_sure) {
        *out = (struct verdict){.kind = VERDICT_NOT_SENT,
                                .category = failure_category_provider_error,
                                .error = STR("Plivo knows of no such message.")};
    }
}

static void read_call(const struct json_node *root, struct arena *arena, struct provider_news *out)
{
    if (json_tree_text(root, "end_time").len == 0) {
        return; /* Still going on. */
    }
    bool is_answered = json_tree_text(root, "answer_time").len > 0;
    struct str word = json_tree_text(root, "call_state");
    out->provider_id = json_tree_text(root, "call_uuid");
    out->duration_seconds = telephony_count(json_tree_text(root, "call_duration"));
    plivo_read_call_state(is_answered ? STR("completed") : STR("no-answer"),
                          json_tree_text(root, "hangup_cause_code"), out, arena);
    out->provider_state = word.len > 0 ? telephony_word(word, arena) : out->provider_state;
}

void plivo_read_poll(enum channel channel, const struct wire_answer *answer, struct arena *arena,
                     struct provider_news *out)
{
    const struct json_node *root = NULL;
    struct provider_news news = {.sequence = -1, .cost_micros = -1, .duration_seconds = -1};
    *out = news;
    if (answer->outcome != WIRE_ANSWERED || answer->status != 200 ||
        json_tree_read(arena, answer->body, &root) != OK) {
        return;
    }
    if (channel == channel_CALL) {
        read_call(root, arena, &news);
    } else {
        news.provider_id = json_tree_text(root, "message_uuid");
        plivo_read_text_state(json_tree_text(root, "message_state"),
                              json_tree_text(root, "error_code"), &news, arena);
    }
    if (news.kind == NEWS_NONE) {
        return;
    }
    news.provider_id = telephony_id_is_plain(news.provider_id) ? news.provider_id : STR_NONE;
    news.cost_micros = telephony_micros(json_tree_text(root, "total_amount"));
    news.currency = news.cost_micros >= 0 ? STR("USD") : STR_NONE;
    *out = news;
}
