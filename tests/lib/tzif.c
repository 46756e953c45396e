#include "lib/tzif.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void put(struct tzif *file, const void *bytes, size_t len)
{
    assert(file->len + len <= sizeof file->bytes);
    memcpy(file->bytes + file->len, bytes, len);
    file->len += len;
}

static void put_number(struct tzif *file, uint64_t value, int width)
{
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) {
        uint8_t byte = (uint8_t)(value >> shift);
        put(file, &byte, 1);
    }
}

static void put_header(struct tzif *file, uint32_t transitions, uint32_t types, uint32_t names)
{
    static const uint8_t start[20] = "TZif2";
    put(file, start, sizeof start);
    put_number(file, 0, 4);
    put_number(file, 0, 4);
    put_number(file, 0, 4);
    put_number(file, transitions, 4);
    put_number(file, types, 4);
    put_number(file, names, 4);
}

/* The version 1 block before the real one holds one type and four bytes of names, which are to be
 * skipped. */
struct tzif tzif_build(const struct tzif_source *source)
{
    struct tzif file = {.len = 0};
    put_header(&file, 0, 1, 4);
    put(&file, "\0\0\0\0\0\0OLD", 10);
    put_header(&file, source->transition_count, source->type_count, source->names_bytes);
    for (uint32_t i = 0; i < source->transition_count; i++) {
        put_number(&file, (uint64_t)source->transitions[i].at, 8);
    }
    for (uint32_t i = 0; i < source->transition_count; i++) {
        put(&file, &source->transitions[i].type, 1);
    }
    for (uint32_t i = 0; i < source->type_count; i++) {
        put_number(&file, (uint32_t)source->types[i].offset, 4);
        put(&file, &source->types[i].is_dst, 1);
        put(&file, &source->types[i].name, 1);
    }
    put(&file, source->names, source->names_bytes);
    put(&file, "\n", 1);
    put(&file, source->footer, strlen(source->footer));
    put(&file, "\n", 1);
    return file;
}

struct tzif berlin_file(void)
{
    struct tzif_source source = {.types = {{3600, 0, 0}},
                                 .type_count = 1,
                                 .names = "CET",
                                 .names_bytes = 4,
                                 .footer = "CET-1CEST,M3.5.0,M10.5.0/3"};
    return tzif_build(&source);
}

struct tzif apia_file(void)
{
    struct tzif_source source = {.types = {{-36000, 0, 0}, {50400, 0, 0}},
                                 .type_count = 2,
                                 .transitions = {{1325239200, 1}},
                                 .transition_count = 1,
                                 .names = "APT",
                                 .names_bytes = 4,
                                 .footer = "APT-14"};
    return tzif_build(&source);
}

struct tzif fixed_file(int32_t offset, const char *footer)
{
    struct tzif_source source = {
        .types = {{offset, 0, 0}}, .type_count = 1, .names = "FIX", .names_bytes = 4};
    source.footer = footer;
    return tzif_build(&source);
}

struct zone zone_of(const struct tzif *file)
{
    struct zone zone;
    assert_int_equal(zone_parse(file->bytes, file->len, &zone), OK);
    return zone;
}

struct instant at(const char *text)
{
    struct instant instant = INSTANT_NONE;
    assert_int_equal(instant_parse(str_from(text), &instant), OK);
    return instant;
}
