/* The records of test_records.def, for the tests of the codecs in this folder.
 *
 * Included by one test each; everything is static. */
#ifndef TOCSIN_TESTS_UNIT_MODEL_TEST_RECORDS_H
#define TOCSIN_TESTS_UNIT_MODEL_TEST_RECORDS_H

#include "model/formats.h"
#include "model/record.h"

enum colour { colour_NONE, colour_RED, colour_GREEN, colour_DARK_BLUE, colour_COUNT };

static const char *const colour_text[] = {NULL, "RED", "GREEN", "DARK_BLUE"};
static const struct enum_names colour_names = {"Colour", colour_text, colour_COUNT};

#define RECORD_BEGIN(type, schema, doc) struct type {
#define FIELD(record, type, member, json, flags, min, max, detail, doc) FIELD_C_##type member;
#define RECORD_END(type) \
    }                    \
    ;
#include "test_records.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

#define RECORD_BEGIN(type, schema, doc) static const struct record type##_record;
#define FIELD(record, type, member, json, flags, min, max, detail, doc)
#define RECORD_END(type)
#include "test_records.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

#define RECORD_BEGIN(type, schema, doc) static const struct field type##_fields[] = {
#define FIELD(record, type, member, json, flags, min, max, detail, doc) \
    {FIELD_##type, #member, json, offsetof(struct record, member), flags, min, max, detail, doc},
#define RECORD_END(type) \
    }                    \
    ;
#include "test_records.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

#define RECORD_BEGIN(type, schema, doc)                                  \
    static const struct record type##_record __attribute__((unused)) = { \
        #schema, type##_fields, ARRAY_LENGTH(type##_fields), sizeof(struct type), doc};
#define FIELD(record, type, member, json, flags, min, max, detail, doc)
#define RECORD_END(type)
#include "test_records.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

#endif
