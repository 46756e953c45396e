/* tocsin-sim: lives of random people under random faults. tocsin-sim --seed N [--seeds COUNT]
 * [--until 2d] [--verbose]
 *
 * One line a seed, with a number over its trace; the same seed gives the same number. Ends with 1
 * at the first seed at which an invariant does not hold, after telling its story. */
#include "sim/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wish {
    int64_t seed;
    int64_t seeds;
    struct duration until;
    bool is_verbose;
    bool is_quiet;
};

enum { STORY_BYTES_MAX = 6000, LOG_BYTES_MAX = 4000 };

static struct str tail_of(struct str text, size_t max)
{
    return str_slice(text, text.len > max ? text.len - max : 0, text.len);
}

static bool live(uint64_t seed, const struct wish *wish, struct zoneinfo *zones)
{
    struct life *life = life_new(seed, zones);
    bool holds = life_run(life, wish->until);
    struct str story = buf_str(&life->story);
    if (wish->is_verbose || !holds) {
        fprintf(stderr, "%.*s",
                STR_FMT(wish->is_verbose ? story : tail_of(story, STORY_BYTES_MAX)));
        fprintf(stderr, "--- the server's log\n%.*s---\n",
                STR_FMT(wish->is_verbose ? buf_str(&life->world->log)
                                         : tail_of(buf_str(&life->world->log), LOG_BYTES_MAX)));
    }
    if (!wish->is_quiet || !holds) {
        const struct carrier_fact *facts = NULL;
        printf("seed %llu: %lld steps, %zu lines of the mock network, %zu facts of providers, %lld "
               "crashes, trace %016llx%s%s\n",
               (unsigned long long)seed, (long long)life->steps, life->world->journal_count,
               carrier_facts(life->world->carrier, &facts), (long long)life->world->crashes,
               (unsigned long long)life_trace(life), holds ? "" : ": FAILED: ", life->failure);
        fflush(stdout);
    }
    life_free(&life);
    return holds;
}

static bool read_wish(int argc, char **argv, struct wish *out)
{
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        struct str value = has_value ? str_from(argv[i + 1]) : STR_NONE;
        if (strcmp(argv[i], "--verbose") == 0) {
            out->is_verbose = true;
        } else if (strcmp(argv[i], "--quiet") == 0) {
            out->is_quiet = true;
        } else if (has_value && strcmp(argv[i], "--seed") == 0 &&
                   str_to_int(value, &out->seed) == OK) {
            i++;
        } else if (has_value && strcmp(argv[i], "--seeds") == 0 &&
                   str_to_int(value, &out->seeds) == OK) {
            i++;
        } else if (has_value && strcmp(argv[i], "--until") == 0 &&
                   duration_parse(value, &out->until) == OK) {
            i++;
        } else {
            fprintf(stderr, "usage: tocsin-sim --seed N [--seeds COUNT] [--until 2d] [--quiet] "
                            "[--verbose]\n");
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct wish wish = {.seed = 1, .seeds = 1, .until = DAYS(2)};
    struct zoneinfo *zones = NULL;
    struct problem problem = {0};
    if (!read_wish(argc, argv, &wish)) {
        return 2;
    }
    if (zoneinfo_open(NULL, &zones, &problem) != OK) {
        fprintf(stderr, "tocsin-sim: %s\n", problem.message);
        return 1;
    }
    int64_t lived = 0;
    while (lived < wish.seeds && live((uint64_t)(wish.seed + lived), &wish, zones)) {
        lived++;
    }
    zoneinfo_free(&zones);
    printf("%lld of %lld seeds held\n", (long long)lived, (long long)wish.seeds);
    return lived == wish.seeds ? 0 : 1;
}
