#include "sim/archives.h"

#include "model/json_tree.h"
#include "store/archive.h"

#include <stdio.h>
#include <stdlib.h>

static struct peek look(const struct world *world, struct arena *arena)
{
    return peek_rows(&world->store, arena,
                     "SELECT name, bytes, row_count, hash FROM archives ORDER BY id", 4);
}

/* STR_NONE where the file is shorter. */
static struct str counted(const struct world *world, const struct peek *archives, size_t at)
{
    struct str name = peek_cell(archives, at, 0)->text;
    int64_t bytes = peek_cell(archives, at, 1)->number;
    struct world_archive *file = world->archives;
    while (file != NULL && !str_equal(buf_str(&file->name), name)) {
        file = file->next;
    }
    bool is_whole = file != NULL && (int64_t)file->text.len >= bytes;
    return is_whole ? str_slice(buf_str(&file->text), 0, (size_t)bytes) : STR_NONE;
}

static bool is_known(struct world *world, const struct peek *archives, size_t at)
{
    struct archive_chain chain = {0};
    struct str text = counted(world, archives, at);
    struct str line = STR_NONE;
    int64_t rows = 0;
    while (text.len > 0 && str_split(&text, '\n', &line)) {
        archive_chain_add(world->plant.db, &chain, line);
        rows++;
    }
    return rows == peek_cell(archives, at, 2)->number &&
           str_equal_text(peek_cell(archives, at, 3)->text, chain.hash);
}

int64_t archives_whole(struct world *world, struct arena *arena, struct str *broken)
{
    struct peek archives = look(world, arena);
    for (size_t i = 0; i < archives.rows; i++) {
        if (!is_known(world, &archives, i)) {
            *broken = arena_printf(arena, "%.*s is not what the database knows of it",
                                   STR_FMT(peek_cell(&archives, i, 0)->text));
            return -1;
        }
    }
    return (int64_t)archives.rows;
}

bool archives_each_line(const struct world *world, struct arena *arena, void *context,
                        bool (*each)(void *context, struct str line))
{
    struct peek archives = look(world, arena);
    bool goes_on = true;
    for (size_t i = 0; i < archives.rows; i++) {
        struct str text = counted(world, &archives, i);
        struct str line = STR_NONE;
        while (goes_on && text.len > 0 && str_split(&text, '\n', &line)) {
            goes_on = each(context, line);
        }
    }
    return goes_on;
}

bool archives_row_of(struct arena *arena, struct str line, struct archives_row *out)
{
    const struct json_node *tree = NULL;
    if (json_tree_read(arena, line, &tree) != OK) {
        return false;
    }
    const struct json_node *row = json_tree_member(tree, "row");
    *out = (struct archives_row){.table = json_tree_text(tree, "table")};
    if (!json_tree_int(row, "meeting_id", &out->meeting_id)) {
        out->meeting_id = 0;
    }
    return str_is_set(out->table) && json_tree_int(row, "id", &out->id);
}

struct filling {
    const struct world *world;
    struct arena *arena;
};

static void execute(const struct world *world, const char *sql)
{
    struct problem problem = {0};
    if (world->store.inner->execute(world->store.keeper, sql, &problem) != OK) {
        fprintf(stderr, "tocsin-sim: %s: %s\n", problem.message, sql);
        abort();
    }
}

static bool fill(void *context, struct str line)
{
    const struct filling *filling = context;
    struct archives_row row = {0};
    if (!archives_row_of(filling->arena, line, &row)) {
        return false;
    }
    struct str sql =
        arena_printf(filling->arena, "INSERT INTO archived VALUES ('%.*s', %lld, %lld)",
                     STR_FMT(row.table), (long long)row.id, (long long)row.meeting_id);
    execute(filling->world, sql.ptr);
    return true;
}

bool archives_hold(struct world *world, struct arena *arena, int64_t *bytes, struct str *broken)
{
    struct filling filling = {world, arena};
    int64_t now = peek_number(&world->store, arena, "SELECT coalesce(sum(bytes), 0) FROM archives");
    if (now == *bytes) {
        return true;
    }
    *bytes = now;
    if (archives_whole(world, arena, broken) < 0) {
        return false;
    }
    execute(world, "DELETE FROM archived");
    if (!archives_each_line(world, arena, &filling, fill)) {
        *broken = STR("A line of an archive is a row.");
        return false;
    }
    return true;
}
