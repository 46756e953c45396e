#include "calendar/ics.h"

#include "calendar/ics_event.h"
#include "calendar/ics_text.h"
#include "calendar/ics_value.h"
#include "calendar/warnings.h"

#include <assert.h>

enum { OFFSET_SECONDS_MAX = 26 * 3600 };

/* libical can be told to end the process at a bad line; whoever linked it may have said so. */
static void keep_errors_harmless(void)
{
    if (icalerror_get_errors_are_fatal() != 0) {
        icalerror_set_errors_are_fatal(0);
    }
}

static struct str vendor_value(struct arena *arena, icalcomponent *component, struct str name)
{
    icalproperty *property = icalcomponent_get_first_property(component, ICAL_X_PROPERTY);
    for (; property != NULL;
         property = icalcomponent_get_next_property(component, ICAL_X_PROPERTY)) {
        if (str_equal_nocase(str_from(icalproperty_get_x_name(property)), name)) {
            return str_trim(ics_value_text(arena, property));
        }
    }
    return STR_NONE;
}

static void read_observance_rules(struct arena *arena, icalcomponent *component,
                                  struct ics_observance *out)
{
    icalproperty *property = icalcomponent_get_first_property(component, ICAL_X_PROPERTY);
    for (; property != NULL && out->rule_count < ICS_RULES_MAX;
         property = icalcomponent_get_next_property(component, ICAL_X_PROPERTY)) {
        if (str_equal_nocase(str_from(icalproperty_get_x_name(property)), STR("X-TOCSIN-RRULE"))) {
            out->rules[out->rule_count++] = ics_value_text(arena, property);
        }
    }
    int count = icalcomponent_count_properties(component, ICAL_RDATE_PROPERTY);
    out->rdates = ARENA_NEW_ARRAY(arena, struct civil, (size_t)count);
    property = icalcomponent_get_first_property(component, ICAL_RDATE_PROPERTY);
    for (; property != NULL;
         property = icalcomponent_get_next_property(component, ICAL_RDATE_PROPERTY)) {
        struct ics_rdate rdate;
        if (ics_value_rdate(arena, property, &rdate)) {
            out->rdates[out->rdate_count++] = rdate.start.wall;
        }
    }
}

static bool read_offset(icalcomponent *component, icalproperty_kind kind, int32_t *out)
{
    icalproperty *property = icalcomponent_get_first_property(component, kind);
    const icalvalue *value = property == NULL ? NULL : icalproperty_get_value(property);
    if (value == NULL || icalvalue_isa(value) != ICAL_UTCOFFSET_VALUE) {
        return false;
    }
    *out = icalvalue_get_utcoffset(value);
    return *out >= -OFFSET_SECONDS_MAX && *out <= OFFSET_SECONDS_MAX;
}

static bool read_observance(struct arena *arena, icalcomponent *component,
                            struct ics_observance *out)
{
    *out = (struct ics_observance){.is_daylight =
                                       icalcomponent_isa(component) == ICAL_XDAYLIGHT_COMPONENT};
    icalproperty *start = icalcomponent_get_first_property(component, ICAL_DTSTART_PROPERTY);
    struct ics_time time;
    if (start == NULL || !ics_value_time(arena, start, &time) ||
        !read_offset(component, ICAL_TZOFFSETTO_PROPERTY, &out->offset_to)) {
        return false;
    }
    if (!read_offset(component, ICAL_TZOFFSETFROM_PROPERTY, &out->offset_from)) {
        out->offset_from = out->offset_to;
    }
    out->start = time.wall;
    read_observance_rules(arena, component, out);
    return true;
}

static void read_zone(struct arena *arena, icalcomponent *component, struct ics_zone *out)
{
    *out = (struct ics_zone){
        .tzid = vendor_value(arena, component, STR("X-TOCSIN-TZID")),
        .location = vendor_value(arena, component, STR("X-LIC-LOCATION")),
        .observances = ARENA_NEW_ARRAY(arena, struct ics_observance, ICS_OBSERVANCES_MAX),
    };
    icalcomponent *child = icalcomponent_get_first_component(component, ICAL_ANY_COMPONENT);
    for (; child != NULL && out->observance_count < ICS_OBSERVANCES_MAX;
         child = icalcomponent_get_next_component(component, ICAL_ANY_COMPONENT)) {
        if (read_observance(arena, child, &out->observances[out->observance_count])) {
            out->observance_count++;
        }
    }
}

static void read_calendar(struct arena *arena, icalcomponent *calendar,
                          struct warning_list *warnings, struct ics_calendar *out)
{
    icalproperty *method = icalcomponent_get_first_property(calendar, ICAL_METHOD_PROPERTY);
    bool is_cancel = method != NULL && icalproperty_get_method(method) == ICAL_METHOD_CANCEL;
    struct str zone_name = vendor_value(arena, calendar, STR("X-WR-TIMEZONE"));
    icalcomponent *child = icalcomponent_get_first_component(calendar, ICAL_ANY_COMPONENT);
    for (; child != NULL; child = icalcomponent_get_next_component(calendar, ICAL_ANY_COMPONENT)) {
        if (icalcomponent_isa(child) == ICAL_VTIMEZONE_COMPONENT) {
            read_zone(arena, child, &out->zones[out->zone_count++]);
        } else if (icalcomponent_isa(child) == ICAL_VEVENT_COMPONENT) {
            struct ics_event *event = &out->events[out->event_count];
            *event = ics_event_read(arena, child, warnings);
            event->is_cancelled |= is_cancel;
            event->zone_name = zone_name;
            event->order = out->event_count++;
        }
    }
}

static void count_components(icalcomponent *calendar, struct ics_calendar *out)
{
    int events = icalcomponent_count_components(calendar, ICAL_VEVENT_COMPONENT);
    int zones = icalcomponent_count_components(calendar, ICAL_VTIMEZONE_COMPONENT);
    out->event_count += (size_t)events;
    out->zone_count += (size_t)zones;
}

/* A text with several calendars comes as an XROOT with each of them below it. */
static void read_root(struct arena *arena, icalcomponent *root, struct warning_list *warnings,
                      struct ics_calendar *out)
{
    bool is_single = icalcomponent_isa(root) == ICAL_VCALENDAR_COMPONENT;
    struct ics_calendar size = {0};
    icalcomponent *calendar =
        is_single ? root : icalcomponent_get_first_component(root, ICAL_VCALENDAR_COMPONENT);
    for (icalcomponent *one = calendar; one != NULL;) {
        count_components(one, &size);
        one = is_single ? NULL : icalcomponent_get_next_component(root, ICAL_VCALENDAR_COMPONENT);
    }
    out->events = ARENA_NEW_ARRAY(arena, struct ics_event, size.event_count);
    out->zones = ARENA_NEW_ARRAY(arena, struct ics_zone, size.zone_count);
    calendar = is_single ? root : icalcomponent_get_first_component(root, ICAL_VCALENDAR_COMPONENT);
    while (calendar != NULL) {
        read_calendar(arena, calendar, warnings, out);
        calendar =
            is_single ? NULL : icalcomponent_get_next_component(root, ICAL_VCALENDAR_COMPONENT);
    }
    assert(out->event_count == size.event_count && out->zone_count == size.zone_count);
}

enum err ics_parse(struct arena *arena, struct str text, struct warning_list *warnings,
                   struct ics_calendar *out, struct problem *problem)
{
    *out = (struct ics_calendar){0};
    struct str clean;
    TRY(ics_text_clean(arena, text, warnings, &clean, problem));
    keep_errors_harmless();
    icalcomponent *root = icalparser_parse_string(clean.ptr);
    if (root == NULL) {
        return problem_set(problem, E_INVALID, NULL, "This is not a calendar that can be read.");
    }
    read_root(arena, root, warnings, out);
    icalcomponent_free(root);
    return OK;
}
