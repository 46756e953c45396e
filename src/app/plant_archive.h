/* app/plant_archive: how long what is over is kept, and the folder that it goes to.
 *
 * A part of plant_check and plant_open. Errors name the setting. */
#ifndef TOCSIN_APP_PLANT_ARCHIVE_H
#define TOCSIN_APP_PLANT_ARCHIVE_H

#include "app/wire.h"

/* Takes RETENTION_…_DAYS and looks at TOCSIN_ARCHIVE_DIR. */
NODISCARD enum err plant_retention(struct plant *plant, struct problem *problem);
/* Once it is known where the store is: sets archive_dir and the site's port. */
void plant_archive(struct plant *plant);
/* Says that nothing goes where there is no folder. */
void plant_archive_log(const struct plant *plant);

#endif
