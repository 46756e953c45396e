/* channel/mailbox: who a mail is from or for: "Tocsin <alerts@example.com>" taken apart and
 * checked.
 *
 * Pure; results borrow from the text given. Addresses are plain ones: ASCII, a dot-atom before the
 * '@' (at most 64 bytes), a host name behind it, 254 bytes at most; no quoted local parts, no
 * literals, no SMTPUTF8. What is not plain is refused, never repaired, since libcurl puts an
 * address on the wire as it is (protocols.md 4).
 * Source: RFC 5321 4.1.2 and 4.5.3.1, RFC 5322 3.4. */
#ifndef TOCSIN_CHANNEL_MAILBOX_H
#define TOCSIN_CHANNEL_MAILBOX_H

#include "base/str.h"

enum { ADDRESS_BYTES_MAX = 254, ADDRESS_LOCAL_BYTES_MAX = 64, DISPLAY_NAME_BYTES_MAX = 200 };

struct mailbox {
    struct str name; /* Without quotes; STR_NONE where there is none. */
    struct str address;
    struct str domain; /* The part of the address behind the '@'. */
};

bool address_is_valid(struct str address);
/* Well-formed UTF-8 without any control character (C0, DEL, C1, and the line and paragraph
 * separators). */
bool text_is_one_line(struct str text);
/* An atom of ours that may stand in a Message-ID or a local part: 1 to `max` letters, digits, '.',
 * '_' and '-'. */
bool token_is_plain(struct str token, size_t max);
/* "addr", "<addr>", "Name <addr>" or "\"Name\" <addr>" (no escapes inside the quotes). E_INVALID
 * names `field`. */
NODISCARD enum err mailbox_parse(struct str text, const char *field, struct mailbox *out,
                                 struct problem *problem);

#endif
