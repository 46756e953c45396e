#include "channel/mock_network.h"

#include "base/buf.h"
#include "base/memory.h"
#include "channel/mock_journal.h"
#include "channel/mock_scripts.h"
#include "channel/mock_sent.h"

#include <stdlib.h>

enum { TO_BYTES_MAX = 254, ATTEMPT_BYTES_MAX = 64 };

struct mock_network {
    void (*journal)(void *context, struct str line);
    void *context;
    struct mock_sent *sent;
    struct mock_scripts *scripts;
    int64_t last_serial;
    struct arena *scratch; /* Emptied at the start of each call. */
};

struct mock_network *mock_network_new(void *context,
                                      void (*journal)(void *context, struct str line))
{
    struct mock_network *network = memory_new(sizeof *network);
    network->journal = journal;
    network->context = context;
    network->sent = mock_sent_new();
    network->scripts = mock_scripts_new();
    network->scratch = arena_new();
    return network;
}

void mock_network_free(struct mock_network **network)
{
    if (*network == NULL) {
        return;
    }
    mock_sent_free(&(*network)->sent);
    mock_scripts_free(&(*network)->scripts);
    arena_free(&(*network)->scratch);
    free(*network);
    *network = NULL;
}

static void write_line(struct mock_network *network, const struct mock_line *line)
{
    if (network->journal == NULL) {
        return;
    }
    struct buf text = {.arena = network->scratch};
    mock_line_write(line, &text);
    network->journal(network->context, buf_str(&text));
}

enum err mock_network_script(struct mock_network *network, const struct mock_script *script,
                             struct problem *problem)
{
    arena_reset(network->scratch);
    struct mock_line line = {
        .kind = MOCK_LINE_SCRIPT, .channel = script->channel, .to = str_trim(script->to)};
    if (line.to.len == 0 || line.to.len > TO_BYTES_MAX) {
        return problem_set(problem, E_INVALID, "to", "An address of 1 to %d bytes is needed.",
                           TO_BYTES_MAX);
    }
    TRY(mock_behaviour_parse(script->channel, script->action, script->after_seconds,
                             &line.behaviour, problem));
    if (network->scripts->count >= MOCK_SCRIPTS_MAX) {
        return problem_set(problem, E_TOO_LARGE, "do", "There are %d scripts waiting already.",
                           MOCK_SCRIPTS_MAX);
    }
    line.serial = ++network->last_serial;
    struct mock_script_key key = {.to = line.to, .channel = script->channel, .serial = line.serial};
    mock_scripts_add(network->scripts, key, &line.behaviour);
    write_line(network, &line);
    return OK;
}

static enum channel channel_by_name(struct str name)
{
    for (int i = 1; i < channel_COUNT; i++) {
        if (str_equal_text(name, channel_names.names[i])) {
            return (enum channel)i;
        }
    }
    return channel_NONE;
}

static void answer_with(struct wire_answer *out, int status, struct str body)
{
    *out = (struct wire_answer){.outcome = WIRE_ANSWERED, .status = status, .body = body};
}

/* A send that was not accepted still uses up its script. */
static void refuse(struct mock_network *network, struct mock_line *line, struct arena *arena,
                   struct wire_answer *out)
{
    line->kind = MOCK_LINE_USED;
    write_line(network, line);
    if (line->behaviour.action == MOCK_UNREACHABLE) {
        *out = (struct wire_answer){.outcome = WIRE_NOT_SENT,
                                    .reason = STR("connection refused (scripted)")};
        return;
    }
    answer_with(out, 400, arena_str(arena, line->behaviour.detail));
}

static void accept_send(struct mock_network *network, struct mock_line *line, struct arena *arena,
                        struct wire_answer *out)
{
    line->repeat = mock_sent_count(network->sent, line->attempt) + 1;
    write_line(network, line);
    answer_with(out, 201, arena_str(arena, mock_sent_add(network->sent, line)));
}

static void take_send(struct mock_network *network, struct instant now,
                      const struct wire_mock *request, struct arena *arena, struct wire_answer *out)
{
    struct mock_line line = {.kind = MOCK_LINE_SEND, .at = now, .to = str_trim(request->to)};
    line.attempt = request->attempt;
    line.channel = channel_by_name(request->channel);
    bool is_sound = mock_channel_is_carried(line.channel) && line.to.len > 0 &&
                    line.to.len <= TO_BYTES_MAX && line.attempt.len > 0 &&
                    line.attempt.len <= ATTEMPT_BYTES_MAX;
    if (!is_sound) {
        answer_with(out, 400, STR("invalid_number"));
        return;
    }
    struct mock_script_key key = {.to = line.to, .channel = line.channel};
    line.serial = mock_scripts_take(network->scripts, key, network->scratch, &line.behaviour);
    if (line.behaviour.action == MOCK_REFUSE || line.behaviour.action == MOCK_UNREACHABLE) {
        refuse(network, &line, arena, out);
        return;
    }
    accept_send(network, &line, arena, out);
    if (line.behaviour.action == MOCK_TIMEOUT) {
        *out = (struct wire_answer){.outcome = WIRE_UNKNOWN,
                                    .timed_out = true,
                                    .reason = STR("no answer in time (scripted)")};
    }
}

static void cancel_call(struct mock_network *network, struct instant now, struct str provider_id,
                        struct wire_answer *out)
{
    struct mock_line line = {.kind = MOCK_LINE_CANCEL, .at = now};
    if (!mock_sent_lookup(network->sent, provider_id, &line)) {
        answer_with(out, 404, STR("unknown"));
        return;
    }
    if (!mock_sent_cancel(network->sent, &line, now)) {
        answer_with(out, 409, STR("not ringing"));
        return;
    }
    write_line(network, &line);
    answer_with(out, 200, STR("cancelled"));
}

void mock_network_request(struct mock_network *network, struct instant now,
                          const struct wire_mock *request, struct arena *arena,
                          struct mock_reply *out)
{
    arena_reset(network->scratch);
    mock_sent_drop_old(network->sent, now, false);
    *out = (struct mock_reply){.at = now};
    struct str id = STR_NONE;
    switch (request->verb) {
    case MOCK_SEND:
        take_send(network, now, request, arena, &out->answer);
        break;
    case MOCK_FIND:
        id = mock_sent_find(network->sent, request->attempt);
        if (str_is_set(id)) {
            answer_with(&out->answer, 200, arena_str(arena, id));
        } else {
            answer_with(&out->answer, 404, STR("unknown"));
        }
        break;
    case MOCK_CANCEL:
        cancel_call(network, now, request->provider_id, &out->answer);
        break;
    }
    if (out->answer.outcome == WIRE_UNKNOWN) {
        out->at = instant_add(now, SECONDS(MOCK_TIMEOUT_SECONDS));
    }
}

bool mock_network_next(const struct mock_network *network, struct instant *at)
{
    return mock_sent_next(network->sent, at);
}

bool mock_network_take(struct mock_network *network, struct instant now, struct mock_event *out)
{
    mock_sent_drop_old(network->sent, now, false);
    return mock_sent_take(network->sent, now, out);
}

/* Scripts that are over the bound are forgotten: the journal is a record, and refusing it would
 * lose what follows. */
static void load_script(struct mock_network *network, const struct mock_line *line)
{
    struct mock_script_key key = {.to = line->to, .channel = line->channel, .serial = line->serial};
    if (line->serial > network->last_serial) {
        network->last_serial = line->serial;
    }
    if (line->kind == MOCK_LINE_SCRIPT) {
        if (network->scripts->count < MOCK_SCRIPTS_MAX) {
            mock_scripts_add(network->scripts, key, &line->behaviour);
        }
        return;
    }
    struct mock_behaviour behaviour;
    if (line->serial > 0) {
        (void)mock_scripts_take(network->scripts, key, network->scratch, &behaviour);
    }
}

enum err mock_network_load(struct mock_network *network, struct str text)
{
    arena_reset(network->scratch);
    struct mock_line line = {0};
    TRY(mock_line_read(text, network->scratch, &line));
    switch (line.kind) {
    case MOCK_LINE_SEND:
        /* That this line was written shows that what ended a day before it had been reported. */
        mock_sent_drop_old(network->sent, line.at, true);
        if (!mock_sent_has(network->sent, &line)) {
            load_script(network, &line);
            (void)mock_sent_add(network->sent, &line);
        }
        break;
    case MOCK_LINE_SCRIPT:
    case MOCK_LINE_USED:
        load_script(network, &line);
        break;
    case MOCK_LINE_CANCEL:
        (void)mock_sent_cancel(network->sent, &line, line.at);
        break;
    case MOCK_LINE_KIND_COUNT:
        break;
    }
    return OK;
}
