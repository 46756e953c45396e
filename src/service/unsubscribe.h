/* service/unsubscribe: one click ends our mail to an address (RFC 8058, requirement P4).
 *
 * The link names the person, whose address it is (theirs or their emergency contact's) and 24 bits
 * of a keyed hash of the address, so that it ends when the address changes; otherwise it never
 * ends. GET shows a page with a button, since scanners follow links; POST, by that button or by a
 * mail program, suppresses the address for EMAIL (service/suppressions): the person's other
 * channels go on. Mail to the operator has no such link. */
#ifndef TOCSIN_SERVICE_UNSUBSCRIBE_H
#define TOCSIN_SERVICE_UNSUBSCRIBE_H

#include "service/op.h"

/* For send_job.unsubscribe_url. STR_NONE for what is no email to a person or contact, and where no
 * public URL is known. */
struct str unsubscribe_url(const struct op *op, const struct message *message, struct arena *arena);

NODISCARD enum err show_unsubscribe(struct op *op, const void *input, void *output);
NODISCARD enum err unsubscribe(struct op *op, const void *input, void *output);

#endif
