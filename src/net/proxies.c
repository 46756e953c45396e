#include "net/proxies.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { MAPPED_BITS = 96 };

static bool read_address(struct str text, unsigned char out[16], unsigned *whole_bits)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char address[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof address) {
        return false;
    }
    snprintf(address, sizeof address, "%.*s", STR_FMT(text));
    if (inet_pton(AF_INET, address, out + 12) == 1) {
        memcpy(out, mapped, sizeof mapped);
        *whole_bits = 32;
        return true;
    }
    *whole_bits = 128;
    return inet_pton(AF_INET6, address, out) == 1;
}

static bool read_range(struct str text, struct proxy_range *out)
{
    size_t slash = str_find_byte(text, '/', 0);
    unsigned whole = 0;
    if (!read_address(str_slice(text, 0, slash), out->network, &whole)) {
        return false;
    }
    int64_t bits = whole;
    if (slash < text.len && (str_to_int(str_slice(text, slash + 1, text.len), &bits) != OK ||
                             bits < 0 || bits > whole)) {
        return false;
    }
    out->bits = (unsigned)bits + (whole == 32 ? MAPPED_BITS : 0);
    return true;
}

enum err proxies_parse(struct str text, struct proxies *out, struct problem *problem)
{
    struct str word = STR_NONE;
    out->count = 0;
    while (text.len > 0 && str_split(&text, ',', &word)) {
        word = str_trim(word);
        if (out->count == PROXIES_MAX) {
            return problem_set(problem, E_INVALID, NULL, "must name %d addresses at most",
                               PROXIES_MAX);
        }
        if (!read_range(word, &out->ranges[out->count])) {
            return problem_set(problem, E_INVALID, NULL,
                               "must be addresses such as 127.0.0.1 or 10.0.0.0/8, with commas: "
                               "\"%.*s\" is none",
                               STR_FMT(str_cut_utf8(word, 60)));
        }
        out->count++;
    }
    return OK;
}

static bool is_in(const unsigned char address[16], const struct proxy_range *range)
{
    for (unsigned bit = 0; bit < range->bits; bit++) {
        unsigned difference = address[bit / 8] ^ range->network[bit / 8];
        if ((difference >> (7 - bit % 8) & 1) != 0) {
            return false;
        }
    }
    return true;
}

bool proxies_have(const struct proxies *proxies, struct str address)
{
    unsigned char bytes[16];
    unsigned whole = 0;
    if (proxies->count == 0 || !read_address(address, bytes, &whole)) {
        return false;
    }
    for (size_t i = 0; i < proxies->count; i++) {
        if (is_in(bytes, &proxies->ranges[i])) {
            return true;
        }
    }
    return false;
}

/* "192.0.2.7", and as some write it "192.0.2.7:4711" and "[2001:db8::7]:4711". */
static struct str bare_address(struct str entry)
{
    size_t colon = str_find_byte(entry, ':', 0);
    if (str_starts(entry, STR("["))) {
        return str_slice(entry, 1, str_find_byte(entry, ']', 0));
    }
    bool has_port = colon < entry.len && str_find_byte(entry, ':', colon + 1) == entry.len &&
                    str_find_byte(entry, '.', 0) < colon;
    return has_port ? str_slice(entry, 0, colon) : entry;
}

/* Goes from the right through one header; true where the search has ended. */
static bool walk_back(const struct proxies *proxies, struct str list, struct str *client)
{
    unsigned char bytes[16];
    unsigned whole = 0;
    size_t end = list.len;
    while (true) {
        size_t start = end;
        while (start > 0 && list.ptr[start - 1] != ',') {
            start--;
        }
        struct str entry = bare_address(str_trim(str_slice(list, start, end)));
        if (!read_address(entry, bytes, &whole)) {
            return true;
        }
        *client = entry;
        if (!proxies_have(proxies, entry)) {
            return true;
        }
        if (start == 0) {
            return false;
        }
        end = start - 1;
    }
}

struct str proxies_client(const struct proxies *proxies, struct str peer,
                          const struct http_request *request)
{
    struct str client = peer;
    if (!proxies_have(proxies, peer)) {
        return peer;
    }
    for (size_t i = request->extension_count; i > 0; i--) {
        const struct http_header *header = &request->extensions[i - 1];
        if (str_equal_nocase(header->name, STR("X-Forwarded-For")) &&
            walk_back(proxies, header->value, &client)) {
            break;
        }
    }
    return client;
}
