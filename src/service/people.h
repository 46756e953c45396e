/* service/people: people and their calendars (requirements P1, M1). */
#ifndef TOCSIN_SERVICE_PEOPLE_H
#define TOCSIN_SERVICE_PEOPLE_H

#include "service/op.h"

NODISCARD enum err create_user(struct op *op, const void *input, void *output);
NODISCARD enum err list_users(struct op *op, const void *input, void *output);
NODISCARD enum err get_user(struct op *op, const void *input, void *output);
NODISCARD enum err change_user(struct op *op, const void *input, void *output);
NODISCARD enum err delete_user(struct op *op, const void *input, void *output);

NODISCARD enum err create_calendar(struct op *op, const void *input, void *output);
NODISCARD enum err list_calendars(struct op *op, const void *input, void *output);
NODISCARD enum err delete_calendar(struct op *op, const void *input, void *output);

NODISCARD enum err list_audit(struct op *op, const void *input, void *output);
NODISCARD enum err verify_audit(struct op *op, const void *input, void *output);

/* The zone is known to this machine's tzdata; E_TIMEZONE names `field`. */
NODISCARD enum err check_timezone(struct op *op, const char *field, struct str name);

#endif
