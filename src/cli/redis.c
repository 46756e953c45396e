#include "app/monotonic.h"
#include "bus/redis_due.h"
#include "cli/command.h"
#include "service/due_list.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PATIENCE_MS = 5000,
    COUNT_DEFAULT = 20,
    COUNT_MAX = 1000,
    WAIT_DEFAULT = 5,
    WAIT_MAX = 3600
};

enum task { TASK_VERIFY, TASK_REBUILD, TASK_DUE };

struct redis_work {
    struct plant plant;
    struct problem problem;
    struct redis *link;
    int64_t count;
    int64_t wait;
    struct due_item *first; /* What is due first, of all shards. */
    size_t first_count;
};

static enum err open_link(struct redis_work *work)
{
    struct plant *plant = &work->plant;
    struct problem why = {0};
    struct redis_config config = {.address = &plant->redis,
                                  .patience = MILLISECONDS(PATIENCE_MS),
                                  .monotonic_ms = monotonic_ms};
    if (!plant->has_redis) {
        return problem_set(&work->problem, E_INVALID, "REDIS_URL",
                           "REDIS_URL and a DATABASE_URL of PostgreSQL are wanted");
    }
    enum err err = redis_open(&config, &work->link, &why);
    return err == OK ? OK
                     : problem_set(&work->problem, err, "REDIS_URL", "Redis %.*s: %s",
                                   STR_FMT(plant->redis_name), why.message);
}

/* --- verify, rebuild --- */

static enum err sweep_all(struct redis_work *work, bool mends, struct due_counts *out)
{
    struct due_list list = {0};
    struct problem why = {0};
    struct due_sweep sweep = {.mends = mends};
    enum err err = due_list_read(work->plant.db, ~UINT64_C(0), &list);
    if (err != OK) {
        problem_set(&work->problem, err, NULL, "the rows of timers cannot be read");
    }
    for (int shard = 0; shard < DUE_SHARDS && err == OK; shard++) {
        struct due_slice slice = due_list_of(&list, shard);
        err = redis_due_sweep(work->link, &slice, &sweep, &why);
        if (err != OK) {
            problem_set(&work->problem, err, NULL, "Redis %.*s: %s",
                        STR_FMT(work->plant.redis_name), why.message);
        }
    }
    due_list_free(&list);
    *out = sweep.counts;
    return err;
}

static int64_t differences(const struct due_counts *counts)
{
    return counts->missing + counts->wrong + counts->foreign;
}

static void show_counts(const char *what, const struct due_counts *counts)
{
    printf("%s: %lld timers wait; in the index %lld were missing, %lld had another time, %lld were "
           "of no timer.\n",
           what, (long long)counts->waiting, (long long)counts->missing, (long long)counts->wrong,
           (long long)counts->foreign);
}

/* Nodes at work change both between the two looks, and take what has ended out of the index within
 * half a minute. */
static enum exit_code verify(struct redis_work *work)
{
    struct due_counts counts = {0};
    int64_t until_ms = monotonic_ms() + work->wait * 1000;
    enum err err = sweep_all(work, false, &counts);
    while (err == OK && differences(&counts) > 0 && monotonic_ms() < until_ms) {
        (void)poll(NULL, 0, 1000);
        err = sweep_all(work, false, &counts);
    }
    if (err != OK) {
        return EXIT_FAILED;
    }
    show_counts(differences(&counts) == 0 ? "The index agrees with the database"
                                          : "The index differs from the database",
                &counts);
    return differences(&counts) == 0 ? EXIT_DONE : EXIT_FOUND;
}

static enum exit_code rebuild(struct redis_work *work)
{
    struct due_counts counts = {0};
    if (sweep_all(work, true, &counts) != OK) {
        return EXIT_FAILED;
    }
    show_counts("The index is as the database says", &counts);
    return EXIT_DONE;
}

/* --- due --- */

static void take_first(void *context, const struct due_item *item)
{
    struct redis_work *work = context;
    work->first[work->first_count++] = *item;
}

static int compare_due(const void *a, const void *b)
{
    const struct due_item *first = a;
    const struct due_item *second = b;
    return first->due_ms != second->due_ms ? (first->due_ms < second->due_ms ? -1 : 1)
                                           : due_item_compare(first, second);
}

static enum exit_code show_due(struct redis_work *work)
{
    struct due_listing listing = {work, take_first};
    struct problem why = {0};
    size_t most = (size_t)work->count * DUE_SHARDS;
    work->first = ARENA_NEW_ARRAY(work->plant.config.arena, struct due_item, most);
    for (int shard = 0; shard < DUE_SHARDS; shard++) {
        enum err err = redis_due_first(work->link, shard, (int)work->count, &listing, &why);
        if (err != OK) {
            problem_set(&work->problem, err, NULL, "Redis %.*s: %s",
                        STR_FMT(work->plant.redis_name), why.message);
            return EXIT_FAILED;
        }
    }
    qsort(work->first, work->first_count, sizeof *work->first, compare_due);
    for (size_t i = 0; i < work->first_count && i < (size_t)work->count; i++) {
        const struct due_item *item = &work->first[i];
        char at[INSTANT_TEXT_MAX];
        char id[ID_TEXT_MAX];
        printf("%.*s %s %.*s\n", STR_FMT(instant_format(instant_from_ms(item->due_ms), at)),
               enum_name(&timer_kind_names, item->kind),
               STR_FMT(id_format(work->plant.site.id_key, item->id, id)));
    }
    return EXIT_DONE;
}

/* --- The command --- */

static bool take_number(const struct arguments *arguments, const char *name, int64_t most,
                        int64_t *out)
{
    struct problem problem = {0};
    const char *text = take_option(arguments, name);
    if (text == NULL || (str_to_int(str_from(text), out) == OK && *out > 0 && *out <= most)) {
        return true;
    }
    problem_set(&problem, E_INVALID, name, "must be a whole number from 1 to %lld",
                (long long)most);
    say_problem("redis", &problem);
    return false;
}

static enum exit_code run_task(struct redis_work *work, enum task task)
{
    enum exit_code code = EXIT_FAILED;
    enum err err = plant_open(&work->plant, PLANT_READ_ONLY, &work->problem);
    err = err == OK ? open_link(work) : err;
    if (err == OK) {
        code = task == TASK_VERIFY ? verify(work)
               : task == TASK_DUE  ? show_due(work)
                                   : rebuild(work);
    }
    if (code == EXIT_FAILED) {
        say_problem("redis", &work->problem);
    }
    redis_close(&work->link);
    plant_close(&work->plant);
    return code;
}

enum exit_code run_redis(const struct arguments *arguments)
{
    struct redis_work work = {.count = COUNT_DEFAULT, .wait = WAIT_DEFAULT};
    bool verifies = take_flag(arguments, "verify");
    bool rebuilds = !verifies && take_flag(arguments, "rebuild");
    bool shows = !verifies && !rebuilds && take_flag(arguments, "due");
    if (!verifies && !rebuilds && !shows) {
        fprintf(stderr, "usage: tocsin redis %s\n", command_named("redis")->usage);
        return EXIT_USAGE;
    }
    if ((shows && !take_number(arguments, "--count", COUNT_MAX, &work.count)) ||
        (verifies && !take_number(arguments, "--wait", WAIT_MAX, &work.wait)) ||
        !load_plant(arguments, &work.plant)) {
        return EXIT_USAGE;
    }
    if (!all_taken(arguments, command_named("redis"))) {
        config_free(&work.plant.config);
        return EXIT_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    return run_task(&work, verifies ? TASK_VERIFY : rebuilds ? TASK_REBUILD : TASK_DUE);
}
