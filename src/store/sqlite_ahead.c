#include "store/sqlite_ahead.h"

#include "base/memory.h"

#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A page of an index: its kind, how many cells, the page behind the last cell, where the cells are;
 * each begins with the page before it. */
enum {
    KIND_INNER = 2,
    KIND_LEAF = 10,
    AT_CELLS = 3,
    AT_LAST_PAGE = 8,
    AT_POINTERS = 12,
    POINTER_BYTES = 2,
    PAGE_NUMBER_BYTES = 4
};

/* Of 300 leaves each, three levels are 8 million; a cycle in a damaged file ends here. */
enum { LEVELS_MAX = 8 };

struct sqlite_ahead {
    sqlite3 *schema;
    const char *const *indexes;
    unsigned char *inner; /* A page for each level. */
    size_t page_size;
    int64_t pages_left; /* At most as many are looked at as there are. */
    int64_t asked;
    int file;
    bool has_thread;
    pthread_t thread;
    atomic_bool must_stop;
};

static uint32_t page_number(const unsigned char *bytes)
{
    uint32_t number = 0;
    memcpy(&number, bytes, sizeof number);
    return be32toh(number);
}

static size_t short_number(const unsigned char *bytes)
{
    uint16_t number = 0;
    memcpy(&number, bytes, sizeof number);
    return be16toh(number);
}

static off_t place_of(const struct sqlite_ahead *ahead, uint32_t page)
{
    return (off_t)(page - 1) * (off_t)ahead->page_size;
}

static bool read_begin(struct sqlite_ahead *ahead, uint32_t page, unsigned char *out, size_t size)
{
    return page > 0 && pread(ahead->file, out, size, place_of(ahead, page)) == (ssize_t)size;
}

static bool is_over(const struct sqlite_ahead *ahead)
{
    return ahead->pages_left <= 0 || atomic_load(&ahead->must_stop);
}

static void ask_leaf(struct sqlite_ahead *ahead, uint32_t page)
{
    if (page > 0 && posix_fadvise(ahead->file, place_of(ahead, page), (off_t)ahead->page_size,
                                  POSIX_FADV_WILLNEED) == 0) {
        ahead->asked++;
        ahead->pages_left--;
    }
}

/* The page before a cell, or 0 where the page is not what it should be. */
static uint32_t child_before(const struct sqlite_ahead *ahead, const unsigned char *bytes,
                             size_t cell)
{
    size_t pointer = AT_POINTERS + cell * POINTER_BYTES;
    if (pointer + POINTER_BYTES > ahead->page_size) {
        return 0;
    }
    size_t at = short_number(bytes + pointer);
    return at + PAGE_NUMBER_BYTES > ahead->page_size ? 0 : page_number(bytes + at);
}

/* All pages below an inner page are of one kind. */
static void ask_below(struct sqlite_ahead *ahead, uint32_t page, int level)
{
    unsigned char *bytes = ahead->inner + (size_t)level * ahead->page_size;
    unsigned char kind = 0;
    ahead->pages_left--;
    if (!read_begin(ahead, page, bytes, ahead->page_size) || bytes[0] != KIND_INNER) {
        return;
    }
    size_t cells = short_number(bytes + AT_CELLS);
    uint32_t last = page_number(bytes + AT_LAST_PAGE);
    if (!read_begin(ahead, last, &kind, 1)) {
        return;
    }
    for (size_t i = 0; i <= cells && !is_over(ahead); i++) {
        uint32_t child = i < cells ? child_before(ahead, bytes, i) : last;
        if (kind == KIND_LEAF) {
            ask_leaf(ahead, child);
        } else if (kind == KIND_INNER && level + 1 < LEVELS_MAX) {
            ask_below(ahead, child, level + 1);
        }
    }
}

/* The first value of the first row. */
static int64_t number_of(struct sqlite_ahead *ahead, const char *sql, const char *name)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;
    if (sqlite3_prepare_v2(ahead->schema, sql, -1, &statement, NULL) == SQLITE_OK &&
        (name == NULL || sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC) == SQLITE_OK) &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return number;
}

static void *run(void *context)
{
    struct sqlite_ahead *ahead = context;
    ahead->page_size = (size_t)number_of(ahead, "PRAGMA page_size", NULL);
    ahead->pages_left = number_of(ahead, "PRAGMA page_count", NULL);
    ahead->inner = memory_new(LEVELS_MAX * ahead->page_size);
    for (const char *const *index = ahead->indexes; *index != NULL && !is_over(ahead); index++) {
        int64_t root = number_of(
            ahead, "SELECT rootpage FROM sqlite_schema WHERE type='index' AND name=?1", *index);
        if (root > 0 && root <= UINT32_MAX) {
            ask_below(ahead, (uint32_t)root, 0);
        }
    }
    free(ahead->inner);
    return NULL;
}

/* What is there without the log and without locks: nothing of it is believed. */
static bool open_schema(struct sqlite_ahead *ahead, const char *database)
{
    char uri[3 * PATH_MAX + 32] = "file:";
    char *end = uri + strlen(uri);
    for (const char *c = database; *c != '\0' && c - database < PATH_MAX; c++) {
        if (strchr("%?#", *c) == NULL) {
            *end++ = *c;
        } else {
            end += snprintf(end, 4, "%%%02X", (unsigned)(unsigned char)*c);
        }
    }
    snprintf(end, 32, "?immutable=1");
    return sqlite3_open_v2(uri, &ahead->schema,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                           NULL) == SQLITE_OK;
}

struct sqlite_ahead *sqlite_ahead_begin(const char *database, const char *const *indexes)
{
    int file = open(database, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return NULL;
    }
    struct sqlite_ahead *ahead = memory_new(sizeof *ahead);
    ahead->file = file;
    ahead->indexes = indexes;
    ahead->has_thread =
        open_schema(ahead, database) && pthread_create(&ahead->thread, NULL, run, ahead) == 0;
    return ahead;
}

int64_t sqlite_ahead_wait(struct sqlite_ahead *ahead)
{
    if (ahead == NULL) {
        return 0;
    }
    if (ahead->has_thread) {
        pthread_join(ahead->thread, NULL);
        ahead->has_thread = false;
    }
    return ahead->asked;
}

void sqlite_ahead_end(struct sqlite_ahead **ahead)
{
    if (*ahead == NULL) {
        return;
    }
    atomic_store(&(*ahead)->must_stop, true);
    (void)sqlite_ahead_wait(*ahead);
    sqlite3_close_v2((*ahead)->schema);
    close((*ahead)->file);
    free(*ahead);
    *ahead = NULL;
}
