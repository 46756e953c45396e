#include "bus/redis_due.h"

#include "base/buf.h"
#include "base/memory.h"
#include "bus/redis_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message of a channel holds about so many bytes; a page of a scan about so many members, of
 * which one command changes so many. */
enum { MESSAGE_BYTES = 4000, PAGE = 500, NUMBER_MAX = 24 };
#define PAGE_TEXT "500"

static enum err say_put(struct redis *redis, const struct due_item *item)
{
    char key[DUE_KEY_MAX];
    char member[DUE_MEMBER_MAX];
    char score[NUMBER_MAX];
    snprintf(score, sizeof score, "%lld", (long long)item->due_ms);
    return REDIS_SAY(redis, STR("ZADD"), due_key(item->shard, key), str_from(score),
                     due_member(item, member));
}

static enum err say_drop(struct redis *redis, const struct due_item *item)
{
    char key[DUE_KEY_MAX];
    char member[DUE_MEMBER_MAX];
    return REDIS_SAY(redis, STR("ZREM"), due_key(item->shard, key), due_member(item, member));
}

/* The lines that are gathered go out as one message. */
static enum err say_lines(struct redis *redis, int database, struct buf *lines, size_t *said)
{
    char channel[DUE_KEY_MAX];
    if (lines->len == 0) {
        return OK;
    }
    enum err err = REDIS_SAY(redis, STR("PUBLISH"), due_channel(database, channel), buf_str(lines));
    buf_clear(lines);
    (*said)++;
    return err;
}

static enum err say_notes(struct redis *redis, int database, const struct due_note *notes,
                          size_t count, size_t *said)
{
    char line[DUE_LINE_MAX];
    struct buf lines = {0};
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++) {
        const struct due_note *note = &notes[i];
        if (note->change == DUE_TELL) {
            buf_add(&lines, due_line(&note->item, line));
            err = lines.len < MESSAGE_BYTES ? OK : say_lines(redis, database, &lines, said);
            continue;
        }
        err = note->change == DUE_PUT ? say_put(redis, &note->item) : say_drop(redis, &note->item);
        (*said)++;
    }
    err = err == OK ? say_lines(redis, database, &lines, said) : err;
    buf_free(&lines);
    return err;
}

enum err redis_due_write(struct redis *redis, int database, const struct due_note *notes,
                         size_t count, struct problem *problem)
{
    size_t said = 0;
    assert(count <= DUE_NOTES_MAX);
    enum err err = say_notes(redis, database, notes, count, &said);
    return err == OK ? redis_answers(redis, said, problem)
                     : problem_set(problem, err, NULL, "LOST");
}

/* --- Comparing --- */

struct comparison {
    struct redis *redis;
    int shard;
    const struct due_item *items;
    size_t count;
    bool *seen;
    struct due_sweep *sweep;
    size_t said; /* Commands that wait for their answers. */
    struct problem *problem;
};

static enum err take_answers(struct comparison *c)
{
    size_t said = c->said;
    c->said = 0;
    return redis_answers(c->redis, said, c->problem);
}

static enum err put(struct comparison *c, const struct due_item *item)
{
    if (c->sweep->differs != NULL) {
        c->sweep->differs(c->sweep->context, item);
    }
    if (!c->sweep->mends) {
        return OK;
    }
    TRY(say_put(c->redis, item));
    return ++c->said < PAGE ? OK : take_answers(c);
}

/* The place of what the index calls `item`; count where no timer is called so. */
static size_t place_of(const struct comparison *c, const struct due_item *item)
{
    size_t low = 0;
    size_t high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = due_item_compare(&c->items[middle], item);
        if (order == 0) {
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return c->count;
}

static struct str text_of(const redisReply *reply)
{
    bool is_text = reply->type == REDIS_REPLY_STRING;
    return is_text ? (struct str){reply->str, reply->len} : STR_NONE;
}

static enum err compare_member(struct comparison *c, struct str member, struct str score)
{
    char key[DUE_KEY_MAX];
    struct due_item item = {.shard = c->shard};
    size_t place = due_member_parse(member, &item) ? place_of(c, &item) : c->count;
    if (place == c->count) {
        c->sweep->counts.foreign++;
        if (!c->sweep->mends) {
            return OK;
        }
        TRY(REDIS_SAY(c->redis, STR("ZREM"), due_key(c->shard, key), member));
        return ++c->said < PAGE ? OK : take_answers(c);
    }
    bool is_new = !c->seen[place];
    c->seen[place] = true;
    if (due_score_parse(score, &item.due_ms) && item.due_ms == c->items[place].due_ms) {
        return OK;
    }
    c->sweep->counts.wrong += is_new;
    return put(c, &c->items[place]);
}

/* A page is taken to its end before anything is said about it, so that answers keep their order. */
static enum err compare_page(struct comparison *c, const redisReply *page)
{
    const redisReply *members = page->elements == 2 ? page->element[1] : NULL;
    if (members == NULL || members->type != REDIS_REPLY_ARRAY || members->elements % 2 != 0) {
        return problem_set(c->problem, E_NETWORK, NULL, "PROTOCOL");
    }
    for (size_t i = 0; i < members->elements; i += 2) {
        TRY(compare_member(c, text_of(members->element[i]), text_of(members->element[i + 1])));
    }
    return take_answers(c);
}

static enum err compare_key(struct comparison *c)
{
    char key[DUE_KEY_MAX];
    char cursor[NUMBER_MAX] = "0";
    bool is_over = false;
    while (!is_over) {
        redisReply *page = NULL;
        TRY(REDIS_SAY(c->redis, STR("ZSCAN"), due_key(c->shard, key), str_from(cursor),
                      STR("COUNT"), STR(PAGE_TEXT)));
        TRY(redis_answer(c->redis, &page, c->problem));
        bool is_page = page->type == REDIS_REPLY_ARRAY && page->elements == 2 &&
                       page->element[0]->type == REDIS_REPLY_STRING &&
                       page->element[0]->len < sizeof cursor;
        enum err err =
            is_page ? compare_page(c, page) : problem_set(c->problem, E_NETWORK, NULL, "PROTOCOL");
        if (err == OK) {
            memcpy(cursor, page->element[0]->str, page->element[0]->len + 1);
        }
        is_over = strcmp(cursor, "0") == 0;
        freeReplyObject(page);
        TRY(err);
    }
    return OK;
}

/* Whatever stands under our name and is no sorted set goes. */
static enum err remove_key(struct comparison *c)
{
    char key[DUE_KEY_MAX];
    c->sweep->counts.foreign++;
    if (!c->sweep->mends) {
        return OK;
    }
    TRY(REDIS_SAY(c->redis, STR("DEL"), due_key(c->shard, key)));
    return redis_answers(c->redis, 1, c->problem);
}

static enum err add_missing(struct comparison *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->seen[i]) {
            continue;
        }
        c->sweep->counts.missing++;
        TRY(put(c, &c->items[i]));
    }
    return take_answers(c);
}

enum err redis_due_sweep(struct redis *redis, const struct due_slice *slice,
                         struct due_sweep *sweep, struct problem *problem)
{
    struct comparison c = {
        .redis = redis,
        .shard = slice->shard,
        .items = slice->items,
        .count = slice->count,
        .seen = memory_new_array(slice->count + 1, sizeof(bool)),
        .sweep = sweep,
        .problem = problem,
    };
    sweep->counts.waiting += (int64_t)slice->count;
    enum err err = compare_key(&c);
    if (err == E_UPSTREAM && strcmp(problem->message, "WRONGTYPE") == 0) {
        err = remove_key(&c);
    }
    err = err == OK ? add_missing(&c) : err;
    free(c.seen);
    return err;
}

/* --- Reading --- */

enum err redis_due_first(struct redis *redis, int shard, int count,
                         const struct due_listing *listing, struct problem *problem)
{
    char key[DUE_KEY_MAX];
    char number[NUMBER_MAX];
    redisReply *reply = NULL;
    snprintf(number, sizeof number, "%d", count);
    TRY(REDIS_SAY(redis, STR("ZRANGEBYSCORE"), due_key(shard, key), STR("-inf"), STR("+inf"),
                  STR("WITHSCORES"), STR("LIMIT"), STR("0"), str_from(number)));
    TRY(redis_answer(redis, &reply, problem));
    size_t elements = reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    for (size_t i = 0; i + 1 < elements; i += 2) {
        struct due_item item = {.shard = shard};
        if (due_member_parse(text_of(reply->element[i]), &item) &&
            due_score_parse(text_of(reply->element[i + 1]), &item.due_ms)) {
            listing->each(listing->context, &item);
        }
    }
    freeReplyObject(reply);
    return OK;
}
