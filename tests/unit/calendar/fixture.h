/* What the calendar tests share: the system's zones behind the port, and calendars written line by
 * line.
 *
 * Every function is static inline, so that a test may use some and not others. */
#ifndef TOCSIN_TESTS_UNIT_CALENDAR_FIXTURE_H
#define TOCSIN_TESTS_UNIT_CALENDAR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "calendar/zones.h"

enum { FIXTURE_ZONES_MAX = 256, FIXTURE_ZONE_BYTES_MAX = 64 * 1024 };

struct fixture_zone {
    char name[64];
    struct zone zone;
};

struct fixture {
    struct arena *arena;
    struct arena *zone_arena;
    struct fixture_zone *cache[FIXTURE_ZONES_MAX];
    size_t zone_count;
    struct zones_port zones;
};

static inline bool fixture_name_is_sound(struct str name)
{
    return name.len > 0 && name.len < 64 && name.ptr[0] != '/' && !str_contains(name, STR("..")) &&
           memchr(name.ptr, '\0', name.len) == NULL;
}

/* A file of tzdata, wherever TZDIR says that it is. The layer under test has no such function, on
 * purpose. */
static inline const struct zone *fixture_load(struct fixture *fixture, struct str name)
{
    const char *folder = getenv("TZDIR") != NULL ? getenv("TZDIR") : "/usr/share/zoneinfo";
    char path[256];
    snprintf(path, sizeof path, "%s/%.*s", folder, STR_FMT(name));
    FILE *file = fopen(path, "rb");
    if (file == NULL || fixture->zone_count == FIXTURE_ZONES_MAX) {
        if (file != NULL) {
            fclose(file);
        }
        return NULL;
    }
    uint8_t *bytes = arena_alloc(fixture->zone_arena, FIXTURE_ZONE_BYTES_MAX);
    size_t length = fread(bytes, 1, FIXTURE_ZONE_BYTES_MAX, file);
    fclose(file);
    struct fixture_zone *made = ARENA_NEW(fixture->zone_arena, struct fixture_zone);
    memcpy(made->name, name.ptr, name.len);
    if (zone_parse(bytes, length, &made->zone) != OK) {
        return NULL;
    }
    fixture->cache[fixture->zone_count++] = made;
    return &made->zone;
}

static inline const struct zone *fixture_find(void *context, struct str name)
{
    struct fixture *fixture = context;
    for (size_t i = 0; i < fixture->zone_count; i++) {
        if (str_equal_text(name, fixture->cache[i]->name)) {
            return &fixture->cache[i]->zone;
        }
    }
    return fixture_name_is_sound(name) ? fixture_load(fixture, name) : NULL;
}

static inline int fixture_open(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    fixture->arena = arena_new();
    fixture->zone_arena = arena_new();
    fixture->zones = (struct zones_port){.context = fixture, .find = fixture_find};
    *state = fixture;
    if (fixture_find(fixture, STR("Europe/Berlin")) == NULL) {
        print_error("no tzdata: install the package tzdata, or set TZDIR\n");
        return -1;
    }
    return 0;
}

static inline int fixture_reset(void **state)
{
    struct fixture *fixture = *state;
    arena_reset(fixture->arena);
    return 0;
}

static inline int fixture_close(void **state)
{
    struct fixture *fixture = *state;
    arena_free(&fixture->arena);
    arena_free(&fixture->zone_arena);
    test_free(fixture);
    return 0;
}

static inline void assert_text(struct str got, const char *expected)
{
    if (!str_equal_text(got, expected)) {
        print_error("got      \"%.*s\"\nexpected \"%s\"\n", STR_FMT(got), expected);
    }
    assert_true(str_equal_text(got, expected));
}

static inline void assert_instant(struct instant got, const char *expected)
{
    char text[INSTANT_TEXT_MAX];
    assert_text(instant_format(got, text), expected);
}

static inline struct instant instant_of(const char *text)
{
    struct instant at;
    if (instant_parse(str_from(text), &at) != OK) {
        fail_msg("not an instant: %s", text);
    }
    return at;
}

#endif
