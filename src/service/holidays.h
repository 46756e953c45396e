/* service/holidays: calendars of days on which nothing opens, by a name that businessHours.holidays
 * may give: dates that somebody wrote down, or an iCalendar feed.
 *
 * A feed is read like a person's calendar (service/sync: conditional requests, the same rules for
 * addresses), every six hours; its whole-day events are the days, from two days ago to two years
 * ahead. One that fails keeps its last good days, backs off and is shown as FAILING. A call keeps
 * the name, not the days: it is looked at again when the call is due, so that a day that was added
 * meanwhile counts. A calendar that was removed keeps its days for the calls that name it.
 * Errors: E_INVALID, with the member named, for what a request says; E_CORRUPT for rows. */
#ifndef TOCSIN_SERVICE_HOLIDAYS_H
#define TOCSIN_SERVICE_HOLIDAYS_H

#include "domain/business_hours.h"
#include "service/work.h"

struct sync_job;
struct timer;

/* Fills in the holidays of hours from a list of days and names; what is over by two days is left
 * out. `is_new`: from a request, which may name only what is there. */
NODISCARD enum err holidays_collect(struct op *op, const struct list *items, bool is_new,
                                    struct business_hours *out);

/* What is to be said of a request's holidays: the first feed among them that was never read, so
 * that it has no days yet; absent for nothing. `hours` may be NULL. */
NODISCARD enum err holidays_warn(struct op *op, const struct hours_input *hours, struct str *out);

/* Of service/sync: a feed is due; what its reading needs; what it brought. */
NODISCARD enum err holidays_due(struct op *op, struct timer *timer);
NODISCARD enum err holidays_prepare(struct op *op, const struct effect *effect,
                                    struct sync_job *job);
NODISCARD enum err holidays_apply(struct work *work, struct op *op);

/* The days of a row as its list, and back: sorted, each once. E_CORRUPT for text that is none. */
NODISCARD enum err holidays_read_days(struct op *op, struct holiday_calendar *calendar);
struct holiday_days {
    int64_t *days; /* Since 1970-01-01. */
    size_t count;
};
struct str holidays_days_text(struct arena *arena, struct holiday_days *days);

/* What the API asks for; see api/routes.def. */
NODISCARD enum err create_holidays(struct op *op, const void *input, void *output);
NODISCARD enum err list_holidays(struct op *op, const void *input, void *output);
NODISCARD enum err get_holidays(struct op *op, const void *input, void *output);
NODISCARD enum err change_holidays(struct op *op, const void *input, void *output);
NODISCARD enum err remove_holidays(struct op *op, const void *input, void *output);

#endif
