#include "channel/failures.h"

static const struct failure failures[] = {
#define FAILURE(provider, code, class, category, doc) \
    {provider, code, failure_class_##class, failure_category_##category, doc},
#define FAILURE_WAIT(provider, code, seconds)
#include "channel/failures.def"
#undef FAILURE
#undef FAILURE_WAIT
};

static const struct {
    const char *provider;
    const char *code;
    int seconds;
} waits[] = {
#define FAILURE(provider, code, class, category, doc)
#define FAILURE_WAIT(provider, code, seconds) {provider, code, seconds},
#include "channel/failures.def"
#undef FAILURE
#undef FAILURE_WAIT
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

int failure_wait_seconds(struct str provider, struct str code)
{
    for (size_t i = 0; i < ARRAY_LENGTH(waits); i++) {
        if (str_equal_text(code, waits[i].code) && str_equal_text(provider, waits[i].provider)) {
            return waits[i].seconds;
        }
    }
    return 0;
}

size_t failures_all(const struct failure **out)
{
    *out = failures;
    return ARRAY_LENGTH(failures);
}
