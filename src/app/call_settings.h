/* app/call_settings: the settings that scheduled calls keep to: default business hours, legal
 * hours, consent. E_INVALID names the setting and says what would be right. */
#ifndef TOCSIN_APP_CALL_SETTINGS_H
#define TOCSIN_APP_CALL_SETTINGS_H

#include "app/config.h"
#include "service/site.h"

/* The texts stay the configuration's. */
NODISCARD enum err call_settings_take(const struct config *config, struct site *out,
                                      struct problem *problem);

#endif
