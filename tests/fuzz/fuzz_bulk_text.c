/* fuzz_bulk_text: any bytes as the body of a bulk request. The pieces lie in it, one behind the
 * other; and of what is JSON they are the items, each JSON by itself. */
#include "model/json_tree.h"
#include "service/bulk_text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_pieces(struct arena *arena, const struct bulk_text *text)
{
    const char *end = text->body.ptr + text->body.len;
    const char *last = text->body.ptr;
    int64_t line = 0;
    for (size_t i = 0; i < text->count; i++) {
        const struct bulk_piece *piece = &text->pieces[i];
        assert(piece->text.ptr >= last && piece->text.ptr + piece->text.len <= end);
        assert(piece->line > line);
        last = piece->text.ptr + piece->text.len;
        line = piece->line;
        struct str placed = bulk_text_piece_in_place(arena, text, piece);
        assert(placed.len <= text->body.len && str_ends(placed, piece->text));
    }
    assert(text->first <= text->last && text->last <= text->body.len);
}

static const struct json_node *items_of(const struct json_node *root)
{
    const struct json_node *calls = json_tree_member(root, "calls");
    return root->kind == JSON_KIND_ARRAY ? root : calls;
}

static void check_json(struct arena *arena, const struct bulk_text *text)
{
    const struct json_node *root = NULL;
    const struct json_node *piece = NULL;
    if (json_tree_read(arena, text->body, &root) != OK || text->form == BULK_LINES) {
        return;
    }
    const struct json_node *items = items_of(root);
    for (size_t i = 0; i < text->count; i++) {
        assert(json_tree_read(arena, text->pieces[i].text, &piece) == OK);
    }
    bool is_list = text->form == BULK_LIST;
    assert(!is_list || (items != NULL && items->count == text->count));
    if (text->form == BULK_OBJECT && text->body.len < BULK_REST_BYTES_MAX) {
        assert(json_tree_read(arena, text->rest, &piece) == OK);
        struct str placed = bulk_text_rest_in_place(arena, text);
        assert(json_tree_read(arena, placed, &piece) == OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    struct str body = {(const char *)bytes, length};
    for (int is_lines = 0; is_lines < 2; is_lines++) {
        struct bulk_text text;
        struct problem problem = {0};
        enum err err = bulk_text_read(arena, body, is_lines == 1, &text, &problem);
        assert(err == OK ||
               ((err == E_INVALID || err == E_TIMEZONE) && problem.message[0] != '\0'));
        if (err == OK) {
            check_pieces(arena, &text);
            check_json(arena, &text);
        }
    }
    arena_free(&arena);
    return 0;
}
