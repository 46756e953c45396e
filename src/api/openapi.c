#include "api/call.h"

#include "model/json.h"
#include "model/openapi.h"

#include <stdarg.h>
#include <stdio.h>

enum { SCHEMAS_MAX = 256, PIECE_MAX = 1024 };

/* Adds a piece of JSON that is written here with ' for ", so that it can be read. Nothing that is
 * put into one has a quote of its own. */
static void PRINTF_LIKE(2, 3) add(struct buf *out, const char *format, ...)
{
    char piece[PIECE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    for (const char *c = piece; *c != '\0'; c++) {
        buf_add_byte(out, *c == '\'' ? '"' : *c);
    }
}

/* Between the items of an object or a list: a comma, but not behind the bracket that opens it. */
static void add_comma(struct buf *out)
{
    char last = out->ptr[out->len - 1];
    if (last != '{' && last != '[') {
        buf_add_byte(out, ',');
    }
}

/* What a record's name ends with where it is the schema of an input. */
static const char *suffix_of(enum schema_use use)
{
    return use == SCHEMA_ANSWER ? "" : use == SCHEMA_PARTIAL_INPUT ? "Change" : "Input";
}

static enum schema_use input_use(const struct route *route)
{
    return route->method == HTTP_PATCH ? SCHEMA_PARTIAL_INPUT : SCHEMA_INPUT;
}

static bool has_body(const struct route *route)
{
    return route->method != HTTP_GET && route->method != HTTP_DELETE &&
           route->input->field_count > 0 && !route_takes_raw(route);
}

/* ,'enum':['sms-status',…] */
static void add_hook_names(struct buf *out)
{
    add(out, ",'enum':[");
    for (int hook = 0; hook < HOOK_COUNT; hook++) {
        add_comma(out);
        add(out, "'%s'", hook_name((enum hook)hook));
    }
    add(out, "]");
}

static void add_path_parameters(struct buf *out, const struct route *route)
{
    struct str rest = str_from(route->path);
    struct str segment = STR_NONE;
    while (str_split(&rest, '/', &segment)) {
        if (str_starts(segment, STR("{"))) {
            add_comma(out);
            add(out, "{'name':'%.*s','in':'path','required':true,'schema':{'type':'string'",
                STR_FMT(str_slice(segment, 1, segment.len - 1)));
            if (str_equal(segment, STR("{hook}"))) {
                add_hook_names(out);
            }
            if (str_equal(segment, STR("{policy}"))) {
                add(out, ",'description':'Its name or its id.'");
            }
            add(out, "}}");
        }
    }
}

static void add_query_parameter(struct buf *out, const struct field *field)
{
    add_comma(out);
    add(out, "{'name':'%s','in':'query','required':false,'description':", field->json);
    json_add_text(out, str_from(field->doc));
    add(out, ",'schema':");
    openapi_field_schema(out, field, SCHEMA_INPUT);
    add(out, "}");
}

/* Of a provider's own kind, and read whatever its type says. */
static void add_hook_body(struct buf *out)
{
    add(out, ",'requestBody':{'required':false,'content':{"
             "'application/x-www-form-urlencoded':{'schema':{'type':'object'}},"
             "'*/*':{'schema':{}}}}");
}

static void add_key_parameter(struct buf *out)
{
    add_comma(out);
    add(out, "{'name':'Idempotency-Key','in':'header','required':false,'description':'"
             "The same key and request within 24 hours is done once, and answered the same.',"
             "'schema':{'type':'string','minLength':1,'maxLength':255}}");
}

static void add_parameters(struct buf *out, const struct route *route)
{
    add(out, ",'parameters':[");
    add_path_parameters(out, route);
    if (route_is_idempotent(route)) {
        add_key_parameter(out);
    }
    for (size_t i = 0; i < route->input->field_count; i++) {
        if ((route->input->fields[i].flags & F_QUERY) != 0) {
            add_query_parameter(out, &route->input->fields[i]);
        }
    }
    add(out, "]");
}

/* What the page of a link posts; at the link that ends emails nothing that is posted is looked at.
 */
static void add_form(struct buf *out, const struct record *record)
{
    add(out, "{'application/x-www-form-urlencoded':{'schema':{'type':'object'");
    for (size_t i = 0; i < record->field_count; i++) {
        const struct enum_names *names = record->fields[i].detail.names;
        if (names == NULL) {
            continue;
        }
        add(out, ",'required':['%s'],'properties':{'%s':{'enum':[", record->fields[i].json,
            record->fields[i].json);
        for (int value = 1; value < names->count; value++) {
            add_comma(out);
            add(out, "'%s'", names->names[value]);
        }
        add(out, "]}}");
    }
    add(out, "}}}}");
}

static void add_body(struct buf *out, const struct route *route)
{
    if (route->style == ROUTE_HOOK && route->method == HTTP_POST) {
        add_hook_body(out);
    }
    if (route_takes_raw(route) && route->method == HTTP_POST) {
        add(out, ",'requestBody':{'required':false,'content':{'*/*':{'schema':{}}}}");
    }
    if (!has_body(route)) {
        return;
    }
    add(out, ",'requestBody':{'required':%s,'content':",
        route_body_is_optional(route) ? "false" : "true");
    if (route->style == ROUTE_PAGE) {
        add_form(out, route->input);
        return;
    }
    add(out, "{'application/json':{'schema':{'$ref':'#/components/schemas/%s%s'}}",
        route->input->name, suffix_of(input_use(route)));
    add(out,
        route_takes_bulk(route) ? ",'application/x-ndjson':{'schema':{'type':'string'}}}}" : "}}");
}

static void add_success(struct buf *out, const struct route *route)
{
    switch (route->style) {
    case ROUTE_PAGE:
        add(out, "{'text/html':{'schema':{'type':'string'}}}");
        break;
    case ROUTE_FILE:
        add(out, "{'text/calendar':{'schema':{'type':'string'}}}");
        break;
    case ROUTE_DOWNLOAD:
        add(out, "{'text/csv':{'schema':{'type':'string'}},"
                 "'text/plain':{'schema':{'type':'string'}}}");
        break;
    case ROUTE_STREAM:
        add(out, "{'text/event-stream':{'schema':{'type':'string'}}}");
        break;
    case ROUTE_REDIRECT:
        add(out, "{}");
        break;
    case ROUTE_HOOK:
        add(out, "{'text/xml':{'schema':{'type':'string'}},"
                 "'text/plain':{'schema':{'type':'string'}}}");
        break;
    case ROUTE_DATA:
    case ROUTE_SOURCE:
    case ROUTE_SIGN_IN:
    case ROUTE_SIGN_OUT:
        add(out,
            "{'application/json':{'schema':{'type':'object','required':['success','data'],"
            "'properties':{'success':{'const':true},'data':{'$ref':'#/components/schemas/%s'}}}}}",
            route->output->name);
        break;
    case ROUTE_FLAT:
    case ROUTE_BARE:
        add(out, "{'application/json':{'schema':{'$ref':'#/components/schemas/%s'}}}",
            route->output->name);
        break;
    }
}

static void add_responses(struct buf *out, const struct route *route)
{
    add(out, ",'responses':{'%d':{'description':'Success.','content':", route->status);
    add_success(out, route);
    if (route_may_know(route)) {
        add(out, "},'200':{'description':'It was there already.','content':");
        add_success(out, route);
    }
    add(out, "},'default':{'description':'An error.','content':");
    add(out, route->style == ROUTE_PAGE
                 ? "{'text/html':{'schema':{'type':'string'}}}}}"
                 : "{'application/json':{'schema':{'$ref':'#/components/schemas/Error'}}}}}");
}

static void add_operation(struct buf *out, const struct route *route)
{
    add_comma(out);
    add(out, "'");
    for (const char *c = route->method_name; *c != '\0'; c++) {
        buf_add_byte(out, (char)(*c - 'A' + 'a'));
    }
    add(out, "':{'operationId':'%s','summary':", route->name);
    json_add_text(out, str_from(route->doc));
    if (!route_needs_key(route)) {
        add(out, ",'security':[]");
    }
    add_parameters(out, route);
    add_body(out, route);
    add_responses(out, route);
    add(out, "}");
}

static bool same_path(const struct route *a, const struct route *b)
{
    return str_equal_text(str_from(a->path), b->path);
}

/* Every method of the path of routes[at]; nothing where an earlier route has the same path. */
static void add_path(struct buf *out, const struct route *routes, size_t count, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (same_path(&routes[i], &routes[at])) {
            return;
        }
    }
    add_comma(out);
    add(out, "'%s%s':{", route_is_versioned(&routes[at]) ? "/api/v1" : "", routes[at].path);
    for (size_t i = at; i < count; i++) {
        if (same_path(&routes[i], &routes[at])) {
            add_operation(out, &routes[i]);
        }
    }
    add(out, "}");
}

/* Each schema is written once for each use of it. */
struct schemas {
    struct buf *out;
    enum schema_use use;
    const char *names[SCHEMAS_MAX];
    size_t count;
};

static void add_schema(void *context, const struct record *record)
{
    struct schemas *schemas = context;
    for (size_t i = 0; i < schemas->count; i++) {
        if (schemas->names[i] == record->name) {
            return;
        }
    }
    if (schemas->count < SCHEMAS_MAX) {
        schemas->names[schemas->count++] = record->name;
        add(schemas->out, ",'%s%s':", record->name, suffix_of(schemas->use));
        openapi_record_schema(schemas->out, record, schemas->use);
    }
}

static void add_record_schemas(struct buf *out, const struct route *routes, size_t count)
{
    struct schemas uses[] = {
        [SCHEMA_ANSWER] = {.out = out, .use = SCHEMA_ANSWER},
        [SCHEMA_INPUT] = {.out = out, .use = SCHEMA_INPUT},
        [SCHEMA_PARTIAL_INPUT] = {.out = out, .use = SCHEMA_PARTIAL_INPUT},
    };
    for (size_t i = 0; i < count; i++) {
        if (routes[i].style == ROUTE_PAGE || routes[i].style == ROUTE_FILE ||
            routes[i].style == ROUTE_HOOK || routes[i].style == ROUTE_STREAM ||
            routes[i].style == ROUTE_DOWNLOAD) {
            continue;
        }
        openapi_visit_records(routes[i].output, &uses[SCHEMA_ANSWER], add_schema);
        if (has_body(&routes[i])) {
            openapi_visit_records(routes[i].input, &uses[input_use(&routes[i])], add_schema);
        }
    }
}

static void add_enum_schemas(struct buf *out)
{
    const struct enum_doc *docs = NULL;
    size_t count = enum_docs(&docs);
    for (size_t i = 0; i < count; i++) {
        add(out, ",'%s':", docs[i].names->name);
        openapi_enum_schema(out, docs[i].names, docs[i].meanings);
    }
}

static void add_error_schema(struct buf *out)
{
    add(out, "'Error':{'type':'object','required':['success','error'],'properties':{"
             "'success':{'const':false},'requestId':{'type':'string'},'error':{'type':'object',"
             "'required':['code','message'],'properties':{'code':{'type':'string'},"
             "'message':{'type':'string'},'field':{'type':'string'},"
             "'from':{'type':'string'},'to':{'type':'string'}}}}}");
}

void openapi_write(struct buf *out, struct str version)
{
    const struct route *routes = NULL;
    size_t count = routes_all(&routes);
    add(out, "{'openapi':'3.1.0','info':{'title':'Tocsin','version':'%.*s',", STR_FMT(version));
    add(out, "'license':{'name':'Apache-2.0','identifier':'Apache-2.0'}},");
    add(out, "'security':[{'key':[]}],'paths':{");
    for (size_t i = 0; i < count; i++) {
        add_path(out, routes, count, i);
    }
    add(out, "},'components':{'securitySchemes':{'key':{'type':'http','scheme':'bearer'}},");
    add(out, "'schemas':{");
    add_error_schema(out);
    add_record_schemas(out, routes, count);
    add_enum_schemas(out);
    add(out, "}}}\n");
}

void api_openapi(struct buf *out)
{
    openapi_write(out, STR(TOCSIN_VERSION));
}
