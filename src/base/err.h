/* base/err: the one error type, and the words every module uses to declare itself.
 *
 * A function that can fail returns enum err, and the caller must look (NODISCARD). OK is zero, so
 * `if (err)` reads well. Numbers decide, text explains: what a person should read goes into a
 * struct problem, which the operation owns.
 * Source: style.md 7. Threads: everything here is constant. */
#ifndef TOCSIN_BASE_ERR_H
#define TOCSIN_BASE_ERR_H

#include <stddef.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum err {
    OK = 0,
#define ERR(name, http_status, code, meaning) name,
#include "base/err.def"
#undef ERR
    ERR_COUNT
};

/* Returns what went wrong to the caller. For functions that own nothing at this point. */
#define TRY(expression)                   \
    do {                                  \
        enum err try_err_ = (expression); \
        if (try_err_ != OK) {             \
            return try_err_;              \
        }                                 \
    } while (0)

/* What a person is told about a failure. `field` is the JSON path of the member at fault, "" where
 * none is. `from` and `to` are the states of a refused transition, NULL otherwise (they point to
 * constants). */
struct problem {
    enum err err;
    char field[64];
    char message[256];
    const char *from;
    const char *to;
};

/* The status of an HTTP answer, the stable code in its body, and one sentence on what it means. */
int err_http_status(enum err err);
const char *err_code(enum err err);
const char *err_meaning(enum err err);

/* Fills `problem` (which may be NULL) and returns `err`, so that it reads `return problem_set(…)`.
 * `field` may be NULL. */
enum err problem_set(struct problem *problem, enum err err, const char *field, const char *format,
                     ...) PRINTF_LIKE(4, 5);

#endif
