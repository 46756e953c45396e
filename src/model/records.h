/* model/records: every record of Tocsin, from the tables people.def, meetings.def, incidents.def,
 * messages.def, system.def.
 *
 * `struct user` and `user_record` come from RECORD_BEGIN(user, …). See model/record.h for what a
 * field means. */
#ifndef TOCSIN_MODEL_RECORDS_H
#define TOCSIN_MODEL_RECORDS_H

#include "model/enums.h"
#include "model/record.h"

#define RECORD_BEGIN(type, schema, doc) struct type {
#define FIELD(record, type, member, json, flags, min, max, detail, doc) FIELD_C_##type member;
#define RECORD_END(type) \
    }                    \
    ;
#include "model/records.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

#define RECORD_BEGIN(type, schema, doc) extern const struct record type##_record;
#define FIELD(record, type, member, json, flags, min, max, detail, doc)
#define RECORD_END(type)
#include "model/records.def"
#undef RECORD_BEGIN
#undef FIELD
#undef RECORD_END

/* All of them, for documents and tests. */
size_t records_all(const struct record *const **out);

#endif
