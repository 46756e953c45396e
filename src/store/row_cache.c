#include "store/row_cache.h"

#include "base/memory.h"
#include "model/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* More than wait between the begin of a stage and the provider's answer in a burst. */
enum { ROWS_KEPT_BITS = 12, ROWS_KEPT = 1 << ROWS_KEPT_BITS };

static const enum table kept_tables[] = {
    TABLE_users,     TABLE_meetings, TABLE_alerts,         TABLE_incidents,       TABLE_steps,
    TABLE_campaigns, TABLE_messages, TABLE_message_bodies, TABLE_scheduled_calls,
};
enum { KEPT_TABLES = ARRAY_LENGTH(kept_tables) };

/* Where a record has what does not stay as it is. */
struct layout {
    const struct record *record;
    const struct field *texts[RECORD_FIELDS_MAX];
    size_t text_count;
    const struct field *instants[RECORD_FIELDS_MAX];
    size_t instant_count;
    const struct field *enums[RECORD_FIELDS_MAX];
    size_t enum_count;
    const struct field *unstored[RECORD_FIELDS_MAX];
    size_t unstored_count;
};

/* A record, and behind it its texts. */
struct kept_row {
    int64_t id;
    int32_t next;   /* In its chain, counted from 1; 0 at its end. */
    uint64_t round; /* Valid in this round of the cache only. */
    size_t bytes;
    size_t cap;
    char *block;
};

/* The last so many rows of one table. */
struct shelf {
    struct layout layout;
    struct kept_row *rows; /* NULL until the first is kept. */
    int32_t *chains;       /* By a hash of the id. */
    size_t next;           /* The place that is taken next: of the oldest. */
};

struct row_cache {
    struct shelf shelves[KEPT_TABLES];
    uint64_t round;
    struct kept_row spare; /* What is kept next is made here: it may be made of what it replaces. */
};

static void lay_out(struct layout *layout, const struct record *record)
{
    layout->record = record;
    assert(record->field_count <= RECORD_FIELDS_MAX && record->fields[0].type == FIELD_ID);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (!field_is_stored(field)) {
            layout->unstored[layout->unstored_count++] = field;
        } else if (field->type == FIELD_TEXT || field->type == FIELD_BYTES) {
            layout->texts[layout->text_count++] = field;
        } else if (field->type == FIELD_INSTANT) {
            layout->instants[layout->instant_count++] = field;
        } else if (field->type == FIELD_ENUM) {
            layout->enums[layout->enum_count++] = field;
        }
    }
}

struct row_cache *row_cache_new(void)
{
    struct row_cache *cache = memory_new(sizeof *cache);
    cache->round = 1;
    for (size_t i = 0; i < KEPT_TABLES; i++) {
        lay_out(&cache->shelves[i].layout, db_table_record(kept_tables[i]));
    }
    return cache;
}

void row_cache_free(struct row_cache **cache)
{
    if (*cache == NULL) {
        return;
    }
    for (size_t i = 0; i < KEPT_TABLES; i++) {
        struct shelf *shelf = &(*cache)->shelves[i];
        for (size_t row = 0; shelf->rows != NULL && row < ROWS_KEPT; row++) {
            free(shelf->rows[row].block);
        }
        free(shelf->rows);
        free(shelf->chains);
    }
    free((*cache)->spare.block);
    free(*cache);
    *cache = NULL;
}

void row_cache_clear(struct row_cache *cache)
{
    cache->round++;
}

/* The place of a table among those that are kept; KEPT_TABLES for another. */
static size_t place_of(enum table table)
{
    size_t place = 0;
    while (place < KEPT_TABLES && kept_tables[place] != table) {
        place++;
    }
    return place;
}

bool row_cache_keeps(enum table table)
{
    return place_of(table) < KEPT_TABLES;
}

static int32_t *chain_of(const struct shelf *shelf, int64_t id)
{
    uint64_t hash = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> (64 - ROWS_KEPT_BITS);
    return &shelf->chains[hash];
}

/* The place of an id, whether what is in it still holds or not. */
static struct kept_row *seek(const struct shelf *shelf, int64_t id)
{
    if (shelf->rows == NULL) {
        return NULL;
    }
    int32_t at = *chain_of(shelf, id);
    while (at != 0 && shelf->rows[at - 1].id != id) {
        at = shelf->rows[at - 1].next;
    }
    return at == 0 ? NULL : &shelf->rows[at - 1];
}

static struct kept_row *find(const struct row_cache *cache, enum table table, int64_t id)
{
    size_t place = place_of(table);
    struct kept_row *row = place == KEPT_TABLES ? NULL : seek(&cache->shelves[place], id);
    return row != NULL && row->round == cache->round ? row : NULL;
}

static void leave_chain(struct shelf *shelf, const struct kept_row *row)
{
    int32_t number = (int32_t)(row - shelf->rows) + 1;
    int32_t *link = chain_of(shelf, row->id);
    while (*link != number) {
        assert(*link != 0);
        link = &shelf->rows[*link - 1].next;
    }
    *link = row->next;
}

/* The place of an id that is to be kept: its own, or that of the oldest. */
static struct kept_row *take_place(struct shelf *shelf, int64_t id)
{
    if (shelf->rows == NULL) {
        shelf->rows = memory_new_array(ROWS_KEPT, sizeof *shelf->rows);
        shelf->chains = memory_new_array(ROWS_KEPT, sizeof *shelf->chains);
    }
    struct kept_row *row = seek(shelf, id);
    if (row != NULL) {
        return row;
    }
    row = &shelf->rows[shelf->next];
    shelf->next = (shelf->next + 1) % ROWS_KEPT;
    if (row->id != 0) {
        leave_chain(shelf, row);
    }
    int32_t *chain = chain_of(shelf, id);
    row->id = id;
    row->next = *chain;
    *chain = (int32_t)(row - shelf->rows) + 1;
    return row;
}

/* How many bytes the texts take, each with a NUL behind it; false for one that is not as the
 * store wants it, which cannot be read back. */
static bool measure(const struct layout *layout, const void *object, size_t *out)
{
    *out = layout->record->size;
    for (size_t i = 0; i < layout->text_count; i++) {
        const struct field *field = layout->texts[i];
        struct str text = *(const struct str *)record_member_const(object, field);
        bool is_plain = field->type == FIELD_TEXT && (field->flags & F_SEALED) == 0;
        if (!str_is_set(text)) {
            continue;
        }
        if (is_plain && !str_is_utf8(text)) {
            return false;
        }
        *out += text.len + 1;
    }
    return true;
}

static void make_room(struct kept_row *row, size_t bytes)
{
    if (row->cap < bytes) {
        free(row->block);
        row->cap = bytes + bytes / 4;
        row->block = memory_new(row->cap);
    }
    row->bytes = bytes;
}

static void keep_texts(const struct layout *layout, struct kept_row *row)
{
    char *end = row->block + layout->record->size;
    for (size_t i = 0; i < layout->text_count; i++) {
        struct str *text = record_member(row->block, layout->texts[i]);
        if (!str_is_set(*text)) {
            *text = STR_NONE;
            continue;
        }
        memcpy(end, text->ptr, text->len);
        end[text->len] = '\0';
        text->ptr = end;
        end += text->len + 1;
    }
    assert(end == row->block + row->bytes);
}

static size_t size_of(const struct field *field)
{
    return field->type == FIELD_TEXT      ? sizeof(struct str)
           : field->type == FIELD_LIST    ? sizeof(struct list)
           : field->type == FIELD_RECORD  ? sizeof(const void *)
           : field->type == FIELD_ENUM    ? sizeof(int)
           : field->type == FIELD_BOOL    ? sizeof(bool)
           : field->type == FIELD_INSTANT ? sizeof(struct instant)
                                          : sizeof(int64_t);
}

/* As it comes back from its row. */
static void keep_record(const struct layout *layout, const void *object, struct kept_row *row)
{
    memcpy(row->block, object, layout->record->size);
    for (size_t i = 0; i < layout->unstored_count; i++) {
        const struct field *field = layout->unstored[i];
        memset(record_member(row->block, field), 0, size_of(field));
    }
    for (size_t i = 0; i < layout->instant_count; i++) {
        struct instant *at = record_member(row->block, layout->instants[i]);
        *at = instant_is_set(*at) ? instant_from_ms(instant_ms(*at)) : INSTANT_NONE;
    }
    for (size_t i = 0; i < layout->enum_count; i++) {
        int *value = record_member(row->block, layout->enums[i]);
        *value = enum_name(layout->enums[i]->detail.names, *value) == NULL ? 0 : *value;
    }
    keep_texts(layout, row);
}

void row_cache_put(struct row_cache *cache, enum table table, const void *record)
{
    size_t place = place_of(table);
    size_t bytes = 0;
    assert(place < KEPT_TABLES);
    struct shelf *shelf = &cache->shelves[place];
    if (!measure(&shelf->layout, record, &bytes)) {
        return;
    }
    const struct id *id = record_member_const(record, &shelf->layout.record->fields[0]);
    struct kept_row made = cache->spare;
    make_room(&made, bytes);
    keep_record(&shelf->layout, record, &made);
    struct kept_row *row = take_place(shelf, id->value);
    made.id = row->id;
    made.next = row->next;
    made.round = cache->round;
    cache->spare = *row;
    *row = made;
}

/* The texts move together; each goes on to where its bytes are now. */
static void move_texts(const struct layout *layout, const struct kept_row *row, const char *copy,
                       void *out)
{
    const char *texts = row->block + layout->record->size;
    for (size_t i = 0; i < layout->text_count; i++) {
        struct str *text = record_member(out, layout->texts[i]);
        text->ptr = str_is_set(*text) ? copy + (text->ptr - texts) : NULL;
    }
}

static void forget_long(const struct layout *layout, void *out)
{
    for (size_t i = 0; i < layout->text_count; i++) {
        if ((layout->texts[i]->flags & F_LONG) != 0) {
            *(struct str *)record_member(out, layout->texts[i]) = STR_NONE;
        }
    }
}

bool row_cache_get(const struct row_cache *cache, struct db_into into, struct id id, bool is_brief,
                   void *out)
{
    const struct kept_row *row = find(cache, into.table, id.value);
    if (row == NULL) {
        return false;
    }
    const struct layout *layout = &cache->shelves[place_of(into.table)].layout;
    size_t size = layout->record->size;
    struct str texts = arena_str(into.arena, (struct str){row->block + size, row->bytes - size});
    memcpy(out, row->block, size);
    move_texts(layout, row, texts.ptr, out);
    if (is_brief) {
        forget_long(layout, out);
    }
    return true;
}

const void *row_cache_peek(const struct row_cache *cache, enum table table, struct id id)
{
    const struct kept_row *row = find(cache, table, id.value);
    return row == NULL ? NULL : row->block;
}

void row_cache_changed(void *cache, const char *table_name, int64_t row)
{
    for (size_t i = 0; i < KEPT_TABLES; i++) {
        if (strcmp(db_table_name(kept_tables[i]), table_name) == 0) {
            struct kept_row *kept = find(cache, kept_tables[i], row);
            if (kept != NULL) {
                kept->round = 0;
            }
            return;
        }
    }
}
