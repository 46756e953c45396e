#include "channel/sink_dialect.h"

#include "channel/verdict.h"

#include <assert.h>

const struct sink_dialect *sink_dialect_of(enum sink_kind kind)
{
    assert(kind == sink_kind_AIRTABLE || kind == sink_kind_WEBHOOK);
    return kind == sink_kind_AIRTABLE ? &sink_dialect_airtable : &sink_dialect_webhook;
}

static struct str explain(const char *what, const struct wire_answer *answer, struct arena *arena)
{
    struct str quoted = verdict_quote(answer->reason, arena);
    return quoted.len == 0 ? arena_printf(arena, "%s.", what)
                           : arena_printf(arena, "%s: %.*s", what, STR_FMT(quoted));
}

bool sink_unanswered(const struct wire_answer *answer, struct arena *arena,
                     struct sink_verdict *out)
{
    enum sink_outcome outcome = SINK_LATER;
    const char *what = NULL;
    switch (answer->outcome) {
    case WIRE_ANSWERED:
        return false;
    case WIRE_NOT_SENT:
        what = "It could not be reached";
        break;
    case WIRE_UNKNOWN:
        what = answer->timed_out ? "It did not answer in time"
                                 : "The connection broke before the answer came";
        break;
    case WIRE_REFUSED_URL:
        outcome = SINK_CLOSED;
        what = "Its address is not allowed";
        break;
    case WIRE_TOO_LARGE:
    case WIRE_REDIRECTS:
        what = "Its answer could not be read";
        break;
    }
    *out = (struct sink_verdict){.outcome = outcome, .error = explain(what, answer, arena)};
    return true;
}

static struct str id_text(const struct sink_address *address, struct id id, struct arena *arena)
{
    if (!id_is_set(id)) {
        return STR_NONE;
    }
    char *text = arena_alloc(arena, ID_TEXT_MAX);
    return id_format(address->id_key, id, text);
}

struct event_words sink_event_words(const struct sink_address *address, const struct event *event,
                                    struct arena *arena)
{
    char *at = arena_alloc(arena, INSTANT_TEXT_MAX);
    return (struct event_words){
        .id = id_text(address, event->id, arena),
        .type = str_from(enum_name(&event_kind_names, event->kind)),
        .at = instant_format(event->at, at),
        .subject_type = str_from(enum_name(&subject_type_names, event->subject_type)),
        .subject_id = id_text(address, event->subject_id, arena),
        .user_id = id_text(address, event->user_id, arena),
    };
}
