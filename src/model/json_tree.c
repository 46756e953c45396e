#include "model/json_tree.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool copy_value(struct arena *arena, json_t *value, size_t depth, struct json_node *out);

static bool copy_array(struct arena *arena, json_t *array, size_t depth, struct json_node *out)
{
    size_t count = json_array_size(array);
    struct json_node *items = ARENA_NEW_ARRAY(arena, struct json_node, count);
    for (size_t i = 0; i < count; i++) {
        if (!copy_value(arena, json_array_get(array, i), depth + 1, &items[i])) {
            return false;
        }
    }
    out->items = items;
    out->count = count;
    return true;
}

static bool copy_object(struct arena *arena, json_t *object, size_t depth, struct json_node *out)
{
    struct json_node *items = ARENA_NEW_ARRAY(arena, struct json_node, json_object_size(object));
    size_t count = 0;
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        if (!copy_value(arena, json_object_iter_value(at), depth + 1, &items[count])) {
            return false;
        }
        items[count++].name = arena_str(arena, str_from(json_object_iter_key(at)));
    }
    assert(count == json_object_size(object));
    out->items = items;
    out->count = count;
    return true;
}

/* A number as JSON writes it, whatever the process's locale is. */
static struct str number_text(struct arena *arena, const json_t *value)
{
    enum { DIGITS = 15 };
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS));
    struct str copy = arena_str(arena, str_from(text));
    free(text);
    return copy;
}

static bool copy_value(struct arena *arena, json_t *value, size_t depth, struct json_node *out)
{
    if (depth > JSON_TREE_NESTING_MAX) {
        return false;
    }
    switch (json_typeof(value)) {
    case JSON_NULL:
        out->kind = JSON_KIND_NULL;
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        out->kind = JSON_KIND_BOOL;
        out->text = json_is_true(value) ? STR("true") : STR("false");
        return true;
    case JSON_INTEGER:
    case JSON_REAL:
        out->kind = JSON_KIND_NUMBER;
        out->text = number_text(arena, value);
        return true;
    case JSON_STRING:
        out->kind = JSON_KIND_TEXT;
        out->text =
            arena_str(arena, (struct str){json_string_value(value), json_string_length(value)});
        return true;
    case JSON_ARRAY:
        out->kind = JSON_KIND_ARRAY;
        return copy_array(arena, value, depth, out);
    case JSON_OBJECT:
        out->kind = JSON_KIND_OBJECT;
        return copy_object(arena, value, depth, out);
    }
    return false;
}

enum err json_tree_read(struct arena *arena, struct str text, const struct json_node **out)
{
    json_error_t error;
    *out = NULL;
    if (text.len == 0) {
        return E_INVALID;
    }
    json_t *root = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (root == NULL && json_error_code(&error) == json_error_numeric_overflow) {
        /* Others write whole numbers of any length; a rounded one is better than none. */
        root = json_loadb(text.ptr, text.len,
                          JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    }
    if (root == NULL) {
        return E_INVALID;
    }
    struct json_node *copy = ARENA_NEW(arena, struct json_node);
    bool is_copied = copy_value(arena, root, 0, copy);
    json_decref(root);
    *out = is_copied ? copy : NULL;
    return is_copied ? OK : E_INVALID;
}

const struct json_node *json_tree_member(const struct json_node *node, const char *name)
{
    if (node == NULL || node->kind != JSON_KIND_OBJECT) {
        return NULL;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (str_equal_text(node->items[i].name, name)) {
            return &node->items[i];
        }
    }
    return NULL;
}

const struct json_node *json_tree_item(const struct json_node *node, size_t index)
{
    bool has_it = node != NULL && node->kind == JSON_KIND_ARRAY && index < node->count;
    return has_it ? &node->items[index] : NULL;
}

struct str json_tree_text(const struct json_node *node, const char *name)
{
    const struct json_node *member = json_tree_member(node, name);
    bool has_text =
        member != NULL && (member->kind == JSON_KIND_TEXT || member->kind == JSON_KIND_NUMBER);
    return has_text ? member->text : STR_NONE;
}

bool json_tree_int(const struct json_node *node, const char *name, int64_t *out)
{
    struct str text = json_tree_text(node, name);
    return str_is_set(text) && str_to_int(text, out) == OK;
}
