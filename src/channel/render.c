#include "channel/render.h"

#include "channel/phrase.h"
#include "channel/sms_text.h"
#include "channel/speech.h"
#include "channel/texts.h"

#include <assert.h>
#include <string.h>

enum {
    NAME_BYTES_MAX = 80,
    TITLE_BYTES_MAX = 200,
    SMS_TITLE_CHARACTERS_MAX = 32,
    SMS_SUMMARY_CHARACTERS_MAX = 80,
    LINK_BYTES_MAX = 2000
};

/* What one rendering works with. */
struct rendering {
    const struct render_request *request;
    const struct render_facts *facts;
    struct arena *arena;
    struct template_values values;
};

static struct str copy_of(struct rendering *rendering, const char *word)
{
    return word_find(rendering->request->language, word);
}

/* Text from outside on one line, trimmed, and at most `max` bytes long; absent where nothing is
 * left. */
static struct str one_line(struct str text, size_t max, struct arena *arena)
{
    if (!str_is_utf8(text)) {
        return STR_NONE;
    }
    struct buf line = {.arena = arena};
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_c1 = c == 0xC2 && (unsigned char)text.ptr[i + 1] < 0xA0;
        if (is_c1) {
            i++;
        }
        buf_add_byte(&line, c < 0x20 || c == 0x7F || is_c1 ? ' ' : (char)c);
    }
    struct str trimmed = str_trim(buf_str(&line));
    if (trimmed.len > max) {
        struct str cut = str_trim(str_cut_utf8(trimmed, max - 3));
        trimmed = arena_printf(arena, "%.*s...", STR_FMT(cut));
    }
    return trimmed.len > 0 ? trimmed : STR_NONE;
}

/* Only what a browser opens as a page: nothing like "javascript:" may end up behind a button. */
static struct str web_link(struct str url, struct arena *arena)
{
    struct str link = str_trim(url);
    if (!str_starts_nocase(link, STR("https://")) && !str_starts_nocase(link, STR("http://"))) {
        return STR_NONE;
    }
    for (size_t i = 0; i < link.len; i++) {
        if ((unsigned char)link.ptr[i] <= ' ' || strchr("<>\"\x7F", link.ptr[i]) != NULL) {
            return STR_NONE;
        }
    }
    return str_is_utf8(link) && link.len <= LINK_BYTES_MAX ? arena_str(arena, link) : STR_NONE;
}

static struct str or_word(struct rendering *rendering, struct str text, const char *word)
{
    return str_is_set(text) ? text : copy_of(rendering, word);
}

struct str render_time(const struct render_facts *facts, struct str language, struct arena *arena)
{
    return phrase_time(&(struct phrase){.language = language, .arena = arena}, facts);
}

/* Minutes to the start, rounded to the nearest and never below 0: a stage that is due at 15 minutes
 * says 15. */
static struct str minutes_left(const struct render_facts *facts, struct arena *arena)
{
    int64_t us = instant_since(facts->at, facts->now).us;
    int64_t minute_us = MINUTES(1).us;
    int64_t minutes = us <= 0 ? 0 : (us + minute_us / 2) / minute_us;
    return arena_printf(arena, "%lld", (long long)minutes);
}

/* What a dispatch is about is the message itself, and not the name of something that is known. */
static size_t sms_title_max(enum text_key key)
{
    bool is_ask = key == text_key_DISPATCH_ASK || key == text_key_DISPATCH_FOLLOW_UP;
    return is_ask ? SMS_SUMMARY_CHARACTERS_MAX : SMS_TITLE_CHARACTERS_MAX;
}

/* At most `max` characters, whatever bytes they take. */
static struct str short_title(struct str title, size_t max, struct arena *arena)
{
    size_t count = 0;
    size_t kept = 0;
    for (size_t i = 0; i < title.len; i++) {
        bool is_start = ((unsigned char)title.ptr[i] & 0xC0) != 0x80;
        kept = is_start && count == max - 3 ? i : kept;
        count += is_start ? 1 : 0;
    }
    if (count <= max) {
        return title;
    }
    return arena_printf(arena, "%.*s...", STR_FMT(str_trim(str_slice(title, 0, kept))));
}

/* For SMS it is made plain before it is cut, so that nothing is cut for the sake of quotes that
 * take three bytes. */
static struct str title_of(const struct rendering *rendering)
{
    if (rendering->request->channel != channel_SMS) {
        return one_line(rendering->facts->title, TITLE_BYTES_MAX, rendering->arena);
    }
    struct buf plain = {.arena = rendering->arena};
    sms_add_plain(&plain, rendering->facts->title);
    struct str title = one_line(buf_str(&plain), TITLE_BYTES_MAX, rendering->arena);
    size_t max = sms_title_max(rendering->request->key);
    return str_is_set(title) ? short_title(title, max, rendering->arena) : title;
}

/* "Hello Ana", or "Hello" alone. */
static struct str greeting(struct rendering *rendering)
{
    struct str name = one_line(rendering->facts->name, NAME_BYTES_MAX, rendering->arena);
    enum channel channel = rendering->request->channel;
    bool is_short = channel == channel_SMS || channel == channel_WHATSAPP;
    if (!str_is_set(name)) {
        return copy_of(rendering, is_short ? "HELLO_SHORT_ALONE" : "HELLO_ALONE");
    }
    struct template_values values = {0};
    values.value[PLACEHOLDER_NAME] = name;
    struct buf out = {.arena = rendering->arena};
    template_fill(&out, copy_of(rendering, is_short ? "HELLO_SHORT" : "HELLO"), &values, false);
    return buf_str(&out);
}

static void gather_times(struct rendering *rendering)
{
    const struct render_facts *facts = rendering->facts;
    struct str *value = rendering->values.value;
    struct phrase phrase = {.language = rendering->request->language,
                            .is_spoken = rendering->request->channel == channel_CALL,
                            .arena = rendering->arena};
    if (instant_is_set(facts->at)) {
        value[PLACEHOLDER_TIME] = phrase_time(&phrase, facts);
        if (instant_is_set(facts->now)) {
            value[PLACEHOLDER_MINUTES] = minutes_left(facts, rendering->arena);
        }
    }
    if (instant_is_set(facts->since) && instant_is_set(facts->now)) {
        value[PLACEHOLDER_AGO] = phrase_ago(&phrase, instant_since(facts->now, facts->since));
        value[PLACEHOLDER_BY] = or_word(rendering, value[PLACEHOLDER_BY], "SOMEBODY");
    }
}

static void gather_values(struct rendering *rendering)
{
    const struct render_facts *facts = rendering->facts;
    struct arena *arena = rendering->arena;
    struct str *value = rendering->values.value;
    value[PLACEHOLDER_NAME] =
        or_word(rendering, one_line(facts->name, NAME_BYTES_MAX, arena), "NO_NAME");
    value[PLACEHOLDER_HELLO] = greeting(rendering);
    value[PLACEHOLDER_TITLE] = or_word(rendering, title_of(rendering), "NO_TITLE");
    value[PLACEHOLDER_PERSON] = one_line(facts->person, NAME_BYTES_MAX, arena);
    if (rendering->request->key == text_key_MISSED_EMERGENCY_CONTACT ||
        rendering->request->key == text_key_MISSED_NOTED_CONTACT) {
        /* Everything in these texts is about the person, so no line may go missing. */
        value[PLACEHOLDER_PERSON] = or_word(rendering, value[PLACEHOLDER_PERSON], "NO_PERSON");
    }
    value[PLACEHOLDER_TIMEZONE] = one_line(facts->timezone, NAME_BYTES_MAX, arena);
    value[PLACEHOLDER_LINK] = web_link(facts->link, arena);
    value[PLACEHOLDER_JOINURL] = web_link(facts->join_url, arena);
    value[PLACEHOLDER_BY] = one_line(facts->by, NAME_BYTES_MAX, arena);
    value[PLACEHOLDER_PROVIDER] = one_line(facts->provider, NAME_BYTES_MAX, arena);
    value[PLACEHOLDER_ERROR] = one_line(facts->error, TITLE_BYTES_MAX, arena);
    value[PLACEHOLDER_CODE] = one_line(facts->code, NAME_BYTES_MAX, arena);
    value[PLACEHOLDER_PHONE] = one_line(facts->phone, NAME_BYTES_MAX, arena);
    if (rendering->request->channel == channel_CALL && str_is_set(value[PLACEHOLDER_CODE])) {
        value[PLACEHOLDER_CODE] = speech_spell(value[PLACEHOLDER_CODE], arena);
    }
    if (facts->count > 0) {
        value[PLACEHOLDER_COUNT_OF] = arena_printf(arena, "%lld", (long long)facts->count);
    }
    gather_times(rendering);
}

static struct str fill(struct rendering *rendering, struct str template, bool as_html)
{
    struct buf out = {.arena = rendering->arena};
    template_fill(&out, template, &rendering->values, as_html);
    return str_trim(buf_str(&out));
}

/* STR_NONE where there is no override, it is not sound, or nothing is left of it. */
static struct str fill_override(struct rendering *rendering, struct str template, bool as_html)
{
    if (template.len == 0 || template_check(template, NULL) != OK) {
        return STR_NONE;
    }
    struct str filled = fill(rendering, template, as_html);
    return filled.len > 0 ? filled : STR_NONE;
}

static struct str fill_part(struct rendering *rendering, enum text_part part)
{
    struct str template = text_find(rendering->request->language, rendering->request->key, part);
    struct str filled = fill(rendering, template, part == text_part_HTML);
    if (filled.len == 0 && part != text_part_HTML) {
        return rendering->values
            .value[PLACEHOLDER_TITLE]; /* A time is missing, and with it the only line. */
    }
    return filled;
}

/* What is said in a drill begins with that, whoever wrote the rest. */
static struct str marked(struct rendering *rendering, struct str text, const char *gap)
{
    if (!rendering->facts->is_drill) {
        return text;
    }
    return arena_printf(rendering->arena, "%.*s%s%.*s", STR_FMT(copy_of(rendering, "DRILL")), gap,
                        STR_FMT(text));
}

static struct str render_subject(struct rendering *rendering, struct str override)
{
    struct str subject = fill_override(rendering, override, false);
    if (!str_is_set(subject)) {
        subject = fill_part(rendering, text_part_SUBJECT);
    }
    return one_line(marked(rendering, subject, " "), SUBJECT_BYTES_MAX, rendering->arena);
}

static struct str render_text(struct rendering *rendering, struct str override, enum text_part part)
{
    struct str text = fill_override(rendering, override, false);
    return marked(rendering, str_is_set(text) ? text : fill_part(rendering, part),
                  part == text_part_TEXT ? "\n\n" : " ");
}

/* A mail's text says at its foot where mail is ended, since not every program shows a button. */
static struct str render_mail_text(struct rendering *rendering, struct str override)
{
    struct str text = render_text(rendering, override, text_part_TEXT);
    struct str url = web_link(rendering->facts->unsubscribe, rendering->arena);
    if (!str_is_set(url)) {
        return text;
    }
    return arena_printf(rendering->arena, "%.*s\n\n-- \n%.*s: %.*s", STR_FMT(text),
                        STR_FMT(copy_of(rendering, "UNSUBSCRIBE_BUTTON")), STR_FMT(url));
}

static struct str render_sms(struct rendering *rendering, struct str override)
{
    struct buf plain = {.arena = rendering->arena};
    sms_add_cheapest(&plain, render_text(rendering, override, text_part_SMS), rendering->arena);
    return buf_str(&plain);
}

static void add_button(struct buf *out, struct str link, struct str label, const char *colours)
{
    buf_add_text(out, "<a href=\"");
    template_add_escaped(out, link);
    buf_printf(
        out,
        "\" style=\"display:inline-block;margin:0 8px 8px 0;padding:12px 20px;border-radius:8px;"
        "text-decoration:none;font-weight:bold;%s\">",
        colours);
    template_add_escaped(out, label);
    buf_add_text(out, "</a>\n");
}

static void add_buttons(struct buf *out, struct rendering *rendering)
{
    struct str link = rendering->values.value[PLACEHOLDER_LINK];
    if (!str_is_set(link) || !text_key_asks(rendering->request->key)) {
        return;
    }
    buf_add_text(out, "<p>\n");
    add_button(out, link, copy_of(rendering, "BUTTON_IN"), "background:#1a7f4b;color:#ffffff");
    add_button(out, link, copy_of(rendering, "BUTTON_OUT"), "background:#e8eaee;color:#1d2430");
    buf_add_text(out, "</p>\n");
}

static struct str html_of_text(struct str text, struct arena *arena)
{
    struct buf out = {.arena = arena};
    struct str line = STR_NONE;
    buf_add_text(&out, "<p>");
    while (str_split(&text, '\n', &line)) {
        template_add_escaped(&out, line);
        buf_add_text(&out, str_is_set(text) ? "<br>\n" : "");
    }
    buf_add_text(&out, "</p>");
    return buf_str(&out);
}

static struct str html_fragment(struct rendering *rendering, const struct render_override *override)
{
    struct str html = fill_override(rendering, override->html, true);
    if (str_is_set(html)) {
        return html;
    }
    struct str text = fill_override(rendering, override->text, false);
    return str_is_set(text) ? html_of_text(text, rendering->arena)
                            : fill_part(rendering, text_part_HTML);
}

static struct str render_html(struct rendering *rendering, const struct render_override *override,
                              struct str subject)
{
    struct buf out = {.arena = rendering->arena};
    buf_add_text(
        &out, "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    template_add_escaped(&out, subject);
    buf_add_text(&out, "</title>\n</head>\n"
                       "<body style=\"margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif;"
                       "color:#1d2430;background:#ffffff\">\n"
                       "<div style=\"max-width:560px;margin:0 auto\">\n");
    if (rendering->facts->is_drill) {
        buf_add_text(&out, "<p><strong>");
        template_add_escaped(&out, copy_of(rendering, "DRILL"));
        buf_add_text(&out, "</strong></p>\n");
    }
    buf_add(&out, html_fragment(rendering, override));
    buf_add_text(&out, "\n");
    add_buttons(&out, rendering);
    buf_add_text(&out, "<p style=\"color:#5b6472;font-size:13px\">");
    template_add_escaped(&out, copy_of(rendering, "FOOTER"));
    struct str url = web_link(rendering->facts->unsubscribe, rendering->arena);
    if (str_is_set(url)) {
        buf_add_text(&out, "<br>\n<a style=\"color:#5b6472\" href=\"");
        template_add_escaped(&out, url);
        buf_add_text(&out, "\">");
        template_add_escaped(&out, copy_of(rendering, "UNSUBSCRIBE_BUTTON"));
        buf_add_text(&out, "</a>");
    }
    buf_add_text(&out, "</p>\n</div>\n</body>\n</html>\n");
    return buf_str(&out);
}

static struct str render_speech(struct rendering *rendering, const struct render_override *override)
{
    struct str text = fill_override(rendering, override->speech, false);
    if (!str_is_set(text)) {
        text = fill_override(rendering, override->text, false);
    }
    struct str body = str_is_set(text) ? speech_of(text, rendering->arena) : STR_NONE;
    if (body.len == 0) {
        body = speech_of(fill_part(rendering, text_part_SPEECH), rendering->arena);
    }
    body = marked(rendering, body, " ");
    struct str keys = copy_of(rendering, text_key_keys(rendering->request->key));
    body = speech_cut(body, SPEECH_BYTES_MAX - keys.len - 1);
    const char *space = keys.len > 0 ? " " : "";
    return arena_printf(rendering->arena, "%.*s%s%.*s", STR_FMT(body), space, STR_FMT(keys));
}

struct str render_value(const struct render_request *request, const struct render_facts *facts,
                        enum placeholder placeholder, struct arena *arena)
{
    struct rendering rendering = {.request = request, .facts = facts, .arena = arena};
    assert(placeholder < PLACEHOLDER_COUNT);
    gather_values(&rendering);
    struct str value = rendering.values.value[placeholder];
    return placeholder == PLACEHOLDER_TITLE ? marked(&rendering, value, " ") : value;
}

static struct str message_override(const struct render_override *override)
{
    return override->sms.len > 0 ? override->sms : override->text;
}

void render(const struct render_request *request, const struct render_facts *facts,
            struct arena *arena, struct rendered *out)
{
    static const struct render_override none = {STR_INIT(""), STR_INIT(""), STR_INIT(""),
                                                STR_INIT(""), STR_INIT("")};
    const struct render_override *override = request->override != NULL ? request->override : &none;
    struct rendering rendering = {.request = request, .facts = facts, .arena = arena};
    gather_values(&rendering);
    *out = (struct rendered){0};
    switch (request->channel) {
    case channel_EMAIL:
        out->subject = render_subject(&rendering, override->subject);
        out->text = render_mail_text(&rendering, override->text);
        out->html = render_html(&rendering, override, out->subject);
        break;
    case channel_SMS:
        out->text = render_sms(&rendering, message_override(override));
        break;
    case channel_WHATSAPP:
        out->text = render_text(&rendering, message_override(override), text_part_SMS);
        break;
    case channel_CALL:
        out->speech = render_speech(&rendering, override);
        out->text = out->speech;
        break;
    case channel_IN_APP: /* Nobody can reply to it: it has the words of a mail, and its link. */
        out->subject = render_subject(&rendering, override->subject);
        out->text = render_text(&rendering, override->text, text_part_TEXT);
        break;
    case channel_WEBHOOK:
    case channel_NONE:
    case channel_COUNT:
        out->subject = render_subject(&rendering, override->subject);
        out->text = render_text(&rendering, message_override(override), text_part_SMS);
        break;
    }
}
