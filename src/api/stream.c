#include "api/stream.h"

#include "api/stream_recent.h"
#include "base/memory.h"
#include "net/http_server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What a stream holds on its way out is filled up to here; the last event may go beyond. */
enum { PENDING_BYTES = 32 * 1024 };

/* Readings of the store in one turn, so that readers who have much to catch up on don't keep
 * ordinary requests waiting, and how many rows each looks at. */
enum { READINGS_PER_TURN = 4, ROWS_PER_READING = 64 };

/* The same for connections that are given something: each costs a few system calls. */
enum { WAKES_PER_TURN = 32 };

/* Of one key that is not an admin's, so that nobody takes the places of all others. */
enum { STREAMS_PER_KEY = 20 };

/* Messages change a dozen times a second when much goes on; a page needs to be told once. */
static const struct duration change_pause = SECONDS_INIT(1);

/* How long a key is believed to be good. */
static const struct duration key_known_for = SECONDS_INIT(1);

struct stream {
    struct stream_hub *hub;
    struct stream *next;
    struct stream *previous;
    struct http_stream *http;
    struct stream_filter filter;
    struct id position;  /* The event that was looked at last. */
    struct id told;      /* The one that the last heartbeat named. */
    struct buf pending;  /* On its way out. */
    size_t taken;        /* How much of it the connection has. */
    size_t taken_before; /* The same, when it was looked at last. */
    struct instant moved_at;
    struct instant key_checked_at;
    struct instant changes_told_at;
    int64_t changes_told;
    bool wants_changes; /* Of messages. */
    bool is_over;
    struct str authorization; /* In memory of its own, wiped at the end. */
    struct key_hash key;
};

struct stream_hub {
    struct stream_config config;
    struct arena *arena;
    struct recent_events recent;
    struct stream *first;
    struct stream *last;
    int64_t count;
    int readings_left; /* Of this turn; negative where the store does not answer. */
    int wakes_left;
    struct instant now; /* Monotonic. */
};

struct stream_hub *stream_hub_new(const struct stream_config *config)
{
    struct stream_hub *hub = memory_new(sizeof *hub);
    hub->config = *config;
    hub->arena = arena_new();
    return hub;
}

void stream_hub_free(struct stream_hub **hub)
{
    if (*hub == NULL) {
        return;
    }
    assert((*hub)->count == 0);
    recent_free(&(*hub)->recent);
    arena_free(&(*hub)->arena);
    free(*hub);
    *hub = NULL;
}

static struct op op_of(struct stream_hub *hub, struct problem *problem)
{
    const struct site *site = hub->config.site;
    arena_reset(hub->arena);
    return (struct op){
        .now = site->clock.now(site->clock.context),
        .arena = hub->arena,
        .db = hub->config.reader,
        .site = site,
        .problem = problem,
    };
}

/* The newest event that is durable. */
static struct id newest(const struct stream_hub *hub)
{
    return (struct id){
        atomic_load_explicit(&hub->config.site->stats->last_event, memory_order_acquire)};
}

static void list_append(struct stream_hub *hub, struct stream *stream)
{
    stream->next = NULL;
    stream->previous = hub->last;
    *(hub->last == NULL ? &hub->first : &hub->last->next) = stream;
    hub->last = stream;
}

static void list_remove(struct stream_hub *hub, struct stream *stream)
{
    *(stream->previous == NULL ? &hub->first : &stream->previous->next) = stream->next;
    *(stream->next == NULL ? &hub->last : &stream->next->previous) = stream->previous;
}

static bool is_empty(const struct stream *stream)
{
    return stream->taken == stream->pending.len;
}

/* Everything is out: the next piece is begun. */
static void begin_piece(struct stream *stream)
{
    buf_clear(&stream->pending);
    stream->taken = stream->taken_before = 0;
}

/* What the readers have in common is told without a look at the store. */
static void take_recent(struct stream *stream)
{
    const struct recent_events *recent = &stream->hub->recent;
    if (recent_covers(recent, stream->position)) {
        recent_take(recent, &stream->filter, &stream->position, &stream->pending, PENDING_BYTES);
    }
}

/* Somebody who was away is told what nobody else waits for. */
static enum err catch_up(struct stream *stream, struct id last)
{
    struct problem ignored = {0};
    struct op op = op_of(stream->hub, &ignored);
    struct event_span span = {
        .after = stream->position,
        .until = last,
        .user = stream->filter.user,
        .rows = ROWS_PER_READING,
    };
    struct list events = {0};
    TRY(events_of_span(&op, &span, &events));
    const struct event *items = events.items;
    for (size_t i = 0; i < events.count; i++) {
        if (stream_wants(&stream->filter, items[i].user_id, items[i].kind)) {
            stream_write_event(&op, &items[i], &stream->pending);
        }
    }
    stream->position = span.until;
    return OK;
}

static enum err read_on(struct stream *stream, struct id last)
{
    struct stream_hub *hub = stream->hub;
    struct problem ignored = {0};
    if (!recent_covers(&hub->recent, stream->position)) {
        return catch_up(stream, last);
    }
    struct op op = op_of(hub, &ignored);
    TRY(recent_extend(&hub->recent, &op, last));
    take_recent(stream);
    return OK;
}

/* Whether the key that began it is still good; what cannot be asked is not refused. */
static bool may_listen(struct stream *stream)
{
    struct stream_hub *hub = stream->hub;
    struct problem ignored = {0};
    if (instant_before(hub->now, instant_add(stream->key_checked_at, key_known_for))) {
        return true;
    }
    struct op op = op_of(hub, &ignored);
    stream->key_checked_at = hub->now;
    return auth_again(hub->config.auth, &op, stream->authorization) != E_UNAUTHENTICATED;
}

/* Looks for something to tell, as far as this turn allows. */
static void fill(struct stream *stream)
{
    struct stream_hub *hub = stream->hub;
    struct id last = newest(hub);
    begin_piece(stream);
    take_recent(stream);
    while (is_empty(stream) && stream->position.value < last.value && hub->readings_left > 0) {
        hub->readings_left--;
        if (read_on(stream, last) != OK) {
            hub->readings_left = -1; /* The store is asked again at the next event or heartbeat. */
        }
    }
}

static void end_stream(struct stream *stream)
{
    stream->is_over = true;
    http_stream_wake(stream->http);
}

/* A comment keeps proxies from giving up; the place that was reached comes with it, so that who
 * listens to little has not much to look through when they come back. */
static void write_heartbeat(struct stream *stream)
{
    struct problem ignored = {0};
    struct op op = op_of(stream->hub, &ignored);
    buf_add_text(&stream->pending, ": heartbeat\n");
    if (!id_equal(stream->told, stream->position)) {
        buf_printf(&stream->pending, "id: %.*s\n", STR_FMT(op_id_text(&op, stream->position)));
        stream->told = stream->position;
    }
    buf_add_byte(&stream->pending, '\n');
}

static bool has_changes(const struct stream *stream)
{
    struct stats *stats = stream->hub->config.site->stats;
    return stream->wants_changes && stream->changes_told != atomic_load(&stats->message_changes);
}

static struct instant changes_due(const struct stream *stream)
{
    return instant_add(stream->changes_told_at, change_pause);
}

/* It names no message: who sees some reads them anew, as far as they may. */
static void tell_changes(struct stream *stream)
{
    struct stream_hub *hub = stream->hub;
    if (has_changes(stream) && !instant_before(hub->now, changes_due(stream))) {
        stream->changes_told = atomic_load(&hub->config.site->stats->message_changes);
        stream->changes_told_at = hub->now;
        buf_add_text(&stream->pending,
                     "event: MESSAGES_CHANGED\ndata: {\"type\":\"MESSAGES_CHANGED\"}\n\n");
    }
}

/* True where it is to be looked at once more in the next turn. */
static bool look_at_idle(struct stream *stream)
{
    struct stream_hub *hub = stream->hub;
    bool is_silent =
        !instant_before(hub->now, instant_add(stream->moved_at, hub->config.heartbeat));
    fill(stream);
    tell_changes(stream);
    if (is_empty(stream) && is_silent) {
        write_heartbeat(stream);
    }
    if (is_empty(stream)) {
        return stream->position.value < newest(hub).value;
    }
    stream->moved_at = hub->now;
    hub->wakes_left--;
    if (may_listen(stream)) {
        http_stream_wake(stream->http);
    } else {
        end_stream(stream);
    }
    return false;
}

/* When it is to be looked at next, if nothing happens. */
static struct instant due_of(const struct stream *stream)
{
    struct duration heartbeat = stream->hub->config.heartbeat;
    struct instant due = instant_add(stream->moved_at,
                                     is_empty(stream) ? heartbeat : MICROSECONDS(heartbeat.us * 2));
    return is_empty(stream) && has_changes(stream) ? instant_min(due, changes_due(stream)) : due;
}

/* What it was given is still on its way. */
static void look_at_busy(struct stream *stream)
{
    struct stream_hub *hub = stream->hub;
    if (stream->taken != stream->taken_before) {
        stream->taken_before = stream->taken;
        stream->moved_at = hub->now;
    }
    bool is_stalled = !instant_before(hub->now, due_of(stream));
    if (!is_stalled && may_listen(stream)) {
        return;
    }
    if (is_stalled) {
        log_write(hub->config.site->log, LOG_INFO, LOG_HTTP, STR_NONE,
                  "an event stream is cut off: its reader takes nothing");
    }
    stream->is_over = true;
    http_stream_cut(stream->http);
}

static void look_at(struct stream *stream, bool *has_more)
{
    if (!instant_is_set(stream->moved_at)) {
        stream->moved_at = stream->hub->now;
    }
    if (stream->is_over) {
        return;
    }
    if (is_empty(stream)) {
        *has_more = look_at_idle(stream) || *has_more;
    } else {
        look_at_busy(stream);
    }
}

struct duration stream_tick(struct stream_hub *hub, struct instant now)
{
    bool has_more = false;
    int64_t left = hub->count;
    struct instant due = instant_add(now, hub->config.heartbeat);
    hub->now = now;
    hub->readings_left = READINGS_PER_TURN;
    hub->wakes_left = WAKES_PER_TURN;
    /* Each goes to the end of the list, so that what a turn may do goes round. */
    for (; left > 0 && hub->wakes_left > 0; left--) {
        struct stream *stream = hub->first;
        list_remove(hub, stream);
        list_append(hub, stream);
        look_at(stream, &has_more);
        due = stream->is_over ? due : instant_min(due, due_of(stream));
    }
    if (left > 0 || (has_more && hub->readings_left == 0)) {
        return MICROSECONDS(0);
    }
    if (hub->count == 0) {
        return MICROSECONDS(-1);
    }
    return instant_before(now, due) ? instant_since(due, now) : MICROSECONDS(0);
}

static int64_t read_stream(void *context, char *out, size_t max)
{
    struct stream *stream = context;
    if (stream->is_over) {
        return HTTP_STREAM_END;
    }
    if (is_empty(stream)) {
        begin_piece(stream);
        take_recent(stream);
    }
    size_t left = stream->pending.len - stream->taken;
    size_t len = left < max ? left : max;
    if (len == 0) {
        if (stream->position.value < newest(stream->hub).value) {
            http_stream_tick(stream->http);
        }
        return HTTP_STREAM_NOTHING;
    }
    memcpy(out, stream->pending.ptr + stream->taken, len);
    stream->taken += len;
    return (int64_t)len;
}

static void count_listener(const struct stream *stream, int64_t by)
{
    struct stats *stats = stream->hub->config.site->stats;
    atomic_fetch_add(&stats->listeners, by);
    atomic_fetch_add(&stats->message_listeners, stream->wants_changes ? by : 0);
}

static void close_stream(void *context)
{
    struct stream *stream = context;
    list_remove(stream->hub, stream);
    stream->hub->count--;
    count_listener(stream, -1);
    buf_free(&stream->pending);
    explicit_bzero(stream + 1, stream->authorization.len);
    free(stream);
}

/* The first lines say where it begins, so that who loses it before the first event misses none. */
static struct stream *stream_new(struct stream_hub *hub, const struct api_call *call,
                                 const struct op *op, const struct key_hash *key)
{
    const struct stream_view *view = call->output;
    struct str authorization = call->request.authorization;
    struct stream *stream = memory_new(sizeof *stream + authorization.len);
    memcpy(stream + 1, authorization.ptr, authorization.len);
    *stream = (struct stream){
        .hub = hub,
        .filter = {view->user_id, (uint64_t)view->kinds},
        .position = view->after,
        .told = view->after,
        .wants_changes = view->messages,
        .changes_told = atomic_load(&op->site->stats->message_changes),
        .authorization = {(const char *)(stream + 1), authorization.len},
        .key = *key,
    };
    buf_add_text(&stream->pending, "retry: 2000\n");
    buf_printf(&stream->pending, "id: %.*s\n\n",
               STR_FMT(id_is_set(view->after) ? op_id_text(op, view->after) : STR("0")));
    if (view->is_lost) {
        buf_add_text(&stream->pending, "event: EVENTS_LOST\ndata: {}\n\n");
    }
    return stream;
}

static enum err check_room(const struct stream_hub *hub, struct api_call *call, struct op *op,
                           const struct key_hash *key)
{
    int64_t count = 0;
    if (call->reply.stream == NULL || hub->count >= hub->config.streams_max) {
        return op_fail(op, E_UNAVAILABLE, NULL, "there are %lld event streams already",
                       (long long)hub->count);
    }
    for (const struct stream *stream = hub->first; stream != NULL; stream = stream->next) {
        count += key_hash_equal(&stream->key, key);
    }
    if (op->actor.scope != key_scope_ADMIN && count >= STREAMS_PER_KEY) {
        call->retry_after_seconds = (hub->config.heartbeat.us + 999999) / 1000000;
        return op_fail(op, E_RATE_LIMITED, NULL,
                       "this key has %d event streams already, which is the most for one key; "
                       "close one first",
                       STREAMS_PER_KEY);
    }
    return OK;
}

/* X-Accel-Buffering is how nginx is told not to keep it back. */
static const struct http_header unbuffered = {STR_INIT("X-Accel-Buffering"), STR_INIT("no")};

enum err stream_begin(struct stream_hub *hub, struct api_call *call, struct op *op)
{
    struct stream_input *input = call->input;
    struct key_hash key;
    struct http_response head = {
        .status = call->route->status,
        .content_type = STR("text/event-stream"),
        .body = STR(""),
        .request_id = str_from(call->request_id),
        .no_store = true,
        .headers = &unbuffered,
        .header_count = 1,
    };
    if (str_is_set(call->request.last_event_id)) {
        input->after = call->request.last_event_id; /* A browser comes back by the same URL. */
    }
    TRY(call->route->function(op, input, call->output));
    if (call->request.method == HTTP_HEAD) {
        call->reply.send(call->reply.context, &head);
        return OK;
    }
    TRY(auth_key(hub->config.auth, op, call->request.authorization, &key));
    TRY(check_room(hub, call, op, &key));
    if (hub->count == 0) {
        recent_restart(&hub->recent, newest(hub));
    }
    struct stream *stream = stream_new(hub, call, op, &key);
    struct http_stream_source source = {stream, read_stream, close_stream};
    list_append(hub, stream);
    hub->count++;
    count_listener(stream, 1);
    log_write(call->site->log, LOG_DEBUG, LOG_HTTP, head.request_id, "an event stream begins");
    stream->http = call->reply.stream(call->reply.context, &head, &source);
    return OK;
}
