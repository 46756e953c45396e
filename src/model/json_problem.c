#include "model/json_problem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* A path is written longer than a problem's field, and cut between characters. */
enum { PATH_TEXT_MAX = sizeof(((struct problem *)NULL)->field) + 4, NAME_MAX_COMPARED = 40 };

/* "events[3].startsAt", cut where it is too long. */
static void write_path(const struct json_path *path, char out[static PATH_TEXT_MAX])
{
    const struct json_path *frames[JSON_PATH_FRAMES_MAX];
    size_t count = 0;
    for (const struct json_path *frame = path; frame != NULL; frame = frame->parent) {
        assert(count < JSON_PATH_FRAMES_MAX);
        frames[count++] = frame;
    }
    size_t len = 0;
    out[0] = '\0';
    while (count > 0 && len < PATH_TEXT_MAX) {
        const struct json_path *frame = frames[--count];
        char *at = out + len;
        size_t room = PATH_TEXT_MAX - len;
        struct str name = frame->name.len > 0 ? frame->name : STR("\"\"");
        int added = str_is_set(frame->name)
                        ? snprintf(at, room, "%s%.*s", len == 0 ? "" : ".", STR_FMT(name))
                        : snprintf(at, room, "[%zu]", frame->index);
        len += added < 0 ? room : (size_t)added;
    }
    /* It stands in the middle of a sentence, too: no character is cut. */
    if (len >= PATH_TEXT_MAX) {
        out[str_cut_utf8(str_from(out), PATH_TEXT_MAX - 4).len] = '\0';
    }
}

enum err json_refuse(const struct json_context *context, const struct json_path *path,
                     const char *format, ...)
{
    if (context->problem == NULL) {
        return E_INVALID;
    }
    char where[PATH_TEXT_MAX];
    char what[sizeof context->problem->message];
    write_path(path, where);
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return problem_set(context->problem, E_INVALID, where, "%s %s",
                       where[0] == '\0' ? "The body" : where, what);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be added, dropped, replaced or swapped with their neighbour to get from one
 * to the other; case does not count. Both are at most NAME_MAX_COMPARED long. */
static size_t edit_distance(struct str a, struct str b)
{
    /* Three rows of the usual table of prefixes: the one before the last, the last, and the present
     * one. */
    size_t rows[3][NAME_MAX_COMPARED + 1] = {{0}};
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = lower(a.ptr[i - 1]);
            char y = lower(b.ptr[j - 1]);
            now[j] = least(last[j - 1] + (x != y), least(last[j], now[j - 1]) + 1);
            bool is_swap = i > 1 && j > 1 && x == lower(b.ptr[j - 2]) && lower(a.ptr[i - 2]) == y;
            now[j] = is_swap ? least(now[j], before[j - 2] + 1) : now[j];
        }
    }
    return rows[a.len % 3][b.len];
}

void name_search_offer(struct name_search *search, struct str candidate)
{
    size_t len = search->given.len;
    if (len == 0 || len > NAME_MAX_COMPARED || candidate.len > NAME_MAX_COMPARED) {
        return;
    }
    size_t allowed = len <= 3 ? 1 : len <= 7 ? 2 : 3;
    size_t distance = edit_distance(search->given, candidate);
    if (distance <= allowed && distance < candidate.len &&
        (!str_is_set(search->nearest) || distance < search->distance)) {
        search->nearest = candidate;
        search->distance = distance;
    }
}
