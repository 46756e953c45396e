#include "service/pacer.h"

#include "base/memory.h"
#include "domain/fair_queue.h"
#include "service/agents.h"
#include "service/call_outcomes.h"
#include "service/id_map.h"
#include "service/providers.h"
#include "store/call_counts.h"
#include "store/call_runs.h"

#include <assert.h>
#include <stdlib.h>

enum { AGAIN = 1, PLACES = 2 }; /* A group's number and whether a call has begun before, in one. */
/* So many begun calls wait in a lane and before it: a cancellation can still overtake them. */
enum { LANE_FEW = 4, INTAKE_FEW = 512, IDLE_GROUPS = 256, CALLS_A_MINUTE = 60 };

enum pace_kind { PACE_CAMPAIGN, PACE_AGENT, PACE_ACCOUNT };

/* How fast calls of a campaign, an agent, or by a lane may go. */
struct pace {
    struct pace *next;
    enum pace_kind kind;
    int64_t id; /* The row; of an account the lane. */
    struct bucket bucket;
    struct bucket open; /* ACCOUNT: the bucket as it is while its lane is not full. */
    bool is_full;
    bool is_paused; /* CAMPAIGN */
    size_t users;   /* Groups that go by it. */
};

/* Calls of one campaign (or none) and agent; its place is the number of its fair_queue group. */
struct pacer_group {
    bool is_used;
    struct call_group key;
    struct pace *paces[FAIR_BUCKETS_MAX]; /* Campaign (or NULL), agent, account. */
    size_t waiting;
    bool is_paused;
};

struct pacer {
    const struct site *site;
    struct courier *courier;
    struct fair_queue queue;
    struct pacer_group *groups;
    size_t group_cap;
    size_t group_count;
    struct pace *paces;
    struct id_map where; /* Which group a call waits in. */
    struct pacer_counts counts;
    bool is_paused;     /* The kind itself. */
    int32_t taken_from; /* The group of the last one taken; NONE once it is closed. */
    struct instant taken_at;
};

/* When a lane that is full may have more: not by the clock. */
static struct instant long_after(void)
{
    return instant_from_ms(INT64_MAX / 1000000);
}

static struct fair_memory memory_of_queue(void)
{
    return (struct fair_memory){.grow = memory_grow, .release = free};
}

struct pacer *pacer_new(const struct site *site, struct courier *courier)
{
    struct pacer *pacer = memory_new(sizeof *pacer);
    pacer->site = site;
    pacer->courier = courier;
    pacer->queue = fair_queue_new(memory_of_queue());
    pacer->taken_from = FAIR_GROUP_NONE;
    return pacer;
}

void pacer_free(struct pacer **pacer)
{
    if (*pacer == NULL) {
        return;
    }
    while ((*pacer)->paces != NULL) {
        struct pace *pace = (*pacer)->paces;
        (*pacer)->paces = pace->next;
        free(pace);
    }
    fair_queue_free(&(*pacer)->queue);
    id_map_free(&(*pacer)->where);
    free((*pacer)->groups);
    free(*pacer);
    *pacer = NULL;
}

/* The paces. */

static struct pace *pace_find(const struct pacer *pacer, enum pace_kind kind, int64_t id)
{
    struct pace *pace = pacer->paces;
    while (pace != NULL && (pace->kind != kind || pace->id != id)) {
        pace = pace->next;
    }
    return pace;
}

static struct pace *pace_of(struct pacer *pacer, enum pace_kind kind, int64_t id)
{
    struct pace *pace = pace_find(pacer, kind, id);
    if (pace == NULL) {
        pace = memory_new(sizeof *pace);
        *pace = (struct pace){.next = pacer->paces, .kind = kind, .id = id};
        pacer->paces = pace;
    }
    return pace;
}

/* Of what is damaged no pace is known. Its calls go on, and are given up when they begin. */
static enum err read_campaign(struct op *op, struct pace *pace)
{
    struct campaign campaign = {0};
    enum err err = db_get(op->db, TABLE_campaigns, (struct id){pace->id}, op->arena, &campaign);
    TRY(call_err_is_damage(err) ? OK : err);
    fair_bucket_change(&pace->bucket, campaign.calls_per_minute);
    pace->is_paused = campaign.state == campaign_state_PAUSED;
    return OK;
}

static enum err read_agent(struct op *op, struct pace *pace, struct str *from_number)
{
    const struct agent *agent = NULL;
    enum err err = agent_in_force(op, (struct id){pace->id}, &agent);
    TRY(call_err_is_damage(err) ? OK : err);
    fair_bucket_change(&pace->bucket, err == OK ? agent->calls_per_minute : 0);
    *from_number = err == OK ? agent->from_number : STR_NONE;
    return OK;
}

/* The lane that a call of this agent is likely to take; a route by country may choose another. */
static struct pace *account_of(struct pacer *pacer, struct str from_number)
{
    struct provider_list list = provider_list_for(pacer->site, channel_CALL, STR(""));
    struct lane_address address = {list.items[0], channel_CALL, from_number};
    int lane = courier_lane_find(pacer->courier, &address);
    struct pace *pace = pace_of(pacer, PACE_ACCOUNT, lane);
    if (pace->users == 0 && !pace->is_full && list.items[0] != NULL) {
        /* Of a fair queue's call there are 60 units, so that none of it is rounded. */
        pace->bucket.rate_milli =
            provider_rate(pacer->site, list.items[0], channel_CALL) * CALLS_A_MINUTE;
    }
    return pace;
}

/* The groups. */

static void hold_or_let_go(struct pacer *pacer, int32_t number)
{
    struct pacer_group *group = &pacer->groups[number];
    bool is_paused = pacer->is_paused || (group->paces[0] != NULL && group->paces[0]->is_paused);
    int64_t waiting = (int64_t)group->waiting;
    if (is_paused == group->is_paused) {
        return;
    }
    group->is_paused = is_paused;
    pacer->counts.paused += is_paused ? waiting : -waiting;
    pacer->counts.waiting += is_paused ? -waiting : waiting;
    fair_group_pause(&pacer->queue, number, is_paused);
}

static void close_group(struct pacer *pacer, int32_t number)
{
    struct pacer_group *group = &pacer->groups[number];
    fair_group_close(&pacer->queue, number);
    pacer->taken_from = pacer->taken_from == number ? FAIR_GROUP_NONE : pacer->taken_from;
    for (size_t i = 0; i < FAIR_BUCKETS_MAX; i++) {
        if (group->paces[i] != NULL) {
            group->paces[i]->users--;
        }
    }
    *group = (struct pacer_group){0};
    pacer->group_count--;
}

/* Paces that nothing goes by, and that hold nothing back any more. */
static void drop_paces(struct pacer *pacer, struct instant now)
{
    struct pace **place = &pacer->paces;
    while (*place != NULL) {
        struct pace *pace = *place;
        if (pace->users > 0 || bucket_ready_at(&pace->bucket, now).us > now.us) {
            place = &pace->next;
            continue;
        }
        *place = pace->next;
        free(pace);
    }
}

static void close_idle(struct pacer *pacer, struct instant now)
{
    if (pacer->group_count < IDLE_GROUPS) {
        return;
    }
    for (size_t i = 0; i < pacer->group_cap; i++) {
        if (pacer->groups[i].is_used && pacer->groups[i].waiting == 0) {
            close_group(pacer, (int32_t)i);
        }
    }
    drop_paces(pacer, now);
}

static int32_t find_group(const struct pacer *pacer, const struct call_group *key)
{
    for (size_t i = 0; i < pacer->group_cap; i++) {
        const struct pacer_group *group = &pacer->groups[i];
        if (group->is_used && id_equal(group->key.agent, key->agent) &&
            id_equal(group->key.campaign, key->campaign)) {
            return (int32_t)i;
        }
    }
    return FAIR_GROUP_NONE;
}

static void keep_group(struct pacer *pacer, int32_t number, const struct pacer_group *group)
{
    size_t needed = (size_t)number + 1;
    if (needed > pacer->group_cap) {
        size_t cap = needed < 16 ? 16 : needed * 2;
        pacer->groups = memory_grow(pacer->groups, cap, sizeof *pacer->groups);
        for (size_t i = pacer->group_cap; i < cap; i++) {
            pacer->groups[i] = (struct pacer_group){0};
        }
        pacer->group_cap = cap;
    }
    pacer->groups[number] = *group;
    pacer->group_count++;
}

static enum err open_group(struct pacer *pacer, struct op *op, const struct call_group *key,
                           int32_t *out)
{
    struct pacer_group group = {.is_used = true, .key = *key};
    struct bucket *buckets[FAIR_BUCKETS_MAX] = {NULL};
    struct str from = STR_NONE;
    close_idle(pacer, op->now);
    if (id_is_set(key->campaign)) {
        group.paces[0] = pace_of(pacer, PACE_CAMPAIGN, key->campaign.value);
        TRY(read_campaign(op, group.paces[0]));
    }
    group.paces[1] = pace_of(pacer, PACE_AGENT, key->agent.value);
    TRY(read_agent(op, group.paces[1], &from));
    group.paces[2] = account_of(pacer, from);
    for (size_t i = 0; i < FAIR_BUCKETS_MAX; i++) {
        if (group.paces[i] != NULL) {
            group.paces[i]->users++;
            buckets[i] = &group.paces[i]->bucket;
        }
    }
    *out = fair_group_open(&pacer->queue, buckets, FAIR_BUCKETS_MAX);
    keep_group(pacer, *out, &group);
    hold_or_let_go(pacer, *out);
    return OK;
}

/* What comes in. */

static void note_lateness(struct pacer *pacer, const struct op *op, const struct due_entry *due)
{
    int64_t late_ms = instant_ms(op->now) - due->due_ms;
    histogram_add(&pacer->site->stats->metrics.lateness, MILLISECONDS(late_ms));
    if (late_ms > atomic_load(&pacer->site->stats->lateness_max_ms)) {
        atomic_store(&pacer->site->stats->lateness_max_ms, late_ms);
    }
}

enum err pacer_expect(struct pacer *pacer, struct op *op, const struct due_entry *due)
{
    struct call_group key = {0};
    struct id call = {due->id};
    if (id_map_has(&pacer->where, call)) {
        return OK;
    }
    enum err err = call_runs_group(op->db, call, &key);
    if (err != OK) {
        return err == E_NOT_FOUND ? OK : err;
    }
    int32_t number = find_group(pacer, &key);
    if (number == FAIR_GROUP_NONE) {
        TRY(open_group(pacer, op, &key, &number));
    }
    struct pacer_group *group = &pacer->groups[number];
    note_lateness(pacer, op, due);
    fair_queue_push(&pacer->queue, number,
                    (struct fair_entry){due->due_ms, due->id, due->priority, 0});
    id_map_put(&pacer->where, call, number * PLACES + (key.is_again ? AGAIN : 0));
    pacer->counts.again += key.is_again;
    group->waiting++;
    *(group->is_paused ? &pacer->counts.paused : &pacer->counts.waiting) += 1;
    return OK;
}

static bool forget(struct pacer *pacer, struct id call)
{
    int32_t place = 0;
    if (!id_map_remove(&pacer->where, call, &place)) {
        return false;
    }
    struct pacer_group *group = &pacer->groups[place / PLACES];
    pacer->counts.again -= place % PLACES == AGAIN;
    group->waiting--;
    *(group->is_paused ? &pacer->counts.paused : &pacer->counts.waiting) -= 1;
    return true;
}

static void look_at_groups(struct pacer *pacer)
{
    for (size_t i = 0; i < pacer->group_cap; i++) {
        if (pacer->groups[i].is_used) {
            hold_or_let_go(pacer, (int32_t)i);
        }
    }
}

void pacer_hold(struct pacer *pacer, bool is_paused)
{
    if (pacer->is_paused != is_paused) {
        pacer->is_paused = is_paused;
        look_at_groups(pacer);
    }
}

static enum err read_again(struct pacer *pacer, struct op *op, struct id subject)
{
    struct pace *campaign = pace_find(pacer, PACE_CAMPAIGN, subject.value);
    struct pace *agent = pace_find(pacer, PACE_AGENT, subject.value);
    struct str ignored = STR_NONE;
    TRY(campaign == NULL ? OK : read_campaign(op, campaign));
    TRY(agent == NULL ? OK : read_agent(op, agent, &ignored));
    look_at_groups(pacer);
    fair_queue_recheck(&pacer->queue);
    return OK;
}

enum err pacer_heard(struct pacer *pacer, struct op *op, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_PACE:
        return read_again(pacer, op, effect->id);
    case EFFECT_CALL_GONE:
        forget(pacer, effect->id);
        return OK;
    case EFFECT_ACTIVE:
        pacer->counts.active += effect->priority;
        return OK;
    case EFFECT_TIMER:
    case EFFECT_SEND:
    case EFFECT_FIND:
    case EFFECT_CANCEL:
    case EFFECT_SYNC:
    case EFFECT_SINK:
    case EFFECT_PING:
        break;
    }
    assert(!"only what concerns calls comes here");
    return E_INTERNAL;
}

void pace_changed(struct op *op, struct id subject)
{
    op_effect(op, (struct effect){.kind = EFFECT_PACE, .id = subject});
}

void pace_call_gone(struct op *op, struct id call)
{
    op_effect(op, (struct effect){.kind = EFFECT_CALL_GONE, .id = call});
}

void pace_count_active(struct op *op, int change)
{
    op_effect(op, (struct effect){.kind = EFFECT_ACTIVE, .priority = change});
}

/* What goes out. */

/* A lane that has enough to go on with gets no more, whatever its pace. */
static void look_at_lanes(struct pacer *pacer)
{
    bool has_opened = false;
    bool is_behind = courier_intake(pacer->courier) >= INTAKE_FEW;
    for (struct pace *pace = pacer->paces; pace != NULL; pace = pace->next) {
        if (pace->kind != PACE_ACCOUNT) {
            continue;
        }
        bool is_full = is_behind || courier_lane_waiting(pacer->courier, (int)pace->id) >= LANE_FEW;
        if (is_full && !pace->is_full) {
            pace->open = pace->bucket;
            pace->bucket = (struct bucket){.rate_milli = 1, .free_at = long_after()};
        } else if (!is_full && pace->is_full) {
            pace->bucket = pace->open;
            has_opened = true;
        }
        pace->is_full = is_full;
    }
    if (has_opened) {
        fair_queue_recheck(&pacer->queue);
    }
}

bool pacer_next(struct pacer *pacer, struct instant now, struct instant *at)
{
    if (pacer->counts.waiting == 0) {
        return false;
    }
    look_at_lanes(pacer);
    return fair_queue_ready_at(&pacer->queue, now, at) && at->us < long_after().us;
}

bool pacer_is_hungry(struct pacer *pacer, struct instant now)
{
    struct instant at = INSTANT_NONE;
    return pacer_next(pacer, now, &at) && !instant_before(now, at);
}

void pacer_give_back(struct pacer *pacer)
{
    if (pacer->taken_from == FAIR_GROUP_NONE) {
        return;
    }
    const struct pacer_group *group = &pacer->groups[pacer->taken_from];
    /* It was allowed at that instant, so the next one is. */
    for (size_t i = 0; i < FAIR_BUCKETS_MAX; i++) {
        if (group->paces[i] != NULL) {
            group->paces[i]->bucket.free_at = pacer->taken_at;
        }
    }
    fair_queue_give_back(&pacer->queue, pacer->taken_from);
}

bool pacer_take(struct pacer *pacer, struct instant now, struct due_entry *call)
{
    struct fair_entry entry = {0};
    while (pacer->counts.waiting > 0 &&
           fair_queue_take(&pacer->queue, now, &entry, &pacer->taken_from)) {
        pacer->taken_at = now;
        *call = (struct due_entry){.due_ms = entry.due_ms,
                                   .id = entry.id,
                                   .priority = entry.priority,
                                   .tag = timer_kind_SCHEDULED_CALL};
        if (forget(pacer, (struct id){entry.id})) {
            return true;
        }
        pacer_give_back(pacer); /* It is gone since it came. */
    }
    return false;
}

struct pacer_counts pacer_count(const struct pacer *pacer)
{
    return pacer->counts;
}

struct remembering {
    struct pacer *pacer;
    struct op *op;
};

/* A pace goes on from the last call that the rows know of. */
static enum err remember_begin(void *context, const struct call_begun *begun)
{
    struct remembering *remembering = context;
    bool is_campaign = id_is_set(begun->campaign);
    struct id id = is_campaign ? begun->campaign : begun->agent;
    struct str ignored = STR_NONE;
    struct pace *pace =
        pace_of(remembering->pacer, is_campaign ? PACE_CAMPAIGN : PACE_AGENT, id.value);
    TRY(is_campaign ? read_campaign(remembering->op, pace)
                    : read_agent(remembering->op, pace, &ignored));
    /* The clock may have been set back since. */
    fair_bucket_begun(&pace->bucket, instant_min(begun->at, remembering->op->now));
    return OK;
}

enum err pacer_recover(struct pacer *pacer, struct op *op)
{
    struct call_tally tally = {0};
    int64_t retrying = 0;
    struct remembering remembering = {pacer, op};
    for (size_t i = 0; i < pacer->group_cap; i++) {
        if (pacer->groups[i].is_used) {
            close_group(pacer, (int32_t)i);
        }
    }
    id_map_clear(&pacer->where);
    TRY(call_counts_read(op->db, count_scope_ALL, 0, &tally));
    TRY(call_runs_waiting(op->db, &retrying));
    /* Those that are a minute old hold nothing back. */
    TRY(call_runs_begun(op->db, id_floor(instant_sub(op->now, MINUTES(1))), &remembering,
                        remember_begin));
    pacer->counts = (struct pacer_counts){.active = tally.processing - retrying};
    return OK;
}
