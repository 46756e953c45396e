#include "domain/reachability.h"

#include "service/drills.h"
#include "store/drills.h"
#include "store/people.h"

enum { PEOPLE_PER_PAGE = 100 };

static const struct duration looked_back = SECONDS_INIT(90 * 86400);

/* What is read for one person, and where what comes of it goes. */
struct reach_work {
    struct reach_row rows[REACH_ROWS_MAX];
    size_t count;
    int64_t seconds[REACH_ROWS_MAX];
    struct reachability *items;
    size_t item_count;
};

static int64_t seconds_to_confirm(const struct reach_row *row)
{
    int64_t seconds = instant_since(row->confirmed_at, row->sent_at).us / 1000000;
    return seconds < 1 ? 1 : seconds;
}

static void score_channel(struct reach_work *work, struct id user, enum channel channel)
{
    struct reach_tally tally = {0};
    struct reachability item = {.user_id = user, .channel = (int)channel};
    size_t confirmed = 0;
    for (size_t i = 0; i < work->count; i++) {
        const struct reach_row *row = &work->rows[i];
        if (row->channel != channel) {
            continue;
        }
        reach_tally_add(&tally, row->level, !row->is_of_meeting);
        if (instant_is_set(row->confirmed_at)) {
            work->seconds[confirmed++] = seconds_to_confirm(row);
            item.last_confirmed_at = instant_max(item.last_confirmed_at, row->confirmed_at);
        }
    }
    if (tally.attempts == 0) {
        return;
    }
    item.attempts = tally.attempts;
    item.asked = tally.asked;
    item.reached = tally.reached;
    item.confirmed = tally.confirmed;
    item.median_seconds = reach_median(work->seconds, confirmed);
    item.score = reach_score(&tally);
    work->items[work->item_count++] = item;
}

static enum err score_person(struct op *op, struct reach_work *work, struct id user)
{
    TRY(reach_rows(op->db, user, instant_sub(op->now, looked_back), work->rows, &work->count));
    for (int channel = 1; channel < channel_COUNT; channel++) {
        score_channel(work, user, (enum channel)channel);
    }
    return OK;
}

static enum err score_people(struct op *op, const struct list *users, struct list *out)
{
    struct reach_work *work = ARENA_NEW(op->arena, struct reach_work);
    work->items =
        ARENA_NEW_ARRAY(op->arena, struct reachability, users->count * (channel_COUNT - 1) + 1);
    for (size_t i = 0; i < users->count; i++) {
        TRY(score_person(op, work, ((const struct user *)users->items)[i].id));
    }
    *out = (struct list){work->items, work->item_count};
    return OK;
}

static enum err score_one(struct op *op, struct id id, struct reachability_list *out)
{
    struct user user = {0};
    TRY(op_may_read(op, id));
    TRY(op_not_found(op, users_get(op->db, op->arena, id, &user), "user"));
    struct list users = {&user, 1};
    out->total = 1;
    return score_people(op, &users, &out->reachability);
}

enum err get_reachability(struct op *op, const void *input, void *output)
{
    (void)input;
    return score_one(op, op->path_id, output);
}

enum err list_reachability(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct reachability_list *out = output;
    struct list users = {0};
    struct id after = ID_NONE;
    if (op->actor.scope == key_scope_USER) {
        return score_one(op, op->actor.user, out);
    }
    int64_t limit = page_limit(wanted->limit);
    limit = limit < PEOPLE_PER_PAGE ? limit : PEOPLE_PER_PAGE;
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &after));
    TRY(users_page(op->db, op->arena, after, limit + 1, &users));
    TRY(users_count(op->db, &out->total));
    const struct user *people = users.items;
    if (page_trim(op, &users, limit)) {
        out->cursor = op_cursor_text(op, people[users.count - 1].id);
    }
    return score_people(op, &users, &out->reachability);
}
