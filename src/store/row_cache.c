#include "store/row_cache.h"

#include "base/memory.h"
#include "model/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What a few thousand stages need between their begin and the provider's answer. */
enum { RING_BYTES = 16 << 20, ROW_BYTES_MAX = 64 << 10, CHAIN_BITS = 14, ALIGNMENT = 16 };

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

/* In the ring; behind it the record, and behind that its texts. */
struct kept_row {
    int64_t id;
    uint64_t round; /* Valid in this round of the cache only. */
    uint32_t place; /* Among the tables that are kept. */
    uint32_t next;  /* In its chain, where it stands in the ring and one more; 0 at its end. */
    uint32_t bytes; /* Of record and texts. */
    uint32_t room;  /* From this row to the one behind it. */
};
static_assert(sizeof(struct kept_row) % ALIGNMENT == 0, "a record stands aligned behind it");

/* Rows stand in the ring in the order in which they came. It is taken whole at the begin, so that
 * its memory never grows beyond it, whatever is kept. */
struct row_cache {
    struct layout layouts[KEPT_TABLES];
    char *ring;
    size_t tail;    /* Of the oldest. */
    size_t head;    /* Where the next is put. */
    size_t lap_end; /* Behind the last row before the head began again at 0. */
    size_t count;
    uint32_t chains[1 << CHAIN_BITS]; /* By a hash of table and id. */
    uint64_t round;
    /* What is kept is made here: it may be made of what it replaces. */
    _Alignas(ALIGNMENT) char made[ROW_BYTES_MAX];
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
    cache->ring = memory_new(RING_BYTES);
    cache->round = 1;
    for (size_t i = 0; i < KEPT_TABLES; i++) {
        lay_out(&cache->layouts[i], db_table_record(kept_tables[i]));
    }
    return cache;
}

void row_cache_free(struct row_cache **cache)
{
    if (*cache == NULL) {
        return;
    }
    free((*cache)->ring);
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

static size_t chain_of(size_t place, int64_t id)
{
    uint64_t hash = ((uint64_t)id * KEPT_TABLES + place) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> (64 - CHAIN_BITS));
}

static struct kept_row *row_at(const struct row_cache *cache, size_t at)
{
    return (struct kept_row *)(cache->ring + at);
}

static char *record_of(struct kept_row *row)
{
    return (char *)(row + 1);
}

/* The row of an id, whether what is in it still holds or not. */
static struct kept_row *seek(const struct row_cache *cache, size_t place, int64_t id)
{
    uint32_t next = cache->chains[chain_of(place, id)];
    while (next != 0) {
        struct kept_row *row = row_at(cache, next - 1);
        if (row->id == id && row->place == place) {
            return row;
        }
        next = row->next;
    }
    return NULL;
}

static struct kept_row *find(const struct row_cache *cache, enum table table, int64_t id)
{
    size_t place = place_of(table);
    struct kept_row *row = place == KEPT_TABLES ? NULL : seek(cache, place, id);
    return row != NULL && row->round == cache->round ? row : NULL;
}

/* It stands where it is until it is the oldest, and nobody finds it. */
static void leave_chain(struct row_cache *cache, struct kept_row *row)
{
    uint32_t number = (uint32_t)((char *)row - cache->ring) + 1;
    uint32_t *link = &cache->chains[chain_of(row->place, row->id)];
    while (*link != number) {
        assert(*link != 0);
        link = &row_at(cache, *link - 1)->next;
    }
    *link = row->next;
    row->id = 0;
}

static void drop_oldest(struct row_cache *cache)
{
    struct kept_row *row = row_at(cache, cache->tail);
    if (row->id != 0) {
        leave_chain(cache, row);
    }
    cache->tail += row->room;
    cache->count--;
    if (cache->tail > cache->head && cache->tail == cache->lap_end) {
        cache->tail = 0;
    }
}

/* Room at the head, from which the oldest go. */
static size_t make_room(struct row_cache *cache, size_t room)
{
    if (cache->head + room > RING_BYTES) {
        while (cache->count > 0 && cache->tail >= cache->head) {
            drop_oldest(cache);
        }
        cache->lap_end = cache->head;
        cache->head = 0;
    }
    while (cache->count > 0 && cache->tail >= cache->head && cache->tail < cache->head + room) {
        drop_oldest(cache);
    }
    if (cache->count == 0) {
        cache->tail = cache->head;
    }
    return cache->head;
}

static struct kept_row *add_row(struct row_cache *cache, size_t place, int64_t id, size_t bytes)
{
    size_t room = (sizeof(struct kept_row) + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t at = make_room(cache, room);
    uint32_t *chain = &cache->chains[chain_of(place, id)];
    struct kept_row *row = row_at(cache, at);
    *row = (struct kept_row){
        .id = id, .place = (uint32_t)place, .next = *chain, .room = (uint32_t)room};
    *chain = (uint32_t)at + 1;
    cache->head = at + room;
    cache->count++;
    return row;
}

/* The row of an id, where what it is to keep has room. */
static struct kept_row *take_row(struct row_cache *cache, size_t place, int64_t id, size_t bytes)
{
    struct kept_row *row = seek(cache, place, id);
    if (row != NULL && sizeof *row + bytes <= row->room) {
        return row;
    }
    if (row != NULL) {
        leave_chain(cache, row);
    }
    return add_row(cache, place, id, bytes);
}

/* How many bytes the record takes with its texts, each with a NUL behind it; false for one that is
 * not as the store wants it, which cannot be read back, and for one that is too long to be kept. */
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
    return *out <= ROW_BYTES_MAX;
}

static void keep_texts(const struct layout *layout, char *made)
{
    char *end = made + layout->record->size;
    for (size_t i = 0; i < layout->text_count; i++) {
        struct str *text = record_member(made, layout->texts[i]);
        if (!str_is_set(*text)) {
            *text = STR_NONE;
            continue;
        }
        memcpy(end, text->ptr, text->len);
        end[text->len] = '\0';
        text->ptr = end;
        end += text->len + 1;
    }
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
static void keep_record(const struct layout *layout, const void *object, char *made)
{
    memcpy(made, object, layout->record->size);
    for (size_t i = 0; i < layout->unstored_count; i++) {
        const struct field *field = layout->unstored[i];
        memset(record_member(made, field), 0, size_of(field));
    }
    for (size_t i = 0; i < layout->instant_count; i++) {
        struct instant *at = record_member(made, layout->instants[i]);
        *at = instant_is_set(*at) ? instant_from_ms(instant_ms(*at)) : INSTANT_NONE;
    }
    for (size_t i = 0; i < layout->enum_count; i++) {
        int *value = record_member(made, layout->enums[i]);
        *value = enum_name(layout->enums[i]->detail.names, *value) == NULL ? 0 : *value;
    }
    keep_texts(layout, made);
}

/* The texts of a record move together: what stood at `from` stands at `to`. */
static void move_texts(const struct layout *layout, void *record, const char *from, const char *to)
{
    for (size_t i = 0; i < layout->text_count; i++) {
        struct str *text = record_member(record, layout->texts[i]);
        text->ptr = str_is_set(*text) ? to + (text->ptr - from) : NULL;
    }
}

void row_cache_put(struct row_cache *cache, enum table table, const void *record)
{
    size_t place = place_of(table);
    size_t bytes = 0;
    assert(place < KEPT_TABLES);
    const struct layout *layout = &cache->layouts[place];
    if (!measure(layout, record, &bytes)) {
        return;
    }
    const struct id *id = record_member_const(record, &layout->record->fields[0]);
    keep_record(layout, record, cache->made);
    struct kept_row *row = take_row(cache, place, id->value, bytes);
    row->round = cache->round;
    row->bytes = (uint32_t)bytes;
    memcpy(record_of(row), cache->made, bytes);
    move_texts(layout, record_of(row), cache->made, record_of(row));
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
    struct kept_row *row = find(cache, into.table, id.value);
    if (row == NULL) {
        return false;
    }
    const struct layout *layout = &cache->layouts[row->place];
    size_t size = layout->record->size;
    const char *from = record_of(row) + size;
    struct str texts = arena_str(into.arena, (struct str){from, row->bytes - size});
    memcpy(out, record_of(row), size);
    move_texts(layout, out, from, texts.ptr);
    if (is_brief) {
        forget_long(layout, out);
    }
    return true;
}

const void *row_cache_peek(const struct row_cache *cache, enum table table, struct id id)
{
    struct kept_row *row = find(cache, table, id.value);
    return row == NULL ? NULL : record_of(row);
}

enum table row_cache_named(struct str name)
{
    for (size_t i = 0; i < KEPT_TABLES; i++) {
        if (str_equal_text(name, db_table_name(kept_tables[i]))) {
            return kept_tables[i];
        }
    }
    return TABLE_COUNT;
}

void row_cache_drop(struct row_cache *cache, enum table table, int64_t row)
{
    struct kept_row *kept = find(cache, table, row);
    if (kept != NULL) {
        kept->round = 0;
    }
}

void row_cache_changed(void *cache, const char *table_name, int64_t row)
{
    enum table table = row_cache_named(str_from(table_name));
    if (table != TABLE_COUNT) {
        row_cache_drop(cache, table, row);
    }
}
