#include "service/mock_port.h"

#include "base/memory.h"
#include "service/hooks.h"
#include "service/providers.h"

#include <stdlib.h>

struct later {
    struct later *next;
    struct instant at;
    struct work *work;
};

struct mock_port {
    const struct site *site;
    struct mock_network *network;
    struct later *later; /* Answers that are still to come, the earliest first. */
    struct arena *scratch;
};

struct mock_port *mock_port_new(const struct site *site, void *context,
                                void (*journal)(void *context, struct str line))
{
    struct mock_port *port = memory_new(sizeof *port);
    port->site = site;
    port->network = mock_network_new(context, journal);
    port->scratch = arena_new();
    return port;
}

void mock_port_free(struct mock_port **port)
{
    if (*port == NULL) {
        return;
    }
    while ((*port)->later != NULL) {
        struct later *later = (*port)->later;
        (*port)->later = later->next;
        later->work->done(later->work, OK, &later->work->problem);
        free(later);
    }
    mock_network_free(&(*port)->network);
    arena_free(&(*port)->scratch);
    free(*port);
    *port = NULL;
}

struct mock_network *mock_port_network(struct mock_port *port)
{
    return port->network;
}

enum err mock_port_script(void *context, const struct mock_answer_input *input,
                          struct problem *problem)
{
    struct mock_port *port = context;
    struct mock_script script = {
        .to = input->phone,
        .channel = (enum channel)input->channel,
        .action = input->action,
        .after_seconds = input->after_seconds,
    };
    return mock_network_script(port->network, &script, problem);
}

void mock_port_submit(struct mock_port *port, struct courier *courier, uint64_t ticket,
                      const struct wire_request *request)
{
    struct mock_reply reply;
    struct instant now = port->site->clock.now(port->site->clock.context);
    arena_reset(port->scratch);
    mock_network_request(port->network, now, &request->mock, port->scratch, &reply);
    struct later *later = memory_new(sizeof *later);
    later->at = reply.at;
    later->work = courier_answer(courier, ticket, &reply.answer);
    struct later **place = &port->later;
    while (*place != NULL && (*place)->at.us <= reply.at.us) {
        place = &(*place)->next;
    }
    later->next = *place;
    *place = later;
}

struct event_work {
    struct work work; /* First: the executor sees only this. */
    struct arena *arena;
    const struct site *site;
    struct mock_event event;
};

/* An event in the words of any provider, so that there is one way in. */
static struct provider_news news_of(const struct mock_event *event)
{
    struct provider_news news = {
        .kind = NEWS_STATE,
        .attempt = event->attempt,
        .provider_id = event->provider_id,
        .channel = event->channel,
        .state = event->state,
        .level = event->level,
        .is_end = event->is_end,
        .is_machine = event->is_machine,
        .sequence = -1,
        .cost_micros = -1,
        .duration_seconds = -1,
    };
    if (event->kind == MOCK_EVENT_KEY) {
        news.kind = NEWS_KEY;
        news.key = event->key;
    } else if (event->kind == MOCK_EVENT_REPLY) {
        news.kind = NEWS_TEXT;
        news.attempt = STR_NONE;
        news.from = event->from;
        news.text = event->text;
    }
    return news;
}

/* In a rehearsal the network speaks for whoever was given the message. */
static enum err find_speaker(struct op *op, const struct mock_event *event,
                             const struct provider **out)
{
    struct message message = {0};
    struct id attempt = ID_NONE;
    *out = &provider_mock;
    if (op->site->stand_in_count == 0 || !str_is_set(event->attempt) ||
        id_parse(op->site->id_key, event->attempt, &attempt) != OK) {
        return OK;
    }
    enum err err = db_get(op->db, TABLE_messages, attempt, op->arena, &message);
    if (err == OK) {
        *out = site_provider(op->site, message.provider);
    }
    return err == E_NOT_FOUND ? OK : err;
}

/* What would be spoken or written back ends here: there is no handset that could show it. */
static enum err run_event(struct work *work, struct op *op)
{
    struct event_work *event_work = (struct event_work *)work;
    struct provider_news news = news_of(&event_work->event);
    const struct provider *speaker = NULL;
    struct hook_reply ignored;
    TRY(find_speaker(op, &event_work->event, &speaker));
    return take_news(op, speaker, &news, message_source_CALLBACK, &ignored);
}

static void end_event(struct work *work, enum err err, const struct problem *problem)
{
    struct event_work *event_work = (struct event_work *)work;
    if (err != OK) {
        log_write(event_work->site->log, LOG_ERROR, LOG_CALL_MOCK, STR_NONE,
                  "an event could not be taken: %s %s", err_code(err), problem->message);
    }
    struct arena *arena = event_work->arena;
    arena_free(&arena);
}

static struct work *event_work_new(const struct site *site, const struct mock_event *event)
{
    struct arena *arena = arena_new();
    struct event_work *work = ARENA_NEW(arena, struct event_work);
    *work = (struct event_work){
        .work = {.actor = {.name = STR("provider"), .scope = key_scope_ADMIN},
                 .is_sticky = true,
                 .run = run_event,
                 .done = end_event},
        .arena = arena,
        .site = site,
        .event = *event,
    };
    work->event.attempt = arena_str(arena, event->attempt);
    work->event.provider_id = arena_str(arena, event->provider_id);
    work->event.from = arena_str(arena, event->from);
    work->event.text = arena_str(arena, event->text);
    return &work->work;
}

struct work *mock_port_due(struct mock_port *port, struct instant now)
{
    struct work *first = NULL;
    struct work **last = &first;
    while (port->later != NULL && port->later->at.us <= now.us) {
        struct later *later = port->later;
        port->later = later->next;
        *last = later->work;
        last = &later->work->next;
        free(later);
    }
    struct mock_event event;
    while (mock_network_take(port->network, now, &event)) {
        *last = event_work_new(port->site, &event);
        last = &(*last)->next;
    }
    return first;
}

bool mock_port_next(const struct mock_port *port, struct instant *at)
{
    struct instant event_at = INSTANT_NONE;
    bool has_event = mock_network_next(port->network, &event_at);
    bool has_answer = port->later != NULL;
    if (!has_event && !has_answer) {
        return false;
    }
    *at = !has_event    ? port->later->at
          : !has_answer ? event_at
                        : instant_min(event_at, port->later->at);
    return true;
}
