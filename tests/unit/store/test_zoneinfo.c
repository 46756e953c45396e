#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "store/zoneinfo.h"

enum { THREADS = 4, PATH_MAX_HERE = 256 };

/* A directory of our own, for catalogues that are wrong. */
struct folder {
    char path[PATH_MAX_HERE];
};

static struct folder folder_make(void)
{
    struct folder folder;
    const char *parent = getenv("TMPDIR");
    snprintf(folder.path, sizeof folder.path, "%s/tocsin-zoneinfo-XXXXXX",
             parent != NULL && strlen(parent) < 128 ? parent : "/tmp");
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static void folder_path(const struct folder *folder, const char *name, char out[PATH_MAX_HERE])
{
    int len = snprintf(out, PATH_MAX_HERE, "%s/%s", folder->path, name);
    assert_in_range(len, 1, PATH_MAX_HERE - 1);
}

static void folder_write(const struct folder *folder, const char *name, const char *text)
{
    char path[PATH_MAX_HERE];
    folder_path(folder, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Removes the files named, and then the folder, which must be empty. */
static void folder_remove(const struct folder *folder, const char *const names[])
{
    char path[PATH_MAX_HERE];
    for (size_t i = 0; names[i] != NULL; i++) {
        folder_path(folder, names[i], path);
        assert_int_equal(remove(path), 0);
    }
    assert_int_equal(rmdir(folder->path), 0);
}

static struct zoneinfo *open_system(void)
{
    struct problem problem = {0};
    struct zoneinfo *zones = NULL;
    if (zoneinfo_open(NULL, &zones, &problem) != OK) {
        fail_msg("%s", problem.message);
    }
    return zones;
}

static void test_every_name_loads_and_stays(void **state)
{
    (void)state;
    struct zoneinfo *zones = open_system();
    const struct str *names = NULL;
    size_t count = zoneinfo_names(zones, &names);
    assert_true(count > 500);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || str_compare(names[i - 1], names[i]) < 0);
        const struct zone *zone = zoneinfo_find(zones, names[i]);
        if (zone == NULL) {
            fail_msg("%.*s does not load", STR_FMT(names[i]));
        }
        assert_ptr_equal(zoneinfo_find(zones, names[i]), zone);
    }
    zoneinfo_free(&zones);
    assert_null(zones);
    zoneinfo_free(&zones);
}

static void test_the_version_is_a_year_and_a_letter(void **state)
{
    (void)state;
    struct zoneinfo *zones = open_system();
    struct str version = zoneinfo_version(zones);
    int64_t year = 0;
    assert_int_equal(version.len, 5);
    assert_int_equal(str_to_int(str_slice(version, 0, 4), &year), OK);
    assert_in_range(year, 2022, 2200);
    assert_in_range(version.ptr[4], 'a', 'z');
    zoneinfo_free(&zones);
}

static void test_names_that_are_none(void **state)
{
    (void)state;
    struct zoneinfo *zones = open_system();
    static const char *const names[] = {
        "",
        "../etc/passwd",
        "/etc/passwd",
        "/usr/share/zoneinfo/Europe/Berlin",
        "/Europe/Berlin",
        "Europe/../Europe/Berlin",
        "Europe/./Berlin",
        "Europe//Berlin",
        "Europe/Berlin/",
        "Europe",
        "Europe/Berlin ",
        " Europe/Berlin",
        "Europe/Berlin\n",
        "europe/berlin",
        "Europe\\Berlin",
        "Mars/Olympus_Mons",
        "posixrules",
        "localtime",
        "posix/Europe/Berlin",
        "right/Europe/Berlin",
        "tzdata.zi",
        "zone.tab",
        "leapseconds",
        "iso3166.tab",
        "Eastern Standard Time",
        "%s%s%n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (zoneinfo_find(zones, str_from(names[i])) != NULL) {
            fail_msg("\"%s\" was found", names[i]);
        }
    }
    char filler[300];
    memset(filler, 'A', sizeof filler);
    assert_null(zoneinfo_find(zones, (struct str){filler, sizeof filler}));
    assert_null(zoneinfo_find(zones, STR_NONE));
    /* A name is compared in all its bytes, a NUL among them. */
    assert_null(zoneinfo_find(zones, STR("Europe/Berlin\0")));
    assert_null(zoneinfo_find(zones, STR("UTC\0")));
    zoneinfo_free(&zones);
}

static int32_t offset_in(struct zoneinfo *zones, const char *name, const char *at)
{
    struct instant instant;
    const struct zone *zone = zoneinfo_find(zones, str_from(name));
    assert_non_null(zone);
    assert_int_equal(instant_parse(str_from(at), &instant), OK);
    return zone_offset_at(zone, instant);
}

static void test_zones_and_their_other_names(void **state)
{
    (void)state;
    struct zoneinfo *zones = open_system();
    assert_int_equal(offset_in(zones, "America/Los_Angeles", "2026-01-15T00:00:00Z"), -8 * 3600);
    assert_int_equal(offset_in(zones, "US/Pacific", "2026-01-15T00:00:00Z"), -8 * 3600);
    assert_int_equal(offset_in(zones, "US/Pacific", "2026-07-15T00:00:00Z"), -7 * 3600);
    assert_int_equal(offset_in(zones, "Asia/Calcutta", "2026-07-15T00:00:00Z"), 19800);
    assert_int_equal(offset_in(zones, "Etc/GMT+5", "2026-07-15T00:00:00Z"), -5 * 3600);
    assert_int_equal(offset_in(zones, "America/Port-au-Prince", "2026-01-15T00:00:00Z"), -18000);
    assert_int_equal(offset_in(zones, "UTC", "2026-07-15T00:00:00Z"), 0);
    assert_int_equal(offset_in(zones, "Etc/UTC", "2026-07-15T00:00:00Z"), 0);
    zoneinfo_free(&zones);
}

static enum err open_with(const char *catalogue, struct problem *problem)
{
    static const char *const written[] = {"tzdata.zi", NULL};
    struct folder folder = folder_make();
    struct zoneinfo *zones = NULL;
    folder_write(&folder, "tzdata.zi", catalogue);
    enum err err = zoneinfo_open(folder.path, &zones, problem);
    zoneinfo_free(&zones);
    folder_remove(&folder, written);
    return err;
}

static size_t zones_of(struct zoneinfo *zones, const char *country, const struct zone *const **out)
{
    return zoneinfo_of_country(zones, str_from(country), out);
}

static bool is_among(const struct zone *zone, const struct zone *const *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (all[i] == zone) {
            return true;
        }
    }
    return false;
}

static void test_zones_of_countries(void **state)
{
    (void)state;
    const struct zone *const *found = NULL;
    const struct zone *const *again = NULL;
    struct zoneinfo *zones = open_system();
    assert_int_equal(zones_of(zones, "FR", &found), 1);
    assert_ptr_equal(found[0], zoneinfo_find(zones, STR("Europe/Paris")));
    /* Eastern, Central, Mountain, Arizona, Pacific, Alaska, the Aleutians, Hawaii. */
    size_t count = zones_of(zones, "US", &found);
    assert_int_equal(count, 8);
    assert_true(is_among(zoneinfo_find(zones, STR("Pacific/Honolulu")), found, count));
    assert_true(is_among(zoneinfo_find(zones, STR("America/New_York")), found, count));
    assert_true(is_among(zoneinfo_find(zones, STR("America/Phoenix")), found, count));
    assert_false(is_among(zoneinfo_find(zones, STR("America/Detroit")), found, count));
    assert_false(is_among(zoneinfo_find(zones, STR("America/Puerto_Rico")), found, count));
    assert_int_equal(zones_of(zones, "US", &again), count);
    assert_ptr_equal(again, found);
    /* Büsingen goes as Berlin does. */
    assert_int_equal(zones_of(zones, "DE", &found), 1);
    static const char *const nowhere[] = {"", "us", "XX", "USA", "#"};
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        assert_int_equal(zones_of(zones, nowhere[i], &found), 0);
    }
    zoneinfo_free(&zones);
}

/* Zones are known without it; and lines that are none are passed over. */
static void test_a_bad_table_of_countries(void **state)
{
    (void)state;
    static const char *const names[] = {"tzdata.zi", "zone.tab", NULL};
    const struct zone *const *found = NULL;
    struct zoneinfo *zones = NULL;
    struct folder folder = folder_make();
    folder_write(&folder, "tzdata.zi", "# version 2026a\nZ Mars/Base 0 - X\n");
    folder_write(&folder, "zone.tab",
                 "# a comment\nDE\nDE\t+1\nDEU\t+1\tUTC\nDE\t+1\t../x\nDE\t+1\tMars/Base\n"
                 "DE\t+1\tUTC\twhat it is\nFR\t+1\tUTC");
    assert_int_equal(zoneinfo_open(folder.path, &zones, NULL), OK);
    /* Mars/Base is listed, and has no file. */
    assert_int_equal(zones_of(zones, "DE", &found), 1);
    assert_ptr_equal(found[0], zoneinfo_find(zones, STR("UTC")));
    assert_int_equal(zones_of(zones, "FR", &found), 1);
    zoneinfo_free(&zones);
    folder_remove(&folder, names);
}

static void test_a_machine_without_tzdata_is_told_what_to_install(void **state)
{
    (void)state;
    static const char *const nothing[] = {NULL};
    struct folder folder = folder_make();
    struct problem problem = {0};
    struct zoneinfo *zones = NULL;
    assert_int_equal(zoneinfo_open(folder.path, &zones, &problem), E_NOT_FOUND);
    assert_int_equal(problem.err, E_NOT_FOUND);
    assert_true(str_contains(str_from(problem.message), STR("install the package tzdata")));
    assert_null(zones);
    assert_int_equal(zoneinfo_open(folder.path, &zones, NULL), E_NOT_FOUND);
    folder_remove(&folder, nothing);
}

static void test_a_catalogue_that_is_none_is_refused(void **state)
{
    (void)state;
    struct problem problem = {0};
    assert_int_equal(open_with("# version 2026f\nZ Europe/Berlin 1 - CET\n", &problem), OK);
    assert_int_equal(open_with("", &problem), E_INVALID);
    assert_int_equal(open_with("Z Europe/Berlin 1 - CET\n", &problem), E_INVALID);
    assert_int_equal(open_with("# version \nZ Europe/Berlin 1 - CET\n", &problem), E_INVALID);
    assert_int_equal(open_with("# version 2026f\n", &problem), E_INVALID);
    assert_int_equal(open_with("# version 2026f\nZ ../etc/passwd 1 - CET\n", &problem), E_INVALID);
    assert_int_equal(open_with("# version 2026f\nL Europe/Berlin /etc/x\n", &problem), E_INVALID);
    assert_true(str_contains(str_from(problem.message), STR("tzdata.zi")));
}

static void test_files_that_are_no_zone_are_not_found(void **state)
{
    (void)state;
    static const char *const written[] = {"tzdata.zi", "Bad", "Empty", "Pipe", "Folder", NULL};
    struct folder folder = folder_make();
    struct problem problem = {0};
    struct zoneinfo *zones = NULL;
    const struct str *names = NULL;
    char path[PATH_MAX_HERE];
    folder_write(&folder, "tzdata.zi",
                 "# version 2026f\nR a b\nZ Bad 0 - X\nL Bad Empty\nL Bad Missing\nL Bad Pipe\n"
                 "L Bad Folder\nL Bad Empty\nL Bad\nZ\n1 - X\n");
    folder_write(&folder, "Bad", "TZif2 and nothing else");
    folder_write(&folder, "Empty", "");
    folder_path(&folder, "Pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    folder_path(&folder, "Folder", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(zoneinfo_open(folder.path, &zones, &problem), OK);
    assert_int_equal(zoneinfo_names(zones, &names), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_null(zoneinfo_find(zones, names[i]));
    }
    assert_non_null(zoneinfo_find(zones, STR("UTC")));
    zoneinfo_free(&zones);
    folder_remove(&folder, written);
}

/* What one thread found, in the order of the names. */
struct finder {
    struct zoneinfo *zones;
    const struct zone **found;
};

static void *find_all(void *context)
{
    struct finder *finder = context;
    const struct str *names = NULL;
    size_t count = zoneinfo_names(finder->zones, &names);
    for (size_t i = 0; i < count; i++) {
        finder->found[i] = zoneinfo_find(finder->zones, names[i]);
    }
    return NULL;
}

static void test_threads_find_the_same_zones(void **state)
{
    (void)state;
    struct zoneinfo *zones = open_system();
    const struct str *names = NULL;
    size_t count = zoneinfo_names(zones, &names);
    pthread_t threads[THREADS];
    struct finder finders[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        finders[i] = (struct finder){zones, calloc(count, sizeof(struct zone *))};
        assert_non_null(finders[i].found);
        assert_int_equal(pthread_create(&threads[i], NULL, find_all, &finders[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_memory_equal(finders[i].found, finders[0].found, count * sizeof(struct zone *));
        assert_non_null(finders[i].found[count - 1]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        free(finders[i].found);
    }
    zoneinfo_free(&zones);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name_loads_and_stays),
        cmocka_unit_test(test_the_version_is_a_year_and_a_letter),
        cmocka_unit_test(test_names_that_are_none),
        cmocka_unit_test(test_zones_and_their_other_names),
        cmocka_unit_test(test_a_machine_without_tzdata_is_told_what_to_install),
        cmocka_unit_test(test_a_catalogue_that_is_none_is_refused),
        cmocka_unit_test(test_zones_of_countries),
        cmocka_unit_test(test_a_bad_table_of_countries),
        cmocka_unit_test(test_files_that_are_no_zone_are_not_found),
        cmocka_unit_test(test_threads_find_the_same_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
