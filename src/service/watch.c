#include "service/watch.h"

#include "service/engine.h"

#include <assert.h>

enum { ANSWER_BYTES_MAX = 65536, REDIRECTS_MAX = 3 };

/* Later than this, timers do not run in time. */
static const struct duration late_most = SECONDS_INIT(10);
static const struct duration look_again = SECONDS_INIT(5);
/* Whoever has just set it up has people to add first. */
static const struct duration canary_first = SECONDS_INIT(15 * 60);

const struct id whole_house_watched = {1};

struct watch_timer {
    enum timer_kind kind;
    bool is_wanted;
    struct duration first; /* After a start that finds none. */
    struct duration every;
};

static enum err keep(struct op *op, const struct watch_timer *watch)
{
    struct timer timer = {0};
    if (!watch->is_wanted) {
        return timers_cancel(op->db, watch->kind, whole_house_watched, op->now);
    }
    enum err err = timers_of_subject(op->db, op->arena, watch->kind, whole_house_watched, &timer);
    if (err == E_NOT_FOUND) {
        return timer_arm(op,
                         (struct timer_request){watch->kind, whole_house_watched,
                                                instant_add(op->now, watch->first), PRIORITY_LOW});
    }
    TRY(err);
    struct instant latest = instant_add(op->now, watch->every);
    if (!instant_before(latest, timer.due_at)) {
        return OK;
    }
    timer_run_again(op, &timer, latest);
    return timers_again(op->db, &timer);
}

enum err watch_start(struct op *op)
{
    const struct watch_settings *watch = &op->site->watch;
    TRY(keep(op, &(struct watch_timer){timer_kind_PING, str_is_set(watch->ping_url), SECONDS(0),
                                       watch->ping_every}));
    return keep(op, &(struct watch_timer){timer_kind_CANARY, str_is_set(watch->canary_user),
                                          canary_first, watch->canary_every});
}

/* --- The ping --- */

/* The timer PING. Everything that was due before it has been run, so that its own lateness is that
 * of the oldest. */
enum err send_ping(struct op *op, struct timer *timer)
{
    const struct watch_settings *watch = &op->site->watch;
    if (!str_is_set(watch->ping_url)) {
        return OK;
    }
    struct duration late = instant_since(op->now, timer->due_at);
    bool is_behind = late.us >= late_most.us;
    timer_run_again(op, timer, instant_add(op->now, is_behind ? look_again : watch->ping_every));
    if (is_behind) {
        op_log(op, LOG_WARN, LOG_WORKER, "the ping is withheld: timers run %lld s late",
               (long long)(late.us / 1000000));
        return OK;
    }
    op_effect(op, (struct effect){.kind = EFFECT_PING});
    return OK;
}

uint64_t ping_build(const struct site *site, struct wire_request *out)
{
    assert(str_is_set(site->watch.ping_url));
    *out = (struct wire_request){.kind = WIRE_HTTP, .timeout = SECONDS(PING_TIMEOUT_SECONDS)};
    out->http.method = STR("GET");
    out->http.url = site->watch.ping_url;
    out->http.redirects_max = REDIRECTS_MAX;
    out->http.body_bytes_max = ANSWER_BYTES_MAX;
    /* It comes from the environment, like the sinks of the environment: it may be on our own
     * network. */
    out->http.user_given_url = false;
    return atomic_fetch_add(&site->stats->pings, 1) + 1;
}

/* What the body of the answer is does not matter. */
static bool has_arrived(const struct wire_answer *answer)
{
    bool is_answered = answer->outcome == WIRE_ANSWERED || answer->outcome == WIRE_TOO_LARGE;
    return is_answered && answer->status >= 200 && answer->status < 300;
}

static void say_failing(const struct site *site, const struct wire_answer *answer)
{
    if (answer->outcome == WIRE_ANSWERED) {
        log_write(site->log, LOG_WARN, LOG_WORKER, STR_NONE,
                  "the ping to TOCSIN_PING_URL does not arrive: its server answered %d",
                  answer->status);
        return;
    }
    log_write(site->log, LOG_WARN, LOG_WORKER, STR_NONE,
              "the ping to TOCSIN_PING_URL does not arrive: %.*s", STR_FMT(answer->reason));
}

void ping_heard(const struct site *site, uint64_t number, const struct wire_answer *answer)
{
    struct stats *stats = site->stats;
    int64_t since = atomic_load(&stats->ping_fails_since_ms);
    if (atomic_load(&stats->is_stopping)) {
        return; /* It may have been us who hung up. */
    }
    if (number < atomic_load(&stats->ping_news)) {
        return;
    }
    atomic_store(&stats->ping_news, number);
    if (has_arrived(answer)) {
        atomic_store(&stats->ping_fails_since_ms, 0);
        if (since != 0) {
            log_write(site->log, LOG_INFO, LOG_WORKER, STR_NONE,
                      "the ping to TOCSIN_PING_URL arrives again");
        }
        return;
    }
    if (since == 0) {
        struct instant now = site->clock.now(site->clock.context);
        atomic_store(&stats->ping_fails_since_ms, instant_ms(now));
        say_failing(site, answer);
    }
}
