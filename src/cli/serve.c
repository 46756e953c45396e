#define _GNU_SOURCE /* sigdescr_np */
#include "app/server.h"
#include "cli/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Signals are taken by this thread alone; all others are born with them blocked. */
static sigset_t block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return set;
}

static void wait_for_end(struct server *server, const struct plant *plant, const sigset_t *set)
{
    for (;;) {
        int which = 0;
        if (sigwait(set, &which) != 0) {
            continue;
        }
        if (which != SIGHUP) {
            log_write(&plant->log, LOG_INFO, LOG_WORKER, STR_NONE, "stopping on %s",
                      sigdescr_np(which));
            return;
        }
        server_reload(server);
    }
}

static void announce(const struct server *server, const struct plant *plant)
{
    struct str key = server_new_key(server);
    struct str address = plant->config.listen; /* Checked: it has a colon before the port. */
    while (address.ptr[address.len - 1] != ':') {
        address.len--;
    }
    printf("Tocsin %s listens on http://%.*s%u\n", TOCSIN_VERSION, STR_FMT(address),
           (unsigned)server_port(server));
    if (server_tls_port(server) != 0) {
        printf("HTTPS is spoken at port %u\n", (unsigned)server_tls_port(server));
    }
    if (str_is_set(key)) {
        printf("Admin key, shown this once: %.*s\n", STR_FMT(key));
    } else if (plant->config.admin_key.len > 0) {
        printf("Admin key: the one in TOCSIN_ADMIN_KEY\n");
    } else {
        printf("Admin key: the one that the first start showed\n");
    }
    fflush(stdout);
}

static bool parse_options(const struct arguments *arguments, struct plant *plant,
                          struct server_options *options)
{
    const char *listen = take_option(arguments, "--listen");
    const char *clock = take_option(arguments, "--clock");
    const char *at = take_option(arguments, "--at");
    struct problem problem = {0};
    if (listen != NULL &&
        config_set(&plant->config, STR("TOCSIN_LISTEN"), str_from(listen), &problem) != OK) {
        say_problem("--listen", &problem);
        return false;
    }
    if (clock != NULL && strcmp(clock, "virtual") != 0 && strcmp(clock, "real") != 0) {
        fprintf(stderr, "tocsin serve: --clock must be real or virtual\n");
        return false;
    }
    options->is_virtual = clock != NULL && strcmp(clock, "virtual") == 0;
    if (at != NULL && !options->is_virtual) {
        fprintf(stderr, "tocsin serve: --at goes with --clock virtual\n");
        return false;
    }
    options->start_at = plant_now(plant);
    if (at != NULL && instant_parse(str_from(at), &options->start_at) != OK) {
        fprintf(stderr, "tocsin serve: --at must be a time such as 2026-01-05T09:00:00Z\n");
        return false;
    }
    return true;
}

enum exit_code run_serve(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct server *server = NULL;
    struct server_options options = {0};
    struct problem problem = {0};
    if (!load_plant(arguments, &plant)) {
        return EXIT_USAGE;
    }
    if (!parse_options(arguments, &plant, &options) ||
        !all_taken(arguments, command_named("serve"))) {
        config_free(&plant.config);
        return EXIT_USAGE;
    }
    struct notifier notifier;
    notify_open(arguments->environment, &notifier);
    options.notifier = &notifier;
    sigset_t signals = block_signals();
    enum err err = plant_open(&plant, PLANT_SERVE, &problem);
    if (err == OK) {
        err = server_start(&plant, &options, &server, &problem);
    }
    if (err != OK) {
        say_problem("cannot start", &problem);
        plant_close(&plant);
        notify_close(&notifier);
        return EXIT_FAILED;
    }
    announce(server, &plant);
    notify_tell(&notifier, "READY=1\nSTATUS=running");
    wait_for_end(server, &plant, &signals);
    notify_tell(&notifier, "STOPPING=1\nSTATUS=stopping");
    server_stop(&server);
    log_write(&plant.log, LOG_INFO, LOG_WORKER, STR_NONE, "stopped");
    plant_close(&plant);
    notify_close(&notifier);
    return EXIT_DONE;
}
