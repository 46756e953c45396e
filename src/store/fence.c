#include "store/db_internal.h"
#include "store/kept.h"

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
    return run_fence(db, FENCE_BEGIN);
}

enum err db_commit(struct db *db)
{
    TRY(job_counts_write(db));
    return run_fence(db, FENCE_COMMIT);
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
