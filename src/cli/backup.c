#include "app/plant_keys.h"
#include "app/plant_store.h"
#include "base/folder.h"
#include "cli/command.h"
#include "store/audit.h"
#include "store/migrate.h"
#include "store/sqlite_backup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096 };

/* What was read back of a copy. */
struct findings {
    int64_t bytes;
    int64_t events;
    int schema;
};

static enum err refuse_server(const struct plant *plant, const char *how, struct problem *problem)
{
    return plant_has_server(&plant->config)
               ? problem_set(problem, E_OPERATION, "DATABASE_URL",
                             "DATABASE_URL names a PostgreSQL server, which has tools of its own: "
                             "%s; the data key is kept apart (docs/operations.md, \"Backup\")",
                             how)
               : OK;
}

/* The name in full text, so that what appears in the folder sorts by time. */
static enum err name_copy(struct plant *plant, const char *word, struct str *out,
                          struct problem *problem)
{
    struct stat facts;
    char text[INSTANT_TEXT_MAX];
    struct arena *arena = plant->config.arena;
    *out = arena_str(arena, str_from(word));
    if (stat(word, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        struct str now = instant_format(plant_now(plant), text);
        struct buf name = {.arena = arena};
        buf_printf(&name, "%s/tocsin-", word);
        for (size_t i = 0; i < now.len && now.ptr[i] != '.'; i++) {
            if (now.ptr[i] != '-' && now.ptr[i] != ':' && now.ptr[i] != 'Z') {
                buf_add_byte(&name, now.ptr[i]);
            }
        }
        buf_add_text(&name, "Z.db");
        *out = arena_str(arena, buf_str(&name));
    }
    return out->len < PATH_BYTES_MAX && access(out->ptr, F_OK) != 0
               ? OK
               : problem_set(problem, E_DUPLICATE, NULL,
                             "%s is there already; a backup overwrites nothing", out->ptr);
}

static enum err check_schema(struct db *db, const char *path, int *schema, struct problem *problem)
{
    int want = 0;
    if (migrate_status(db, schema, &want, problem) != OK || *schema == 0) {
        return problem_set(problem, E_INVALID, NULL, "%s is no database of Tocsin", path);
    }
    return *schema <= want ? OK
                           : problem_set(problem, E_CONFLICT, NULL,
                                         "%s has schema %d, and this binary knows %d at most; "
                                         "take the newer binary",
                                         path, *schema, want);
}

/* Reads a file as a later restore would: every page, the schema, the key, the trail. */
static enum err read_back(struct plant *plant, const char *path, struct findings *out,
                          struct problem *problem)
{
    struct db_config config = {.driver = &driver_sqlite,
                               .path = path,
                               .is_read_only = true,
                               .seal = plant->seal,
                               .log = &plant->log};
    struct db *db = NULL;
    TRY(sqlite_check(path, problem));
    TRY(db_open(&config, &db, problem));
    enum err err = check_schema(db, path, &out->schema, problem);
    if (err == OK) {
        err = plant_key_fits(plant, db, problem);
    }
    if (err == OK) {
        err = audit_verify(db, &out->events, problem);
    }
    db_close(&db);
    return err;
}

/* What stands under its name is whole and was read back. */
static enum err copy_whole(struct plant *plant, const char *from, const char *to,
                           struct findings *out, struct problem *problem)
{
    struct str draft = arena_printf(plant->config.arena, "%s.partial", to);
    (void)unlink(draft.ptr); /* Of one that was cut short. */
    TRY(sqlite_backup(from, draft.ptr, &out->bytes, problem));
    enum err err = read_back(plant, draft.ptr, out, problem);
    if (err == OK && rename(draft.ptr, to) != 0) {
        err = problem_set(problem, E_UNAVAILABLE, NULL, "%s cannot be written: %s", to,
                          strerror(errno));
    }
    if (err != OK) {
        (void)unlink(draft.ptr);
        return err;
    }
    return folder_flush(to, problem);
}

static void show(const char *what, const char *path, const struct findings *findings)
{
    printf("%s %s: %lld bytes, schema %d, the audit trail is whole: %lld events\n", what, path,
           (long long)findings->bytes, findings->schema, (long long)findings->events);
}

static enum err back_up(struct plant *plant, const char *word, struct problem *problem)
{
    struct findings findings = {0};
    struct str to = STR_NONE;
    TRY(refuse_server(plant, "pg_dump --format=custom, and pg_restore", problem));
    TRY(plant_open(plant, PLANT_READ_ONLY, problem));
    TRY(name_copy(plant, word, &to, problem));
    TRY(copy_whole(plant, plant->file_path.ptr, to.ptr, &findings, problem));
    show("Backed up to", to.ptr, &findings);
    if (plant->config.data_key.len == 0) {
        printf("Not in it: the data key %s.key. Keep a copy of it in another place; without it "
               "contact data cannot be read.\n",
               plant->file_path.ptr);
    }
    if (access(plant->archive_dir.ptr, F_OK) == 0) {
        printf("Not in it: the archive files in %s. What is in them is not in the database any "
               "more, and opens with this copy; copy the folder beside it, after it.\n",
               plant->archive_dir.ptr);
    }
    return OK;
}

enum exit_code run_backup(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    if (!load_plant(arguments, &plant)) {
        return EXIT_USAGE;
    }
    const char *word = take_word(arguments);
    if (word == NULL || !all_taken(arguments, command_named("backup"))) {
        fprintf(stderr, "usage: tocsin backup %s\n", command_named("backup")->usage);
        config_free(&plant.config);
        return EXIT_USAGE;
    }
    enum err err = back_up(&plant, word, &problem);
    if (err != OK) {
        say_problem("backup", &problem);
    }
    plant_close(&plant);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}

/* The database with its log, which belongs to it, under another name. */
static enum err put_aside(struct plant *plant, struct problem *problem)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct arena *arena = plant->config.arena;
    const char *path = plant->file_path.ptr;
    long long now = (long long)(plant_now(plant).us / 1000000);
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        struct str from = arena_printf(arena, "%s%s", path, ends[i]);
        struct str to = arena_printf(arena, "%s.replaced-%lld%s", path, now, ends[i]);
        if (rename(from.ptr, to.ptr) != 0 && errno != ENOENT) {
            return problem_set(problem, E_UNAVAILABLE, NULL, "%s cannot be put aside: %s", from.ptr,
                               strerror(errno));
        }
    }
    printf("What was there is now %s.replaced-%lld\n", path, now);
    return OK;
}

struct restoring {
    const char *from;
    bool may_replace;
};

static enum err restore(struct plant *plant, const struct restoring *restoring,
                        struct problem *problem)
{
    struct findings findings = {0};
    TRY(refuse_server(plant, "pg_restore, of what pg_dump wrote", problem));
    TRY(plant_check(plant, problem));
    TRY(plant_store_name(plant, PLANT_WRITE, problem));
    TRY(plant_lock(plant, problem));
    TRY(plant_seal_open(plant, PLANT_READ_ONLY, problem));
    bool exists = access(plant->file_path.ptr, F_OK) == 0;
    if (exists && !restoring->may_replace) {
        return problem_set(problem, E_CONFLICT, "DATABASE_URL",
                           "%s is there already; --replace puts it aside", plant->file_path.ptr);
    }
    /* All that can be wrong with the file is seen before anything is touched. */
    TRY(read_back(plant, restoring->from, &findings, problem));
    if (exists) {
        TRY(put_aside(plant, problem));
    }
    TRY(copy_whole(plant, restoring->from, plant->file_path.ptr, &findings, problem));
    show("Restored", plant->file_path.ptr, &findings);
    printf("What was done since that backup is not known any more: it may be done once more after "
           "the start.\n");
    return OK;
}

enum exit_code run_restore(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    if (!load_plant(arguments, &plant)) {
        return EXIT_USAGE;
    }
    struct restoring restoring = {.may_replace = take_flag(arguments, "--replace")};
    restoring.from = take_word(arguments);
    if (restoring.from == NULL || !all_taken(arguments, command_named("restore"))) {
        fprintf(stderr, "usage: tocsin restore %s\n", command_named("restore")->usage);
        config_free(&plant.config);
        return EXIT_USAGE;
    }
    enum err err = restore(&plant, &restoring, &problem);
    if (err != OK) {
        say_problem("restore", &problem);
    }
    plant_close(&plant);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}
