/* net/proxies: the proxies in front of us whose word about the client's address counts.
 *
 * "127.0.0.1, 10.0.0.0/8, fd00::/8". A proxy appends to X-Forwarded-For the address that it was
 * connected from; what stands further left anybody may have written. So the client is the last
 * address, from the right, that is no proxy of ours. An entry that is no address ends the search:
 * the client is then the proxy that passed it on. Pure. */
#ifndef TOCSIN_NET_PROXIES_H
#define TOCSIN_NET_PROXIES_H

#include "model/http.h"

enum { PROXIES_MAX = 32 };

struct proxy_range {
    unsigned char network[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;
};

struct proxies {
    struct proxy_range ranges[PROXIES_MAX];
    size_t count;
};

/* E_INVALID says which entry is wrong. Nothing trusts nobody. */
NODISCARD enum err proxies_parse(struct str text, struct proxies *out, struct problem *problem);
bool proxies_have(const struct proxies *proxies, struct str address);
/* The client of a request that came from `peer`; in the memory of one of them. */
struct str proxies_client(const struct proxies *proxies, struct str peer,
                          const struct http_request *request);

#endif
