#include "channel/source.h"

#include "model/json_pointer.h"

/* The pointers "a|b|c" between braces, or of a text that is nothing else. */
static const struct json_node *first_of(struct str pointers, const struct json_node *root)
{
    struct str rest = pointers;
    struct str pointer = STR_NONE;
    while (str_split(&rest, '|', &pointer)) {
        const struct json_node *node = json_pointer_find(root, str_trim(pointer));
        if (node != NULL && node->kind != JSON_KIND_NULL) {
            return node;
        }
    }
    return NULL;
}

static bool pointers_are_valid(struct str pointers)
{
    struct str rest = pointers;
    struct str pointer = STR_NONE;
    while (str_split(&rest, '|', &pointer)) {
        struct str trimmed = str_trim(pointer);
        if (trimmed.len == 0 || !json_pointer_is_valid(trimmed)) {
            return false;
        }
    }
    return true;
}

/* A text that begins with a slash is pointers without braces. */
static bool is_bare(struct str text)
{
    return str_starts(text, STR("/"));
}

/* What stands between the braces, where the whole text is one pair of them. */
static struct str only_braces(struct str text)
{
    bool is_pair =
        text.len >= 2 && text.ptr[0] == '{' && str_find_byte(text, '}', 0) == text.len - 1;
    return is_pair ? str_slice(text, 1, text.len - 1) : STR_NONE;
}

const struct json_node *mapping_node(struct str text, const struct json_node *root)
{
    struct str pointers = is_bare(text) ? text : only_braces(text);
    return str_is_set(pointers) ? first_of(pointers, root) : NULL;
}

static bool is_text_valid(struct str text)
{
    if (is_bare(text)) {
        return pointers_are_valid(text);
    }
    for (size_t at = str_find_byte(text, '{', 0); at < text.len;
         at = str_find_byte(text, '{', at)) {
        size_t end = str_find_byte(text, '}', at);
        if (end >= text.len || !pointers_are_valid(str_slice(text, at + 1, end))) {
            return false;
        }
        at = end;
    }
    return true;
}

enum err mapping_check(const struct source_mapping *mapping, struct problem *problem)
{
    const struct {
        const char *field;
        struct str text;
    } texts[] = {
        {"mapping.title", mapping->title},        {"mapping.severity", mapping->severity},
        {"mapping.dedupKey", mapping->dedup_key}, {"mapping.status", mapping->status},
        {"mapping.details", mapping->details},
    };
    bool has_items = str_is_set(mapping->items);
    if (has_items && !json_pointer_is_valid(mapping->items)) {
        return problem_set(problem, E_INVALID, "mapping.items",
                           "must be a JSON pointer such as /events");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        if (str_is_set(texts[i].text) && !is_text_valid(texts[i].text)) {
            return problem_set(problem, E_INVALID, texts[i].field,
                               "must be a JSON pointer such as /check/name, or text with pointers "
                               "in braces such as {/host}: {/check|/name}");
        }
    }
    return OK;
}

static bool add_node(struct buf *out, const struct json_node *node, struct json_nodes *used)
{
    bool has_text = node != NULL && node->kind != JSON_KIND_OBJECT &&
                    node->kind != JSON_KIND_ARRAY && node->text.len > 0;
    if (!has_text) {
        return false;
    }
    buf_add(out, node->text);
    if (used->count < JSON_NODES_MAX) {
        used->items[used->count++] = node;
    }
    return true;
}

struct str mapping_fill(struct str text, const struct json_node *root, struct arena *arena,
                        struct json_nodes *used)
{
    struct buf out = {.arena = arena};
    bool asks = false;
    bool has_any = false;
    size_t at = 0;
    if (is_bare(text)) {
        return add_node(&out, first_of(text, root), used) ? buf_str(&out) : STR_NONE;
    }
    while (at < text.len) {
        size_t open = str_find_byte(text, '{', at);
        buf_add(&out, str_slice(text, at, open));
        if (open >= text.len) {
            break;
        }
        size_t end = str_find_byte(text, '}', open);
        asks = true;
        has_any |= add_node(&out, first_of(str_slice(text, open + 1, end), root), used);
        at = end + 1;
    }
    return has_any || !asks ? buf_str(&out) : STR_NONE;
}
