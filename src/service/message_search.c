#include "service/message_internal.h"

/* What is shown of an address, and so what of it may be looked for: model/json_write masks the
 * rest. */
enum { TAIL_CHARS_MAX = 4, ADDRESS_CHARS_MIN = 8, NUMBER_DIGITS_MIN = 8 };

struct search {
    struct str words[MESSAGE_SEARCH_WORDS];
    size_t count;
};

static bool contains_nocase(struct str text, struct str word)
{
    for (size_t at = 0; at + word.len <= text.len; at++) {
        if (str_equal_nocase(str_slice(text, at, at + word.len), word)) {
            return true;
        }
    }
    return false;
}

/* "+34 600-000 101" as addresses have it; absent where it is no whole number. */
static struct str number_in(struct arena *arena, struct str text)
{
    struct str separators = STR(" -().");
    struct buf number = {.arena = arena};
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (c != '+' || i > 0) && !str_contains(separators, (struct str){&c, 1})) {
            return STR_NONE;
        }
        if (is_digit || c == '+') {
            buf_add_byte(&number, c);
        }
        digits += is_digit;
    }
    return digits >= NUMBER_DIGITS_MIN ? buf_str(&number) : STR_NONE;
}

/* Addresses are shown as "****0101": the stars are for no letter. */
static struct str without_stars(struct str word)
{
    size_t stars = 0;
    while (stars < word.len && word.ptr[stars] == '*') {
        stars++;
    }
    return str_slice(word, stars, word.len);
}

static enum err search_read(struct op *op, struct str text, struct search *out)
{
    struct str number = number_in(op->arena, text);
    struct str rest = str_is_set(number) ? number : text;
    struct str word;
    while (str_split(&rest, ' ', &word)) {
        word = without_stars(word);
        if (word.len == 0) {
            continue;
        }
        if (out->count == MESSAGE_SEARCH_WORDS) {
            return op_fail(op, E_INVALID, "text", "at most 8 words are looked for");
        }
        out->words[out->count++] = word;
    }
    return out->count > 0 ? OK
                          : op_fail(op, E_INVALID, "text", "has no word that could be looked for");
}

static bool is_address(struct str address, struct str word)
{
    bool has_plus = address.len > 0 && address.ptr[0] == '+' && word.ptr[0] != '+';
    bool is_tail = word.len <= TAIL_CHARS_MAX && address.len >= ADDRESS_CHARS_MIN;
    struct str number = str_slice(address, has_plus ? 1 : 0, address.len);
    struct str tail = str_slice(address, is_tail ? address.len - word.len : 0, address.len);
    return str_equal_nocase(number, word) || (is_tail && str_equal_nocase(tail, word));
}

static bool row_has(const struct message *message, struct str word)
{
    const struct str fields[] = {
        message->subject_line,
        message->provider,
        message->provider_id,
        message->provider_state,
        message->code,
        message->error,
        str_from(enum_name(&message_state_names, message->state)),
        str_from(enum_name(&channel_names, message->channel)),
        message->category == 0 ? STR_NONE
                               : str_from(enum_name(&failure_category_names, message->category)),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        if (contains_nocase(fields[i], word)) {
            return true;
        }
    }
    return is_address(message->recipient, word);
}

/* The texts, which stand in another row, are read only where the message's own row lacks a word. */
static enum err has_words(struct op *op, const struct search *search, struct message *message,
                          bool *out)
{
    struct str lacking[MESSAGE_SEARCH_WORDS];
    size_t count = 0;
    for (size_t i = 0; i < search->count; i++) {
        if (!row_has(message, search->words[i])) {
            lacking[count++] = search->words[i];
        }
    }
    *out = true;
    if (count == 0) {
        return OK;
    }
    TRY(message_shown_words(op, message));
    for (size_t i = 0; i < count && *out; i++) {
        *out = contains_nocase(message->text, lacking[i]);
    }
    return OK;
}

static bool is_of_page(const struct message_page *page, const struct message *message)
{
    return (!id_is_set(page->user) || message->user_id.value == page->user.value) &&
           (!id_is_set(page->subject) || message->subject_id.value == page->subject.value) &&
           (page->channel == 0 || message->channel == page->channel);
}

/* By an id, ours or the provider's, which indexes know. */
static enum err find_named(struct op *op, struct str name, const struct message_page *page,
                           struct list *out)
{
    struct message *own = ARENA_NEW(op->arena, struct message);
    struct id id;
    TRY(messages_named(op->db, op->arena, name, out));
    if (out->count == 0 && id_parse(op->site->id_key, name, &id) == OK) {
        enum err err = db_get(op->db, TABLE_messages, id, op->arena, own);
        TRY(err == E_NOT_FOUND ? OK : err);
        *out = (struct list){own, err == OK ? 1 : 0};
    }
    const struct message *rows = out->items;
    struct message *kept = ARENA_NEW_ARRAY(op->arena, struct message, out->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++) {
        if (is_of_page(page, &rows[i])) {
            kept[count] = rows[i];
            TRY(message_shown_words(op, &kept[count++]));
        }
    }
    *out = (struct list){kept, count};
    return OK;
}

static enum err look_through(struct op *op, const struct search *search, struct message_page *page,
                             struct message_list *out)
{
    int64_t most = page->limit - 1;
    struct list list = {0};
    page->limit = MESSAGE_SEARCH_ROWS + 1;
    TRY(messages_page(op->db, op->arena, page, &list, &out->total));
    bool has_more = page_trim(op, &list, MESSAGE_SEARCH_ROWS);
    const struct message *rows = list.items;
    struct message *found = ARENA_NEW_ARRAY(op->arena, struct message, list.count + 1);
    size_t count = 0;
    size_t seen = 0;
    for (; seen < list.count && (int64_t)count < most; seen++) {
        bool fits = false;
        found[count] = rows[seen];
        TRY(has_words(op, search, &found[count], &fits));
        TRY(fits ? message_shown_words(op, &found[count]) : OK);
        count += fits;
    }
    out->messages = (struct list){found, count};
    out->searched = (int64_t)seen;
    if (seen < list.count || has_more) {
        out->cursor = op_cursor_text(op, rows[seen - 1].id);
    }
    return OK;
}

enum err message_search(struct op *op, const struct message_list_input *wanted,
                        struct message_page *page, struct message_list *out)
{
    struct search search = {.count = 0};
    struct str text = str_trim(wanted->text);
    TRY(search_read(op, text, &search));
    if (!id_is_set(page->after)) {
        TRY(find_named(op, text, page, &out->messages));
        out->total = (int64_t)out->messages.count;
    }
    return out->messages.count > 0 ? OK : look_through(op, &search, page, out);
}
