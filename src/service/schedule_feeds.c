#include "calendar/shifts.h"
#include "service/oncall.h"
#include "service/oncall_plan.h"
#include "store/oncall.h"
#include "store/people.h"

/* What a feed shows: whole weeks, so that it changes once a week when nothing else does, some that
 * are over, and a year ahead. */
enum { WEEK_SECONDS = 7 * 86400, WEEKS_BACK = 4, WEEKS_AHEAD = 53, FEEDS_MAX = 200 };

static enum err load_schedule(struct op *op, struct id id, struct schedule *out)
{
    enum err err = schedules_get(op->db, op->arena, op->site->id_key, id, out);
    return op_not_found(op, err, "schedule");
}

static enum err audit_feed(struct op *op, const char *action, const struct schedule_feed *feed)
{
    return op_audit(op,
                    (struct audit_entry){.action = action,
                                         .subject_type = subject_type_SCHEDULE,
                                         .subject = feed->schedule_id,
                                         .user = feed->user_id,
                                         .after = op_record_text(op, &schedule_feed_record, feed)});
}

static enum err check_feed(struct op *op, const struct schedule_feed *feed)
{
    struct str ignored = STR_NONE;
    struct list others = {0};
    int64_t in_use = 0;
    enum err err =
        id_is_set(feed->user_id) ? users_zone(op->db, op->arena, feed->user_id, &ignored) : OK;
    if (err != OK) {
        return err == E_NOT_FOUND ? op_fail(op, E_INVALID, "userId", "there is no such person")
                                  : err;
    }
    TRY(schedule_feeds_of(op->db, op->arena, feed->schedule_id, &others));
    for (size_t i = 0; i < others.count; i++) {
        const struct schedule_feed *other = list_item(&others, &schedule_feed_record, i);
        in_use += instant_is_set(other->revoked_at) ? 0 : 1;
    }
    return in_use < FEEDS_MAX ? OK
                              : op_fail(op, E_CONFLICT, NULL,
                                        "a schedule has at most %d feeds; revoke some", FEEDS_MAX);
}

enum err create_schedule_feed(struct op *op, const void *input, void *output)
{
    struct schedule_feed *feed = output;
    struct schedule schedule = {0};
    struct str secret = STR_NONE;
    *feed = *(const struct schedule_feed *)input;
    TRY(op_may_change(op, ID_NONE));
    TRY(load_schedule(op, op->path_id, &schedule));
    feed->schedule_id = schedule.id;
    TRY(check_feed(op, feed));
    feed->id = op_new_id(op);
    feed->created_at = op->now;
    TRY(schedule_feeds_make(op->db, op->arena, feed, &secret));
    TRY(audit_feed(op, "FEED_CREATED", feed));
    feed->url =
        arena_printf(op->arena, "%.*s/i/%.*s.ics", STR_FMT(op->site->public_url), STR_FMT(secret));
    return OK;
}

enum err list_schedule_feeds(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct page_cut cut = {.record = &schedule_feed_record, .limit = wanted->limit};
    struct schedule_feed_list *out = output;
    struct schedule schedule = {0};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &cut.after));
    TRY(load_schedule(op, op->path_id, &schedule));
    TRY(schedule_feeds_of(op->db, op->arena, schedule.id, &out->feeds));
    out->total = (int64_t)out->feeds.count;
    out->cursor = op_cut_page(op, &cut, &out->feeds);
    return OK;
}

enum err revoke_schedule_feed(struct op *op, const void *input, void *output)
{
    (void)input;
    struct schedule_feed feed = {0};
    TRY(op_may_change(op, ID_NONE));
    enum err err = db_get(op->db, TABLE_schedule_feeds, op->path_id2, op->arena, &feed);
    bool is_theirs = err == OK && id_equal(feed.schedule_id, op->path_id);
    TRY(op_not_found(op, err == OK && !is_theirs ? E_NOT_FOUND : err, "feed"));
    *(struct removed *)output = (struct removed){.id = feed.id, .deleted = true};
    if (instant_is_set(feed.revoked_at)) {
        return OK;
    }
    feed.revoked_at = op->now;
    TRY(db_update(op->db, TABLE_schedule_feeds, op->arena, &feed));
    return audit_feed(op, "FEED_REVOKED", &feed);
}

enum err revoke_schedule_feeds(struct op *op, const void *input, void *output)
{
    (void)input;
    struct schedule schedule = {0};
    TRY(op_may_change(op, ID_NONE));
    TRY(load_schedule(op, op->path_id, &schedule));
    TRY(schedule_feeds_revoke(op->db, schedule.id, op->now));
    *(struct removed *)output = (struct removed){.id = schedule.id, .deleted = true};
    return op_audit(op, (struct audit_entry){.action = "FEEDS_REVOKED",
                                             .subject_type = subject_type_SCHEDULE,
                                             .subject = schedule.id});
}

static enum err open_feed(struct op *op, struct str token, struct schedule_feed *out)
{
    struct str suffix = STR(".ics");
    struct str secret =
        str_ends(token, suffix) ? str_slice(token, 0, token.len - suffix.len) : token;
    enum err err = schedule_feeds_by_secret(op->db, op->arena, secret, out);
    TRY(op_not_found(op, err, "calendar"));
    return instant_is_set(out->revoked_at) ? op_fail(op, E_GONE, NULL, "this address was revoked")
                                           : OK;
}

/* A shift is known by its schedule and its start, whoever has it. */
static struct str uid_of(struct op *op, struct id schedule, struct instant start)
{
    return arena_printf(op->arena, "oncall-%.*s-%lld@tocsin", STR_FMT(op_id_text(op, schedule)),
                        (long long)(instant_ms(start) / 1000));
}

/* Everybody's calendar says who; a person's own says where. */
static struct shift_event event_of(struct op *op, const struct oncall_plan *plan,
                                   const struct schedule_feed *feed,
                                   const struct oncall_span_view *span)
{
    struct str name = str_is_set(span->user_name) ? span->user_name : STR("Somebody");
    struct str schedule = plan->schedule.name;
    return (struct shift_event){
        .uid = uid_of(op, plan->schedule.id, span->start),
        .start = span->start,
        .end = span->end,
        .summary = id_is_set(feed->user_id)
                       ? arena_printf(op->arena, "On call: %.*s", STR_FMT(schedule))
                       : arena_printf(op->arena, "%.*s (%.*s)", STR_FMT(name), STR_FMT(schedule)),
        .description = span->reason,
    };
}

static struct str write_feed(struct op *op, const struct oncall_plan *plan,
                             const struct schedule_feed *feed, struct instant from)
{
    struct oncall_names names = {.count = 0};
    struct buf text = {.arena = op->arena};
    struct oncall_span span;
    struct shift_calendar calendar = {
        .name = arena_printf(op->arena, "On call: %.*s", STR_FMT(plan->schedule.name)),
        .changed_at = plan->schedule.updated_at,
        .sequence = plan->schedule.revision - 1,
    };
    struct instant to =
        instant_add(from, SECONDS((int64_t)WEEK_SECONDS * (WEEKS_BACK + WEEKS_AHEAD)));
    struct oncall_walk walk = oncall_walk(&plan->rules, from, to);
    shifts_begin(&text, &calendar);
    while (oncall_walk_next(&walk, &span)) {
        struct id user = span.answer.user;
        bool is_wanted =
            id_is_set(user) && (!id_is_set(feed->user_id) || id_equal(user, feed->user_id));
        if (is_wanted) {
            struct oncall_span_view view = oncall_view_span(op, plan, &span, &names);
            struct shift_event event = event_of(op, plan, feed, &view);
            shifts_add(&text, &calendar, &event);
        }
    }
    shifts_end(&text);
    return buf_str(&text);
}

enum err show_schedule_feed(struct op *op, const void *input, void *output)
{
    (void)input;
    struct schedule_feed feed = {0};
    struct oncall_plan plan;
    TRY(open_feed(op, op->path_text, &feed));
    struct instant week = {op->now.us - op->now.us % ((int64_t)WEEK_SECONDS * 1000000)};
    struct instant from = instant_sub(week, SECONDS((int64_t)WEEK_SECONDS * WEEKS_BACK));
    struct instant to = instant_add(week, SECONDS((int64_t)WEEK_SECONDS * WEEKS_AHEAD));
    TRY(oncall_plan_load(op, feed.schedule_id, from, to, &plan));
    TRY(oncall_plan_mark_removed(op, &plan));
    *(struct file_view *)output = (struct file_view){
        .content_type = STR("text/calendar; charset=utf-8"),
        .body = write_feed(op, &plan, &feed, from),
    };
    return OK;
}
