#include "app/plant_store.h"

#include "store/postgres.h"
#include "store/sqlite_ahead.h"
#include "store/timers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SCHEME "sqlite:"

/* A turn that is silent for this part of a lease is taken away. */
enum { TURNS_PER_LEASE = 3 };

enum { WRITER_CACHE_KIB = 16384, READER_CACHE_KIB = 4096 };

static enum err make_directory(const char *path, struct problem *problem)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return problem_set(problem, E_UNAVAILABLE, "TOCSIN_DATA_DIR",
                           "the folder %s cannot be made: %s", path, strerror(errno));
    }
    return OK;
}

bool plant_has_server(const struct config *config)
{
    return str_starts(config->database_url, STR("postgresql://")) ||
           str_starts(config->database_url, STR("postgres://"));
}

bool plant_may_share(const struct config *config)
{
    return config->cluster && plant_has_server(config);
}

static enum err check_nodes(const struct config *config, struct problem *problem)
{
    if (config->cluster && !plant_has_server(config)) {
        return problem_set(
            problem, E_INVALID, "TOCSIN_CLUSTER",
            "TOCSIN_CLUSTER needs a DATABASE_URL of PostgreSQL: nodes cannot share a "
            "file of SQLite");
    }
    return config->node_lease >= 3 && config->node_lease <= 300
               ? OK
               : problem_set(problem, E_INVALID, "TOCSIN_NODE_LEASE",
                             "TOCSIN_NODE_LEASE must be between 3 and 300 seconds");
}

enum err plant_store_check(const struct config *config, struct problem *problem)
{
    struct str scheme = STR(FILE_SCHEME);
    struct str url = config->database_url;
    struct problem why = {0};
    TRY(check_nodes(config, problem));
    if (plant_has_server(config)) {
        enum err err = postgres_url_check(arena_cstr(config->arena, url), &why);
        return err == OK
                   ? OK
                   : problem_set(problem, err, "DATABASE_URL", "DATABASE_URL: %s", why.message);
    }
    return url.len == 0 || (str_starts(url, scheme) && url.len > scheme.len)
               ? OK
               : problem_set(problem, E_INVALID, "DATABASE_URL",
                             "DATABASE_URL must be " FILE_SCHEME
                             "PATH or postgresql://USER@HOST/DATABASE");
}

static enum err name_file(struct plant *plant, struct problem *problem)
{
    struct config *config = &plant->config;
    struct str url = config->database_url;
    if (url.len == 0 || plant_has_server(config)) {
        TRY(make_directory(config->data_dir.ptr, problem));
        plant->file_path = arena_printf(config->arena, "%.*s/tocsin.db", STR_FMT(config->data_dir));
        return OK;
    }
    struct str path = str_slice(url, STR(FILE_SCHEME).len, url.len);
    if (str_starts(path, STR("//"))) {
        path = str_slice(path, 2, path.len);
    }
    plant->file_path = arena_str(config->arena, path);
    return OK;
}

enum err plant_store_name(struct plant *plant, enum plant_use use, struct problem *problem)
{
    struct config *config = &plant->config;
    TRY(name_file(plant, problem));
    plant->database_path = plant->file_path;
    if (plant_has_server(config)) {
        plant->database_path =
            postgres_url_name(arena_cstr(config->arena, config->database_url), config->arena);
        return OK;
    }
    if (use == PLANT_ALONE && access(plant->file_path.ptr, F_OK) != 0) {
        return problem_set(problem, E_NOT_FOUND, "DATABASE_URL", "there is no database %s",
                           plant->file_path.ptr);
    }
    return OK;
}

/* A server's database is locked by the connection that writes (driver.h). */
enum err plant_lock(struct plant *plant, struct problem *problem)
{
    if (plant_has_server(&plant->config)) {
        return OK;
    }
    struct str path = arena_printf(plant->config.arena, "%.*s.lock", STR_FMT(plant->file_path));
    plant->lock = open(path.ptr, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (plant->lock < 0) {
        return problem_set(problem, E_UNAVAILABLE, "DATABASE_URL", "%s cannot be written: %s",
                           path.ptr, strerror(errno));
    }
    if (flock(plant->lock, LOCK_EX | LOCK_NB) != 0) {
        return problem_set(problem, E_CONFLICT, "DATABASE_URL", "another process is using %s",
                           plant->database_path.ptr);
    }
    return OK;
}

void plant_unlock(struct plant *plant)
{
    if (plant->lock >= 0) {
        close(plant->lock);
        plant->lock = -1;
    }
}

void plant_read_ahead(struct plant *plant)
{
    if (!plant_has_server(&plant->config)) {
        plant->ahead = sqlite_ahead_begin(plant->file_path.ptr, timers_indexes);
    }
}

void plant_read_ahead_end(struct plant *plant)
{
    sqlite_ahead_end(&plant->ahead);
}

enum err plant_db_open(struct plant *plant, enum plant_use use, struct db **out,
                       struct problem *problem)
{
    bool has_server = plant_has_server(&plant->config);
    bool is_shared = use == PLANT_WRITE && plant->is_shared;
    struct db_config config = {
        .driver = has_server ? &driver_postgres : &driver_sqlite,
        .path = has_server ? arena_cstr(plant->config.arena, plant->config.database_url)
                           : plant->file_path.ptr,
        .is_read_only = use == PLANT_READ_ONLY,
        .is_alone = use != PLANT_READ_ONLY && !is_shared,
        .turn_max = is_shared ? MILLISECONDS(plant->config.node_lease * 1000 / TURNS_PER_LEASE)
                              : SECONDS(0),
        .cache_kib = use == PLANT_WRITE ? WRITER_CACHE_KIB : READER_CACHE_KIB,
        .seal = plant->seal,
        .log = &plant->log,
    };
    enum err err = db_open(&config, out, problem);
    if (err != OK && has_server) {
        problem_set(problem, err, "DATABASE_URL", "%s: %s", plant->database_path.ptr,
                    problem->message);
    }
    return err;
}

enum err plant_reader(struct plant *plant, struct db **out, struct problem *problem)
{
    return plant_db_open(plant, PLANT_READ_ONLY, out, problem);
}
