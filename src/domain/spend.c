#include "domain/spend.h"

#include <assert.h>
#include <string.h>

enum err number_prefix_parse(struct str text, struct number_prefix *out)
{
    if (text.len < 2 || text.len > PREFIX_DIGITS_MAX + 1 || text.ptr[0] != '+') {
        return E_INVALID;
    }
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return E_INVALID;
        }
    }
    memcpy(out->text, text.ptr, text.len);
    out->text[text.len] = '\0';
    return OK;
}

bool number_prefix_fits(const struct number_prefix *prefix, struct str number)
{
    assert(prefix->text[0] == '+');
    return str_starts(number, str_from(prefix->text));
}

bool spend_is_blocked(const struct spend_rules *rules, struct str number)
{
    assert(rules->blocked_count <= BLOCKED_MAX);
    for (size_t i = 0; i < rules->blocked_count; i++) {
        if (number_prefix_fits(&rules->blocked[i], number)) {
            return true;
        }
    }
    return false;
}

const struct prefix_cap *spend_prefix_cap(const struct spend_rules *rules, struct str number)
{
    assert(rules->cap_count <= PREFIX_CAPS_MAX);
    const struct prefix_cap *best = NULL;
    for (size_t i = 0; i < rules->cap_count; i++) {
        const struct prefix_cap *cap = &rules->caps[i];
        bool fits = number_prefix_fits(&cap->prefix, number);
        if (fits && (best == NULL || strlen(cap->prefix.text) > strlen(best->prefix.text))) {
            best = cap;
        }
    }
    return best;
}

bool spend_has_caps(const struct spend_rules *rules)
{
    return rules->max_per_day > 0 || rules->max_per_person_per_day > 0 ||
           rules->max_per_incident > 0 || rules->cap_count > 0;
}

static bool is_used_up(int64_t limit, int64_t count)
{
    return limit > 0 && count >= limit;
}

const char *spend_decide(const struct spend_rules *rules, const struct prefix_cap *cap,
                         const struct spend_counts *counts)
{
    assert(counts->day >= 0 && counts->person >= 0 && counts->incident >= 0);
    if (counts->is_first) {
        return NULL;
    }
    if (is_used_up(rules->max_per_incident, counts->incident)) {
        return "spend_cap:incident";
    }
    if (is_used_up(rules->max_per_person_per_day, counts->person)) {
        return "spend_cap:person";
    }
    if (cap != NULL && counts->prefix >= cap->max_per_day) {
        return "spend_cap:prefix";
    }
    return is_used_up(rules->max_per_day, counts->day) ? "spend_cap:day" : NULL;
}
