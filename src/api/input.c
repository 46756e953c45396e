#include "api/call.h"
#include "api/session.h"
#include "model/json.h"
#include "net/uri.h"

static struct json_context json_of(const struct api_call *call, struct problem *problem)
{
    return (struct json_context){
        .arena = call->arena, .id_key = call->site->id_key, .problem = problem};
}

static enum err read_id(const struct api_call *call, struct str text, struct id *out,
                        struct problem *problem)
{
    if (!str_is_set(text) || id_parse(call->site->id_key, text, out) == OK) {
        return OK;
    }
    return problem_set(problem, E_NOT_FOUND, NULL, "there is nothing with the id %.*s",
                       STR_FMT(str_cut_utf8(text, 40)));
}

static enum err decode_plain(struct arena *arena, struct str text, struct str *out)
{
    return uri_decode(arena, text, true, out);
}

static bool takes_body(const struct api_call *call)
{
    return call->request.method == HTTP_POST || call->request.method == HTTP_PATCH ||
           call->request.method == HTTP_PUT;
}

static enum err read_text(const struct api_call *call, struct str raw, struct str *out,
                          struct problem *problem)
{
    *out = STR_NONE;
    if (!str_is_set(raw) || (uri_decode(call->arena, raw, false, out) == OK && str_is_utf8(*out))) {
        return OK;
    }
    return problem_set(problem, E_NOT_FOUND, NULL, "there is nothing with this name");
}

static bool is_plain_text(const struct api_call *call)
{
    struct str type = call->request.content_type;
    struct str kind = str_trim(str_slice(type, 0, str_find_byte(type, ';', 0)));
    return str_equal_nocase(kind, STR("text/plain"));
}

bool call_has_json(const struct api_call *call)
{
    struct str type = call->request.content_type;
    struct str kind = str_trim(str_slice(type, 0, str_find_byte(type, ';', 0)));
    return !str_is_set(type) || str_equal_nocase(kind, STR("application/json")) ||
           str_equal_nocase(
               kind, STR("application/x-www-form-urlencoded")); /* What curl -d says by itself. */
}

static enum err check_content_type(const struct api_call *call, struct problem *problem)
{
    return call_has_json(call) ? OK : problem_set(problem, E_MEDIA, NULL, "send application/json");
}

/* The answer on a one-tap page comes as a form. What is no answer is refused by answer_link, which
 * knows whose page it is, and so its language. */
static void read_form(struct api_call *call)
{
    const struct record *record = call->route->input;
    const struct field *field = &record->fields[record_field_index(record, "answer")];
    struct str answer = STR_NONE;
    int value = 0;
    enum err err = uri_query_get(call->arena, call->request.body, "answer", &answer);
    bool is_answer =
        err == OK && str_is_set(answer) && enum_parse(field->detail.names, answer, &value) == OK;
    *(int *)record_member(call->input, field) = is_answer ? value : 0;
}

static bool has_lines(const struct api_call *call)
{
    static const struct str types[] = {STR_INIT("application/x-ndjson"),
                                       STR_INIT("application/ndjson"),
                                       STR_INIT("application/jsonl")};
    struct str type = call->request.content_type;
    struct str kind = str_trim(str_slice(type, 0, str_find_byte(type, ';', 0)));
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        if (str_equal_nocase(kind, types[i])) {
            return true;
        }
    }
    return false;
}

static enum err read_bulk(struct api_call *call, struct problem *problem)
{
    struct bulk_input *input = call->input;
    input->body = call->request.body;
    input->is_lines = has_lines(call);
    return input->is_lines ? OK : check_content_type(call, problem);
}

enum err call_read_input(struct api_call *call, struct problem *problem)
{
    const struct route *route = call->route;
    struct json_context context = json_of(call, problem);
    call->input = arena_alloc(call->arena, route->input->size + sizeof(struct link_input));
    call->output = arena_alloc(call->arena, route->output->size);
    TRY(read_id(call, call->match.id, &call->path_id, problem));
    TRY(read_id(call, call->match.id2, &call->path_id2, problem));
    if (route->style == ROUTE_PAGE) {
        /* What a mail program posts to /u/ is not looked at: the link says all. */
        if (route->input == &unsubscribe_input_record) {
            ((struct unsubscribe_input *)call->input)->token = call->match.token;
            return OK;
        }
        ((struct link_input *)call->input)->token = call->match.token;
        if (takes_body(call)) {
            read_form(call);
        }
        return OK;
    }
    TRY(read_text(call, call->match.token, &call->path_text, problem));
    if (route->style == ROUTE_REDIRECT) {
        session_read_oidc(call);
        return OK;
    }
    if (route->style == ROUTE_FILE) {
        /* Programs may append what they like: the address says all. */
        return OK;
    }
    if (route_takes_raw(route)) {
        ((struct source_input *)call->input)->body = call->request.body;
    } else if (route_takes_bulk(route)) {
        TRY(read_bulk(call, problem));
    } else if (route_takes_lines(route) && is_plain_text(call)) {
        ((struct number_import *)call->input)->body = call->request.body;
    } else if (route->input->field_count > 0 && takes_body(call) &&
               (call->request.body.len > 0 || !route_body_is_optional(route))) {
        TRY(check_content_type(call, problem));
        context.is_partial = call->request.method == HTTP_PATCH;
        TRY(record_from_json(&context, route->input, call->request.body, call->input,
                             &call->given));
    }
    context.decode = decode_plain;
    return record_from_query(&context, route->input, call->request.query, call->input,
                             &call->given);
}
