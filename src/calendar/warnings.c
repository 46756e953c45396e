#include "calendar/warnings.h"

#include "calendar/ics_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { WARNING_BYTES_MAX = 300, WARNING_UID_BYTES_MAX = 120 };

void warning_add(struct warning_list *warnings, struct str uid, const char *format, ...)
{
    assert(warnings->arena != NULL);
    if (warnings->count++ >= WARNINGS_KEPT) {
        return;
    }
    if (warnings->items == NULL) {
        warnings->items = ARENA_NEW_ARRAY(warnings->arena, struct expand_warning, WARNINGS_KEPT);
    }
    char text[WARNING_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    warnings->items[warnings->count - 1] = (struct expand_warning){
        .uid = str_is_set(uid) ? ics_text_display(warnings->arena, uid, WARNING_UID_BYTES_MAX)
                               : STR(""),
        .message = ics_text_display(warnings->arena, str_from(text), WARNING_BYTES_MAX),
    };
}
