/* sim/carrier_twilio: what the two halves of the fake Twilio share. Internal to it. */
#ifndef TOCSIN_SIM_CARRIER_TWILIO_H
#define TOCSIN_SIM_CARRIER_TWILIO_H

#include "sim/carrier_internal.h"

const char *twilio_word(const struct item *item);
/* With "whatsapp:" where it is one. */
struct str twilio_address(struct arena *arena, const struct item *item, struct str number);

struct str twilio_tell_state(const struct carrier *carrier, const struct item *item,
                             struct fields *out);
void twilio_tell_page(const struct carrier *carrier, const struct item *item, struct str keys,
                      struct fields *out);
void twilio_tell_machine(const struct carrier *carrier, const struct item *item,
                         struct fields *out);
void twilio_tell_text(const struct carrier *carrier, const struct item *text, struct fields *out);
void twilio_sign(struct carrier *carrier, struct hook *hook, const struct fields *fields,
                 struct str token);

#endif
