#include "channel/verdict.h"

#include "base/buf.h"
#include "channel/mailbox.h"

enum { QUOTE_BYTES_MAX = 160, DIGITS_SHOWN_MAX = 6 };

/* An address, or something as long as a phone number. */
static bool is_private_word(struct str word)
{
    size_t digits = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] == '@') {
            return true;
        }
        digits = word.ptr[i] >= '0' && word.ptr[i] <= '9' ? digits + 1 : 0;
        if (digits > DIGITS_SHOWN_MAX) {
            return true;
        }
    }
    return false;
}

struct str verdict_quote(struct str text, struct arena *arena)
{
    if (!str_is_utf8(text)) {
        return STR("(unreadable text)");
    }
    struct buf line = {.arena = arena};
    for (size_t i = 0; i < text.len;) {
        size_t len = str_utf8_sequence(text, i);
        struct str character = str_slice(text, i, i + len);
        buf_add(&line, text_is_one_line(character) ? character : STR(" "));
        i += len;
    }
    struct buf out = {.arena = arena};
    struct str rest = buf_str(&line);
    struct str word = STR_NONE;
    while (str_split(&rest, ' ', &word)) {
        if (word.len > 0) {
            buf_add_text(&out, out.len > 0 ? " " : "");
            buf_add(&out, is_private_word(word) ? STR("****") : word);
        }
    }
    return str_cut_utf8(buf_str(&out), QUOTE_BYTES_MAX);
}

static struct str explain(const char *what, struct str reason, struct arena *arena)
{
    struct str quoted = verdict_quote(reason, arena);
    if (quoted.len == 0) {
        return arena_printf(arena, "%s.", what);
    }
    return arena_printf(arena, "%s: %.*s", what, STR_FMT(quoted));
}

bool verdict_unanswered(const struct wire_answer *answer, struct arena *arena, struct verdict *out)
{
    struct str reason = answer->reason;
    switch (answer->outcome) {
    case WIRE_ANSWERED:
        return false;
    case WIRE_NOT_SENT:
        *out = (struct verdict){.kind = VERDICT_NOT_SENT, .category = failure_category_network};
        out->error = explain("The provider could not be reached", reason, arena);
        return true;
    case WIRE_UNKNOWN:
        *out = (struct verdict){.kind = VERDICT_UNKNOWN, .category = failure_category_network};
        if (answer->timed_out) {
            out->category = failure_category_timeout;
        }
        out->error = explain(answer->timed_out ? "The provider did not answer in time"
                                               : "The connection broke before the answer came",
                             reason, arena);
        return true;
    case WIRE_REFUSED_URL:
        *out = (struct verdict){.kind = VERDICT_REFUSED, .category = failure_category_unknown};
        out->error = explain("The provider's address is not allowed", reason, arena);
        return true;
    case WIRE_TOO_LARGE:
    case WIRE_REDIRECTS:
        /* They did get the request, and may have acted on it. */
        *out =
            (struct verdict){.kind = VERDICT_UNKNOWN, .category = failure_category_provider_error};
        out->error = explain("The provider's answer could not be read", reason, arena);
        return true;
    }
    return false;
}
