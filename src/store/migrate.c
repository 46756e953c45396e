#include "store/migrate.h"

#include <stdio.h>
#include <string.h>

/* Puts the bytes of a file into the binary; TOCSIN_SOURCE_DIR is known to the build only. */
#define EMBED(symbol, path)                                                         \
    __asm__(".section .rodata\n.global " #symbol "\n.balign 16\n" #symbol           \
            ":\n.incbin \"" TOCSIN_SOURCE_DIR "/" path "\"\n.byte 0\n.previous\n"); \
    extern const char symbol[];

EMBED(migration_0001, "migrations/0001_foundation.sql")
EMBED(migration_0002, "migrations/0002_policies.sql")
EMBED(migration_0003, "migrations/0003_oncall.sql")
EMBED(migration_0004, "migrations/0004_dispatch.sql")
EMBED(migration_0005, "migrations/0005_integrations.sql")
EMBED(migration_0006, "migrations/0006_events.sql")
EMBED(migration_0007, "migrations/0007_notifications.sql")
EMBED(migration_0008, "migrations/0008_watch.sql")
EMBED(migration_0009, "migrations/0009_scheduled_calls.sql")
EMBED(migration_0010, "migrations/0010_nodes.sql")
EMBED(migration_0011, "migrations/0011_archives.sql")

static const char *const migrations[] = {
    migration_0001, migration_0002, migration_0003, migration_0004, migration_0005, migration_0006,
    migration_0007, migration_0008, migration_0009, migration_0010, migration_0011};

static struct str checksum(struct arena *arena, const char *text)
{
    uint8_t digest[SHA256_BYTES];
    sha256(str_from(text), digest);
    return hex_text(arena, digest, sizeof digest);
}

struct ran {
    struct arena *arena;
    int highest;
    struct str changed; /* The number of a step whose text is not the one that ran. */
};

static enum err take_step(void *context, const struct value *columns)
{
    struct ran *ran = context;
    int number = (int)columns[0].number;
    if (number > ran->highest) {
        ran->highest = number;
    }
    bool is_known = number >= 1 && number <= (int)ARRAY_LENGTH(migrations);
    if (is_known && !str_equal(columns[1].text, checksum(ran->arena, migrations[number - 1]))) {
        ran->changed = arena_printf(ran->arena, "%d", number);
    }
    return OK;
}

static enum err read_state(struct db *db, struct arena *arena, int *have, struct problem *problem)
{
    struct ran ran = {.arena = arena};
    TRY(db_execute(db, db_dialect(db)->bookkeeping, problem));
    TRY(db_each(db, S_migrations_ran, &ran, take_step, NO_PARAMS));
    if (str_is_set(ran.changed)) {
        return problem_set(problem, E_CONFLICT, NULL, "migration %s was changed after it ran",
                           ran.changed.ptr);
    }
    *have = ran.highest;
    return OK;
}

static enum err run_step(struct db *db, struct arena *arena, int number, struct problem *problem)
{
    struct str text = dialect_text(db_dialect(db), arena, str_from(migrations[number - 1]));
    TRY(db_begin(db));
    enum err err = db_execute(db, text.ptr, problem);
    if (err == OK) {
        err =
            db_run(db, S_migration_done,
                   PARAMS(value_int(number), value_text(checksum(arena, migrations[number - 1]))));
    }
    if (err == OK) {
        err = db_commit(db);
    }
    if (err != OK) {
        db_rollback(db);
    }
    return err;
}

enum err migrate_up(struct db *db, int *ran, struct problem *problem)
{
    int want = (int)ARRAY_LENGTH(migrations);
    int have = 0;
    struct arena *arena = arena_new();
    enum err err = read_state(db, arena, &have, problem);
    if (err == OK && have > want) {
        err = problem_set(problem, E_CONFLICT, NULL,
                          "the database has schema %d, this binary knows %d: run the newer binary",
                          have, want);
    }
    for (int number = have + 1; err == OK && number <= want; number++) {
        err = run_step(db, arena, number, problem);
    }
    if (ran != NULL) {
        *ran = err == OK ? want - have : 0;
    }
    arena_free(&arena);
    return err;
}

enum err migrate_status(struct db *db, int *have, int *want, struct problem *problem)
{
    struct arena *arena = arena_new();
    *want = (int)ARRAY_LENGTH(migrations);
    enum err err = read_state(db, arena, have, problem);
    arena_free(&arena);
    return err;
}
