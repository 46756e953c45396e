#include "store/zoneinfo.h"

#include "base/arena.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAME_BYTES_MAX = 64,
    PATH_BYTES_MAX = 1024,
    /* Room for growth: in tzdata 2026f no zone has 4 KiB, and tzdata.zi has 110 KiB. */
    ZONE_FILE_BYTES_MAX = 32 * 1024,
    CATALOGUE_BYTES_MAX = 4 * 1024 * 1024,
    COUNTRY_LETTERS = 2,
    COUNTRY_ZONES_MAX = 64
};

/* A line of zone.tab. */
struct country_zone {
    struct str country;
    struct str name;
};

/* What zone.tab comes to for a country, once somebody has asked. */
struct country_zones {
    struct str country;
    const struct zone **zones;
    size_t count;
    struct country_zones *next;
};

/* Zones that have gone alike since then are one for what is still to come. */
static const struct instant alike_since = {1577836800LL * 1000000}; /* 2020-01-01 */
static const struct instant alike_until = {
    2208988800LL * 1000000}; /* 2040-01-01: the rules of then hold for good. */

/* A zone with the bytes that it borrows, both in the arena. */
struct zoneinfo {
    struct arena *arena; /* Owns what is pointed to. Under the lock once the catalogue is open. */
    struct str directory;
    struct str version;
    struct str *names; /* Sorted, each once. Constant after zoneinfo_open. */
    size_t name_count;
    struct zone **zones;             /* One a name, NULL until somebody asks. Under the lock. */
    struct country_zone *by_country; /* Constant after zoneinfo_open. */
    size_t by_country_count;
    struct country_zones *countries; /* Under the lock. */
    struct zone utc;
    pthread_mutex_t lock;
};

static bool name_is_valid(struct str name)
{
    if (!str_is_set(name) || name.len == 0 || name.len > NAME_BYTES_MAX || name.ptr[0] == '/' ||
        str_contains(name, STR(".."))) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '+' && c != '-' && c != '/') {
            return false;
        }
    }
    return true;
}

static enum err read_all(int fd, char *out, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, out + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return E_INVALID;
        }
        done += (size_t)got;
    }
    return OK;
}

/* Opens a plain file of at most `size_max` bytes below the directory. O_NONBLOCK, so that a pipe
 * put there cannot hold us. */
static enum err open_file(struct str directory, struct str name, size_t size_max, int *fd,
                          size_t *size)
{
    char path[PATH_BYTES_MAX];
    struct stat status;
    int len = snprintf(path, sizeof path, "%.*s/%.*s", STR_FMT(directory), STR_FMT(name));
    if (len < 0 || (size_t)len >= sizeof path) {
        return E_INVALID;
    }
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) {
        return E_NOT_FOUND;
    }
    if (fstat(*fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        (uintmax_t)status.st_size > size_max) {
        close(*fd);
        return E_INVALID;
    }
    *size = (size_t)status.st_size;
    return OK;
}

/* "Z NAME offset …" makes a zone, "L TARGET NAME" another name for one; other lines name none. */
static struct str name_of_line(struct str line)
{
    struct str kind = STR_NONE;
    struct str target = STR_NONE;
    struct str name = STR_NONE;
    if (!str_split(&line, ' ', &kind)) {
        return STR_NONE;
    }
    if (str_equal(kind, STR("L")) && !str_split(&line, ' ', &target)) {
        return STR_NONE;
    }
    if (!str_equal(kind, STR("L")) && !str_equal(kind, STR("Z"))) {
        return STR_NONE;
    }
    return str_split(&line, ' ', &name) ? name : STR_NONE;
}

static int compare_names(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static enum err collect_names(struct zoneinfo *zones, struct str text)
{
    struct str line = STR_NONE;
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n';
    }
    zones->names = arena_alloc_array(zones->arena, lines, sizeof *zones->names);
    while (str_split(&text, '\n', &line)) {
        struct str name = name_of_line(line);
        if (!str_is_set(name)) {
            continue;
        }
        if (!name_is_valid(name)) {
            return E_INVALID;
        }
        assert(zones->name_count < lines);
        zones->names[zones->name_count++] = name;
    }
    if (zones->name_count == 0) {
        return E_INVALID;
    }
    qsort(zones->names, zones->name_count, sizeof *zones->names, compare_names);
    size_t kept = 1;
    for (size_t i = 1; i < zones->name_count; i++) {
        if (!str_equal(zones->names[i], zones->names[kept - 1])) {
            zones->names[kept++] = zones->names[i];
        }
    }
    zones->name_count = kept;
    return OK;
}

static enum err read_catalogue(struct zoneinfo *zones)
{
    int fd = -1;
    size_t size = 0;
    TRY(open_file(zones->directory, STR("tzdata.zi"), CATALOGUE_BYTES_MAX, &fd, &size));
    char *bytes = arena_alloc(zones->arena, size);
    enum err err = read_all(fd, bytes, size);
    close(fd);
    TRY(err);
    struct str text = {bytes, size};
    struct str rest = text;
    struct str line = STR_NONE;
    struct str prefix = STR("# version ");
    if (!str_split(&rest, '\n', &line) || !str_starts(line, prefix)) {
        return E_INVALID;
    }
    zones->version = str_trim(str_slice(line, prefix.len, line.len));
    if (zones->version.len == 0) {
        return E_INVALID;
    }
    TRY(collect_names(zones, rest));
    zones->zones = arena_alloc_array(zones->arena, zones->name_count, sizeof(struct zone *));
    return OK;
}

/* "DE\t+5230+01322\tEurope/Berlin\tmost of Germany" */
static void take_country(struct zoneinfo *zones, struct str line)
{
    struct str country = STR_NONE;
    struct str ignored = STR_NONE;
    struct str name = STR_NONE;
    bool is_entry = line.len > 0 && line.ptr[0] != '#' && str_split(&line, '\t', &country) &&
                    str_split(&line, '\t', &ignored) && str_split(&line, '\t', &name);
    if (is_entry && country.len == COUNTRY_LETTERS && name_is_valid(str_trim(name))) {
        zones->by_country[zones->by_country_count++] =
            (struct country_zone){country, str_trim(name)};
    }
}

/* Who has no zone.tab knows zones by their names only. */
static void read_countries(struct zoneinfo *zones)
{
    int fd = -1;
    size_t size = 0;
    size_t lines = 1;
    struct str line = STR_NONE;
    if (open_file(zones->directory, STR("zone.tab"), CATALOGUE_BYTES_MAX, &fd, &size) != OK) {
        return;
    }
    char *bytes = arena_alloc(zones->arena, size);
    enum err err = read_all(fd, bytes, size);
    close(fd);
    for (size_t i = 0; err == OK && i < size; i++) {
        lines += bytes[i] == '\n';
    }
    zones->by_country = arena_alloc_array(zones->arena, lines, sizeof *zones->by_country);
    struct str text = {bytes, err == OK ? size : 0};
    while (str_split(&text, '\n', &line)) {
        take_country(zones, line);
    }
}

enum err zoneinfo_open(const char *directory, struct zoneinfo **out, struct problem *problem)
{
    struct zoneinfo *zones = memory_new(sizeof *zones);
    if (pthread_mutex_init(&zones->lock, NULL) != 0) {
        memory_is_out();
    }
    zones->arena = arena_new();
    zones->utc = zone_utc();
    const char *path = directory != NULL ? directory : "/usr/share/zoneinfo";
    zones->directory = arena_str(zones->arena, str_from(path));
    enum err err = read_catalogue(zones);
    if (err == OK) {
        read_countries(zones);
        *out = zones;
        return OK;
    }
    zoneinfo_free(&zones);
    if (err == E_NOT_FOUND) {
        return problem_set(problem, err, NULL,
                           "There is no tzdata.zi in %s: install the package tzdata.", path);
    }
    return problem_set(problem, err, NULL,
                       "%s/tzdata.zi is not a list of time zones: reinstall the package tzdata.",
                       path);
}

void zoneinfo_free(struct zoneinfo **zones)
{
    if (*zones == NULL) {
        return;
    }
    pthread_mutex_destroy(&(*zones)->lock);
    arena_free(&(*zones)->arena);
    free(*zones);
    *zones = NULL;
}

/* Reads and checks on the stack first, so that a bad file, asked for again and again, does not fill
 * the arena. */
static struct zone *load_zone(struct zoneinfo *zones, struct str name)
{
    char bytes[ZONE_FILE_BYTES_MAX];
    struct zone zone;
    int fd = -1;
    size_t size = 0;
    if (open_file(zones->directory, name, sizeof bytes, &fd, &size) != OK) {
        return NULL;
    }
    enum err err = read_all(fd, bytes, size);
    close(fd);
    if (err != OK || zone_parse((const uint8_t *)bytes, size, &zone) != OK) {
        return NULL;
    }
    uint8_t *kept = arena_alloc(zones->arena, size);
    memcpy(kept, bytes, size);
    struct zone *out = ARENA_NEW(zones->arena, struct zone);
    enum err again = zone_parse(kept, size, out);
    assert(again == OK);
    (void)again;
    return out;
}

const struct zone *zoneinfo_find(struct zoneinfo *zones, struct str name)
{
    if (str_equal(name, STR("UTC"))) {
        return &zones->utc;
    }
    if (!name_is_valid(name)) {
        return NULL;
    }
    const struct str *found =
        bsearch(&name, zones->names, zones->name_count, sizeof name, compare_names);
    if (found == NULL) {
        return NULL;
    }
    size_t at = (size_t)(found - zones->names);
    pthread_mutex_lock(&zones->lock);
    if (zones->zones[at] == NULL) {
        zones->zones[at] = load_zone(zones, *found);
    }
    const struct zone *zone = zones->zones[at];
    pthread_mutex_unlock(&zones->lock);
    return zone;
}

struct str zoneinfo_version(const struct zoneinfo *zones)
{
    return zones->version;
}

size_t zoneinfo_names(const struct zoneinfo *zones, const struct str **out)
{
    *out = zones->names;
    return zones->name_count;
}

static bool go_alike(const struct zone *a, const struct zone *b)
{
    struct instant at = alike_since;
    while (zone_offset_at(a, at) == zone_offset_at(b, at)) {
        struct instant next_a = alike_until;
        struct instant next_b = alike_until;
        (void)zone_next_transition(a, at, &next_a);
        (void)zone_next_transition(b, at, &next_b);
        at = instant_min(next_a, next_b);
        if (!instant_before(at, alike_until)) {
            return true;
        }
    }
    return false;
}

static bool has_alike(const struct country_zones *country, const struct zone *zone)
{
    for (size_t i = 0; i < country->count; i++) {
        if (go_alike(country->zones[i], zone)) {
            return true;
        }
    }
    return false;
}

static struct country_zones *find_country(const struct zoneinfo *zones, struct str name)
{
    struct country_zones *country = zones->countries;
    while (country != NULL && !str_equal(country->country, name)) {
        country = country->next;
    }
    return country;
}

/* The zones of the names, loaded by zoneinfo_find, which has the lock to itself. */
static struct country_zones collect_country(struct zoneinfo *zones, struct str name,
                                            const struct zone **room, size_t max)
{
    struct country_zones country = {.country = name, .zones = room};
    for (size_t i = 0; i < zones->by_country_count && country.count < max; i++) {
        if (!str_equal(zones->by_country[i].country, name)) {
            continue;
        }
        const struct zone *zone = zoneinfo_find(zones, zones->by_country[i].name);
        if (zone != NULL && !has_alike(&country, zone)) {
            room[country.count++] = zone;
        }
    }
    return country;
}

static struct country_zones *keep_country(struct zoneinfo *zones,
                                          const struct country_zones *country)
{
    struct country_zones *kept = ARENA_NEW(zones->arena, struct country_zones);
    *kept = *country;
    kept->country = arena_str(zones->arena, country->country);
    kept->zones = arena_alloc_array(zones->arena, country->count, sizeof *kept->zones);
    memcpy(kept->zones, country->zones, country->count * sizeof *kept->zones);
    kept->next = zones->countries;
    zones->countries = kept;
    return kept;
}

size_t zoneinfo_of_country(struct zoneinfo *zones, struct str country,
                           const struct zone *const **out)
{
    const struct zone *room[COUNTRY_ZONES_MAX];
    pthread_mutex_lock(&zones->lock);
    struct country_zones *known = find_country(zones, country);
    pthread_mutex_unlock(&zones->lock);
    if (known == NULL) {
        struct country_zones found = collect_country(zones, country, room, COUNTRY_ZONES_MAX);
        if (found.count == 0) {
            return 0; /* Not kept: anybody may ask for countries that there are not. */
        }
        pthread_mutex_lock(&zones->lock);
        known = find_country(zones, country);
        known = known != NULL ? known : keep_country(zones, &found);
        pthread_mutex_unlock(&zones->lock);
    }
    *out = known->zones;
    return known->count;
}
