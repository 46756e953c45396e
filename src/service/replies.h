/* service/replies: texts that people write to us (requirement V4).
 *
 * Each text is a row under what its provider calls it, so that it counts once, however often it is
 * told. The carrier's words (STOP, START, HELP) are recorded and never answered. Numbers that
 * nobody here has are recorded and get no answer, our own are ignored. After five texts in a row
 * that were of no use a number is not answered any more until one is, or for 24 hours: two machines
 * must not talk for ever. */
#ifndef TOCSIN_SERVICE_REPLIES_H
#define TOCSIN_SERVICE_REPLIES_H

#include "service/op.h"

/* *out is what the provider's answer writes back; STR_NONE for nothing, or where it goes out as a
 * message of its own because an answer can't carry it. */
NODISCARD enum err take_text(struct op *op, const struct provider *provider,
                             const struct provider_news *news, enum message_source source,
                             struct str *out);

#endif
