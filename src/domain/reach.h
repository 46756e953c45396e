/* domain/reach: by which channel a step reaches a person, or why it does not (P2, P3, A4, K2, K3).
 *
 * Pure. A channel that is switched off skips its step. A call that the person's phone, wish or
 * quiet hours rule out becomes
 * a message, and a message without a number an email, each with its reason: never silence. A call
 * over the cap or outside its window is not placed and not replaced: an earlier stage has written
 * already. A suppressed address counts as none, with the reason "suppressed:invalid_number" or
 * "suppressed:opted_out" (P4). */
#ifndef TOCSIN_DOMAIN_REACH_H
#define TOCSIN_DOMAIN_REACH_H

#include "domain/plan.h"

/* What a person (or an emergency contact) can be reached by. */
struct reach {
    bool has_email;
    bool has_phone;
    bool has_whatsapp; /* A WhatsApp number of its own; the phone serves too where it is preferred.
                        */
    bool prefers_whatsapp;
    bool takes_calls; /* callOptIn */
    bool is_quiet;    /* Inside the person's quiet hours now. */
    /* By channel, why the address there is not used any more (P4); 0 for one that may be. */
    enum failure_category suppressed[channel_COUNT];
    unsigned tried; /* Bits 1u << channel of what has failed for this step already. */
};

struct reach_limits {
    bool email_on; /* FEATURE_EMAIL and so on */
    bool sms_on;
    bool whatsapp_on;
    bool call_on;
    int calls_left;      /* K2 */
    bool in_call_window; /* K3; true for calls that have no window. */
};

enum reach_outcome { REACH_SEND, REACH_SKIP, REACH_RATE_LIMITED };

struct reach_choice {
    enum reach_outcome outcome;
    enum channel channel; /* SEND: by what. Otherwise what was wanted. */
    const char *reason; /* NULL where the wanted channel is used; a constant word otherwise, such as
                           "no_phone". */
};

/* "suppressed:opted_out" and so on; NULL for an address that may be used. */
const char *reach_suppressed_reason(enum failure_category category);

struct reach_choice reach_choose(enum wanted wanted, const struct reach *reach,
                                 const struct reach_limits *limits);
/* Where a step goes on after `failed` did not get through, for `reason`: to a text, then to an
 * email, never up to a call, which interrupts. SKIP where nothing is left. */
struct reach_choice reach_onward(enum channel failed, const char *reason, const struct reach *reach,
                                 const struct reach_limits *limits);

#endif
