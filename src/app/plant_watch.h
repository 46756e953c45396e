/* app/plant_watch: the settings of ping and canary (service/watch), and of where people sign in
 * elsewhere (service/oidc), checked. Texts are borrowed from the configuration. Errors name the
 * setting. */
#ifndef TOCSIN_APP_PLANT_WATCH_H
#define TOCSIN_APP_PLANT_WATCH_H

#include "app/wire.h"

NODISCARD enum err plant_watch(struct plant *plant, struct problem *problem);

#endif
