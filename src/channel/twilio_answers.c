#include "channel/find.h"
#include "channel/sms_text.h"
#include "channel/twilio.h"
#include "channel/verdict.h"

enum { ID_BYTES_MAX = 64 };

const struct json_node *twilio_body(const struct wire_answer *answer, struct arena *arena)
{
    const struct json_node *root = NULL;
    return json_tree_read(arena, answer->body, &root) == OK && root->kind == JSON_KIND_OBJECT
               ? root
               : NULL;
}

/* An id that can be kept and put into a URL; STR_NONE for anything else. */
static struct str id_of(const struct json_node *node)
{
    struct str sid = json_tree_text(node, "sid");
    for (size_t i = 0; i < sid.len; i++) {
        char c = sid.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
            return STR_NONE;
        }
    }
    return sid.len > 0 && sid.len <= ID_BYTES_MAX ? sid : STR_NONE;
}

/* --- What became of a send --- */

static bool is_success(int status)
{
    return status >= 200 && status < 300;
}

/* A body that is no error of theirs leaves the status alone to judge by. */
static void judge_status(int status, struct arena *arena, struct verdict *out)
{
    bool is_login = status == 401 || status == 403 || status == 404;
    out->class = failure_class_OURS;
    out->category = is_login ? failure_category_auth : failure_category_unknown;
    out->error = arena_printf(arena, "Twilio refused with status %d.", status);
}

static void judge_refusal(const struct send_job *job, const struct wire_answer *answer,
                          struct arena *arena, struct verdict *out)
{
    const struct json_node *body = twilio_body(answer, arena);
    struct twilio_fault fault;
    twilio_fault_read(json_tree_text(body, "code"), json_tree_text(body, "message"), arena, &fault);
    *out = (struct verdict){.kind = VERDICT_REFUSED, .code = fault.code};
    if (!str_is_set(fault.code)) {
        judge_status(answer->status, arena, out);
        return;
    }
    out->class = fault.class;
    out->category = fault.category;
    out->is_temporary = fault.class == failure_class_AGAIN;
    /* A URL of ours that is refused keeps the message from nobody: it goes without. */
    out->is_mendable = twilio_is_about_urls(fault.code) && !twilio_is_mute(job);
    out->retry_after_seconds = answer->retry_after_seconds;
    out->error = arena_printf(arena, "Twilio refused: %.*s.", STR_FMT(fault.error));
}

/* Twilio says that what it answers with 429 was never looked at. */
static void judge_too_many(const struct wire_answer *answer, struct verdict *out)
{
    *out =
        (struct verdict){.kind = VERDICT_NOT_SENT,
                         .category = failure_category_rate_limited,
                         .code = STR("20429"),
                         .retry_after_seconds = answer->retry_after_seconds,
                         .error = STR("Twilio has too many requests of ours at a time (20429).")};
}

static void judge_unreadable(const struct wire_answer *answer, struct arena *arena,
                             struct verdict *out)
{
    bool is_slow = answer->status == 408 || answer->status == 504;
    *out = (struct verdict){.kind = VERDICT_UNKNOWN,
                            .category = is_slow ? failure_category_timeout
                                                : failure_category_provider_error,
                            .retry_after_seconds = answer->retry_after_seconds};
    out->error =
        arena_printf(arena, "Twilio answered %d without saying what became of it.", answer->status);
}

static bool is_too_many(const struct wire_answer *answer, struct arena *arena)
{
    int64_t code = 0;
    return answer->status == 429 ||
           (answer->status >= 400 && answer->status < 500 &&
            json_tree_int(twilio_body(answer, arena), "code", &code) && code == 20429);
}

void twilio_read_send(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out)
{
    if (verdict_unanswered(answer, arena, out)) {
        return;
    }
    struct str sid = is_success(answer->status) ? id_of(twilio_body(answer, arena)) : STR_NONE;
    bool is_refusal = answer->status >= 400 && answer->status < 500 && answer->status != 408;
    if (str_is_set(sid)) {
        *out = (struct verdict){.kind = VERDICT_ACCEPTED, .provider_id = sid};
    } else if (is_too_many(answer, arena)) {
        judge_too_many(answer, out);
    } else if (is_refusal) {
        judge_refusal(job, answer, arena, out);
    } else {
        judge_unreadable(answer, arena, out);
    }
}

/* --- Whether an attempt is there --- */

static struct str plain(struct str text, struct arena *arena)
{
    struct buf out = {.arena = arena};
    buf_reserve(&out, 1);
    sms_add_plain(&out, str_trim(text));
    return buf_str(&out);
}

/* A trial account writes a sentence of its own in front, and "smart encoding" changes quotes and
 * dashes. A template's text is made there, so that it cannot be compared. */
static bool has_text_of(const struct json_node *item, const struct send_job *job,
                        struct arena *arena)
{
    if (job->channel == channel_CALL || job->template_id.len > 0) {
        return true;
    }
    return str_ends(plain(json_tree_text(item, "body"), arena), plain(job->text, arena));
}

static bool is_ours(const struct json_node *item, const struct send_job *job)
{
    struct str number = STR_NONE;
    enum channel channel = twilio_address_read(json_tree_text(item, "to"), &number);
    bool is_channel = job->channel == channel_CALL || job->channel == channel;
    return is_channel && str_equal(number, job->to) &&
           str_starts(json_tree_text(item, "direction"), STR("outbound")) &&
           str_is_set(id_of(item));
}

static void judge_list(struct find *find, const struct json_node *body, struct verdict *out)
{
    bool is_whole =
        json_tree_text(body, "next_page_uri").len == 0 && find->list->count == find->listed;
    for (size_t i = find->listed; i-- > 0;) {
        const struct json_node *item = &find->list->items[i];
        struct instant at = twilio_time(json_tree_text(item, "date_created"));
        if (!find_is_older(find, at) && is_ours(item, find->job) &&
            has_text_of(item, find->job, find->arena)) {
            find_offer(find, (struct find_candidate){.id = id_of(item), .at = at});
        }
    }
    if (find_judge(find, out)) {
        return;
    }
    bool is_covered = is_whole || find->has_older;
    *out =
        (struct verdict){.kind = is_covered ? VERDICT_NOT_SENT : VERDICT_UNKNOWN,
                         .category = failure_category_unknown,
                         .error = is_covered ? STR("Twilio has no such call or message.")
                                             : STR("Twilio lists more than could be looked at.")};
}

void twilio_read_find(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out)
{
    const char *name = job->channel == channel_CALL ? "calls" : "messages";
    if (!verdict_unanswered(answer, arena, out)) {
        const struct json_node *body = answer->status == 200 ? twilio_body(answer, arena) : NULL;
        const struct json_node *list = json_tree_member(body, name);
        if (list != NULL && list->kind == JSON_KIND_ARRAY) {
            struct find find = {.job = job, .answer = answer, .arena = arena};
            find_begin(&find, list, TWILIO_PAGE_SIZE);
            judge_list(&find, body, out);
            return;
        }
        judge_unreadable(answer, arena, out);
    }
    /* A question that failed says nothing about the send itself. */
    out->kind = VERDICT_UNKNOWN;
    out->is_temporary = false;
    out->class = failure_class_NONE;
}

/* --- What became of something, asked for --- */

static void read_call(const struct json_node *body, struct provider_news *out)
{
    if (out->state == message_state_ANSWERED) {
        (void)twilio_answered_by_read(json_tree_text(body, "answered_by"), out);
    }
    int64_t seconds = 0;
    if (out->is_end && json_tree_int(body, "duration", &seconds) && seconds >= 0) {
        out->duration_seconds = seconds;
    }
}

void twilio_read_poll(enum channel channel, const struct wire_answer *answer, struct arena *arena,
                      struct provider_news *out)
{
    *out = (struct provider_news){
        .kind = NEWS_NONE, .sequence = -1, .cost_micros = -1, .duration_seconds = -1};
    bool is_answer = answer->outcome == WIRE_ANSWERED && answer->status == 200;
    const struct json_node *body = is_answer ? twilio_body(answer, arena) : NULL;
    if (!str_is_set(id_of(body)) ||
        !twilio_state_read(channel, json_tree_text(body, "status"), out)) {
        return;
    }
    out->provider_id = id_of(body);
    struct str code = json_tree_text(body, "error_code");
    if (out->class != failure_class_NONE && code.len > 0) {
        struct twilio_fault fault;
        twilio_fault_read(code, json_tree_text(body, "error_message"), arena, &fault);
        twilio_fault_apply(&fault, out);
    }
    if (channel == channel_CALL) {
        read_call(body, out);
    }
    out->cost_micros = twilio_price_micros(json_tree_text(body, "price"));
    out->currency = out->cost_micros >= 0 ? json_tree_text(body, "price_unit") : STR_NONE;
    (void)twilio_address_read(json_tree_text(body, "to"), &out->to);
    (void)twilio_address_read(json_tree_text(body, "from"), &out->from);
}

/* --- What people wrote, asked for --- */

static bool read_inbound(const struct json_node *item, struct arena *arena,
                         struct provider_news *out)
{
    *out = (struct provider_news){
        .kind = NEWS_TEXT, .sequence = -1, .cost_micros = -1, .duration_seconds = -1};
    out->provider_id = id_of(item);
    out->channel = twilio_address_read(json_tree_text(item, "from"), &out->from);
    (void)twilio_address_read(json_tree_text(item, "to"), &out->to);
    out->text = twilio_clean(json_tree_text(item, "body"), arena);
    return str_equal_text(json_tree_text(item, "direction"), "inbound") &&
           str_is_set(out->provider_id) && str_is_set(out->from);
}

void twilio_read_inbox(const struct wire_answer *answer, struct arena *arena,
                       const struct provider_news **items, size_t *count)
{
    bool is_answer = answer->outcome == WIRE_ANSWERED && answer->status == 200;
    const struct json_node *body = is_answer ? twilio_body(answer, arena) : NULL;
    const struct json_node *list = json_tree_member(body, "messages");
    size_t listed = list != NULL && list->kind == JSON_KIND_ARRAY ? list->count : 0;
    struct provider_news *news = ARENA_NEW_ARRAY(arena, struct provider_news, listed);
    size_t read = 0;
    /* They come newest first. */
    for (size_t i = listed; i-- > 0;) {
        read += read_inbound(&list->items[i], arena, &news[read]);
    }
    *items = news;
    *count = read;
}
