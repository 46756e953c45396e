#include "channel/phrase.h"

#include "channel/texts.h"
#include "domain/civil.h"

#include <stdio.h>

enum { NUMBER_WORDS_MAX = 12 };

/* What the letters behind a '%' stand for. */
struct moment {
    struct civil at;
    struct str clock;
    struct str weekday;
    struct str month;
};

static void add_field(struct buf *out, char letter, const struct moment *moment)
{
    const struct civil *at = &moment->at;
    switch (letter) {
    case 'h':
        buf_printf(out, "%02d:%02d", at->hour, at->minute);
        break;
    case 'H':
        buf_printf(out, "%d", at->hour);
        break;
    case 'i':
        buf_printf(out, "%02d", at->minute);
        break;
    case 'M':
        buf_printf(out, "%d", at->minute);
        break;
    case 'c':
        buf_add(out, moment->clock);
        break;
    case 'w':
        buf_add(out, moment->weekday);
        break;
    case 'd':
        buf_printf(out, "%d", at->day);
        break;
    case 'm':
        buf_add(out, moment->month);
        break;
    case 'y':
        buf_printf(out, "%d", (int)at->year);
        break;
    default:
        break;
    }
}

static struct str fill_form(const struct phrase *phrase, const char *word,
                            const struct moment *moment)
{
    struct str form = word_find(phrase->language, word);
    struct buf out = {.arena = phrase->arena};
    for (size_t i = 0; i < form.len; i++) {
        if (form.ptr[i] == '%' && i + 1 < form.len) {
            add_field(&out, form.ptr[++i], moment);
        } else {
            buf_add_byte(&out, form.ptr[i]);
        }
    }
    return buf_str(&out);
}

static const char *clock_form(const struct phrase *phrase, const struct civil *at)
{
    bool is_one = at->hour == 1;
    if (!phrase->is_spoken) {
        return is_one ? "CLOCK_ONE" : "CLOCK";
    }
    if (at->minute == 0) {
        return is_one ? "SPOKEN_SHARP_ONE" : "SPOKEN_SHARP";
    }
    return is_one ? "SPOKEN_ONE" : "SPOKEN";
}

struct str phrase_time(const struct phrase *phrase, const struct render_facts *facts)
{
    struct zone utc = zone_utc();
    const struct zone *zone = facts->zone != NULL ? facts->zone : &utc;
    struct moment moment = {.at = zone_to_civil(zone, facts->at)};
    struct civil now = zone_to_civil(zone, facts->now);
    moment.clock = fill_form(phrase, clock_form(phrase, &moment.at), &moment);
    int64_t day = date_to_days(civil_date(moment.at));
    if (!instant_is_set(facts->now) || day == date_to_days(civil_date(now))) {
        return moment.clock;
    }
    char weekday[16];
    char month[16];
    snprintf(weekday, sizeof weekday, "WEEKDAY_%d", weekday_of_days(day));
    snprintf(month, sizeof month, "MONTH_%d", moment.at.month);
    moment.weekday = word_find(phrase->language, weekday);
    moment.month = word_find(phrase->language, month);
    return fill_form(phrase, moment.at.year != now.year ? "DATE_YEAR" : "DATE", &moment);
}

/* "two" up to twelve, figures beyond. */
static struct str number_word(const struct phrase *phrase, int64_t number)
{
    if (number < 2 || number > NUMBER_WORDS_MAX) {
        return arena_printf(phrase->arena, "%lld", (long long)number);
    }
    char word[16];
    snprintf(word, sizeof word, "NUMBER_%d", (int)number);
    return word_find(phrase->language, word);
}

struct ago_row {
    int64_t seconds;
    const char *one;
    const char *many;
};

static struct str ago_of(const struct phrase *phrase, const struct ago_row *row, int64_t number)
{
    if (number == 1) {
        return word_find(phrase->language, row->one);
    }
    struct template_values values = {0};
    values.value[PLACEHOLDER_COUNT_OF] = number_word(phrase, number);
    struct buf out = {.arena = phrase->arena};
    template_fill(&out, word_find(phrase->language, row->many), &values, false);
    return buf_str(&out);
}

struct str phrase_ago(const struct phrase *phrase, struct duration since)
{
    static const struct ago_row rows[] = {{86400, "AGO_DAY", "AGO_DAYS"},
                                          {3600, "AGO_HOUR", "AGO_HOURS"},
                                          {60, "AGO_MINUTE", "AGO_MINUTES"}};
    int64_t seconds = since.us / SECONDS(1).us;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (seconds >= rows[i].seconds) {
            return ago_of(phrase, &rows[i], seconds / rows[i].seconds);
        }
    }
    return word_find(phrase->language, "AGO_NOW");
}
