/* service/personal: what is kept about one person, shown to them or erased (requirement P5).
 *
 * The export is for the person and for an admin. Erasing is an admin's: the person is removed as
 * DELETE does it, so that everything that was promised ends with its reason; then their names,
 * numbers, addresses, texts, calendars, keys and account are gone for good. What happened and when
 * stays, without them: rows keep the person's id, which nobody can turn into a name any more; the
 * audit trail loses what was changed and keeps that, when and by whom, and its chain still holds;
 * an address that had opted out stays out, by its keyed hash. */
#ifndef TOCSIN_SERVICE_PERSONAL_H
#define TOCSIN_SERVICE_PERSONAL_H

#include "service/op.h"

enum { EXPORT_ROWS_MAX = 100000 }; /* Of each kind. */

NODISCARD enum err export_person(struct op *op, const void *input, void *output);
NODISCARD enum err erase_person(struct op *op, const void *input, void *output);

#endif
