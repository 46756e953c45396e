/* fuzz_transfer: lines of `tocsin import` that somebody changed. A small store is exported once; an
 * input changes lines of that: two bytes say which, the rest up to a line end stands in its place.
 * What is not what was exported is refused with its line, and nothing of it is kept. The first byte
 * is how many values a row has, as which the input is read, too: what is read, is written so
 * again. */
#include "store/driver.h"
#include "store/migrate.h"
#include "store/transfer_internal.h"

#include <assert.h>
#include <stdlib.h>

#define KEY_CHECK "5f0c"

enum { LINES_MAX = 400 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct lines {
    struct arena *arena;
    struct str lines[LINES_MAX];
    size_t count;
    size_t at;
};

static enum err keep_line(void *context, struct str line)
{
    struct lines *lines = context;
    assert(lines->count < LINES_MAX);
    lines->lines[lines->count++] = arena_str(lines->arena, line);
    return OK;
}

static enum err give_line(void *context, struct str *out)
{
    struct lines *lines = context;
    *out = lines->at < lines->count ? lines->lines[lines->at++] : STR_NONE;
    return OK;
}

static struct db *new_store(void)
{
    struct problem problem = {0};
    struct db_config config = {.driver = &driver_sqlite, .path = ":memory:"};
    struct db *db = NULL;
    if (db_open(&config, &db, &problem) != OK || migrate_up(db, NULL, &problem) != OK) {
        abort();
    }
    return db;
}

static const struct lines *the_export(void)
{
    static struct lines lines;
    struct problem problem = {0};
    struct transfer_result result = {0};
    if (lines.arena != NULL) {
        return &lines;
    }
    lines.arena = arena_new();
    struct db *db = new_store();
    if (db_execute(db,
                   "INSERT INTO settings (name, value) VALUES ('a', ''), ('b', char(9, 10, 92))",
                   &problem) != OK ||
        transfer_export(db, STR(KEY_CHECK), (struct line_sink){&lines, keep_line}, &result,
                        &problem) != OK) {
        abort();
    }
    db_close(&db);
    return &lines;
}

static void try_row(struct arena *arena, struct str line, size_t count)
{
    struct value values[TRANSFER_COLUMNS_MAX];
    struct value again[TRANSFER_COLUMNS_MAX];
    struct buf once = {.arena = arena};
    struct buf twice = {.arena = arena};
    if (transfer_decode(arena, line, values, count) != OK) {
        return;
    }
    transfer_encode(&once, values, count);
    enum err err = transfer_decode(arena, buf_str(&once), again, count);
    assert(err == OK);
    transfer_encode(&twice, again, count);
    assert(str_equal(buf_str(&once), buf_str(&twice)));
}

/* Whether any line is another than before. */
static bool change(struct lines *lines, struct str text)
{
    struct str line = STR_NONE;
    bool is_other = false;
    while (str_split(&text, '\n', &line)) {
        if (line.len >= 2) {
            size_t at =
                ((unsigned char)line.ptr[0] * 256u + (unsigned char)line.ptr[1]) % lines->count;
            struct str other = str_slice(line, 2, line.len);
            is_other = is_other || !str_equal(other, lines->lines[at]);
            lines->lines[at] = other;
        }
    }
    return is_other;
}

static void try_import(struct str text)
{
    static struct db *db; /* Empty before each, and after what was refused. */
    struct lines lines = *the_export();
    struct problem problem = {0};
    struct transfer_result result = {0};
    struct lines after = {.arena = arena_new()};
    db = db == NULL ? new_store() : db;
    bool is_other = change(&lines, text);
    enum err err = transfer_import(db, STR(KEY_CHECK), (struct line_source){&lines, give_line},
                                   &result, &problem);
    assert(err == OK || problem.message[0] != '\0');
    assert(err == OK || is_other);
    if (err == OK) {
        enum err told = transfer_export(db, STR(KEY_CHECK), (struct line_sink){&after, keep_line},
                                        &result, &problem);
        assert(told == OK && after.count == lines.count);
        for (size_t i = 0; i < after.count; i++) {
            assert(str_equal(after.lines[i], lines.lines[i]));
        }
        db_close(&db);
    }
    arena_free(&after.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct arena *arena = arena_new();
    struct str text = {(const char *)bytes + 1, size - 1};
    try_row(arena, text, 1 + bytes[0] % (TRANSFER_COLUMNS_MAX - 1));
    try_import(text);
    arena_free(&arena);
    return 0;
}
