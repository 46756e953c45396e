/* model/enums: the closed sets of words in enums.def as C enums, with their names.
 *
 * `enum alert_status { ALERT_STATUS_NONE, … }` would need upper-casing in the preprocessor, so
 * values are spelt with the type as it is: alert_status_PENDING. alert_status_NONE is 0, absent.
 * alert_status_names is for NAMES() and enum_name(). */
#ifndef TOCSIN_MODEL_ENUMS_H
#define TOCSIN_MODEL_ENUMS_H

#include "model/record.h"

#define ENUM_BEGIN(type, schema) enum type { type##_NONE,
#define VALUE(type, value, meaning) type##_##value,
#define ENUM_END(type) \
    type##_COUNT       \
    }                  \
    ;
#include "model/enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END

#define ENUM_BEGIN(type, schema) extern const struct enum_names type##_names;
#define VALUE(type, value, meaning)
#define ENUM_END(type)
#include "model/enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END

/* Every enum with the meanings of its values, for the generated documents and the tests. */
struct enum_doc {
    const struct enum_names *names;
    const char *type;            /* "alert_status" */
    const char *const *meanings; /* By value; meanings[0] is NULL. */
};

size_t enum_docs(const struct enum_doc **out);

#endif
