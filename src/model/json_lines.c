#include "model/json_lines.h"

enum { VALUE_MAX = 2000, NAME_MAX_BYTES = 200 };

static bool is_control(char byte)
{
    return (unsigned char)byte < 0x20 || byte == 0x7f;
}

void json_add_clean(struct buf *out, struct str text, size_t max, bool keeps_lines)
{
    struct str shown = str_cut_utf8(text, max);
    for (size_t i = 0; i < shown.len; i++) {
        char byte = shown.ptr[i];
        bool stays = !is_control(byte) || (keeps_lines && byte == '\n');
        buf_add_byte(out, stays ? byte : ' ');
    }
    if (shown.len < text.len) {
        buf_add_text(out, "…");
    }
}

static bool is_among(const struct json_nodes *nodes, const struct json_node *node)
{
    for (size_t i = 0; nodes != NULL && i < nodes->count; i++) {
        if (nodes->items[i] == node) {
            return true;
        }
    }
    return false;
}

static struct str name_below(struct buf *out, struct str name, const struct json_node *item,
                             size_t index)
{
    struct str own = str_is_set(item->name) ? str_cut_utf8(item->name, NAME_MAX_BYTES)
                                            : arena_printf(out->arena, "%zu", index);
    return name.len == 0 ? own : arena_printf(out->arena, "%.*s.%.*s", STR_FMT(name), STR_FMT(own));
}

/* As deep as a body may nest (JSON_TREE_NESTING_MAX). */
void json_add_lines(struct buf *out, struct str name, const struct json_node *node,
                    const struct json_lines *how)
{
    if (node == NULL || out->len >= how->max || is_among(how->but, node)) {
        return;
    }
    bool is_nested = node->kind == JSON_KIND_OBJECT || node->kind == JSON_KIND_ARRAY;
    for (size_t i = 0; is_nested && i < node->count && out->len < how->max; i++) {
        json_add_lines(out, name_below(out, name, &node->items[i], i), &node->items[i], how);
    }
    if (is_nested || node->kind == JSON_KIND_NULL || node->text.len == 0) {
        return;
    }
    size_t room = how->max - out->len;
    json_add_clean(out, str_cut_utf8(name, NAME_MAX_BYTES), room, false);
    buf_add_text(out, name.len > 0 ? ": " : "");
    json_add_clean(out, node->text, room < VALUE_MAX ? room : VALUE_MAX, false);
    buf_add_byte(out, '\n');
}
