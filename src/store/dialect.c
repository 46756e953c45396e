#include "store/dialect.h"

#include "base/buf.h"

#define MIGRATIONS_TABLE(or_not)                                                               \
    "CREATE TABLE " or_not "schema_migrations (number INTEGER PRIMARY KEY, checksum TEXT NOT " \
    "NULL)"

const struct dialect dialect_sqlite = {
    .id = "INTEGER PRIMARY KEY",
    .integer = "INTEGER",
    .bytes = "BLOB",
    /* A small table that is read by its key alone is that key's tree. */
    .by_key = "WITHOUT ROWID",
    .text = "TEXT",
    .row = "",
    .or_nothing = "",
    .bookkeeping = MIGRATIONS_TABLE("IF NOT EXISTS "),
    .now_ms = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    .let_in = "SELECT 1",
};

/* A reader may not say CREATE at all, not even of what there is. */
const struct dialect dialect_postgres = {
    .id = "BIGINT PRIMARY KEY",
    .integer = "BIGINT",
    .bytes = "BYTEA",
    .by_key = "",
    .text = "TEXT COLLATE \"C\"",
    .row = ", rowid BIGSERIAL",
    .or_nothing = " ON CONFLICT DO NOTHING",
    .bookkeeping = "DO $$ BEGIN IF to_regclass('schema_migrations') IS NULL THEN " MIGRATIONS_TABLE(
        "") "; END IF; END $$",
    .now_ms = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    .has_checks_apart = true,
    .let_in = "SELECT pg_advisory_unlock(" POSTGRES_START_LOCK ", hashtext(current_schema()))",
};

/* "@one_of(column, 'A', 'B')" becomes "(column = 'A' OR column = 'B')". Returns its length. */
static size_t add_one_of(struct buf *out, struct str text)
{
    size_t open = str_find_byte(text, '(', 0);
    size_t close = str_find_byte(text, ')', open);
    struct str rest = str_slice(text, open + 1, close);
    struct str column = STR_NONE;
    struct str word = STR_NONE;
    const char *separator = "(";
    bool has_column = str_split(&rest, ',', &column);
    while (has_column && str_split(&rest, ',', &word)) {
        buf_add_text(out, separator);
        buf_add(out, str_trim(column));
        buf_add_text(out, " = ");
        buf_add(out, str_trim(word));
        separator = " OR ";
    }
    buf_add_byte(out, ')');
    return close + 1;
}

/* The same for a token that stands for a type; one that is not known stays. */
static size_t add_type(const struct dialect *dialect, struct buf *out, struct str text)
{
    const struct {
        const char *token;
        const char *type;
    } types[] = {{"@id", dialect->id},
                 {"@int", dialect->integer},
                 {"@bytes", dialect->bytes},
                 {"@by_key", dialect->by_key},
                 {"@row", dialect->row}};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        struct str token = str_from(types[i].token);
        if (str_starts(text, token)) {
            buf_add_text(out, types[i].type);
            return token.len;
        }
    }
    buf_add_byte(out, '@');
    return 1;
}

/* Copies what has no token in it. The word TEXT is a type wherever a blank stands before it. */
static void add_plain(const struct dialect *dialect, struct buf *out, struct str text)
{
    struct str word = STR(" TEXT");
    for (size_t at = 0; at < text.len; at++) {
        struct str rest = str_slice(text, at, text.len);
        bool is_word =
            str_starts(rest, word) && (rest.len == word.len || rest.ptr[word.len] == ' ' ||
                                       rest.ptr[word.len] == ',' || rest.ptr[word.len] == '\n');
        buf_add_byte(out, text.ptr[at]);
        if (is_word) {
            buf_add_text(out, dialect->text);
            at += word.len - 1;
        }
    }
}

struct str dialect_text(const struct dialect *dialect, struct arena *arena, struct str text)
{
    struct buf out = {.arena = arena};
    for (size_t at = 0; at < text.len;) {
        size_t next = str_find_byte(text, '@', at);
        add_plain(dialect, &out, str_slice(text, at, next));
        if (next == text.len) {
            break;
        }
        struct str rest = str_slice(text, next, text.len);
        bool is_list = str_starts(rest, STR("@one_of("));
        at = next + (is_list ? add_one_of(&out, rest) : add_type(dialect, &out, rest));
    }
    return dialect->has_checks_apart ? dialect_checks_apart(arena, buf_str(&out)) : buf_str(&out);
}
