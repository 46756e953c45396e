#include "channel/render.h"
#include "channel/twilio.h"
#include "channel/xml_text.h"

enum { GATHER_SECONDS = 6, REPLY_CHARS_MAX = TWILIO_TEXT_UNITS_MAX };

#define PROLOG "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

/* Who speaks a language. The first row of a language is for all tags of it that have none. */
struct speaker {
    const char *tag;      /* Ours, in whatever case. */
    const char *language; /* Theirs. */
    const char *voice;
    const char *how_to_answer; /* Where no key can be asked for. */
};

#define BY_MESSAGE_EN \
    "To answer, use the link that you were sent, or reply to the text message. Goodbye."
#define BY_MESSAGE_ES \
    "Para responder, use el enlace que ha recibido o conteste al mensaje de texto. Adiós."
#define BY_MESSAGE_HI "जवाब देने के लिए, भेजे गए लिंक का उपयोग करें या संदेश का उत्तर दें। नमस्ते।"
#define BY_MESSAGE_DE                                                                    \
    "Zum Antworten benutzen Sie bitte den Link, den Sie erhalten haben, oder antworten " \
    "auf die Textnachricht. Auf Wiederhören."

static const struct speaker speakers[] = {
    {"en", "en-US", "Polly.Joanna", BY_MESSAGE_EN},
    {"en-GB", "en-GB", "Polly.Amy", BY_MESSAGE_EN},
    {"en-AU", "en-AU", "Polly.Nicole", BY_MESSAGE_EN},
    {"en-IN", "en-IN", "Polly.Raveena", BY_MESSAGE_EN},
    {"es", "es-ES", "Polly.Lucia", BY_MESSAGE_ES},
    {"es-MX", "es-MX", "Polly.Mia", BY_MESSAGE_ES},
    {"es-US", "es-US", "Polly.Lupe", BY_MESSAGE_ES},
    {"hi", "hi-IN", "Polly.Aditi", BY_MESSAGE_HI},
    {"de", "de-DE", "Polly.Vicki", BY_MESSAGE_DE},
};

static const struct speaker *find_speaker(struct str tag)
{
    for (size_t i = 0; i < ARRAY_LENGTH(speakers); i++) {
        if (str_equal_nocase(tag, str_from(speakers[i].tag))) {
            return &speakers[i];
        }
    }
    return NULL;
}

static const struct speaker *choose_speaker(struct str tag)
{
    const struct speaker *speaker = find_speaker(tag);
    if (speaker == NULL) {
        speaker = find_speaker(str_slice(tag, 0, str_find_byte(tag, '-', 0)));
    }
    return speaker != NULL ? speaker : &speakers[0];
}

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

static size_t count_characters(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += begins_character(text.ptr[i]);
    }
    return count;
}

static struct str cut_characters(struct str text, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += begins_character(text.ptr[i]);
        if (count > max) {
            return str_slice(text, 0, i);
        }
    }
    return text;
}

/* `voice` in place of the speaker's own; may be absent. */
static void add_say_by(struct buf *out, const struct speaker *speaker, struct str voice,
                       struct str text)
{
    if (str_trim(text).len == 0) {
        return;
    }
    buf_add_text(out, "<Say");
    xml_add_attribute(out, "voice", str_is_set(voice) ? voice : str_from(speaker->voice));
    xml_add_attribute(out, "language", str_from(speaker->language));
    buf_add_byte(out, '>');
    xml_add_text(out, cut_characters(text, TWILIO_SPEECH_CHARS_MAX));
    buf_add_text(out, "</Say>");
}

static void add_say(struct buf *out, const struct speaker *speaker, struct str text)
{
    add_say_by(out, speaker, STR_NONE, text);
}

/* Without an answer what stands behind it is done. No key ends the input, so that '#' is one. */
static void add_gather(struct buf *out, const struct speaker *speaker, struct str action,
                       const struct voice_page *page)
{
    buf_add_text(out, "<Gather input=\"dtmf\" numDigits=\"1\" finishOnKey=\"\" method=\"POST\"");
    buf_printf(out, " timeout=\"%d\"", GATHER_SECONDS);
    xml_add_attribute(out, "action", action);
    buf_add_byte(out, '>');
    add_say_by(out, speaker, page->voice, page->speech);
    buf_add_text(out, "</Gather>");
}

static void answer_with(struct buf *document, struct http_response *out)
{
    *out = (struct http_response){.status = 200,
                                  .content_type = STR("text/xml"),
                                  .body = buf_str(document),
                                  .no_store = true};
}

void twilio_write_voice(const struct provider_settings *settings, const struct voice_page *page,
                        struct arena *arena, struct http_response *out)
{
    struct hook_place place = {.provider = "twilio", .hook = HOOK_GATHER, .attempt = page->attempt};
    struct str action = page->asks ? hook_url(settings, &place, arena) : STR_NONE;
    const struct speaker *speaker = choose_speaker(page->language);
    struct buf document = {.arena = arena};
    buf_add_text(&document, PROLOG "<Response>");
    if (str_is_set(action)) {
        add_gather(&document, speaker, action, page);
        if (!page->is_said_once) {
            add_gather(&document, speaker, action, page);
        }
    } else {
        add_say_by(&document, speaker, page->voice, page->speech);
    }
    add_say_by(&document, speaker, page->voice, page->goodbye);
    buf_add_text(&document, "<Hangup/></Response>");
    answer_with(&document, out);
}

/* An empty 200 without a type would be logged there as a failure of ours (12300). */
void twilio_write_answer(enum hook hook, struct str reply, struct arena *arena,
                         struct http_response *out)
{
    struct buf document = {.arena = arena};
    switch (hook) {
    case HOOK_SMS_STATUS:
    case HOOK_CALL_STATUS:
    case HOOK_COUNT:
        *out = (struct http_response){.status = 204};
        return;
    case HOOK_VOICE:
    case HOOK_GATHER:
        buf_add_text(&document, PROLOG "<Response><Hangup/></Response>");
        break;
    case HOOK_SMS:
        if (str_trim(reply).len == 0) {
            buf_add_text(&document, PROLOG "<Response/>");
            break;
        }
        buf_add_text(&document, PROLOG "<Response><Message>");
        xml_add_text(&document, cut_characters(reply, REPLY_CHARS_MAX));
        buf_add_text(&document, "</Message></Response>");
        break;
    }
    answer_with(&document, out);
}

/* Who is called for an alert has a link or a text; whoever hears an agent has neither. */
static struct str inline_document(const struct send_job *job, struct str speech,
                                  struct arena *arena)
{
    const struct speaker *speaker = choose_speaker(job->language);
    struct buf document = {.arena = arena};
    buf_add_text(&document, PROLOG "<Response>");
    add_say_by(&document, speaker, job->voice, speech);
    if (!job->is_said_once) {
        buf_add_text(&document, "<Pause length=\"1\"/>");
        add_say(&document, speaker, speech);
        add_say(&document, speaker, str_from(speaker->how_to_answer));
    }
    buf_add_text(&document, "<Hangup/></Response>");
    return buf_str(&document);
}

/* Without the keys of ours that nobody would hear; what is nothing but keys stays. */
static struct str inline_text(const struct send_job *job)
{
    if (job->is_said_once) {
        return job->text;
    }
    struct str plain = render_without_keys(job->text);
    return plain.len > 0 ? plain : job->text;
}

struct str twilio_spoken(const struct provider_settings *settings, const struct send_job *job,
                         struct arena *arena)
{
    if (job->is_said_once || !twilio_is_inline(settings, job)) {
        return job->text;
    }
    return arena_printf(arena, "%.*s %s", STR_FMT(inline_text(job)),
                        choose_speaker(job->language)->how_to_answer);
}

struct str twilio_inline_document(const struct send_job *job, struct arena *arena)
{
    size_t chars_max = TWILIO_SPEECH_CHARS_MAX;
    struct str text = inline_text(job);
    for (;;) {
        struct str document = inline_document(job, cut_characters(text, chars_max), arena);
        if (count_characters(document) <= TWILIO_DOCUMENT_CHARS_MAX) {
            return document;
        }
        chars_max = chars_max * 7 / 8; /* What is escaped takes more room than it looks. */
    }
}
