#include "api/call.h"

#include "model/enums.h"
#include "model/json.h"
#include "model/openapi.h"

enum { SCHEMAS_MAX = 128 };

struct schemas {
    struct buf *out;
    enum schema_use use;
    const char *names[SCHEMAS_MAX];
    size_t count;
    bool has_any;
};

static bool is_known(const struct schemas *schemas, const char *name)
{
    for (size_t i = 0; i < schemas->count; i++) {
        if (schemas->names[i] == name) {
            return true;
        }
    }
    return false;
}

static void add_schema(void *context, const struct record *record)
{
    struct schemas *schemas = context;
    if (is_known(schemas, record->name) || schemas->count == SCHEMAS_MAX) {
        return;
    }
    schemas->names[schemas->count++] = record->name;
    buf_printf(schemas->out, "%s\"%s%s\":", schemas->has_any ? "," : "", record->name,
               schemas->use == SCHEMA_ANSWER          ? ""
               : schemas->use == SCHEMA_PARTIAL_INPUT ? "Change"
                                                      : "Input");
    schemas->has_any = true;
    openapi_record_schema(schemas->out, record, schemas->use);
}

static bool has_body(const struct route *route)
{
    return route->method != HTTP_GET && route->method != HTTP_DELETE &&
           route->input->field_count > 0;
}

static const char *input_suffix(const struct route *route)
{
    return route->method == HTTP_PATCH ? "Change" : "Input";
}

static void add_path_parameters(struct buf *out, const struct route *route, bool *has_any)
{
    static const char *const names[] = {"id", "id2", "token"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char placeholder[16];
        struct buf text = {0};
        buf_printf(&text, "{%s}", names[i]);
        struct str name = buf_str(&text);
        if (str_contains(str_from(route->path), name)) {
            buf_printf(out,
                       "%s{\"name\":\"%s\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":"
                       "\"string\"}}",
                       *has_any ? "," : "", names[i]);
            *has_any = true;
        }
        buf_free(&text);
        (void)placeholder;
    }
}

static void add_parameters(struct buf *out, const struct route *route)
{
    bool has_any = false;
    buf_add_text(out, ",\"parameters\":[");
    add_path_parameters(out, route, &has_any);
    for (size_t i = 0; i < route->input->field_count; i++) {
        const struct field *field = &route->input->fields[i];
        if ((field->flags & F_QUERY) == 0) {
            continue;
        }
        buf_printf(out, "%s{\"name\":\"%s\",\"in\":\"query\",\"required\":false,\"description\":",
                   has_any ? "," : "", field->json);
        json_add_text(out, str_from(field->doc));
        buf_add_text(out, ",\"schema\":");
        openapi_field_schema(out, field, SCHEMA_INPUT);
        buf_add_byte(out, '}');
        has_any = true;
    }
    buf_add_byte(out, ']');
}

static void add_answer(struct buf *out, const struct route *route)
{
    bool is_page = route->style == ROUTE_PAGE;
    buf_printf(
        out,
        ",\"responses\":{\"%d\":{\"description\":\"Success.\",\"content\":{\"%s\":{\"schema\":",
        route->status, is_page ? "text/html" : "application/json");
    if (is_page) {
        buf_add_text(out, "{\"type\":\"string\"}");
    } else if (route->style == ROUTE_DATA) {
        buf_printf(out,
                   "{\"type\":\"object\",\"required\":[\"success\",\"data\"],\"properties\":{"
                   "\"success\":{\"const\":"
                   "true},\"data\":{\"$ref\":\"#/components/schemas/%s\"}}}",
                   route->output->name);
    } else {
        buf_printf(out, "{\"$ref\":\"#/components/schemas/%s\"}", route->output->name);
    }
    buf_add_text(out, "}}},\"default\":{\"description\":\"An error.\",\"content\":{\"");
    buf_add_text(
        out, is_page
                 ? "text/html\":{\"schema\":{\"type\":\"string\"}}}}}"
                 : "application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Error\"}}}}}");
}

static void add_operation(struct buf *out, const struct route *route)
{
    char lower[16] = {0};
    for (size_t i = 0; route->method_name[i] != '\0' && i < sizeof lower - 1; i++) {
        lower[i] = (char)(route->method_name[i] - 'A' + 'a');
    }
    buf_printf(out, "\"%s\":{\"operationId\":\"%s\",\"summary\":", lower, route->name);
    json_add_text(out, str_from(route->doc));
    if (route->style == ROUTE_PAGE || route->style == ROUTE_BARE) {
        buf_add_text(out, ",\"security\":[]");
    }
    add_parameters(out, route);
    if (has_body(route) && route->style == ROUTE_PAGE) {
        buf_add_text(
            out,
            ",\"requestBody\":{\"required\":true,\"content\":{\"application/"
            "x-www-form-urlencoded\":{"
            "\"schema\":{\"type\":\"object\",\"required\":[\"answer\"],\"properties\":{\"answer\":{"
            "\"enum\":[\"JOINED\",\"MISSED\"]}}}}}}");
    } else if (has_body(route)) {
        buf_printf(out,
                   ",\"requestBody\":{\"required\":true,\"content\":{\"application/"
                   "json\":{\"schema\":{\"$ref\":"
                   "\"#/components/schemas/%s%s\"}}}}",
                   route->input->name, input_suffix(route));
    }
    add_answer(out, route);
    buf_add_byte(out, '}');
}

static void add_paths(struct buf *out, const struct route *routes, size_t count)
{
    bool has_path = false;
    for (size_t i = 0; i < count; i++) {
        bool is_first = true;
        for (size_t j = 0; j < i; j++) {
            is_first = is_first && !str_equal_text(str_from(routes[j].path), routes[i].path);
        }
        if (!is_first) {
            continue;
        }
        bool is_bare = routes[i].style == ROUTE_PAGE || routes[i].style == ROUTE_BARE;
        buf_printf(out, "%s\"%s%s\":{", has_path ? "," : "", is_bare ? "" : "/api/v1",
                   routes[i].path);
        bool has_method = false;
        for (size_t j = i; j < count; j++) {
            if (str_equal_text(str_from(routes[j].path), routes[i].path)) {
                buf_add_text(out, has_method ? "," : "");
                add_operation(out, &routes[j]);
                has_method = true;
            }
        }
        buf_add_byte(out, '}');
        has_path = true;
    }
}

struct enum_use {
    const struct enum_names *names;
    bool is_used;
};

static void look_for_enum(void *context, const struct record *record)
{
    struct enum_use *use = context;
    for (size_t i = 0; i < record->field_count; i++) {
        use->is_used = use->is_used || record->fields[i].detail.names == use->names;
    }
}

/* The sets of words that the records and parameters refer to. */
static void add_enums(struct buf *out, const struct route *routes, size_t count)
{
    const struct enum_doc *docs = NULL;
    size_t doc_count = enum_docs(&docs);
    for (size_t i = 0; i < doc_count; i++) {
        struct enum_use use = {.names = docs[i].names};
        for (size_t j = 0; j < count; j++) {
            openapi_visit_records(routes[j].output, &use, look_for_enum);
            openapi_visit_records(routes[j].input, &use, look_for_enum);
        }
        if (use.is_used) {
            buf_printf(out, ",\"%s\":", docs[i].names->name);
            openapi_enum_schema(out, docs[i].names, docs[i].meanings);
        }
    }
}

static void add_schemas(struct buf *out, const struct route *routes, size_t count)
{
    struct schemas answers = {.out = out, .use = SCHEMA_ANSWER, .has_any = true};
    struct schemas inputs = {.out = out, .use = SCHEMA_INPUT, .has_any = true};
    struct schemas changes = {.out = out, .use = SCHEMA_PARTIAL_INPUT, .has_any = true};
    buf_add_text(
        out, "\"Error\":{\"type\":\"object\",\"required\":[\"success\",\"error\"],\"properties\":{"
             "\"success\":{\"const\":false},\"requestId\":{\"type\":\"string\"},\"error\":{"
             "\"type\":\"object\","
             "\"required\":[\"code\",\"message\"],\"properties\":{\"code\":{\"type\":\"string\"},"
             "\"message\":{"
             "\"type\":\"string\"},\"field\":{\"type\":\"string\"},\"from\":{\"type\":\"string\"},"
             "\"to\":{"
             "\"type\":\"string\"}}}}}");
    for (size_t i = 0; i < count; i++) {
        if (routes[i].style != ROUTE_PAGE) {
            openapi_visit_records(routes[i].output, &answers, add_schema);
        }
        if (has_body(&routes[i]) && routes[i].style != ROUTE_PAGE) {
            openapi_visit_records(routes[i].input,
                                  routes[i].method == HTTP_PATCH ? &changes : &inputs, add_schema);
        }
    }
    add_enums(out, routes, count);
}

void openapi_write(struct buf *out, struct str version)
{
    const struct route *routes = NULL;
    size_t count = routes_all(&routes);
    buf_printf(
        out,
        "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Tocsin\",\"version\":\"%.*s\",\"license\":{"
        "\"name\":"
        "\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}},\"security\":[{\"key\":[]}],\"paths\":{",
        STR_FMT(version));
    add_paths(out, routes, count);
    buf_add_text(
        out,
        "},\"components\":{\"securitySchemes\":{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"}},"
        "\"schemas\":{");
    add_schemas(out, routes, count);
    buf_add_text(out, "}}}\n");
}

void api_openapi(struct buf *out)
{
    openapi_write(out, STR(TOCSIN_VERSION));
}
