#include "store/audit.h"

#include <stdio.h>
#include <string.h>

enum { VERIFY_BATCH = 500 };

static struct db_into audit_into(struct arena *arena)
{
    return (struct db_into){TABLE_audit_events, arena};
}

static void add_part(struct buf *text, struct str part)
{
    buf_add_int(text, str_is_set(part) ? (int64_t)part.len : -1);
    buf_add_byte(text, ':');
    buf_add(text, part);
}

/* Where a hash is made: with whose digest, in which memory. */
struct hashing {
    struct digest *digest;
    struct arena *arena;
};

/* What was changed stands in the hash by a digest of its own, so that it can be taken away when a
 * person is erased and the chain still holds. */
static struct str change_digest(struct hashing hashing, const struct audit_event *event)
{
    struct buf text = {.arena = hashing.arena};
    uint8_t digest[SHA256_BYTES];
    if (str_is_set(event->erased)) {
        return event->erased;
    }
    if (!str_is_set(event->before) && !str_is_set(event->after)) {
        return STR_NONE;
    }
    add_part(&text, event->before);
    add_part(&text, event->after);
    digest_sha256(hashing.digest, buf_str(&text), digest);
    return hex_text(hashing.arena, digest, sizeof digest);
}

static void chain_hash(struct hashing hashing, const char *hash_before,
                       const struct audit_event *event, char out[static 2 * SHA256_BYTES + 1])
{
    struct buf text = {.arena = hashing.arena};
    add_part(&text, str_from(hash_before));
    buf_add_int(&text, event->seq);
    buf_add_byte(&text, ':');
    buf_add_int(&text, instant_ms(event->at));
    buf_add_byte(&text, ':');
    add_part(&text, event->actor);
    add_part(&text, event->action);
    add_part(&text, str_from(enum_name(&subject_type_names, event->subject_type)));
    buf_add_int(&text, event->subject_id.value);
    buf_add_byte(&text, ':');
    buf_add_int(&text, event->user_id.value);
    buf_add_byte(&text, ':');
    add_part(&text, change_digest(hashing, event));
    add_part(&text, event->reason);
    uint8_t digest[SHA256_BYTES];
    digest_sha256(hashing.digest, buf_str(&text), digest);
    struct str hex = hex_text(hashing.arena, digest, sizeof digest);
    memcpy(out, hex.ptr, hex.len);
    out[hex.len] = '\0';
}

enum err audit_open(struct db *db, struct audit_chain *out)
{
    struct arena *arena = arena_new();
    struct audit_event last = {0};
    enum err err = db_one(db, S_audit_last, audit_into(arena), &last, NO_PARAMS);
    *out = (struct audit_chain){0};
    if (err == OK && last.hash.len < sizeof out->hash) {
        out->seq = last.seq;
        memcpy(out->hash, last.hash.ptr, last.hash.len);
    }
    arena_free(&arena);
    return err == E_NOT_FOUND ? OK : err;
}

enum err audit_append(struct db *db, struct arena *arena, struct audit_chain *chain,
                      struct audit_event *event)
{
    struct audit_chain next = {.seq = chain->seq + 1};
    event->seq = next.seq;
    chain_hash((struct hashing){db_digest(db), arena}, chain->hash, event, next.hash);
    event->hash = str_from(next.hash);
    TRY(db_insert(db, TABLE_audit_events, arena, event));
    *chain = next;
    event->hash = arena_str(arena, str_from(next.hash));
    return OK;
}

/* Why the event after the chain's end is not there: it is gone, or its row was left out because it
 * cannot be read. */
static enum err refuse_gap(const struct audit_chain *chain, bool is_unreadable,
                           struct problem *problem)
{
    return problem_set(problem, E_CORRUPT, NULL,
                       is_unreadable ? "event %lld cannot be read" : "event %lld is missing",
                       (long long)chain->seq + 1);
}

static enum err verify_one(struct hashing hashing, struct audit_chain *chain,
                           const struct audit_event *event, struct problem *problem)
{
    struct audit_chain next = {.seq = event->seq};
    chain_hash(hashing, chain->hash, event, next.hash);
    if (!str_equal_text(event->hash, next.hash)) {
        return problem_set(problem, E_CORRUPT, NULL, "event %lld was changed",
                           (long long)event->seq);
    }
    *chain = next;
    return OK;
}

/* The events after the chain's end, as far as a batch goes; `count` is 0 once there are none. */
static enum err verify_batch(struct db *db, struct arena *arena, struct audit_chain *chain,
                             size_t *count, struct problem *problem)
{
    struct list events = {0};
    int64_t corrupt_before = db_corrupt_rows(db);
    TRY(db_all(db, S_audit_page, audit_into(arena), &events,
               PARAMS(value_int(chain->seq), value_int(0), value_int(VERIFY_BATCH))));
    bool is_unreadable = db_corrupt_rows(db) != corrupt_before;
    *count = events.count;
    for (size_t i = 0; i < events.count; i++) {
        const struct audit_event *event = list_item(&events, &audit_event_record, i);
        if (event->seq != chain->seq + 1) {
            return refuse_gap(chain, is_unreadable, problem);
        }
        TRY(verify_one((struct hashing){db_digest(db), arena}, chain, event, problem));
    }
    return is_unreadable ? refuse_gap(chain, true, problem) : OK;
}

enum err audit_verify(struct db *db, int64_t *checked, struct problem *problem)
{
    struct audit_chain chain = {0};
    struct arena *arena = arena_new();
    enum err err = OK;
    size_t count = 0;
    do {
        arena_reset(arena);
        err = verify_batch(db, arena, &chain, &count, problem);
        *checked = chain.seq;
    } while (err == OK && count > 0);
    arena_free(&arena);
    return err;
}

enum err audit_page(struct db *db, struct arena *arena, const struct audit_page *page,
                    struct list *out, int64_t *total)
{
    struct value user = value_int(page->user.value);
    bool is_newest = page->is_newest_first;
    struct value after = value_int(is_newest && page->after == 0 ? INT64_MAX : page->after);
    struct value limit = value_int(page->limit);
    if (id_is_set(page->subject)) {
        struct value subject = value_id(page->subject);
        TRY(db_number(db, S_audit_of_subject_count, total, PARAMS(subject, user)));
        return db_all(db, is_newest ? S_audit_of_subject_newest : S_audit_of_subject,
                      audit_into(arena), out, PARAMS(subject, after, user, limit));
    }
    TRY(db_number(db, S_audit_count, total, PARAMS(user)));
    return db_all(db, is_newest ? S_audit_page_newest : S_audit_page, audit_into(arena), out,
                  PARAMS(after, user, limit));
}

enum err audit_erase(struct db *db, struct arena *arena, struct audit_event *event)
{
    event->erased = change_digest((struct hashing){db_digest(db), arena}, event);
    event->before = event->after = STR_NONE;
    return str_is_set(event->erased) ? db_update(db, TABLE_audit_events, arena, event) : OK;
}
