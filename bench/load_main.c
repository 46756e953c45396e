/* bench/load: asks an HTTP server as fast as it answers, and prints one line of JSON.
 *
 *   tocsin-bench-load --port N --path PATTERN [--body PATTERN [--item PATTERN --items K]] [option…]
 *
 * --address A (127.0.0.1)  --key TEXT  --connections N (64)  --count N  --seconds N
 * --ids FILE           one id a line, for {id} (bench/pattern.h has the words of a pattern)
 * --first TIME --step-us N --cycle N   for {start} and {end}
 * --per-second N       at most so many requests a second
 * --save MEMBER --into FILE   writes that text member of each answer, in the order of the requests
 * --save-time FILE     writes when each was answered, in seconds since 1970, in that order
 * Exit code: 0 where every answer was 2xx. */
#include "bench/client.h"
#include "bench/pattern.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IDS_MAX = 1 << 20, SAVED_BYTES = 64 };

struct load {
    struct client_config client;
    struct pattern pattern;
    struct str key;
    struct buf ids_text;
    const char *ids_path;
    const char *save;
    const char *save_path;
    char (*saved)[SAVED_BYTES]; /* By the number of the request. */
    const char *times_path;
    int64_t *times; /* Microseconds since 1970, by the number of the request. */
};

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("bench: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static void write_request(void *context, int64_t number, struct buf *out)
{
    struct load *load = context;
    pattern_request(&load->pattern, load->key, number, out);
}

/* Keeps the text after "MEMBER":" up to its closing quote; nothing there stays empty. */
static void save_member(struct load *load, int64_t number, struct str body)
{
    char wanted[SAVED_BYTES];
    if (load->save == NULL || number >= load->client.count) {
        return;
    }
    int len = snprintf(wanted, sizeof wanted, "\"%s\":\"", load->save);
    size_t at = str_find(body, (struct str){wanted, (size_t)len});
    if (at == body.len) {
        return;
    }
    size_t from = at + (size_t)len;
    struct str text = str_slice(body, from, str_find_byte(body, '"', from));
    snprintf(load->saved[number], SAVED_BYTES, "%.*s", STR_FMT(text));
}

static void note_time(struct load *load, int64_t number)
{
    struct timespec now;
    if (load->times != NULL && number < load->client.count) {
        clock_gettime(CLOCK_REALTIME, &now);
        load->times[number] = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    }
}

static void take_answer(void *context, int64_t number, struct str body)
{
    note_time(context, number);
    save_member(context, number, body);
}

static bool take_number(struct load *load, const char *name, int64_t number)
{
    struct {
        const char *name;
        int64_t *member;
    } numbers[] = {{"--count", &load->client.count},
                   {"--items", &load->pattern.items_each},
                   {"--per-second", &load->client.per_second},
                   {"--step-us", &load->pattern.step.us},
                   {"--cycle", &load->pattern.cycle}};
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].member = number;
            return true;
        }
    }
    if (strcmp(name, "--port") == 0) {
        load->client.port = (uint16_t)number;
    } else if (strcmp(name, "--connections") == 0) {
        load->client.connections = (int)number;
    } else if (strcmp(name, "--seconds") == 0) {
        load->client.seconds = SECONDS(number);
    } else {
        return false;
    }
    return true;
}

static bool take_text(struct load *load, const char *name, const char *value)
{
    struct {
        const char *name;
        const char **member;
    } texts[] = {{"--address", &load->client.address},
                 {"--ids", &load->ids_path},
                 {"--save", &load->save},
                 {"--into", &load->save_path},
                 {"--save-time", &load->times_path}};
    struct {
        const char *name;
        struct str *member;
    } patterns[] = {{"--path", &load->pattern.path},
                    {"--body", &load->pattern.body},
                    {"--item", &load->pattern.item},
                    {"--key", &load->key}};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].member = value;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++) {
        if (strcmp(name, patterns[i].name) == 0) {
            *patterns[i].member = str_from(value);
            return true;
        }
    }
    return strcmp(name, "--first") == 0 &&
           instant_parse(str_from(value), &load->pattern.first) == OK;
}

static bool parse_arguments(int count, char **arguments, struct load *load)
{
    for (int i = 1; i + 1 < count; i += 2) {
        int64_t number = 0;
        bool is_number = str_to_int(str_from(arguments[i + 1]), &number) == OK;
        if (!(is_number && take_number(load, arguments[i], number)) &&
            !take_text(load, arguments[i], arguments[i + 1])) {
            fprintf(stderr, "bench: what is %s %s?\n", arguments[i], arguments[i + 1]);
            return false;
        }
    }
    bool is_bounded = load->client.count > 0 || load->client.seconds.us > 0;
    bool can_save = (load->save == NULL || load->save_path != NULL) &&
                    ((load->save == NULL && load->times_path == NULL) || load->client.count > 0);
    if (count % 2 == 0 || load->client.port == 0 || !str_is_set(load->pattern.path) ||
        !is_bounded || !can_save) {
        fputs("bench: give --port, --path and --count or --seconds (--save: --into; both saves: "
              "--count)\n",
              stderr);
        return false;
    }
    return true;
}

static bool read_ids(struct load *load)
{
    FILE *file = load->ids_path == NULL ? NULL : fopen(load->ids_path, "r");
    if (file == NULL) {
        return load->ids_path == NULL;
    }
    size_t count = 0;
    do {
        buf_reserve(&load->ids_text, 65536);
        count = fread(load->ids_text.ptr + load->ids_text.len, 1, 65536, file);
        load->ids_text.len += count;
    } while (count > 0);
    fclose(file);
    struct str rest = {load->ids_text.ptr, load->ids_text.len};
    struct str line = STR_NONE;
    load->pattern.ids = must(calloc(IDS_MAX, sizeof *load->pattern.ids));
    while (load->pattern.id_count < IDS_MAX && str_split(&rest, '\n', &line)) {
        if (line.len > 0) {
            load->pattern.ids[load->pattern.id_count++] = line;
        }
    }
    return load->pattern.id_count > 0;
}

static bool write_times(const struct load *load)
{
    FILE *file = fopen(load->times_path, "w");
    if (file == NULL) {
        return false;
    }
    for (int64_t i = 0; i < load->client.count; i++) {
        fprintf(file, "%" PRId64 ".%06" PRId64 "\n", load->times[i] / 1000000,
                load->times[i] % 1000000);
    }
    return fclose(file) == 0;
}

static bool write_saved(const struct load *load)
{
    FILE *file = fopen(load->save_path, "w");
    if (file == NULL) {
        return false;
    }
    for (int64_t i = 0; i < load->client.count; i++) {
        fprintf(file, "%s\n", load->saved[i]);
    }
    return fclose(file) == 0;
}

static void print_result(const struct client_result *result)
{
    printf("{\"answers\":%lld,\"refused\":%lld,\"seconds\":%.3f,\"perSecond\":%.1f,"
           "\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"maxMs\":%.3f}\n",
           (long long)result->answers, (long long)result->refused, result->seconds,
           result->seconds > 0 ? (double)result->answers / result->seconds : 0.0, result->p50_ms,
           result->p99_ms, result->max_ms);
}

int main(int count, char **arguments)
{
    struct load load = {
        .client = {.address = "127.0.0.1", .connections = 64, .write = write_request},
        .pattern = {.items_each = 1},
        .key = STR("none"),
    };
    struct client_result result = {0};
    load.client.context = &load;
    load.client.answered = take_answer;
    if (!parse_arguments(count, arguments, &load) || !read_ids(&load)) {
        return EXIT_FAILURE;
    }
    if (load.save != NULL) {
        load.saved = must(calloc((size_t)load.client.count, sizeof *load.saved));
    }
    if (load.times_path != NULL) {
        load.times = must(calloc((size_t)load.client.count, sizeof *load.times));
    }
    bool is_fine = client_run(&load.client, &result) && result.refused == 0;
    print_result(&result);
    if (load.save != NULL) {
        is_fine = write_saved(&load) && is_fine;
    }
    if (load.times != NULL) {
        is_fine = write_times(&load) && is_fine;
    }
    free(load.saved);
    free(load.times);
    free(load.pattern.ids);
    buf_free(&load.ids_text);
    return is_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
