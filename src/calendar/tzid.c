#include "calendar/tzid.h"

#include "base/buf.h"
#include "calendar/vtimezone.h"

#include <assert.h>

struct zone_name {
    struct str name;
    struct str iana;
};

static const struct zone_name ALIASES[] = {
#define ZONE_ALIAS(name, iana) {STR_INIT(name), STR_INIT(iana)},
#include "calendar/zone_aliases.def"
#undef ZONE_ALIAS
};

static const struct zone_name WINDOWS_ZONES[] = {
#define WINDOWS_ZONE(name, iana) {STR_INIT(name), STR_INIT(iana)},
#include "calendar/windows_zones.def"
#undef WINDOWS_ZONE
};

static struct tzid_zone by_iana(const struct zones_port *zones, struct str name)
{
    const struct zone *zone = name.len > 0 ? zones->find(zones->context, name) : NULL;
    return (struct tzid_zone){.zone = zone, .name = zone == NULL ? STR_NONE : name};
}

static struct tzid_zone by_table(const struct zones_port *zones, struct str name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(ALIASES); i++) {
        if (str_equal_nocase(ALIASES[i].name, name)) {
            return by_iana(zones, ALIASES[i].iana);
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(WINDOWS_ZONES); i++) {
        if (str_equal_nocase(WINDOWS_ZONES[i].name, name)) {
            return by_iana(zones, WINDOWS_ZONES[i].iana);
        }
    }
    return (struct tzid_zone){0};
}

/* "europe/berlin" and "America/New York" as IANA writes them. */
static struct tzid_zone by_spelling(struct arena *arena, const struct zones_port *zones,
                                    struct str name)
{
    struct buf out = {.arena = arena};
    bool is_first = true;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i] == ' ' ? '_' : name.ptr[i];
        bool is_lower = c >= 'a' && c <= 'z';
        bool is_upper = c >= 'A' && c <= 'Z';
        if (is_first && is_lower) {
            c = (char)(c - 'a' + 'A');
        } else if (!is_first && is_upper) {
            c = (char)(c - 'A' + 'a');
        }
        is_first = !is_lower && !is_upper;
        buf_add_byte(&out, c);
    }
    return by_iana(zones, buf_str(&out));
}

/* The last three, two and one parts of a path. */
static struct tzid_zone by_path_end(const struct zones_port *zones, struct str name)
{
    size_t ends[3] = {0};
    size_t count = 0;
    for (size_t at = name.len; at > 0 && count < 3; at--) {
        if (name.ptr[at - 1] == '/') {
            ends[count++] = at;
        }
    }
    while (count > 0) {
        struct str end = str_slice(name, ends[--count], name.len);
        struct tzid_zone found = by_iana(zones, end);
        if (found.zone == NULL) {
            found = by_table(zones, end);
        }
        if (found.zone != NULL) {
            return found;
        }
    }
    return (struct tzid_zone){0};
}

/* What Windows shows to people begins with an offset in brackets: "(UTC-05:00) Eastern Time (US &
 * Canada)". */
static struct str without_shown_offset(struct str name)
{
    if (!str_starts_nocase(name, STR("(UTC")) && !str_starts_nocase(name, STR("(GMT"))) {
        return name;
    }
    size_t end = str_find_byte(name, ')', 0);
    return str_trim(str_slice(name, end + 1, name.len));
}

struct tzid_zone tzid_find_by_name(struct arena *arena, const struct zones_port *zones,
                                   struct str tzid)
{
    assert(zones->find != NULL);
    struct str name = str_trim(tzid);
    if (name.len == 0 || name.len > TZID_BYTES_MAX) {
        return (struct tzid_zone){0};
    }
    struct tzid_zone found = by_iana(zones, name);
    if (found.zone == NULL) {
        found = by_table(zones, name);
    }
    if (found.zone == NULL) {
        found = by_path_end(zones, name);
    }
    if (found.zone == NULL) {
        found = by_table(zones, without_shown_offset(name));
    }
    if (found.zone == NULL) {
        found = by_spelling(arena, zones, name);
    }
    found.name = arena_str(arena, found.name);
    return found;
}

static struct tzid_zone by_own_rules(struct tzid_resolver *resolver, size_t index)
{
    if (resolver->own_zones[index] == NULL) {
        struct zone *made = ARENA_NEW(resolver->arena, struct zone);
        const struct ics_zone *rules = &resolver->calendar->zones[index];
        if (!vtimezone_to_zone(resolver->arena, rules, resolver->horizon, made)) {
            return (struct tzid_zone){0};
        }
        resolver->own_zones[index] = made;
    }
    return (struct tzid_zone){.zone = resolver->own_zones[index], .name = STR_NONE};
}

static struct tzid_zone by_calendar(struct tzid_resolver *resolver, struct str tzid)
{
    const struct ics_calendar *calendar = resolver->calendar;
    for (size_t i = 0; calendar != NULL && i < calendar->zone_count; i++) {
        if (!str_equal(calendar->zones[i].tzid, tzid)) {
            continue;
        }
        struct tzid_zone found =
            tzid_find_by_name(resolver->arena, resolver->zones, calendar->zones[i].location);
        return found.zone != NULL ? found : by_own_rules(resolver, i);
    }
    return (struct tzid_zone){0};
}

/* "UTC+02:00", "GMT-5", "UTC+0200": the sign in Etc/GMT-2 is the other way round (POSIX). */
static struct tzid_zone by_offset(struct arena *arena, const struct zones_port *zones,
                                  struct str tzid)
{
    struct tzid_zone unknown = {0};
    bool is_offset = str_starts_nocase(tzid, STR("UTC")) || str_starts_nocase(tzid, STR("GMT"));
    struct str text = str_trim(str_slice(tzid, 3, tzid.len));
    if (!is_offset || text.len < 2 || (text.ptr[0] != '+' && text.ptr[0] != '-')) {
        return unknown;
    }
    struct str digits = str_slice(text, 1, text.len);
    if (str_ends(digits, STR(":00"))) {
        digits = str_slice(digits, 0, digits.len - 3);
    } else if (digits.len == 4 && str_ends(digits, STR("00"))) {
        digits = str_slice(digits, 0, 2);
    }
    int64_t hours = 0;
    if (str_to_int(digits, &hours) != OK || hours < 0 || hours > 14) {
        return unknown;
    }
    char sign = text.ptr[0] == '+' ? '-' : '+';
    return by_iana(zones,
                   hours == 0 ? STR("UTC") : arena_printf(arena, "Etc/GMT%c%d", sign, (int)hours));
}

struct tzid_resolver tzid_resolver_new(struct arena *arena, const struct zones_port *zones,
                                       const struct ics_calendar *calendar, struct instant horizon)
{
    size_t count = calendar == NULL ? 0 : calendar->zone_count;
    return (struct tzid_resolver){
        .arena = arena,
        .zones = zones,
        .calendar = calendar,
        .horizon = horizon,
        .own_zones = ARENA_NEW_ARRAY(arena, struct zone *, count),
    };
}

struct tzid_zone tzid_resolve(struct tzid_resolver *resolver, struct str tzid)
{
    for (size_t i = 0; i < resolver->entry_count; i++) {
        if (str_equal(resolver->entries[i].tzid, tzid)) {
            return resolver->entries[i].found;
        }
    }
    struct tzid_zone found = tzid_find_by_name(resolver->arena, resolver->zones, tzid);
    if (found.zone == NULL) {
        found = by_calendar(resolver, tzid);
    }
    if (found.zone == NULL) {
        found = by_offset(resolver->arena, resolver->zones, tzid);
    }
    if (resolver->entry_count < TZID_CACHE_MAX) {
        resolver->entries[resolver->entry_count++] = (struct tzid_entry){tzid, found};
    }
    return found;
}
