#include "cli/store_work.h"

enum err store_work_open(struct store_work *work, enum plant_use use)
{
    struct plant *plant = &work->plant;
    TRY(plant_open(plant, use, &work->problem));
    work->op = (struct op){.now = plant_now(plant),
                           .arena = plant->config.arena,
                           .db = plant->db,
                           .site = &plant->site,
                           .writer = &work->writer,
                           .actor = {.name = STR("cli"), .scope = key_scope_ADMIN},
                           .problem = &work->problem};
    return OK;
}

enum err store_work_change(struct store_work *work,
                           enum err (*function)(struct op *op, const void *input, void *output),
                           const void *input, void *output)
{
    TRY(db_begin(work->op.db));
    enum err err = writer_begin(&work->writer, work->op.db);
    err = err == OK ? function(&work->op, input, output) : err;
    err = err == OK ? db_commit(work->op.db) : err;
    if (err != OK) {
        db_rollback(work->op.db);
    }
    return err;
}
