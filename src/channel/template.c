#include "channel/template.h"

#include <assert.h>

struct placeholder_row {
    const char *name;
    const char *doc;
};

static const struct placeholder_row placeholders[PLACEHOLDER_COUNT] = {
#define TEXT_KEY(name, parts, keys, asks, doc)
#define TEXT(language, key, part, text)
#define WORD(language, name, text)
#define PLACEHOLDER(name, text, doc) [PLACEHOLDER_##name] = {text, doc},
#include "channel/texts.def"
#undef TEXT_KEY
#undef TEXT
#undef WORD
#undef PLACEHOLDER
};

const char *placeholder_name(enum placeholder placeholder)
{
    assert(placeholder < PLACEHOLDER_COUNT);
    return placeholders[placeholder].name;
}

const char *placeholder_doc(enum placeholder placeholder)
{
    assert(placeholder < PLACEHOLDER_COUNT);
    return placeholders[placeholder].doc;
}

/* PLACEHOLDER_COUNT for an unknown one. */
static enum placeholder find_placeholder(struct str name)
{
    for (int i = 0; i < PLACEHOLDER_COUNT; i++) {
        if (str_equal_text(name, placeholders[i].name)) {
            return (enum placeholder)i;
        }
    }
    return PLACEHOLDER_COUNT;
}

/* The text before a placeholder, and its name: absent behind the last one. */
struct piece {
    struct str before;
    struct str name;
    bool is_unclosed;
};

static bool next_piece(struct str *rest, struct piece *out)
{
    if (rest->len == 0) {
        return false;
    }
    size_t open = str_find(*rest, STR("{{"));
    *out = (struct piece){.before = str_slice(*rest, 0, open), .name = STR_NONE};
    if (open == rest->len) {
        *rest = STR_NONE;
        return true;
    }
    struct str inside = str_slice(*rest, open + 2, rest->len);
    size_t close = str_find(inside, STR("}}"));
    out->name = str_trim(str_slice(inside, 0, close));
    out->is_unclosed = close == inside.len;
    *rest = str_slice(inside, close + 2, inside.len);
    return true;
}

enum err template_check(struct str template, struct problem *problem)
{
    if (!str_is_utf8(template)) {
        return problem_set(problem, E_INVALID, "template", "It must be UTF-8 without NUL.");
    }
    struct str lines = template;
    struct str line = STR_NONE;
    struct piece piece;
    while (str_split(&lines, '\n', &line)) {
        while (next_piece(&line, &piece)) {
            if (piece.is_unclosed) {
                return problem_set(problem, E_INVALID, "template",
                                   "\"{{%.*s\" is not closed on its line.",
                                   STR_FMT(str_cut_utf8(piece.name, 40)));
            }
            if (str_is_set(piece.name) && find_placeholder(piece.name) == PLACEHOLDER_COUNT) {
                return problem_set(problem, E_INVALID, "template",
                                   "There is no placeholder {{%.*s}}.",
                                   STR_FMT(str_cut_utf8(piece.name, 40)));
            }
        }
    }
    return OK;
}

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void template_add_escaped(struct buf *out, struct str text)
{
    size_t kept = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *entity = entity_of(text.ptr[i]);
        if (entity != NULL) {
            buf_add(out, str_slice(text, kept, i));
            buf_add_text(out, entity);
            kept = i + 1;
        }
    }
    buf_add(out, str_slice(text, kept, text.len));
}

static struct str value_of(struct str name, const struct template_values *values)
{
    enum placeholder placeholder = find_placeholder(name);
    return placeholder == PLACEHOLDER_COUNT ? STR_NONE : values->value[placeholder];
}

static bool has_all_values(struct str line, const struct template_values *values)
{
    struct piece piece;
    while (next_piece(&line, &piece)) {
        if (str_is_set(piece.name) && !str_is_set(value_of(piece.name, values))) {
            return false;
        }
    }
    return true;
}

static void fill_line(struct buf *out, struct str line, const struct template_values *values,
                      bool as_html)
{
    struct piece piece;
    while (next_piece(&line, &piece)) {
        buf_add(out, piece.before);
        struct str value = str_is_set(piece.name) ? value_of(piece.name, values) : STR_NONE;
        if (as_html) {
            template_add_escaped(out, value);
        } else {
            buf_add(out, value);
        }
    }
}

void template_fill(struct buf *out, struct str template, const struct template_values *values,
                   bool as_html)
{
    struct str line = STR_NONE;
    bool is_first = true;
    bool after_blank =
        true; /* Of several blank lines in a row, which left-out lines leave behind, one stays. */
    while (str_split(&template, '\n', &line)) {
        bool is_blank = str_trim(line).len == 0;
        if ((is_blank && after_blank) || !has_all_values(line, values)) {
            continue;
        }
        buf_add_text(out, is_first ? "" : "\n");
        fill_line(out, line, values, as_html);
        is_first = false;
        after_blank = is_blank;
    }
}
