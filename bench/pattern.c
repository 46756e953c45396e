#include "bench/pattern.h"

static const struct duration length = SECONDS_INIT(1800);

static void add_time(struct buf *out, struct instant at)
{
    char text[INSTANT_TEXT_MAX];
    buf_add(out, instant_format(at, text));
}

static struct instant start_of(const struct pattern *pattern, int64_t item)
{
    int64_t place = pattern->cycle > 0 ? item % pattern->cycle : item;
    return instant_add(pattern->first, MICROSECONDS(place * pattern->step.us));
}

/* What is being written: the number of the request, and of the item where there is one. */
struct place {
    const struct pattern *pattern;
    int64_t number;
    int64_t item;
};

static void add_items(const struct place *place, struct buf *out);

/* What stands before the tab of the request's line, or after it. */
static struct str id_of(const struct place *place, bool is_second)
{
    const struct pattern *pattern = place->pattern;
    struct str line = pattern->ids[(size_t)place->number % pattern->id_count];
    size_t tab = str_find_byte(line, '\t', 0);
    return is_second ? str_slice(line, tab == line.len ? tab : tab + 1, line.len)
                     : str_slice(line, 0, tab);
}

static bool add_word(const struct place *place, struct str word, struct buf *out)
{
    const struct pattern *pattern = place->pattern;
    struct instant start = start_of(pattern, place->item);
    if (str_equal_text(word, "n")) {
        buf_add_int(out, place->number);
    } else if (str_equal_text(word, "m")) {
        buf_add_int(out, place->item);
    } else if (str_equal_text(word, "id") && pattern->id_count > 0) {
        buf_add(out, id_of(place, false));
    } else if (str_equal_text(word, "id2") && pattern->id_count > 0) {
        buf_add(out, id_of(place, true));
    } else if (str_equal_text(word, "start")) {
        add_time(out, start);
    } else if (str_equal_text(word, "end")) {
        add_time(out, instant_add(start, length));
    } else if (str_equal_text(word, "items")) {
        add_items(place, out);
    } else {
        return false;
    }
    return true;
}

/* JSON is full of braces: what is no word of ours stays as it is. */
static void add_text(const struct place *place, struct str text, struct buf *out)
{
    size_t at = 0;
    while (at < text.len) {
        size_t open = str_find_byte(text, '{', at);
        buf_add(out, str_slice(text, at, open));
        if (open == text.len) {
            return;
        }
        size_t close = str_find_byte(text, '}', open);
        at = close + 1;
        if (close == text.len || !add_word(place, str_slice(text, open + 1, close), out)) {
            buf_add_byte(out, '{');
            at = open + 1;
        }
    }
}

static void add_items(const struct place *place, struct buf *out)
{
    const struct pattern *pattern = place->pattern;
    for (int64_t i = 0; i < pattern->items_each; i++) {
        struct place item = *place;
        item.item = place->number * pattern->items_each + i;
        if (i > 0) {
            buf_add_byte(out, ',');
        }
        add_text(&item, pattern->item, out);
    }
}

void pattern_request(const struct pattern *pattern, struct str key, int64_t number, struct buf *out)
{
    struct place place = {pattern, number, number};
    struct buf body = {0};
    bool has_body = str_is_set(pattern->body);
    if (has_body) {
        add_text(&place, pattern->body, &body);
    }
    buf_add_text(out, has_body ? "POST " : "GET ");
    add_text(&place, pattern->path, out);
    buf_printf(out, " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %.*s\r\n", STR_FMT(key));
    if (has_body) {
        buf_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.len);
    }
    buf_add_text(out, "\r\n");
    buf_add(out, buf_str(&body));
    buf_free(&body);
}
