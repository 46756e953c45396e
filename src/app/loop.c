#include "app/server_internal.h"

#include "app/policy_files.h"
#include "app/rules.h"
#include "base/memory.h"
#include "store/db_news.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { STOP_SECONDS = 8 };

void loop_answer_replies(struct server *server)
{
    struct reply_batch *batch = &server->replies;
    if (batch->count > 0) {
        http_exchange_reply_many(batch->exchanges, batch->responses, batch->count);
        batch->count = 0;
    }
}

void loop_advance(void *context, struct work *work, int64_t seconds)
{
    struct server *server = context;
    struct advance *advance = memory_new(sizeof *advance);
    *advance = (struct advance){.work = work, .seconds = seconds};
    pthread_mutex_lock(&server->advance_lock);
    struct advance **last = &server->advances;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = advance;
    pthread_mutex_unlock(&server->advance_lock);
    inbox_wake(server->inbox);
}

static struct advance *take_advance(struct server *server)
{
    pthread_mutex_lock(&server->advance_lock);
    struct advance *advance = server->advances;
    if (advance != NULL) {
        server->advances = advance->next;
    }
    pthread_mutex_unlock(&server->advance_lock);
    return advance;
}

static void refuse_advance(struct advance *advance)
{
    struct work *work = advance->work;
    problem_set(&work->problem, E_UNAVAILABLE, NULL, "the server is stopping");
    work->done(work, E_UNAVAILABLE, &work->problem);
    free(advance);
}

void loop_drop_advances(struct server *server)
{
    struct advance *advance = NULL;
    while ((advance = take_advance(server)) != NULL) {
        refuse_advance(advance);
    }
}

static void drain(int fd)
{
    uint64_t count = 0;
    ssize_t ignored = read(fd, &count, sizeof count);
    (void)ignored;
}

/* What other nodes tell wakes this one. A new connection has a new descriptor, perhaps of the same
 * number; one that is watched already is refused, which is as well. */
static void watch_ear(struct server *server)
{
    int ear = db_ear(server->plant->db);
    if (server->cluster != NULL && ear >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data = {.fd = ear}};
        (void)epoll_ctl(server->epoll, EPOLL_CTL_ADD, ear, &event);
    }
}

/* Sleeps until work comes, or `until` (by the real clock) where it is set. */
static void wait_for_work(struct server *server, bool has_deadline, struct instant until)
{
    struct epoll_event events[3];
    struct itimerspec at = {0};
    if (has_deadline) {
        /* A zero would disarm the timer: an instant that is over must wake at once. */
        int64_t us = until.us > 0 ? until.us : 1;
        at.it_value.tv_sec = us / 1000000;
        at.it_value.tv_nsec = us % 1000000 * 1000 + (us % 1000000 == 0 && us / 1000000 == 0);
    }
    timerfd_settime(server->timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL);
    watch_ear(server);
    epoll_wait(server->epoll, events, 3, pulse_feed(server));
    drain(server->timer);
    /* Before whoever waited looks again at what it waits for: a wake-up that comes after this look
     * is not lost. */
    inbox_drain(server->inbox);
}

/* Calendars that are still being read at the end are given up, so that whoever waits for them is
 * answered; so are event sinks, which are told again after the next start. */
static void hang_up_if_stopping(struct server *server)
{
    if (atomic_load(&server->plant->stats.is_stopping) && server->calendar_client != NULL) {
        http_client_stop(&server->calendar_client);
        http_client_stop(&server->sink_client);
    }
}

/* The log is let go before anybody is answered, so that who was answered finds it written. What the
 * mock was given by a turn outside, as the first one of a start is, is written before it answers.
 */
static bool run_room(struct server *server, struct work *list)
{
    log_out_hold(&server->plant->log_out);
    ports_write_journal(server);
    bool did = room_turn(&server->room, list);
    ports_write_journal(server);
    log_out_let_go(&server->plant->log_out);
    return did;
}

static void take_hint(void *context, const struct due_item *item)
{
    struct server *server = context;
    executor_hint(server->room.executor, item);
}

static bool turn(struct server *server)
{
    hang_up_if_stopping(server);
    (void)pulse_feed(server);
    struct work *list = inbox_take(server->inbox);
    if (server->redis != NULL) {
        redis_keeper_hints(server->redis, server, take_hint);
    }
    bool did = run_room(server, list);
    loop_answer_replies(server);
    return did || list != NULL;
}

static void reload_rules(struct server *server)
{
    struct plant *plant = server->plant;
    struct problem problem = {0};
    struct rules rules;
    if (rules_load(plant->config.rules_file.ptr, &rules, &problem) != OK) {
        log_write(&plant->log, LOG_ERROR, LOG_RULE_ENGINE, STR_NONE,
                  "the rules stay as they were: %s: %s", problem.field, problem.message);
        return;
    }
    pthread_mutex_lock(&server->rules_lock);
    rules_free(&plant->site.rules);
    plant->site.rules = rules;
    pthread_mutex_unlock(&server->rules_lock);
    log_write(&plant->log, LOG_INFO, LOG_RULE_ENGINE, STR_NONE, "rules read: %zu stages",
              rules.stage_count);
}

static void reload_if_asked(struct server *server)
{
    struct plant *plant = server->plant;
    struct problem problem = {0};
    if (!atomic_exchange(&server->must_reload, false)) {
        return;
    }
    notify_reloading(server->notifier);
    reload_rules(server);
    if (policy_files_enforce(plant, server->room.executor, &problem) != OK) {
        log_write(&plant->log, LOG_ERROR, LOG_RULE_ENGINE, STR_NONE,
                  "the policies stay as they were: %s: %s", problem.field, problem.message);
    }
    front_reload(server);
    notify_tell(server->notifier, "READY=1\nSTATUS=running");
}

/* Runs what there is at this instant, waiting for the wire, until nothing is left (or the server
 * stops). */
static void settle(struct server *server)
{
    while (!atomic_load(&server->must_stop)) {
        if (turn(server)) {
            continue;
        }
        if (atomic_load(&server->syncs) == 0 && atomic_load(&server->sends) == 0) {
            /* An answer may have come between the turn and this look. What is under way at the mock
             * comes at an instant of the virtual clock. */
            if (!turn(server)) {
                return;
            }
            continue;
        }
        wait_for_work(server, false, INSTANT_NONE);
    }
}

/* A long way to go is given up as soon as the server is told to stop, while its caller can still be
 * told. */
static bool is_ending(const struct server *server)
{
    return atomic_load(&server->must_stop) || atomic_load(&server->plant->stats.is_stopping);
}

static void run_advance(struct server *server, struct advance *advance)
{
    struct plant *plant = server->plant;
    struct instant target = instant_add(plant_now(plant), SECONDS(advance->seconds));
    struct instant next = INSTANT_NONE;
    settle(server);
    while (!is_ending(server) && room_next(&server->room, &next) && next.us <= target.us) {
        if (next.us > plant_now(plant).us) {
            atomic_store(&plant->virtual_us, next.us);
        }
        settle(server);
    }
    if (is_ending(server)) {
        refuse_advance(advance);
        loop_answer_replies(server);
        return;
    }
    atomic_store(&plant->virtual_us, target.us);
    advance->work->next = NULL;
    run_room(server, advance->work);
    loop_answer_replies(server);
    free(advance);
}

static void run_virtual(struct server *server)
{
    while (!atomic_load(&server->must_stop)) {
        struct advance *advance = take_advance(server);
        reload_if_asked(server);
        if (advance != NULL) {
            run_advance(server, advance);
        } else if (!turn(server)) {
            wait_for_work(server, false, INSTANT_NONE);
        }
    }
}

static void run_real(struct server *server)
{
    while (!atomic_load(&server->must_stop)) {
        reload_if_asked(server);
        if (!turn(server)) {
            struct instant next = INSTANT_NONE;
            bool has_next = room_next(&server->room, &next);
            wait_for_work(server, has_next, next);
        }
    }
}

/* What is under way is given a few seconds to be answered; the rest is found again at the next
 * start. */
static void wind_down(struct server *server)
{
    struct instant until = instant_add(plant_now(server->plant), SECONDS(STOP_SECONDS));
    executor_stop_claiming(server->room.executor);
    while (atomic_load(&server->sends) > 0 && !server->plant->site.is_virtual &&
           instant_before(plant_now(server->plant), until)) {
        if (!turn(server)) {
            wait_for_work(server, true, until);
        }
    }
    while (turn(server)) {
    }
    executor_hand_over(server->room.executor);
}

void *loop_run(void *context)
{
    struct server *server = context;
    front_mark_executor();
    if (server->plant->site.is_virtual) {
        run_virtual(server);
    } else {
        run_real(server);
    }
    wind_down(server);
    return NULL;
}
