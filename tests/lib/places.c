#include "lib/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char *root(void)
{
    const char *named = getenv("TOCSIN_ROOT");
    return named != NULL ? named : ".";
}

bool place_in_repository(const char *relative, char out[static PLACE_MAX])
{
    int length = snprintf(out, PLACE_MAX, "%s/%s", root(), relative);
    assert_in_range(length, 1, PLACE_MAX - 1);
    return access(out, R_OK) == 0;
}

bool place_shared(const char *relative, char out[static PLACE_MAX])
{
    const char *named = getenv("TOCSIN_SHARED");
    int length = named != NULL ? snprintf(out, PLACE_MAX, "%s/%s", named, relative)
                               : snprintf(out, PLACE_MAX, "%s/../shared/%s", root(), relative);
    assert_in_range(length, 1, PLACE_MAX - 1);
    return access(out, R_OK) == 0;
}

char *file_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    char *text = NULL;
    size_t held = 0;
    *length = 0;
    do {
        held = held * 2 + 4096;
        char *grown = realloc(text, held + 1);
        assert_non_null(grown);
        text = grown;
        *length += fread(text + *length, 1, held - *length, file);
    } while (*length == held);
    text[*length] = '\0';
    fclose(file);
    return text;
}

void skip_because(const char *reason)
{
    print_message("%s\n", reason);
    skip();
    abort(); /* skip() does not come back. */
}
