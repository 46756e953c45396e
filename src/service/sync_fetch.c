#include "service/sync_job.h"

#include "service/engine.h"
#include "service/holidays.h"
#include "store/calendars.h"
#include "store/people.h"

#include <assert.h>

static const struct duration window_back = SECONDS_INIT(86400);
static const struct duration window_ahead = SECONDS_INIT(14 * 86400);
/* Expanded further than needed, so that a calendar that does not change is expanded once a day and
 * not at each tick. */
static const struct duration window_slack = SECONDS_INIT(86400);
static const struct duration lease = SECONDS_INIT(120);

struct instant next_tick(const struct op *op)
{
    int64_t every = op->site->calendar_interval.us;
    return (struct instant){(op->now.us / every + 1) * every};
}

enum err sync_calendar_due(struct op *op, struct timer *timer)
{
    struct calendar calendar = {0};
    struct user user = {0};
    enum err err = calendars_get(op->db, op->arena, timer->subject_id, &calendar);
    if (err == E_NOT_FOUND) {
        return holidays_due(op, timer);
    }
    if (err == OK && calendar.status == calendar_status_DISABLED) {
        return OK;
    }
    TRY(err);
    err = users_get(op->db, op->arena, calendar.user_id, &user);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    if (!op->site->features.scheduler || !user.calendar_enabled) {
        timer_run_again(op, timer, next_tick(op));
        return OK;
    }
    timer_hold(op, timer, instant_add(op->now, lease));
    op_effect(op, (struct effect){.kind = EFFECT_SYNC,
                                  .id = calendar.id,
                                  .other = timer->id,
                                  .at = timer->lease_until});
    return OK;
}

static enum err load_known(struct op *op, struct sync_job *job)
{
    struct list rows = {0};
    TRY(job->must_expand ? resources_of_calendar(op->db, job->arena, job->calendar.id, &rows)
                         : resources_heads(op->db, job->arena, job->calendar.id, &rows));
    job->known_count = rows.count;
    job->known = ARENA_NEW_ARRAY(job->arena, struct calendar_resource, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        job->known[i] = ((const struct calendar_resource *)rows.items)[i];
    }
    return OK;
}

static void describe(struct op *op, const struct effect *effect, struct sync_job *job)
{
    job->site = op->site;
    job->wait = effect->wait;
    job->timer = effect->other;
    job->lease_until = effect->at;
    job->from = instant_sub(op->now, window_back);
    job->to = instant_add(instant_add(op->now, window_ahead), window_slack);
    job->must_expand =
        instant_before(job->calendar.expanded_until, instant_add(op->now, window_ahead));
}

enum err sync_prepare(struct op *op, const struct effect *effect, struct sync_job **out)
{
    struct arena *arena = arena_new();
    struct sync_job *job = ARENA_NEW(arena, struct sync_job);
    struct user user = {0};
    job->arena = arena;
    enum err err = calendars_get(op->db, arena, effect->id, &job->calendar);
    if (err == OK) {
        err = users_get(op->db, arena, job->calendar.user_id, &user);
    }
    if (err == OK) {
        job->owner_email = user.email;
        job->owner_zone = str_is_set(user.timezone) ? user.timezone : op->site->default_timezone;
        describe(op, effect, job);
        err = load_known(op, job);
    } else if (err == E_NOT_FOUND) {
        err = holidays_prepare(op, effect, job);
    }
    if (err != OK) {
        arena_free(&arena);
        return err;
    }
    *out = job;
    return OK;
}

void sync_abandon(struct sync_job **job)
{
    if (*job != NULL) {
        struct arena *arena = (*job)->arena;
        arena_free(&arena);
        *job = NULL;
    }
}

static const struct zone *find_zone(void *context, struct str name)
{
    return zoneinfo_find(context, name);
}

void sync_expand(struct sync_job *job, struct sync_part *part)
{
    struct zones_port zones = {.context = job->site->zones, .find = find_zone};
    struct expand_request request = {
        .text = part->body,
        .owner_email = job->owner_email,
        .owner_zone_name = job->owner_zone,
        .from = job->from,
        .to = job->to,
        .zones = &zones,
    };
    part->err = calendar_expand(job->arena, &request, &part->result, &part->problem);
}

static void add_part(struct sync_job *job, struct sync_part part)
{
    job->parts[job->part_count] = part;
    sync_expand(job, &job->parts[job->part_count]);
    job->part_count++;
}

static bool is_replaced(const struct sync_job *job, struct str href)
{
    for (size_t i = 0; i < job->result.changed_count; i++) {
        if (str_equal(job->result.changed[i].href, href)) {
            return true;
        }
    }
    for (size_t i = 0; i < job->result.removed_count; i++) {
        if (str_equal(job->result.removed[i], href)) {
            return true;
        }
    }
    return false;
}

/* Expands what came new, and what was known where the window has grown. */
static void collect(struct sync_job *job)
{
    if (job->result.state == PULL_FAILED && !job->must_expand) {
        return;
    }
    job->parts = ARENA_NEW_ARRAY(job->arena, struct sync_part,
                                 job->result.changed_count + job->known_count + 1);
    for (size_t i = 0; i < job->result.changed_count; i++) {
        const struct pull_resource *resource = &job->result.changed[i];
        add_part(job, (struct sync_part){.href = resource->href,
                                         .etag = resource->etag,
                                         .body = resource->body,
                                         .is_new_body = true});
    }
    for (size_t i = 0; job->must_expand && i < job->known_count; i++) {
        const struct calendar_resource *resource = &job->known[i];
        if (!is_replaced(job, resource->href)) {
            add_part(job, (struct sync_part){.href = resource->href,
                                             .etag = resource->etag,
                                             .body = resource->body});
        }
    }
}

static struct pull_source source_of(const struct sync_job *job)
{
    const struct calendar *calendar = &job->calendar;
    struct pull_resource *known =
        ARENA_NEW_ARRAY(job->arena, struct pull_resource, job->known_count + 1);
    for (size_t i = 0; i < job->known_count; i++) {
        known[i] = (struct pull_resource){.href = job->known[i].href, .etag = job->known[i].etag};
    }
    return (struct pull_source){
        .kind = calendar->kind == calendar_kind_caldav ? PULL_CALDAV : PULL_ICS,
        .url = calendar->url,
        .username = calendar->username,
        .password = calendar->password,
        .memory = {.etag = calendar->etag,
                   .last_modified = calendar->last_modified,
                   .sync_token = calendar->sync_token,
                   .ctag = calendar->ctag,
                   .collection_url = calendar->collection_url,
                   .fingerprint = (uint64_t)calendar->fingerprint},
        .known = known,
        .known_count = job->known_count,
    };
}

bool sync_needs_network(const struct sync_job *job)
{
    return job->calendar.kind != calendar_kind_upload;
}

bool sync_start(struct sync_job *job, struct wire_request *first)
{
    struct problem problem = {0};
    if (!sync_needs_network(job)) {
        job->result.state = PULL_UNCHANGED;
        collect(job);
        return false;
    }
    struct pull_source source = source_of(job);
    if (pull_begin(job->arena, &source, &job->pull, first, &problem) == OK) {
        return true;
    }
    job->result.state = PULL_FAILED;
    job->result.reason = arena_str(job->arena, str_from(problem.message));
    collect(job);
    return false;
}

bool sync_step(struct sync_job *job, const struct wire_answer *answer, struct wire_request *next)
{
    if (pull_answer(job->pull, answer, next, &job->result) == PULL_ASKING) {
        return true;
    }
    collect(job);
    return false;
}
