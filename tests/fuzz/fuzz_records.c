/* fuzz_records: any bytes as the body of any route that takes a record, and as its query.
 *
 * The first byte chooses the route, the second whether the rest is read as a PATCH's, in part. The
 * quick reader takes nothing that the careful one does not take with the same result; what is
 * refused names a member of the record, or the body as a whole; what is taken can be written. */
#include "api/route.h"
#include "model/json_reading.h"
#include "model/json_tree.h"
#include "net/uri.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define expect(holds) expect_at((holds), __LINE__)
static void expect_at(bool holds, int line)
{
    if (!holds) {
        fprintf(stderr, "fuzz_records.c:%d\n", line);
        abort();
    }
}

static enum err decode(struct arena *arena, struct str raw, struct str *out)
{
    return uri_decode(arena, raw, true, out);
}

/* What somebody is told must be fit to be shown, and says where the fault is: only a body that is
 * no object at all is at fault as a whole. */
static void check_problem(const struct json_context *context, struct str text)
{
    const struct problem *problem = context->problem;
    const struct json_node *root = NULL;
    struct str field = str_from(problem->field);
    expect(problem->err == E_INVALID || problem->err == E_TIMEZONE);
    expect(problem->message[0] != '\0' && str_is_utf8(str_from(problem->message)));
    expect(str_is_utf8(field));
    bool is_object =
        json_tree_read(context->arena, text, &root) == OK && root->kind == JSON_KIND_OBJECT;
    /* The tree takes a name that stands twice, which is nobody's member. */
    bool is_twice = str_contains(str_from(problem->message), STR("JSON"));
    expect(!is_object || field.len > 0 || is_twice);
}

static struct str written(const struct json_context *context, const struct record *record,
                          const void *object)
{
    struct buf out = {.arena = context->arena};
    record_to_json(context, &out, record, object);
    return buf_str(&out);
}

static void check_body(const struct json_context *context, const struct record *record,
                       struct str text)
{
    void *quick = arena_alloc(context->arena, record->size);
    void *careful = arena_alloc(context->arena, record->size);
    struct presence given[2] = {{0}, {0}};
    bool is_quick = json_read_quickly(context, record, text, quick, &given[0]);
    enum err err = json_read_carefully(context, record, text, careful, &given[1]);
    if (err != OK) {
        expect(!is_quick);
        check_problem(context, text);
        return;
    }
    struct str told = written(context, record, careful);
    const struct json_node *root = NULL;
    expect(json_tree_read(context->arena, told, &root) == OK && root->kind == JSON_KIND_OBJECT);
    if (is_quick) {
        expect(given[0].bits == given[1].bits);
        expect(str_equal(written(context, record, quick), told));
    }
}

/* Whether the server would take it as a part of a request target. */
static bool is_target(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f || text.ptr[i] == '#') {
            return false;
        }
    }
    return true;
}

static void check_query(const struct json_context *context, const struct record *record,
                        struct str text)
{
    void *object = arena_alloc(context->arena, record->size);
    struct presence given = {0};
    if (record_from_query(context, record, text, object, &given) != OK) {
        expect(context->problem->field[0] != '\0' || context->problem->message[0] != '\0');
        expect(str_is_utf8(str_from(context->problem->message)));
        return;
    }
    (void)written(context, record, object);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct route *routes = NULL;
    size_t count = routes_all(&routes);
    if (size < 2) {
        return 0;
    }
    const struct record *record = routes[bytes[0] % count].input;
    struct arena *arena = arena_new();
    struct problem problem = {0};
    struct json_context context = {.arena = arena,
                                   .id_key = {1, 2},
                                   .problem = &problem,
                                   .is_partial = (bytes[1] & 1) != 0,
                                   .decode = decode};
    struct str text = {(const char *)bytes + 2, size - 2};
    if (record->field_count > 0) {
        check_body(&context, record, text);
    }
    if (record->field_count > 0 && is_target(text)) {
        check_query(&context, record, text);
    }
    arena_free(&arena);
    return 0;
}
