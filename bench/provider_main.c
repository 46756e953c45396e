/* tocsin-bench-provider FILE: a provider of messages that takes everything at once, in the words of
 * Twilio's API, for script/bench. Prints its port. Writes a line into FILE for each message: our
 * attempt id, and when its request had arrived, in microseconds since 1970. */
#include "answering.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ID_CHARACTERS = 36 };

struct provider {
    FILE *record;
    uint64_t count;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The attempt stands in the callback URL, which is percent-encoded in the body. */
static void record(struct provider *provider, struct str request, int64_t at)
{
    struct str mark = STR("attempt%3D");
    size_t found = str_find(request, mark);
    size_t end = found + mark.len + ID_CHARACTERS;
    if (end <= request.len) {
        struct str id = str_slice(request, found + mark.len, end);
        fprintf(provider->record, "%.*s %" PRId64 "\n", STR_FMT(id), at);
    }
}

static size_t take(void *context, struct str request, char out[static ANSWER_BYTES_MAX])
{
    struct provider *provider = context;
    char body[256];
    record(provider, request, now_us());
    int len =
        snprintf(body, sizeof body,
                 "{\"sid\":\"SM%032" PRIx64 "\",\"status\":\"queued\",\"num_segments\":\"1\"}",
                 ++provider->count);
    int whole = snprintf(out, ANSWER_BYTES_MAX,
                         "HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\n"
                         "Content-Length: %d\r\n\r\n%s",
                         len, body);
    return (size_t)whole;
}

static void flush(void *context)
{
    struct provider *provider = context;
    fflush(provider->record);
}

int main(int count, char **arguments)
{
    struct provider provider = {.record = count == 2 ? fopen(arguments[1], "w") : NULL};
    if (provider.record == NULL) {
        fputs("usage: tocsin-bench-provider FILE\n", stderr);
        return EXIT_FAILURE;
    }
    struct answering answering = {.context = &provider, .answer = take, .idle = flush};
    return answer_all(&answering) ? EXIT_SUCCESS : EXIT_FAILURE;
}
