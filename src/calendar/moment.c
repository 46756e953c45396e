#include "calendar/moment.h"

#include <assert.h>

static struct tzid_zone owner_zone(struct expansion *expansion, const struct ics_event *event)
{
    struct tzid_zone zone = {0};
    if (event->zone_name.len > 0) {
        zone = tzid_resolve(&expansion->resolver, event->zone_name);
    }
    if (zone.zone == NULL && expansion->request->owner_zone_name.len > 0) {
        zone = tzid_resolve(&expansion->resolver, expansion->request->owner_zone_name);
    }
    return zone;
}

static struct moment make_moment(struct civil wall, struct tzid_zone zone, bool is_date)
{
    assert(zone.zone != NULL && civil_is_valid(wall));
    return (struct moment){
        .at = zone_to_instant(zone.zone, wall, NULL),
        .wall = wall,
        .zone = zone.zone,
        .zone_name = zone.name,
        .is_date = is_date,
    };
}

struct moment moment_at_wall(const struct moment *like, struct civil wall)
{
    struct tzid_zone zone = {.zone = like->zone, .name = like->zone_name};
    return make_moment(wall, zone, like->is_date);
}

struct civil civil_midnight(struct civil wall)
{
    return civil_from_date(civil_date(wall), 0, 0, 0);
}

static struct tzid_zone zone_of(struct expansion *expansion, const struct ics_event *event,
                                const struct ics_time *time, const struct moment *like)
{
    if (time->is_utc) {
        return tzid_resolve(&expansion->resolver, STR("UTC"));
    }
    struct tzid_zone zone = {0};
    if (str_is_set(time->tzid)) {
        zone = tzid_resolve(&expansion->resolver, time->tzid);
        if (zone.zone == NULL) {
            warning_add(&expansion->warnings, event->uid, "TZID \"%.*s\" is not known: %s",
                        STR_FMT(time->tzid),
                        like == NULL ? "the event is left out" : "read in the zone of DTSTART");
        }
    } else if (like == NULL) {
        zone = owner_zone(expansion, event);
        if (zone.zone == NULL) {
            warning_add(&expansion->warnings, event->uid,
                        "the time has no zone, and its owner has none: the event is left out");
        }
    }
    if (zone.zone == NULL && like != NULL) {
        zone = (struct tzid_zone){.zone = like->zone, .name = like->zone_name};
    }
    return zone;
}

bool moment_resolve(struct expansion *expansion, const struct ics_event *event,
                    const struct ics_time *time, const struct moment *like, struct moment *out)
{
    struct tzid_zone zone = zone_of(expansion, event, time, like);
    if (zone.zone == NULL) {
        return false;
    }
    if (!str_is_set(zone.name)) {
        zone.name = expansion->request->owner_zone_name;
    }
    *out = make_moment(time->wall, zone, time->is_date);
    return true;
}
