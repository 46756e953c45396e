/* fuzz_texts: any bytes as a template of somebody's own, and as the names and titles that are put
 * into ours. What comes out is fit to be sent whatever went in: UTF-8, without control characters,
 * nothing of a stranger's as HTML, speech without addresses, and a short message that is measured
 * right. The first two bytes choose the occasion, the channel and the language. */
#include "channel/render.h"
#include "channel/sms_text.h"
#include "channel/speech.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ours have line ends alone; the templates of others may have what our JSON takes. */
static bool is_plain(struct str text, bool is_ours)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        bool is_end = byte == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n';
        bool is_space = byte == '\n' || (!is_ours && (byte == '\t' || is_end));
        if ((byte < 0x20 && !is_space) || byte == 0x7f) {
            return false;
        }
    }
    return str_is_utf8(text);
}

static bool is_one_line(struct str text)
{
    return str_find_byte(text, '\n', 0) == text.len && str_find_byte(text, '\r', 0) == text.len;
}

static void check_rendered(const struct rendered *out, bool is_ours)
{
    bool is_fit = !str_is_set(out->text) || is_plain(out->text, is_ours);
    if (!is_fit) {
        fprintf(stderr, "fuzz_texts: %.*s\n", STR_FMT(out->text));
    }
    assert(!str_is_set(out->subject) || is_plain(out->subject, is_ours));
    assert(is_fit);
    assert(!str_is_set(out->speech) || is_plain(out->speech, is_ours));
    assert(out->subject.len <= SUBJECT_BYTES_MAX);
    assert(is_one_line(out->subject));
    assert(out->speech.len <= SPEECH_BYTES_MAX);
    assert(!is_ours || !str_contains(out->html, STR("<script")));
    assert(out->html.len == 0 || str_is_utf8(out->html));
}

static void try_sms(struct str text, struct arena *arena)
{
    struct buf once = {.arena = arena};
    struct buf twice = {.arena = arena};
    struct buf cheapest = {.arena = arena};
    struct sms_size size = sms_measure(text);
    assert(size.segments >= 1 && size.segments == sms_segments(text));
    assert(size.units_left <= 160);
    sms_add_plain(&once, text);
    sms_add_plain(&twice, buf_str(&once));
    assert(str_equal(buf_str(&once), buf_str(&twice)));
    sms_add_cheapest(&cheapest, text, arena);
    assert(sms_segments(buf_str(&cheapest)) <= sms_segments(buf_str(&once)));
}

static void try_speech(struct str text, struct arena *arena)
{
    struct str speech = speech_of(text, arena);
    assert(!str_contains(speech, STR("https://")) && !str_contains(speech, STR("  ")));
    struct str cut = speech_cut(speech, 100);
    assert(cut.len <= 100 && (cut.len == 0 || str_is_utf8(cut)));
    (void)speech_spell(text, arena);
    assert(speech_seconds(speech) >= 0);
}

static void try_render(const uint8_t *choices, struct str text, struct arena *arena)
{
    static const char *const languages[] = {"en", "es", "de-AT", "hi", "fr", ""};
    struct problem problem = {0};
    bool is_sound = template_check(text, &problem) == OK;
    assert(is_sound || (problem.message[0] != '\0' && str_is_utf8(str_from(problem.message))));
    struct render_override own = {.text = text, .html = text, .speech = text, .subject = text};
    struct render_facts facts = {.name = text,
                                 .title = text,
                                 .person = text,
                                 .link =
                                     (choices[1] & 64) != 0 ? text : STR("https://t.example/l/x"),
                                 .join_url = text,
                                 .error = text,
                                 .by = text,
                                 .code = str_slice(text, 0, 3),
                                 .at = {INT64_C(1767603600) * 1000000},
                                 .now = {INT64_C(1767600000) * 1000000},
                                 .count = choices[1]};
    struct render_request request = {
        .key = (enum text_key)(1 + choices[0] % (text_key_COUNT - 1)),
        .channel = (enum channel)(1 + choices[1] % (channel_COUNT - 1)),
        .language = str_from(languages[choices[1] / 8 % ARRAY_LENGTH(languages)])};
    struct rendered out = {.text = STR_NONE};
    render(&request, &facts, arena, &out);
    check_rendered(&out, true);
    request.override = &own;
    render(&request, &facts, arena, &out);
    if (is_plain(text, false)) {
        check_rendered(&out, false);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2 || size > 20000) {
        return 0;
    }
    struct arena *arena = arena_new();
    struct str text = {(const char *)bytes + 2, size - 2};
    /* Rows and records hold nothing else. */
    if (str_is_utf8(text)) {
        try_render(bytes, text, arena);
        try_speech(text, arena);
        try_sms(text, arena);
    }
    arena_free(&arena);
    return 0;
}
