/* fuzz_json: any bytes as a body. What is taken must be written as JSON that is taken again and
 * says the same; what is refused must come with a problem that can be shown. The quick reader takes
 * nothing that the careful one does not. */
#include "model/enums.h"
#include "model/formats.h"
#include "model/json_reading.h"

#include <stdlib.h>

#define RECORD_BEGIN(type, schema, doc) struct type {
#define FIELD(record, type, member, json, flags, min, max, detail, doc) FIELD_C_##type member;
#define RECORD_END(type) \
    }                    \
    ;
#include "fuzz_json.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

#define RECORD_BEGIN(type, schema, doc) static const struct record type##_record;
#define FIELD(record, type, member, json, flags, min, max, detail, doc)
#define RECORD_END(type)
#include "fuzz_json.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

#define RECORD_BEGIN(type, schema, doc) static const struct field type##_fields[] = {
#define FIELD(record, type, member, json, flags, min, max, detail, doc) \
    {FIELD_##type, #member, json, offsetof(struct record, member), flags, min, max, detail, doc},
#define RECORD_END(type) \
    }                    \
    ;
#include "fuzz_json.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

#define RECORD_BEGIN(type, schema, doc)          \
    static const struct record type##_record = { \
        #schema, type##_fields, ARRAY_LENGTH(type##_fields), sizeof(struct type), doc};
#define FIELD(record, type, member, json, flags, min, max, detail, doc)
#define RECORD_END(type)
#include "fuzz_json.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_written(const struct json_context *context, const struct body *body)
{
    struct buf first = {.arena = context->arena};
    struct buf second = {.arena = context->arena};
    struct body again;
    record_to_json(context, &first, &body_record, body);
    expect(record_from_json(context, &body_record, buf_str(&first), &again, NULL) == OK);
    record_to_json(context, &second, &body_record, &again);
    /* A member that was null is left out of the object, where the fallback fills it again. */
    bool is_half_null = str_is_set(body->start) != str_is_set(body->end);
    expect(is_half_null || str_equal(buf_str(&first), buf_str(&second)));
}

static void check_agreement(const struct json_context *context, struct str text)
{
    struct buf quick = {.arena = context->arena};
    struct buf careful = {.arena = context->arena};
    struct body body;
    struct presence given[2];
    if (!json_read_quickly(context, &body_record, text, &body, &given[0])) {
        return;
    }
    record_to_json(context, &quick, &body_record, &body);
    expect(json_read_carefully(context, &body_record, text, &body, &given[1]) == OK);
    record_to_json(context, &careful, &body_record, &body);
    expect(given[0].bits == given[1].bits && str_equal(buf_str(&quick), buf_str(&careful)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct problem problem = {0};
    struct json_context context = {.arena = arena, .id_key = {1, 2}, .problem = &problem};
    struct str text = {(const char *)bytes, size};
    struct body body;
    struct presence given;
    enum err err = record_from_json(&context, &body_record, text, &body, &given);
    if (err == OK) {
        check_written(&context, &body);
    } else {
        expect((err == E_INVALID || err == E_TIMEZONE) && problem.err == err &&
               problem.message[0] != '\0');
        expect(str_is_utf8(str_from(problem.message)) && str_is_utf8(str_from(problem.field)));
    }
    /* The same body as a PATCH may lack members, but is refused or taken without harm too. */
    context.is_partial = true;
    err = record_from_json(&context, &body_record, text, &body, &given);
    expect(err == OK || err == E_INVALID || err == E_TIMEZONE);
    check_agreement(&context, text);
    context.is_partial = false;
    check_agreement(&context, text);
    arena_free(&arena);
    return 0;
}
