/* app/plant_providers: the providers of each channel, their accounts, paces and limits, from the
 * configuration (K8, V6, V9, V11).
 *
 * Everything that can be known to be wrong is refused here, at start and by check-config: an
 * unknown provider, one that does not carry the channel, a credential that is missing, a number
 * that is none, two settings that contradict each other. Errors: E_INVALID names the variable. */
#ifndef TOCSIN_APP_PLANT_PROVIDERS_H
#define TOCSIN_APP_PLANT_PROVIDERS_H

#include "app/wire.h"

/* Fills site.delivery, site.providers, site.provider_settings and the operator's addresses. */
NODISCARD enum err plant_providers(struct plant *plant, struct problem *problem);
/* The secret of callback URLs, from the data key. */
void plant_hook_key(struct plant *plant);
/* Says what will not work as well as it could (V10): of whom, and what. */
void plant_degraded(const struct plant *plant,
                    void (*say)(void *context, const char *who, const char *what), void *context);
/* The same into the log, a line each. */
void plant_log_degraded(const struct plant *plant);

#endif
