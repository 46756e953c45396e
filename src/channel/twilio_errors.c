#include "channel/failures.h"
#include "channel/twilio.h"
#include "channel/verdict.h"

/* Five digits, as all of their codes are. */
static bool is_code(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len == 5;
}

/* Codes get split and renumbered, so that an unknown one is judged by its family: 3xxxx and 63xxx
 * are what becomes of messages, the rest is about requests. */
static enum failure_class class_of_family(struct str code)
{
    bool is_about_delivery = str_starts(code, STR("3")) || str_starts(code, STR("63"));
    return is_about_delivery ? failure_class_ELSEWHERE : failure_class_OURS;
}

void twilio_fault_read(struct str code, struct str message, struct arena *arena,
                       struct twilio_fault *out)
{
    *out = (struct twilio_fault){.category = failure_category_unknown};
    if (!is_code(code)) {
        out->error = verdict_quote(message, arena);
        return;
    }
    const struct failure *known = failure_find("twilio", code);
    out->code = arena_str(arena, code);
    if (known != NULL) {
        out->class = known->class;
        out->category = known->category;
        out->error = arena_printf(arena, "%s (%.*s)", known->doc, STR_FMT(code));
        return;
    }
    struct str quoted = verdict_quote(message, arena);
    out->class = class_of_family(code);
    out->error = arena_printf(arena, "%.*s%s(%.*s)", STR_FMT(quoted), quoted.len > 0 ? " " : "",
                              STR_FMT(code));
}
