#include "app/call_settings.h"

enum { SHOWN_BYTES = 40 };

static enum err check_minute(const char *name, struct str text, bool is_end,
                             struct problem *problem)
{
    int16_t ignored = 0;
    if (business_minute_parse(text, is_end, &ignored) == OK) {
        return OK;
    }
    return problem_set(problem, E_INVALID, name,
                       "%s must be a time of day from 00:00 to %s, such as %s, not \"%.*s\"", name,
                       is_end ? "24:00" : "23:59", is_end ? "17:30" : "09:00",
                       STR_FMT(str_cut_utf8(text, SHOWN_BYTES)));
}

enum err call_settings_take(const struct config *config, struct site *out, struct problem *problem)
{
    struct problem inner = {0};
    TRY(check_minute("DEFAULT_BUSINESS_HOURS_START", config->business_start, false, problem));
    TRY(check_minute("DEFAULT_BUSINESS_HOURS_END", config->business_end, true, problem));
    if (str_equal(config->business_start, config->business_end)) {
        return problem_set(problem, E_INVALID, "DEFAULT_BUSINESS_HOURS_END",
                           "DEFAULT_BUSINESS_HOURS_END must not be %.*s as "
                           "DEFAULT_BUSINESS_HOURS_START is; 00:00 to 24:00 is all of the day",
                           STR_FMT(config->business_end));
    }
    if (legal_hours_parse(config->legal_hours, config->legal_by_country, &out->legal_hours,
                          &inner) != OK) {
        return problem_set(problem, E_INVALID, inner.field, "%s: %s", inner.field, inner.message);
    }
    out->needs_consent = config->consent_required;
    return OK;
}
