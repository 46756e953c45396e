/* net/uri: percent-decoding, query parameters, and which addresses a user-given URL may reach
 * (requirement X4).
 *
 * Pure text and address arithmetic; no socket is touched. Ownership: decoded text lives in the
 * arena. */
#ifndef TOCSIN_NET_URI_H
#define TOCSIN_NET_URI_H

#include "base/arena.h"

struct sockaddr;

/* "%20" and, where `plus_is_space`, "+". E_INVALID for a broken escape, a NUL, or what is not UTF-8
 * afterwards. */
NODISCARD enum err uri_decode(struct arena *arena, struct str text, bool plus_is_space,
                              struct str *out);
void uri_encode(struct arena *arena, struct str text, struct str *out);
/* The value of `name` in "a=1&b=2", decoded. STR_NONE where it is absent. The first one counts. */
NODISCARD enum err uri_query_get(struct arena *arena, struct str query, const char *name,
                                 struct str *out);
/* Walks the parameters: false at the end. `name` and `value` are raw. */
bool uri_query_next(struct str *rest, struct str *name, struct str *value);

/* The network of 64 bits of an address of IPv6, in the arena; any other text is given back. */
struct str address_network(struct arena *arena, struct str address);
/* True for an address that the open internet can have: not loopback, private, link-local (with the
 * metadata services), unique-local, shared (100.64/10), multicast, unspecified, documentation, or
 * any of those mapped into IPv6 (::ffff:0:0/96, 64:ff9b::/96). */
bool address_is_public(const struct sockaddr *address);
/* True for 127/8 and ::1, also mapped: the one peer that may be given a password without TLS. */
bool address_is_loopback(const struct sockaddr *address);

#endif
