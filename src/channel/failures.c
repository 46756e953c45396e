#include "channel/failures.h"

static const struct failure failures[] = {
#define FAILURE(provider, code, class, category, doc) \
    {provider, code, failure_class_##class, failure_category_##category, doc},
#include "channel/failures.def"
#undef FAILURE
};

const struct failure *failure_find(const char *provider, struct str code)
{
    for (size_t i = 0; i < ARRAY_LENGTH(failures); i++) {
        if (str_equal_text(code, failures[i].code) &&
            str_equal_text(str_from(provider), failures[i].provider)) {
            return &failures[i];
        }
    }
    return NULL;
}

size_t failures_all(const struct failure **out)
{
    *out = failures;
    return ARRAY_LENGTH(failures);
}
