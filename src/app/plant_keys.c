#include "app/plant_keys.h"

#include "app/plant_providers.h"
#include "app/plant_store.h"
#include "base/folder.h"
#include "service/data_key.h"
#include "store/data_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_BYTES = 64 };

static struct str key_path(const struct plant *plant, struct arena *arena, const char *end)
{
    return arena_printf(arena, "%.*s.key%s", STR_FMT(plant->file_path), end);
}

static bool is_there(struct str path)
{
    return access(path.ptr, F_OK) == 0;
}

static enum err read_key_file(struct arena *arena, const char *path, struct str *out,
                              struct problem *problem)
{
    char *text = arena_alloc(arena, KEY_FILE_BYTES + 1);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = file < 0 ? -1 : read(file, text, KEY_FILE_BYTES);
    if (file >= 0) {
        close(file);
    }
    if (len != KEY_FILE_BYTES) {
        return problem_set(problem, E_CORRUPT, "TOCSIN_DATA_KEY", "the key file %s is not whole",
                           path);
    }
    *out = (struct str){text, KEY_FILE_BYTES};
    return OK;
}

/* The file appears whole or not at all, whenever this is cut short. */
static enum err write_key_file(struct arena *arena, const char *path, struct str *out,
                               struct problem *problem)
{
    struct str key = random_secret(arena, KEY_FILE_BYTES / 2);
    struct str draft = arena_printf(arena, "%s.new", path);
    int file = open(draft.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written =
        file >= 0 && write(file, key.ptr, key.len) == (ssize_t)key.len && fsync(file) == 0;
    if (file >= 0) {
        close(file);
    }
    if (!is_written || rename(draft.ptr, path) != 0 || folder_flush(path, NULL) != OK) {
        return problem_set(problem, E_UNAVAILABLE, "TOCSIN_DATA_KEY",
                           "the key file %s cannot be written: %s", path, strerror(errno));
    }
    *out = key;
    return OK;
}

static enum err name_setting(enum err err, const char *name, const struct problem *why,
                             struct problem *problem)
{
    return err == OK ? OK : problem_set(problem, err, name, "%s %s", name, why->message);
}

static enum err make_seal(struct str key, struct seal **out, struct problem *problem)
{
    struct problem why = {0};
    return name_setting(seal_new(key, out, &why), "TOCSIN_DATA_KEY", &why, problem);
}

static enum err add_old(const struct config *config, struct seal *seal, struct problem *problem)
{
    struct problem why = {0};
    return config->data_key_old.len == 0 ? OK
                                         : name_setting(seal_add(seal, config->data_key_old, &why),
                                                        "TOCSIN_DATA_KEY_OLD", &why, problem);
}

enum err plant_data_key_check(const struct config *config, struct problem *problem)
{
    struct seal *seal = NULL;
    struct str key = config->data_key.len > 0 ? config->data_key : config->data_key_old;
    if (key.len == 0) {
        return OK;
    }
    TRY(make_seal(key, &seal, problem));
    enum err err = add_old(config, seal, problem);
    seal_free(&seal);
    return err;
}

static enum err open_key_file(struct plant *plant, enum plant_use use, struct str *out,
                              struct problem *problem)
{
    struct arena *arena = plant->config.arena;
    struct str path = key_path(plant, arena, "");
    /* A new key would not open what an old one has sealed. Of a server's database that is seen
     * when it is open. */
    bool has_database = !plant_has_server(&plant->config) && is_there(plant->file_path);
    if (!is_there(path) && (use != PLANT_WRITE || has_database)) {
        return problem_set(problem, E_NOT_FOUND, "TOCSIN_DATA_KEY",
                           "there is no key file %s, and TOCSIN_DATA_KEY is not set", path.ptr);
    }
    return is_there(path) ? read_key_file(arena, path.ptr, out, problem)
                          : write_key_file(arena, path.ptr, out, problem);
}

static enum err add_file(struct plant *plant, struct str path, struct problem *problem)
{
    struct str key = STR_NONE;
    TRY(read_key_file(plant->config.arena, path.ptr, &key, problem));
    return seal_add(plant->seal, key, problem);
}

enum err plant_seal_open(struct plant *plant, enum plant_use use, struct problem *problem)
{
    struct str key = plant->config.data_key;
    bool has_file = key.len == 0;
    if (has_file) {
        TRY(open_key_file(plant, use, &key, problem));
    }
    TRY(make_seal(key, &plant->seal, problem));
    struct str next = key_path(plant, plant->config.arena, ".next");
    if (has_file && is_there(next)) {
        TRY(add_file(plant, next, problem));
    }
    return add_old(&plant->config, plant->seal, problem);
}

struct str plant_key_check(const struct plant *plant)
{
    return seal_check(plant->seal, plant->config.arena);
}

/* A wrong key would leave every sealed value unreadable, and seal new ones beside them. */
enum err plant_key_fits(struct plant *plant, struct db *db, struct problem *problem)
{
    struct problem why = {0};
    enum err err = data_key_open(db, plant->seal, &why);
    if (err == E_NOT_FOUND && strcmp(why.field, "TOCSIN_DATA_KEY") == 0) {
        return problem_set(problem, E_CONFLICT, why.field,
                           "TOCSIN_DATA_KEY is not the key that %s was written with",
                           plant->database_path.ptr);
    }
    if (err != OK && why.message[0] != '\0') {
        return problem_set(problem, E_CONFLICT, why.field, "%s: %s", plant->database_path.ptr,
                           why.message);
    }
    return err;
}

/* The key that is to take over: what the settings have in place of the one that is in use, or a
 * new file. */
static enum err next_key(void *context, struct arena *arena, struct str *check,
                         struct problem *problem)
{
    struct plant *plant = context;
    struct str key = plant->config.data_key;
    if (plant->is_shared) {
        return problem_set(problem, E_OPERATION, "TOCSIN_CLUSTER",
                           "several nodes would have to change the key at once: stop all of them "
                           "but one, and start that one with TOCSIN_CLUSTER=false");
    }
    if (key.len == 0) {
        struct str path = key_path(plant, arena, ".next");
        TRY(is_there(path) ? read_key_file(arena, path.ptr, &key, problem)
                           : write_key_file(arena, path.ptr, &key, problem));
    }
    *check = seal_check_of(key, arena, problem);
    if (str_equal(*check, seal_check(plant->seal, arena))) {
        return problem_set(problem, E_OPERATION, "TOCSIN_DATA_KEY",
                           "TOCSIN_DATA_KEY is the key in use: start with the new key in it and "
                           "the one in use in TOCSIN_DATA_KEY_OLD, then ask again");
    }
    return seal_add(plant->seal, key, problem);
}

/* The new key's file takes the place of the old one's, which stays under its number. Done over
 * again it changes nothing. */
static enum err retire_key(void *context, int number, struct problem *problem)
{
    struct plant *plant = context;
    struct arena *arena = arena_new();
    char end[16];
    snprintf(end, sizeof end, ".%d", number);
    struct str path = key_path(plant, arena, "");
    struct str next = key_path(plant, arena, ".next");
    struct str old = key_path(plant, arena, end);
    bool has_next = plant->config.data_key.len == 0 && is_there(next);
    bool is_done =
        !has_next || ((link(path.ptr, old.ptr) == 0 || errno == EEXIST) &&
                      rename(next.ptr, path.ptr) == 0 && folder_flush(path.ptr, NULL) == OK);
    enum err err =
        is_done ? OK
                : problem_set(problem, E_UNAVAILABLE, "TOCSIN_DATA_KEY",
                              "the key file %s cannot be replaced: %s", path.ptr, strerror(errno));
    arena_free(&arena);
    return err;
}

enum err plant_key_take_up(struct plant *plant, enum plant_use use, struct problem *problem)
{
    if (use == PLANT_WRITE) {
        TRY(data_key_put_first(plant->db, plant->config.arena, plant->seal));
    }
    TRY(plant_key_fits(plant, plant->db, problem));
    plant_hook_key(plant);
    plant->site.data_keys = (struct data_key_port){plant, next_key, retire_key};
    return OK;
}
