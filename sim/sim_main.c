/* tocsin-sim: lives of random people under random faults.
 *
 * One line a seed, with a number over its trace; the same seed gives the same number. Ends with 1
 * where an invariant does not hold or a life dies, after telling its story. */
#include "sim/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { JOBS_MAX = 64, TWICE_EVERY = 10 };

static const char usage[] =
    "usage: tocsin-sim [--seed N] [--seeds COUNT] [--until 12h] [--jobs J] [--on]\n"
    "                  [--shrink] [--only MOVES] [--scenario FILE] [--quiet] [--verbose]\n"
    "  --seed N         the first seed (1)\n"
    "  --seeds COUNT    how many lives, one after the other (1); every tenth is lived twice\n"
    "  --until LENGTH   how long each is (12h)\n"
    "  --jobs J         so many at once (1)\n"
    "  --on             goes on behind a seed that fails\n"
    "  --shrink         a seed that fails is made as short as can be\n"
    "  --only MOVES     nothing else of the life happens: a3,f2,p1-9 for act 3, fault 2, nine "
    "pauses\n"
    "  --scenario FILE  the life as a scenario, for tocsin-scenario\n"
    "  --quiet          only seeds that fail, and the count\n"
    "  --verbose        the story, and the server's log\n";

struct wish {
    int64_t seed;
    int64_t seeds;
    int64_t jobs;
    struct duration until;
    struct moves moves;
    const char *script_path;
    bool goes_on;
    bool is_shrinking;
    bool is_verbose;
    bool is_quiet;
};

struct run {
    const struct wish *wish;
    struct zoneinfo *zones;
    struct trial_child children[JOBS_MAX];
    int64_t seeds[JOBS_MAX]; /* Of the children. */
    int64_t begun;
    int64_t held;
    int64_t failed;
};

static struct trial_order order_of(const struct run *run, int64_t seed)
{
    const struct wish *wish = run->wish;
    return (struct trial_order){.seed = (uint64_t)seed,
                                .until = wish->until,
                                .zones = run->zones,
                                .moves = &wish->moves,
                                .is_telling = wish->is_verbose,
                                .lives_twice = seed % TWICE_EVERY == 0 && !wish->is_verbose,
                                .script_path = wish->script_path};
}

static void show(const struct run *run, int64_t seed, const struct trial *trial)
{
    if (!run->wish->is_quiet || !trial->holds) {
        printf("seed %lld: %lld steps, %lld lines of the mock network, %lld facts of providers, "
               "%lld crashes, trace %016llx%s%s\n",
               (long long)seed, (long long)trial->steps, (long long)trial->lines,
               (long long)trial->facts, (long long)trial->crashes, (unsigned long long)trial->trace,
               trial->holds ? "" : ": FAILED: ", trial->failure);
        fflush(stdout);
    }
}

static void show_shrunk(const struct run *run, int64_t seed, const struct trial *trial)
{
    struct trial_order order = order_of(run, seed);
    struct buf text = {0};
    order.script_path = NULL;
    struct shrunk shrunk = shrink(&order, trial);
    moves_print(&shrunk.moves, &text);
    order.moves = &shrunk.moves;
    order.is_telling = true;
    order.script_path = run->wish->script_path;
    struct trial last = trial_run(&order);
    printf(
        "the shortest story of seed %lld, after %lld lives: %lld acts, %lld faults, %lld pauses: "
        "%s\nagain: tocsin-sim --seed %lld --until %llds --only %.*s --verbose\n",
        (long long)seed, (long long)shrunk.lives, (long long)moves_count(&shrunk.moves, MOVE_ACT),
        (long long)moves_count(&shrunk.moves, MOVE_FAULT),
        (long long)moves_count(&shrunk.moves, MOVE_PAUSE), last.failure, (long long)seed,
        (long long)(order.until.us / SECONDS(1).us), STR_FMT(buf_str(&text)));
    if (order.script_path != NULL) {
        char sentence[LIFE_FAILURE_MAX];
        snprintf(sentence, sizeof sentence, "%.*s", (int)strcspn(last.failure, "("), last.failure);
        bool fails = trial_scenario_fails(order.script_path, run->zones, sentence);
        printf("%s %s\n", order.script_path,
               fails ? "fails in the same way as a scenario"
                     : "is the same story, but does not fail as a scenario");
    }
    buf_free(&text);
    moves_free(&shrunk.moves);
}

static void take(struct run *run, int64_t slot, int status)
{
    int64_t seed = run->seeds[slot];
    struct trial trial = trial_end(&run->children[slot], status);
    show(run, seed, &trial);
    run->held += trial.holds;
    run->failed += !trial.holds;
    if (!trial.holds && run->wish->is_shrinking) {
        show_shrunk(run, seed, &trial);
    }
}

static int64_t free_slot(const struct run *run)
{
    int64_t slot = 0;
    while (slot < run->wish->jobs && run->children[slot].process != 0) {
        slot++;
    }
    return slot;
}

static bool is_anyone_living(const struct run *run)
{
    for (int64_t slot = 0; slot < run->wish->jobs; slot++) {
        if (run->children[slot].process != 0) {
            return true;
        }
    }
    return false;
}

static void wait_for_one(struct run *run)
{
    int status = 0;
    pid_t ended = waitpid(-1, &status, 0);
    for (int64_t slot = 0; slot < run->wish->jobs; slot++) {
        if (ended > 0 && run->children[slot].process == ended) {
            take(run, slot, status);
            return;
        }
    }
}

static void live_all(struct run *run)
{
    const struct wish *wish = run->wish;
    for (;;) {
        bool may_begin = run->begun < wish->seeds && (run->failed == 0 || wish->goes_on);
        int64_t slot = free_slot(run);
        if (may_begin && slot < wish->jobs) {
            run->seeds[slot] = wish->seed + run->begun++;
            struct trial_order order = order_of(run, run->seeds[slot]);
            run->children[slot] = trial_begin(&order);
        } else if (is_anyone_living(run)) {
            wait_for_one(run);
        } else {
            return;
        }
    }
}

static bool read_flag(const char *word, struct wish *out)
{
    struct {
        const char *word;
        bool *flag;
    } const flags[] = {{"--verbose", &out->is_verbose},
                       {"--quiet", &out->is_quiet},
                       {"--shrink", &out->is_shrinking},
                       {"--on", &out->goes_on}};
    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
        if (strcmp(word, flags[i].word) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static bool read_value(const char *word, const char *text, struct wish *out)
{
    struct {
        const char *word;
        int64_t *number;
    } const numbers[] = {{"--seed", &out->seed}, {"--seeds", &out->seeds}, {"--jobs", &out->jobs}};
    struct str value = str_from(text);
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        if (strcmp(word, numbers[i].word) == 0) {
            return str_to_int(value, numbers[i].number) == OK;
        }
    }
    if (strcmp(word, "--scenario") == 0) {
        out->script_path = text;
        return true;
    }
    if (strcmp(word, "--only") == 0) {
        return moves_read(value, &out->moves) == OK;
    }
    return strcmp(word, "--until") == 0 && duration_parse(value, &out->until) == OK;
}

static bool read_wish(int argc, char **argv, struct wish *out)
{
    for (int i = 1; i < argc; i++) {
        if (read_flag(argv[i], out)) {
            continue;
        }
        if (i + 1 == argc || !read_value(argv[i], argv[i + 1], out)) {
            return false;
        }
        i++;
    }
    return out->jobs >= 1 && out->jobs <= JOBS_MAX && out->seed >= 0 && out->seeds >= 1;
}

int main(int argc, char **argv)
{
    struct wish wish = {.seed = 1, .seeds = 1, .jobs = 1, .until = HOURS(12)};
    struct problem problem = {0};
    struct run run = {.wish = &wish};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        printf("%s\n", usage);
        life_help();
        return 0;
    }
    if (!read_wish(argc, argv, &wish)) {
        fputs(usage, stderr);
        return 2;
    }
    if (zoneinfo_open(NULL, &run.zones, &problem) != OK) {
        fprintf(stderr, "tocsin-sim: %s\n", problem.message);
        return 1;
    }
    live_all(&run);
    zoneinfo_free(&run.zones);
    moves_free(&wish.moves);
    printf("%lld of %lld seeds held\n", (long long)run.held, (long long)wish.seeds);
    return run.held == wish.seeds ? 0 : 1;
}
