#include "service/page_words.h"

#include "channel/template.h"
#include "channel/texts.h"

enum { QUALITY_MOST = 1000 };

struct str page_word(struct str language, const char *word)
{
    return word_find(language, word);
}

struct str page_greeting(struct str language, struct str name, struct arena *arena)
{
    struct template_values values = {0};
    struct buf out = {.arena = arena};
    if (!str_is_set(name)) {
        return word_find(language, "HELLO_ALONE");
    }
    values.value[PLACEHOLDER_NAME] = name;
    template_fill(&out, word_find(language, "HELLO"), &values, false);
    return buf_str(&out);
}

/* "0.8" of ";q=0.8" in thousandths. Without one it is 1; what cannot be read counts as nothing. */
static int quality_of(struct str parameters)
{
    struct str text = str_trim(parameters);
    if (text.len == 0) {
        return QUALITY_MOST;
    }
    if (!str_starts_nocase(text, STR("q=")) || text.len < 3) {
        return 0;
    }
    int quality = text.ptr[2] == '1' ? QUALITY_MOST : 0;
    int digit = QUALITY_MOST / 10;
    for (size_t i = 4; i < text.len && quality < QUALITY_MOST; i++) {
        char c = text.ptr[i];
        quality += c >= '0' && c <= '9' ? digit * (c - '0') : 0;
        digit /= 10;
    }
    return quality;
}

static bool is_ours(struct str range)
{
    struct str found = render_language(range);
    return range.len >= found.len && str_equal_nocase(str_slice(range, 0, found.len), found);
}

struct str page_language(struct str accept_language)
{
    struct str best = STR("en");
    int best_quality = 0;
    struct str rest = accept_language;
    struct str item = STR_NONE;
    while (str_split(&rest, ',', &item)) {
        struct str range = STR_NONE;
        struct str parameters = item;
        (void)str_split(&parameters, ';', &range);
        int quality = quality_of(parameters);
        range = str_trim(range);
        if (quality > best_quality && is_ours(range)) {
            best = render_language(range);
            best_quality = quality;
        }
    }
    return best;
}

struct str page_time(struct op *op, const struct user *user, struct instant at)
{
    struct str name = str_is_set(user->timezone) ? user->timezone : op->site->default_timezone;
    struct render_facts facts = {
        .zone = op_zone(op, name), .timezone = name, .at = at, .now = op->now};
    struct template_values values = {0};
    struct buf out = {.arena = op->arena};
    values.value[PLACEHOLDER_TIME] = render_time(&facts, user->locale, op->arena);
    values.value[PLACEHOLDER_TIMEZONE] = name;
    template_fill(&out, word_find(user->locale, "PAGE_TIME"), &values, false);
    return buf_str(&out);
}
