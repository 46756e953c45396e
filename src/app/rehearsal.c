#include "app/rehearsal.h"

#include "app/monotonic.h"
#include "app/rehearsal_internal.h"
#include "model/records.h"
#include "service/incidents.h"
#include "service/sync.h"
#include "store/migrate.h"

#include <stdlib.h>

enum { IN_FLIGHT_MAX = 512, DAY_HOURS = 24 };

static struct instant now_of(void *context)
{
    return ((const struct rehearsal *)context)->now;
}

static void drop_line(void *context, struct str line)
{
    (void)context;
    (void)line;
}

static void begin_sync(void *context, struct op *op, const struct effect *effect)
{
    (void)context;
    (void)op;
    sync_give_up(effect->wait, E_UNAVAILABLE); /* There are no calendars here. */
}

static enum err make_site(struct rehearsal *rehearsal, struct problem *problem)
{
    const struct site *live = rehearsal->live;
    struct site *site = &rehearsal->site;
    *site = *live;
    /* With the live key, links of a rehearsal would be links of the rows that have the same ids. */
    TRY(seal_new(random_secret(rehearsal->arena, KEY_SECRET_BYTES), &rehearsal->seal, problem));
    site->seal = rehearsal->seal;
    rehearsal->log =
        (struct log){.least = LOG_ERROR, .sink = drop_line, .context = rehearsal, .now = now_of};
    site->log = &rehearsal->log;
    site->stats = &rehearsal->stats;
    site->clock = (struct clock_port){rehearsal, now_of};
    site->is_virtual = site->has_mock = true;
    site->operator_webhook = STR_NONE;
    site->sinks = (struct sink_settings){0};
    site->script_mock = NULL;
    site->rehearse = NULL;
    site->watch = (struct watch_settings){.ping_url = STR_NONE};
    rehearsal_play_providers(rehearsal);
    return OK;
}

static enum err open_store(struct rehearsal *rehearsal, struct problem *problem)
{
    struct db_config config = {.driver = &driver_sqlite,
                               .path = ":memory:",
                               .seal = rehearsal->site.seal,
                               .log = &rehearsal->log};
    struct executor_config parts = {.site = &rehearsal->site,
                                    .wire = {rehearsal, rehearsal_submit},
                                    .sync = {rehearsal, begin_sync},
                                    .in_flight_max = IN_FLIGHT_MAX};
    TRY(db_open(&config, &rehearsal->db, problem));
    TRY(migrate_up(rehearsal->db, NULL, problem));
    parts.db = rehearsal->db;
    rehearsal->room.site = &rehearsal->site;
    rehearsal->room.mock = mock_port_new(&rehearsal->site, rehearsal, drop_line);
    TRY(executor_new(&parts, &rehearsal->room.executor, problem));
    return executor_recover(rehearsal->room.executor);
}

static void close_all(struct rehearsal *rehearsal)
{
    if (rehearsal->room.mock != NULL) {
        mock_port_free(&rehearsal->room.mock);
    }
    rehearsal_drop(rehearsal);
    executor_free(&rehearsal->room.executor);
    db_close(&rehearsal->db);
    seal_free(&rehearsal->seal);
}

struct rehearsal_work {
    struct work work; /* First: the executor sees only this. */
    struct rehearsal *rehearsal;
    enum err (*function)(struct rehearsal *rehearsal, struct op *op);
    struct problem problem;
};

static enum err run_work(struct work *work, struct op *op)
{
    struct rehearsal_work *mine = (struct rehearsal_work *)work;
    return mine->function(mine->rehearsal, op);
}

static void end_work(struct work *work, enum err err, const struct problem *problem)
{
    struct rehearsal_work *mine = (struct rehearsal_work *)work;
    work->err = err;
    mine->problem = *problem;
}

/* One operation of the rehearsal's own, in a turn of its own. */
static enum err operate(struct rehearsal *rehearsal,
                        enum err (*function)(struct rehearsal *, struct op *))
{
    struct rehearsal_work work = {
        .work = {.arena = rehearsal->arena,
                 .actor = {.name = STR("rehearsal"), .scope = key_scope_ADMIN},
                 .run = run_work,
                 .done = end_work},
        .rehearsal = rehearsal,
        .function = function,
    };
    room_turn(&rehearsal->room, &work.work);
    if (work.work.err != OK) {
        *rehearsal->facts->problem = work.problem;
    }
    return work.work.err;
}

static enum err report(struct rehearsal *rehearsal, struct op *op)
{
    const struct simulated_incident *given = rehearsal->input->incident;
    struct incident ignored = {0};
    bool joined = false;
    struct incident_report report = {
        .kind = incident_kind_GENERIC,
        .title = given == NULL ? STR("An incident that is only rehearsed") : given->title,
        .details = given == NULL ? STR_NONE : given->details,
        .severity = given == NULL ? severity_NONE : (enum severity)given->severity,
        .user = rehearsal->person,
        .policy = rehearsal->policy_name,
        .escalates = true,
    };
    return report_incident(op, &report, &ignored, &joined);
}

static enum err check_time(const struct rehearsal *rehearsal)
{
    if (atomic_load(&rehearsal->live->stats->is_stopping)) {
        return op_fail(rehearsal->facts, E_UNAVAILABLE, NULL, "the server is stopping");
    }
    return monotonic_ms() < rehearsal->deadline_ms
               ? OK
               : op_fail(rehearsal->facts, E_TOO_LARGE, "until",
                         "is too far away: it takes more than %d seconds; rehearse less",
                         REHEARSAL_SECONDS_MAX);
}

static enum err settle(struct rehearsal *rehearsal)
{
    for (;;) {
        struct work *list = rehearsal->inbox;
        rehearsal->inbox = NULL;
        if (!room_turn(&rehearsal->room, list) && list == NULL && rehearsal->inbox == NULL) {
            return OK;
        }
        TRY(check_time(rehearsal));
    }
}

static void take_earlier(struct instant at, bool *has, struct instant *earliest)
{
    *earliest = *has ? instant_min(*earliest, at) : at;
    *has = true;
}

static bool next_instant(struct rehearsal *rehearsal, struct instant *out)
{
    struct instant wait_at = INSTANT_NONE;
    bool has = room_next(&rehearsal->room, out);
    if (rehearsal_next_wait(rehearsal, &wait_at)) {
        take_earlier(wait_at, &has, out);
    }
    if (rehearsal->incident_next < rehearsal->incident_count) {
        take_earlier(rehearsal->incidents[rehearsal->incident_next], &has, out);
    }
    return has;
}

static enum err run_instant(struct rehearsal *rehearsal)
{
    rehearsal_end_waits(rehearsal);
    while (rehearsal->incident_next < rehearsal->incident_count &&
           rehearsal->incidents[rehearsal->incident_next].us <= rehearsal->now.us) {
        rehearsal->incident_next++;
        TRY(operate(rehearsal, report));
    }
    return settle(rehearsal);
}

/* As app/loop moves a virtual clock: everything that is due in between runs at its own instant. */
static enum err play(struct rehearsal *rehearsal)
{
    struct instant next = INSTANT_NONE;
    TRY(operate(rehearsal, rehearsal_set_up));
    TRY(run_instant(rehearsal));
    while (next_instant(rehearsal, &next) && next.us <= rehearsal->until.us) {
        TRY(check_time(rehearsal));
        rehearsal->now = instant_max(next, rehearsal->now);
        TRY(run_instant(rehearsal));
    }
    rehearsal->now = rehearsal->until;
    return OK;
}

static enum err tell(struct rehearsal *rehearsal, struct simulated_run *out)
{
    struct op reading = {.now = rehearsal->now,
                         .arena = rehearsal->arena,
                         .db = rehearsal->db,
                         .site = &rehearsal->site,
                         .actor = {.name = STR("rehearsal"), .scope = key_scope_ADMIN},
                         .problem = rehearsal->facts->problem};
    return rehearsal_timeline(rehearsal, &reading, out);
}

static enum err run_once(struct rehearsal *rehearsal, struct simulated_run *out)
{
    enum err err = make_site(rehearsal, rehearsal->facts->problem);
    if (err == OK) {
        err = open_store(rehearsal, rehearsal->facts->problem);
    }
    if (err == OK) {
        err = play(rehearsal);
    }
    return err == OK ? tell(rehearsal, out) : err;
}

static enum err run_one(const struct rehearsal *ordered, struct rehearsal *rehearsal,
                        bool nobody_answers, struct simulated_run *out)
{
    *rehearsal = *ordered;
    rehearsal->nobody_answers = nobody_answers;
    rehearsal->now = rehearsal->start;
    enum err err = run_once(rehearsal, out);
    close_all(rehearsal);
    return err;
}

/* Where nothing says when it ends: a day after all has begun. */
static struct instant default_until(const struct simulate_input *input, struct instant start)
{
    struct instant last = start;
    const struct simulated_meeting *meetings = input->meetings.items;
    const struct simulated_incident *incident = input->incident;
    for (size_t i = 0; i < input->meetings.count; i++) {
        last = instant_max(last, instant_max(meetings[i].starts_at, meetings[i].ends_at));
    }
    last = incident == NULL ? last : instant_max(last, incident->at);
    return instant_add(last, HOURS(DAY_HOURS));
}

static enum err take_period(struct rehearsal *rehearsal)
{
    const struct simulate_input *input = rehearsal->input;
    struct op *op = rehearsal->facts;
    rehearsal->start = instant_is_set(input->start) ? input->start : op->now;
    rehearsal->until =
        instant_is_set(input->until) ? input->until : default_until(input, rehearsal->start);
    if (rehearsal->until.us <= rehearsal->start.us) {
        return op_fail(op, E_INVALID, "until", "must be after the start");
    }
    if (rehearsal->until.us > instant_add(rehearsal->start, DAYS(REHEARSAL_DAYS_MAX)).us) {
        return op_fail(op, E_INVALID, "until", "must be within a year (%d days) of the start",
                       REHEARSAL_DAYS_MAX);
    }
    return OK;
}

static void fill(const struct rehearsal *rehearsal, const struct simulated_run *run,
                 struct simulation *out)
{
    struct str zone = rehearsal->live->default_timezone;
    const struct user *person = rehearsal_person(rehearsal, rehearsal->person);
    if (person != NULL && str_is_set(person->timezone)) {
        zone = person->timezone;
    }
    *out = (struct simulation){
        .policy = rehearsal->policy.name,
        .version = rehearsal->policy.version,
        .timezone = arena_str(rehearsal->arena, zone),
        .start = rehearsal->start,
        .until = rehearsal->until,
        .timeline = run->timeline,
        .incidents = run->incidents,
        .ended = run->ended,
        .reached = run->reached,
        .messages = run->messages,
        .calls = run->calls,
        .skipped = run->skipped,
        .warnings = rehearsal->findings,
    };
}

enum err rehearsal_run(const struct site *site, struct op *op, const struct rehearsal_order *order,
                       struct simulation *out)
{
    struct rehearsal *ordered = ARENA_NEW(op->arena, struct rehearsal);
    struct rehearsal *rehearsal = ARENA_NEW(op->arena, struct rehearsal);
    struct simulated_run run = {0};
    struct simulated_run *nobody = ARENA_NEW(op->arena, struct simulated_run);
    *ordered = (struct rehearsal){.arena = op->arena,
                                  .facts = op,
                                  .live = site,
                                  .order = order,
                                  .input = order->input,
                                  .deadline_ms = monotonic_ms() + REHEARSAL_SECONDS_MAX * 1000};
    TRY(take_period(ordered));
    TRY(run_one(ordered, rehearsal, false, &run));
    fill(rehearsal, &run, out);
    TRY(run_one(ordered, rehearsal, true, nobody));
    out->nobody = nobody;
    return OK;
}

static void copy_texts(const struct record *record, void *object, struct arena *arena)
{
    for (size_t i = 0; i < record->field_count; i++) {
        if (record->fields[i].type == FIELD_TEXT) {
            struct str *text = record_member(object, &record->fields[i]);
            *text = arena_str(arena, *text);
        }
    }
}

struct rules rehearsal_rules(const struct rules *rules, struct arena *arena)
{
    struct rules copy = *rules;
    struct text_rule *texts = ARENA_NEW_ARRAY(arena, struct text_rule, rules->text_count);
    for (size_t i = 0; i < rules->text_count; i++) {
        texts[i] = rules->texts[i];
        copy_texts(&text_rule_record, &texts[i], arena);
    }
    copy.texts = texts;
    copy.arena = NULL;
    return copy;
}
