/* app/plant_redis: REDIS_URL, or REDIS_HOST and what goes with it, checked. Errors name the setting
 * and never repeat the URL. With SQLite nothing comes of it, which the caller says. */
#ifndef TOCSIN_APP_PLANT_REDIS_H
#define TOCSIN_APP_PLANT_REDIS_H

#include "app/wire.h"

NODISCARD enum err plant_redis(struct plant *plant, struct problem *problem);

#endif
