/* app/plant_accounts: what the providers need to know of us, from the configuration. Part of
 * app/plant_providers. */
#ifndef TOCSIN_APP_PLANT_ACCOUNTS_H
#define TOCSIN_APP_PLANT_ACCOUNTS_H

#include "app/wire.h"

/* Fills site.provider_settings and the operator's addresses; E_INVALID names what is malformed. */
NODISCARD enum err plant_accounts(struct plant *plant, struct problem *problem);
/* Whether the provider has a number or name to send from on that channel. */
bool account_has_sender(const struct site *site, const struct provider *provider,
                        enum channel channel);
/* Whether it has what each of the channels needs that it is used for: E_INVALID names the variable.
 */
NODISCARD enum err account_check_channels(const struct site *site, const struct provider *provider,
                                          unsigned channels, struct problem *problem);

#endif
