#include "bus/redis_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer of ours has a few kilobytes: what somebody else has put there must not fill memory. */
enum { ANSWER_BYTES_MAX = 4 * 1024 * 1024, CODE_BYTES_MAX = 24, NUMBER_MAX = 24 };

struct redis {
    redisContext *context;
    struct duration patience;
    int64_t (*monotonic_ms)(void);
};

static enum err lose(struct problem *problem, const char *code)
{
    return problem_set(problem, E_NETWORK, NULL, "%s", code);
}

/* The first word, where it is one of capital letters. */
static enum err refuse(struct problem *problem, struct str words)
{
    struct str code = str_slice(words, 0, str_find_byte(words, ' ', 0));
    bool is_code = code.len > 0 && code.len <= CODE_BYTES_MAX;
    for (size_t i = 0; i < code.len && is_code; i++) {
        is_code = code.ptr[i] >= 'A' && code.ptr[i] <= 'Z';
    }
    return problem_set(problem, E_UPSTREAM, NULL, "%.*s", STR_FMT(is_code ? code : STR("REFUSED")));
}

static struct timeval timeval_of(struct duration duration)
{
    return (struct timeval){.tv_sec = duration.us / 1000000, .tv_usec = duration.us % 1000000};
}

enum err redis_say(struct redis *redis, const struct str *words, size_t count)
{
    const char *texts[REDIS_WORDS_MAX];
    size_t lens[REDIS_WORDS_MAX];
    assert(count > 0 && count <= REDIS_WORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        texts[i] = words[i].ptr == NULL ? "" : words[i].ptr;
        lens[i] = words[i].len;
    }
    return redisAppendCommandArgv(redis->context, (int)count, texts, lens) == REDIS_OK ? OK
                                                                                       : E_NETWORK;
}

/* One more piece of what Redis sends; what is too large or comes too slowly ends it. */
static enum err read_more(struct redis *redis, int64_t until_ms, struct problem *problem)
{
    if (redis->context->reader->len > ANSWER_BYTES_MAX) {
        return lose(problem, "TOO_LARGE");
    }
    if (redis->monotonic_ms() >= until_ms) {
        return lose(problem, "TIMEOUT");
    }
    if (redisBufferRead(redis->context) != REDIS_OK) {
        bool is_slow = redis->context->err == REDIS_ERR_IO && errno == EAGAIN;
        return lose(problem, is_slow ? "TIMEOUT" : "LOST");
    }
    return OK;
}

static enum err receive(struct redis *redis, redisReply **out, struct problem *problem)
{
    int64_t until_ms = redis->monotonic_ms() + duration_ms(redis->patience);
    void *reply = NULL;
    int is_sent = 0;
    while (is_sent == 0) {
        if (redisBufferWrite(redis->context, &is_sent) != REDIS_OK) {
            return lose(problem, "LOST");
        }
    }
    while (true) {
        if (redisGetReplyFromReader(redis->context, &reply) != REDIS_OK) {
            return lose(problem, "PROTOCOL");
        }
        if (reply != NULL) {
            *out = reply;
            return OK;
        }
        TRY(read_more(redis, until_ms, problem));
    }
}

enum err redis_answer(struct redis *redis, redisReply **out, struct problem *problem)
{
    *out = NULL;
    TRY(receive(redis, out, problem));
    assert(*out != NULL);
    if ((*out)->type != REDIS_REPLY_ERROR) {
        return OK;
    }
    enum err err = refuse(problem, (struct str){(*out)->str, (*out)->len});
    freeReplyObject(*out);
    *out = NULL;
    return err;
}

enum err redis_answers(struct redis *redis, size_t count, struct problem *problem)
{
    enum err first = OK;
    for (size_t i = 0; i < count; i++) {
        redisReply *reply = NULL;
        struct problem later = {0};
        enum err err = redis_answer(redis, &reply, first == OK ? problem : &later);
        freeReplyObject(reply);
        if (err == E_NETWORK) {
            *problem = first == OK ? *problem : later;
            return err;
        }
        first = first == OK ? err : first;
    }
    return first;
}

static enum err sign_in(struct redis *redis, const struct redis_address *address,
                        struct problem *problem)
{
    char number[NUMBER_MAX];
    size_t said = 0;
    if (str_is_set(address->user)) {
        TRY(REDIS_SAY(redis, STR("AUTH"), address->user, address->password));
        said++;
    } else if (str_is_set(address->password)) {
        TRY(REDIS_SAY(redis, STR("AUTH"), address->password));
        said++;
    }
    if (address->database != 0) {
        snprintf(number, sizeof number, "%d", address->database);
        TRY(REDIS_SAY(redis, STR("SELECT"), str_from(number)));
        said++;
    }
    TRY(REDIS_SAY(redis, STR("PING")));
    return redis_answers(redis, said + 1, problem);
}

static redisContext *connect_to(const struct redis_address *address, struct timeval patience)
{
    return str_is_set(address->path)
               ? redisConnectUnixWithTimeout(address->path.ptr, patience)
               : redisConnectWithTimeout(address->host.ptr, address->port, patience);
}

enum err redis_open(const struct redis_config *config, struct redis **out, struct problem *problem)
{
    struct timeval patience = timeval_of(config->patience);
    struct redis *redis = memory_new(sizeof *redis);
    *redis = (struct redis){.patience = config->patience, .monotonic_ms = config->monotonic_ms};
    redis->context = connect_to(config->address, patience);
    enum err err = OK;
    if (redis->context == NULL || redis->context->err != 0 ||
        redisSetTimeout(redis->context, patience) != REDIS_OK) {
        err = lose(problem, "UNREACHABLE");
    }
    err = err == OK ? sign_in(redis, config->address, problem) : err;
    if (err != OK) {
        redis_close(&redis);
        return err;
    }
    *out = redis;
    return OK;
}

void redis_close(struct redis **redis)
{
    if (*redis == NULL) {
        return;
    }
    if ((*redis)->context != NULL) {
        redisFree((*redis)->context);
    }
    free(*redis);
    *redis = NULL;
}

enum err redis_mark(struct redis *redis, struct str name, int seconds, bool *was_known,
                    struct problem *problem)
{
    char number[NUMBER_MAX];
    redisReply *reply = NULL;
    snprintf(number, sizeof number, "%d", seconds);
    TRY(REDIS_SAY(redis, STR("SET"), name, STR("1"), STR("XX"), STR("EX"), str_from(number)));
    TRY(redis_answer(redis, &reply, problem));
    assert(reply != NULL);
    *was_known = reply->type != REDIS_REPLY_NIL;
    freeReplyObject(reply);
    if (*was_known) {
        return OK;
    }
    TRY(REDIS_SAY(redis, STR("SET"), name, STR("1"), STR("EX"), str_from(number)));
    return redis_answers(redis, 1, problem);
}

enum err redis_listen(struct redis *redis, struct str channel, struct problem *problem)
{
    TRY(REDIS_SAY(redis, STR("SUBSCRIBE"), channel));
    return redis_answers(redis, 1, problem);
}

int redis_fd(const struct redis *redis)
{
    return redis->context->fd;
}

/* ["message", channel, text] */
static void hear_one(const redisReply *reply, void *context,
                     void (*each)(void *context, struct str message))
{
    bool is_message = reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
                      reply->element[0]->type == REDIS_REPLY_STRING &&
                      reply->element[2]->type == REDIS_REPLY_STRING &&
                      strcmp(reply->element[0]->str, "message") == 0;
    if (is_message) {
        each(context, (struct str){reply->element[2]->str, reply->element[2]->len});
    }
}

enum err redis_hear(struct redis *redis, void *context,
                    void (*each)(void *context, struct str message))
{
    struct problem ignored = {0};
    int64_t until_ms = redis->monotonic_ms() + duration_ms(redis->patience);
    void *reply = NULL;
    TRY(read_more(redis, until_ms, &ignored));
    while (redisGetReplyFromReader(redis->context, &reply) == REDIS_OK) {
        if (reply == NULL) {
            return OK;
        }
        hear_one(reply, context, each);
        freeReplyObject(reply);
        reply = NULL;
    }
    return E_NETWORK;
}
