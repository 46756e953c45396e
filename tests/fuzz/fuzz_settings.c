/* fuzz_settings: any bytes as settings: the first chooses whether the rest is an environment, a
 * configuration file, a file of rules or one of policies. What is sound is taken; what is not is
 * refused with a sentence, and where a known setting is at fault with its name. */
#define _GNU_SOURCE /* memfd_create */

#include "app/policy_files.h"
#include "app/rules.h"
#include "app/wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_problem(const struct problem *problem)
{
    assert(problem->err != OK && problem->message[0] != '\0');
    assert(str_find_byte(str_from(problem->message), '\n', 0) == strlen(problem->message));
}

static struct instant no_time(void *context)
{
    (void)context;
    return INSTANT_NONE;
}

static void no_line(void *context, struct str line)
{
    (void)context;
    (void)line;
}

/* What stands behind the settings of the programs: providers, routes, hours, rules, addresses. */
static void check_plant(char *const *environment, const char *path)
{
    static struct zoneinfo *zones; /* Read once: it is the machine's, not the input's. */
    struct plant *plant = calloc(1, sizeof *plant);
    struct problem problem = {0};
    assert(plant != NULL);
    if (zones == NULL && zoneinfo_open(NULL, &zones, &problem) != OK) {
        abort();
    }
    plant->log = (struct log){.least = LOG_ERROR, .sink = no_line, .now = no_time};
    plant->zones = zones;
    if (config_load(environment, path, &plant->config, &problem) != OK ||
        plant_check(plant, &problem) != OK) {
        check_problem(&problem);
    } else {
        assert(plant->site.rules.stage_count <= STAGES_MAX);
        assert(plant->site.retry_attempts > 0 && plant->site.calendar_interval.us > 0);
    }
    rules_free(&plant->site.rules);
    config_free(&plant->config);
    free(plant);
}

/* Files that never end, or that somebody must write first, are not what is tried here. */
static bool names_a_file(struct str text)
{
    static const char *const words[] = {"_FILE", "_DIR", "CONFIG", "CA_", "/dev", "/proc"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (str_contains(text, str_from(words[i]))) {
            return true;
        }
    }
    return false;
}

static void try_environment(struct arena *arena, struct str text)
{
    char *environment[LINES_MAX + 1] = {NULL};
    struct str line = STR_NONE;
    for (size_t i = 0; i < LINES_MAX && str_split(&text, '\n', &line); i++) {
        environment[i] = arena_alloc(arena, line.len + 1);
        memcpy(environment[i], line.ptr, line.len);
    }
    check_plant(environment, NULL);
}

/* A file that is only in memory, by the name under which it can be opened. */
static int file_of(struct str text, char name[static 64])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    assert(fd >= 0);
    ssize_t put = write(fd, text.ptr, text.len);
    assert(put == (ssize_t)text.len);
    snprintf(name, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void try_file(struct str text)
{
    char *const nothing[] = {NULL};
    char name[64];
    int fd = file_of(text, name);
    check_plant(nothing, name);
    close(fd);
}

static void try_rules(struct str text)
{
    struct rules rules = {0};
    struct problem problem = {0};
    char name[64];
    int fd = file_of(text, name);
    if (rules_load(name, &rules, &problem) != OK) {
        check_problem(&problem);
        assert(rules.arena == NULL);
    } else {
        assert(rules.stage_count <= STAGES_MAX);
        for (size_t i = 0; i < rules.stage_count; i++) {
            assert(rules.stages[i].due_before.us > rules.stages[i].valid_before.us);
        }
        rules_free(&rules);
    }
    close(fd);
}

/* A folder with this one policy in it. */
static void try_policy(struct str text)
{
    char folder[] = "build-fuzz-XXXXXX";
    char path[64];
    char name[64];
    struct problem problem = {0};
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    int fd = file_of(text, name);
    snprintf(path, sizeof path, "%s/p.json", folder);
    int linked = symlink(name, path);
    assert(linked == 0);
    if (policy_files_check(str_from(folder), &problem) != OK) {
        check_problem(&problem);
        assert(strcmp(problem.field, "POLICIES_DIR") == 0);
        assert(str_contains(str_from(problem.message), STR("p.json")));
    }
    unlink(path);
    rmdir(folder);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct arena *arena = arena_new();
    struct str text = {(const char *)bytes + 1, size - 1};
    switch (bytes[0] % 4) {
    case 0:
        if (!names_a_file(text)) {
            try_environment(arena, text);
        }
        break;
    case 1:
        if (!names_a_file(text)) {
            try_file(text);
        }
        break;
    case 2:
        try_rules(text);
        break;
    default:
        try_policy(text);
        break;
    }
    arena_free(&arena);
    return 0;
}
