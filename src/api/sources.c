#include "api/sources.h"

#include "api/call.h"
#include "base/memory.h"
#include "service/heartbeats.h"
#include "service/integrations.h"
#include "service/sources.h"

#include <stdlib.h>

/* Where an integration's bucket may stand: in one of so many places from that of its id on. */
enum { PACED_MAX = 256, PLACES = 8 };

/* A bucket that holds one second's worth of messages. */
struct paced_source {
    struct id integration;
    int64_t allowance_us; /* In microseconds of credit. */
    struct instant filled_at;
};

struct source_gate {
    int64_t requests_per_second;
    struct paced_source sources[PACED_MAX];
};

struct source_gate *source_gate_new(int64_t requests_per_second)
{
    struct source_gate *gate = memory_new(sizeof *gate);
    gate->requests_per_second = requests_per_second;
    return gate;
}

void source_gate_free(struct source_gate **gate)
{
    free(*gate);
    *gate = NULL;
}

/* What has come in since it was filled last is added, up to one second's worth. */
static void fill(struct paced_source *source, struct instant now)
{
    int64_t filled = source->allowance_us + instant_since(now, source->filled_at).us;
    source->filled_at = now;
    source->allowance_us = filled > SECONDS(1).us ? SECONDS(1).us : filled;
}

/* The bucket of an integration. Where none is free, the one that was used longest ago changes hands
 * with what is in it, so that those who share a place have the allowance of one, and never more. */
static struct paced_source *bucket_of(struct source_gate *gate, struct id id, struct instant now)
{
    struct paced_source *oldest = NULL;
    /* The low bits of ids count within a millisecond: most of them are alike. */
    uint64_t first = ((uint64_t)id.value * 0x9E3779B97F4A7C15) >> 32;
    for (uint64_t i = 0; i < PLACES; i++) {
        struct paced_source *source = &gate->sources[(first + i) % PACED_MAX];
        if (id_equal(source->integration, id)) {
            fill(source, now);
            return source;
        }
        if (oldest == NULL || instant_before(source->filled_at, oldest->filled_at)) {
            oldest = source;
        }
    }
    fill(oldest, now);
    oldest->integration = id;
    return oldest;
}

static enum err pace(struct source_gate *gate, struct api_call *call, struct op *op, struct id id)
{
    if (gate->requests_per_second <= 0 || op->site->is_virtual) {
        return OK;
    }
    struct paced_source *source = bucket_of(gate, id, op->now);
    int64_t cost = SECONDS(1).us / gate->requests_per_second;
    if (source->allowance_us < cost) {
        call->retry_after_seconds = 1;
        return op_fail(op, E_UNAVAILABLE, NULL,
                       "this integration may send %lld times a second "
                       "(TOCSIN_INTEGRATION_REQUESTS_PER_SECOND); try again",
                       (long long)gate->requests_per_second);
    }
    source->allowance_us -= cost;
    return OK;
}

static enum source_kind kind_of(const struct route *route)
{
    return route->function == take_alertmanager ? source_kind_ALERTMANAGER
           : route->function == take_grafana    ? source_kind_GRAFANA
                                                : source_kind_GENERIC;
}

static struct str header_of(const struct http_request *request, struct str name)
{
    for (size_t i = 0; i < request->extension_count; i++) {
        if (str_equal_nocase(request->extensions[i].name, name)) {
            return request->extensions[i].value;
        }
    }
    return STR_NONE;
}

static enum err check_signature(const struct api_call *call, struct op *op,
                                const struct integration *integration)
{
    struct str timestamp = STR_NONE;
    if (!str_is_set(integration->secret)) {
        return OK;
    }
    if (str_is_set(integration->timestamp_header)) {
        timestamp = header_of(&call->request, integration->timestamp_header);
        timestamp = str_is_set(timestamp) ? timestamp : STR("");
    }
    struct str signature = header_of(&call->request, STR("x-grafana-alerting-signature"));
    return source_is_signed(integration->secret, timestamp, call->request.body, signature)
               ? OK
               : op_fail(op, E_FORBIDDEN, NULL,
                         "X-Grafana-Alerting-Signature does not fit this integration's secret");
}

static enum err admit(const struct api_call *call, struct op *op, struct source_visit *visit)
{
    struct integration *integration = &visit->integration;
    TRY(find_integration(op, call->match.token, integration));
    visit->kind = kind_of(call->route);
    if (!integration->enabled) {
        return op_fail(op, E_FORBIDDEN, NULL, "this integration is switched off");
    }
    if (integration->kind != source_kind_ANY && integration->kind != (int)visit->kind) {
        return op_fail(op, E_NOT_FOUND, NULL, "this integration is of the kind %s",
                       enum_name(&source_kind_names, integration->kind));
    }
    return OK;
}

static enum err read_message(struct api_call *call, struct source_gate *gate, struct op *op)
{
    struct source_visit *visit = ARENA_NEW(call->arena, struct source_visit);
    const void *batch = NULL;
    call->input = visit;
    TRY(admit(call, op, visit));
    TRY(pace(gate, call, op, visit->integration.id));
    if (visit->kind == source_kind_GRAFANA) {
        TRY(check_signature(call, op, &visit->integration));
    }
    visit->body = call->request.body;
    call->work.actor.name =
        arena_printf(call->arena, "integration:%.*s", STR_FMT(visit->integration.name));
    if (visit->body.len < LONG_BODY_BYTES) {
        TRY(prepare_source(op, visit, &batch));
        visit->batch = batch;
    }
    return OK;
}

enum err visit_read(struct api_call *call, struct source_gate *gate, struct op *op)
{
    call->output = arena_alloc(call->arena, call->route->output->size);
    call->work.actor = (struct actor){.name = STR("heartbeat"), .scope = key_scope_ADMIN};
    if (call->route->function != take_beat) {
        return read_message(call, gate, op);
    }
    struct beat_input *beat = ARENA_NEW(call->arena, struct beat_input);
    beat->token = call->match.token;
    call->input = beat;
    return OK;
}

/* What stands behind the name of a collection, up to the next slash, where it is no id of ours. */
static struct str hide_behind(struct str path, struct str name, struct arena *arena)
{
    enum { UUID_BYTES = 36 };
    size_t at = str_find(path, name);
    if (at >= path.len) {
        return path;
    }
    at += name.len;
    size_t end = str_find_byte(path, '/', at);
    bool is_id = end - at == UUID_BYTES && path.ptr[at + 8] == '-';
    return is_id || end == at ? path
                              : arena_printf(arena, "%.*s…%.*s", STR_FMT(str_slice(path, 0, at)),
                                             STR_FMT(str_slice(path, end, path.len)));
}

struct str path_without_secrets(struct str path, struct arena *arena)
{
    struct str shown = hide_behind(path, STR("/integrations/"), arena);
    return hide_behind(shown, STR("/heartbeats/"), arena);
}
