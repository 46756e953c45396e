#include "service/texts_api.h"

#include "channel/render.h"
#include "channel/sms_text.h"
#include "channel/speech.h"

enum { PREVIEW_MINUTES = 15 };

static struct list languages_list(struct op *op)
{
    const char *const *languages = NULL;
    size_t count = render_languages(&languages);
    struct language_view *items = arena_alloc(op->arena, count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct language_view){str_from(languages[i])};
    }
    return (struct list){items, count};
}

static struct list placeholders_list(struct op *op)
{
    struct placeholder_view *items = arena_alloc(op->arena, PLACEHOLDER_COUNT * sizeof *items);
    for (int i = 0; i < PLACEHOLDER_COUNT; i++) {
        items[i].name = str_from(placeholder_name((enum placeholder)i));
        items[i].doc = str_from(placeholder_doc((enum placeholder)i));
    }
    return (struct list){items, PLACEHOLDER_COUNT};
}

static struct list texts_of(struct op *op, enum text_key key)
{
    const struct text_row *rows = NULL;
    size_t count = text_rows(&rows);
    struct text_part_view *items = arena_alloc(op->arena, count * sizeof *items);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].key == key) {
            items[used++] = (struct text_part_view){.part = str_from(text_part_name(rows[i].part)),
                                                    .language = str_from(rows[i].language),
                                                    .text = str_from(rows[i].text)};
        }
    }
    return (struct list){items, used};
}

enum err list_texts(struct op *op, const void *input, void *output)
{
    struct text_list *out = output;
    (void)input;
    struct text_key_view *keys = arena_alloc(op->arena, text_key_COUNT * sizeof *keys);
    size_t count = 0;
    for (int i = text_key_NONE + 1; i < text_key_COUNT; i++) {
        enum text_key key = (enum text_key)i;
        keys[count++] = (struct text_key_view){.key = str_from(text_key_name(key)),
                                               .doc = str_from(text_key_doc(key)),
                                               .texts = texts_of(op, key)};
    }
    *out = (struct text_list){.languages = languages_list(op),
                              .placeholders = placeholders_list(op),
                              .keys = {keys, count}};
    return OK;
}

static struct str or_else(struct str text, const char *made_up)
{
    return str_is_set(text) ? text : str_from(made_up);
}

/* As long a link as there will be. */
static struct str sample_link(struct op *op)
{
    struct str url = op->site->public_url;
    return arena_printf(op->arena, "%.*s/l/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                        STR_FMT(url.len > 0 ? url : STR("https://alerts.example.com")));
}

static struct render_facts facts_of(struct op *op, const struct text_preview_input *given)
{
    bool has_minutes =
        presence_has(op->given, record_field_index(&text_preview_input_record, "minutes"));
    int64_t minutes = has_minutes ? given->minutes : PREVIEW_MINUTES;
    struct str zone = str_is_set(given->timezone) ? given->timezone : op->site->default_timezone;
    return (struct render_facts){
        .name = or_else(given->name, "Alex"),
        .title = or_else(given->title, "Weekly review"),
        .person = or_else(given->person, "Robin"),
        .by = or_else(given->by, "Ana"),
        .code = or_else(given->code, "12a"),
        .join_url = or_else(given->join_url, "https://meet.example.com/abc-defg-hij"),
        .link = sample_link(op),
        .provider = STR("twilio"),
        .error = STR("The account has no funds left."),
        .count = 2,
        .timezone = zone,
        .zone = op_zone(op, zone),
        .at = instant_add(op->now, MINUTES(minutes)),
        .since = instant_add(op->now, MINUTES(-2)),
        .now = op->now,
    };
}

static enum err check_part(struct op *op, struct str template, const char *field)
{
    struct problem problem = {0};
    if (!str_is_set(template) || template_check(template, &problem) == OK) {
        return OK;
    }
    return op_fail(op, E_INVALID, field, "%s", problem.message);
}

static size_t characters_in(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    return count;
}

static void measure(struct op *op, struct text_preview *out)
{
    struct sms_size size = sms_measure(out->text);
    struct buf forcing = {.arena = op->arena};
    sms_add_forcing(&forcing, out->text);
    out->encoding = size.is_gsm7 ? STR("GSM-7") : STR("UCS-2");
    out->characters = (int64_t)characters_in(out->text);
    out->units = (int64_t)size.units;
    out->segments = (int64_t)size.segments;
    out->units_left = (int64_t)size.units_left;
    out->forcing = forcing.len > 0 ? buf_str(&forcing) : STR_NONE;
}

enum err preview_text(struct op *op, const void *input, void *output)
{
    const struct text_preview_input *given = input;
    struct text_preview *out = output;
    enum text_key key = text_key_NONE;
    if (text_key_parse(given->key, &key) != OK) {
        return op_fail(op, E_INVALID, "key", "there is no such text; GET /api/v1/texts lists them");
    }
    TRY(check_part(op, given->text, "template"));
    TRY(check_part(op, given->subject, "subjectTemplate"));
    struct render_facts facts = facts_of(op, given);
    struct render_override override = {.subject = given->subject, .text = given->text};
    struct render_request request = {.key = key,
                                     .channel = (enum channel)given->channel,
                                     .language = given->language,
                                     .override = &override};
    struct rendered rendered = {0};
    render(&request, &facts, op->arena, &rendered);
    *out = (struct text_preview){.language = render_language(given->language),
                                 .subject = rendered.subject,
                                 .text = rendered.text,
                                 .html = rendered.html};
    measure(op, out);
    if (given->channel == channel_CALL) {
        out->speech_seconds = speech_seconds(rendered.speech);
    }
    return OK;
}
