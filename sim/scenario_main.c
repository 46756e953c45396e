/* tocsin-scenario: runs scenario files, or all of a folder; one TAP point a file. */
#include "sim/scenario.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct paths {
    struct arena *arena;
    const char **items;
    size_t count;
    size_t cap;
};

static void add_path(struct paths *paths, const char *path)
{
    if (paths->count == paths->cap) {
        paths->cap = paths->cap == 0 ? 128 : paths->cap * 2;
        paths->items = realloc(paths->items, paths->cap * sizeof *paths->items);
        if (paths->items == NULL) {
            abort();
        }
    }
    paths->items[paths->count++] = arena_cstr(paths->arena, str_from(path));
}

static bool is_folder(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_all(struct paths *paths, const char *path)
{
    if (!is_folder(path)) {
        add_path(paths, path);
        return;
    }
    DIR *folder = opendir(path);
    size_t first = paths->count;
    struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (str_ends(str_from(entry->d_name), STR(".scn"))) {
            struct str joined = arena_printf(paths->arena, "%s/%s", path, entry->d_name);
            add_path(paths, joined.ptr);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    qsort(paths->items + first, paths->count - first, sizeof *paths->items, by_name);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static int run_all(const struct paths *paths, bool is_verbose)
{
    struct zoneinfo *zones = NULL;
    struct problem problem = {0};
    int failed = 0;
    if (zoneinfo_open(NULL, &zones, &problem) != OK) {
        fprintf(stderr, "tocsin-scenario: %s\n", problem.message);
        return 1;
    }
    printf("1..%zu\n", paths->count);
    for (size_t i = 0; i < paths->count; i++) {
        char failure[FAILURE_MAX] = "";
        struct buf log = {0};
        bool is_ok =
            scenario_run(str_from(paths->items[i]), zones, is_verbose ? &log : NULL, failure) == OK;
        if (is_verbose) {
            fprintf(stderr, "%.*s", STR_FMT(buf_str(&log)));
        }
        buf_free(&log);
        printf("%s %zu - %s\n", is_ok ? "ok" : "not ok", i + 1, name_of(paths->items[i]));
        if (!is_ok) {
            printf("# %s\n", failure);
            failed++;
        }
        fflush(stdout);
    }
    zoneinfo_free(&zones);
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct paths paths = {.arena = arena_new()};
    bool is_verbose = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            printf(
                "usage: tocsin-scenario [--verbose] [FILE|FOLDER…]   (default tests/scenario)\n\n");
            scenario_help();
            arena_free(&paths.arena);
            return 0;
        }
        if (strcmp(argv[i], "--verbose") == 0) {
            is_verbose = true;
        } else {
            add_all(&paths, argv[i]);
        }
    }
    if (paths.count == 0) {
        add_all(&paths, "tests/scenario");
    }
    int code = run_all(&paths, is_verbose);
    free(paths.items);
    arena_free(&paths.arena);
    return code;
}
