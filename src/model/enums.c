#include "model/enums.h"

#define ENUM_BEGIN(type, schema) static const char *const type##_text[] = {NULL,
#define VALUE(type, value, meaning) #value,
#define ENUM_END(type) \
    }                  \
    ;
#include "model/enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END

#define ENUM_BEGIN(type, schema) \
    const struct enum_names type##_names = {#schema, type##_text, type##_COUNT};
#define VALUE(type, value, meaning)
#define ENUM_END(type)
#include "model/enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END

#define ENUM_BEGIN(type, schema) static const char *const type##_meanings[] = {NULL,
#define VALUE(type, value, meaning) meaning,
#define ENUM_END(type) \
    }                  \
    ;
#include "model/enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END

static const struct enum_doc docs[] = {
#define ENUM_BEGIN(type, schema) {&type##_names, #type, type##_meanings},
#define VALUE(type, value, meaning)
#define ENUM_END(type)
#include "model/enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END
};

size_t enum_docs(const struct enum_doc **out)
{
    *out = docs;
    return ARRAY_LENGTH(docs);
}
