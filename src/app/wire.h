/* app/wire: everything that an operation needs, made from the configuration: database, keys, zones,
 * providers, site.
 *
 * Used by serve and by the commands that open the store. Ownership: plant_close frees all of it.
 * Errors name the setting. */
#ifndef TOCSIN_APP_WIRE_H
#define TOCSIN_APP_WIRE_H

#include "app/config.h"
#include "app/log_out.h"
#include "bus/redis_url.h"
#include "service/site.h"
#include "store/db.h"

struct plant {
    struct config config;
    struct site site;
    struct stats stats;
    struct log log;
    struct log_out log_out;
    struct seal *seal;
    struct zoneinfo *zones;
    struct db *db;              /* The writer's. */
    struct sqlite_ahead *ahead; /* Reads what the start needs; NULL for none. */
    struct str database_path;   /* As it is shown: the file, or the URL without its password. */
    struct str file_path;       /* The file; of a server's database, where files beside it are. */
    struct str archive_dir;     /* Where archive files are; absent for nowhere. */
    struct redis_address redis; /* Where has_redis says so. */
    struct str redis_name;      /* As it is shown. */
    bool has_redis;
    int lock;       /* Keeps a second process away; -1 for none. */
    bool is_shared; /* Other nodes write, too (PLANT_SERVE). */
    bool is_beside; /* Another process writes: this one, opened as PLANT_ALONE, reads. */
    _Atomic int64_t virtual_us;
};

enum plant_use {
    PLANT_SERVE, /* A server: PLANT_WRITE, or one node of several where TOCSIN_CLUSTER says so. */
    PLANT_WRITE, /* The one writer: takes the lock, runs migrations. */
    PLANT_READ_ONLY, /* A command beside a running server. */
    PLANT_ALONE      /* A command that writes while no server runs; beside one it reads. */
};

NODISCARD enum err plant_open(struct plant *plant, enum plant_use use, struct problem *problem);
void plant_close(struct plant *plant);

/* Checks the settings alone: providers, zone, rules, addresses (check-config, and the first thing
 * at start). */
NODISCARD enum err plant_check(struct plant *plant, struct problem *problem);
/* A further read-only connection. */
NODISCARD enum err plant_reader(struct plant *plant, struct db **out, struct problem *problem);
/* The real clock, or the virtual one that was set. */
struct instant plant_now(void *context);

/* "127.0.0.1:8080" */
NODISCARD enum err parse_listen(struct arena *arena, struct str text, struct str *address,
                                uint16_t *port, struct problem *problem);

#endif
