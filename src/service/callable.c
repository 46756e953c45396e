#include "service/callable.h"

#include "model/json.h"
#include "store/callees.h"

#include <assert.h>

enum { HOUR_MINUTES = 60 };

static const struct {
    const char *reason;
    const char *words;
} bars[] = {
    [CALL_MAY] = {NULL, NULL},
    [CALL_OUTSIDE_HOURS] = {"outside_hours", "it is outside the hours of the call"},
    [CALL_NEVER_OPEN] = {"never_open", "its hours and the legal hours have no time in common"},
    [CALL_ON_DO_NOT_CALL] = {"do_not_call", "this number is on the do-not-call list"},
    [CALL_OPTED_OUT] = {"opted_out", "the owner of this number does not want to be called"},
    [CALL_INVALID_NUMBER] = {"invalid_number", "the provider says that there is no such number"},
    [CALL_CONSENT_WITHDRAWN] = {"consent_withdrawn",
                                "the owner of this number has withdrawn their consent"},
    [CALL_BLOCKED_PREFIX] = {"blocked_prefix", "numbers that begin like this one are never called "
                                               "(BLOCKED_PREFIXES)"},
    [CALL_SWITCHED_OFF] = {"channel_disabled", "calls are switched off (FEATURE_CALL=false)"},
    [CALL_CONSENT_MISSING] = {"consent_missing", "no consent was written down for this number, and "
                                                 "CALL_CONSENT_REQUIRED asks for one"},
};

static void set_bar(struct call_permission *out, enum call_bar bar)
{
    out->bar = bar;
    out->reason = bars[bar].reason;
    out->words = bars[bar].words;
}

static enum call_bar bar_of(const struct site *site, const struct callee_state *state)
{
    enum call_bar otherwise = site->features.call ? CALL_MAY : CALL_SWITCHED_OFF;
    if (state->is_on_list) {
        return CALL_ON_DO_NOT_CALL;
    }
    if (state->suppressed != failure_category_NONE) {
        return state->suppressed == failure_category_opted_out ? CALL_OPTED_OUT
                                                               : CALL_INVALID_NUMBER;
    }
    if (state->consent == consent_state_WITHDRAWN) {
        return CALL_CONSENT_WITHDRAWN;
    }
    return site->needs_consent && state->consent != consent_state_GIVEN ? CALL_CONSENT_MISSING
                                                                        : otherwise;
}

bool callable_is_blocked(const struct op *op, const struct scheduled_call *call)
{
    return spend_is_blocked(&op->site->delivery.spend, call->phone);
}

enum err callable_ask_number(struct op *op, const struct scheduled_call *call,
                             struct call_permission *out)
{
    struct callee_state state = {.is_on_list = false};
    assert(str_is_set(call->phone));
    if (callable_is_blocked(op, call)) {
        set_bar(out, CALL_BLOCKED_PREFIX);
        return OK;
    }
    struct lookup number = phone_lookup(op->db, op->arena, call->phone, call->phone_hash);
    TRY(callees_state(op->db, &number, &state));
    set_bar(out, bar_of(op->site, &state));
    return OK;
}

/* All zones of the number's country, or the call's own where that is what the caller named or all
 * that is known. */
static struct legal_guard guard_in(struct op *op, const struct scheduled_call *call,
                                   const char *country)
{
    struct legal_guard guard = {.window = NULL};
    if (!call->has_timezone) {
        guard.zone_count = zoneinfo_of_country(op->site->zones, str_from(country), &guard.zones);
    }
    if (guard.zone_count == 0) {
        const struct zone **zone = arena_alloc_array(op->arena, 1, sizeof *zone);
        zone[0] = zoneinfo_find(op->site->zones, call->timezone);
        guard.zones = zone;
        guard.zone_count = zone[0] == NULL ? 0 : 1;
    }
    return guard;
}

static struct str window_text(struct op *op, const struct business_window *window)
{
    return arena_printf(op->arena, "%02d:%02d-%02d:%02d", window->open / HOUR_MINUTES,
                        window->open % HOUR_MINUTES, window->close / HOUR_MINUTES,
                        window->close % HOUR_MINUTES);
}

void callable_add_legal(struct op *op, const struct scheduled_call *call, struct call_guards *out)
{
    char country[COUNTRY_BYTES] = "";
    const struct legal_hours *hours = &op->site->legal_hours;
    out->hours.legal = NULL;
    if (!hours->has_general && hours->country_count == 0) {
        return;
    }
    bool has_country = calling_country(call->phone, country);
    const struct business_window *window = legal_hours_of(hours, has_country ? country : "");
    if (window == NULL) {
        return;
    }
    out->legal = guard_in(op, call, country);
    out->legal.window = window;
    out->hours.legal = &out->legal;
}

enum err callable_guards(struct op *op, const struct scheduled_call *call, struct call_guards *out)
{
    TRY(call_guards_read(op, call->hours, out));
    callable_add_legal(op, call, out);
    return OK;
}

enum err callable_ask(struct op *op, const struct scheduled_call *call, struct instant at,
                      struct call_permission *out)
{
    struct call_guards guards = {0};
    *out = (struct call_permission){.bar = CALL_MAY, .opening = {.at = at}};
    TRY(callable_ask_number(op, call, out));
    if (out->bar != CALL_MAY) {
        return OK;
    }
    TRY(callable_guards(op, call, &guards));
    if (call_hours_next(&guards.hours, at, &out->opening) != OK) {
        set_bar(out, CALL_NEVER_OPEN);
    } else if (out->opening.at.us != at.us) {
        set_bar(out, CALL_OUTSIDE_HOURS);
    }
    return OK;
}

struct str callable_legal_text(struct op *op, const struct scheduled_call *call,
                               const struct call_guards *guards)
{
    char country[COUNTRY_BYTES] = "";
    const struct legal_guard *guard = guards->hours.legal;
    if (guard == NULL) {
        return STR_NONE;
    }
    struct str hours = window_text(op, guard->window);
    if (call->has_timezone || !calling_country(call->phone, country)) {
        return arena_printf(op->arena, "%.*s in %.*s", STR_FMT(hours), STR_FMT(call->timezone));
    }
    return arena_printf(
        op->arena, guard->zone_count == 1 ? "%.*s in the zone of %s" : "%.*s in all zones of %s",
        STR_FMT(hours), country);
}

/* "09:00-17:00 and 20:00-22:00 in Europe/Madrid" */
static struct str business_text(struct op *op, const struct scheduled_call *call,
                                const struct call_guards *guards)
{
    struct json_context context = {.arena = op->arena, .id_key = op->site->id_key};
    struct hours_input hours = {0};
    struct buf text = {.arena = op->arena};
    for (size_t i = 0; i < guards->business.window_count; i++) {
        buf_add_text(&text, i == 0 ? "" : " and ");
        buf_add(&text, window_text(op, &guards->business.windows[i]));
    }
    if (record_from_json(&context, &hours_input_record, call->hours, &hours, NULL) == OK) {
        buf_printf(&text, " in %.*s", STR_FMT(hours.timezone));
    }
    return buf_str(&text);
}

enum err callable_refuse_hours(struct op *op, const struct scheduled_call *call,
                               const struct call_guards *guards, bool has_own_hours)
{
    const char *field = has_own_hours ? "businessHours" : "timezone";
    const char *remedy = call->has_timezone ? "" : "; name timezone, where the callee is";
    if (guards->hours.legal == NULL) {
        return op_fail(op, E_INVALID, "businessHours",
                       "must be open at some time in the year after scheduledFor");
    }
    struct str legal = callable_legal_text(op, call, guards);
    if (guards->hours.business == NULL) {
        return op_fail(op, E_INVALID, "timezone", "legal hours %.*s have no minute in common%s",
                       STR_FMT(legal), remedy);
    }
    struct str business = business_text(op, call, guards);
    return op_fail(op, E_INVALID, field,
                   "business hours %.*s and legal hours %.*s have no minute in common%s",
                   STR_FMT(business), STR_FMT(legal), remedy);
}
