/* store/zoneinfo: the system's time zones (tzdata, usually under /usr/share/zoneinfo), each read
 * once, when first asked for, and kept.
 *
 * Names are checked before they touch the file system: letters, digits, '_', '+', '-', '/' only, no
 * "..", no leading '/', and tzdata.zi must list the zone, be it as another's alias. So
 * "posixrules", or a file that happens to lie there, is no zone. A new tzdata is seen by a new
 * catalogue only. Threads: find may be called from any; a lock inside guards the table. A zone
 * stays valid until the catalogue is freed. Source: tzdata's own files; their version is
 * zoneinfo_version(). */
#ifndef TOCSIN_STORE_ZONEINFO_H
#define TOCSIN_STORE_ZONEINFO_H

#include "domain/zone.h"

struct zoneinfo;

/* `directory` NULL means /usr/share/zoneinfo. E_NOT_FOUND where there is no tzdata, E_INVALID where
 * its tzdata.zi is not one; `problem`, which may be NULL, says what to install. */
NODISCARD enum err zoneinfo_open(const char *directory, struct zoneinfo **out,
                                 struct problem *problem);
void zoneinfo_free(struct zoneinfo **zones);
/* NULL for an unknown name, and for a zone whose file is missing or unsound. "UTC" is always known.
 */
const struct zone *zoneinfo_find(struct zoneinfo *zones, struct str name);
struct str zoneinfo_version(const struct zoneinfo *zones); /* "2026f" */
/* The zones of a country by its ISO 3166 code ("DE"), as tzdata's zone.tab has them, of those that
 * have gone alike since 2020 only the first: the United States have eight. 0 for a country that it
 * does not know, and where there is no zone.tab. Valid as long as the catalogue. */
size_t zoneinfo_of_country(struct zoneinfo *zones, struct str country,
                           const struct zone *const **out);
/* All names, sorted; for documents and tests. */
size_t zoneinfo_names(const struct zoneinfo *zones, const struct str **out);

#endif
