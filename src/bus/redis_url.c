#include "bus/redis_url.h"

#define WANTED "redis://USER:PASSWORD@HOST:PORT/DATABASE or unix:///PATH?db=DATABASE"

enum { PORT_MAX = 65535, PATH_BYTES_MAX = 107, HEX_BASE = 16, DECIMAL_BASE = 10 };

static enum err refuse(struct problem *problem, const char *why)
{
    return problem_set(problem, E_INVALID, "REDIS_URL", "it must be " WANTED ": %s", why);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + DECIMAL_BASE : -1;
}

/* The byte that the escape at text.ptr[at] stands for; -1 for none. */
static int escaped(struct str text, size_t at)
{
    if (text.len - at < 3) {
        return -1;
    }
    int high = hex_value(text.ptr[at + 1]);
    int low = hex_value(text.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high * HEX_BASE + low;
}

/* E_INVALID for a broken escape, and for a NUL, which would cut a C string short. */
static enum err decode(struct arena *arena, struct str text, struct str *out)
{
    char *bytes = ARENA_NEW_ARRAY(arena, char, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_escape = text.ptr[i] == '%';
        int byte = is_escape ? escaped(text, i) : (unsigned char)text.ptr[i];
        if (byte <= 0) {
            return E_INVALID;
        }
        bytes[len++] = (char)byte;
        i += is_escape ? 2 : 0;
    }
    *out = (struct str){bytes, len};
    return OK;
}

/* "USER:PASSWORD@" at the begin of what stands before the path, cut off where it is there. */
static enum err take_login(struct arena *arena, struct str *rest, struct redis_address *out,
                           struct problem *problem)
{
    size_t at = rest->len;
    while (at > 0 && rest->ptr[at - 1] != '@') {
        at--;
    }
    if (at == 0) {
        return OK;
    }
    struct str login = str_slice(*rest, 0, at - 1);
    *rest = str_slice(*rest, at, rest->len);
    size_t colon = str_find_byte(login, ':', 0);
    if (colon == login.len) {
        return refuse(problem, "before the @ stand a user, a colon and a password");
    }
    struct str user = str_slice(login, 0, colon);
    struct str password = str_slice(login, colon + 1, login.len);
    if (password.len == 0 || decode(arena, user, &out->user) != OK ||
        decode(arena, password, &out->password) != OK) {
        return refuse(problem, "user and password are percent-encoded, and the password is not "
                               "empty");
    }
    if (user.len == 0) {
        out->user = STR_NONE;
    }
    return OK;
}

static enum err take_database(struct str text, struct redis_address *out, struct problem *problem)
{
    int64_t number = 0;
    if (str_to_int(text, &number) != OK || number < 0 || number > REDIS_DATABASE_MAX) {
        return refuse(problem, "a database is a number from 0 on");
    }
    out->database = (int)number;
    return OK;
}

static enum err take_host(struct arena *arena, struct str text, struct redis_address *out,
                          struct problem *problem)
{
    bool is_ipv6 = text.len > 0 && text.ptr[0] == '[';
    size_t end = is_ipv6 ? str_find_byte(text, ']', 0) : str_find_byte(text, ':', 0);
    struct str host = is_ipv6 ? str_slice(text, 1, end) : str_slice(text, 0, end);
    struct str port = str_slice(text, end + (is_ipv6 ? 1 : 0), text.len);
    int64_t number = REDIS_PORT_DEFAULT;
    if (host.len == 0 || (is_ipv6 && end == text.len) || decode(arena, host, &out->host) != OK) {
        return refuse(problem, "a host is missing");
    }
    if (port.len > 0 &&
        (port.ptr[0] != ':' || str_to_int(str_slice(port, 1, port.len), &number) != OK ||
         number < 1 || number > PORT_MAX)) {
        return refuse(problem, "a port is a number from 1 to 65535");
    }
    out->port = (int)number;
    return OK;
}

static enum err parse_tcp(struct arena *arena, struct str rest, struct redis_address *out,
                          struct problem *problem)
{
    size_t slash = str_find_byte(rest, '/', 0);
    struct str path = str_slice(rest, slash + 1, rest.len);
    struct str authority = str_slice(rest, 0, slash);
    if (str_contains(path, STR("?")) || str_contains(authority, STR("?"))) {
        return refuse(problem, "it has no parameters after a question mark");
    }
    TRY(take_login(arena, &authority, out, problem));
    TRY(take_host(arena, authority, out, problem));
    return path.len == 0 ? OK : take_database(path, out, problem);
}

static enum err parse_unix(struct arena *arena, struct str rest, struct redis_address *out,
                           struct problem *problem)
{
    size_t slash = str_find_byte(rest, '/', 0);
    struct str authority = str_slice(rest, 0, slash);
    struct str path = str_slice(rest, slash, rest.len);
    size_t mark = str_find_byte(path, '?', 0);
    struct str query = str_slice(path, mark + 1, path.len);
    path = str_slice(path, 0, mark);
    TRY(take_login(arena, &authority, out, problem));
    if (authority.len > 0 || path.len < 2 || decode(arena, path, &out->path) != OK ||
        out->path.len > PATH_BYTES_MAX) {
        return refuse(problem, "a socket is an absolute path of at most 107 bytes");
    }
    if (query.len == 0) {
        return OK;
    }
    struct str name = STR("db=");
    return str_starts(query, name)
               ? take_database(str_slice(query, name.len, query.len), out, problem)
               : refuse(problem, "the one parameter of a socket is db");
}

enum err redis_url_parse(struct arena *arena, struct str url, struct redis_address *out,
                         struct problem *problem)
{
    struct str tcp = STR("redis://");
    struct str file = STR("unix://");
    *out = (struct redis_address){0};
    if (str_starts(url, STR("rediss://"))) {
        return refuse(problem, "TLS is not spoken; use a socket, or a tunnel such as stunnel");
    }
    if (str_starts(url, tcp)) {
        return parse_tcp(arena, str_slice(url, tcp.len, url.len), out, problem);
    }
    return str_starts(url, file)
               ? parse_unix(arena, str_slice(url, file.len, url.len), out, problem)
               : refuse(problem, "it begins with redis:// or unix://");
}

struct str redis_address_name(const struct redis_address *address, struct arena *arena)
{
    if (str_is_set(address->path)) {
        return arena_printf(arena, "unix://%.*s?db=%d", STR_FMT(address->path), address->database);
    }
    bool is_ipv6 = str_contains(address->host, STR(":"));
    return arena_printf(arena, "redis://%s%.*s%s:%d/%d", is_ipv6 ? "[" : "", STR_FMT(address->host),
                        is_ipv6 ? "]" : "", address->port, address->database);
}
