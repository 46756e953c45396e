#include "app/server_internal.h"

#include "app/policy_files.h"
#include "base/memory.h"
#include "cli/ask_network.h"
#include "service/data_key.h"
#include "service/engine.h"
#include "service/keys.h"
#include "service/lint.h"
#include "service/oidc.h"
#include "service/sinks.h"
#include "service/watch.h"
#include "store/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { IN_FLIGHT_MAX = 512 };

uint16_t server_port(const struct server *server)
{
    return http_server_port(server->http);
}

uint16_t server_tls_port(const struct server *server)
{
    return http_server_tls_port(server->http);
}

struct str server_new_key(const struct server *server)
{
    return server->new_key;
}

static enum err open_loop(struct server *server, struct problem *problem)
{
    server->timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->timer < 0 || server->epoll < 0) {
        return problem_set(problem, E_UNAVAILABLE, NULL, "no timer or epoll descriptor can be had");
    }
    TRY(inbox_new(&server->inbox, problem));
    struct epoll_event timer = {.events = EPOLLIN, .data = {.fd = server->timer}};
    struct epoll_event inbox = {.events = EPOLLIN, .data = {.fd = inbox_fd(server->inbox)}};
    bool is_added = epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->timer, &timer) == 0 &&
                    epoll_ctl(server->epoll, EPOLL_CTL_ADD, inbox_fd(server->inbox), &inbox) == 0;
    return is_added
               ? OK
               : problem_set(problem, E_UNAVAILABLE, NULL, "epoll does not take the descriptors");
}

/* The first operation of a server: the admin key, the event sinks and the timers that keep house.
 */
struct first_work {
    struct work work;
    struct server *server;
    struct str key;
};

static enum err run_first(struct work *work, struct op *op)
{
    struct first_work *first = (struct first_work *)work;
    int64_t known = 0;
    if (first->server->plant->config.admin_key.len == 0) {
        TRY(ensure_admin_key(op, &first->key));
    }
    TRY(sinks_start(op));
    TRY(night_arm(op));
    TRY(data_key_arm(op));
    TRY(watch_start(op));
    TRY(db_number(op->db, S_timers_cleaning, &known, NO_PARAMS));
    if (known > 0) {
        return OK;
    }
    return timer_arm(op, (struct timer_request){timer_kind_CLEAN, ID_NONE,
                                                instant_add(op->now, HOURS(1)), PRIORITY_LOW});
}

static void end_first(struct work *work, enum err err, const struct problem *problem)
{
    (void)problem;
    work->err = err;
}

/* On a disk that is full it waits until there is room, like all that is due; only a key that is to
 * be shown to somebody is made now or never. */
static enum err run_first_work(struct server *server, struct problem *problem)
{
    struct plant *plant = server->plant;
    struct first_work *first = ARENA_NEW(plant->config.arena, struct first_work);
    int64_t admins = 0;
    TRY(api_keys_of_admin(plant->db, plant_now(plant), &admins));
    *first = (struct first_work){
        .work = {.arena = plant->config.arena,
                 .actor = {.name = STR("start"), .scope = key_scope_ADMIN},
                 .is_sticky = plant->config.admin_key.len > 0 || admins > 0,
                 .run = run_first,
                 .done = end_first},
        .server = server,
    };
    executor_turn(server->room.executor, &first->work);
    server->new_key = first->key;
    return first->work.err == OK
               ? OK
               : problem_set(problem, first->work.err, NULL, "the store does not take changes");
}

static void open_cluster(struct server *server)
{
    struct plant *plant = server->plant;
    if (plant->is_shared) {
        struct cluster_config config = {
            .lease = SECONDS(plant->config.node_lease),
            .address = plant->config.listen,
            .version = STR(TOCSIN_VERSION),
            .monotonic_ms = monotonic_ms,
        };
        server->cluster = cluster_new(&config);
    }
}

static void wake_for_hints(void *context)
{
    struct server *server = context;
    inbox_wake(server->inbox);
}

static struct instant now_of_server(void *context)
{
    struct server *server = context;
    return plant_now(server->plant);
}

/* The index holds real times: a virtual clock has none. */
static enum err open_redis(struct server *server, struct problem *problem)
{
    struct plant *plant = server->plant;
    struct redis_keeper_config config = {
        .address = &plant->redis,
        .name = plant->redis_name,
        .stats = &plant->stats,
        .log = &plant->log,
        .context = server,
        .now = now_of_server,
        .wake = wake_for_hints,
    };
    if (!plant->has_redis || plant->site.is_virtual) {
        return OK;
    }
    TRY(plant_reader(plant, &config.reader, problem));
    return redis_keeper_start(&config, &server->redis, problem);
}

static enum err open_executor(struct server *server, struct problem *problem)
{
    open_cluster(server);
    TRY(open_redis(server, problem));
    struct executor_config config = {
        .site = &server->plant->site,
        .db = server->plant->db,
        .wire = {server, ports_submit, PER_HOST_MAX},
        .sync = {server, ports_begin_sync},
        .sinks = {server, ports_begin_sink},
        .events = {server, front_tell},
        .in_flight_max = IN_FLIGHT_MAX,
        .cluster = server->cluster,
    };
    if (server->redis != NULL) {
        config.due = redis_keeper_port(server->redis);
    }
    TRY(executor_new(&config, &server->room.executor, problem));
    server->room.site = &server->plant->site;
    enum err err = executor_recover(server->room.executor);
    if (err != OK) {
        return problem_set(problem, err, NULL, "the rows of timers and messages cannot be read");
    }
    TRY(run_first_work(server, problem));
    return policy_files_enforce(server->plant, server->room.executor, problem);
}

static void default_public_url(struct server *server)
{
    struct plant *plant = server->plant;
    struct str address = STR_NONE;
    uint16_t port = 0;
    struct problem ignored = {0};
    if (plant->site.public_url.len > 0 ||
        parse_listen(plant->config.arena, plant->config.listen, &address, &port, &ignored) != OK) {
        return;
    }
    bool is_ipv6 = str_contains(address, STR(":"));
    plant->site.public_url =
        arena_printf(plant->config.arena, "http://%s%.*s%s:%u", is_ipv6 ? "[" : "",
                     STR_FMT(address), is_ipv6 ? "]" : "", (unsigned)server_port(server));
}

static enum err open_parts(struct server *server, struct problem *problem)
{
    TRY(open_loop(server, problem));
    TRY(ports_open(server, problem));
    TRY(plant_reader(server->plant, &server->reader, problem));
    TRY(plant_reader(server->plant, &server->worker_reader, problem));
    TRY(worker_start(server->worker_reader, &server->worker, problem));
    TRY(worker_start(NULL, &server->patient_worker, problem));
    TRY(front_open(server, problem));
    /* The executor's first batch runs what fell due while the server was down: its texts need the
     * port for their links, and its calendars the worker. Requests wait in the inbox so long. */
    default_public_url(server);
    TRY(open_executor(server, problem));
    if (pthread_create(&server->thread, NULL, loop_run, server) != 0) {
        return problem_set(problem, E_UNAVAILABLE, NULL, "no thread can be had");
    }
    server->has_thread = true;
    atomic_store(&server->plant->stats.is_ready, true);
    return OK;
}

/* For the thread that may wait. */
static enum err fetch(void *context, const struct wire_request *request, struct arena *arena,
                      struct wire_answer *out)
{
    struct plant *plant = context;
    struct problem problem = {0};
    return ask_network(&plant->log, request, arena, out, &problem);
}

/* Shells and supervisors start programs with 1,024 for the sake of select(2), which nothing here
 * uses. */
static void take_all_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

enum err server_start(struct plant *plant, const struct server_options *options,
                      struct server **out, struct problem *problem)
{
    struct server *server = memory_new(sizeof *server);
    server->plant = plant;
    server->notifier = options->notifier;
    server->timer = server->epoll = server->journal = -1;
    pthread_mutex_init(&server->rules_lock, NULL);
    pthread_mutex_init(&server->advance_lock, NULL);
    pthread_mutex_init(&server->http_lock, NULL);
    if (options->is_virtual && plant->is_shared) {
        free(server);
        return problem_set(problem, E_INVALID, "TOCSIN_CLUSTER",
                           "TOCSIN_CLUSTER and a virtual clock do not go together");
    }
    plant->site.is_virtual = options->is_virtual;
    plant->site.rehearse = ports_rehearse;
    plant->site.rehearse_context = server;
    plant->site.oidc_memory = oidc_memory_new();
    plant->site.fetch = fetch;
    plant->site.fetch_context = plant;
    if (options->is_virtual) {
        atomic_store(&plant->virtual_us, options->start_at.us);
    }
    take_all_descriptors();
    enum err err = open_parts(server, problem);
    if (err != OK) {
        server_stop(&server);
        return err;
    }
    *out = server;
    return OK;
}

void server_reload(struct server *server)
{
    atomic_store(&server->must_reload, true);
    inbox_wake(server->inbox);
}

/* Requests under way are answered while the executor still runs; then the executor ends. */
static void stop_threads(struct server *server)
{
    atomic_store(&server->plant->stats.is_stopping, true);
    if (server->has_thread) {
        inbox_wake(server->inbox);
    }
    front_close(server);
    if (server->has_thread) {
        atomic_store(&server->must_stop, true);
        inbox_wake(server->inbox);
        pthread_join(server->thread, NULL);
        server->has_thread = false;
    }
}

static void drop_inbox(struct server *server)
{
    struct work *work = server->inbox == NULL ? NULL : inbox_take(server->inbox);
    while (work != NULL) {
        struct work *next = work->next;
        work->done(work, E_UNAVAILABLE, &work->problem);
        work = next;
    }
}

void server_stop(struct server **stopping)
{
    struct server *server = *stopping;
    if (server == NULL) {
        return;
    }
    stop_threads(server);
    worker_stop(&server->worker);
    worker_stop(&server->patient_worker);
    oidc_memory_free(&server->plant->site.oidc_memory);
    ports_close(server);
    drop_inbox(server);
    loop_drop_advances(server);
    mock_port_free(&server->room.mock);
    executor_free(&server->room.executor);
    redis_keeper_stop(&server->redis);
    cluster_free(&server->cluster);
    api_free(&server->api);
    db_close(&server->reader);
    db_close(&server->worker_reader);
    inbox_free(&server->inbox);
    if (server->timer >= 0) {
        close(server->timer);
    }
    if (server->epoll >= 0) {
        close(server->epoll);
    }
    pthread_mutex_destroy(&server->rules_lock);
    pthread_mutex_destroy(&server->advance_lock);
    pthread_mutex_destroy(&server->http_lock);
    free(server->replies.exchanges);
    free(server->replies.responses);
    free(server);
    *stopping = NULL;
}
