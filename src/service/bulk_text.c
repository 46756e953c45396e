#include "service/bulk_text.h"

#include "base/buf.h"

/* A place in the body. */
struct scan {
    struct str text;
    size_t at;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->text.len && is_space(scan->text.ptr[scan->at])) {
        scan->at++;
    }
}

static bool is_at(const struct scan *scan, char c)
{
    return scan->at < scan->text.len && scan->text.ptr[scan->at] == c;
}

/* From the quote that begins a string to behind the one that ends it, or to the end of all. */
static void skip_string(struct scan *scan)
{
    size_t first = scan->at + 1;
    for (scan->at = first;; scan->at++) {
        scan->at = str_find_byte(scan->text, '"', scan->at);
        size_t escapes = scan->at;
        while (escapes > first && scan->text.ptr[escapes - 1] == '\\') {
            escapes--;
        }
        if (scan->at == scan->text.len || (scan->at - escapes) % 2 == 0) {
            break;
        }
    }
    scan->at += scan->at < scan->text.len;
}

/* To the comma or bracket that ends what begins here, or to the end of all. */
static void skip_value(struct scan *scan)
{
    int depth = 0;
    while (scan->at < scan->text.len) {
        char c = scan->text.ptr[scan->at];
        if (c == '"') {
            skip_string(scan);
            continue;
        }
        bool opens = c == '{' || c == '[';
        bool closes = c == '}' || c == ']';
        if (depth == 0 && (closes || c == ',')) {
            return;
        }
        depth += opens ? 1 : closes ? -1 : 0;
        scan->at++;
    }
}

static enum err too_many(struct problem *problem)
{
    return problem_set(problem, E_INVALID, "calls", "there must be from 1 to %d calls",
                       BULK_CALLS_MAX);
}

static enum err add_piece(struct bulk_text *out, struct str text, int64_t line,
                          struct problem *problem)
{
    if (out->count == BULK_CALLS_MAX) {
        return too_many(problem);
    }
    out->pieces[out->count++] = (struct bulk_piece){text, line};
    return OK;
}

static enum err no_end(struct problem *problem)
{
    return problem_set(problem, E_INVALID, NULL,
                       "The body is not valid JSON: the list of calls does not end");
}

/* From the bracket that begins the list to behind the one that ends it. */
static enum err read_list(struct scan *scan, struct bulk_text *out, struct problem *problem)
{
    scan->at++;
    skip_space(scan);
    if (is_at(scan, ']')) {
        scan->at++;
        return OK;
    }
    for (;;) {
        skip_space(scan);
        size_t first = scan->at;
        skip_value(scan);
        /* An empty one, too, has its place. */
        struct str piece = {scan->text.ptr + first, scan->at - first};
        TRY(add_piece(out, piece, (int64_t)out->count + 1, problem));
        if (is_at(scan, ',')) {
            scan->at++;
        } else if (is_at(scan, ']')) {
            scan->at++;
            return OK;
        } else {
            return no_end(problem);
        }
    }
}

/* Leaves the scan at the bracket that begins the list. False where there is none: then whoever
 * reads the whole as JSON says why. */
static bool find_calls(struct scan *scan)
{
    scan->at++;
    for (;;) {
        skip_space(scan);
        if (!is_at(scan, '"')) {
            return false;
        }
        size_t first = scan->at;
        skip_string(scan);
        struct str name = str_slice(scan->text, first, scan->at);
        skip_space(scan);
        if (!is_at(scan, ':')) {
            return false;
        }
        scan->at++;
        skip_space(scan);
        if (str_equal(name, STR("\"calls\"")) && is_at(scan, '[')) {
            return true;
        }
        skip_value(scan);
        if (!is_at(scan, ',')) {
            return false;
        }
        scan->at++;
    }
}

static enum err read_object(struct arena *arena, struct bulk_text *out, struct problem *problem)
{
    struct scan scan = {.text = out->body};
    struct buf rest = {.arena = arena};
    skip_space(&scan);
    out->first = out->last = scan.text.len;
    if (is_at(&scan, '{') && find_calls(&scan)) {
        out->first = scan.at;
        TRY(read_list(&scan, out, problem));
        out->last = scan.at;
    }
    struct str before = str_slice(out->body, 0, out->first);
    struct str after = str_slice(out->body, out->last, out->body.len);
    if (before.len + after.len > BULK_REST_BYTES_MAX) {
        before = str_trim(before);
        after = str_trim(after);
    }
    if (before.len + after.len > BULK_REST_BYTES_MAX) {
        return problem_set(problem, E_INVALID, NULL, "All but calls must be at most %d bytes",
                           BULK_REST_BYTES_MAX);
    }
    buf_add(&rest, before);
    buf_add_text(&rest, out->first < out->last ? "[]" : "");
    buf_add(&rest, after);
    out->rest = buf_str(&rest);
    return OK;
}

static enum err read_alone(struct bulk_text *out, struct problem *problem)
{
    struct scan scan = {.text = out->body};
    skip_space(&scan);
    TRY(read_list(&scan, out, problem));
    skip_space(&scan);
    return scan.at == scan.text.len
               ? OK
               : problem_set(problem, E_INVALID, NULL,
                             "The body is not valid JSON: something follows the list of calls");
}

static enum err read_lines(struct bulk_text *out, struct problem *problem)
{
    struct str rest = out->body;
    struct str line = STR_NONE;
    for (int64_t number = 1; str_split(&rest, '\n', &line); number++) {
        bool is_blank = str_trim(line).len == 0;
        TRY(is_blank ? OK : add_piece(out, line, number, problem));
    }
    return OK;
}

enum err bulk_text_read(struct arena *arena, struct str body, bool is_lines, struct bulk_text *out,
                        struct problem *problem)
{
    struct str mark = STR("\xEF\xBB\xBF");
    *out = (struct bulk_text){.body = body};
    if (str_starts(body, mark)) {
        out->body = str_slice(body, mark.len, body.len);
    }
    struct scan start = {.text = out->body};
    skip_space(&start);
    out->form = is_lines ? BULK_LINES : is_at(&start, '[') ? BULK_LIST : BULK_OBJECT;
    out->pieces = ARENA_NEW_ARRAY(arena, struct bulk_piece, BULK_CALLS_MAX);
    if (out->form == BULK_OBJECT) {
        return read_object(arena, out, problem);
    }
    TRY(out->form == BULK_LINES ? read_lines(out, problem) : read_alone(out, problem));
    return out->count > 0 ? OK : too_many(problem);
}

/* The text with white space for what stands in [from, to): one column for each
 * character, however many bytes it has. */
static struct str blanked(struct arena *arena, struct str text, size_t from, size_t to)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_blank = i >= from && i < to;
        bool is_continued = ((unsigned char)text.ptr[i] & 0xC0) == 0x80;
        if (!is_blank) {
            out[len++] = text.ptr[i];
        } else if (!is_continued) {
            out[len++] = text.ptr[i] == '\n' ? '\n' : ' ';
        }
    }
    return (struct str){out, len};
}

struct str bulk_text_piece_in_place(struct arena *arena, const struct bulk_text *text,
                                    const struct bulk_piece *piece)
{
    size_t before = (size_t)(piece->text.ptr - text->body.ptr);
    struct str part = str_slice(text->body, 0, before + piece->text.len);
    return blanked(arena, part, 0, before);
}

struct str bulk_text_rest_in_place(struct arena *arena, const struct bulk_text *text)
{
    return text->first < text->last ? blanked(arena, text->body, text->first + 1, text->last - 1)
                                    : text->body;
}
