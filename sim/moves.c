#include "sim/moves.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 10000000 };

static const char letters[MOVE_KIND_COUNT + 1] = "afp";

struct moves moves_none(int64_t steps)
{
    struct moves moves = {calloc((size_t)steps + 1, 1), steps};
    if (moves.kept == NULL) {
        abort();
    }
    return moves;
}

struct moves moves_copy(const struct moves *moves)
{
    assert(moves->kept != NULL);
    struct moves copy = moves_none(moves->steps);
    memcpy(copy.kept, moves->kept, (size_t)moves->steps + 1);
    return copy;
}

void moves_free(struct moves *moves)
{
    free(moves->kept);
    *moves = (struct moves){0};
}

bool moves_has(const struct moves *moves, enum move_kind kind, int64_t step)
{
    return moves->kept == NULL || (step <= moves->steps && (moves->kept[step] >> kind & 1) != 0);
}

void moves_set(struct moves *moves, enum move_kind kind, int64_t step, bool happens)
{
    assert(moves->kept != NULL && step >= 1 && step <= moves->steps);
    unsigned char bit = (unsigned char)(1U << kind);
    moves->kept[step] =
        (unsigned char)(happens ? moves->kept[step] | bit : moves->kept[step] & ~bit);
}

int64_t moves_count(const struct moves *moves, enum move_kind kind)
{
    int64_t count = 0;
    for (int64_t step = 1; step <= moves->steps; step++) {
        count += moves_has(moves, kind, step);
    }
    return count;
}

static void print_kind(const struct moves *moves, enum move_kind kind, struct buf *out)
{
    for (int64_t step = 1; step <= moves->steps; step++) {
        if (!moves_has(moves, kind, step)) {
            continue;
        }
        int64_t last = step;
        while (moves_has(moves, kind, last + 1)) {
            last++;
        }
        buf_printf(out, "%s%c%lld", buf_str(out).len == 0 ? "" : ",", letters[kind],
                   (long long)step);
        if (last > step) {
            buf_printf(out, "-%lld", (long long)last);
        }
        step = last;
    }
}

void moves_print(const struct moves *moves, struct buf *out)
{
    for (int kind = 0; kind < MOVE_KIND_COUNT; kind++) {
        print_kind(moves, (enum move_kind)kind, out);
    }
}

struct range {
    enum move_kind kind;
    int64_t first;
    int64_t last;
};

static enum err read_range(struct str text, struct range *out)
{
    size_t dash = str_find_byte(text, '-', 0);
    const char *letter = text.len > 1 ? memchr(letters, text.ptr[0], MOVE_KIND_COUNT) : NULL;
    if (letter == NULL || str_to_int(str_slice(text, 1, dash), &out->first) != OK) {
        return E_INVALID;
    }
    out->kind = (enum move_kind)(letter - letters);
    out->last = out->first;
    if (dash < text.len && str_to_int(str_slice(text, dash + 1, text.len), &out->last) != OK) {
        return E_INVALID;
    }
    return out->first >= 1 && out->last >= out->first && out->last <= STEPS_MAX ? OK : E_INVALID;
}

static enum err each_range(struct str text, struct moves *out)
{
    for (size_t at = 0; at < text.len;) {
        size_t comma = str_find_byte(text, ',', at);
        struct range range;
        TRY(read_range(str_slice(text, at, comma), &range));
        if (out->kept == NULL) {
            out->steps = range.last > out->steps ? range.last : out->steps;
        }
        for (int64_t step = range.first; out->kept != NULL && step <= range.last; step++) {
            moves_set(out, range.kind, step, true);
        }
        at = comma + 1;
    }
    return OK;
}

/* Once to know how many steps there are, and once to take them. */
enum err moves_read(struct str text, struct moves *out)
{
    struct moves sizes = {0};
    *out = (struct moves){0};
    TRY(each_range(text, &sizes));
    *out = moves_none(sizes.steps);
    return each_range(text, out);
}
