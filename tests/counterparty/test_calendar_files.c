/* Every public calendar file imports, or is refused with a reason, within a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "calendar/expand.h"
#include "store/zoneinfo.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATH_BYTES = 1024, FILES_EXPECTED = 100, FILE_BYTES_MAX = 16 * 1024 * 1024 };

struct tally {
    struct zoneinfo *zoneinfo;
    size_t file_count;
    size_t imported_count;
    size_t refused_count;
    size_t event_count;
    size_t occurrence_count;
    size_t warning_count;
    double slowest_seconds;
};

static const struct zone *find(void *context, struct str name)
{
    return zoneinfo_find(context, name);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct str read_file(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = arena_alloc(arena, FILE_BYTES_MAX);
    size_t length = fread(bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return (struct str){bytes, length};
}

static void import(struct tally *tally, const char *path, const char *name)
{
    struct arena *arena = arena_new();
    struct zones_port zones = {.context = tally->zoneinfo, .find = find};
    struct expand_request request = {
        .text = read_file(arena, path), .owner_zone_name = STR("Europe/Berlin"), .zones = &zones};
    assert_int_equal(instant_parse(STR("1990-01-01T00:00:00Z"), &request.from), OK);
    assert_int_equal(instant_parse(STR("2030-01-01T00:00:00Z"), &request.to), OK);
    struct expand_result result;
    struct problem problem = {0};
    double before = seconds_now();
    enum err err = calendar_expand(arena, &request, &result, &problem);
    double spent = seconds_now() - before;
    if (err == OK) {
        print_message("# %s: %zu events, %zu occurrences, %zu warnings\n", name, result.event_count,
                      result.occurrence_count, result.warning_count);
        tally->imported_count++;
        tally->event_count += result.event_count;
        tally->occurrence_count += result.occurrence_count;
        tally->warning_count += result.warning_count;
    } else {
        print_message("# %s: refused, %s\n", name, problem.message);
        assert_true(problem.message[0] != '\0');
        tally->refused_count++;
    }
    tally->file_count++;
    tally->slowest_seconds = spent > tally->slowest_seconds ? spent : tally->slowest_seconds;
    assert_true(spent < 1.0);
    arena_free(&arena);
}

static bool is_calendar_name(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".ics") == 0;
}

static void import_folder(struct tally *tally, const char *folder)
{
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (is_calendar_name(entry->d_name)) {
            import(tally, path, entry->d_name);
        } else if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            import_folder(tally, path);
        }
    }
    closedir(directory);
}

/* $TOCSIN_SHARED, or ../shared beside the repository. */
static void calendars_folder(char *out, size_t size)
{
    const char *shared = getenv("TOCSIN_SHARED");
    const char *root = getenv("TOCSIN_ROOT");
    if (shared != NULL) {
        snprintf(out, size, "%s/counterparties/calendars", shared);
    } else {
        snprintf(out, size, "%s/../shared/counterparties/calendars", root != NULL ? root : ".");
    }
}

static void test_every_file(void **state)
{
    (void)state;
    char folder[PATH_BYTES];
    calendars_folder(folder, sizeof folder);
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        print_message("# skipped: %s is not there\n", folder);
        skip();
    }
    closedir(directory);
    struct tally tally = {0};
    struct problem problem = {0};
    assert_int_equal(zoneinfo_open(NULL, &tally.zoneinfo, &problem), OK);
    import_folder(&tally, folder);
    zoneinfo_free(&tally.zoneinfo);
    print_message("# %zu files: %zu imported (%zu events, %zu occurrences, %zu warnings), "
                  "%zu refused; slowest %.3f s\n",
                  tally.file_count, tally.imported_count, tally.event_count, tally.occurrence_count,
                  tally.warning_count, tally.refused_count, tally.slowest_seconds);
    assert_true(tally.file_count >= FILES_EXPECTED);
    assert_true(tally.imported_count > tally.refused_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
