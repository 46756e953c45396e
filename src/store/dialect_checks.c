#include "store/dialect.h"

#include "base/buf.h"

#include <ctype.h>

/* PostgreSQL reads each CHECK of a table anew from its catalogue for every statement that writes
 * there, which takes more time than the write (docs/postgresql.md). A function in PL/pgSQL is read
 * once a session: so the CHECKs of a new table become one, which a trigger calls for each row. What
 * is refused, and as what (23514), stays the same.
 *
 * The texts are the project's own migrations: words in upper case, no quoted names, no quotes in
 * words, comments from "--" to the end of the line. */

struct table {
    struct str name;
    struct buf items;   /* Of the table, without its CHECKs. */
    struct buf columns; /* Names, each behind a blank. */
    struct buf checks;  /* What stood in the brackets of each, behind one another, NUL between. */
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Behind the comment or the quoted text that begins at `at`; `at` where none does. */
static size_t behind_quiet(struct str text, size_t at)
{
    struct str rest = str_slice(text, at, text.len);
    if (str_starts(rest, STR("--"))) {
        return str_find_byte(text, '\n', at);
    }
    return str_starts(rest, STR("'")) ? str_find_byte(text, '\'', at + 1) + 1 : at;
}

/* The bracket that closes the one at `open`, or, from 0, the comma that ends an item. */
static size_t find_end(struct str text, size_t open, bool is_item)
{
    int depth = 0;
    for (size_t at = open; at < text.len;) {
        size_t behind = behind_quiet(text, at);
        if (behind != at) {
            at = behind;
            continue;
        }
        depth += text.ptr[at] == '(';
        depth -= text.ptr[at] == ')';
        if (is_item ? depth == 0 && text.ptr[at] == ',' : depth == 0) {
            return at;
        }
        at++;
    }
    return text.len;
}

/* Where a CHECK of this item begins, outside of quotes and comments; its length for none. */
static size_t find_check(struct str item)
{
    for (size_t at = 0; at < item.len;) {
        size_t behind = behind_quiet(item, at);
        if (behind != at) {
            at = behind;
        } else if (str_starts(str_slice(item, at, item.len), STR("CHECK ("))) {
            return at;
        } else {
            at++;
        }
    }
    return item.len;
}

static struct str first_word(struct str text)
{
    size_t len = 0;
    while (len < text.len && is_word(text.ptr[len])) {
        len++;
    }
    return str_slice(text, 0, len);
}

/* Without the comments in front. */
static struct str begin_of(struct str item)
{
    item = str_trim(item);
    while (str_starts(item, STR("--"))) {
        item = str_trim(str_slice(item, behind_quiet(item, 0), item.len));
    }
    return item;
}

static void take_item(struct table *table, struct str item)
{
    struct buf rest = {.arena = table->items.arena};
    struct str name = first_word(begin_of(item));
    for (size_t at = find_check(item); at < item.len; at = find_check(item)) {
        size_t open = str_find_byte(item, '(', at);
        size_t close = find_end(item, open, false);
        buf_add(&table->checks, str_slice(item, open + 1, close));
        buf_add_byte(&table->checks, '\0');
        buf_add(&rest, str_slice(item, 0, at));
        item = str_slice(item, close + 1, item.len);
    }
    buf_add(&rest, item);
    if (str_is_set(begin_of(buf_str(&rest))) && begin_of(buf_str(&rest)).len > 0) {
        buf_add_text(&table->items, table->items.len > 0 ? "," : "");
        buf_add(&table->items, buf_str(&rest));
    }
    if (name.len > 0 && islower((unsigned char)name.ptr[0])) {
        buf_add_byte(&table->columns, ' ');
        buf_add(&table->columns, name);
    }
}

static bool names(struct str text, struct str word)
{
    for (size_t at = 0; at < text.len;) {
        struct str found = first_word(str_slice(text, at, text.len));
        if (str_equal(found, word)) {
            return true;
        }
        at += found.len > 0 ? found.len : 1;
    }
    return false;
}

/* What a check names are the columns of the new row, each in a variable that is called so. */
static void add_function(struct buf *out, struct table *table)
{
    struct str columns = buf_str(&table->columns);
    struct str checks = buf_str(&table->checks);
    struct str column = STR_NONE;
    struct str check = STR_NONE;
    buf_printf(out,
               "\nCREATE OR REPLACE FUNCTION %.*s_checks() RETURNS trigger LANGUAGE plpgsql AS ",
               STR_FMT(table->name));
    buf_add_text(out, "$checks$\nDECLARE\n");
    while (str_split(&columns, ' ', &column)) {
        if (column.len > 0 && names(checks, column)) {
            buf_printf(out, "  %.*s %.*s.%.*s%%TYPE := NEW.%.*s;\n", STR_FMT(column),
                       STR_FMT(table->name), STR_FMT(column), STR_FMT(column));
        }
    }
    buf_add_text(out, "BEGIN\n");
    for (int number = 1; str_split(&checks, '\0', &check) && check.len > 0; number++) {
        buf_printf(out, "  IF NOT (%.*s) THEN\n", STR_FMT(check));
        buf_printf(out,
                   "    RAISE check_violation USING MESSAGE = 'check %d of %.*s does not hold';\n"
                   "  END IF;\n",
                   number, STR_FMT(table->name));
    }
    buf_printf(out,
               "  RETURN NEW;\nEND $checks$;\n"
               "CREATE TRIGGER %.*s_checks BEFORE INSERT OR UPDATE ON %.*s FOR EACH ROW EXECUTE "
               "FUNCTION %.*s_checks();",
               STR_FMT(table->name), STR_FMT(table->name), STR_FMT(table->name));
}

/* `text` begins with CREATE TABLE; returns what stands behind its end. */
static struct str add_table(struct buf *out, struct str text)
{
    size_t open = str_find_byte(text, '(', 0);
    size_t close = find_end(text, open, false);
    struct str head = str_slice(text, 0, open);
    struct str items = str_slice(text, open + 1, close);
    size_t end = str_find_byte(text, ';', close);
    struct table table = {.name = str_trim(str_slice(head, sizeof "CREATE TABLE", head.len)),
                          .items = {.arena = out->arena},
                          .columns = {.arena = out->arena},
                          .checks = {.arena = out->arena}};
    while (items.len > 0) {
        size_t comma = find_end(items, 0, true);
        take_item(&table, str_slice(items, 0, comma));
        items = str_slice(items, comma + 1, items.len);
    }
    buf_add(out, str_slice(text, 0, open + 1));
    buf_add(out, buf_str(&table.items));
    buf_add(out, str_slice(text, close, end + 1));
    if (table.checks.len > 0) {
        add_function(out, &table);
    }
    return str_slice(text, end + 1, text.len);
}

struct str dialect_checks_apart(struct arena *arena, struct str text)
{
    struct buf out = {.arena = arena};
    size_t at = 0;
    while (at < text.len) {
        size_t behind = behind_quiet(text, at);
        if (behind == at && str_starts(str_slice(text, at, text.len), STR("CREATE TABLE "))) {
            buf_add(&out, str_slice(text, 0, at));
            text = add_table(&out, str_slice(text, at, text.len));
            at = 0;
        } else {
            at = behind == at ? at + 1 : behind;
        }
    }
    buf_add(&out, text);
    return buf_str(&out);
}
