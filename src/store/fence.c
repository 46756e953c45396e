#include "store/db_internal.h"
#include "store/kept.h"

#include <stdio.h>

enum { MARK_BYTES = 24 };

static const char *const fence_texts[FENCES] = {
    [FENCE_BEGIN] = "BEGIN IMMEDIATE",
    [FENCE_COMMIT] = "COMMIT",
    [FENCE_SAVEPOINT] = "SAVEPOINT one",
    [FENCE_RELEASE] = "RELEASE one",
    [FENCE_UNDO] = "ROLLBACK TO one",
    [FENCE_READ] = "BEGIN DEFERRED",
    [FENCE_READ_END] = "END",
};

static enum err run_fence(struct db *db, enum fence fence)
{
    TRY(db_prepared(db, &db->fences[fence], str_from(fence_texts[fence])));
    return db_complain(db, db_run_to_end(db, db->fences[fence], NO_PARAMS, NULL), "fence",
                       fence_texts[fence]);
}

enum err db_begin(struct db *db)
{
    db->way_back = WAY_BACK_NONE;
    db->jobs = (struct job_counts){0};
    db->has_written = false;
    return run_fence(db, FENCE_BEGIN);
}

static struct value mark_value(const struct db *db, char text[static MARK_BYTES])
{
    snprintf(text, MARK_BYTES, "%lld", (long long)db->mark);
    return value_text(str_from(text));
}

/* With each commit whose answer may be lost goes a number of its own. */
static enum err mark_commit(struct db *db)
{
    char text[MARK_BYTES];
    struct value name = value_text(str_from(db->mark_name));
    if (!db->is_ahead || !db->has_written) {
        return OK;
    }
    if (db->mark++ == 0) {
        TRY(db_run(db, S_commit_marks_forget, (struct params){&name, 1}));
    }
    return db_run(db, S_commit_mark, PARAMS(name, mark_value(db, text)));
}

/* Whether the commit that the engine believes in was this one. */
static enum err look_for_mark(struct db *db)
{
    char text[MARK_BYTES];
    int64_t is_there = 0;
    enum err err = db_number(db, S_commit_mark_is, &is_there,
                             PARAMS(value_text(str_from(db->mark_name)), mark_value(db, text)));
    if (err != OK) {
        return E_TIMEOUT;
    }
    log_write(db->log, LOG_WARN, LOG_STORE, STR_NONE,
              "the answer to a COMMIT was lost; looked for, it %s",
              is_there != 0 ? "was kept" : "was not kept");
    return is_there != 0 ? OK : E_UNAVAILABLE;
}

enum err db_commit(struct db *db)
{
    TRY(job_counts_write(db));
    TRY(mark_commit(db));
    TRY(run_fence(db, FENCE_COMMIT));
    bool is_doubtful = db->is_ahead && db->has_written && db->driver->was_doubtful != NULL &&
                       db->driver->was_doubtful(db->connection);
    return is_doubtful ? look_for_mark(db) : OK;
}

bool db_was_conflict(const struct db *db)
{
    return db->driver->was_conflict != NULL && db->driver->was_conflict(db->connection);
}

void db_rollback(struct db *db)
{
    /* The engine may have rolled back by itself (disk full); then this fails, and that is as good.
     */
    struct problem ignored = {0};
    db->way_back = WAY_BACK_NONE;
    db->jobs = (struct job_counts){0};
    kept_forget(db);
    if (db->driver->execute(db->connection, "ROLLBACK", &ignored) != OK) {
        log_write(db->log, LOG_DEBUG, LOG_STORE, STR_NONE, "rollback: %s", ignored.message);
    }
}

enum err db_begin_read(struct db *db)
{
    return run_fence(db, FENCE_READ);
}

/* What was read is known by then, whatever becomes of the connection. */
void db_end_read(struct db *db)
{
    enum err ignored = run_fence(db, FENCE_READ_END);
    (void)ignored;
}

enum err db_flush_apart(struct db *db, struct problem *problem)
{
    return db->driver->flush_apart(db->connection, problem);
}

enum err db_flush(struct db *db)
{
    return db->driver->flush(db->connection);
}

void db_savepoint(struct db *db)
{
    db->way_back = WAY_BACK_WANTED;
}

void db_decided(struct db *db)
{
    if (db->way_back == WAY_BACK_WANTED) {
        db->way_back = WAY_BACK_WAIVED;
    }
}

enum err db_before_write(struct db *db)
{
    db->has_written = true;
    switch (db->way_back) {
    case WAY_BACK_WANTED:
        TRY(run_fence(db, FENCE_SAVEPOINT));
        db->jobs_before = db->jobs;
        db->way_back = WAY_BACK_OPEN;
        return OK;
    case WAY_BACK_WAIVED:
        db->way_back = WAY_BACK_LOST;
        return OK;
    case WAY_BACK_NONE:
    case WAY_BACK_OPEN:
    case WAY_BACK_LOST:
        break;
    }
    return OK;
}

enum err db_release(struct db *db)
{
    enum way_back way_back = db->way_back;
    db->way_back = WAY_BACK_NONE;
    return way_back == WAY_BACK_OPEN ? run_fence(db, FENCE_RELEASE) : OK;
}

enum err db_undo(struct db *db)
{
    enum way_back way_back = db->way_back;
    db->way_back = WAY_BACK_NONE;
    if (way_back == WAY_BACK_LOST) {
        return E_CONFLICT;
    }
    if (way_back != WAY_BACK_OPEN) {
        return OK;
    }
    /* What was undone was never so: nobody knows which of the kept rows it was in. */
    kept_forget(db);
    TRY(run_fence(db, FENCE_UNDO));
    db->jobs = db->jobs_before;
    return run_fence(db, FENCE_RELEASE);
}
