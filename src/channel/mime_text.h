/* channel/mime_text: text and bytes as they stand in a mail: headers, quoted-printable, base64.
 *
 * Pure. Lines end with CRLF; header lines are folded at 78 bytes, encoded words have at most 75,
 * body lines at most 76. What is given is well-formed UTF-8 without control characters (headers) or
 * NUL (bodies): the caller checked it.
 * Source: RFC 5322 2.1.1 and 2.2.3, RFC 2045 6.7 and 6.8, RFC 2047. */
#ifndef TOCSIN_CHANNEL_MIME_TEXT_H
#define TOCSIN_CHANNEL_MIME_TEXT_H

#include "base/buf.h"
#include "channel/mailbox.h"

/* "Subject: …": as it is where that is plain and can be folded, otherwise in encoded words. */
void mime_add_unstructured(struct buf *out, const char *name, struct str value);
/* "To: Name <address>" with a name that is atoms, a quoted string or encoded words, as it needs to
 * be. `out` is in an arena. */
void mime_add_mailbox(struct buf *out, const char *name, const struct mailbox *mailbox);
/* Text with LF, CRLF or CR line ends; one is added at the end where it is missing. */
void mime_add_quoted_printable(struct buf *out, struct str text);
void mime_add_base64(struct buf *out, struct str bytes);

#endif
