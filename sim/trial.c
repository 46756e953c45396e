#include "sim/trial.h"

#include "sim/scenario.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STORY_BYTES_MAX = 6000, LOG_BYTES_MAX = 4000, SECONDS_MAX = 3600 };

static struct str tail_of(struct str text, size_t max)
{
    return str_slice(text, text.len > max ? text.len - max : 0, text.len);
}

static void tell(struct life *life, bool is_whole)
{
    struct str log = buf_str(&life->world->log);
    if (!is_whole) {
        fprintf(stderr, "%.*s", STR_FMT(tail_of(buf_str(&life->story), STORY_BYTES_MAX)));
    }
    fprintf(stderr, "--- the server's log\n%.*s---\n",
            STR_FMT(is_whole ? log : tail_of(log, LOG_BYTES_MAX)));
}

static void write_script(struct life *life, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        fprintf(stderr, "tocsin-sim: %s cannot be written\n", path);
        return;
    }
    fprintf(file, "# Seed %llu: %s\n%.*s", (unsigned long long)life->seed,
            life->failure[0] == '\0' ? "holds" : life->failure, STR_FMT(buf_str(&life->script)));
    fclose(file);
}

static struct trial live(const struct trial_order *order)
{
    struct life *life = life_new(order->seed, order->zones);
    const struct carrier_fact *facts = NULL;
    life->moves = *order->moves;
    life->is_telling = order->is_telling;
    struct trial trial = {.holds = life_run(life, order->until)};
    trial.steps = life->steps;
    trial.lines = (int64_t)life->world->journal_count;
    trial.facts = (int64_t)carrier_facts(life->world->carrier, &facts);
    trial.crashes = life->world->crashes;
    trial.trace = life_trace(life);
    snprintf(trial.failure, sizeof trial.failure, "%s", life->failure);
    if (order->is_telling || (!trial.holds && !order->is_silent)) {
        tell(life, order->is_telling);
    }
    if (order->script_path != NULL) {
        write_script(life, order->script_path);
    }
    life_free(&life);
    return trial;
}

static void live_in_child(const struct trial_order *order, int pipe)
{
    if (order->is_silent) {
        int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere < 0 || dup2(nowhere, STDERR_FILENO) < 0) {
            abort();
        }
    }
    alarm(SECONDS_MAX);
    struct trial trial = live(order);
    if (order->lives_twice && trial.holds) {
        struct trial again = live(order);
        trial.holds = again.trace == trial.trace && again.steps == trial.steps;
        snprintf(trial.failure, sizeof trial.failure, "%s",
                 trial.holds ? "" : "The same seed gives the same trace.");
    }
    if (write(pipe, &trial, sizeof trial) != (ssize_t)sizeof trial) {
        abort();
    }
    close(pipe);
}

struct trial_child trial_begin(const struct trial_order *order)
{
    int ends[2] = {-1, -1};
    fflush(stdout);
    if (pipe(ends) != 0) {
        perror("tocsin-sim: pipe");
        exit(2);
    }
    pid_t process = fork();
    if (process < 0) {
        perror("tocsin-sim: fork");
        exit(2);
    }
    if (process == 0) {
        close(ends[0]);
        live_in_child(order, ends[1]);
        exit(0);
    }
    close(ends[1]);
    return (struct trial_child){process, ends[0]};
}

struct trial trial_end(struct trial_child *child, int status)
{
    struct trial trial = {0};
    bool is_told = read(child->pipe, &trial, sizeof trial) == (ssize_t)sizeof trial;
    close(child->pipe);
    *child = (struct trial_child){0};
    if (!is_told || WIFSIGNALED(status)) {
        trial.holds = false;
        snprintf(trial.failure, sizeof trial.failure, "It died of signal %d.",
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    } else if (WEXITSTATUS(status) != 0 && trial.holds) {
        trial.holds = false;
        snprintf(trial.failure, sizeof trial.failure, "It ended with code %d.",
                 WEXITSTATUS(status));
    }
    return trial;
}

struct trial trial_run(const struct trial_order *order)
{
    struct trial_child child = trial_begin(order);
    int status = 0;
    if (waitpid(child.process, &status, 0) != child.process) {
        perror("tocsin-sim: waitpid");
        exit(2);
    }
    return trial_end(&child, status);
}

bool trial_scenario_fails(const char *path, struct zoneinfo *zones, const char *sentence)
{
    char failure[FAILURE_MAX] = "";
    int status = 0;
    fflush(stdout);
    pid_t process = fork();
    if (process == 0) {
        bool fails = scenario_run(str_from(path), zones, NULL, failure) != OK;
        exit(fails && strstr(failure, sentence) != NULL ? 1 : 0);
    }
    bool has_ended = process > 0 && waitpid(process, &status, 0) == process;
    return has_ended && (WIFSIGNALED(status) || WEXITSTATUS(status) == 1);
}
