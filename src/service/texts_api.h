/* service/texts_api: what Tocsin says, listed, and rendered for whoever writes texts.
 *
 * A preview is made as the message would be, with facts made up where none are given, and measured:
 * encoding, units and segments of an SMS, seconds of a call. Nothing is stored or sent. */
#ifndef TOCSIN_SERVICE_TEXTS_API_H
#define TOCSIN_SERVICE_TEXTS_API_H

#include "service/op.h"

NODISCARD enum err list_texts(struct op *op, const void *input, void *output);
NODISCARD enum err preview_text(struct op *op, const void *input, void *output);

#endif
