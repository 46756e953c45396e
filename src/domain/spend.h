/* domain/spend: may one more paid message go out? (V11)
 *
 * Pure. Counts are of paid messages: texts, WhatsApp messages, calls. A limit of 0 is none. The
 * first message of an incident always goes, whatever was sent before; a blocked prefix (premium
 * rate, satellite) is never called or written to, since nobody's page is worth a fraud. */
#ifndef TOCSIN_DOMAIN_SPEND_H
#define TOCSIN_DOMAIN_SPEND_H

#include "base/str.h"

enum { PREFIX_DIGITS_MAX = 15, PREFIX_CAPS_MAX = 32, BLOCKED_MAX = 64 };

struct number_prefix {
    char text[PREFIX_DIGITS_MAX + 2]; /* "+1900" */
};

struct prefix_cap {
    struct number_prefix prefix;
    int64_t max_per_day;
};

struct spend_rules {
    int64_t max_per_day;
    int64_t max_per_person_per_day;
    int64_t max_per_incident;
    struct prefix_cap caps[PREFIX_CAPS_MAX];
    size_t cap_count;
    struct number_prefix blocked[BLOCKED_MAX];
    size_t blocked_count;
};

/* So many went already. */
struct spend_counts {
    int64_t day;
    int64_t person;
    int64_t incident;
    int64_t prefix;
    bool is_first; /* None has gone about this incident or meeting yet. */
};

/* "+1900": a plus, then digits. E_INVALID otherwise. */
NODISCARD enum err number_prefix_parse(struct str text, struct number_prefix *out);
bool number_prefix_fits(const struct number_prefix *prefix, struct str number);

bool spend_is_blocked(const struct spend_rules *rules, struct str number);
/* The cap of the longest prefix that fits; NULL for none. */
const struct prefix_cap *spend_prefix_cap(const struct spend_rules *rules, struct str number);
/* Whether anything is to be counted at all. */
bool spend_has_caps(const struct spend_rules *rules);
/* NULL where it may go, else "spend_cap:day", "spend_cap:person", "spend_cap:incident" or
 * "spend_cap:prefix". */
const char *spend_decide(const struct spend_rules *rules, const struct prefix_cap *cap,
                         const struct spend_counts *counts);

#endif
