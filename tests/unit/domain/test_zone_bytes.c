/* zone_parse refuses whatever is not a sound TZif file, and reads nothing outside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/zone.h"
#include "lib/tzif.h"

/* Two types, two transitions, eight bytes of names. The offsets below follow from this and the 54
 * bytes of version 1. */
static const struct tzif_source SOUND = {
    .types = {{-18000, 0, 0}, {-14400, 1, 4}},
    .type_count = 2,
    .transitions = {{1000000000, 1}, {1010000000, 0}},
    .transition_count = 2,
    .names = "EST\0EDT",
    .names_bytes = 8,
    .footer = "EST5EDT,M3.2.0,M11.1.0",
};

enum {
    HEADER = 54,
    COUNT_UNIVERSAL = HEADER + 20,
    COUNT_STANDARD = HEADER + 24,
    COUNT_LEAP = HEADER + 28,
    COUNT_TRANSITIONS = HEADER + 32,
    COUNT_TYPES = HEADER + 36,
    COUNT_NAMES = HEADER + 40,
    TIMES = HEADER + 44,
    TYPE_INDEXES = TIMES + 16,
    TYPES = TYPE_INDEXES + 2,
    NAMES = TYPES + 12,
    FOOTER = NAMES + 8
};

/* Parses a copy in memory of just its size, so that the address sanitizer sees a byte read too far.
 */
static enum err parse_exactly(const uint8_t *bytes, size_t len)
{
    struct zone zone;
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    enum err err = zone_parse(copy, len, &zone);
    if (err == OK) {
        struct instant at = {INT64_MIN};
        (void)zone_local_at(&zone, at);
        (void)zone_next_transition(&zone, at, &at);
        (void)zone_to_instant(&zone, zone_to_civil(&zone, (struct instant){0}), NULL);
    }
    free(copy);
    return err;
}

static void test_the_sound_file_is_read(void **state)
{
    (void)state;
    struct tzif file = tzif_build(&SOUND);
    assert_int_equal(parse_exactly(file.bytes, file.len), OK);
    assert_int_equal(file.bytes[FOOTER], '\n');
    struct zone zone;
    assert_int_equal(zone_parse(file.bytes, file.len, &zone), OK);
    assert_int_equal(zone.transition_count, 2);
    assert_int_equal(zone.type_count, 2);
    assert_int_equal(zone.footer.dst_offset, -14400);
}

static void test_a_file_cut_short_is_refused(void **state)
{
    (void)state;
    struct tzif file = tzif_build(&SOUND);
    for (size_t len = 0; len < file.len; len++) {
        assert_int_equal(parse_exactly(file.bytes, len), E_INVALID);
    }
}

static void test_bytes_behind_the_footer_are_refused(void **state)
{
    (void)state;
    struct tzif file = tzif_build(&SOUND);
    file.bytes[file.len] = 'x';
    assert_int_equal(parse_exactly(file.bytes, file.len + 1), E_INVALID);
    file.bytes[file.len] = '\n';
    assert_int_equal(parse_exactly(file.bytes, file.len + 1), E_INVALID);
}

static void test_each_wrong_byte_is_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } wrongs[] = {
        {0, 'X'},                   /* The first magic. */
        {4, '\0'},                  /* Version 1. */
        {4, '1'},                   /* No version. */
        {4, 'x'},                   /* No version. */
        {4, '3'},                   /* Not the version of the second header. */
        {32, 0xff},                 /* Sends the second header far away. */
        {43, 5},                    /* Sends it a byte too far. */
        {HEADER, 'X'},              /* The second magic. */
        {HEADER + 4, '\0'},         /* Version 1 again. */
        {COUNT_UNIVERSAL + 3, 1},   /* Neither none nor one for each type. */
        {COUNT_STANDARD + 3, 1},    /* The same. */
        {COUNT_LEAP + 3, 1},        /* Leap seconds. */
        {COUNT_TRANSITIONS, 0xff},  /* More than the file can hold. */
        {COUNT_TRANSITIONS + 3, 3}, /* One too many. */
        {COUNT_TYPES, 0x80},        /* More than a type index can name. */
        {COUNT_TYPES + 2, 0x02},    /* The same. */
        {COUNT_TYPES + 3, 0},       /* No type. */
        {COUNT_NAMES, 0xff},        /* More than the file can hold. */
        {COUNT_NAMES + 3, 0},       /* No names. */
        {COUNT_NAMES + 3, 7},       /* The last name has no end. */
        {TIMES, 0x7f},              /* The first transition is after the second. */
        {TIMES + 8, 0x80},          /* The second is before the first. */
        {TYPE_INDEXES, 2},          /* No such type. */
        {TYPE_INDEXES + 1, 0xff},   /* No such type. */
        {TYPES, 0x80},              /* An offset of many years. */
        {TYPES + 1, 0xfd},          /* An offset of more than a day. */
        {TYPES + 4, 2},             /* Neither daylight saving nor not. */
        {TYPES + 5, 8},             /* A name outside the names. */
        {TYPES + 5, 3},             /* A name that is empty. */
        {NAMES, ' '},               /* A character that no abbreviation has. */
        {NAMES + 1, 0xc3},          /* The same. */
        {NAMES + 7, 'X'},           /* The last name has no end. */
        {FOOTER, 'x'},              /* A footer that does not begin. */
        {FOOTER + 4, '\n'},         /* A footer that ends early. */
        {FOOTER + 4, '\0'},         /* A NUL in it. */
        {FOOTER + 4, 'x'},          /* No offset. */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrongs); i++) {
        struct tzif file = tzif_build(&SOUND);
        assert_int_not_equal(file.bytes[wrongs[i].at], wrongs[i].value);
        file.bytes[wrongs[i].at] = wrongs[i].value;
        if (parse_exactly(file.bytes, file.len) != E_INVALID) {
            fail_msg("byte %zu as %u was read", wrongs[i].at, (unsigned)wrongs[i].value);
        }
    }
}

static void test_two_transitions_at_once_are_refused(void **state)
{
    (void)state;
    struct tzif_source source = SOUND;
    source.transitions[1].at = source.transitions[0].at;
    struct tzif file = tzif_build(&source);
    assert_int_equal(parse_exactly(file.bytes, file.len), E_INVALID);
}

static enum err parse_offset(int32_t offset)
{
    struct tzif_source source = SOUND;
    source.types[1].offset = offset;
    struct tzif file = tzif_build(&source);
    return parse_exactly(file.bytes, file.len);
}

static void test_offsets_have_both_sides_of_their_limits(void **state)
{
    (void)state;
    assert_int_equal(parse_offset(-89999), OK);
    assert_int_equal(parse_offset(-90000), E_INVALID);
    assert_int_equal(parse_offset(93599), OK);
    assert_int_equal(parse_offset(93600), E_INVALID);
    assert_int_equal(parse_offset(INT32_MIN), E_INVALID);
    assert_int_equal(parse_offset(INT32_MAX), E_INVALID);
}

static void test_names_have_both_sides_of_their_limits(void **state)
{
    (void)state;
    struct tzif_source source = SOUND;
    source.types[1].name = 0;
    memcpy(source.names, "ABCDEFGHIJKLMNO", 16);
    source.names_bytes = 16;
    struct tzif file = tzif_build(&source);
    assert_int_equal(parse_exactly(file.bytes, file.len), OK);
    memcpy(source.names, "ABCDEFGHIJKLMNOP", 17);
    source.names_bytes = 17;
    file = tzif_build(&source);
    assert_int_equal(parse_exactly(file.bytes, file.len), E_INVALID);
}

static enum err parse_footer(const char *footer)
{
    struct tzif_source source = SOUND;
    source.footer = footer;
    struct tzif file = tzif_build(&source);
    return parse_exactly(file.bytes, file.len);
}

static void test_footers_that_are_good(void **state)
{
    (void)state;
    static const char *const footers[] = {
        "",
        "EST5",
        "EST+5",
        "<-03>3",
        "<+0545>-5:45",
        "AAA24:59:59",
        "AAA-24:59:59",
        "AAA-24:59:59BBB,0,365",
        "EST5EDT,M3.2.0,M11.1.0",
        "EST5EDT4,M3.2.0/02:00:00,M11.1.0/+2",
        "EST5EDT,0/0,J365/25",
        "EST5EDT,M1.1.0/-167:59:59,M12.5.6/167:59:59",
        "EST5EDT,J1,J365",
        "AAA0BBB0,0/0,0/0",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(footers); i++) {
        if (parse_footer(footers[i]) != OK) {
            fail_msg("\"%s\" was refused", footers[i]);
        }
    }
}

static void test_footers_that_are_not(void **state)
{
    (void)state;
    static const char *const footers[] = {
        "EST",
        "5",
        "ES5",
        "<E>5",
        "<EST5",
        "<E_T>5",
        "<ABCDEFGHIJKLMNOP>5",
        "ABCDEFGHIJKLMNOP5",
        "EST5:",
        "EST5:60",
        "EST5:00:60",
        "EST25",
        "EST0005",
        "EST--5",
        "EST5 ",
        "EST5EDT",
        "EST5EDT,",
        "EST5EDT,M3.2.0",
        "EST5EDT,M3.2.0,",
        "EST5EDT,M3.2.0,M11.1.0,",
        "EST5EDT,M3.2.0,M11.1.0 ",
        "EST5EDT25,M3.2.0,M11.1.0",
        "EST5,M3.2.0,M11.1.0",
        "EST5EDT;M3.2.0,M11.1.0",
        "EST5EDT,M0.2.0,M11.1.0",
        "EST5EDT,M13.2.0,M11.1.0",
        "EST5EDT,M3.0.0,M11.1.0",
        "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,M3.2,M11.1.0",
        "EST5EDT,J0,M11.1.0",
        "EST5EDT,J366,M11.1.0",
        "EST5EDT,366,M11.1.0",
        "EST5EDT,-1,M11.1.0",
        "EST5EDT,M3.2.0/,M11.1.0",
        "EST5EDT,M3.2.0/168,M11.1.0",
        "EST5EDT,M3.2.0/-168,M11.1.0",
        "EST5EDT,M3.2.0/2:60,M11.1.0",
        "99999999999999999999",
        "EST99999999999999999",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(footers); i++) {
        if (parse_footer(footers[i]) != E_INVALID) {
            fail_msg("\"%s\" was read", footers[i]);
        }
    }
}

static void test_any_byte_may_be_anything(void **state)
{
    (void)state;
    struct tzif file = tzif_build(&SOUND);
    for (size_t at = 0; at < file.len; at++) {
        uint8_t kept = file.bytes[at];
        for (int value = 0; value < 256; value += 3) {
            file.bytes[at] = (uint8_t)value;
            enum err err = parse_exactly(file.bytes, file.len);
            assert_true(err == OK || err == E_INVALID);
        }
        file.bytes[at] = kept;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sound_file_is_read),
        cmocka_unit_test(test_a_file_cut_short_is_refused),
        cmocka_unit_test(test_bytes_behind_the_footer_are_refused),
        cmocka_unit_test(test_each_wrong_byte_is_refused),
        cmocka_unit_test(test_two_transitions_at_once_are_refused),
        cmocka_unit_test(test_offsets_have_both_sides_of_their_limits),
        cmocka_unit_test(test_names_have_both_sides_of_their_limits),
        cmocka_unit_test(test_footers_that_are_good),
        cmocka_unit_test(test_footers_that_are_not),
        cmocka_unit_test(test_any_byte_may_be_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
