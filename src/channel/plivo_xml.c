#include "channel/plivo.h"
#include "channel/xml_text.h"

enum {
    SPEECH_BYTES_MAX = 3000, /* What one Speak of Amazon's voices takes in characters. */
    KEY_SECONDS = 8
};

/* Languages of Plivo's Speak. A tag that is not listed is spoken by the first row that shares its
 * language, and English where there is none. */
struct voice_row {
    const char *tag;
    const char *voice;
};

/* clang-format off */
static const struct voice_row voice_rows[] = {
    {"en-US", "WOMAN"}, {"en-GB", "WOMAN"}, {"en-AU", "WOMAN"},
    {"es-ES", "WOMAN"}, {"es-US", "WOMAN"},
    {"de-DE", "WOMAN"},
    {"hi-IN", "Polly.Aditi"}, /* The plain voices have no Hindi everywhere. */
};
/* clang-format on */

static const struct voice_row *voice_of(struct str language)
{
    for (size_t i = 0; i < ARRAY_LENGTH(voice_rows); i++) {
        if (str_equal_nocase(language, str_from(voice_rows[i].tag))) {
            return &voice_rows[i];
        }
    }
    struct str base = str_slice(language, 0, str_find_byte(language, '-', 0));
    for (size_t i = 0; i < ARRAY_LENGTH(voice_rows) && base.len > 0; i++) {
        struct str tag = str_from(voice_rows[i].tag);
        if (str_equal_nocase(base, str_slice(tag, 0, 2))) {
            return &voice_rows[i];
        }
    }
    return &voice_rows[0];
}

static void add_speak(struct buf *out, const struct voice_page *page, struct str text)
{
    const struct voice_row *voice = voice_of(page->language);
    if (text.len == 0) {
        return;
    }
    buf_add_text(out, "<Speak");
    xml_add_attribute(out, "voice", str_is_set(page->voice) ? page->voice : str_from(voice->voice));
    xml_add_attribute(out, "language", str_from(voice->tag));
    buf_add_text(out, ">");
    xml_add_text(out, str_cut_utf8(text, SPEECH_BYTES_MAX));
    buf_add_text(out, "</Speak>");
}

/* Without a key, what stands behind it is done next. */
static void add_question(struct buf *out, const struct voice_page *page, struct str action)
{
    buf_add_text(out, "<GetDigits");
    xml_add_attribute(out, "action", action);
    buf_printf(out, " method=\"POST\" numDigits=\"1\" timeout=\"%d\" retries=\"1\">", KEY_SECONDS);
    add_speak(out, page, page->speech);
    buf_add_text(out, "</GetDigits>");
}

void plivo_write_voice(const struct provider_settings *settings, const struct voice_page *page,
                       struct arena *arena, struct http_response *out)
{
    struct buf text = {.arena = arena};
    struct str action = plivo_hook_url(settings, HOOK_GATHER, page->attempt, arena);
    /* The second before the first word is for the way of the phone to the ear. */
    buf_add_text(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Wait "
                        "length=\"1\"/>");
    if (page->asks && str_is_set(action)) {
        add_question(&text, page, action);
        if (!page->is_said_once) {
            add_question(&text, page, action);
        }
    } else {
        add_speak(&text, page, page->speech);
    }
    add_speak(&text, page, page->goodbye);
    buf_add_text(&text, "<Hangup/></Response>\n");
    *out = (struct http_response){.status = 200,
                                  .content_type = STR("text/xml; charset=utf-8"),
                                  .body = buf_str(&text),
                                  .no_store = true};
}

/* A reply to a text is a message of its own: Plivo's document for it would have to name both
 * numbers, which are not known here. So nothing is written back, and `reply` is for the caller to
 * send. */
void plivo_write_answer(enum hook hook, struct str reply, struct arena *arena,
                        struct http_response *out)
{
    (void)reply;
    (void)arena;
    *out = (struct http_response){
        .status = 200, .content_type = STR("text/plain; charset=utf-8"), .body = STR("OK")};
    if (hook == HOOK_SMS || hook == HOOK_VOICE || hook == HOOK_GATHER) {
        out->content_type = STR("text/xml; charset=utf-8");
        out->body = STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>\n");
    }
}
