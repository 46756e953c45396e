#include "calendar/vtimezone.h"

#include "base/buf.h"
#include "domain/recurrence.h"

#include <assert.h>
#include <stdlib.h>

struct onset {
    int64_t seconds; /* UTC */
    uint8_t type;
};

struct onsets {
    struct onset *items;
    size_t count;
    int64_t horizon;
    bool is_exhausted; /* A rule named no more times within its bound; the others are not tried. */
};

static void onset_add(struct onsets *onsets, struct civil wall, int32_t offset, uint8_t type)
{
    int64_t seconds = civil_to_seconds(wall) - offset;
    if (onsets->count < ZONE_ONSETS_MAX && seconds <= onsets->horizon) {
        onsets->items[onsets->count++] = (struct onset){.seconds = seconds, .type = type};
    }
}

static void add_rule(struct onsets *onsets, const struct ics_observance *observance,
                     struct str text, uint8_t type)
{
    struct recurrence_rule rule;
    if (onsets->is_exhausted || recurrence_parse(text, &rule, NULL) != OK) {
        return;
    }
    if (rule.until.year >= 9999) {
        rule.has_until = false; /* Means "for ever", and has no room for an offset. */
    }
    if (rule.has_until && rule.until_is_utc) {
        rule.until = civil_add_seconds(rule.until, observance->offset_from);
        rule.until_is_utc = false;
    }
    struct recurrence_iterator iterator;
    recurrence_begin(&iterator, &rule, observance->start);
    while (onsets->count < ZONE_ONSETS_MAX) {
        struct civil wall;
        enum recurrence_step step = recurrence_next(&iterator, &wall);
        onsets->is_exhausted |= step == RECURRENCE_EXHAUSTED;
        if (step != RECURRENCE_FOUND ||
            civil_to_seconds(wall) - observance->offset_from > onsets->horizon) {
            break;
        }
        onset_add(onsets, wall, observance->offset_from, type);
    }
}

static void add_observance(struct onsets *onsets, const struct ics_observance *observance,
                           uint8_t type)
{
    onset_add(onsets, observance->start, observance->offset_from, type);
    for (size_t i = 0; i < observance->rule_count; i++) {
        add_rule(onsets, observance, observance->rules[i], type);
    }
    for (size_t i = 0; i < observance->rdate_count; i++) {
        onset_add(onsets, observance->rdates[i], observance->offset_from, type);
    }
}

static int compare_onsets(const void *left, const void *right)
{
    const struct onset *a = left;
    const struct onset *b = right;
    if (a->seconds != b->seconds) {
        return a->seconds < b->seconds ? -1 : 1;
    }
    return (int)a->type - (int)b->type;
}

/* One onset an instant; the one written last wins, as a later observance corrects an earlier one.
 */
static void sort_onsets(struct onsets *onsets)
{
    qsort(onsets->items, onsets->count, sizeof onsets->items[0], compare_onsets);
    size_t kept = 0;
    for (size_t i = 0; i < onsets->count; i++) {
        bool is_repeat = kept > 0 && onsets->items[kept - 1].seconds == onsets->items[i].seconds;
        kept -= is_repeat ? 1 : 0;
        onsets->items[kept++] = onsets->items[i];
    }
    onsets->count = kept;
}

static void put_number(struct buf *out, uint64_t value, int bytes)
{
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        buf_add_byte(out, (char)(unsigned char)(value >> shift));
    }
}

static void put_header(struct buf *out, uint64_t transitions, uint64_t types)
{
    buf_add(out, STR("TZif2"));
    for (int i = 0; i < 15; i++) {
        buf_add_byte(out, '\0');
    }
    put_number(out, 0, 4); /* UT/local indicators, standard/wall indicators, leap seconds: none. */
    put_number(out, 0, 4);
    put_number(out, 0, 4);
    put_number(out, transitions, 4);
    put_number(out, types, 4);
    put_number(out, 4, 4);
}

static void put_type(struct buf *out, int32_t offset, bool is_daylight)
{
    put_number(out, (uint32_t)offset, 4);
    buf_add_byte(out, is_daylight ? 1 : 0);
    buf_add_byte(out, 0);
}

static void put_abbreviation(struct buf *out)
{
    buf_add(out, STR("LMT"));
    buf_add_byte(out, '\0');
}

static struct str encode(struct arena *arena, const struct ics_zone *zone,
                         const struct onsets *onsets)
{
    struct buf out = {.arena = arena};
    int32_t first_offset = zone->observances[onsets->items[0].type - 1].offset_from;
    put_header(&out, 0, 1); /* The 32-bit block that nobody reads has to be there. */
    put_type(&out, first_offset, false);
    put_abbreviation(&out);
    put_header(&out, onsets->count, zone->observance_count + 1);
    for (size_t i = 0; i < onsets->count; i++) {
        put_number(&out, (uint64_t)onsets->items[i].seconds, 8);
    }
    for (size_t i = 0; i < onsets->count; i++) {
        buf_add_byte(&out, (char)onsets->items[i].type);
    }
    put_type(&out, first_offset, false);
    for (size_t i = 0; i < zone->observance_count; i++) {
        put_type(&out, zone->observances[i].offset_to, zone->observances[i].is_daylight);
    }
    put_abbreviation(&out);
    buf_add(&out, STR("\n\n")); /* No footer: the last offset stays. */
    return buf_str(&out);
}

bool vtimezone_to_zone(struct arena *arena, const struct ics_zone *zone, struct instant horizon,
                       struct zone *out)
{
    assert(zone->observance_count <= ICS_OBSERVANCES_MAX);
    struct onsets onsets = {
        .items = ARENA_NEW_ARRAY(arena, struct onset, ZONE_ONSETS_MAX),
        .horizon = horizon.us / 1000000,
    };
    for (size_t i = 0; i < zone->observance_count; i++) {
        add_observance(&onsets, &zone->observances[i], (uint8_t)(i + 1));
    }
    if (onsets.count == 0) {
        return false;
    }
    sort_onsets(&onsets);
    struct str bytes = encode(arena, zone, &onsets);
    return zone_parse((const uint8_t *)bytes.ptr, bytes.len, out) == OK;
}
