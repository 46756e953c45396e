#include "calendar/ics_event.h"

#include "base/hash.h"
#include "calendar/ics_text.h"
#include "calendar/ics_value.h"
#include "calendar/warnings.h"
#include "domain/zone.h"

#include <assert.h>

enum { UID_BYTES_MAX = 500 };

struct event_reader {
    struct arena *arena;
    struct warning_list *warnings;
    struct ics_event *event;
};

/* A UID becomes a key in the database: UTF-8, bounded, and the same for the same bytes each time.
 */
static struct str uid_from(struct arena *arena, struct str raw)
{
    struct str uid = ics_text_display(arena, raw, raw.len * 3);
    if (uid.len <= UID_BYTES_MAX) {
        return uid;
    }
    static const struct hash_key key = {0x746f6373696e0001, 0x7569640000000001};
    return arena_printf(arena, "%.*s#%016llx", STR_FMT(str_cut_utf8(uid, 200)),
                        (unsigned long long)hash_bytes(key, uid));
}

static struct str name_for_nameless(struct arena *arena, const struct ics_event *event)
{
    static const struct hash_key key = {0x746f6373696e0002, 0x7569640000000002};
    struct civil start = event->start.wall;
    struct str facts =
        arena_printf(arena, "%d-%d-%dT%d:%d:%d %.*s", start.year, start.month, start.day,
                     start.hour, start.minute, start.second, STR_FMT(event->summary));
    return arena_printf(arena, "no-uid-%016llx", (unsigned long long)hash_bytes(key, facts));
}

static void read_time(struct event_reader *reader, icalproperty *property, const char *name,
                      bool *has, struct ics_time *out)
{
    struct ics_time time;
    if (*has) {
        return; /* The first one counts. */
    }
    if (!ics_value_time(reader->arena, property, &time)) {
        warning_add(reader->warnings, reader->event->uid, "%s is not a date or time", name);
        return;
    }
    *has = true;
    *out = time;
}

static void read_stamp(struct event_reader *reader, icalproperty *property)
{
    struct ics_time stamp;
    if (ics_value_time(reader->arena, property, &stamp)) {
        struct zone utc = zone_utc();
        struct instant at = zone_to_instant(&utc, stamp.wall, NULL);
        reader->event->modified_at = instant_max(reader->event->modified_at, at);
    }
}

static void read_rdate(struct event_reader *reader, icalproperty *property)
{
    struct ics_event *event = reader->event;
    if (ics_value_rdate(reader->arena, property, &event->rdates[event->rdate_count])) {
        event->rdate_count++;
    } else {
        warning_add(reader->warnings, event->uid, "an RDATE is not a date, time or period");
    }
}

static void read_exdate(struct event_reader *reader, icalproperty *property)
{
    struct ics_event *event = reader->event;
    if (ics_value_time(reader->arena, property, &event->exdates[event->exdate_count])) {
        event->exdate_count++;
    } else {
        warning_add(reader->warnings, event->uid, "an EXDATE is not a date or time");
    }
}

static void read_attendee(struct event_reader *reader, icalproperty *property)
{
    struct ics_event *event = reader->event;
    struct str address = str_trim(ics_value_text(reader->arena, property));
    icalparameter *email = icalproperty_get_first_parameter(property, ICAL_EMAIL_PARAMETER);
    if (str_starts_nocase(address, STR("mailto:"))) {
        address = str_trim(str_slice(address, 7, address.len));
    } else if (email != NULL) {
        address = arena_str(reader->arena, str_trim(str_from(icalparameter_get_email(email))));
    }
    icalparameter *state = icalproperty_get_first_parameter(property, ICAL_PARTSTAT_PARAMETER);
    event->attendees[event->attendee_count++] = (struct ics_attendee){
        .address = address,
        .is_declined = state != NULL && icalparameter_get_partstat(state) == ICAL_PARTSTAT_DECLINED,
    };
}

static void read_rule(struct str rule, struct str *rules, size_t *count)
{
    if (*count < ICS_RULES_MAX && rule.len > 0) {
        rules[(*count)++] = rule;
    }
}

static void read_vendor(struct event_reader *reader, icalproperty *property)
{
    struct ics_event *event = reader->event;
    struct str name = str_from(icalproperty_get_x_name(property));
    struct str value = str_trim(ics_value_text(reader->arena, property));
    if (str_equal_nocase(name, STR("X-TOCSIN-RRULE"))) {
        read_rule(value, event->rules, &event->rule_count);
    } else if (str_equal_nocase(name, STR("X-TOCSIN-EXRULE"))) {
        read_rule(value, event->exclusion_rules, &event->exclusion_rule_count);
    } else if (str_equal_nocase(name, STR("X-GOOGLE-CONFERENCE"))) {
        event->links.google = value;
    } else if (str_equal_nocase(name, STR("X-MICROSOFT-SKYPETEAMSMEETINGURL"))) {
        event->links.teams = value;
    } else if (str_equal_nocase(name, STR("X-MICROSOFT-ONLINEMEETINGCONFLINK"))) {
        event->links.online_meeting = value;
    } else if (str_equal_nocase(name, STR("X-ALT-DESC"))) {
        event->links.html_description = value;
    } else if (str_equal_nocase(name, STR("X-MICROSOFT-CDO-BUSYSTATUS"))) {
        event->is_transparent |= str_equal_nocase(value, STR("FREE"));
    }
}

static void read_conference(struct event_reader *reader, icalproperty *property)
{
    struct join_sources *links = &reader->event->links;
    if (links->conference_count < JOIN_CONFERENCES_MAX) {
        links->conferences[links->conference_count++] = ics_value_text(reader->arena, property);
    }
}

static void read_recurrence_id(struct event_reader *reader, icalproperty *property)
{
    struct ics_event *event = reader->event;
    icalparameter *range = icalproperty_get_first_parameter(property, ICAL_RANGE_PARAMETER);
    read_time(reader, property, "RECURRENCE-ID", &event->has_recurrence_id, &event->recurrence_id);
    event->is_this_and_future =
        range != NULL && icalparameter_get_range(range) == ICAL_RANGE_THISANDFUTURE;
}

/* The properties that say when. False for any other. */
static bool read_when(struct event_reader *reader, icalproperty *property)
{
    struct ics_event *event = reader->event;
    icalproperty_kind kind = icalproperty_isa(property);
    if (kind == ICAL_DTSTART_PROPERTY) {
        read_time(reader, property, "DTSTART", &event->has_start, &event->start);
    } else if (kind == ICAL_DTEND_PROPERTY) {
        read_time(reader, property, "DTEND", &event->has_end, &event->end);
    } else if (kind == ICAL_DURATION_PROPERTY) {
        event->has_duration = ics_value_duration(property, &event->duration);
        if (!event->has_duration) {
            warning_add(reader->warnings, event->uid, "DURATION is negative or beyond reason");
        }
    } else if (kind == ICAL_RECURRENCEID_PROPERTY) {
        read_recurrence_id(reader, property);
    } else if (kind == ICAL_RDATE_PROPERTY) {
        read_rdate(reader, property);
    } else if (kind == ICAL_EXDATE_PROPERTY) {
        read_exdate(reader, property);
    } else if (kind == ICAL_DTSTAMP_PROPERTY || kind == ICAL_LASTMODIFIED_PROPERTY) {
        read_stamp(reader, property);
    } else {
        return false;
    }
    return true;
}

/* The properties that say what. */
static void read_what(struct event_reader *reader, icalproperty *property)
{
    struct ics_event *event = reader->event;
    icalproperty_kind kind = icalproperty_isa(property);
    if (kind == ICAL_X_PROPERTY) {
        read_vendor(reader, property);
    } else if (kind == ICAL_ATTENDEE_PROPERTY) {
        read_attendee(reader, property);
    } else if (kind == ICAL_CONFERENCE_PROPERTY) {
        read_conference(reader, property);
    } else if (kind == ICAL_SUMMARY_PROPERTY) {
        event->summary = ics_value_text(reader->arena, property);
    } else if (kind == ICAL_DESCRIPTION_PROPERTY) {
        event->links.description = ics_value_text(reader->arena, property);
    } else if (kind == ICAL_LOCATION_PROPERTY) {
        event->links.location = ics_value_text(reader->arena, property);
    } else if (kind == ICAL_URL_PROPERTY) {
        event->links.url = ics_value_text(reader->arena, property);
    } else if (kind == ICAL_SEQUENCE_PROPERTY) {
        event->sequence = icalproperty_get_sequence(property);
    } else if (kind == ICAL_STATUS_PROPERTY) {
        event->is_cancelled = icalproperty_get_status(property) == ICAL_STATUS_CANCELLED;
    } else if (kind == ICAL_TRANSP_PROPERTY) {
        event->is_transparent |= icalproperty_get_transp(property) == ICAL_TRANSP_TRANSPARENT;
    } else if (kind == ICAL_XLICERROR_PROPERTY) {
        warning_add(reader->warnings, event->uid, "%.*s",
                    STR_FMT(ics_value_text(reader->arena, property)));
    }
}

struct ics_event ics_event_read(struct arena *arena, icalcomponent *component,
                                struct warning_list *warnings)
{
    struct ics_event event = {0};
    struct event_reader reader = {.arena = arena, .warnings = warnings, .event = &event};
    icalproperty *uid = icalcomponent_get_first_property(component, ICAL_UID_PROPERTY);
    event.uid = uid == NULL ? STR_NONE : uid_from(arena, ics_value_text(arena, uid));
    int rdates = icalcomponent_count_properties(component, ICAL_RDATE_PROPERTY);
    int exdates = icalcomponent_count_properties(component, ICAL_EXDATE_PROPERTY);
    int attendees = icalcomponent_count_properties(component, ICAL_ATTENDEE_PROPERTY);
    event.rdates = ARENA_NEW_ARRAY(arena, struct ics_rdate, (size_t)rdates);
    event.exdates = ARENA_NEW_ARRAY(arena, struct ics_time, (size_t)exdates);
    event.attendees = ARENA_NEW_ARRAY(arena, struct ics_attendee, (size_t)attendees);
    icalproperty *property = icalcomponent_get_first_property(component, ICAL_ANY_PROPERTY);
    for (; property != NULL;
         property = icalcomponent_get_next_property(component, ICAL_ANY_PROPERTY)) {
        if (!read_when(&reader, property)) {
            read_what(&reader, property);
        }
    }
    if (event.uid.len == 0) {
        event.uid = name_for_nameless(arena, &event);
    }
    assert(event.uid.len > 0);
    return event;
}
