#include "app/server_internal.h"

#include "app/rehearsal.h"
#include "base/memory.h"
#include "service/sink_round.h"
#include "service/sync.h"
#include "service/watch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nobody waits for what becomes of a ping; the tickets of rounds are their addresses. */
/* The tickets of a ping are odd, those of a round are its address. */
enum { PING_TICKET = 1 };
enum { IN_FLIGHT_MAX = 512, SINKS_IN_FLIGHT_MAX = 64, JOURNAL_LINE_MAX = 4096 };

static void keep_for_journal(void *context, struct str line)
{
    struct server *server = context;
    if (line.len + 2 < JOURNAL_LINE_MAX) {
        buf_add(&server->journal_lines, line);
        buf_add_byte(&server->journal_lines, '\n');
    }
}

/* The mock's record is its own truth: written before its answers are known to us, as a carrier
 * would; what it was given in one turn, by one call into the system. */
void ports_write_journal(struct server *server)
{
    struct str lines = buf_str(&server->journal_lines);
    if (server->journal < 0 || lines.len == 0) {
        buf_clear(&server->journal_lines);
        return;
    }
    /* A line that was torn before (a full disk, a crash) must not take the next one with it. */
    bool is_whole = !server->journal_is_torn || write(server->journal, "\n", 1) == 1;
    server->journal_is_torn =
        !is_whole || write(server->journal, lines.ptr, lines.len) != (ssize_t)lines.len;
    buf_clear(&server->journal_lines);
    if (server->journal_is_torn) {
        log_write(&server->plant->log, LOG_ERROR, LOG_CALL_MOCK, STR_NONE,
                  "the mock's record cannot be written: %s", strerror(errno));
    }
}

static void load_journal(struct server *server, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[JOURNAL_LINE_MAX];
    if (file == NULL) {
        return;
    }
    int torn = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        server->journal_is_torn = !str_ends(str_from(line), STR("\n"));
        torn += mock_network_load(mock_port_network(server->room.mock), str_from(line)) != OK;
    }
    fclose(file);
    if (torn > 0) {
        log_write(&server->plant->log, LOG_WARN, LOG_CALL_MOCK, STR_NONE,
                  "%d lines of the mock's record are not whole", torn);
    }
}

static enum err open_mock(struct server *server, struct problem *problem)
{
    struct plant *plant = server->plant;
    struct str path = arena_printf(plant->config.arena, "%.*s.mock", STR_FMT(plant->file_path));
    server->room.mock = mock_port_new(&plant->site, server, keep_for_journal);
    load_journal(server, path.ptr);
    server->journal = open(path.ptr, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (server->journal < 0) {
        return problem_set(problem, E_UNAVAILABLE, NULL, "%s cannot be written: %s", path.ptr,
                           strerror(errno));
    }
    plant->site.script_mock = mock_port_script;
    plant->site.script_context = server->room.mock;
    return OK;
}

static void courier_done(void *context, uint64_t ticket, const struct wire_answer *answer)
{
    struct server *server = context;
    inbox_push(server->inbox,
               courier_answer(executor_courier(server->room.executor), ticket, answer));
    atomic_fetch_sub(&server->sends, 1);
    inbox_wake(server->inbox);
}

void ports_submit(void *context, uint64_t ticket, const struct wire_request *request)
{
    struct server *server = context;
    if (request->kind == WIRE_MOCK) {
        mock_port_submit(server->room.mock, executor_courier(server->room.executor), ticket,
                         request);
        return;
    }
    atomic_fetch_add(&server->sends, 1);
    http_client_submit(server->courier_client, request, ticket);
}

static void end_sync(struct server *server, struct sync_job *job)
{
    inbox_push(server->inbox, sync_finish(job));
    atomic_fetch_sub(&server->syncs, 1);
    inbox_wake(server->inbox);
}

static void calendar_done(void *context, uint64_t ticket, const struct wire_answer *answer)
{
    struct server *server = context;
    struct sync_job *job = (struct sync_job *)(uintptr_t)ticket;
    struct wire_request next = {0};
    if (sync_step(job, answer, &next)) {
        http_client_submit(server->calendar_client, &next, ticket);
        return;
    }
    end_sync(server, job);
}

/* An upload is only expanded again, but that may take long. */
struct sync_errand {
    struct errand errand; /* First: the worker sees only this. */
    struct server *server;
    struct sync_job *job;
};

static void run_sync_errand(struct errand *errand, struct db *reader)
{
    struct sync_errand *sync = (struct sync_errand *)errand;
    struct wire_request nothing = {0};
    bool is_asking = sync_start(sync->job, &nothing);
    assert(!is_asking);
    (void)is_asking;
    (void)reader;
    end_sync(sync->server, sync->job);
    free(sync);
}

static void offload_sync(struct server *server, struct sync_job *job)
{
    struct sync_errand *sync = memory_new(sizeof *sync);
    *sync = (struct sync_errand){{.run = run_sync_errand}, server, job};
    worker_give(server->worker, &sync->errand);
}

void ports_begin_sync(void *context, struct op *op, const struct effect *effect)
{
    struct server *server = context;
    struct sync_job *job = NULL;
    struct wire_request first = {0};
    bool is_stopping = server->calendar_client == NULL;
    enum err err = is_stopping ? E_UNAVAILABLE : sync_prepare(op, effect, &job);
    if (err != OK) {
        sync_give_up(effect->wait, err);
        return;
    }
    atomic_fetch_add(&server->syncs, 1);
    if (!sync_needs_network(job)) {
        offload_sync(server, job);
        return;
    }
    if (sync_start(job, &first)) {
        http_client_submit(server->calendar_client, &first, (uint64_t)(uintptr_t)job);
        return;
    }
    end_sync(server, job);
}

static void end_round(struct server *server, struct sink_round *round)
{
    inbox_push(server->inbox, sink_round_finish(round));
    atomic_fetch_sub(&server->syncs, 1);
    inbox_wake(server->inbox);
}

static void sink_done(void *context, uint64_t ticket, const struct wire_answer *answer)
{
    struct server *server = context;
    struct sink_round *round = (struct sink_round *)(uintptr_t)ticket;
    struct wire_request next = {0};
    if ((ticket & PING_TICKET) != 0) {
        ping_heard(&server->plant->site, ticket >> 1, answer);
        return;
    }
    if (sink_round_step(round, answer, &next)) {
        http_client_submit(server->sink_client, &next, ticket);
        return;
    }
    end_round(server, round);
}

/* Sinks have a client of their own, so that one that hangs is in nobody's way. A round that cannot
 * begin is begun again when the lease of its timer ends, or after the next start. */
void ports_begin_sink(void *context, struct op *op, const struct effect *effect)
{
    struct server *server = context;
    struct sink_round *round = NULL;
    struct wire_request first = {0};
    if (server->sink_client != NULL && effect->kind == EFFECT_PING) {
        uint64_t number = ping_build(&server->plant->site, &first);
        http_client_submit(server->sink_client, &first, number << 1 | PING_TICKET);
        return;
    }
    if (server->sink_client == NULL || sink_round_prepare(op, effect, &round) != OK) {
        return;
    }
    atomic_fetch_add(&server->syncs, 1);
    if (sink_round_start(round, &first)) {
        http_client_submit(server->sink_client, &first, (uint64_t)(uintptr_t)round);
        return;
    }
    end_round(server, round);
}

enum err ports_rehearse(void *context, struct op *op, const struct rehearsal_order *order,
                        struct simulation *out)
{
    struct server *server = context;
    pthread_mutex_lock(&server->rules_lock);
    struct site site = server->plant->site;
    site.rules = rehearsal_rules(&site.rules, op->arena);
    pthread_mutex_unlock(&server->rules_lock);
    return rehearsal_run(&site, op, order, out);
}

static int64_t tenure(void *context)
{
    const struct server *server = context;
    return server->cluster == NULL ? 0 : cluster_tenure(server->cluster);
}

/* A node that has lost its lease must not send what another sends now, also when it has one again.
 */
static bool may_send(void *context, int64_t stamp)
{
    const struct server *server = context;
    return server->cluster == NULL || cluster_may_send(server->cluster, stamp);
}

static bool is_alive(void *context, int64_t stamp)
{
    const struct server *server = context;
    (void)stamp;
    return server->cluster == NULL || cluster_is_alive(server->cluster);
}

static struct http_client_config client_of(struct server *server, int in_flight_max,
                                           void (*done)(void *, uint64_t,
                                                        const struct wire_answer *))
{
    return (struct http_client_config){
        .allow_private = server->plant->config.allow_private_fetch,
        .in_flight_max = in_flight_max,
        .per_host_max = PER_HOST_MAX,
        .user_agent = STR("Tocsin/" TOCSIN_VERSION),
        .log = &server->plant->log,
        .context = server,
        .done = done,
    };
}

enum err ports_open(struct server *server, struct problem *problem)
{
    server->journal = -1;
    if (server->plant->site.has_mock) {
        TRY(open_mock(server, problem));
    }
    struct http_client_config courier = client_of(server, IN_FLIGHT_MAX, courier_done);
    struct http_client_config calendars = client_of(server, IN_FLIGHT_MAX, calendar_done);
    struct http_client_config sinks = client_of(server, SINKS_IN_FLIGHT_MAX, sink_done);
    courier.stamp = tenure;
    courier.may_send = may_send;
    sinks.may_send = is_alive;
    TRY(http_client_start(&courier, &server->courier_client, problem));
    TRY(http_client_start(&calendars, &server->calendar_client, problem));
    return http_client_start(&sinks, &server->sink_client, problem);
}

void ports_close(struct server *server)
{
    http_client_stop(&server->courier_client);
    http_client_stop(&server->calendar_client);
    http_client_stop(&server->sink_client);
    buf_free(&server->journal_lines);
    if (server->journal >= 0) {
        close(server->journal);
        server->journal = -1;
    }
}
