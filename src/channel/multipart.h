/* channel/multipart: the fields of multipart/form-data, as Exotel writes its callbacks.
 *
 * Pure. Strict where it matters: one boundary of 1 to 70 characters, lines that end with CRLF, a
 * name in each part, and the closing delimiter; other headers of a part are not looked at, and a
 * file is a field like any other. Nothing is decoded, values are borrowed from the body.
 * Limits: FORM_PAIRS_MAX parts, MULTIPART_HEAD_BYTES_MAX for the headers of one. The time is linear
 * in the body. Errors: E_INVALID, E_TOO_LARGE. Source: RFC 7578, RFC 2046 5.1. */
#ifndef TOCSIN_CHANNEL_MULTIPART_H
#define TOCSIN_CHANNEL_MULTIPART_H

#include "channel/form.h"

enum { MULTIPART_HEAD_BYTES_MAX = 4096 };

/* Whether a Content-Type says that a body is one. */
bool multipart_is_type(struct str content_type);
NODISCARD enum err multipart_parse(struct arena *arena, struct str content_type, struct str body,
                                   struct form *out);

#endif
