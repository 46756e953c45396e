#include "sim/scenario_internal.h"

#include "sim/archives.h"

enum err do_archive(struct scenario *scenario, struct str rest)
{
    struct str word = words_next(&rest);
    bool is_full = str_equal_text(word, "full");
    TRY(scenario_needs_world(scenario));
    if (!is_full && !str_equal_text(word, "ok")) {
        return scenario_fail(scenario, "archive full | archive ok");
    }
    scenario->world->archives_full = is_full;
    return OK;
}

static enum err take_table(struct scenario *scenario, struct str name, enum table *out)
{
    for (int i = 0; i < (int)TABLE_COUNT; i++) {
        if (str_equal_text(name, db_table_name((enum table)i))) {
            *out = (enum table)i;
            return OK;
        }
    }
    return scenario_fail(scenario, "there is no table %.*s", STR_FMT(name));
}

enum err expect_rows(struct scenario *scenario, struct str rest)
{
    enum table table = TABLE_COUNT;
    int64_t wanted = 0;
    TRY(scenario_needs_world(scenario));
    TRY(take_table(scenario, words_next(&rest), &table));
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    struct str sql = arena_printf(scenario->arena, "SELECT count(*) FROM %s", db_table_name(table));
    int64_t count = peek_number(&scenario->world->store, scenario->arena, sql.ptr);
    return count == wanted
               ? OK
               : scenario_fail(scenario, "%s has %lld rows, not %lld", db_table_name(table),
                               (long long)count, (long long)wanted);
}

enum err expect_archives(struct scenario *scenario, struct str rest)
{
    struct str broken = STR_NONE;
    int64_t wanted = 0;
    TRY(scenario_needs_world(scenario));
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    int64_t count = archives_whole(scenario->world, scenario->arena, &broken);
    if (count < 0) {
        return scenario_fail(scenario, "%.*s", STR_FMT(broken));
    }
    return count == wanted ? OK
                           : scenario_fail(scenario, "there are %lld archive files, not %lld",
                                           (long long)count, (long long)wanted);
}

struct counting {
    struct arena *arena;
    const char *table;
    struct str text; /* What a line is to have; absent where its table counts. */
    int64_t count;
};

static bool count_line(void *context, struct str line)
{
    struct counting *counting = context;
    struct archives_row row = {0};
    if (str_is_set(counting->text)) {
        counting->count += str_contains(line, counting->text);
        return true;
    }
    bool is_row = archives_row_of(counting->arena, line, &row);
    counting->count += is_row && str_equal_text(row.table, counting->table);
    return is_row;
}

static enum err compare_lines(struct scenario *scenario, struct counting *counting, struct str rest)
{
    int64_t wanted = 0;
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    counting->arena = scenario->arena;
    bool is_whole = archives_each_line(scenario->world, scenario->arena, counting, count_line);
    return is_whole && counting->count == wanted
               ? OK
               : scenario_fail(scenario, "there are %lld such lines in the archives, not %lld",
                               (long long)counting->count, (long long)wanted);
}

enum err expect_archived(struct scenario *scenario, struct str rest)
{
    enum table table = TABLE_COUNT;
    TRY(scenario_needs_world(scenario));
    TRY(take_table(scenario, words_next(&rest), &table));
    return compare_lines(scenario, &(struct counting){.table = db_table_name(table)}, rest);
}

enum err expect_plain(struct scenario *scenario, struct str rest)
{
    TRY(scenario_needs_world(scenario));
    struct str text = words_next(&rest);
    return compare_lines(scenario, &(struct counting){.text = text}, rest);
}
