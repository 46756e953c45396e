#include "base/err.h"

#include "base/str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct err_row {
    int http_status;
    const char *code;
    const char *meaning;
};

static const struct err_row err_rows[ERR_COUNT] = {
    [OK] = {200, "OK", "It worked."},
#define ERR(name, http_status, code, meaning) [name] = {http_status, code, meaning},
#include "base/err.def"
#undef ERR
};

int err_http_status(enum err err)
{
    assert(err < ERR_COUNT);
    return err_rows[err].http_status;
}

const char *err_code(enum err err)
{
    assert(err < ERR_COUNT);
    return err_rows[err].code;
}

const char *err_meaning(enum err err)
{
    assert(err < ERR_COUNT);
    return err_rows[err].meaning;
}

/* Cuts between characters, so that an error body stays well-formed UTF-8. */
static void copy_cut(char *out, size_t size, const char *text)
{
    struct str cut = str_cut_utf8(str_from(text), size - 1);
    memcpy(out, cut.ptr, cut.len);
    out[cut.len] = '\0';
}

/* A message is one line, whatever a stranger's text in it has; programs write it to a terminal. */
static void put_on_one_line(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        *text = byte < 0x20 || byte == 0x7f ? ' ' : *text;
    }
}

enum err problem_set(struct problem *problem, enum err err, const char *field, const char *format,
                     ...)
{
    if (problem == NULL) {
        return err;
    }
    /* Both texts are made aside, because a caller may wrap what the problem says already. */
    char where[sizeof problem->field + 4];
    char message[sizeof problem->message + 4];
    snprintf(where, sizeof where, "%s", field == NULL ? "" : field);
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    problem->err = err;
    problem->from = NULL;
    problem->to = NULL;
    copy_cut(problem->field, sizeof problem->field, where);
    put_on_one_line(message);
    copy_cut(problem->message, sizeof problem->message, message);
    return err;
}
