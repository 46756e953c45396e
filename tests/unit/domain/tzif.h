/* tests/unit/domain/tzif: small TZif files, put together by hand so that no test depends on the
 * machine's tzdata.
 *
 * A file that does not fit ends the test. */
#ifndef TOCSIN_TESTS_UNIT_DOMAIN_TZIF_H
#define TOCSIN_TESTS_UNIT_DOMAIN_TZIF_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct tzif {
    uint8_t bytes[512];
    size_t len;
};

struct tzif_transition {
    int64_t at;
    uint8_t type;
};

struct tzif_type {
    int32_t offset;
    uint8_t is_dst;
    uint8_t name; /* Where its abbreviation begins. */
};

struct tzif_source {
    struct tzif_type types[4];
    uint32_t type_count;
    struct tzif_transition transitions[8];
    uint32_t transition_count;
    char names[32]; /* Each with its NUL. */
    uint32_t names_bytes;
    const char *footer;
};

static inline void put(struct tzif *file, const void *bytes, size_t len)
{
    assert(file->len + len <= sizeof file->bytes);
    memcpy(file->bytes + file->len, bytes, len);
    file->len += len;
}

static inline void put_number(struct tzif *file, uint64_t value, int width)
{
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) {
        uint8_t byte = (uint8_t)(value >> shift);
        put(file, &byte, 1);
    }
}

static inline void put_header(struct tzif *file, uint32_t transitions, uint32_t types,
                              uint32_t names)
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
static inline struct tzif tzif_build(const struct tzif_source *source)
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

#endif
