#include "net/uri.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct prefix4 {
    uint32_t network;
    unsigned bits;
};

struct prefix6 {
    unsigned char network[16];
    unsigned bits;
};

/* What the open internet can't have, after the IANA special-purpose registries (RFC 6890 and
 * later). */
static const struct prefix4 private4[] = {
    {0x00000000u, 8},  /* "This network", 0.0.0.0 among it. */
    {0x0a000000u, 8},  /* Private, RFC 1918. */
    {0x64400000u, 10}, /* Shared with carriers' NAT, RFC 6598. */
    {0x7f000000u, 8},  /* Loopback. */
    {0xa9fe0000u, 16}, /* Link-local, where the clouds' metadata services live. */
    {0xac100000u, 12}, /* Private. */
    {0xc0000000u, 24}, /* IETF protocol assignments. */
    {0xc0000200u, 24}, /* Documentation. */
    {0xc0586300u, 24}, /* 6to4 relays, withdrawn. */
    {0xc0a80000u, 16}, /* Private. */
    {0xc6120000u, 15}, /* Benchmarks. */
    {0xc6336400u, 24}, /* Documentation. */
    {0xcb007100u, 24}, /* Documentation. */
    {0xe0000000u, 4},  /* Multicast. */
    {0xf0000000u, 4},  /* Reserved, and the broadcast address. */
};

/* Holes inside 2000::/3; everything outside it is refused as a whole. */
static const struct prefix6 private6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* IETF protocol assignments, Teredo among them. */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* Documentation. */
    {{0x3f, 0xff, 0x00}, 20},       /* Documentation, RFC 9637. */
};

static const struct prefix6 global_unicast = {{0x20}, 3};
static const struct prefix6 mapped4 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
static const struct prefix6 nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
static const struct prefix6 six_to_four = {{0x20, 0x02}, 16};
static const struct prefix6 loopback6 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128};

static bool in_prefix4(uint32_t address, struct prefix4 prefix)
{
    return (address ^ prefix.network) >> (32 - prefix.bits) == 0;
}

static bool in_prefix6(const unsigned char address[16], const struct prefix6 *prefix)
{
    unsigned whole = prefix->bits / 8;
    unsigned rest = prefix->bits % 8;
    if (memcmp(address, prefix->network, whole) != 0) {
        return false;
    }
    return rest == 0 || (address[whole] ^ prefix->network[whole]) >> (8 - rest) == 0;
}

static uint32_t read_address4(const unsigned char bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < ARRAY_LENGTH(private4); i++) {
        if (in_prefix4(address, private4[i])) {
            return false;
        }
    }
    return true;
}

static bool is_public6(const unsigned char address[16])
{
    if (in_prefix6(address, &mapped4) || in_prefix6(address, &nat64)) {
        return is_public4(read_address4(address + 12));
    }
    if (in_prefix6(address, &six_to_four)) {
        return is_public4(read_address4(address + 2));
    }
    if (!in_prefix6(address, &global_unicast)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(private6); i++) {
        if (in_prefix6(address, &private6[i])) {
            return false;
        }
    }
    return true;
}

/* Copies instead of casting: a sockaddr handed to us need not be aligned for its family. */
bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}

bool address_is_loopback(const struct sockaddr *address)
{
    static const struct prefix4 loopback4 = {0x7f000000u, 8};
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return in_prefix4(ntohl(in.sin_addr.s_addr), loopback4);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        const unsigned char *bytes = in6.sin6_addr.s6_addr;
        return in_prefix6(bytes, &loopback6) ||
               (in_prefix6(bytes, &mapped4) && in_prefix4(read_address4(bytes + 12), loopback4));
    }
    return false;
}

struct str address_network(struct arena *arena, struct str address)
{
    enum { NETWORK_BYTES = 8 };
    struct in6_addr bytes;
    if (inet_pton(AF_INET6, arena_cstr(arena, address), &bytes) != 1) {
        return address;
    }
    return arena_str(arena, (struct str){(const char *)&bytes, NETWORK_BYTES});
}
