#include "store/settings.h"

#include <inttypes.h>
#include <stdio.h>

struct text_into {
    struct arena *arena;
    struct str *out;
    bool is_found;
};

static enum err take_text(void *context, const struct value *columns)
{
    struct text_into *into = context;
    *into->out = arena_str(into->arena, columns[0].text);
    into->is_found = true;
    return OK;
}

enum err settings_get(struct db *db, struct arena *arena, struct str name, struct str *out)
{
    struct text_into into = {.arena = arena, .out = out};
    TRY(db_each(db, S_setting_read, &into, take_text, PARAMS(value_text(name))));
    return into.is_found ? OK : E_NOT_FOUND;
}

enum err settings_put(struct db *db, struct str name, struct str value)
{
    return db_run(db, S_setting_put, PARAMS(value_text(name), value_text(value)));
}

enum err settings_id_key(struct db *db, struct arena *arena, struct hash_key *out)
{
    struct str name = STR("id.key");
    struct str text = STR_NONE;
    enum err err = settings_get(db, arena, name, &text);
    if (err == E_NOT_FOUND) {
        *out = (struct hash_key){random_number(), random_number()};
        return settings_put(db, name,
                            arena_printf(arena, "%016" PRIx64 "%016" PRIx64, out->high, out->low));
    }
    TRY(err);
    return sscanf(text.ptr, "%16" SCNx64 "%16" SCNx64, &out->high, &out->low) == 2 ? OK : E_CORRUPT;
}

enum err settings_highest_id(struct db *db, int64_t *out)
{
    return db_number(db, S_ids_highest, out, NO_PARAMS);
}

enum err settings_probe(struct db *db, struct str value)
{
    return db_run(db, S_store_probe, PARAMS(value_text(value)));
}
