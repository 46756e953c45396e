#include "channel/render.h"

#include "channel/sms_text.h"
#include "channel/texts.h"
#include "domain/civil.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_BYTES_MAX = 80,
    TITLE_BYTES_MAX = 200,
    SMS_TITLE_BYTES_MAX = 32,
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
    struct zone utc = zone_utc();
    const struct zone *zone = facts->zone != NULL ? facts->zone : &utc;
    struct civil at = zone_to_civil(zone, facts->at);
    struct civil now = zone_to_civil(zone, facts->now);
    struct buf out = {.arena = arena};
    buf_printf(&out, "%02d:%02d", at.hour, at.minute);
    int64_t day = date_to_days(civil_date(at));
    if (!instant_is_set(facts->now) || day == date_to_days(civil_date(now))) {
        return buf_str(&out);
    }
    char weekday[16];
    char month[16];
    snprintf(weekday, sizeof weekday, "WEEKDAY_%d", weekday_of_days(day));
    snprintf(month, sizeof month, "MONTH_%d", at.month);
    buf_printf(&out, " %.*s %.*s, %d %.*s", STR_FMT(word_find(language, "ON")),
               STR_FMT(word_find(language, weekday)), at.day, STR_FMT(word_find(language, month)));
    if (at.year != now.year) {
        buf_printf(&out, " %d", (int)at.year);
    }
    return buf_str(&out);
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

/* For SMS it is made plain before it is cut, so that nothing is cut for the sake of quotes that
 * take three bytes. */
static struct str title_of(const struct rendering *rendering)
{
    if (rendering->request->channel != channel_SMS) {
        return one_line(rendering->facts->title, TITLE_BYTES_MAX, rendering->arena);
    }
    struct buf plain = {.arena = rendering->arena};
    sms_add_plain(&plain, rendering->facts->title);
    return one_line(buf_str(&plain), SMS_TITLE_BYTES_MAX, rendering->arena);
}

static void gather_values(struct rendering *rendering)
{
    const struct render_facts *facts = rendering->facts;
    struct arena *arena = rendering->arena;
    struct str *value = rendering->values.value;
    value[PLACEHOLDER_NAME] =
        or_word(rendering, one_line(facts->name, NAME_BYTES_MAX, arena), "NO_NAME");
    value[PLACEHOLDER_TITLE] = or_word(rendering, title_of(rendering), "NO_TITLE");
    value[PLACEHOLDER_PERSON] = one_line(facts->person, NAME_BYTES_MAX, arena);
    if (rendering->request->key == text_key_MISSED_EMERGENCY_CONTACT) {
        /* Everything in these texts is about the person, so no line may go missing. */
        value[PLACEHOLDER_PERSON] = or_word(rendering, value[PLACEHOLDER_PERSON], "NO_PERSON");
    }
    value[PLACEHOLDER_TIMEZONE] = one_line(facts->timezone, NAME_BYTES_MAX, arena);
    value[PLACEHOLDER_LINK] = web_link(facts->link, arena);
    value[PLACEHOLDER_JOINURL] = web_link(facts->join_url, arena);
    if (instant_is_set(facts->at)) {
        value[PLACEHOLDER_TIME] = render_time(facts, rendering->request->language, arena);
        if (instant_is_set(facts->now)) {
            value[PLACEHOLDER_MINUTES] = minutes_left(facts, arena);
        }
    }
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

static struct str render_subject(struct rendering *rendering, struct str override)
{
    struct str subject = fill_override(rendering, override, false);
    if (!str_is_set(subject)) {
        subject = fill_part(rendering, text_part_SUBJECT);
    }
    return one_line(subject, SUBJECT_BYTES_MAX, rendering->arena);
}

static struct str render_text(struct rendering *rendering, struct str override, enum text_part part)
{
    struct str text = fill_override(rendering, override, false);
    return str_is_set(text) ? text : fill_part(rendering, part);
}

static struct str render_sms(struct rendering *rendering, struct str override)
{
    struct buf plain = {.arena = rendering->arena};
    sms_add_plain(&plain, render_text(rendering, override, text_part_SMS));
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
    buf_add(&out, html_fragment(rendering, override));
    buf_add_text(&out, "\n");
    add_buttons(&out, rendering);
    buf_add_text(&out, "<p style=\"color:#5b6472;font-size:13px\">");
    template_add_escaped(&out, copy_of(rendering, "FOOTER"));
    buf_add_text(&out, "</p>\n</div>\n</body>\n</html>\n");
    return buf_str(&out);
}

static bool is_url(struct str word)
{
    return str_contains(word, STR("://")) || str_starts_nocase(word, STR("www."));
}

/* What a voice would spell out or stumble over becomes a space. */
static void add_spoken(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_noise = c < 0x20 || strchr("\"*_#<>{}[]|~^\\`=\x7F", (char)c) != NULL;
        buf_add_byte(out, is_noise ? ' ' : (char)c);
    }
}

/* Words with single spaces between them, without URLs. */
static struct str spoken(struct str text, struct arena *arena)
{
    struct buf plain = {.arena = arena};
    struct buf clean = {.arena = arena};
    sms_add_plain(&plain, text);
    struct buf without = {.arena = arena};
    struct str rest = buf_str(&plain);
    struct str line = STR_NONE;
    struct str word = STR_NONE;
    while (str_split(&rest, '\n', &line)) {
        while (str_split(&line, ' ', &word)) {
            if (!is_url(word)) {
                buf_add(&without, word);
            }
            buf_add_byte(&without, ' ');
        }
    }
    add_spoken(&clean, buf_str(&without));
    struct buf out = {.arena = arena};
    rest = buf_str(&clean);
    while (str_split(&rest, ' ', &word)) {
        if (word.len > 0) {
            buf_add_text(&out, out.len > 0 ? " " : "");
            buf_add(&out, word);
        }
    }
    return buf_str(&out);
}

static struct str render_speech(struct rendering *rendering, const struct render_override *override)
{
    struct str text = fill_override(rendering, override->speech, false);
    if (!str_is_set(text)) {
        text = fill_override(rendering, override->text, false);
    }
    struct str body = str_is_set(text) ? spoken(text, rendering->arena) : STR_NONE;
    if (body.len == 0) {
        body = spoken(fill_part(rendering, text_part_SPEECH), rendering->arena);
    }
    struct str keys = copy_of(rendering, text_key_keys(rendering->request->key));
    body = str_trim(str_cut_utf8(body, SPEECH_BYTES_MAX - keys.len - 1));
    return arena_printf(rendering->arena, "%.*s %.*s", STR_FMT(body), STR_FMT(keys));
}

void render(const struct render_request *request, const struct render_facts *facts,
            struct arena *arena, struct rendered *out)
{
    static const struct render_override none = {STR_INIT(""), STR_INIT(""), STR_INIT(""),
                                                STR_INIT("")};
    const struct render_override *override = request->override != NULL ? request->override : &none;
    struct rendering rendering = {.request = request, .facts = facts, .arena = arena};
    gather_values(&rendering);
    *out = (struct rendered){0};
    switch (request->channel) {
    case channel_EMAIL:
        out->subject = render_subject(&rendering, override->subject);
        out->text = render_text(&rendering, override->text, text_part_TEXT);
        out->html = render_html(&rendering, override, out->subject);
        break;
    case channel_SMS:
        out->text = render_sms(&rendering, override->text);
        break;
    case channel_WHATSAPP:
        out->text = render_text(&rendering, override->text, text_part_SMS);
        break;
    case channel_CALL:
        out->speech = render_speech(&rendering, override);
        out->text = out->speech;
        break;
    case channel_IN_APP:
    case channel_WEBHOOK:
    case channel_NONE:
    case channel_COUNT:
        out->subject = render_subject(&rendering, override->subject);
        out->text = render_text(&rendering, override->text, text_part_SMS);
        break;
    }
}
