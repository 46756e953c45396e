/* model/json_foreign: an object of the caller's own, as text again. For the codecs of this layer
 * only.
 *
 * Members keep their order, texts are escaped as ours are, numbers read back as the same. The depth
 * of what is given was checked (JSON_NESTING_MAX), by which this recurses. Threads: reentrant. */
#ifndef TOCSIN_MODEL_JSON_FOREIGN_H
#define TOCSIN_MODEL_JSON_FOREIGN_H

#include "base/buf.h"

#include <jansson.h>

void json_foreign_add(struct buf *out, json_t *value);

#endif
