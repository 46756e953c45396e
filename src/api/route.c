#include "api/route.h"

#include "service/accounts.h"
#include "service/bulk.h"
#include "service/oidc.h"
#include "service/sources.h"
#include "service/sync.h"

#include <assert.h>
#include <string.h>

/* Each row's function, so that a row is all that a new route needs here. */
#define ROUTE(method, path, kind, function, input, output, style, status, doc) \
    NODISCARD enum err function(struct op *op, const void *input_record, void *output_record);
#include "api/routes.def"
#undef ROUTE

static const struct record no_record = {0};
#define none_record no_record

static const struct route routes[] = {
#define ROUTE(method, path, kind, function, input, output, style, status, doc)            \
    {HTTP_##method,   #method,          path,          ROUTE_##kind, function, #function, \
     &input##_record, &output##_record, ROUTE_##style, status,       doc},
#include "api/routes.def"
#undef ROUTE
};

/* How long their paths are: a look here spares most rows. */
static const uint16_t path_bytes[] = {
#define ROUTE(method, path, kind, function, input, output, style, status, doc) sizeof(path) - 1,
#include "api/routes.def"
#undef ROUTE
};

/* Paths that are also reachable without /api/v1. */
static const char *const roots[] = {"/meetings/", "/calendar/", "/incidents", "/health",
                                    "/metrics",   "/l/",        "/u/",        "/d/",
                                    "/i/",        "/s/",        "/webhooks/", "/heartbeats/"};
/* What is also reachable under /api alone. */
static const char *const api_roots[] = {"/api/dispatch"};

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

/* The token of a heartbeat stands where its id may stand, too. */
static bool may_stand_for(const char *pattern, struct str name, struct str segment)
{
    bool is_token = str_starts(segment, STR("hb_"));
    if (segment.len == 0 || !str_starts(str_from(pattern), STR("/heartbeats/"))) {
        return segment.len > 0;
    }
    return str_equal(name, STR("{token}")) == is_token;
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
        if (is_placeholder && may_stand_for(pattern, name, segment)) {
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

/* The path as the table has it; STR_NONE for one that is not reachable. */
static struct str path_in_table(struct str path)
{
    struct str versioned = STR("/api/v1/");
    if (str_starts(path, versioned)) {
        return str_slice(path, versioned.len - 1, path.len);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(api_roots); i++) {
        if (str_starts(path, str_from(api_roots[i]))) {
            return str_slice(path, STR("/api").len, path.len);
        }
    }
    return is_root(path) ? path : STR_NONE;
}

static void add_match(struct route_match *found, const struct route *route, enum http_method method,
                      const struct route_match *match)
{
    unsigned methods = found->methods | 1u << route->method;
    if (route->method == method && found->route == NULL) {
        *found = *match;
        found->route = route;
    }
    found->methods = methods;
}

/* What stands in the table letter for letter. */
static struct route_match find_named(enum http_method method, struct str path)
{
    static const struct route_match nothing = {0};
    struct route_match found = {0};
    if (path.len == 0 || str_find_byte(path, '{', 0) < path.len) {
        return found; /* Nobody's name; as an id it is refused. */
    }
    for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
        if (path_bytes[i] == path.len && memcmp(routes[i].path, path.ptr, path.len) == 0) {
            add_match(&found, &routes[i], method, &nothing);
        }
    }
    return found;
}

static struct route_match find_pattern(enum http_method method, struct str path)
{
    struct route_match found = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
        struct route_match match = {0};
        if (matches(routes[i].path, path, &match)) {
            add_match(&found, &routes[i], method, &match);
        }
    }
    return found;
}

/* Names before placeholders: what stands in the table letter for letter is not taken for an id. */
struct route_match route_find(enum http_method method, struct str path)
{
    struct str rest = path_in_table(path);
    struct route_match found = {0};
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    if (!str_is_set(rest)) {
        return found;
    }
    found = find_named(wanted, rest);
    return found.methods != 0 ? found : find_pattern(wanted, rest);
}

bool route_body_is_optional(const struct route *route)
{
    for (size_t i = 0; i < route->input->field_count; i++) {
        if ((route->input->fields[i].flags & F_NULLABLE) == 0) {
            return false;
        }
    }
    return route->method == HTTP_POST;
}

static bool is_message(const struct route *route)
{
    return route->function == take_events || route->function == take_alertmanager ||
           route->function == take_grafana;
}

bool route_has_preparation(const struct route *route)
{
    return route->function == sync_calendars || route->function == create_calendar ||
           route_takes_bulk(route) || is_message(route) || route_has_password(route) ||
           route_asks_elsewhere(route);
}

bool route_asks_elsewhere(const struct route *route)
{
    return route->style == ROUTE_REDIRECT;
}

bool route_has_password(const struct route *route)
{
    return route->function == begin_session || route->function == put_account ||
           route->function == change_password;
}

bool route_is_own(const struct route *route)
{
    return route->function == end_session || route->function == revoke_session ||
           route->function == change_password;
}

static enum err prepare_password_of(const struct route *route, struct op *op, const void *input,
                                    const void **out)
{
    if (route->function == begin_session) {
        return prepare_sign_in(op, input, out);
    }
    return route->function == put_account ? prepare_account(op, input, out)
                                          : prepare_password(op, input, out);
}

enum err route_prepare(const struct route *route, struct op *op, const void *input,
                       const void **out)
{
    assert(route_has_preparation(route));
    if (is_message(route)) {
        return prepare_source(op, input, out);
    }
    if (route_takes_bulk(route)) {
        return prepare_bulk(op, input, out);
    }
    if (route_asks_elsewhere(route)) {
        return prepare_oidc(op, input, out);
    }
    if (route_has_password(route)) {
        return prepare_password_of(route, op, input, out);
    }
    return route->function == sync_calendars ? prepare_sync(op, input, out)
                                             : prepare_upload(op, input, out);
}

bool route_responds(const struct route *route)
{
    static enum err (*const functions[])(struct op *, const void *, void *) = {
        create_incident,   acknowledge_incident, extend_incident,   escalate_incident,
        resolve_incident,  cancel_incident,      check_in,          open_dispatch,
        trigger_dispatch,  accept_dispatch,      decline_dispatch,  cancel_dispatch,
        complete_dispatch, see_notification,     see_notifications, release_incident,
        take_back_checkin,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(functions); i++) {
        if (route->function == functions[i]) {
            return true;
        }
    }
    return false;
}

bool route_needs_key(const struct route *route)
{
    return route->style == ROUTE_DATA || route->style == ROUTE_FLAT ||
           route->style == ROUTE_STREAM || route->style == ROUTE_DOWNLOAD ||
           route->style == ROUTE_SIGN_OUT;
}

bool route_is_versioned(const struct route *route)
{
    return route_needs_key(route) || !is_root(str_from(route->path));
}

bool route_may_know(const struct route *route)
{
    return route->function == create_incident || route->function == open_dispatch ||
           route->function == add_do_not_call || route_takes_bulk(route);
}

bool route_takes_bulk(const struct route *route)
{
    return route->input == &bulk_input_record;
}

bool route_is_idempotent(const struct route *route)
{
    bool changes = route->kind == ROUTE_WRITE || route->kind == ROUTE_CLOCK;
    bool answers_json = route->style == ROUTE_DATA || route->style == ROUTE_FLAT;
    return route->method == HTTP_POST && changes && answers_json;
}

bool route_takes_lines(const struct route *route)
{
    return route->input == &number_import_record;
}

bool route_takes_raw(const struct route *route)
{
    return route->style == ROUTE_SOURCE || route->input == &source_input_record;
}

bool route_is_bulk(struct str path)
{
    return str_ends(path, STR("/calendar/sync")) || str_ends(path, STR("/calendars")) ||
           str_ends(path, STR("/scheduling/bulk"));
}

static bool is_below(const struct route *route, struct str prefix)
{
    return route != NULL && str_starts(str_from(route->path), prefix);
}

enum err route_error(const struct route *route, enum err err)
{
    static const struct {
        struct str prefix;
        enum err from;
        enum err to;
    } words[] = {
        {STR_INIT("/agents"), E_NOT_FOUND, E_AGENT_NOT_FOUND},
        {STR_INIT("/agents"), E_CONFLICT, E_OPERATION},
        {STR_INIT("/scheduling/scheduled-calls"), E_NOT_FOUND, E_CALL_NOT_FOUND},
        {STR_INIT("/scheduling/{id}"), E_NOT_FOUND, E_CALL_NOT_FOUND},
        {STR_INIT("/scheduling"), E_CONFLICT, E_OPERATION},
        {STR_INIT("/scheduling"), E_TRANSITION, E_OPERATION},
        {STR_INIT("/scheduling"), E_CORRUPT, E_INTERNAL},
        {STR_INIT("/agents"), E_CORRUPT, E_INTERNAL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (words[i].from == err && is_below(route, words[i].prefix)) {
            return words[i].to;
        }
    }
    return err;
}
