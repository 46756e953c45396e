#include "store/data_key.h"

#include "store/settings.h"

static const struct str check_setting = STR_INIT("data.key.check");
static const struct str ring_setting = STR_INIT("data.key.ring");
static const struct str change_setting = STR_INIT("data.key.change");

static enum err get_text(struct db *db, struct arena *arena, struct str name, struct str *out)
{
    *out = STR_NONE;
    enum err err = settings_get(db, arena, name, out);
    return err == E_NOT_FOUND ? OK : err;
}

static bool next_number(struct str *rest, int64_t *out)
{
    struct str word = STR_NONE;
    return str_split(rest, ' ', &word) && str_to_int(word, out) == OK;
}

static enum err parse_change(struct str text, struct data_key_change *out)
{
    int64_t numbers[8] = {0};
    bool is_whole = str_split(&text, ' ', &out->check_before) && str_split(&text, ' ', &out->table);
    for (size_t i = 0; i < ARRAY_LENGTH(numbers) && is_whole; i++) {
        is_whole = next_number(&text, &numbers[i]);
    }
    if (!is_whole || numbers[0] <= KEY_CHANGE_NONE || numbers[0] > KEY_CHANGE_DONE) {
        return E_CORRUPT;
    }
    out->phase = (enum data_key_phase)numbers[0];
    out->begun_at = instant_from_ms(numbers[1]);
    out->ended_at = numbers[2] == 0 ? INSTANT_NONE : instant_from_ms(numbers[2]);
    out->pass = numbers[3];
    out->pass_count = numbers[4];
    out->after = numbers[5];
    out->rows = numbers[6];
    out->unreadable = numbers[7];
    return OK;
}

enum err data_key_change_get(struct db *db, struct arena *arena, struct data_key_change *out)
{
    struct str text = STR_NONE;
    *out = (struct data_key_change){.phase = KEY_CHANGE_NONE};
    TRY(get_text(db, arena, change_setting, &text));
    return str_is_set(text) ? parse_change(text, out) : OK;
}

enum err data_key_change_put(struct db *db, struct arena *arena,
                             const struct data_key_change *change)
{
    int64_t ended = instant_is_set(change->ended_at) ? instant_ms(change->ended_at) : 0;
    const int64_t numbers[] = {change->phase,
                               instant_ms(change->begun_at),
                               ended,
                               change->pass,
                               change->pass_count,
                               change->after,
                               change->rows,
                               change->unreadable};
    struct buf text = {.arena = arena};
    buf_printf(&text, "%.*s %.*s", STR_FMT(change->check_before), STR_FMT(change->table));
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        buf_add_byte(&text, ' ');
        buf_add_int(&text, numbers[i]);
    }
    return settings_put(db, change_setting, buf_str(&text));
}

static enum err refuse_key(enum err err, struct problem *problem)
{
    if (err == E_NOT_FOUND) {
        return problem_set(problem, E_NOT_FOUND, "TOCSIN_DATA_KEY",
                           "TOCSIN_DATA_KEY is not the key that it was written with");
    }
    return problem_set(problem, err, "TOCSIN_DATA_KEY",
                       "what is kept about its data key (%.*s) "
                       "cannot be read",
                       STR_FMT(ring_setting));
}

/* Rows of both keys are there until a change has read them all. */
static enum err take_before(struct db *db, struct arena *arena, struct seal *seal,
                            struct problem *problem)
{
    struct data_key_change change = {.phase = KEY_CHANGE_NONE};
    TRY(data_key_change_get(db, arena, &change));
    bool needs_before = change.phase == KEY_CHANGE_BEGUN || change.phase == KEY_CHANGE_RUNS;
    if (!needs_before || seal_take_before(seal, change.check_before) == OK) {
        return OK;
    }
    return problem_set(problem, E_NOT_FOUND, "TOCSIN_DATA_KEY_OLD",
                       "its data key is being changed and rows of the old one are left: "
                       "TOCSIN_DATA_KEY_OLD must be the old key until that is done");
}

enum err data_key_open(struct db *db, struct seal *seal, struct problem *problem)
{
    struct arena *arena = arena_new();
    struct str check = STR_NONE;
    struct str text = STR_NONE;
    struct str ring = STR_NONE;
    enum err err = get_text(db, arena, check_setting, &check);
    err = err == OK ? get_text(db, arena, ring_setting, &text) : err;
    if (err == OK && str_is_set(check)) {
        bool is_ring = !str_is_set(text) || hex_bytes(arena, text, &ring);
        err = is_ring ? seal_take_up(seal, arena, check, ring) : E_CORRUPT;
        err = err == OK ? take_before(db, arena, seal, problem) : refuse_key(err, problem);
    }
    arena_free(&arena);
    return err;
}

enum err data_key_put_first(struct db *db, struct arena *arena, const struct seal *seal)
{
    struct str known = STR_NONE;
    TRY(get_text(db, arena, check_setting, &known));
    return str_is_set(known) ? OK : settings_put(db, check_setting, seal_check(seal, arena));
}

enum err data_key_begin(struct db *db, struct arena *arena, struct str check,
                        struct instant links_until)
{
    struct str ring = STR_NONE;
    TRY(seal_next_ring(db_seal(db), arena, check, links_until, &ring));
    TRY(settings_put(db, ring_setting, hex_text(arena, (const uint8_t *)ring.ptr, ring.len)));
    return settings_put(db, check_setting, check);
}
