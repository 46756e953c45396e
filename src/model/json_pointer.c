#include "model/json_pointer.h"

bool json_pointer_is_valid(struct str pointer)
{
    if (pointer.len > 0 && pointer.ptr[0] != '/') {
        return false;
    }
    for (size_t i = 0; i < pointer.len; i++) {
        bool is_escape = pointer.ptr[i] == '~';
        char next = i + 1 < pointer.len ? pointer.ptr[i + 1] : '\0';
        if (is_escape && next != '0' && next != '1') {
            return false;
        }
    }
    return true;
}

/* Whether a name is what a piece of a pointer, with its escapes, stands for. */
static bool is_named(struct str name, struct str piece)
{
    size_t at = 0;
    for (size_t i = 0; i < piece.len; i++) {
        char byte = piece.ptr[i];
        if (byte == '~') {
            i++;
            byte = piece.ptr[i] == '0' ? '~' : '/';
        }
        if (at >= name.len || name.ptr[at++] != byte) {
            return false;
        }
    }
    return at == name.len;
}

/* Decimal, without a sign or leading zeros; "-", the item behind the last, is nothing to be read.
 */
static bool read_index(struct str piece, size_t *out)
{
    enum { DIGITS_MAX = 9 };
    size_t index = 0;
    bool has_zero = piece.len > 1 && piece.ptr[0] == '0';
    if (piece.len == 0 || piece.len > DIGITS_MAX || has_zero) {
        return false;
    }
    for (size_t i = 0; i < piece.len; i++) {
        if (piece.ptr[i] < '0' || piece.ptr[i] > '9') {
            return false;
        }
        index = index * 10 + (size_t)(piece.ptr[i] - '0');
    }
    *out = index;
    return true;
}

static const struct json_node *step_into(const struct json_node *node, struct str piece)
{
    size_t index = 0;
    if (node->kind == JSON_KIND_ARRAY) {
        return read_index(piece, &index) ? json_tree_item(node, index) : NULL;
    }
    for (size_t i = 0; node->kind == JSON_KIND_OBJECT && i < node->count; i++) {
        if (is_named(node->items[i].name, piece)) {
            return &node->items[i];
        }
    }
    return NULL;
}

const struct json_node *json_pointer_find(const struct json_node *root, struct str pointer)
{
    if (!json_pointer_is_valid(pointer)) {
        return NULL;
    }
    const struct json_node *node = root;
    struct str rest = str_slice(pointer, 1, pointer.len);
    struct str piece = STR_NONE;
    if (pointer.len == 0) {
        return root;
    }
    while (node != NULL && str_split(&rest, '/', &piece)) {
        node = step_into(node, piece);
    }
    return node;
}
