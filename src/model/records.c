#include "model/records.h"

#include "model/formats.h"

#define RECORD_BEGIN(type, schema, doc) static const struct field type##_fields[] = {
#define FIELD(record, type, member, json, flags, min, max, detail, doc) \
    {FIELD_##type, #member, json, offsetof(struct record, member), flags, min, max, detail, doc},
#define RECORD_END(type) \
    }                    \
    ;
#include "model/records.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

#define RECORD_BEGIN(type, schema, doc)                                                       \
    const struct record type##_record = {#schema, type##_fields, ARRAY_LENGTH(type##_fields), \
                                         sizeof(struct type), doc};
#define FIELD(record, type, member, json, flags, min, max, detail, doc)
#define RECORD_END(type)
#include "model/records.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

static const struct record *const all[] = {
#define RECORD_BEGIN(type, schema, doc) &type##_record,
#define FIELD(record, type, member, json, flags, min, max, detail, doc)
#define RECORD_END(type)
#include "model/records.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END
};

size_t records_all(const struct record *const **out)
{
    *out = all;
    return ARRAY_LENGTH(all);
}
