#include "channel/exotel.h"
#include "channel/find.h"

#include "model/json_tree.h"

enum { LAST_DIGITS = 9 };

/* Times in lists are the account's; India's clock is taken for it. */
static const struct duration india = SECONDS_INIT((5 * 60 + 30) * 60);

/* What stands between <name> and </name>, for Exotel's answers that are XML. No parser: the two or
 * three words that we need have neither attributes nor entities. */
static struct str xml_word(struct str body, struct str open, struct str close)
{
    size_t from = str_find(body, open);
    if (from == body.len) {
        return STR_NONE;
    }
    struct str rest = str_slice(body, from + open.len, body.len);
    size_t to = str_find(rest, close);
    return to == rest.len ? STR_NONE : str_trim(str_slice(rest, 0, to));
}

static const struct json_node *read_root(const struct wire_answer *answer, struct arena *arena)
{
    const struct json_node *root = NULL;
    return json_tree_read(arena, answer->body, &root) == OK ? root : NULL;
}

static void read_refusal(const struct wire_answer *answer, const struct json_node *root,
                         struct arena *arena, struct verdict *out)
{
    const struct json_node *exception = json_tree_member(root, "RestException");
    struct telephony_words words = {
        .provider = EXOTEL, .title = EXOTEL_TITLE, .message = json_tree_text(exception, "Message")};
    if (root == NULL) {
        words.message = xml_word(answer->body, STR("<Message>"), STR("</Message>"));
    }
    telephony_judge(answer, &words, arena, out);
}

/* Exotel takes some texts and says in the same breath that they have failed. */
static bool read_failed_text(const struct json_node *text, struct arena *arena, struct verdict *out)
{
    struct provider_news news = {0};
    struct exotel_text_state state = {.status = json_tree_text(text, "Status"),
                                      .detail = json_tree_text(text, "DetailedStatus"),
                                      .code = json_tree_text(text, "DetailedStatusCode")};
    exotel_read_text_state(&state, &news, arena);
    if (!news.is_end || news.state == message_state_DELIVERED) {
        return false;
    }
    *out = (struct verdict){.kind = VERDICT_REFUSED,
                            .class = news.class,
                            .category = news.category,
                            .code = news.code,
                            .is_temporary = news.class == failure_class_AGAIN};
    out->error = news.error.len > 0 ? news.error : STR("Exotel refused it.");
    return true;
}

void exotel_read_send(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out)
{
    (void)job;
    if (verdict_unanswered(answer, arena, out)) {
        return;
    }
    const struct json_node *root = read_root(answer, arena);
    if (answer->status < 200 || answer->status >= 300) {
        read_refusal(answer, root, arena, out);
        return;
    }
    const struct json_node *text = json_tree_member(root, "SMSMessage");
    if (text != NULL && read_failed_text(text, arena, out)) {
        return;
    }
    struct str sid = json_tree_text(text != NULL ? text : json_tree_member(root, "Call"), "Sid");
    if (root == NULL) {
        sid = xml_word(answer->body, STR("<Sid>"), STR("</Sid>"));
    }
    if (telephony_id_is_plain(sid)) {
        *out = (struct verdict){.kind = VERDICT_ACCEPTED, .provider_id = arena_str(arena, sid)};
        return;
    }
    *out = (struct verdict){.kind = VERDICT_UNKNOWN, .category = failure_category_provider_error};
    out->error = arena_printf(arena, "Exotel answered with %d, but without an id.", answer->status);
}

/* Lists write numbers as they are dialled in the country. */
static bool is_same_number(struct str theirs, struct str ours)
{
    if (theirs.len < LAST_DIGITS || ours.len < LAST_DIGITS) {
        return false;
    }
    return str_equal(str_slice(theirs, theirs.len - LAST_DIGITS, theirs.len),
                     str_slice(ours, ours.len - LAST_DIGITS, ours.len));
}

static bool is_ours(const struct json_node *call, struct str to)
{
    struct str direction = json_tree_text(call, "Direction");
    bool is_outbound = direction.len == 0 || str_equal_text(direction, "outbound-api");
    return is_outbound && telephony_id_is_plain(json_tree_text(call, "Sid")) &&
           is_same_number(json_tree_text(call, "From"), to);
}

void exotel_read_find(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out)
{
    bool is_read = answer->outcome == WIRE_ANSWERED && answer->status == 200;
    const struct json_node *root = is_read ? read_root(answer, arena) : NULL;
    const struct json_node *calls = json_tree_member(root, "Calls");
    struct find find = {.job = job, .answer = answer, .arena = arena};
    find_begin(&find, calls, EXOTEL_LIST_MAX);
    for (size_t i = find.listed; i-- > 0;) {
        const struct json_node *call = json_tree_item(calls, i);
        struct instant at = telephony_time(json_tree_text(call, "DateCreated"), india, arena);
        if (!find_is_older(&find, at) && is_ours(call, job->to)) {
            find_offer(&find, (struct find_candidate){json_tree_text(call, "Sid"), at});
        }
    }
    if (!find_judge(&find, out)) {
        telephony_ask_again(answer, EXOTEL_TITLE, arena, out);
        return;
    }
    out->found_at = NULL; /* By a clock whose zone is only taken for granted. */
}

/* A call is "in-progress" for Exotel from the moment at which it is created: that somebody picked
 * up is told by the "answered" event and by the flow, never by this word. */
static void read_call(const struct json_node *call, struct arena *arena, struct provider_news *out)
{
    exotel_read_call_state(json_tree_text(call, "Status"), out, arena);
    out->duration_seconds = telephony_count(json_tree_text(call, "Duration"));
    if (out->state == message_state_ANSWERED && !out->is_end) {
        out->state = message_state_SENT;
        out->level = receipt_level_LEFT;
    }
}

void exotel_read_poll(enum channel channel, const struct wire_answer *answer, struct arena *arena,
                      struct provider_news *out)
{
    struct provider_news news = {.sequence = -1, .cost_micros = -1, .duration_seconds = -1};
    *out = news;
    if (answer->outcome != WIRE_ANSWERED || answer->status != 200) {
        return;
    }
    const struct json_node *root = read_root(answer, arena);
    const struct json_node *thing =
        json_tree_member(root, channel == channel_CALL ? "Call" : "SMSMessage");
    if (channel == channel_CALL) {
        read_call(thing, arena, &news);
    } else {
        struct exotel_text_state state = {.status = json_tree_text(thing, "Status"),
                                          .detail = json_tree_text(thing, "DetailedStatus"),
                                          .code = json_tree_text(thing, "DetailedStatusCode")};
        exotel_read_text_state(&state, &news, arena);
    }
    if (news.kind == NEWS_NONE) {
        return;
    }
    struct str sid = json_tree_text(thing, "Sid");
    news.provider_id = telephony_id_is_plain(sid) ? sid : STR_NONE;
    *out = news;
}
