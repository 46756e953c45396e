#include "api/route.h"

#include "api/hooks.h"
#include "service/checkins.h"
#include "service/incidents.h"
#include "service/meetings.h"
#include "service/people.h"
#include "service/providers.h"
#include "service/spend.h"
#include "service/status.h"
#include "service/sync.h"
#include "service/texts_api.h"
#include "service/unsubscribe.h"

#include <assert.h>

static const struct record no_record = {0};
#define none_record no_record

static const struct route routes[] = {
#define ROUTE(method, path, kind, function, input, output, style, status, doc)            \
    {HTTP_##method,   #method,          path,          ROUTE_##kind, function, #function, \
     &input##_record, &output##_record, ROUTE_##style, status,       doc},
#include "api/routes.def"
#undef ROUTE
};

/* Paths that are also reachable without /api/v1. */
static const char *const roots[] = {"/meetings/", "/calendar/", "/incidents", "/health",
                                    "/l/",        "/u/",        "/webhooks/"};

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER",
};

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

size_t routes_all(const struct route **out)
{
    *out = routes;
    return ARRAY_LENGTH(routes);
}

static void bind(struct route_match *match, struct str name, struct str segment)
{
    if (str_equal(name, STR("{id}"))) {
        match->id = segment;
    } else if (str_equal(name, STR("{id2}"))) {
        match->id2 = segment;
    } else if (str_equal(name, STR("{provider}"))) {
        match->provider = segment;
    } else if (str_equal(name, STR("{hook}"))) {
        match->hook = segment;
    } else {
        match->token = segment;
    }
}

static bool matches(const char *pattern, struct str path, struct route_match *match)
{
    struct str left = str_from(pattern);
    struct str right = path;
    struct str name;
    struct str segment;
    /* Most rows are refused by what stands before their first placeholder. */
    if (!str_starts(path, str_slice(left, 0, str_find_byte(left, '{', 0)))) {
        return false;
    }
    while (str_split(&left, '/', &name)) {
        if (!str_split(&right, '/', &segment)) {
            return false;
        }
        bool is_placeholder = name.len > 0 && name.ptr[0] == '{';
        if (is_placeholder && segment.len > 0) {
            bind(match, name, segment);
        } else if (!str_equal(name, segment)) {
            return false;
        }
    }
    return !str_is_set(right);
}

static bool is_root(struct str path)
{
    for (size_t i = 0; i < ARRAY_LENGTH(roots); i++) {
        if (str_starts(path, str_from(roots[i]))) {
            return true;
        }
    }
    return false;
}

struct route_match route_find(enum http_method method, struct str path)
{
    struct route_match found = {0};
    struct str prefix = STR("/api/v1");
    bool is_versioned = str_starts(path, STR("/api/v1/"));
    struct str rest = is_versioned ? str_slice(path, prefix.len, path.len) : path;
    if (!is_versioned && !is_root(path)) {
        return found;
    }
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
        struct route_match match = {0};
        if (!matches(routes[i].path, rest, &match)) {
            continue;
        }
        found.methods |= 1u << routes[i].method;
        if (routes[i].method == wanted && found.route == NULL) {
            match.route = &routes[i];
            match.methods = found.methods;
            found = match;
        }
    }
    return found;
}

bool route_has_preparation(const struct route *route)
{
    return route->function == sync_calendars || route->function == create_calendar;
}

enum err route_prepare(const struct route *route, struct op *op, const void *input,
                       const void **out)
{
    assert(route_has_preparation(route));
    return route->function == sync_calendars ? prepare_sync(op, input, out)
                                             : prepare_upload(op, input, out);
}

bool route_needs_key(const struct route *route)
{
    return route->style == ROUTE_DATA || route->style == ROUTE_FLAT;
}

bool route_is_bulk(struct str path)
{
    return str_ends(path, STR("/calendar/sync")) || str_ends(path, STR("/calendars"));
}
