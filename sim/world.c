#include "sim/world.h"

#include "app/plant_providers.h"
#include "app/policy_files.h"
#include "app/rehearsal.h"
#include "app/rules.h"
#include "service/engine.h"
#include "service/lint.h"
#include "service/sinks.h"
#include "service/watch.h"
#include "sim/world_internal.h"
#include "store/migrate.h"
#include "store/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { IN_FLIGHT_MAX = 64 };

void *world_must(void *memory)
{
    if (memory == NULL) {
        fputs("tocsin-sim: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static void write_log(void *context, struct str line)
{
    struct world *world = context;
    buf_add(&world->log, line);
}

static struct instant log_now(void *context)
{
    return world_now(context);
}

static void write_journal(void *context, struct str line)
{
    struct world *world = context;
    if (world->journal_count == world->journal_cap) {
        world->journal_cap = world->journal_cap == 0 ? 64 : world->journal_cap * 2;
        world->journal =
            world_must(realloc(world->journal, world->journal_cap * sizeof *world->journal));
        world->journal_lines = world_must(
            realloc(world->journal_lines, world->journal_cap * sizeof *world->journal_lines));
    }
    struct mock_line *parsed = &world->journal_lines[world->journal_count];
    world->journal[world->journal_count] = arena_str(world->arena, line);
    *parsed = (struct mock_line){0};
    if (mock_line_read(line, world->arena, parsed) != OK) {
        assert(!"the carrier writes lines that it can read");
    }
    world->journal_count++;
}

static void submit(void *context, uint64_t ticket, const struct wire_request *request)
{
    struct world *world = context;
    if (world->store.has_crashed) {
        return; /* A server that is gone asks nobody. */
    }
    if (request->kind == WIRE_HTTP) {
        world_ask_carrier(world, ticket, request);
        return;
    }
    assert(request->kind == WIRE_MOCK);
    mock_port_submit(world->room.mock, executor_courier(world->room.executor), ticket, request);
}

static enum err load_settings(struct world *world)
{
    struct plant *plant = &world->plant;
    char *environment[96] = {NULL};
    size_t count = 0;
    for (; world->settings[count] != NULL && count + 1 < ARRAY_LENGTH(environment); count++) {
        environment[count] = arena_alloc(world->arena, str_from(world->settings[count]).len + 1);
        snprintf(environment[count], str_from(world->settings[count]).len + 1, "%s",
                 world->settings[count]);
    }
    TRY(config_load(environment, NULL, &plant->config, &world->problem));
    if (str_equal_text(plant->config.public_url, "none")) {
        plant->config.public_url = STR("");
    } else if (plant->config.public_url.len == 0) {
        TRY(config_set(&plant->config, STR("TOCSIN_PUBLIC_URL"), STR("https://tocsin.example"),
                       &world->problem));
    }
    plant->log =
        (struct log){.least = LOG_INFO, .sink = write_log, .context = world, .now = log_now};
    plant->zones = world->zones;
    plant->site = (struct site){.is_virtual = true, .archive = {world, STR(""), world_append}};
    plant->stats = (struct stats){0};
    return plant_check(plant, &world->problem);
}

static enum err open_store(struct world *world)
{
    struct plant *plant = &world->plant;
    struct db_config config = {.checks_kept_rows = true,
                               .driver = world->store.driver,
                               .path = world->store.path,
                               .log = &plant->log};
    TRY(seal_new(STR("a data key for worlds that are only played"), &plant->seal, &world->problem));
    config.seal = plant->site.seal = plant->seal;
    plant_hook_key(plant);
    TRY(db_open(&config, &plant->db, &world->problem));
    TRY(migrate_up(plant->db, NULL, &world->problem));
    if (world->starts == 0) {
        /* The same ids in every run, so that a run can be told by its trace. */
        TRY(settings_put(plant->db, STR("id.key"), STR("0123456789abcdef0123456789abcdef")));
    }
    return settings_id_key(plant->db, world->arena, &plant->site.id_key);
}

static void open_mock(struct world *world)
{
    size_t known = world->journal_count;
    world->room.mock = mock_port_new(&world->plant.site, world, write_journal);
    for (size_t i = 0; i < known; i++) {
        if (mock_network_load(mock_port_network(world->room.mock), world->journal[i]) != OK) {
            assert(!"the carrier reads lines that it wrote");
        }
    }
    world->plant.site.script_mock = mock_port_script;
    world->plant.site.script_context = world->room.mock;
}

static enum err run_first(struct work *work, struct op *op)
{
    int64_t known = 0;
    (void)work;
    TRY(sinks_start(op));
    TRY(night_arm(op));
    TRY(watch_start(op));
    TRY(db_number(op->db, S_timers_cleaning, &known, NO_PARAMS));
    return known > 0 ? OK
                     : timer_arm(op, (struct timer_request){timer_kind_CLEAN, ID_NONE,
                                                            instant_add(op->now, HOURS(1)),
                                                            PRIORITY_LOW});
}

static void end_first(struct work *work, enum err err, const struct problem *problem)
{
    (void)problem;
    work->err = err;
}

static enum err open_executor(struct world *world)
{
    struct executor_config config = {.site = &world->plant.site,
                                     .db = world->plant.db,
                                     .wire = {world, submit},
                                     .sync = {world, world_begin_sync},
                                     .sinks = {world, world_begin_sink},
                                     .in_flight_max = IN_FLIGHT_MAX};
    struct work first = {.arena = world->arena,
                         .actor = {.name = STR("start"), .scope = key_scope_ADMIN},
                         .run = run_first,
                         .done = end_first};
    TRY(executor_new(&config, &world->room.executor, &world->problem));
    world->room.site = &world->plant.site;
    TRY(executor_recover(world->room.executor));
    executor_turn(world->room.executor, &first);
    TRY(first.err);
    return policy_files_enforce(&world->plant, world->room.executor, &world->problem);
}

static enum err rehearse(void *context, struct op *op, const struct rehearsal_order *order,
                         struct simulation *out)
{
    struct world *world = context;
    return rehearsal_run(&world->plant.site, op, order, out);
}

static enum err open_api(struct world *world)
{
    struct api_config config = {
        .site = &world->plant.site,
        .reader = world->plant.db,
        .context = world,
        .submit = world_take_work,
        .submit_now = world_take_work,
        .advance = world_take_advance,
        .requests_per_second = world->plant.config.key_requests,
    };
    sha256(STR(WORLD_ADMIN_KEY), world->plant.site.admin_key_hash);
    return api_new(&config, &world->api);
}

enum err world_start(struct world *world)
{
    assert(!world->is_up);
    world->store.has_crashed = false;
    TRY(load_settings(world));
    TRY(open_store(world));
    if (world->plant.site.has_mock) {
        open_mock(world);
    }
    world->plant.site.rehearse = rehearse;
    world->plant.site.rehearse_context = world;
    world_configure_carrier(world);
    TRY(open_api(world));
    TRY(open_executor(world));
    atomic_store(&world->plant.stats.is_ready, true);
    world->starts++;
    world->is_up = true;
    return OK;
}

void world_stop(struct world *world)
{
    world->is_stopping = true;
    world->is_up = false;
    if (world->room.mock != NULL) {
        mock_port_free(&world->room.mock);
    }
    world_drop_readings(world);
    world_drop_carrier(world);
    world_drop_inbox(world);
    executor_free(&world->room.executor);
    api_free(&world->api);
    world_sweep_askings(world, true);
    db_close(&world->plant.db);
    seal_free(&world->plant.seal);
    world->plant.zones = NULL;
    rules_free(&world->plant.site.rules);
    config_free(&world->plant.config);
    world->is_stopping = false;
}

enum err world_new(const char *const *settings, struct instant start, struct zoneinfo *zones,
                   struct world **out)
{
    struct world *world = world_must(calloc(1, sizeof *world));
    world->arena = arena_new();
    world->answer_arena = arena_new();
    world->carrier = carrier_new();
    world->settings = settings;
    world->zones = zones;
    atomic_store(&world->plant.virtual_us, start.us);
    *out = world;
    TRY(faulty_store_open(&world->store, &world->problem));
    return world_start(world);
}

void world_free(struct world **freeing)
{
    struct world *world = *freeing;
    if (world == NULL) {
        return;
    }
    world_stop(world);
    faulty_store_close(&world->store);
    feeds_free(&world->feeds);
    carrier_free(&world->carrier);
    free(world->journal);
    free(world->journal_lines);
    buf_free(&world->log);
    world_drop_archives(world);
    arena_free(&world->answer_arena);
    arena_free(&world->arena);
    free(world);
    *freeing = NULL;
}
